"""Records and intents as the official client's checks take them: words as numbers, decimals as doubles."""

from decimal import Decimal
from typing import Final

from protocol.enums import Execution, Filling, OrderTime, OrderType, TradeAction, TradeMode
from protocol.maths.check_input import CheckOrder, CheckPosition, CheckRequest, CheckSymbol, View

from ..intent import Intent
from ..records import OrderRecord, PositionRecord, SymbolRecord
from ..values import EXACT
from ..words import BUY, number_of
from .case import Case
from .lifetimes import seconds
from .naming import nets
from .points import point_of

UNBOUNDED: Final = 2**63 - 1  # a volume_max of 0 or none bounds nothing


def wire(lots: Decimal | None) -> int:
    """Lots as the wire's integer (docs/protocol.md 6.9), what is finer than that rounded up; 0 for none."""
    if not lots:
        return 0
    scaled = lots.scaleb(8, EXACT)
    whole = int(scaled)
    return whole + 1 if scaled > whole else whole


def double(price: Decimal | None) -> float:
    """A decimal as the nearest double; 0 for none."""
    return float(price) if price else 0.0


def request_of(intent: Intent) -> CheckRequest:
    """The fields of the request that are checked."""
    return CheckRequest(
        trade_action=number_of(TradeAction, intent.action),
        trade_volume=wire(intent.volume),
        trade_type=number_of(OrderType, intent.type),
        type_filling=number_of(Filling, intent.filling) if intent.filling else 0,
        type_time=number_of(OrderTime, intent.time_in_force),
        type_flags=intent.flags,
        price_order=double(intent.price),
        price_trigger=double(intent.limit_price),
        price_sl=double(intent.sl),
        price_tp=double(intent.tp),
        trade_position=int(intent.position or 0),
        time_expiration=seconds(intent.expires_at),
    )


def view_of(case: Case, symbol: SymbolRecord) -> View:
    """What the request is judged in; which prices were shown is not recorded, so none is refused for it."""
    named = case.named
    order = named.order.record if named.order is not None else None
    return View(
        symbol=_symbol(symbol),
        hedging=not nets(case.facts),
        bid=None if case.bid is None else float(case.bid),
        ask=None if case.ask is None else float(case.ask),
        position=_position(named.position),
        position_by=_position(named.position_by),
        order=None if order is None else _order(order),
    )


def _symbol(symbol: SymbolRecord) -> CheckSymbol:
    point = point_of(symbol)
    return CheckSymbol(
        digits=symbol.digits,
        point=float(point),
        trade_tick_size=float(symbol.tick_size or point),
        trade_mode=number_of(TradeMode, symbol.trade_mode),
        trade_exemode=number_of(Execution, symbol.execution),
        trade_fill_flags=symbol.filling_flags,
        trade_time_flags=symbol.time_flags,
        trade_order_flags=symbol.order_flags,
        volume_min=wire(symbol.volume_min),
        volume_max=wire(symbol.volume_max) or UNBOUNDED,
        volume_step=wire(symbol.volume_step),
        trade_stops_level=symbol.stops_level,
        trade_price_limit_min=double(symbol.price_limit_min),
        trade_price_limit_max=double(symbol.price_limit_max),
        ticks_flags=symbol.tick_flags,
    )


def _position(position: PositionRecord | None) -> CheckPosition | None:
    if position is None:
        return None
    return CheckPosition(
        trade_symbol=position.symbol,
        is_buy=position.side == BUY,
        volume=wire(position.volume),
        price_sl=double(position.sl),
        price_tp=double(position.tp),
    )


def _order(order: OrderRecord) -> CheckOrder:
    return CheckOrder(
        price_order=double(order.price),
        price_trigger=double(order.limit_price),
        price_sl=double(order.sl),
        price_tp=double(order.tp),
        type_time=number_of(OrderTime, order.time_in_force),
        time_expiration=seconds(order.expires_at),
    )
