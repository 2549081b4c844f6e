"""The server's clock: UTC to server time and back.

server time = UTC + shift + one hour while daylight saving is on (docs/protocol.md 6.9: the terminal adds
timezone_shift and 3600 × daylightmode).  When it is on is a rule of the calendar, in UTC:

- "eu": from the last Sunday of March 01:00 UTC to the last Sunday of October 01:00 UTC;
- "us": New York's, from the second Sunday of March 02:00 EST (07:00 UTC) to the first Sunday of November
  02:00 EDT (06:00 UTC).  A server keeps the instants of New York whatever its own shift is: brokers choose
  the rule so that 17:00 in New York stays their midnight.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from .model import Moment

Rule = Literal["none", "eu", "us"]

HOUR_MS: Final = 3_600_000
NEVER: Final = Moment(-1, -1)
MAX_SHIFT_S: Final = 14 * 3600  # no place on earth is further from UTC

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Zone:
    """The zone of a server; reads no clock, all times are told to it."""

    def __init__(self, shift_s: int = 7200, rule: Rule = "eu") -> None:
        if not -MAX_SHIFT_S <= shift_s <= MAX_SHIFT_S:
            raise ValueError(f"shift_s: {shift_s} is more than 14 hours from UTC")
        if rule not in ("none", "eu", "us"):
            raise ValueError(f"rule: {rule!r} is none of none, eu, us")
        self.shift_s = shift_s  # what the account body sends as timezone_shift; a jump moves it
        self.rule = rule
        # The span in which the offset last found holds: moments come in order, and thousands to a span.
        self._from_ms = self._to_ms = self._offset_ms = 0
        self._last = NEVER

    def daylight(self, utc_ms: int) -> int:
        """Hours that daylight saving adds at this time, 0 or 1; the account body's daylightmode."""
        begin, end = self._summer(utc_ms)
        return int(begin <= utc_ms < end)

    def next_change_ms(self, utc_ms: int) -> int | None:
        """When daylight saving next begins or ends behind this time; None without it."""
        year = _year(utc_ms)
        edges = (*_summer_of(self.rule, year), *_summer_of(self.rule, year + 1))
        return min((edge for edge in edges if edge > utc_ms), default=None)

    def moment(self, utc_ms: int) -> Moment:
        """The same point in time in both clocks."""
        last = self._last
        if last[0] == utc_ms:  # a busy millisecond has many ticks
            return last
        if not self._from_ms <= utc_ms < self._to_ms:
            self._find_span(utc_ms)
        self._last = last = Moment(utc_ms, utc_ms + self._offset_ms)
        return last

    def utc_ms(self, server_ms: int) -> int:
        """The UTC of a server time.

        Of an hour that the server's clock shows twice the first one counts; a time that it skips is read as
        if the clock had not been put forward yet.
        """
        for hour in (1, 0):
            utc = server_ms - self.shift_s * 1000 - hour * HOUR_MS
            if self.daylight(utc) == hour:
                return utc
        return server_ms - self.shift_s * 1000

    def jump(self, hours: int) -> None:
        """Move the server's clock by whole hours from now on: a fault (docs/protocol.md has no such thing).

        The rule goes on; the jump is part of `shift_s`.  Back: jump by -hours.
        """
        self.shift_s += hours * 3600
        self._from_ms = self._to_ms = 0
        self._last = NEVER

    def _summer(self, utc_ms: int) -> tuple[int, int]:
        return _summer_of(self.rule, _year(utc_ms))

    def _find_span(self, utc_ms: int) -> None:
        day = utc_ms - utc_ms % (24 * HOUR_MS)
        edges = [edge for edge in self._summer(utc_ms) if day < edge < day + 24 * HOUR_MS]
        self._from_ms = max([day, *(edge for edge in edges if edge <= utc_ms)])
        self._to_ms = min([day + 24 * HOUR_MS, *(edge for edge in edges if edge > utc_ms)])
        self._offset_ms = self.shift_s * 1000 + self.daylight(utc_ms) * HOUR_MS


def _year(utc_ms: int) -> int:
    return (_EPOCH + timedelta(milliseconds=utc_ms)).year


@lru_cache(maxsize=64)
def _summer_of(rule: Rule, year: int) -> tuple[int, int]:
    """Begin and end of daylight saving in a year, UTC ms; (0, 0) without it."""
    match rule:
        case "eu":
            return _sunday_ms(year, 3, 31) + HOUR_MS, _sunday_ms(year, 10, 31) + HOUR_MS
        case "us":
            return _sunday_ms(year, 3, 14) + 7 * HOUR_MS, _sunday_ms(year, 11, 7) + 6 * HOUR_MS
    return 0, 0


def _sunday_ms(year: int, month: int, last: int) -> int:
    """Midnight UTC of the Sunday among the seven days that end with day `last` of a month."""
    end = datetime(year, month, last, tzinfo=UTC)
    sunday = end - timedelta(days=(end.weekday() + 1) % 7)
    return round((sunday - _EPOCH).total_seconds()) * 1000
