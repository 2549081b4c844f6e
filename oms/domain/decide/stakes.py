"""How many lots are at stake: held, waiting, on their way, the worse way of what is not known.

In a hedging account what buys and what sells stands side by side, and a close on its way can only make less
of its position.  In a netting account all of it meets one position, and a close can turn it: it counts like
any other order (docs/semantics.md 4, 8).
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ..intent import Intent
from ..values import ZERO
from ..words import BUY
from .facts import Facts
from .in_flight import CLOSING
from .naming import ended, nets
from .resolve import DEALS, PENDING, side_of


class Stake(msgspec.Struct):
    """The lots of one symbol."""

    netting: bool
    long: Decimal = ZERO  # held
    short: Decimal = ZERO
    buys: Decimal = ZERO  # that wait, or are on their way
    sells: Decimal = ZERO
    long_closing: Decimal = ZERO  # of what is held: its close is on its way
    short_closing: Decimal = ZERO
    price: Decimal = ZERO  # the highest that an order in it names

    @property
    def most_long(self) -> Decimal:
        """What may come to be held bought."""
        held = self.long - self.short if self.netting else self.long
        return max(ZERO, held + self.buys)

    @property
    def most_short(self) -> Decimal:
        """What may come to be held sold."""
        held = self.short - self.long if self.netting else self.short
        return max(ZERO, held + self.sells)

    @property
    def gross(self) -> Decimal:
        """Both sides together; in a netting account there is one at a time."""
        return max(self.most_long, self.most_short) if self.netting else self.most_long + self.most_short

    @property
    def net_long(self) -> Decimal:
        """By how much what is bought may come to be more than what is sold."""
        if self.netting:
            return self.most_long
        return max(ZERO, self.long + self.buys - self.short + self.short_closing)

    @property
    def net_short(self) -> Decimal:
        """The other way."""
        if self.netting:
            return self.most_short
        return max(ZERO, self.short + self.sells - self.long + self.long_closing)

    def add(self, order: Intent) -> None:
        """A request that may be executed, or was."""
        buys = side_of(order.type) == BUY
        if order.flags & CLOSING and not self.netting:
            if buys:
                self.short_closing += order.volume
            else:
                self.long_closing += order.volume
            return
        if buys:
            self.buys += order.volume
        else:
            self.sells += order.volume
        self.price = max(self.price, abs(order.price or ZERO), abs(order.limit_price or ZERO))


def trades(sent: Intent) -> bool:
    """Whether a request buys or sells."""
    return sent.action in DEALS or sent.action == PENDING


def stakes(facts: Facts, *, own: bool = False) -> dict[str, Stake]:
    """By symbol, without the order that is decided on; `own`: of the command's client alone.

    A netting account's position is everybody's who trades its symbol: whose lots are in it cannot be told
    apart, so all of it counts for each.
    """
    netting = nets(facts)
    mine = facts.risk.own
    found: dict[str, Stake] = {}
    for position in facts.positions:
        if own and not netting and position.position not in mine:
            continue
        stake = found.setdefault(position.symbol, Stake(netting))
        if position.side == BUY:
            stake.long += position.volume
        else:
            stake.short += position.volume
    for order in facts.orders:
        record = order.record
        if record is None or ended(order) or (own and order.order not in mine):
            continue
        stake = found.setdefault(record.symbol, Stake(netting))
        if side_of(record.type) == BUY:
            stake.buys += order.remaining
        else:
            stake.sells += order.remaining
        stake.price = max(stake.price, abs(record.price or ZERO), abs(record.limit_price or ZERO))
    moving: Iterable[Intent] = facts.risk.own_in_flight if own else facts.in_flight
    for sent in moving:
        if trades(sent):
            found.setdefault(sent.symbol, Stake(netting)).add(sent)
    return found
