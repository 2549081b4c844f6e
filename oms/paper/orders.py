"""Order records made: from a client's request, or by the server for stop loss, take profit and stop-out.

What the server makes carries its reason and no comment: a comment belongs to what the client sent.
"""

from protocol.enums import (
    ActivationMode,
    Execution,
    Filling,
    OrderState,
    OrderTime,
    OrderType,
    Reason,
    Side,
    TradeAction,
)
from protocol.records.trade import Order, Position, TradeRequest

from .floor import Floor, side_of
from .matching import opposite
from .model import Account
from .money import exact, margin_rate

STOPS = frozenset({OrderType.BUY_STOP, OrderType.SELL_STOP})
LIMITS = frozenset({OrderType.BUY_LIMIT, OrderType.SELL_LIMIT})
STOP_LIMITS = frozenset({OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT})
MARKETS = frozenset({OrderType.BUY, OrderType.SELL})


def entry_price(order: Order | TradeRequest) -> float:
    """The price at which an order enters: of a stop-limit the limit, which price_trigger holds (4.7)."""
    kind = order.order_type if isinstance(order, Order) else order.trade_type
    return order.price_trigger if kind in STOP_LIMITS else order.price_order


def requested(floor: Floor, account: Account, request: TradeRequest, price: float, ticket: int) -> Order:
    """The order that a request asks for; `price` of a deal is the market's, of a pending its own."""
    spec = floor.terms(account.login)[request.trade_symbol]
    filling, lifetime = _terms(request, Execution(spec.trade.trade_exemode))
    pending = request.trade_action == TradeAction.PENDING
    return Order(
        trade_order=ticket,
        trade_symbol=request.trade_symbol,
        time_setup=floor.now.seconds,
        time_expiration=request.time_expiration if lifetime >= OrderTime.SPECIFIED else 0,
        order_type=request.trade_type,
        type_filling=filling,
        type_time=lifetime,
        type_reason=floor.behaviour.client_reason,
        price_order=price,
        price_trigger=request.price_trigger if request.trade_type in STOP_LIMITS else 0.0,
        price_current=floor.market(request.trade_symbol, side_of(request.trade_type)),
        price_sl=request.price_sl,
        price_tp=request.price_tp,
        volume_initial=request.trade_volume,
        volume_current=request.trade_volume,
        order_state=OrderState.PLACED,
        position_id=request.trade_position if account.hedging and not pending else 0,
        comment=request.comment,
        contract_size=spec.trade_contract_size,
        digits=spec.digits,
        digits_currency=account.digits,
        margin_rate=_margin_rate(floor, account, request, price),
        activation_mode=ActivationMode.NONE,
        time_setup_msc=floor.now.msc,
    )


def _terms(request: TradeRequest, mode: Execution) -> tuple[Filling, OrderTime]:
    """Filling and lifetime as the server takes them (docs/protocol.md 7.7, filling).

    On an exchange a stop becomes RETURN and, where its filling was another, GTC.
    """
    filling = Filling(request.type_filling)
    if request.trade_action != TradeAction.PENDING:
        return filling, OrderTime.GTC
    lifetime = OrderTime(request.type_time)
    if mode == Execution.EXCHANGE and request.trade_type in STOPS and filling != Filling.RETURN:
        return Filling.RETURN, OrderTime.GTC
    return filling, lifetime


def _margin_rate(floor: Floor, account: Account, request: TradeRequest, price: float) -> float:
    side = side_of(request.trade_type)
    if request.trade_type in STOP_LIMITS:
        price = request.price_trigger
    spec = floor.terms(account.login)[request.trade_symbol]
    return float(margin_rate(spec, side, exact(price), account.currency, floor.rates) or 0)


def closing(floor: Floor, account: Account, position: Position, reason: Reason, price: float) -> Order:
    """The server's own order that closes a position: linked to it, with the reason, without a comment."""
    side = opposite(position.trade_action)
    return Order(
        trade_order=floor.tickets.order(),
        trade_symbol=position.trade_symbol,
        time_setup=floor.now.seconds,
        order_type=OrderType.BUY if side == Side.BUY else OrderType.SELL,
        type_filling=Filling.FOK,
        type_time=OrderTime.GTC,
        type_reason=reason,
        price_order=price,
        price_current=floor.market(position.trade_symbol, side),
        volume_initial=position.trade_volume,
        volume_current=position.trade_volume,
        order_state=OrderState.STARTED,
        position_id=position.position_id,
        contract_size=position.contract_size,
        digits=position.digits,
        digits_currency=account.digits,
        time_setup_msc=floor.now.msc,
    )
