"""Risk: the limits in force, what restricts clients, equity's marks, what was sent of late.

Marks are moved by what is paid in or out, so that a deposit is no gain and a withdrawal no loss.
"""

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from oms.domain import words
from oms.domain.decide.facts import Sent
from oms.domain.decide.in_flight import CLOSING
from oms.domain.decide.resolve import MODIFY, PENDING
from oms.domain.decide.stakes import trades
from oms.domain.events import (
    AliveArmed,
    AliveCleared,
    AliveMissed,
    ClientState,
    CommandSending,
    EquityMark,
    Event,
    RiskBreached,
    RiskLimits,
)
from oms.domain.limits import MOST_REMEMBERED, WINDOW_S
from oms.domain.records import DealRecord
from oms.domain.times import utc_ns
from oms.domain.values import EXACT, ZERO

from .columns import Rows

DAY_START: Final = "day_start"
PEAK: Final = "peak"
DAILY_LOSS: Final = "max_daily_loss"
CONFIG: Final = "config"
CANCEL: Final = "cancel"  # what a silent client leads to
_MS: Final = 1000
_DAY: Final = 10  # letters of a time's date


class Mark(msgspec.Struct, frozen=True):
    """Equity at a moment, and what had been paid in by then."""

    at: str
    equity: Decimal
    paid: Decimal


class _Dump(msgspec.Struct, frozen=True):
    limits: RiskLimits | None
    configured: RiskLimits | None
    version: int
    clients: dict[str, ClientState]
    day_start: Mark | None
    peak: Mark | None
    paid: Decimal
    breached: RiskBreached | None
    armed: dict[str, Decimal]
    watched: dict[str, Decimal]
    missed: list[str]
    clearing: list[str]
    sent: list[Sent]


class Risk:
    """What risk rules know of an account beside its books."""

    def __init__(self) -> None:
        self.limits: RiskLimits | None = None  # in force
        self.configured: RiskLimits | None = None  # the latest of the configuration
        self.version = 0  # how many there were
        self.clients: dict[str, ClientState] = {}  # those that are not active
        self.armed: dict[str, Decimal] = {}  # who has to say that he is there ("": the operator) -> seconds
        self.watched: dict[str, Decimal] = {}  # likewise, by the latest of the configuration
        self.missed: dict[str, None] = {}  # who did not
        self.clearing: dict[str, None] = {}  # clients among them whose orders may not all be canceled yet
        self.breached: RiskBreached | None = None  # since the latest marks
        self.sent: deque[Sent] = deque(maxlen=MOST_REMEMBERED)  # of the last minute
        self._day_start: Mark | None = None
        self._peak: Mark | None = None
        self._paid = ZERO  # in, less out

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            RiskLimits: self._limit,
            ClientState: self._restrict,
            EquityMark: self._mark,
            RiskBreached: self._breach,
            AliveArmed: self._arm,
            AliveMissed: self._miss,
            AliveCleared: self._clear,
            CommandSending: self._send,
        }

    def day_start(self, day: str) -> Decimal | None:
        """Equity when the server's day (YYYY-MM-DD) began, with what was paid since; None: not known."""
        mark = self._day_start
        return self._moved(mark) if mark is not None and mark.at[:_DAY] == day else None

    @property
    def peak(self) -> Decimal | None:
        """The most that equity was, by what was marked, with what was paid since."""
        return self._moved(self._peak)

    def _moved(self, mark: Mark | None) -> Decimal | None:
        if mark is None:
            return None
        return EXACT.add(mark.equity, EXACT.subtract(self._paid, mark.paid))

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """What is paid in or out: balance, credit, bonus."""
        if before is not None and before.type in words.PAYMENTS:
            self._paid = EXACT.subtract(self._paid, before.amount)
        if after is not None and after.type in words.PAYMENTS:
            self._paid = EXACT.add(self._paid, after.amount)

    def state(self) -> Any:
        """All of it."""
        return {
            "limits": self.limits,
            "configured": self.configured,
            "version": self.version,
            "clients": dict(self.clients),
            "armed": dict(self.armed),
            "watched": dict(self.watched),
            "missed": list(self.missed),
            "clearing": list(self.clearing),
            "breached": self.breached,
            "day_start": self._day_start,
            "peak": self._peak,
            "paid": self._paid,
            "sent": self.sent[-1] if self.sent else None,
        }

    def essence(self) -> Any:
        """All of the state."""
        return self.state()

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of it, with all that was sent of late."""
        return msgspec.msgpack.encode(
            _Dump(
                *(self.limits, self.configured, self.version, self.clients, self._day_start, self._peak),
                *(self._paid, self.breached, self.armed, self.watched),
                *(list(self.missed), list(self.clearing), list(self.sent)),
            )
        )

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self.limits, self.configured, self.version = found.limits, found.configured, found.version
        self.clients, self.armed, self.watched = found.clients, found.armed, found.watched
        self.missed, self.clearing = dict.fromkeys(found.missed), dict.fromkeys(found.clearing)
        self.breached = found.breached
        self._day_start, self._peak, self._paid = found.day_start, found.peak, found.paid
        self.sent = deque(found.sent, MOST_REMEMBERED)

    # Folds.

    def _limit(self, event: RiskLimits) -> None:
        self.limits = event
        self.version += 1
        if event.by == CONFIG:
            self.configured = event

    def _restrict(self, event: ClientState) -> None:
        self.clients.pop(event.client, None)
        if event.permission != "active":
            self.clients[event.client] = event

    def _mark(self, event: EquityMark) -> None:
        if event.equity is None or event.kind not in (DAY_START, PEAK):
            return
        mark = Mark(event.at, event.equity, self._paid)
        if event.kind == DAY_START:
            self._day_start = mark
        else:
            self._peak = mark
        if self.breached is not None and (self.breached.rule == DAILY_LOSS) is (event.kind == DAY_START):
            self.breached = None

    def _breach(self, event: RiskBreached) -> None:
        self.breached = event

    def _arm(self, event: AliveArmed) -> None:
        """Who is there again keeps the orders that he still has."""
        self.missed.pop(event.client, None)
        self.clearing.pop(event.client, None)
        for spans in (self.armed, self.watched) if event.by == CONFIG else (self.armed,):
            spans.pop(event.client, None)
            if event.within is not None:
                spans[event.client] = event.within

    def _miss(self, event: AliveMissed) -> None:
        self.missed[event.client] = None
        if event.action == CANCEL:
            self.clearing[event.client] = None

    def _clear(self, event: AliveCleared) -> None:
        self.clearing.pop(event.client, None)

    def _send(self, event: CommandSending) -> None:
        """Orders and changes of orders count, what closes does not."""
        closes = event.flags & CLOSING
        if event.risk is None or closes or not (trades(event) or event.action == MODIFY):
            return
        try:
            at_ms = utc_ns(event.risk.at) // 1_000_000
        except ValueError:  # nobody of this build wrote that
            return
        changes = event.action == MODIFY
        self.sent.append(
            Sent(
                *(at_ms, event.client, event.symbol, "" if changes else event.type, event.volume),
                event.price if event.action == PENDING else None,
            )
        )
        while self.sent and self.sent[0].at_ms < at_ms - WINDOW_S * _MS:
            self.sent.popleft()
