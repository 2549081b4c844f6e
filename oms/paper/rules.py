"""Every refusal: which rules a request meets, in which order (docs/protocol.md 7.7).

The first rule that objects decides the code.  Rules are listed in the order of the document's table; those
that it has no row for (rights, sessions, limits, freezing, margin) stand where a server can first know.
"""

from protocol.enums import Retcode, Rights, TradeAction
from protocol.records.trade import TradeRequest

from . import rules_price as price
from . import rules_terms as terms
from . import rules_volume as volume
from .case import DEALS, Rule, case_of
from .floor import Floor
from .model import Account

__all__ = ["refusal"]

PRICES: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.action_fits_mode,
    terms.direction_allowed,
    volume.volume_allowed,
    price.has_quotes,
)

DEAL: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.action_fits_mode,
    terms.position_addressed,
    terms.direction_allowed,
    volume.volume_allowed,
    volume.volume_limit_kept,
    volume.position_limit_kept,
    price.reducing_not_frozen,
    terms.one_close_at_a_time,
    price.deal_prices_sane,
    terms.type_allowed,
    terms.filling_allowed,
    price.has_quotes,
    price.stops_of_deal,
    volume.affordable,
)

PENDING: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.direction_allowed,
    volume.volume_allowed,
    volume.volume_limit_kept,
    volume.order_limit_kept,
    price.prices_sane,
    price.entry_given,
    terms.type_allowed,
    terms.filling_allowed,
    terms.expiration_allowed,
    price.has_quotes,
    price.entry_distance,
    price.stops_of_pending,
    price.within_price_limits,
    volume.affordable,
)

SLTP: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.position_open,
    price.position_not_frozen,
    price.stops_sane,
    terms.stops_allowed,
    price.has_quotes,
    price.stops_of_position,
    price.stops_change,
)

MODIFY: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.order_open,
    terms.order_can_change,
    volume.volume_unchanged,
    price.order_not_frozen,
    price.prices_sane,
    price.entry_given,
    terms.stops_allowed,
    terms.expiration_allowed,
    price.has_quotes,
    price.changed_entry_distance,
    price.stops_of_pending,
    price.within_price_limits,
    price.order_changes,
)

REMOVE: tuple[Rule, ...] = (terms.in_session, terms.order_open, price.order_not_frozen)

CLOSE_BY: tuple[Rule, ...] = (
    terms.symbol_enabled,
    terms.in_session,
    terms.hedging_only,
    terms.opposite_positions,
    terms.close_by_allowed,
    price.position_not_frozen,
    price.has_quotes,
)

RULES: dict[int, tuple[Rule, ...]] = {
    TradeAction.REQUEST_PRICES: PRICES,
    **dict.fromkeys(DEALS, DEAL),
    TradeAction.PENDING: PENDING,
    TradeAction.SLTP: SLTP,
    TradeAction.MODIFY: MODIFY,
    TradeAction.REMOVE: REMOVE,
    TradeAction.CLOSE_BY: CLOSE_BY,
}

WATCHERS = Rights.INVESTOR | Rights.READ_ONLY | Rights.PASSWORD_CHANGE


def refusal(floor: Floor, account: Account, request: TradeRequest, rights: int) -> Retcode | None:
    """Why a request may not go on, or None; `rights` are the session's and the account's together."""
    if rights & WATCHERS:
        return Retcode(floor.behaviour.permission_code)
    if rights & Rights.TRADE_DISABLED:
        return Retcode.TRADE_DISABLED
    rules, spec = RULES.get(request.trade_action), floor.terms(account.login).get(request.trade_symbol)
    if rules is None or spec is None:
        return Retcode.INVALID
    case = case_of(floor, account, request, spec)
    return next((code for rule in rules if (code := rule(case)) is not None), None)
