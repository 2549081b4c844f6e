"""The payload of a query, read strictly: what is not understood is refused, with the name of its field.

Requests are flat: fields hold text, whole numbers, booleans, lists of text.  No number of a request has a
fraction, so a double is refused in both formats, whatever its value.
"""

from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar, get_type_hints

import msgspec

from oms.payload import BadPayload, brief, pairs, shown, storable

from .refusal import bad

LARGEST: Final = 2**53 - 1  # what every JSON reader has exactly
LONGEST: Final = 256  # letters of a name in a request
MOST_NAMES: Final = 1000
MOST_ROWS: Final = 1000

Seq = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
Texts = Annotated[list[Text], msgspec.Meta(min_length=1, max_length=MOST_NAMES)]
Ticket = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}\Z")]
Rows = Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every query takes."""

    min_seq: Seq = 0  # answered when this is recorded: read your writes; waits at most 5 s, then `behind`


class PastRequest(Request, frozen=True, kw_only=True):
    """What queries of the books take."""

    # Without constraints: msgspec 0.22 crashes on some unions whose members have them.
    as_of: int | str | None = None  # the state then: a seq, or an RFC 3339 time


R = TypeVar("R", bound=Request)


def read(kind: type[R], payload: bytes, content_type: str) -> R:
    """The request of a payload, an empty one standing for {}; raises Refused."""
    try:
        sent = pairs(payload, content_type)
    except BadPayload as why:
        raise bad(None, why.message) from None
    hints = _hints(kind)
    attributes = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    given: dict[str, Any] = {}
    for name, value in sent:
        if name not in hints:
            raise bad(brief(name), f"{shown(name)} is no field of this query: {', '.join(hints)}")
        if name in given:
            raise bad(name, "is there twice")
        given[name] = _field(name, value, hints[name])
    for field in msgspec.structs.fields(kind):
        if field.required and field.encode_name not in given:
            raise bad(field.encode_name, "is missing")
    return kind(**{attributes[name]: value for name, value in given.items()})


@lru_cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The annotations of a class by the names that requests use."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        sent: hints[name]
        for name, sent in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }


def _field(name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, float):
        raise bad(name, "is no whole number")
    try:
        found = msgspec.convert(value, hint)
    except msgspec.ValidationError as why:
        raise bad(name, str(why)) from None
    for text in found if isinstance(found, list) else [found]:
        if isinstance(text, str) and not storable(text):
            raise bad(name, "has a lone surrogate")
    return found
