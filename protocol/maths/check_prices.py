"""Checks of prices: their form, then their distance to the market (docs/protocol.md 7.7)."""

import math
from collections.abc import Iterator

from ..enums import Retcode, TradeAction
from .check_input import DEALS, PENDINGS, Case, Refusal, refuse
from .families import LIMIT_TYPES, STOP_LIMIT_TYPES, STOP_TYPES
from .rounding import normalize

PRICE_MAX = 1e9

_TICK_SLACK = 1e-6  # of a tick

_PRICED_DEALS: frozenset[int] = frozenset({TradeAction.DEAL_REQUEST, TradeAction.DEAL_INSTANT})
_WITH_PRICE: frozenset[int] = DEALS | PENDINGS
_WITH_STOPS: frozenset[int] = _WITH_PRICE | {TradeAction.SLTP}


def prices_are_well_formed(case: Case) -> Iterator[Refusal]:
    """Order prices: finite, at most 10^9, not negative unless allowed, on the tick grid, given where needed.

    docs/protocol.md 7.7.  A price of 0 is "at market" for market or exchange deals only.
    """
    request = case.request
    if request.trade_action not in _WITH_PRICE:
        return
    needed = request.trade_action in PENDINGS or request.trade_action in _PRICED_DEALS
    yield from _form(case, "price_order", request.price_order, Retcode.INVALID_PRICE, needed=needed)
    if request.trade_action in PENDINGS and request.trade_type in STOP_LIMIT_TYPES:
        yield from _form(case, "price_trigger", request.price_trigger, Retcode.INVALID_PRICE, needed=True)


def stops_are_well_formed(case: Case) -> Iterator[Refusal]:
    """Stop loss with take profit: the same, answered with their own retcode (docs/protocol.md 7.7)."""
    request = case.request
    if request.trade_action in _WITH_STOPS:
        yield from _form(case, "price_sl", request.price_sl, Retcode.INVALID_STOPS, needed=False)
        yield from _form(case, "price_tp", request.price_tp, Retcode.INVALID_STOPS, needed=False)


def _form(case: Case, field: str, price: float, retcode: Retcode, *, needed: bool) -> Iterator[Refusal]:
    given = str(price)
    if not math.isfinite(price):
        yield refuse("price_not_finite", field, "the price is not a number", given, "", retcode)
        return
    if abs(price) > PRICE_MAX:
        yield refuse("price_too_large", field, "the price is too large", given, str(PRICE_MAX), retcode)
    if price < 0 and not case.may_be_negative:
        yield refuse("price_negative", field, "the price is negative", given, "0", retcode)
    if price == 0 and needed and not case.may_be_negative:
        yield refuse("price_missing", field, "there is no price", given, "", retcode)
    if not _on_tick(case, price):
        limit = str(case.symbol.trade_tick_size)
        yield refuse(
            "price_off_tick", field, "the price is no multiple of the tick size", given, limit, retcode
        )


def _on_tick(case: Case, price: float) -> bool:
    # Some slack, so that a price that was computed, 0.1 + 0.2, passes for the one it means; the ulps are
    # what the division itself may be off by, which shows where prices are large against their tick.
    tick = case.symbol.trade_tick_size
    if not tick > 0:
        return True
    steps = price / tick
    return not abs(steps - normalize(steps, 0)) > _TICK_SLACK + 4 * math.ulp(steps)


def symbol_is_quoted(case: Case) -> Iterator[Refusal]:
    """Deals, pendings, changes of stops need a tick first (docs/protocol.md 7.7)."""
    unquoted = case.view.bid is None or case.view.ask is None
    if unquoted and case.request.trade_action in _WITH_STOPS:
        yield refuse("no_tick", "trade_symbol", "the symbol has no quote yet", "", "", Retcode.PRICE_OFF)


def _below(case: Case, field: str, price: float, base: float, retcode: Retcode) -> Iterator[Refusal]:
    """`price` must keep the stops level below `base`."""
    limit = case.price(base - case.level)
    if not case.price(price) <= limit:
        yield _too_near(field, price, f"at most {limit}", retcode)


def _above(case: Case, field: str, price: float, base: float, retcode: Retcode) -> Iterator[Refusal]:
    """`price` must keep the stops level above `base`."""
    limit = case.price(base + case.level)
    if not case.price(price) >= limit:
        yield _too_near(field, price, f"at least {limit}", retcode)


def _too_near(field: str, price: float, limit: str, retcode: Retcode) -> Refusal:
    code = {"price_sl": "sl_too_near", "price_tp": "tp_too_near"}.get(field, "price_too_near")
    return refuse(code, field, "the price is on the wrong side or too near", str(price), limit, retcode)


def _is_pending(case: Case, types: frozenset[int]) -> bool:
    return case.request.trade_action in PENDINGS and case.request.trade_type in types


