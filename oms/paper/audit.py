"""The ledger's arithmetic, done again from the recorded deals alone.

Deals are the ledger: balance and credit are their sums, a position is the net of its deals' volumes
(docs/semantics.md 1, 4).  The venue books as it goes; this adds up what clients will read, as exact numbers
from the records' doubles, so that an error in booking cannot hide in itself.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from protocol.enums import DealType, Side
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Deal

from .contract import FORTS
from .model import Account
from .money import exact

CREDITS = frozenset({DealType.CREDIT, DealType.BONUS})  # docs/protocol.md 6.7
TRADES = frozenset({DealType.BUY, DealType.SELL})


class LedgerBroken(Exception):
    """The venue's books contradict themselves: a bug, after which nothing it says can be trusted."""


def amount(deal: Deal) -> Decimal:
    """What a deal books, in account currency."""
    return sum((exact(part) for part in (deal.profit, deal.commission, deal.storage, deal.commission_fee)),
               Decimal(0))  # fmt: skip


def signed(deal: Deal) -> int:
    """The volume that a deal adds to its position, long counted up; 0 for what is no trade."""
    if deal.trade_action not in TRADES:
        return 0
    return deal.trade_volume if deal.trade_action == DealType.BUY else -deal.trade_volume


class Audit:
    """Sums over one account's deals, brought up to date deal by deal."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget the sums: recorded deals were changed."""
        self._counted = 0
        self._last = 0
        self._balance = self._credit = Decimal(0)
        self._volumes: dict[int, int] = defaultdict(int)

    def sums(self, account: Account) -> tuple[Decimal, Decimal]:
        """What the deals make of balance and credit."""
        self._follow(account)
        return self._balance, self._credit

    def verify(self, account: Account) -> None:
        """Raise LedgerBroken unless the account is what its deals say."""
        self._follow(account)
        if (account.balance, account.credit) != (self._balance, self._credit):
            raise LedgerBroken(
                f"account {account.login}: balance {account.balance}, credit {account.credit}, but the deals "
                f"sum to {self._balance} and {self._credit}"
            )
        held = {
            position.position_id: position.trade_volume * (1 if position.trade_action == Side.BUY else -1)
            for position in account.positions.values()
        }
        if held != self._volumes:
            raise LedgerBroken(f"account {account.login}: positions {held}, but the deals net to "
                               f"{dict(self._volumes)}")  # fmt: skip

    def _follow(self, account: Account) -> None:
        for deal in account.deals[self._counted :]:
            if deal.deal <= self._last:
                raise LedgerBroken(f"account {account.login}: deal {deal.deal} follows {self._last}")
            self._last = deal.deal
            if deal.trade_action in CREDITS:
                self._credit += amount(deal)
            else:
                self._balance += amount(deal)
            self._volumes[deal.position_id] += signed(deal)
            if not self._volumes[deal.position_id]:
                del self._volumes[deal.position_id]
        self._counted = len(account.deals)


def verify_margin(margin: Decimal | None, account: Account, specs: Mapping[str, FullSymbol]) -> None:
    """Raise LedgerBroken for a margin below zero; one that cannot be known is no fault."""
    if margin is not None and margin < 0 and not _may_be_negative(account, specs):
        raise LedgerBroken(f"account {account.login}: margin {margin}")


def _may_be_negative(account: Account, specs: Mapping[str, FullSymbol]) -> bool:
    """Whether the formulas of 7.4 may come to less than nothing.

    They take prices and maintenance rates below zero as they are, and FORTS futures need less by what the
    price is better than the settlement.
    """
    symbols = {one.trade_symbol for one in account.positions.values()}
    symbols |= {one.trade_symbol for one in account.orders.values()}
    if any(specs[symbol].trade_calc_mode == FORTS for symbol in symbols):
        return True
    prices = [one.price_open for one in account.positions.values()]
    prices += [min(one.price_order, one.price_trigger) for one in account.orders.values()]
    rates = [
        min(specs[one.trade_symbol].trade.margin_rates_maintenance) for one in account.positions.values()
    ]
    return min([*prices, *rates], default=0.0) < 0
