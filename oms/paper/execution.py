"""Orders run against the market: how much of one trades at which prices, and the pushes of its way.

In request and instant execution the dealer takes the whole volume at one price.  In market and exchange
execution the symbol's book is the limit: a level is a deal, what was taken is gone until the next tick.
"""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from protocol.enums import Execution, OrderState, Side
from protocol.records.trade import Order

from .depth import consume, liquidity
from .floor import Floor, side_of
from .ledger import strike, trade_of
from .model import Account
from .money import exact, rounded

Parts = list[tuple[float, int]]  # (price, lots × 10^8), in the order in which they trade

BOOKS = frozenset({Execution.MARKET, Execution.EXCHANGE})


class Done(NamedTuple):
    """What an order came to."""

    order: Order  # as it is now
    volume: int = 0
    worth: Decimal = Decimal(0)  # price × volume of all parts
    deal: int = 0  # the last ticket

    @property
    def complete(self) -> bool:
        """Whether nothing of the order is left."""
        return self.order.volume_current == 0

    @property
    def price(self) -> float:
        """The average, on the order's digits plus those that averaging needs; 0 of nothing."""
        if not self.volume:
            return 0.0
        return float(rounded(self.worth / self.volume, self.order.digits + 3))


def parts(floor: Floor, account: Account, order: Order, limit: float | None = None) -> Parts:
    """What of an order can trade now, at prices no worse than `limit`; nothing is taken yet."""
    symbol, side = order.trade_symbol, side_of(order.order_type)
    if floor.terms(account.login)[symbol].trade.trade_exemode not in BOOKS:
        return [(floor.market(symbol, side), order.volume_current)]
    return _from_book(floor, symbol, side, order.volume_current, limit)


def _from_book(floor: Floor, symbol: str, side: Side, volume: int, limit: float | None) -> Parts:
    taken = floor.taken.get((symbol, side), 0)
    book: Parts = []  # what of each level is not taken yet
    for price, there in liquidity(floor.instruments[symbol], floor.prices[symbol], side):
        if there > taken:
            book.append((price, there - taken))
        taken = max(taken - there, 0)
    return list(consume(book, volume, side, limit).parts)


def worse(side: Side, price: float, limit: float) -> bool:
    """Whether a price is worse than the limit for this side."""
    return price > limit if side == Side.BUY else price < limit


def total(found: Parts) -> int:
    """The volume of all parts."""
    return sum(volume for _, volume in found)


def run(floor: Floor, account: Account, order: Order, found: Parts) -> Done:
    """Trade the parts: 10 {0,1} before each deal, for the last one 10 {0,2}, {1,0} (docs/protocol.md 8)."""
    done = Done(order)
    for price, volume in found:
        done = _trade(floor, account, done, price, volume)
    return done


def _trade(floor: Floor, account: Account, done: Done, price: float, volume: int) -> Done:
    order = _advanced(floor, account, done.order, price, volume)
    if order.volume_current:
        floor.order_changed(account, order)
    else:
        order = floor.order_ended(account, order, OrderState.FILLED)
    deal = strike(floor, account, trade_of(order, volume, price))
    key = (order.trade_symbol, side_of(order.order_type))
    if floor.terms(account.login)[order.trade_symbol].trade.trade_exemode in BOOKS:
        floor.taken[key] = floor.taken.get(key, 0) + volume
    return Done(order, done.volume + volume, done.worth + exact(price) * volume, deal.deal)


def _advanced(floor: Floor, account: Account, order: Order, price: float, volume: int) -> Order:
    """The order with a part taken off; from its first deal on it names the position it works on."""
    met = floor.position_for(account, order.trade_symbol, order.position_id)
    return replace(
        order,
        volume_current=order.volume_current - volume,
        order_state=OrderState.PARTIAL,
        price_current=price,
        position_id=met.position_id if met else order.trade_order,
    )


def cancel(floor: Floor, account: Account, done: Done) -> Done:
    """What did not trade is canceled; the record keeps what was left (docs/semantics.md 3)."""
    return done._replace(order=floor.order_ended(account, done.order, OrderState.CANCELED))
