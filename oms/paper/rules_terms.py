"""Rules about who may trade what, when, and in which form (docs/protocol.md 7.7)."""

from protocol.enums import (
    Execution,
    FillFlags,
    Filling,
    OrderFlags,
    OrderTime,
    OrderType,
    Retcode,
    Side,
    TradeAction,
    TradeMode,
)

from .case import DEALS, Case, ever_held
from .catalog import tradable
from .orders import LIMITS, MARKETS, STOP_LIMITS, STOPS

DAY = 86_400
LAST_TIME = 2**31 - 1

# Which action trades in which mode; above the instant volume the request flow is used (6.5).
ACTIONS: dict[int, TradeAction] = {
    Execution.REQUEST: TradeAction.DEAL_REQUEST,
    Execution.INSTANT: TradeAction.DEAL_INSTANT,
    Execution.MARKET: TradeAction.DEAL_MARKET,
    Execution.EXCHANGE: TradeAction.DEAL_EXCHANGE,
}

KINDS = (
    (MARKETS, OrderFlags.MARKET),
    (LIMITS, OrderFlags.LIMIT),
    (STOPS, OrderFlags.STOP),
    (STOP_LIMITS, OrderFlags.STOP_LIMIT),
    (frozenset({OrderType.CLOSE_BY}), OrderFlags.CLOSE_BY),
)
FILL_FLAGS = {Filling.FOK: FillFlags.FOK, Filling.IOC: FillFlags.IOC, Filling.BOC: FillFlags.BOC}


def symbol_enabled(case: Case) -> Retcode | None:
    """Trade mode 0 trades nothing."""
    return Retcode.TRADE_DISABLED if case.trade.trade_mode == TradeMode.DISABLED else None


def in_session(case: Case) -> Retcode | None:
    """Everything waits for the symbol's trading session."""
    return None if tradable(case.spec, case.floor.now.seconds) else Retcode.MARKET_CLOSED


def action_fits_mode(case: Case) -> Retcode | None:
    """The execution mode decides the action (docs/protocol.md 6.5)."""
    action, wanted = case.request.trade_action, ACTIONS.get(case.mode)
    largest = case.trade.trade_instant_volume
    if case.mode == Execution.INSTANT and largest and case.request.trade_volume > largest:
        wanted = TradeAction.DEAL_REQUEST
    if action == TradeAction.REQUEST_PRICES:
        return None if wanted == TradeAction.DEAL_REQUEST else Retcode.INVALID
    return None if action == wanted else Retcode.INVALID


def direction_allowed(case: Case) -> Retcode | None:
    """New exposure only as the trade mode has it; reducing is always allowed."""
    if case.reduces:
        return None
    match case.trade.trade_mode:
        case TradeMode.LONG_ONLY if case.side == Side.SELL:
            return Retcode.LONG_ONLY
        case TradeMode.SHORT_ONLY if case.side == Side.BUY:
            return Retcode.SHORT_ONLY
        case TradeMode.CLOSE_ONLY:
            return Retcode.CLOSE_ONLY
    return None


def position_addressed(case: Case) -> Retcode | None:
    """A deal that names a position finds it open, of its symbol, on the other side; nothing is opened.

    In netting the position is the symbol's, whatever the request names, and a close that comes too late
    opens the other side: nothing on the wire stops it (docs/semantics.md 4).
    """
    request = case.request
    if not case.account.hedging or not request.trade_position:
        return None
    if case.position is None:
        return _no_position(case)
    same = case.position.trade_symbol == request.trade_symbol
    return None if same and case.position.trade_action != case.side else Retcode.INVALID


def position_open(case: Case) -> Retcode | None:
    """A change of stops finds its position."""
    if case.position is None:
        return Retcode.POSITION_CLOSED if not case.account.hedging else _no_position(case)
    return None if case.position.trade_symbol == case.request.trade_symbol else Retcode.INVALID


def _no_position(case: Case) -> Retcode:
    closed = ever_held(case.account, case.request.trade_position)
    return Retcode.POSITION_CLOSED if closed else Retcode.INVALID


def one_close_at_a_time(case: Case) -> Retcode | None:
    """A close of the same position is with the dealer already."""
    key = (case.account.login, case.request.trade_position)
    return Retcode.CLOSE_ORDER_EXIST if key in case.floor.closing else None


def order_open(case: Case) -> Retcode | None:
    """A pending order that is changed or removed is open, and is the one that the request describes."""
    if case.order is None:
        return Retcode.INVALID_ORDER
    described = (case.request.trade_symbol, case.request.trade_type)
    same = described == (case.order.trade_symbol, case.order.order_type)
    return None if same else Retcode.INVALID


