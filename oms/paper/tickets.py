"""Tickets: orders and deals count apart, over all accounts; a position takes that of its first order."""

from collections.abc import Iterable

from .model import Account


class Tickets:
    """Unique, increasing numbers; behind everything that the accounts already know."""

    def __init__(self, accounts: Iterable[Account], first_order: int, first_deal: int) -> None:
        self.next_order, self.next_deal = first_order, first_deal
        self._transaction = 0
        for account in accounts:
            known = [*account.orders, *account.positions, *(order.trade_order for order in account.history)]
            self.next_order = max([self.next_order - 1, *known]) + 1
            self.next_deal = max([self.next_deal - 1, *(deal.deal for deal in account.deals)]) + 1

    def order(self) -> int:
        """The ticket of a new order."""
        self.next_order += 1
        return self.next_order - 1

    def deal(self) -> int:
        """The ticket of a new deal."""
        self.next_deal += 1
        return self.next_deal - 1

    def transaction(self) -> int:
        """The transaction_id of a push 10; clients store it and use it for nothing (docs/protocol.md 5.3)."""
        self._transaction = self._transaction % (2**32 - 1) + 1
        return self._transaction
