"""Between which quotes a symbol's orders and positions only wait.

Most ticks concern nobody.  What waits for a price waits for the ask or the bid to come to it, from one side;
of all of them only the nearest counts, so one look at four numbers tells that a tick sets nothing off.
"""

from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from protocol.enums import Side
from protocol.records.trade import Order, Position

from .floor import side_of
from .matching import opposite
from .orders import LIMITS, MARKETS, STOP_LIMITS, STOPS


class Borders(NamedTuple):
    """Open borders; where they leave no room, every tick may set something off."""

    bid_low: float
    bid_high: float
    ask_low: float
    ask_high: float

    def hold(self, bid: float, ask: float) -> bool:
        """Whether nothing waits for this quote."""
        return self.bid_low < bid < self.bid_high and self.ask_low < ask < self.ask_high


class Wait(NamedTuple):
    """The price that something waits for: the ask's or the bid's, coming from above or from below."""

    side: Side  # that trades: buyers watch the ask
    price: float
    falling: bool


NEVER = Borders(-inf, inf, -inf, inf)
ALWAYS = Borders(inf, -inf, inf, -inf)


def limit_of(order: Order) -> float | None:
    """The worst price that an order trades at; None for stops, and for stop-limits not yet activated."""
    if order.order_type in LIMITS:
        return order.price_order
    if order.order_type in STOP_LIMITS and order.activation_mode:
        return order.price_trigger
    return None


def borders(positions: Iterable[Position], orders: Iterable[Order]) -> Borders:
    """The nearest of all prices that a symbol's positions and orders wait for."""
    waits: list[Wait] = []
    for order in orders:
        if order.order_type in MARKETS or (order.order_type in STOPS and order.activation_mode):
            return ALWAYS  # it trades as soon as the book has something
        waits.append(_entry(order))
    for position in positions:
        waits += _stops(position)
    return Borders(
        _nearest(waits, Side.SELL, falling=True),
        _nearest(waits, Side.SELL, falling=False),
        _nearest(waits, Side.BUY, falling=True),
        _nearest(waits, Side.BUY, falling=False),
    )


def _entry(order: Order) -> Wait:
    """A limit waits for a better price than now, a stop for a worse one."""
    side, limit = side_of(order.order_type), limit_of(order)
    if limit is not None:
        return Wait(side, limit, falling=side == Side.BUY)
    return Wait(side, order.price_order, falling=side == Side.SELL)


def _stops(position: Position) -> Iterable[Wait]:
    """A position closes on the other side: a buy's stop loss waits for the bid to fall."""
    side, long = opposite(position.trade_action), position.trade_action == Side.BUY
    if position.sl:
        yield Wait(side, position.sl, falling=long)
    if position.tp:
        yield Wait(side, position.tp, falling=not long)


def _nearest(waits: Iterable[Wait], side: Side, *, falling: bool) -> float:
    prices = [wait.price for wait in waits if wait.side == side and wait.falling == falling]
    return max(prices, default=-inf) if falling else min(prices, default=inf)
