"""A command read again from its event: what was asked for, as it was understood then."""

from collections.abc import Mapping
from typing import Any

from oms.domain.commands import VERBS, Points, Verb
from oms.payload import Number, Pairs

from .fields import Field, read_fields
from .kinds import KINDS
from .reading import FIELDS, Unreadable


def verb_of(verb: str, payload: Mapping[str, Any]) -> Verb:
    """The command that `command.received` holds; raises Unreadable for what no intake would have taken."""
    kind = VERBS.get(verb)
    if kind is None:
        raise Unreadable((), None, None, None)
    found = read_fields(
        FIELDS[kind], [(name, _given(FIELDS[kind].get(name), value)) for name, value in payload.items()]
    )
    if found.reasons:
        raise Unreadable(found.reasons, None, None, verb)
    return kind(**found.values)


def _given(field: Field | None, value: Any) -> Any:
    """As the payload had it: objects are pairs; whole numbers, stored as text, numbers again."""
    if isinstance(value, Mapping):
        return Pairs(list(value.items()))
    if field is not None and field.kind is KINDS[Points] and isinstance(value, str):
        return Number(value)
    return value
