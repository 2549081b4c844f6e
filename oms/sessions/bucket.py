"""How often something may be asked: tokens that come back with time (docs/design.md 6)."""

import trio


class Bucket:
    """So many a second, and so many at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens = float(burst)
        self._filled_at = trio.current_time()
        self._turn = trio.Lock()

    async def take(self) -> None:
        """Return when there is a token, in the order of asking."""
        async with self._turn:
            now = trio.current_time()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            if self._tokens < 1:
                await trio.sleep((1 - self._tokens) / self._rate)
                now = trio.current_time()
                self._tokens += (now - self._filled_at) * self._rate
                self._filled_at = now
            self._tokens -= 1
