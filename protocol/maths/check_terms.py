"""Checks of what may be traded on a symbol, in which volume, under which terms (docs/protocol.md 7.7)."""

from collections.abc import Iterator

from ..enums import (
    Execution,
    FillFlags,
    Filling,
    OrderFlags,
    OrderTime,
    Retcode,
    TimeFlags,
    TradeAction,
    TradeMode,
)
from .check_input import (
    DEALS,
    DEALS_OR_PRICES,
    PENDINGS,
    Case,
    CheckRequest,
    CheckSymbol,
    Refusal,
    refuse,
    show_volume,
)
from .families import LIMIT_TYPES, MARKET_TYPES, STOP_LIMIT_TYPES, STOP_TYPES

OPENING: frozenset[int] = DEALS_OR_PRICES | {TradeAction.PENDING}
EXPIRATION_MAX = 2**31 - 1

_FILL_FLAG: dict[int, int] = {
    Filling.FOK: FillFlags.FOK,
    Filling.IOC: FillFlags.IOC,
    Filling.BOC: FillFlags.BOC,
}
_TIME_FLAG: dict[int, int] = {
    OrderTime.GTC: TimeFlags.GTC,
    OrderTime.DAY: TimeFlags.DAY,
    OrderTime.SPECIFIED: TimeFlags.SPECIFIED,
    OrderTime.SPECIFIED_DAY: TimeFlags.SPECIFIED_DAY,
}
_DATED: frozenset[int] = frozenset({OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY})
_ORDER_FLAG: dict[int, int] = {
    **dict.fromkeys(MARKET_TYPES, OrderFlags.MARKET),
    **dict.fromkeys(LIMIT_TYPES, OrderFlags.LIMIT),
    **dict.fromkeys(STOP_TYPES, OrderFlags.STOP),
    **dict.fromkeys(STOP_LIMIT_TYPES, OrderFlags.STOP_LIMIT),
}


def symbol_is_enabled(case: Case) -> Iterator[Refusal]:
    """trade_mode 0 refuses everything (docs/protocol.md 7.7)."""
    if case.symbol.trade_mode == TradeMode.DISABLED:
        yield refuse(
            "trade_disabled", "trade_mode", "trading this symbol is disabled", "0", "", Retcode.TRADE_DISABLED
        )


def exposure_is_allowed(case: Case) -> Iterator[Refusal]:
    """trade_mode 1, 2, 3: only longs, only shorts, nothing new; reducing is free (docs/protocol.md 7.7)."""
    if case.request.trade_action not in OPENING or case.only_reduces:
        return
    mode, given = case.symbol.trade_mode, "buy" if case.is_buy else "sell"
    if mode == TradeMode.LONG_ONLY and not case.is_buy:
        yield refuse(
            "long_only", "trade_type", "only long positions are allowed", given, "buy", Retcode.LONG_ONLY
        )
    if mode == TradeMode.SHORT_ONLY and case.is_buy:
        yield refuse(
            "short_only", "trade_type", "only short positions are allowed", given, "sell", Retcode.SHORT_ONLY
        )
    if mode == TradeMode.CLOSE_ONLY:
        yield refuse(
            "close_only", "trade_type", "positions may only be closed", given, "", Retcode.CLOSE_ONLY
        )


def volume_is_allowed(case: Case) -> Iterator[Refusal]:
    """Above 0, at most the maximum, on the step, at least the minimum unless it only reduces.

    docs/protocol.md 7.7.  A step of 0 sets no grid.
    """
    volume, symbol = case.request.trade_volume, case.symbol
    if case.request.trade_action not in OPENING:
        return
    if volume <= 0:
        yield _bad_volume("volume_not_positive", "the volume is not above 0", volume, 0)
        return
    if volume > symbol.volume_max:
        yield _bad_volume("volume_above_max", "the volume is above the maximum", volume, symbol.volume_max)
    if symbol.volume_step and volume % symbol.volume_step:
        yield _bad_volume(
            "volume_off_step", "the volume is no multiple of the step", volume, symbol.volume_step
        )
    if volume < symbol.volume_min and not case.only_reduces:
        yield _bad_volume("volume_below_min", "the volume is below the minimum", volume, symbol.volume_min)


def close_is_within_position(case: Case) -> Iterator[Refusal]:
    """A close takes no more than the position holds (docs/protocol.md 7.7)."""
    position, volume = case.view.position, case.request.trade_volume
    if case.closes and position is not None and volume > position.volume:
        message = "the volume is above that of the position"
        yield _bad_volume("volume_above_position", message, volume, position.volume)


