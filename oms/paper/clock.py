"""The venue's clock: Trio's, started at a chosen UTC, run at a chosen speed.

With Trio's mock clock the whole venue runs on told time.
"""

from typing import Final, Protocol

import trio


class Clock(Protocol):
    """What the server needs of time."""

    def utc_ms(self) -> int:
        """Now, milliseconds of UTC."""
        ...

    async def sleep_until(self, utc_ms: float) -> None:
        """Return at that time, at once if it has passed."""
        ...


# Milliseconds.  Seconds are doubles: without it, who slept until a millisecond may be told the one before,
# and where time is told and stands still meanwhile, that is so for ever.
_ROUNDING: Final = 0.001


class TrioClock:
    """Trio's clock as UTC; `speed` 60 makes a minute of every second."""

    def __init__(self, start_utc_ms: int, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed: {speed} is not above 0")
        self._start_ms = start_utc_ms
        self._speed = speed
        self._started = trio.current_time()

    def utc_ms(self) -> int:
        """Now."""
        passed_ms = (trio.current_time() - self._started) * 1000 * self._speed
        return self._start_ms + int(passed_ms + _ROUNDING)

    async def sleep_until(self, utc_ms: float) -> None:
        """Always a checkpoint."""
        await trio.sleep_until(self._started + (utc_ms - self._start_ms) / 1000 / self._speed)
