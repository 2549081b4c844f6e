"""What the execution mode makes of an order: action, filling, deviation (docs/protocol.md 6.5, 7.7)."""

from decimal import Decimal
from typing import Final

from protocol.enums import (
    Execution,
    FillFlags,
    Filling,
    OrderTime,
    OrderType,
    TradeAction,
    TypeFlags,
)

from ..records import SymbolRecord
from ..words import word

REQUEST, INSTANT = word(Execution, Execution.REQUEST), word(Execution, Execution.INSTANT)
MARKET, EXCHANGE = word(Execution, Execution.MARKET), word(Execution, Execution.EXCHANGE)

DEAL_REQUEST: Final = word(TradeAction, TradeAction.DEAL_REQUEST)
DEAL_INSTANT: Final = word(TradeAction, TradeAction.DEAL_INSTANT)
DEAL_MARKET: Final = word(TradeAction, TradeAction.DEAL_MARKET)
DEAL_EXCHANGE: Final = word(TradeAction, TradeAction.DEAL_EXCHANGE)
PENDING: Final = word(TradeAction, TradeAction.PENDING)
SLTP: Final = word(TradeAction, TradeAction.SLTP)
MODIFY: Final = word(TradeAction, TradeAction.MODIFY)
REMOVE: Final = word(TradeAction, TradeAction.REMOVE)
CLOSE_BY: Final = word(TradeAction, TradeAction.CLOSE_BY)
DEALS: Final = frozenset({DEAL_REQUEST, DEAL_INSTANT, DEAL_MARKET, DEAL_EXCHANGE})
# As numbers: flags of the standard library take a microsecond each time.
_IOC_ALLOWED: Final = int(FillFlags.IOC)
_FOK_ALLOWED: Final = int(FillFlags.FOK)
PRICED: Final = frozenset({DEAL_REQUEST, DEAL_INSTANT})  # deals that name their price

FOK, IOC = word(Filling, Filling.FOK), word(Filling, Filling.IOC)
RETURN, BOC = word(Filling, Filling.RETURN), word(Filling, Filling.BOC)
GTC, DAY = word(OrderTime, OrderTime.GTC), word(OrderTime, OrderTime.DAY)
SPECIFIED: Final = word(OrderTime, OrderTime.SPECIFIED)
SPECIFIED_DAY: Final = word(OrderTime, OrderTime.SPECIFIED_DAY)
DATED: Final = frozenset({SPECIFIED, SPECIFIED_DAY})

MARKETS: Final = frozenset({word(OrderType, OrderType.BUY), word(OrderType, OrderType.SELL)})
STOPS: Final = frozenset({word(OrderType, OrderType.BUY_STOP), word(OrderType, OrderType.SELL_STOP)})
STOP_LIMITS: Final = frozenset(
    {word(OrderType, OrderType.BUY_STOP_LIMIT), word(OrderType, OrderType.SELL_STOP_LIMIT)}
)
PENDINGS: Final = (
    STOPS | STOP_LIMITS | {word(OrderType, OrderType.BUY_LIMIT), word(OrderType, OrderType.SELL_LIMIT)}
)

OPENS: Final = int(TypeFlags.MARKET)
CLOSES: Final = int(TypeFlags.MARKET | TypeFlags.CLOSE)

DEAL_OF: Final = {
    REQUEST: DEAL_REQUEST,
    INSTANT: DEAL_INSTANT,
    MARKET: DEAL_MARKET,
    EXCHANGE: DEAL_EXCHANGE,
}
_BY_DEALER: Final = frozenset({REQUEST, INSTANT})


def side_of(order_type: str) -> str:
    """buy or sell: what an order of this type trades (docs/protocol.md 6.1)."""
    return order_type.partition("_")[0]


def deal_action(symbol: SymbolRecord, volume: Decimal) -> str | None:
    """The action of a deal: its mode's; above the instant volume prices are asked for (6.5).

    None for a mode without a name.
    """
    if symbol.execution == INSTANT and symbol.instant_volume and volume > symbol.instant_volume:
        return DEAL_REQUEST
    return DEAL_OF.get(symbol.execution)


def deal_filling(symbol: SymbolRecord, asked: str | None) -> str:
    """The filling of a deal (6.5).

    Request and instant execution know FOK alone.  Where the mode leaves a choice, what was asked for stays;
    else market execution takes IOC where that is allowed, then FOK, then RETURN, and an exchange RETURN.
    """
    if symbol.execution in _BY_DEALER:
        return FOK
    if asked is not None:
        return asked
    if symbol.execution == MARKET:
        if symbol.filling_flags & _IOC_ALLOWED:
            return IOC
        return FOK if symbol.filling_flags & _FOK_ALLOWED else RETURN
    return RETURN


def pending_terms(symbol: SymbolRecord, kind: str, asked: str | None, lifetime: str) -> tuple[str, str]:
    """Filling and lifetime of a pending order (6.5, 7.7).

    RETURN but on an exchange; there stops with another filling become RETURN and GTC.
    """
    if symbol.execution != EXCHANGE or asked is None:
        return RETURN, lifetime
    if kind in STOPS and asked != RETURN:
        return RETURN, GTC
    return asked, lifetime


def deal_deviation(action: str, asked: int | None, *, closes: bool) -> int:
    """Points on the wire: only instant execution has them; not asked for 0, at a close 1 (6.5)."""
    if action != DEAL_INSTANT:
        return 0
    return int(closes) if asked is None else asked
