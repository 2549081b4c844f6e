"""Which fields of a command go together, as far as the command alone can tell.

A rule sees what is given.  What could not be read has been told, so it is not told again: a rule that needs
such a field says nothing.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from oms.domain.commands import Cancel, Check, Close, Modify, Submit, Verb
from oms.domain.events.command import Reason

from .codes import CONFLICTING_FIELDS, MISSING_FIELD
from .fields import Found, needed

Rule = Callable[[Found], Iterator[Reason]]

EXPIRING: Final = ("specified", "specified_day")


def judged(verb: type[Verb], found: Found) -> list[Reason]:
    """Everything that does not go together."""
    return [reason for rule in RULES.get(verb, ()) for reason in rule(found)]


def _conflict(name: str, message: str) -> Reason:
    return Reason(CONFLICTING_FIELDS, f"{name} {message}", name)


def _one_of(first: str, second: str, found: Found) -> Iterator[Reason]:
    named = found.given & {first, second}
    if not named:
        yield needed(first, f"either {first} or {second} is needed")
    elif len(named) == 2:
        yield _conflict(second, f"does not go with {first}: one of them")


def _price_where_it_pends(found: Found) -> Iterator[Reason]:
    kind = found.known("type", "market")
    if kind == "market" and "price" in found.given:
        yield _conflict("price", "is of a pending order: a market order is filled at the market's")
    elif kind not in ("market", None) and "price" not in found.given:
        yield needed("price", f"a {kind} order needs a price")


def _limit_price_of_a_stop_limit(found: Found) -> Iterator[Reason]:
    kind = found.known("type", "market")
    if kind == "stop_limit" and "limit_price" not in found.given:
        yield needed("limit_price", "a stop_limit order needs a limit_price")
    elif kind not in ("stop_limit", None) and "limit_price" in found.given:
        yield _conflict("limit_price", "is of a stop_limit order")


def _lifetime_where_it_pends(found: Found) -> Iterator[Reason]:
    if found.known("type", "market") == "market":
        for name in ("time_in_force", "expires_at"):
            if name in found.given:
                yield _conflict(name, "is of a pending order: a market order does not stay")


def _expiry_where_it_expires(found: Found) -> Iterator[Reason]:
    """Of an order to be placed, of which nothing is known yet."""
    lifetime = found.known("time_in_force", "")
    pends = found.known("type", "market") not in ("market", None)
    if pends and lifetime in EXPIRING and "expires_at" not in found.given:
        yield needed("expires_at", f"an order that is {lifetime} needs expires_at")
    elif pends and lifetime not in ("", None, *EXPIRING) and "expires_at" in found.given:
        yield _conflict("expires_at", f"does not go with time_in_force {lifetime}")


def _expiry_fits_the_lifetime(found: Found) -> Iterator[Reason]:
    """Of an order that has a lifetime already: only what contradicts itself."""
    lifetime: Any = found.known("time_in_force", None)
    if lifetime is None or "expires_at" not in found.values:
        return
    if (found.values["expires_at"] is not None) != (lifetime in EXPIRING):
        yield _conflict("expires_at", f"does not go with time_in_force {lifetime}")


def _terms_are_of_an_order(found: Found) -> Iterator[Reason]:
    if "position" in found.given and "order" not in found.given:
        for name in ("price", "limit_price", "time_in_force", "expires_at"):
            if name in found.given:
                yield _conflict(name, "is of an order, not of a position")


def _something_changes(found: Found) -> Iterator[Reason]:
    if not found.given & CHANGES:
        yield Reason(MISSING_FIELD, f"nothing is to be changed: give some of {', '.join(sorted(CHANGES))}")


CHANGES: Final = frozenset(Modify.__struct_fields__) - {"order", "position"}
_ORDERING: Final[tuple[Rule, ...]] = (
    _price_where_it_pends,
    _limit_price_of_a_stop_limit,
    _lifetime_where_it_pends,
    _expiry_where_it_expires,
)
RULES: Final[dict[type[Verb], tuple[Rule, ...]]] = {
    Submit: _ORDERING,
    Check: _ORDERING,
    Modify: (
        partial(_one_of, "order", "position"),
        _terms_are_of_an_order,
        _expiry_fits_the_lifetime,
        _something_changes,
    ),
    Cancel: (partial(_one_of, "order", "command"),),
    Close: (partial(_one_of, "position", "symbol"),),
}
