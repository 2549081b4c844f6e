"""What kind of failure a code is, and whether asking again may help: one table for all codes.

`retry` speaks of the same request, made again by whoever made it, with an id of its own where the id is used
up.  It is never done here: nothing is sent twice.
"""

from typing import Final, Literal, NamedTuple

Category = Literal["init", "auth", "breaker_open", "timeout", "data", "connection", "validation", "state"]
Retry = Literal["yes", "no", "unknown"]


class Kind(NamedTuple):
    """One category."""

    meaning: str
    retry: Retry
    codes: frozenset[str]


def _codes(words: str) -> frozenset[str]:
    return frozenset(words.split())


CATEGORIES: Final[dict[Category, Kind]] = {
    "init": Kind(
        "the daemon or the account is not up yet, or is being stopped; nothing was done",
        "yes",
        _codes("stopping restarted reconciling"),
    ),
    "auth": Kind(
        "a login or a client may not do it",
        "no",
        _codes(
            "read_only account_trade_disabled account_read_only password_change_required "
            "client_mismatch client_required"
        ),
    ),
    "breaker_open": Kind(
        "such requests were not answered again and again, so none is sent for a while; nothing was done",
        "yes",
        _codes("breaker_open"),
    ),
    "timeout": Kind(
        "asked, and not answered in time: what became of it is not known", "unknown", _codes("timeout")
    ),
    "data": Kind(
        "what is needed to decide or to answer is not here, too old or unusable; nothing was done",
        "yes",
        _codes(
            "no_quote delayed_quote stale_quote price_moved no_prices margin_unknown "
            "behind bad_answer unreadable risk_unknown risk_unreadable"
        ),
    ),
    "connection": Kind(
        "venue, NATS or disk cannot be had now, or more is asked than gets through in time; nothing was done",
        "yes",
        _codes(
            "venue_unavailable nats_away not_sent not_executed not_published not_recorded busy past_deadline "
            "not_compared"
        ),
    ),
    "validation": Kind(
        "the request itself cannot be carried out, whenever it is made",
        "no",
        _codes(
            # what cannot be read
            "too_large not_json not_messagepack not_an_object unknown_verb unknown_field duplicate_field "
            "missing_field bad_value out_of_range conflicting_fields bad_request unknown_query "
            # what names nothing, or another thing
            "conflict unknown_command unknown_order order_needed unknown_symbol unknown_position "
            "nothing_named position_required "
            # what does not fit the symbol or the account
            "field_not_used number_out_of_range deviation_not_held execution_unknown close_by_needs_hedging "
            "close_by_other_symbol close_by_same_side close_by_not_allowed volume_not_positive "
            "volume_above_max volume_off_step volume_below_min price_too_large price_negative "
            "price_off_tick price_missing order_type_not_allowed sl_not_allowed tp_not_allowed "
            "filling_not_allowed lifetime_not_allowed expiration_invalid expiration_past "
            # what our own limits never allow
            "risk_symbol risk_side risk_action risk_order_volume bad_limits within_needed"
        ),
    ),
    "state": Kind(
        "not as account, market and what is named are now: something else has to happen first",
        "no",
        _codes(
            "halted difference restored dirty reducing fenced left_open not_unknown overtaken trade_disabled "
            "differs no_difference difference_unconfirmed difference_changed difference_unacceptable "
            "symbol_not_started symbol_expired market_closed position_closed order_not_found order_ended "
            "order_not_pending order_over long_only short_only close_only volume_above_position "
            "volume_above_limit frozen outcome_pending modify_pending price_too_near sl_too_near tp_too_near "
            "price_outside_limits no_money venue_refused no_changes client_halted client_reducing "
            "risk_hours risk_symbol_volume risk_account_volume risk_gross_exposure risk_net_exposure "
            "risk_notional risk_orders risk_positions risk_rate_second risk_rate_minute risk_duplicate "
            "risk_collar risk_daily_loss risk_drawdown halt_file"
        ),
    ),
}
OF_CODE: Final[dict[str, Category]] = {
    code: category for category, kind in CATEGORIES.items() for code in kind.codes
}


def category_of(code: str) -> Category:
    """The category of a code; every code has one."""
    return OF_CODE.get(code, "state")


def retry_of(code: str) -> Retry:
    """Whether the same, asked again, may be carried out."""
    return CATEGORIES[category_of(code)].retry
