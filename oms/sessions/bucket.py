"""How often something may be asked: tokens that come back with time (docs/design.md 6)."""

import trio


class Bucket:
    """So many a second, and so many at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens = float(burst)
        self._filled_at = trio.current_time()
        self._turn = trio.Lock()

    def try_take(self) -> bool:
        """Take a token if there is one and nobody waits for it."""
        if self._turn.locked():
            return False
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    async def take_within(self, seconds: float) -> bool:
        """Whether there was a token within so long, in the order of asking."""
        with trio.move_on_after(seconds):
            await self.take()
            return True
        return False

    async def take(self) -> None:
        """Return when there is a token, in the order of asking."""
        async with self._turn:
            self._fill()
            if self._tokens < 1:
                await trio.sleep((1 - self._tokens) / self._rate)
                self._fill()
            self._tokens -= 1

    def give_back(self) -> None:
        """A token that was not used."""
        self._tokens = min(self._burst, self._tokens + 1)

    def _fill(self) -> None:
        now = trio.current_time()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
