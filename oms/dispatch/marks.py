"""Equity over time, for the limits of what may be lost: its marks, and what a limit that is reached leads to.

Marked are the beginning of the server's day, the peak, and a sample now and then; only while a limit asks for
it, and only what is known whole.  A day that began before anybody looked began with the equity of the first
look, less what the day's deals had booked by then.  A limit that is reached lets the account only reduce; who
resumes it has accepted the loss: marks begin anew.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal

import trio

from oms.domain.decide.limiting import RULES_BY_LIMIT, passed
from oms.domain.decide.measures import loss_of
from oms.domain.events import EquityMark, RiskBreached
from oms.domain.limits import AccountLimits
from oms.domain.values import EXACT, ZERO, wall
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.ingest.standing import BREACH, READY, REDUCING, breach_over, breached
from oms.projections import Books
from oms.projections.restraint import DATE, LOSSES, limits_in_force
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
        account, books = self._account, self._account.recorder.books
        limits = limits_in_force(books).account
        if account.standing.link != READY or limits is None or not asked(limits):
            return
        await account.recorder.settled()
        offset = account.offset(books)
        at = server_time(self._clock() / NS + offset, offset)
        worth = account.worth(books)
        if worth.equity is None:
            return
        await self._mark(worth, worth.equity, at)
        await self._judge(limits, worth, worth.equity, at)

    async def _mark(self, worth: Worth, equity: Decimal, at: str) -> None:
        risk, now = self._account.recorder.books.risk, trio.current_time()
        marks: list[EquityMark] = []
        new_day = risk.day_start(at[:DATE]) is None
        if new_day:
            marks.append(_day_start(worth, equity, at, self._account.recorder.books))
        over = new_day and self._until == "next_day" and self._restricted.startswith(BREACH)
        higher = risk.peak is None or (equity > risk.peak and now - self._peaked >= PEAK_S)
        if over or higher:
            self._peaked = now
            marks.append(_mark(PEAK, worth, at))
        if now - self._sampled >= SAMPLE_S:
            self._sampled = now
            marks.append(_mark(SAMPLE, worth, at))
        if marks:
            await self._account.recorder.record(marks)
        if over:
            await self._account.standing.move(change=breach_over)

    async def _judge(self, limits: AccountLimits, worth: Worth, equity: Decimal, at: str) -> None:
        risk, account = self._account.recorder.books.risk, self._account
        if risk.breached is not None and not self._restricted:
            # Somebody has resumed it, and knows what was lost.
            await account.recorder.record([_mark(DAY_START, worth, at), _mark(PEAK, worth, at)])
            return
        for name in LOSSES:
            limit = getattr(limits, name)
            figure = loss_of(name, equity, risk.day_start(at[:DATE]), risk.peak)
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


def _mark(kind: str, worth: Worth, at: str) -> EquityMark:
    return EquityMark(
        kind, worth.balance, worth.credit, worth.floating, worth.equity, unvalued=worth.unvalued, at=at
    )


def _day_start(worth: Worth, equity: Decimal, at: str, books: Books) -> EquityMark:
    """Without what the fills of the day have booked since it began."""
    booked = ZERO
    for deal in books.deals:
        if deal.trades and wall(deal.time)[:DATE] == at[:DATE]:
            booked = EXACT.add(booked, deal.amount)
    balance, then = EXACT.subtract(worth.balance, booked), EXACT.subtract(equity, booked)
    return EquityMark(DAY_START, balance, worth.credit, worth.floating, then, at=at)
