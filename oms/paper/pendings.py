"""Pending orders: placed, changed, removed by clients, and triggered by ticks (docs/semantics.md 3).

Buys watch the ask, sells the bid.  A limit trades at its price or better, a stop at the market once it was
touched, a stop-limit becomes a limit at price_trigger once price_order was touched.  What the book cannot
fill waits for the next tick.
"""

from msgspec.structs import replace

from protocol.enums import ActivationMode, Execution, Filling, OrderState, OrderTime, OrderType, Retcode, Side
from protocol.records.trade import Order, TradeRequest

from .answers import Asked, tell
from .borders import limit_of
from .execution import cancel, parts, run, total, worse
from .floor import Floor, side_of
from .model import Account
from .orders import LIMITS, MARKETS, STOP_LIMITS, STOPS, requested
from .rules_volume import at_market, lacks_margin

AT_ONCE = frozenset({Filling.FOK, Filling.IOC})
LIMIT_OF = {OrderType.BUY_STOP_LIMIT: OrderType.BUY_LIMIT, OrderType.SELL_STOP_LIMIT: OrderType.SELL_LIMIT}


def place(floor: Floor, account: Account, asked: Asked) -> None:
    """Action 5: 10 {0,0}, then 19; what can trade already does so behind it.

    A book-or-cancel order that could trade is canceled instead.
    """
    ticket = floor.tickets.order()
    order = requested(floor, account, asked.request, asked.request.price_order, ticket)
    floor.order_opened(account, order)
    if order.type_filling == Filling.BOC and order.order_type in LIMITS and _reached(floor, order):
        floor.order_ended(account, order, OrderState.CANCELED)
        tell(floor, asked, Retcode.CANCEL, order=order)
        return
    tell(
        floor,
        asked,
        floor.behaviour.placed,
        order=order,
        volume=order.volume_initial,
        price=order.price_order,
    )
    trigger(floor, account, order)


def modify(floor: Floor, account: Account, asked: Asked) -> None:
    """Action 7: 10 {0,1}, 19."""
    request = asked.request
    order = replace(
        account.orders[request.trade_order],
        price_order=request.price_order,
        price_trigger=request.price_trigger if request.trade_type in STOP_LIMITS else 0.0,
        price_sl=request.price_sl,
        price_tp=request.price_tp,
        type_time=request.type_time,
        time_expiration=_expiration(request),
    )
    floor.order_changed(account, order)
    tell(floor, asked, Retcode.DONE, order=order, volume=order.volume_current, price=order.price_order)
    trigger(floor, account, order)


def _expiration(request: TradeRequest) -> int:
    return request.time_expiration if request.type_time >= OrderTime.SPECIFIED else 0


def remove(floor: Floor, account: Account, asked: Asked) -> None:
    """Action 8: 10 {0,2}, {1,0 canceled}, 19."""
    order = account.orders[asked.request.trade_order]
    ended = floor.order_ended(account, order, OrderState.CANCELED)
    tell(floor, asked, Retcode.DONE, order=ended, volume=ended.volume_current, price=ended.price_order)


def triggered(floor: Floor, account: Account, symbol: str) -> None:
    """Every open order of a symbol meets its new quote, the older first."""
    for ticket in sorted(account.orders):
        order = account.orders.get(ticket)  # gone, when a stop-out or another order took it along
        if order is not None and order.trade_symbol == symbol:
            trigger(floor, account, order)


def trigger(floor: Floor, account: Account, order: Order) -> None:
    """Activate and fill one order as far as the present quote has it."""
    if order.order_type in STOP_LIMITS and not order.activation_mode and _touched(floor, order):
        order = _activated(floor, account, order)
        if order.type_filling == Filling.BOC and _reached(floor, order):
            floor.order_ended(account, order, OrderState.CANCELED)
            return
    if _orphaned(account, order):
        floor.order_ended(account, order, OrderState.CANCELED)
    elif _reached(floor, order):
        _fill(floor, account, order)
    elif order.type_filling in AT_ONCE and _immediate(floor, account, order):
        floor.order_ended(account, order, OrderState.CANCELED)


def _touched(floor: Floor, order: Order) -> bool:
    """A stop's side of the market: buys from below, sells from above."""
    side = side_of(order.order_type)
    market = floor.market(order.trade_symbol, side)
    return market >= order.price_order if side == Side.BUY else market <= order.price_order


def _reached(floor: Floor, order: Order) -> bool:
    """Whether an order may trade at the present quote."""
    if order.order_type in MARKETS:
        return True
    limit = limit_of(order)
    if limit is not None:
        side = side_of(order.order_type)
        return not worse(side, floor.market(order.trade_symbol, side), limit)
    waiting = order.order_type in STOP_LIMITS
    return not waiting and (order.activation_mode == ActivationMode.PENDING or _touched(floor, order))


def _activated(floor: Floor, account: Account, order: Order) -> Order:
    """A stop-limit touched: the limit works from now on, under the same ticket."""
    order = replace(order, activation_mode=ActivationMode.STOP_LIMIT)
    if floor.behaviour.stop_limit_becomes_limit:
        kind = LIMIT_OF[OrderType(order.order_type)]
        order = replace(order, order_type=kind, price_order=order.price_trigger, price_trigger=0.0)
    floor.order_changed(account, order)
    return order


def _orphaned(account: Account, order: Order) -> bool:
    """What is left of a close whose position is gone, or smaller than it: it must not open another."""
    if order.order_type not in MARKETS or not account.hedging or order.position_id in (0, order.trade_order):
        return False
    position = account.positions.get(order.position_id)
    return position is None or position.trade_volume < order.volume_current


def _immediate(floor: Floor, account: Account, order: Order) -> bool:
    """On an exchange a limit that may not wait does not: it trades when it comes, or never."""
    if floor.terms(account.login)[order.trade_symbol].trade.trade_exemode != Execution.EXCHANGE:
        return False
    return limit_of(order) is not None


def _fill(floor: Floor, account: Account, order: Order) -> None:
    if not floor.bookable(account, floor.terms(account.login)[order.trade_symbol]):
        return  # no rate for its profit yet, as below for its margin: it waits
    objection = lacks_margin(floor, account, at_market(floor, order))
    if objection == Retcode.NO_MONEY:
        floor.order_ended(account, order, OrderState.REJECTED)
    elif objection is None:
        _trade(floor, account, order)


def _trade(floor: Floor, account: Account, order: Order) -> None:
    found = parts(floor, account, order, limit_of(order))
    if order.type_filling == Filling.FOK and total(found) < order.volume_current:
        found = []
    order = _marked(floor, account, order, bool(found))
    done = run(floor, account, order, found)
    if not done.complete and order.type_filling in AT_ONCE:
        cancel(floor, account, done)


def _marked(floor: Floor, account: Account, order: Order, trades: bool) -> Order:
    """A pending order that trades was activated; a stop is once touched, and tells it when it must wait."""
    if order.order_type in MARKETS or order.activation_mode or not (trades or order.order_type in STOPS):
        return order
    order = replace(order, activation_mode=ActivationMode.PENDING)
    if not trades:
        floor.order_changed(account, order)
    return order
