"""Any event: values made from the annotations alone, such as canonical JSON can hold."""

from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from oms.domain.events import CLASSES, Event
from oms.domain.values import Ticket

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
# Enough of the words that folds read, for them to meet.
WORDS = st.sampled_from(
    ["EURUSD", "buy", "sell", "in", "out", "inout", "credit", "placed", "canceled", "filled"]
)
TICKETS = st.integers(1, 9).map(str) | st.integers(1, 2**63 - 1).map(str)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS | WORDS,
    Ticket: TICKETS,
    bool: st.booleans(),
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=8) | st.just(Decimal("1E-8")),
    Any: TEXTS | st.none() | st.integers(0, 9),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation that canonical JSON can hold."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return st.one_of(*(st.none() if one is NoneType else of(one) for one in get_args(hint)))
    if get_origin(hint) is dict:
        return st.dictionaries(TEXTS, of(get_args(hint)[1]), max_size=2)
    if get_origin(hint) is tuple:
        inner = [of(one) for one in get_args(hint) if one is not Ellipsis]
        return st.lists(inner[0], max_size=2).map(tuple) if Ellipsis in get_args(hint) else st.tuples(*inner)
    return values(hint)


@cache
def values(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs of a class."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: of(hints[name]) for name in kind.__struct_fields__})


def event_of_kind(kind: str) -> st.SearchStrategy[Event]:
    """Events of a stored type."""
    return values(CLASSES[kind])


EVENTS: st.SearchStrategy[Event] = st.sampled_from(sorted(CLASSES)).flatmap(event_of_kind)