def order_can_change(case: Case) -> Retcode | None:
    """What is left of a market order has no price to change."""
    resting = case.order is not None and case.order.order_type in MARKETS
    return Retcode.INVALID_ORDER if resting else None


def type_allowed(case: Case) -> Retcode | None:
    """The symbol allows orders of this type, and the stops that it carries."""
    request = case.request
    kinds = MARKETS if request.trade_action in DEALS else LIMITS | STOPS | STOP_LIMITS
    if request.trade_type not in kinds:
        return Retcode.INVALID_ORDER
    needed = next(flag for types, flag in KINDS if request.trade_type in types)
    if not case.trade.trade_order_flags & needed:
        return Retcode.INVALID_ORDER
    return stops_allowed(case)


def stops_allowed(case: Case) -> Retcode | None:
    """SL and TP, each by its flag."""
    flags, request = case.trade.trade_order_flags, case.request
    forbidden = (request.price_sl and not flags & OrderFlags.SL) or (
        request.price_tp and not flags & OrderFlags.TP
    )
    return Retcode.INVALID_ORDER if forbidden else None


def filling_allowed(case: Case) -> Retcode | None:
    """The filling is one of the mode and, where the mode asks for it, of the symbol's flags.

    Market execution refuses RETURN for deals, unless the symbol allows neither FOK nor IOC: then the client
    sends it (6.5).
    """
    filling, flags = case.request.type_filling, case.trade.trade_fill_flags
    pending = case.request.trade_action == TradeAction.PENDING
    if filling not in (Filling.FOK, Filling.IOC, Filling.RETURN, Filling.BOC):
        return Retcode.INVALID_FILL
    match case.mode:
        case Execution.REQUEST | Execution.INSTANT:
            allowed = filling == (Filling.RETURN if pending else Filling.FOK)
        case Execution.MARKET if filling == Filling.RETURN:
            allowed = pending or not flags & (FillFlags.FOK | FillFlags.IOC)
        case Execution.MARKET:
            allowed = filling != Filling.BOC and bool(flags & FILL_FLAGS[Filling(filling)])
        case _:
            turned = filling == Filling.RETURN or case.request.trade_type in STOPS
            allowed = turned or bool(flags & FILL_FLAGS[Filling(filling)])
    return None if allowed else Retcode.INVALID_FILL


def expiration_allowed(case: Case) -> Retcode | None:
    """The lifetime is one of the symbol's, and its end is ahead, in server time."""
    request = case.request
    if request.type_time not in tuple(OrderTime) or not case.trade.trade_time_flags & 1 << request.type_time:
        return Retcode.INVALID_EXPIRATION
    if request.type_time not in (OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY):
        return None
    ends = expires_at(request.type_time, request.time_expiration, 0)
    within = 0 < request.time_expiration <= LAST_TIME
    return (
        None if within and ends is not None and ends > case.floor.now.seconds else Retcode.INVALID_EXPIRATION
    )


def expires_at(lifetime: int, expiration: int, setup: int) -> int | None:
    """The server-time second in which an order expires, None = never (docs/semantics.md TC-O9)."""
    match lifetime:
        case OrderTime.DAY:
            return setup - setup % DAY + DAY
        case OrderTime.SPECIFIED:
            return expiration
        case OrderTime.SPECIFIED_DAY:
            return expiration - expiration % DAY + DAY - 1
    return None


def hedging_only(case: Case) -> Retcode | None:
    """Positions of one symbol stand side by side in hedging alone."""
    return None if case.account.hedging else Retcode.INVALID


def close_by_allowed(case: Case) -> Retcode | None:
    """The symbol allows it."""
    allowed = case.trade.trade_order_flags & OrderFlags.CLOSE_BY
    return None if allowed else Retcode.INVALID_ORDER


def opposite_positions(case: Case) -> Retcode | None:
    """Two open positions of one symbol on opposite sides."""
    request, positions = case.request, case.account.positions
    ids = (request.trade_position, request.position_by)
    missing = [number for number in ids if number not in positions]
    if missing:
        closed = all(ever_held(case.account, number) for number in missing)
        return Retcode.POSITION_CLOSED if closed else Retcode.INVALID
    one, other = (positions[number] for number in ids)
    symbols = {one.trade_symbol, other.trade_symbol, request.trade_symbol}
    fits = len(symbols) == 1 and one.trade_action != other.trade_action
    return None if fits else Retcode.INVALID
