"""Rules about prices: grid, distance from the market, stops, freezing (docs/protocol.md 7.7).

Everything is compared as exact decimals.  A request with numbers that are none (NaN, infinities) never comes
further than `prices_sane`, so what follows may reckon.
"""

from decimal import Decimal
from math import isfinite

from protocol.enums import Retcode, Side, TradeAction
from protocol.records.symbols import FullSymbol

from .borders import limit_of
from .case import Case
from .contract import NEGATIVE_PRICES
from .money import exact, rounded
from .orders import LIMITS, MARKETS, STOP_LIMITS, entry_price

HIGHEST = 10**9
GRID = 8  # digits that a double's noise is rounded away to before the tick size is tried


def on_grid(spec: FullSymbol, price: float) -> bool:
    """Whether a price is one that the symbol can have."""
    if not isfinite(price) or abs(price) > HIGHEST:
        return False
    if price < 0 and not spec.ticks_flags & NEGATIVE_PRICES:
        return False
    tick = exact(spec.trade_tick_size or spec.point)
    return tick <= 0 or rounded(exact(price), GRID) % tick == 0


def prices_sane(case: Case) -> Retcode | None:
    """Every price that the action uses is one; stops are judged as stops."""
    request, spec = case.request, case.spec
    entries = [request.price_order]
    if request.trade_type in STOP_LIMITS:
        entries.append(request.price_trigger)
    if not all(on_grid(spec, price) for price in entries):
        return Retcode.INVALID_PRICE
    return stops_sane(case)


def stops_sane(case: Case) -> Retcode | None:
    """Stop loss and take profit are prices."""
    stops = (case.request.price_sl, case.request.price_tp)
    return None if all(on_grid(case.spec, price) for price in stops) else Retcode.INVALID_STOPS


def deal_prices_sane(case: Case) -> Retcode | None:
    """As `prices_sane` where the dealer is named a price; where the market decides, only the stops."""
    named = (TradeAction.DEAL_REQUEST, TradeAction.DEAL_INSTANT)
    if case.request.trade_action not in named:
        return stops_sane(case)
    return prices_sane(case) if case.request.price_order else Retcode.INVALID_PRICE


def entry_given(case: Case) -> Retcode | None:
    """A pending order has a price, a stop-limit both."""
    prices = [case.request.price_order]
    if case.request.trade_type in STOP_LIMITS:
        prices.append(case.request.price_trigger)
    possible = all(prices) or case.spec.ticks_flags & NEGATIVE_PRICES
    return None if possible else Retcode.INVALID_PRICE


def has_quotes(case: Case) -> Retcode | None:
    """There is a tick, and what a deal brings can be converted."""
    return None if case.floor.bookable(case.account, case.spec) else Retcode.PRICE_OFF


def entry_distance(case: Case) -> Retcode | None:
    """Limit, stop and stop-limit stand on their side of the market, at the stops level from it."""
    request = case.request
    price, limit = exact(request.price_order), exact(request.price_trigger)
    if request.trade_type in LIMITS:
        right = case.exchange or _below_market(case, price)
    elif request.trade_type in STOP_LIMITS:
        right = _beyond_market(case, price) and (case.exchange or _behind(case, limit, price))
    else:
        right = _beyond_market(case, price)
    return None if right else Retcode.INVALID_PRICE


def _below_market(case: Case, price: Decimal) -> bool:
    """A limit: better than what the market asks now."""
    if case.side == Side.BUY:
        return price <= case.ask - case.stops_level
    return price >= case.bid + case.stops_level


def _beyond_market(case: Case, price: Decimal) -> bool:
    """A stop: worse than what the market asks now."""
    if case.side == Side.BUY:
        return price >= case.ask + case.stops_level
    return price <= case.bid - case.stops_level


def _behind(case: Case, limit: Decimal, activation: Decimal) -> bool:
    """The limit of a stop-limit: better than its activation."""
    if case.side == Side.BUY:
        return limit <= activation - case.stops_level
    return limit >= activation + case.stops_level


def changed_entry_distance(case: Case) -> Retcode | None:
    """As `entry_distance`; a price that stays is not judged again, an activated order keeps its price."""
    request, order = case.request, case.order
    if order is None:
        return Retcode.INVALID_ORDER
    moved = request.price_order != order.price_order
    limit_moved = request.trade_type in STOP_LIMITS and request.price_trigger != order.price_trigger
    if order.activation_mode and order.order_type not in LIMITS:
        fits = not moved and (case.exchange or _below_market(case, exact(request.price_trigger)))
        return None if fits or not (moved or limit_moved) else Retcode.INVALID_PRICE
    return entry_distance(case) if moved or limit_moved else None