def limit_keeps_distance(case: Case) -> Iterator[Refusal]:
    """A buy limit at most ask - level, a sell limit at least bid + level; not on an exchange.

    docs/protocol.md 7.7.
    """
    bid, ask = case.view.bid, case.view.ask
    if bid is None or ask is None or case.on_exchange or not _is_pending(case, LIMIT_TYPES):
        return
    price, field, retcode = case.request.price_order, "price_order", Retcode.INVALID_PRICE
    if case.is_buy:
        yield from _below(case, field, price, ask, retcode)
    else:
        yield from _above(case, field, price, bid, retcode)


def stop_keeps_distance(case: Case) -> Iterator[Refusal]:
    """A buy stop at least ask + level, a sell stop at most bid - level; stop-limits are activated alike.

    docs/protocol.md 7.7.
    """
    bid, ask = case.view.bid, case.view.ask
    if bid is None or ask is None or not _is_pending(case, STOP_TYPES | STOP_LIMIT_TYPES):
        return
    price, field, retcode = case.request.price_order, "price_order", Retcode.INVALID_PRICE
    if case.is_buy:
        yield from _above(case, field, price, ask, retcode)
    else:
        yield from _below(case, field, price, bid, retcode)


def stop_limit_keeps_distance(case: Case) -> Iterator[Refusal]:
    """A stop-limit's limit price keeps the level from its activation price; not on an exchange.

    docs/protocol.md 7.7.
    """
    if case.on_exchange or not _is_pending(case, STOP_LIMIT_TYPES):
        return
    request, retcode = case.request, Retcode.INVALID_PRICE
    keeps = _below if case.is_buy else _above
    yield from keeps(case, "price_trigger", request.price_trigger, request.price_order, retcode)


def _stops_keep_distance(case: Case, base: float, sl: float, tp: float) -> Iterator[Refusal]:
    """Both stops against one price; 0 is no stop."""
    keep_sl, keep_tp = (_below, _above) if case.is_buy else (_above, _below)
    if sl:
        yield from keep_sl(case, "price_sl", sl, base, Retcode.INVALID_STOPS)
    if tp:
        yield from keep_tp(case, "price_tp", tp, base, Retcode.INVALID_STOPS)


def pending_stops_keep_distance(case: Case) -> Iterator[Refusal]:
    """A pending order's stops keep the level from its own price, for a stop-limit the limit price.

    docs/protocol.md 7.7.
    """
    request = case.request
    if request.trade_action in PENDINGS:
        by_limit = request.trade_type in STOP_LIMIT_TYPES
        base = request.price_trigger if by_limit else request.price_order
        yield from _stops_keep_distance(case, base, request.price_sl, request.price_tp)


def position_stops_keep_distance(case: Case) -> Iterator[Refusal]:
    """Stops of an opening deal or of a position keep the level: a buy's from the bid, a sell's from the ask.

    docs/protocol.md 7.7.  Unchanged values are not checked, nor are those of market or exchange deals
    without a price.
    """
    request, position = case.request, case.view.position
    bid, ask = case.view.bid, case.view.ask
    if bid is None or ask is None:
        return
    sl, tp = request.price_sl, request.price_tp
    if request.trade_action == TradeAction.SLTP:
        sl = 0.0 if position is not None and _same(case, sl, position.price_sl) else sl
        tp = 0.0 if position is not None and _same(case, tp, position.price_tp) else tp
    elif request.trade_action not in DEALS or _at_market(case):
        return
    yield from _stops_keep_distance(case, bid if case.is_buy else ask, sl, tp)


def _at_market(case: Case) -> bool:
    return case.request.trade_action not in _PRICED_DEALS and case.request.price_order == 0


def _same(case: Case, one: float, other: float) -> bool:
    return case.price(one) == case.price(other)


def instant_price_was_shown(case: Case) -> Iterator[Refusal]:
    """An instant deal's price must have been shown recently or requoted (docs/protocol.md 7.7)."""
    usable, price = case.view.usable_prices, case.request.price_order
    if case.request.trade_action != TradeAction.DEAL_INSTANT or usable is None:
        return
    if not any(_same(case, price, shown) for shown in usable):
        message, limit = "the price was not shown recently", ", ".join(map(str, usable))
        yield refuse("price_not_shown", "price_order", message, str(price), limit, Retcode.PRICE_OFF)


def limit_is_within_day_limits(case: Case) -> Iterator[Refusal]:
    """A limit order within trade_price_limit_min..max, each where it is set (docs/protocol.md 7.7)."""
    if not _is_pending(case, LIMIT_TYPES):
        return
    price, symbol = case.request.price_order, case.symbol
    low, high = symbol.trade_price_limit_min, symbol.trade_price_limit_max
    if (low and price < low) or (high and price > high):
        message, limit = "the price is outside the day's limits", f"{low}..{high}"
        yield refuse("price_outside_limits", "price_order", message, str(price), limit, Retcode.INVALID_PRICE)
