"""How a refusal of the official client's checks is told: fields, figures and words of the command's own."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from protocol.enums import Retcode
from protocol.maths.check_input import Refusal
from protocol.maths.check_prices import PRICE_MAX

from ..commands import Expiry, Submit
from ..events.command import Reason
from ..intent import Intent
from ..records import SymbolRecord
from ..values import EXACT
from . import lifetimes
from .case import Case
from .points import tick_of
from .reasons import reason, text
from .resolve import DEALS

Figure = Decimal | str | None

TOO_NEAR: Final = frozenset({"price_too_near", "sl_too_near", "tp_too_near"})
_CODES: Final = {"no_tick": "no_quote", "price_not_finite": "number_out_of_range"}
_FIELDS: Final = {
    "trade_volume": "volume",
    "price_order": "price",
    "price_trigger": "limit_price",
    "price_sl": "sl",
    "price_tp": "tp",
    "type_filling": "filling",
    "type_time": "time_in_force",
    "time_expiration": "expires_at",
    "trade_symbol": "symbol",
    "trade_mode": "symbol",
    "position_by": "position_by",
}
_MESSAGES: Final = {
    "trade_disabled": "trading {given} is disabled",
    "long_only": "only long positions are allowed",
    "short_only": "only short positions are allowed",
    "close_only": "positions may only be closed",
    "volume_not_positive": "{given} is not above 0",
    "volume_above_max": "{given} is above {limit}",
    "volume_off_step": "{given} is not a multiple of {limit}",
    "volume_below_min": "{given} is below {limit}",
    "volume_above_position": "{given} is more than the {limit} of the position",
    "number_out_of_range": "{given} is not a number",
    "price_too_large": "{given} is above {limit}",
    "price_negative": "{given} is negative",
    "price_missing": "the order needs a price",
    "price_off_tick": "{given} is not a multiple of {limit}",
    "price_too_near": "{given} must be {bound} {limit}",
    "sl_too_near": "{given} must be {bound} {limit}",
    "tp_too_near": "{given} must be {bound} {limit}",
    "order_type_not_allowed": "the symbol does not take {given} orders",
    "sl_not_allowed": "the symbol takes no stop loss",
    "tp_not_allowed": "the symbol takes no take profit",
    "filling_not_allowed": "the symbol does not take {given} here",
    "lifetime_not_allowed": "the symbol does not take {given}",
    "expiration_invalid": "the lifetime needs a time at which it ends",
    "no_quote": "{given} has no quote yet",
    "price_outside_limits": "{given} is outside the day's limits",
    "close_by_needs_hedging": "the account does not hedge",
    "close_by_other_symbol": "the positions are of two symbols",
    "close_by_same_side": "the positions are on the same side",
    "close_by_not_allowed": "the symbol does not allow close by",
}


def told(case: Case, intent: Intent, symbol: SymbolRecord, refusal: Refusal) -> Reason:
    """The reason."""
    code = _CODES.get(refusal.code, refusal.code)
    given, limit = _given(case, intent, symbol, refusal), _limit(case, symbol, refusal)
    message = _MESSAGES[code].format(
        given=text(given), limit=text(limit), bound=refusal.limit.rpartition(" ")[0]
    )
    field = _field(case, intent, refusal)
    return reason(code, message, field=field, given=given, limit=limit, retcode=refusal.retcode)


def _field(case: Case, intent: Intent, refusal: Refusal) -> str | None:
    """The command's field.  The price of a deal is the market's, not the user's."""
    if refusal.field == "price_order" and intent.action in DEALS:
        return None
    if refusal.field == "trade_type":
        return case.field("type" if refusal.retcode == Retcode.INVALID_ORDER else "side")
    return case.field(_FIELDS.get(refusal.field, ""))


def _given(case: Case, intent: Intent, symbol: SymbolRecord, refusal: Refusal) -> Figure:
    """What stands in the field, as the user wrote it where it is his."""
    match refusal.field:
        case "trade_symbol" | "trade_mode":
            return symbol.symbol
        case "trade_type" if refusal.retcode == Retcode.INVALID_ORDER:
            return case.verb.type if isinstance(case.verb, Submit) else "market"
        case "trade_type":
            return refusal.given
        case "time_expiration":
            end = getattr(case.verb, "expires_at", None)
            return lifetimes.written(end) if isinstance(end, Expiry) else None
        case "trade_position" | "position_by" | "trade_action":
            return None
    figure: Figure = getattr(intent, _FIELDS[refusal.field])
    return figure


def _limit(case: Case, symbol: SymbolRecord, refusal: Refusal) -> Figure:
    """What would do."""
    find = _LIMITS.get(refusal.code)
    return find(case, symbol, refusal) if find is not None else None


def _border(_case: Case, symbol: SymbolRecord, refusal: Refusal) -> Decimal:
    bound = Decimal(refusal.limit.rpartition(" ")[2])
    return bound.quantize(Decimal(1).scaleb(-symbol.digits), context=EXACT) if bound.is_finite() else bound


def _held(case: Case, _symbol: SymbolRecord, _refusal: Refusal) -> Figure:
    return case.named.position.volume if case.named.position is not None else None


def _flags(words: tuple[str, ...], flags: int) -> str:
    """Those of the words whose bit is set, the first word's being 1."""
    return ", ".join(word for bit, word in enumerate(words) if flags & 1 << bit)


_TYPES: Final = ("market", "limit", "stop", "stop_limit")
_FILLINGS: Final = ("fok", "ioc", "boc")
_LIFETIMES: Final = ("gtc", "day", "specified", "specified_day")

_LIMITS: Final[dict[str, Callable[[Case, SymbolRecord, Refusal], Any]]] = {
    "long_only": lambda case, symbol, refusal: refusal.limit,
    "short_only": lambda case, symbol, refusal: refusal.limit,
    "volume_not_positive": lambda case, symbol, refusal: "0",
    "volume_above_max": lambda case, symbol, refusal: symbol.volume_max,
    "volume_off_step": lambda case, symbol, refusal: symbol.volume_step,
    "volume_below_min": lambda case, symbol, refusal: symbol.volume_min,
    "volume_above_position": _held,
    "price_too_large": lambda case, symbol, refusal: f"{PRICE_MAX:.0f}",
    "price_negative": lambda case, symbol, refusal: "0",
    "price_off_tick": lambda case, symbol, refusal: tick_of(symbol),
    **dict.fromkeys(TOO_NEAR, _border),
    "order_type_not_allowed": lambda case, symbol, refusal: _flags(_TYPES, symbol.order_flags),
    "filling_not_allowed": lambda case, symbol, refusal: _flags(_FILLINGS, symbol.filling_flags),
    "lifetime_not_allowed": lambda case, symbol, refusal: _flags(_LIFETIMES, symbol.time_flags),
    "price_outside_limits": lambda case, symbol, refusal: (
        f"{text(symbol.price_limit_min or None) or ''}..{text(symbol.price_limit_max or None) or ''}"
    ),
}
