"""Whether the words of a command go together."""

from collections.abc import Iterator
from typing import Final

import msgspec

from ..commands import Close, Expiry, Modify, Submit
from ..events.command import Reason
from .case import Case, fits
from .reasons import reason, text
from .resolve import DATED, GTC, PRICED, STOP_LIMITS

_VOLUME, _PRICE, _STOPS = 10014, 10015, 10016
_RETCODES: Final = {"volume": _VOLUME, "sl": _STOPS, "tp": _STOPS}


def figures_can_be(case: Case) -> Iterator[Reason]:
    """Every figure is one that can be reckoned with."""
    for field in case.verb.__struct_fields__:
        value = getattr(case.verb, field)
        if not fits(value):
            yield reason(
                "number_out_of_range",
                "it is no figure of this field",
                field=field,
                given=str(value),
                retcode=_RETCODES.get(field, _PRICE),
            )


def fields_mean_something(case: Case) -> Iterator[Reason]:
    """What is given has a place in the request; else the user means something that would not happen."""
    match case.verb:
        case Submit(type="market") as order:
            yield from _unused(case, "price", order.price, "a market order has no price")
            yield from _unused(case, "limit_price", order.limit_price, "a market order has no limit")
            lifetime = None if order.time_in_force == GTC else order.time_in_force
            yield from _unused(case, "time_in_force", lifetime, "a market order does not wait")
            yield from _unused(case, "expires_at", order.expires_at, "a market order does not wait")
        case Submit() as order:
            if order.type != "stop_limit":
                yield from _unused(case, "limit_price", order.limit_price, "only a stop_limit has one")
            if order.time_in_force not in (None, *DATED):
                yield from _unused(case, "expires_at", order.expires_at, f"{order.time_in_force} has no end")
        case Modify(order=None) as change:
            for field in ("price", "limit_price", "time_in_force", "expires_at"):
                yield from _unused(case, field, getattr(change, field), "a position has only sl and tp")
        case Modify() as change:
            yield from _of_an_order(case, change)


def _of_an_order(case: Case, change: Modify) -> Iterator[Reason]:
    order = case.named.order.record if case.named.order is not None else None
    if order is not None and order.type not in STOP_LIMITS:
        yield from _unused(case, "limit_price", change.limit_price, "only a stop_limit has one")
    if change.time_in_force is not msgspec.UNSET and change.time_in_force not in DATED:
        end = change.expires_at
        yield from _unused(case, "expires_at", end, f"{change.time_in_force} has no end")


def _unused(case: Case, field: str, value: object, why: str) -> Iterator[Reason]:
    if value is None or value is msgspec.UNSET:
        return
    yield reason("field_not_used", why, field=case.field(field), given=_given(value))


def _given(value: object) -> str | None:
    return None if isinstance(value, Expiry) else text(str(value))


def deviation_is_held(case: Case) -> Iterator[Reason]:
    """A deviation is held by a dealer's price; a market or an exchange gives what it gives (design.md 5)."""
    verb, intent = case.verb, case.intent
    if not isinstance(verb, Submit | Close) or verb.deviation is None or verb.deviation_advisory:
        return
    if intent is not None and intent.action not in PRICED:
        message = "nothing holds a deviation here: leave it out, or say deviation_advisory"
        yield reason("deviation_not_held", message, field="deviation", given=str(verb.deviation))
