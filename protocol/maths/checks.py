"""The order checks that the official client makes before it sends (docs/protocol.md 7.7).

A table of rules, each of which knows one row.  All of them run, so that a caller learns every reason at
once.  Not here, because the client does not check them: volume_limit, freeze level, margin.
"""

from collections.abc import Callable, Iterator

from ..enums import Retcode
from .check_changes import close_by_fits, close_by_is_allowed, order_changes, stops_change
from .check_input import Case, CheckRequest, Refusal, View, refuse
from .check_prices import (
    instant_price_was_shown,
    limit_is_within_day_limits,
    limit_keeps_distance,
    pending_stops_keep_distance,
    position_stops_keep_distance,
    prices_are_well_formed,
    stop_keeps_distance,
    stop_limit_keeps_distance,
    stops_are_well_formed,
    symbol_is_quoted,
)
from .check_terms import (
    close_is_within_position,
    expiration_is_given,
    exposure_is_allowed,
    filling_is_allowed,
    lifetime_is_allowed,
    order_type_is_allowed,
    symbol_is_enabled,
    volume_is_allowed,
)

Rule = Callable[[Case], Iterator[Refusal]]

# In the order of the table in docs/protocol.md 7.7; "symbol not loaded" comes before them in `check`.
RULES: tuple[Rule, ...] = (
    symbol_is_enabled,
    exposure_is_allowed,
    volume_is_allowed,
    close_is_within_position,
    prices_are_well_formed,
    stops_are_well_formed,
    order_type_is_allowed,
    filling_is_allowed,
    lifetime_is_allowed,
    expiration_is_given,
    symbol_is_quoted,
    limit_keeps_distance,
    stop_keeps_distance,
    stop_limit_keeps_distance,
    pending_stops_keep_distance,
    position_stops_keep_distance,
    stops_change,
    order_changes,
    close_by_fits,
    close_by_is_allowed,
    instant_price_was_shown,
    limit_is_within_day_limits,
)


def check(request: CheckRequest, view: View) -> tuple[Refusal, ...]:
    """Every reason the official client would have to refuse `request`, in table order; () is a pass.

    docs/protocol.md 7.7.  Without a loaded symbol nothing else can be judged, so that is the only reason.
    """
    if view.symbol is None:
        message = "the symbol's specification is not loaded"
        return (refuse("symbol_not_loaded", "trade_symbol", message, "", "", Retcode.COMMON_ERROR),)
    case = Case(request, view.symbol, view)
    return tuple(refusal for rule in RULES for refusal in rule(case))
