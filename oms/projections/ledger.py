"""The ledger: balance and credit as opening entry, plus deals, plus corrections, exactly.

Only what is booked.  Swap and commission that an open position has accrued stand with the position, and
become money when a deal books them (docs/semantics.md 1).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from oms.domain import words
from oms.domain.events import (
    AccountChanged,
    BalanceReported,
    Event,
    LedgerCorrected,
    LedgerDifference,
    LedgerOpened,
)
from oms.domain.observe import Money
from oms.domain.records import AccountRecord, DealRecord
from oms.domain.values import EXACT, ZERO, total

from .columns import Rows

Put = Callable[[Decimal, Decimal], Decimal]  # what is there, what is added or taken away


class Realised(msgspec.Struct, frozen=True):
    """What trading deals booked, each as the venue rounded it."""

    trades: int  # deals that were fills
    profit: Decimal  # gross
    commission: Decimal
    swap: Decimal
    fee: Decimal
    net: Decimal  # all four


class _Dump(msgspec.Struct, frozen=True):
    digits: int
    opened: bool
    opening: tuple[Decimal, Decimal]
    corrected: tuple[Decimal, Decimal]
    moved: tuple[Decimal, Decimal]
    trades: int
    traded: tuple[Decimal, Decimal, Decimal, Decimal]
    reported: tuple[Decimal | None, Decimal | None] | None
    reported_behind: str | None = None


class Ledger:
    """An account's money."""

    def __init__(self) -> None:
        self._digits = 2
        self._opened = False
        self._opening = (ZERO, ZERO)  # balance, credit; likewise below
        self._corrected = (ZERO, ZERO)
        self._moved = (ZERO, ZERO)  # by deals that are no fills
        self._trades = 0
        self._profit = self._commission = self._swap = self._fee = ZERO  # by fills
        self._reported: tuple[Decimal | None, Decimal | None] | None = None
        self._behind: str | None = None  # the deal that they were reported with

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            AccountChanged: self._account,
            LedgerOpened: self._open,
            LedgerCorrected: self._correct,
            BalanceReported: self._report,
            LedgerDifference: self._differ,
        }

    @property
    def balance(self) -> Decimal:
        """Booked so far; before the opening entry, what the deals known come to."""
        return self._money(self._opening[0], self._corrected[0], self._moved[0], *self._traded)

    @property
    def credit(self) -> Decimal:
        """Likewise."""
        return self._money(self._opening[1], self._corrected[1], self._moved[1])

    @property
    def opened(self) -> bool:
        """Whether the opening entry is booked."""
        return self._opened

    def money(self) -> Money:
        """The figures, with those that the venue reported last: evidence, not part of the state."""
        return Money(self._opened, self.balance, self.credit, self._reported, self._behind)

    def realised(self) -> Realised:
        """What trading brought."""
        profit, commission, swap, fee = map(self._money, self._traded)
        return Realised(self._trades, profit, commission, swap, fee, self._money(*self._traded))

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Book a deal, or the difference between two versions of it."""
        if before is not None:
            self._book(before, EXACT.subtract, -1)
        if after is not None:
            self._book(after, EXACT.add, 1)

    def state(self) -> Any:
        """All sums."""
        return {
            "opened": self._opened,
            "opening": [self._money(part) for part in self._opening],
            "booked": [self._money(self._moved[0], *self._traded), self._money(self._moved[1])],
            "corrected": [self._money(part) for part in self._corrected],
            "realised": self.realised(),
        }

    def essence(self) -> Any:
        """All of the state."""
        return self.state()

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """The sums as they are, and what was reported last."""
        return msgspec.msgpack.encode(
            _Dump(
                digits=self._digits,
                opened=self._opened,
                opening=self._opening,
                corrected=self._corrected,
                moved=self._moved,
                trades=self._trades,
                traded=self._traded,
                reported=self._reported,
                reported_behind=self._behind,
            )
        )

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self._digits, self._opened, self._trades = found.digits, found.opened, found.trades
        self._opening, self._corrected, self._moved = found.opening, found.corrected, found.moved
        self._profit, self._commission, self._swap, self._fee = found.traded
        self._reported, self._behind = found.reported, found.reported_behind

    def _money(self, *parts: Decimal) -> Decimal:
        return total(parts, self._digits)

    @property
    def _traded(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        return self._profit, self._commission, self._swap, self._fee

    def _book(self, deal: DealRecord, put: Put, count: int) -> None:
        if deal.trades:
            self._trades += count
            self._book_fill(deal, put)
            return
        balance, credit = self._moved
        if deal.type in words.CREDITS:
            self._moved = balance, put(credit, deal.amount)
        else:
            self._moved = put(balance, deal.amount), credit

    def _book_fill(self, deal: DealRecord, put: Put) -> None:
        """Amounts of nothing, of which there are many, cost nothing."""
        if deal.profit:
            self._profit = put(self._profit, deal.profit)
        if deal.commission:
            self._commission = put(self._commission, deal.commission)
        if deal.swap:
            self._swap = put(self._swap, deal.swap)
        if deal.fee:
            self._fee = put(self._fee, deal.fee)

    def _account(self, terms: AccountRecord) -> None:
        self._digits = terms.digits

    def _open(self, event: LedgerOpened) -> None:
        self._opened, self._opening = True, (event.balance, event.credit)

    def _correct(self, event: LedgerCorrected) -> None:
        balance, credit = self._corrected
        self._corrected = (EXACT.add(balance, event.balance), EXACT.add(credit, event.credit))

    def _report(self, event: BalanceReported) -> None:
        self._reported, self._behind = (event.balance, event.credit), None

    def _differ(self, event: LedgerDifference) -> None:
        self._reported, self._behind = (event.reported_balance, event.reported_credit), event.deal
