"""What each day of the server booked, by type of deal and symbol: the ledger as statements have it.

A deal belongs to the day of its own time, whenever it was heard of; an amended one is booked anew, a removed
one is gone from its day.  Days are those of the server's wall clock, so the night in which summer time begins
has an hour less, and nothing else is special about it.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from oms.domain import words
from oms.domain.events import Event, LedgerCorrected
from oms.domain.records import DATE, DealRecord
from oms.domain.values import EXACT, ZERO, exact_sum, tidy, wall

from .columns import Rows
from .tally import Tally

Money = tuple[Decimal, Decimal]  # balance, credit
Kind = tuple[str, str]  # type of deal, symbol
_AMOUNTS = ("profit", "commission", "swap", "fee")


class Booked(msgspec.Struct, gc=False):
    """Sums of some deals, each as the venue booked it."""

    deals: int = 0
    volume: Decimal = ZERO  # lots, of fills
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO
    gained: Decimal = ZERO  # by deals that left more than before: deposits, trades that won
    lost: Decimal = ZERO  # by the others

    @property
    def net(self) -> Decimal:
        """All of it."""
        return EXACT.add(self.gained, self.lost)

    def book(self, deal: DealRecord, count: int) -> None:
        """One deal more (1), or one less (-1)."""
        put = EXACT.add if count > 0 else EXACT.subtract
        self.deals += count
        if deal.volume is not None and deal.trades:
            self.volume = put(self.volume, deal.volume)
        if deal.profit:
            self.profit = put(self.profit, deal.profit)
        if deal.commission:
            self.commission = put(self.commission, deal.commission)
        if deal.swap:
            self.swap = put(self.swap, deal.swap)
        if deal.fee:
            self.fee = put(self.fee, deal.fee)
        net = exact_sum((deal.profit, deal.commission, deal.swap, deal.fee))
        if net > 0:
            self.gained = put(self.gained, net)
        elif net < 0:
            self.lost = put(self.lost, net)

    def add(self, other: "Booked") -> None:
        """These and those."""
        self.deals += other.deals
        for name in ("volume", *_AMOUNTS, "gained", "lost"):
            if amount := getattr(other, name):
                setattr(self, name, EXACT.add(getattr(self, name), amount))


class Day(msgspec.Struct):
    """One day's bookings."""

    booked: dict[Kind, Booked] = {}
    corrected: Money = (ZERO, ZERO)

    @property
    def moved(self) -> Money:
        """What it added to balance and credit."""
        balance, credit = self.corrected
        for (kind, _), sums in self.booked.items():
            if kind in words.CREDITS:
                credit = EXACT.add(credit, sums.net)
            else:
                balance = EXACT.add(balance, sums.net)
        return balance, credit

    @property
    def empty(self) -> bool:
        """Whether nothing was booked."""
        return not self.booked and not any(self.corrected)


class Days:
    """All days of an account, by date; deals without a time are of the day "", before all others."""

    def __init__(self) -> None:
        self._booked: dict[str, Day] = {}
        self._new: list[DealRecord] = []  # to be booked when somebody asks: a replay asks once
        self._tally: Tally[str] = Tally()

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {LedgerCorrected: self._correct}

    def between(self, first: str, last: str) -> Iterator[tuple[str, Day]]:
        """The days on which something was booked, both ends among them, in order."""
        for date in sorted(self._days):
            if first <= date <= last:
                yield date, self._days[date]

    @property
    def last(self) -> str | None:
        """The last day on which something was booked."""
        return max(self._days, default=None)

    def moved_since(self, first: str) -> Money:
        """What this day and all later ones added to balance and credit."""
        balance = credit = ZERO
        for date, day in self._days.items():
            if date >= first:
                more, given = day.moved
                balance, credit = EXACT.add(balance, more), EXACT.add(credit, given)
        return balance, credit

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Book it on its day, its earlier version off its own."""
        if before is not None:
            self._book_new()
            self._book(before, -1)
        if after is not None:
            self._new.append(after)

    def state(self) -> Any:
        """All sums, by date, type and symbol."""
        return {date: _shown(day) for date, day in self._days.items()}

    def essence(self) -> Any:
        """How many days there are, and their tally."""
        return {"count": len(self._days), "total": self._total()}

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of them."""
        days = {date: (list(day.booked.items()), day.corrected) for date, day in self._days.items()}
        return msgspec.msgpack.encode((days, self._total()))

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        kind = tuple[dict[str, tuple[list[tuple[Kind, Booked]], Money]], str]
        days, total = msgspec.msgpack.decode(dump, type=kind)
        self._booked = {date: Day(dict(booked), corrected) for date, (booked, corrected) in days.items()}
        self._tally.restore(total)

    @property
    def _days(self) -> dict[str, Day]:
        """With all deals that were heard of."""
        if self._new:
            self._book_new()
        return self._booked

    def _book_new(self) -> None:
        new, self._new = self._new, []
        for deal in new:
            self._book(deal, 1)

    def _total(self) -> str:
        return self._tally.total(self._days, self._entry)

    def _entry(self, date: str) -> Any:
        day = self._booked.get(date)  # what is new is in no sum yet
        return None if day is None else _shown(day)

    def _day(self, date: str) -> Day:
        """A day that is about to change."""
        if self._tally.holds(date):
            self._tally.leave(date, self._entry(date))
        day = self._booked.get(date)
        if day is None:
            day = self._booked[date] = Day()
        return day

    def _book(self, deal: DealRecord, count: int) -> None:
        date = deal.date
        day, kind = self._day(date), (deal.type, deal.symbol)
        sums = day.booked.get(kind)
        if sums is None:
            sums = day.booked[kind] = Booked()
        sums.book(deal, count)
        if not sums.deals:
            del day.booked[kind]
            self._drop_if_empty(date)

    def _correct(self, event: LedgerCorrected) -> None:
        date = wall(event.at)[:DATE]
        day = self._day(date)
        balance, credit = day.corrected
        day.corrected = EXACT.add(balance, event.balance), EXACT.add(credit, event.credit)
        self._drop_if_empty(date)

    def _drop_if_empty(self, date: str) -> None:
        if self._booked[date].empty:
            del self._booked[date]


def _shown(day: Day) -> Any:
    booked: dict[str, dict[str, list[Any]]] = {}
    for (kind, symbol), sums in day.booked.items():
        amounts = (sums.volume, sums.profit, sums.commission, sums.swap, sums.fee, sums.gained, sums.lost)
        booked.setdefault(kind, {})[symbol] = [sums.deals, *map(tidy, amounts)]
    return {"booked": booked, "corrected": [tidy(part) for part in day.corrected]}
