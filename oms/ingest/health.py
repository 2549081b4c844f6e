"""How well a venue serves an account: looked at now and then during a session, each change an event.

Which symbols are to be quoted follows from the hours in their specifications, in server time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple, Never

import trio

from oms.domain.decide.hours import Week, is_open
from oms.domain.events import Event, FeedLive, FeedStale, LatencyDegraded, LatencyRestored
from oms.recorder import Recorder
from oms.sessions import translate
from oms.sessions.connection import Connection
from oms.sessions.latency import Latency
from oms.sessions.latency import Limits as LatencyLimits
from oms.sessions.staleness import Staleness
from oms.sessions.translate.reading import storable
from protocol.enums import TradeMode
from protocol.records.symbols import FullSymbol

from .quotes import QuoteBoard

LOOKS: Final = 10  # while a limit passes
LONGEST_S: Final = 5.0  # from one look to the next
DIGITS: Final = 3  # of seconds, as events tell them
NEVER: Final[Week] = ((),) * 7


class Limits(NamedTuple):
    """Seconds."""

    silence_s: float = 60.0  # of a feed
    latency: LatencyLimits = LatencyLimits()


class Hours(NamedTuple):
    """When a symbol is traded, in server time."""

    week: Week
    starts: int = 0  # seconds; 0: it has
    ends: int = 0  # seconds; 0: never

    def hold(self, seconds: float, wall: str) -> bool:
        """Whether this moment is in them, given as seconds and as a wall clock."""
        begun, over = seconds >= self.starts, bool(self.ends) and seconds >= self.ends
        return begun and not over and is_open(self.week, wall)


class Health:
    """That of one account."""

    def __init__(self, recorder: Recorder, board: QuoteBoard, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.feed, self.latency = Staleness(limits.silence_s), Latency(limits.latency)
        self._recorder, self._board = recorder, board
        self._hours: dict[str, Hours] = {}
        self._every_s = min(LONGEST_S, min(limits.silence_s, limits.latency.lasting_s) / LOOKS)

    def begin(self) -> None:
        """A new session, which watches nothing yet."""
        self._hours = {}
        self.feed.begin()

    def expect(self, specs: list[FullSymbol]) -> None:
        """These symbols are watched, with these hours; one that nobody may trade has none."""
        for spec in specs:
            trades = spec.trade.trade_mode != TradeMode.DISABLED
            week = translate.week(spec.schedule.trade_sessions) if trades else NEVER
            self._hours[storable(spec.trade_symbol)] = Hours(week, spec.time_start, spec.time_expiration)

    async def watch(self, connection: Connection, server_s: Callable[[], float]) -> Never:
        """Look again and again; `server_s` tells server time.  Raises FileError."""
        while True:
            await trio.sleep(self._every_s)
            events = self.look(trio.current_time(), server_s(), connection.round_trip_s)
            if events:
                await self._recorder.record(events)

    def look(self, now: float, server_s: float, round_trip_s: float | None) -> list[Event]:
        """What has changed; `now` of a steady clock."""
        found: list[Event] = []
        names = self._open(server_s)
        told = self.feed.look(now, len(names), self._board.heard(names))
        if told is not None:
            kind = FeedStale if told == "stale" else FeedLive
            found.append(kind(len(names), round(self.feed.silence_s, DIGITS)))
        if self.latency.look(now, round_trip_s) and round_trip_s is not None:
            slow = LatencyDegraded if self.latency.degraded else LatencyRestored
            found.append(slow(round(round_trip_s, DIGITS), self.latency.limits.round_trip_s))
        return found

    def _open(self, server_s: float) -> list[str]:
        """Symbols whose trading session is open; many have the same hours."""
        wall = datetime.fromtimestamp(server_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        hold = {hours: hours.hold(server_s, wall) for hours in set(self._hours.values())}
        return [name for name, hours in self._hours.items() if hold[hours]]
