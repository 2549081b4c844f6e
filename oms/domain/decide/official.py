"""The checks of the official client (docs/protocol.md 7.7), told in the words of the command.

They are `protocol.maths.checks`, which reckons in doubles; `grid` looks once more at what was written.

Where the venue takes what the official client would not send, it is sent: RETURN in market execution where
the symbol has neither FOK nor IOC (6.5), the whole of a position whatever the step, what reduces a position
at market though we know no quote, or one off the tick grid, a pending order's price or stops that a modify
leaves as they are, however near the market has come.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from protocol.enums import FillFlags
from protocol.maths.check_input import Refusal
from protocol.maths.checks import check

from ..commands import Close
from ..events.command import Reason
from ..intent import Intent
from ..records import OrderRecord, SymbolRecord
from .case import Case
from .grid import off_grid
from .numbers import request_of, view_of
from .phrases import TOO_NEAR, told
from .resolve import DEAL_MARKET, DEALS, MODIFY, PRICED, REMOVE, RETURN, STOP_LIMITS

# What other rules tell with more of it: what is named and not there; a change that changes nothing.
_ELSEWHERE: Final = frozenset(
    {"symbol_not_loaded", "close_by_without_position", "stops_unchanged", "order_unchanged"}
)


def official_checks_pass(case: Case) -> Iterator[Reason]:
    """No row of the table stands against the request.  Taking an order away it does not check."""
    intent, symbol = case.intent, case.symbol
    if intent is None or symbol is None or intent.action == REMOVE:
        return
    seen = set()
    for refusal in check(request_of(intent), view_of(case, symbol)):
        if not _told_elsewhere(intent, refusal) and not _venue_takes(case, intent, symbol, refusal):
            one = told(case, intent, symbol, refusal)
            seen.add((one.code, one.field))
            yield one
    for one in off_grid(case, intent, symbol):
        if (one.code, one.field) not in seen:
            yield one


def _told_elsewhere(intent: Intent, refusal: Refusal) -> bool:
    """A deal has no price because there is no quote, which is a row of its own."""
    missing = refusal.code == "price_missing" and intent.action in DEALS
    return missing or refusal.code in _ELSEWHERE


def _venue_takes(case: Case, intent: Intent, symbol: SymbolRecord, refusal: Refusal) -> bool:
    """What is sent all the same."""
    if refusal.code == "filling_not_allowed":
        choice = symbol.filling_flags & (FillFlags.FOK | FillFlags.IOC)
        return intent.action == DEAL_MARKET and intent.filling == RETURN and not choice
    if refusal.code == "volume_off_step":
        position = case.named.position
        return isinstance(case.verb, Close) and position is not None and position.volume == intent.volume
    if refusal.code == "no_tick":
        return case.need == "reduce" and intent.action in DEALS - PRICED
    if refusal.field == "price_order" and intent.action in DEALS - PRICED:
        return True  # the position's present price, which names nothing
    return refusal.code in TOO_NEAR and _stays(case, intent, refusal.field)


def _stays(case: Case, intent: Intent, field: str) -> bool:
    """Whether a modified order keeps both the price that is judged and the one that it is judged by."""
    order = case.named.order.record if case.named.order is not None else None
    if intent.action != MODIFY or order is None:
        return False
    enters = _entry(order) == _entry(intent)
    match field:
        case "price_order":
            return intent.price == order.price
        case "price_trigger":
            return intent.price == order.price and enters
        case "price_sl":
            return intent.sl == order.sl and enters
    return intent.tp == order.tp and enters


def _entry(order: OrderRecord | Intent) -> Decimal | None:
    """The price at which it enters: of a stop limit the limit (docs/protocol.md 4.7)."""
    return order.limit_price if order.type in STOP_LIMITS else order.price
