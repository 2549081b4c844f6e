"""Equity over time, for the limits of what may be lost: its marks, and what a limit that is reached leads to.

Marked are the beginning of the server's day, the peak, and a sample now and then; only while a limit asks for
it, and only what is known whole.  A day that began before anybody looked began with the equity of the first
look, less what the day's deals had booked by then.  A limit that is reached lets the account only reduce; who
resumes it has accepted the loss: marks begin anew.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import trio
from msgspec.structs import replace

from oms.domain import words
from oms.domain.decide.limiting import RULES_BY_LIMIT, passed
from oms.domain.decide.measures import loss_of
from oms.domain.events import ConversionRate, EquityMark, RiskBreached
from oms.domain.limits import AccountLimits
from oms.domain.values import EXACT, ZERO
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.ingest.standing import READY, REDUCING, breach_over, breached
from oms.projections import Books
from oms.projections.books import NEVER
from oms.projections.restraint import DATE, LOSSES, limits_in_force
from oms.projections.reversals import BREACH
from oms.projections.risk import DAY_START, PEAK
from oms.projections.worth import Worth

from .gathering import NS, server_time

LOOK_S: Final = 1.0
PEAK_S: Final = 10.0  # between two peaks: a rising market is not an event a second
SAMPLE_S: Final = 300.0
SAMPLE: Final = "sample"
Until = Literal["resume", "next_day"]


class Marks:
    """The marks of one account."""

    def __init__(
        self, account: Account, clock: Callable[[], int], told: Callable[[str, str], None], until: Until
    ) -> None:
        """`clock` gives nanoseconds of UTC; `told` hears, in words, of every limit that is reached."""
        self._account, self._clock, self._told, self._until = account, clock, told, until
        self._peaked = self._sampled = -SAMPLE_S  # by Trio's clock

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            try:
                await self.look()
            except FileError as why:  # nothing can be sent meanwhile either
                self._told("journal", str(why))
            await trio.sleep(LOOK_S)

    async def look(self) -> None:
        """Mark what there is to mark, and see whether a limit is reached; once."""
        account = self._account
        limits = limits_in_force(account.recorder.books).account
        if account.standing.link != READY or limits is None or not asked(limits):
            return
        await account.recorder.settled()
        books = account.recorder.books  # made anew, where a commit has failed
        offset = account.offset(books)
        at = server_time(self._clock() / NS + offset, offset)
        worth = account.worth(books)
        if worth.equity is None:
            return
        found = _Found(worth, worth.equity, at, offset)
        await self._mark(found)
        await self._judge(limits, found)

    async def _mark(self, found: "_Found") -> None:
        risk, now = self._account.recorder.books.risk, trio.current_time()
        marks: list[EquityMark] = []
        new_day = risk.day_start(found.at[:DATE]) is None
        if new_day:
            marks.append(_day_start(found, self._account.recorder.books))
        over = new_day and self._until == "next_day" and self._restricted.startswith(BREACH)
        higher = risk.peak is None or (found.equity > risk.peak and now - self._peaked >= PEAK_S)
        if over or higher:
            self._peaked = now
            marks.append(_mark(PEAK, found))
        if now - self._sampled >= SAMPLE_S:
            self._sampled = now
            marks.append(_mark(SAMPLE, found))
        if marks:
            await self._account.recorder.record(marks)
        if over:
            await self._account.standing.move(change=breach_over)

    async def _judge(self, limits: AccountLimits, found: "_Found") -> None:
        risk, account = self._account.recorder.books.risk, self._account
        if risk.breached is not None and not self._restricted:
            # Somebody has resumed it, and knows what was lost.
            await account.recorder.record([_mark(DAY_START, found), _mark(PEAK, found)])
            return
        for name in LOSSES:
            limit = getattr(limits, name)
            figure = loss_of(name, found.equity, risk.day_start(found.at[:DATE]), risk.peak)
            if limit is None or figure is None or not passed(RULES_BY_LIMIT[name], f"{figure:f}", limit):
                continue
            if risk.breached is None:
                # In this order: a daemon that is killed in between sees it reached again.
                await account.standing.move(change=breached(name))
                await account.recorder.record([RiskBreached(name, f"{figure:f}", f"{limit:f}", REDUCING)])
                self._told("limit reached", f"{name}: {figure:f} of {limit:f}")
            return

    @property
    def _restricted(self) -> str:
        return self._account.standing.restrictions.get(REDUCING, "")


def asked(limits: AccountLimits) -> bool:
    """Whether a limit asks for marks."""
    return any(getattr(limits, name) is not None for name in LOSSES)


class _Found(NamedTuple):
    """What an account was worth at a look."""

    worth: Worth
    equity: Decimal
    at: str  # server time
    offset: int


def _mark(kind: str, found: _Found) -> EquityMark:
    worth = found.worth
    return EquityMark(
        *(kind, worth.balance, worth.credit, worth.floating, found.equity),
        unvalued=worth.unvalued,
        rates=_rates(found),
        at=found.at,
    )


def _day_start(found: _Found, books: Books) -> EquityMark:
    """Without what the deals of the day have booked since it began; what was paid in or out moves marks."""
    booked = ZERO
    for deal in books.deals.between(found.at[:DATE], NEVER):
        if deal.type not in words.PAYMENTS:
            booked = EXACT.add(booked, deal.amount)
    mark = _mark(DAY_START, found)
    balance, equity = EXACT.subtract(mark.balance, booked), EXACT.subtract(found.equity, booked)
    return replace(mark, balance=balance, equity=equity)


def _rates(found: _Found) -> tuple[ConversionRate, ...]:
    return tuple(
        ConversionRate(
            *(leg.pair, leg.side, Decimal(repr(leg.price)), leg.inverse),
            server_time(leg.time / 1000, found.offset),
        )
        for leg in found.worth.legs
    )