def within_price_limits(case: Case) -> Retcode | None:
    """Limit orders stay within trade_price_limit_min and _max."""
    lowest, highest = case.spec.trade_price_limit_min, case.spec.trade_price_limit_max
    price = case.request.price_order
    if case.request.trade_type not in LIMITS:
        return None
    outside = (lowest and price < lowest) or (highest and price > highest)
    return Retcode.INVALID_PRICE if outside else None


def stops_of_pending(case: Case) -> Retcode | None:
    """SL and TP against the price at which the order enters."""
    entry = exact(entry_price(case.request))
    sl, tp = case.request.price_sl, case.request.price_tp
    if case.request.trade_action == TradeAction.MODIFY and case.order is not None:
        moved = entry_price(case.request) != entry_price(case.order)
        sl = sl if moved or sl != case.order.price_sl else 0.0
        tp = tp if moved or tp != case.order.price_tp else 0.0
    return _stops_right(case, case.side, entry, sl, tp)


def stops_of_deal(case: Case) -> Retcode | None:
    """SL and TP against the price that would close; of market and exchange deals by a switch."""
    action, behaviour = case.request.trade_action, case.floor.behaviour
    free = action in (TradeAction.DEAL_MARKET, TradeAction.DEAL_EXCHANGE)
    if free and not behaviour.check_market_stops:
        return None
    return _stops_right(
        case, case.side, _closing(case, case.side), case.request.price_sl, case.request.price_tp
    )


def stops_of_position(case: Case) -> Retcode | None:
    """SL and TP of an open position, each where it changes."""
    held, request = case.position, case.request
    if held is None:
        return Retcode.POSITION_CLOSED
    side = Side(held.trade_action)
    sl = request.price_sl if request.price_sl != held.sl else 0.0
    tp = request.price_tp if request.price_tp != held.tp else 0.0
    return _stops_right(case, side, _closing(case, side), sl, tp)


def _closing(case: Case, side: Side) -> Decimal:
    """The price at which a position of this side closes."""
    return case.bid if side == Side.BUY else case.ask


def _stops_right(case: Case, side: Side, entry: Decimal, sl: float, tp: float) -> Retcode | None:
    level, sign = case.stops_level, 1 if side == Side.BUY else -1
    loss_near = sl and (entry - exact(sl)) * sign < level
    gain_near = tp and (exact(tp) - entry) * sign < level
    return Retcode.INVALID_STOPS if loss_near or gain_near else None


def stops_change(case: Case) -> Retcode | None:
    """Both stops equal to the position's: nothing to do."""
    held, request = case.position, case.request
    same = held is not None and (request.price_sl, request.price_tp) == (held.sl, held.tp)
    return Retcode.NO_CHANGES if same else None


def order_changes(case: Case) -> Retcode | None:
    """Every price and the lifetime equal to the order's: nothing to do."""
    order, request = case.order, case.request
    if order is None:
        return Retcode.INVALID_ORDER
    wanted = (request.price_order, request.price_sl, request.price_tp, request.type_time)
    known = (order.price_order, order.price_sl, order.price_tp, order.type_time)
    trigger = request.trade_type not in STOP_LIMITS or request.price_trigger == order.price_trigger
    ends = request.type_time < 2 or request.time_expiration == order.time_expiration
    return Retcode.NO_CHANGES if wanted == known and trigger and ends else None


def order_not_frozen(case: Case) -> Retcode | None:
    """A pending order at the freeze level from its activation can be neither changed nor removed."""
    order, level = case.order, case.distance(case.trade.trade_freeze_level)
    if order is None or order.order_type in MARKETS or not level:
        return None
    if not case.floor.quoted(case.spec.trade_symbol):
        return None
    limit = limit_of(order)
    waits_for = exact(order.price_order if limit is None else limit)
    market = case.ask if case.side == Side.BUY else case.bid
    return Retcode.FROZEN if abs(waits_for - market) <= level else None


def position_not_frozen(case: Case) -> Retcode | None:
    """A position at the freeze level from its SL or TP can be neither changed nor closed by its owner."""
    held = case.position
    level = case.distance(case.trade.trade_freeze_level)
    if held is None or not level or not case.floor.quoted(case.spec.trade_symbol):
        return None
    market = _closing(case, Side(held.trade_action))
    near = any(stop and abs(exact(stop) - market) <= level for stop in (held.sl, held.tp))
    return Retcode.FROZEN if near else None


def reducing_not_frozen(case: Case) -> Retcode | None:
    """As `position_not_frozen` for deals that take off the position; adding to it is free."""
    held = case.position
    if held is None or held.trade_action == case.side:
        return None
    return position_not_frozen(case)
