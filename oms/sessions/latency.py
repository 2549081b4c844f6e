"""Whether a venue answers as quickly as it should, by the round trip of our ping, told the time.

Too slow for some time: degraded.  Good again when it was well below the limit for as long: what swings around
the limit is told once and not each time.
"""

from typing import Final, NamedTuple

GOOD: Final = 0.7  # of the limit, and less


class Limits(NamedTuple):
    """Seconds."""

    round_trip_s: float = 1.0  # more is too slow
    lasting_s: float = 30.0  # before it is said; and before it is taken back


class Latency:
    """That of one account, over all its sessions."""

    def __init__(self, limits: Limits) -> None:
        self.degraded = False
        self.limits = limits
        self._since: float | None = None  # how long it has been otherwise than is said

    def look(self, now: float, round_trip_s: float | None) -> bool:
        """Whether `degraded` is another now; `now` of a steady clock, None where there was no ping."""
        if round_trip_s is None or not self._otherwise(round_trip_s):
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < self.limits.lasting_s:
            return False
        self.degraded, self._since = not self.degraded, None
        return True

    def _otherwise(self, round_trip_s: float) -> bool:
        if self.degraded:
            return round_trip_s <= GOOD * self.limits.round_trip_s
        return round_trip_s > self.limits.round_trip_s
