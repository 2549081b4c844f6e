"""How far the server's clock is from what its offset says, learned from live ticks (docs/design.md 8).

A broker's offset may be wrong, or change overnight.  The median of many ticks tells, on a grid of a quarter
of an hour, because clocks of brokers differ by zones and not by seconds.
"""

from collections import deque
from statistics import median
from typing import Final

STEP_S: Final = 15 * 60
MOST_S: Final = 2 * 3600
SAMPLES: Final = 101
LEAST: Final = 21  # samples, before anything is said


class Skew:
    """The learned difference, in seconds on top of the offset."""

    def __init__(self) -> None:
        self.seconds = 0
        self._samples: deque[int] = deque(maxlen=SAMPLES)  # ms from UTC to the tick's server time

    def hear(self, tick_ms: int, utc_ms: int) -> None:
        """A live tick: its server time, when it came."""
        self._samples.append(tick_ms - utc_ms)

    def clock_stepped(self, ms: int) -> None:
        """UTC, by which the ticks were heard, was set by so much."""
        self._samples = deque((sample - ms for sample in self._samples), maxlen=SAMPLES)

    def forget(self) -> None:
        """The offset is another: begin anew."""
        self._samples.clear()
        self.seconds = 0

    def learn(self, offset_s: int) -> bool:
        """Judge by what was heard; whether the difference is another now."""
        if len(self._samples) < LEAST:
            return False
        steps = round((median(self._samples) / 1000 - offset_s) / STEP_S)
        found = max(-MOST_S, min(MOST_S, steps * STEP_S))
        changed, self.seconds = found != self.seconds, found
        return changed