def _bad_volume(code: str, message: str, given: int, limit: int) -> Refusal:
    retcode = Retcode.INVALID_VOLUME
    return refuse(code, "trade_volume", message, show_volume(given), show_volume(limit), retcode)


def order_type_is_allowed(case: Case) -> Iterator[Refusal]:
    """The type of order, stop loss, take profit must each be among the symbol's (docs/protocol.md 7.7)."""
    request, allowed = case.request, case.symbol.trade_order_flags
    if request.trade_action in OPENING and not allowed & _ORDER_FLAG.get(request.trade_type, 0):
        yield _bad_type("order_type_not_allowed", "trade_type", str(request.trade_type), allowed)
    if request.trade_action not in OPENING | PENDINGS | {TradeAction.SLTP}:
        return
    if request.price_sl and not allowed & OrderFlags.SL:
        yield _bad_type("sl_not_allowed", "price_sl", str(request.price_sl), allowed)
    if request.price_tp and not allowed & OrderFlags.TP:
        yield _bad_type("tp_not_allowed", "price_tp", str(request.price_tp), allowed)


def _bad_type(code: str, field: str, given: str, allowed: int) -> Refusal:
    message = "the symbol does not allow it"
    return refuse(code, field, message, given, f"trade_order_flags {allowed}", Retcode.INVALID_ORDER)


def client_filling(request: CheckRequest, symbol: CheckSymbol) -> tuple[int, int]:
    """(type_filling, type_time) as the official client sends them (docs/protocol.md 7.7, filling).

    Request with instant execution force FOK, RETURN for pendings; exchange execution turns stops that are
    not RETURN into RETURN, GTC.  All else stays as asked for.
    """
    if symbol.trade_exemode in (Execution.REQUEST, Execution.INSTANT):
        if request.trade_action == TradeAction.PENDING:
            return Filling.RETURN, request.type_time
        return Filling.FOK, request.type_time
    forced = (
        symbol.trade_exemode == Execution.EXCHANGE
        and request.trade_action == TradeAction.PENDING
        and request.trade_type in STOP_TYPES
        and request.type_filling in _FILL_FLAG
    )
    return (Filling.RETURN, OrderTime.GTC) if forced else (request.type_filling, request.type_time)


def filling_is_allowed(case: Case) -> Iterator[Refusal]:
    """The filling, as the client would send it, must be one the symbol allows (docs/protocol.md 7.7).

    Market execution refuses RETURN for deals, BOC altogether.
    """
    request, symbol = case.request, case.symbol
    if request.trade_action not in DEALS | {TradeAction.PENDING}:
        return
    if symbol.trade_exemode in (Execution.REQUEST, Execution.INSTANT):
        return
    filling, _ = client_filling(request, symbol)
    if filling == Filling.RETURN:
        allowed = case.on_exchange or request.trade_action == TradeAction.PENDING
    elif filling == Filling.BOC:
        allowed = case.on_exchange and bool(symbol.trade_fill_flags & FillFlags.BOC)
    else:
        allowed = bool(symbol.trade_fill_flags & _FILL_FLAG.get(filling, 0))
    if not allowed:
        limit = f"trade_fill_flags {symbol.trade_fill_flags}"
        message = "the symbol does not allow this filling"
        yield refuse(
            "filling_not_allowed", "type_filling", message, str(filling), limit, Retcode.INVALID_FILL
        )


def lifetime_is_allowed(case: Case) -> Iterator[Refusal]:
    """The lifetime of a pending order must be one the symbol allows (docs/protocol.md 7.7)."""
    if case.request.trade_action not in PENDINGS:
        return
    _, time = client_filling(case.request, case.symbol)
    if not case.symbol.trade_time_flags & _TIME_FLAG.get(time, 0):
        limit = f"trade_time_flags {case.symbol.trade_time_flags}"
        message = "the symbol does not allow this lifetime"
        yield refuse(
            "lifetime_not_allowed", "type_time", message, str(time), limit, Retcode.INVALID_EXPIRATION
        )


def expiration_is_given(case: Case) -> Iterator[Refusal]:
    """Lifetimes 2, 3 need a time above 0, at most 2^31 - 1 (docs/protocol.md 7.7)."""
    if case.request.trade_action not in PENDINGS:
        return
    _, time = client_filling(case.request, case.symbol)
    given = case.request.time_expiration
    if time in _DATED and not 0 < given <= EXPIRATION_MAX:
        message, limit = "the expiration time is not a time", str(EXPIRATION_MAX)
        yield refuse(
            "expiration_invalid", "time_expiration", message, str(given), limit, Retcode.INVALID_EXPIRATION
        )
