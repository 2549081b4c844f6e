"""The ledger: balance and credit as opening entry, plus deals, plus corrections, exactly.

Only what is booked.  Swap and commission that an open position has accrued stand with the position, and
become money when a deal books them (docs/semantics.md 1).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from oms.domain import words
from oms.domain.events import AccountChanged, BalanceReported, Event, LedgerCorrected, LedgerOpened
from oms.domain.observe import Money
from oms.domain.records import DealRecord
from oms.domain.values import EXACT, ZERO, tidy


class Realised(msgspec.Struct, frozen=True):
    """What trading deals booked, each as the venue rounded it."""

    trades: int  # deals that were fills
    profit: Decimal  # gross
    commission: Decimal
    swap: Decimal
    fee: Decimal
    net: Decimal  # all four


class Ledger:
    """An account's money."""

    def __init__(self) -> None:
        self._digits = 2
        self._opened = False
        self._opening = (ZERO, ZERO)  # balance, credit; likewise below
        self._booked = (ZERO, ZERO)
        self._corrected = (ZERO, ZERO)
        self._traded = (ZERO, ZERO, ZERO, ZERO)  # profit, commission, swap, fee
        self._trades = 0
        self._reported: tuple[Decimal | None, Decimal | None] | None = None
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {
            AccountChanged: self._account,
            LedgerOpened: self._open,
            LedgerCorrected: self._correct,
            BalanceReported: self._report,
        }

    @property
    def balance(self) -> Decimal:
        """Booked so far; before the opening entry, what the deals known come to."""
        return self._money(self._opening[0], self._booked[0], self._corrected[0])

    @property
    def credit(self) -> Decimal:
        """Likewise."""
        return self._money(self._opening[1], self._booked[1], self._corrected[1])

    @property
    def opened(self) -> bool:
        """Whether the opening entry is booked."""
        return self._opened

    def money(self) -> Money:
        """The figures, with those that the venue reported last: evidence, not part of the state."""
        return Money(self._opened, self.balance, self.credit, self._reported)

    def realised(self) -> Realised:
        """What trading brought."""
        profit, commission, swap, fee = map(self._money, self._traded)
        return Realised(self._trades, profit, commission, swap, fee, self._money(*self._traded))

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Book a deal, or the difference between two versions of it."""
        if before is not None:
            self._book(before, -1)
        if after is not None:
            self._book(after, 1)

    def state(self) -> Any:
        """All sums."""
        return {
            "opened": self._opened,
            "opening": [self._money(part) for part in self._opening],
            "booked": [self._money(part) for part in self._booked],
            "corrected": [self._money(part) for part in self._corrected],
            "realised": self.realised(),
        }

    def _money(self, *parts: Decimal) -> Decimal:
        return tidy(_sum(*parts), self._digits)

    def _book(self, deal: DealRecord, sign: int) -> None:
        parts = [amount or ZERO for amount in (deal.profit, deal.commission, deal.swap, deal.fee)]
        parts = [part.copy_negate() if sign < 0 else part for part in parts]
        amount = _sum(*parts)
        if deal.type in words.CREDITS:
            self._booked = (self._booked[0], _sum(self._booked[1], amount))
        else:
            self._booked = (_sum(self._booked[0], amount), self._booked[1])
        if deal.trades:
            profit, commission, swap, fee = map(_sum, self._traded, parts)
            self._traded = (profit, commission, swap, fee)
            self._trades += sign

    def _account(self, event: AccountChanged) -> None:
        self._digits = event.digits

    def _open(self, event: LedgerOpened) -> None:
        self._opened, self._opening = True, (event.balance, event.credit)

    def _correct(self, event: LedgerCorrected) -> None:
        balance, credit = self._corrected
        self._corrected = (_sum(balance, event.balance), _sum(credit, event.credit))

    def _report(self, event: BalanceReported) -> None:
        self._reported = (event.balance, event.credit)


def _sum(*parts: Decimal) -> Decimal:
    found = ZERO
    for part in parts:
        if part:
            found = EXACT.add(found, part) if found else part
    return found
