"""How many lots are at stake: held, waiting, on their way, the worse way of what is not known.

In a hedging account what buys and what sells stands side by side, and a close on its way can only make less
of its position.  In a netting account all of it meets one position, and a close can turn it: it counts like
any other order (docs/semantics.md 4, 8).  What is held on the other side is room for what is executed now,
and none for an order that waits: by then it may be closed, which no limit stands against.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from ..intent import Intent
from ..values import ZERO
from ..words import BUY
from .facts import Facts
from .in_flight import CLOSING
from .naming import ended, nets
from .resolve import DEALS, MODIFY, PENDING, PENDINGS, side_of


class Stake(msgspec.Struct):
    """The lots of one symbol."""

    netting: bool
    long: Decimal = ZERO  # held
    short: Decimal = ZERO
    buys: Decimal = ZERO  # that are on their way
    sells: Decimal = ZERO
    waiting_buys: Decimal = ZERO  # pending orders, placed or on their way
    waiting_sells: Decimal = ZERO
    long_closing: Decimal = ZERO  # of what is held: its close is on its way
    short_closing: Decimal = ZERO
    price: Decimal = ZERO  # the highest that an order in it names

    @property
    def most_long(self) -> Decimal:
        """What may come to be held bought."""
        held = self.long - self.short if self.netting else self.long
        return max(ZERO, held + self.buys) + self.waiting_buys

    @property
    def most_short(self) -> Decimal:
        """What may come to be held sold."""
        held = self.short - self.long if self.netting else self.short
        return max(ZERO, held + self.sells) + self.waiting_sells

    @property
    def gross(self) -> Decimal:
        """Both sides together; in a netting account there is one at a time."""
        return max(self.most_long, self.most_short) if self.netting else self.most_long + self.most_short

    @property
    def net_long(self) -> Decimal:
        """By how much what is bought may come to be more than what is sold."""
        if self.netting:
            return self.most_long
        return max(ZERO, self.long + self.buys - self.short + self.short_closing) + self.waiting_buys

    @property
    def net_short(self) -> Decimal:
        """The other way."""
        if self.netting:
            return self.most_short
        return max(ZERO, self.short + self.sells - self.long + self.long_closing) + self.waiting_sells

    def add(self, order: Intent) -> None:
        """A request that may be executed, or was."""
        buys = side_of(order.type) == BUY
        if order.flags & CLOSING and not self.netting:
            if buys:
                self.short_closing += order.volume
            else:
                self.long_closing += order.volume
            return
        self.wait_or_move(order.volume, buys=buys, waits=order.action == PENDING)
        self.name(order.price, order.limit_price)

    def wait_or_move(self, volume: Decimal, *, buys: bool, waits: bool) -> None:
        """So many lots more that may be executed: later, or now."""
        if waits and buys:
            self.waiting_buys += volume
        elif waits:
            self.waiting_sells += volume
        elif buys:
            self.buys += volume
        else:
            self.sells += volume

    def name(self, *prices: Decimal | None) -> None:
        """Prices at which something in it may be executed."""
        self.price = max(self.price, *(abs(one or ZERO) for one in prices))


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
        if record is None or (own and order.order not in mine) or (ended(order) and not order.missing):
            continue
        stake = found.setdefault(record.symbol, Stake(netting))
        buys = side_of(record.type) == BUY
        stake.wait_or_move(order.missing, buys=buys, waits=False)
        stake.wait_or_move(order.remaining, buys=buys, waits=record.type in PENDINGS)
        stake.name(record.price, record.limit_price)
    for sent in sent_by(facts, own=own):
        include(found, sent, netting=netting)
    return found


def include(found: dict[str, Stake], sent: Intent, *, netting: bool) -> None:
    """With a request as it would be carried out; a change of an order may bring a price."""
    if trades(sent):
        found.setdefault(sent.symbol, Stake(netting)).add(sent)
    elif sent.action == MODIFY and sent.symbol in found:
        found[sent.symbol].name(sent.price, sent.limit_price)


def sent_by(facts: Facts, *, own: bool = False) -> Iterable[Intent]:
    """What has no outcome yet, unknown ones too."""
    return facts.risk.own_in_flight if own else facts.in_flight


def waiting(facts: Facts, *, own: bool = False) -> Iterator[str]:
    """Symbols of the pending orders that are placed, each once for every order."""
    for order in facts.orders:
        record = order.record
        mine = not own or order.order in facts.risk.own
        if record is not None and mine and not ended(order) and record.type in PENDINGS:
            yield record.symbol


def unseen(facts: Facts, *, own: bool = False) -> Iterator[str]:
    """Symbols of the orders that were filled, where no deal, and so no position, was seen of it yet."""
    held = {one.position for one in facts.positions}
    for order in facts.orders:
        mine = not own or order.order in facts.risk.own
        if order.record is not None and mine and order.missing and order.order not in held:
            yield order.record.symbol


def moving(facts: Facts, *actions: str, own: bool = False) -> Iterator[str]:
    """Symbols of the requests on their way that may open something."""
    for one in sent_by(facts, own=own):
        if one.action in actions and not (one.flags & CLOSING and not nets(facts)):
            yield one.symbol


def pending_count(facts: Facts, *, own: bool = False) -> int:
    """Pending orders, placed or on their way."""
    return sum(1 for _ in waiting(facts, own=own)) + sum(1 for _ in moving(facts, PENDING, own=own))


def position_count(facts: Facts, *more: str, own: bool = False) -> int:
    """Positions that are open, or that orders may open, with those in these symbols.

    In a netting account there is one for a symbol, whoever's.
    """
    mine = facts.risk.own
    held = [one.symbol for one in facts.positions if nets(facts) or not own or one.position in mine]
    opening = [
        *waiting(facts, own=own),
        *unseen(facts, own=own),
        *moving(facts, *DEALS, PENDING, own=own),
        *more,
    ]
    return len({*held, *opening}) if nets(facts) else len(held) + len(opening)
