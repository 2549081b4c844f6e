"""The payload of a query, read strictly: what is not understood is refused, with the name of its field.

The libraries take the last of two equal keys and skip nothing else; so pairs are read as pairs.  Requests
are flat: fields hold text, whole numbers, booleans, lists of text.  No number of a request has a fraction,
so a double is refused in both formats, whatever its value.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar, get_type_hints

import msgspec

from .refusal import bad, shown

MOST_BYTES: Final = 64 * 1024
LARGEST: Final = 2**53 - 1  # what every JSON reader has exactly
LONGEST: Final = 256  # letters of a name in a request
MOST_NAMES: Final = 1000
MOST_ROWS: Final = 1000

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"

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


class Pairs:
    """An object of JSON as it was written."""

    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items


def format_of(headers: Mapping[str, str]) -> str:
    """MSGPACK where the Content-Type says so, else JSON."""
    for name, value in headers.items():
        if name.lower() == "content-type" and value.partition(";")[0].strip().lower() == MSGPACK:
            return MSGPACK
    return JSON


def read(kind: type[R], payload: bytes, content_type: str) -> R:
    """The request of a payload, an empty one standing for {}; raises Refused."""
    if len(payload) > MOST_BYTES:
        raise bad(None, f"a request may have {MOST_BYTES} bytes, this has {len(payload)}")
    pairs = (_of_msgpack if content_type == MSGPACK else _of_json)(payload) if payload else []
    hints = _hints(kind)
    attributes = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name not in hints:
            raise bad(shown(name)[1:-1], f"{shown(name)} is no field of this query: {', '.join(hints)}")
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
        if isinstance(text, str) and not _storable(text):
            raise bad(name, "has a lone surrogate")
    return found


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_json(payload: bytes) -> list[tuple[str, Any]]:
    try:
        found = json.loads(payload.decode(), object_pairs_hook=Pairs, parse_constant=float)
    except UnicodeDecodeError as why:
        raise bad(None, f"is not UTF-8 from byte {why.start} on") from None
    except (ValueError, RecursionError) as why:  # a whole number of 5000 digits is a ValueError too
        raise bad(None, f"is no JSON: {why}") from None
    if not isinstance(found, Pairs):
        raise bad(None, "is no object")
    return found.items


def _of_msgpack(payload: bytes) -> list[tuple[str, Any]]:
    """A map of n pairs has the bytes of an array of 2 n items behind its head: read so, nothing is lost."""
    count, head = _map_head(payload)
    try:
        items = msgspec.msgpack.decode(b"\xdd" + (2 * count).to_bytes(4, "big") + payload[head:])
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as why:
        raise bad(None, f"is no MessagePack: {why}") from None
    names = items[::2]
    for name in names:
        if not isinstance(name, str):
            raise bad(None, "has a key that is no text")
    return list(zip(names, items[1::2], strict=True))


def _map_head(payload: bytes) -> tuple[int, int]:
    """How many pairs, and where they begin."""
    first = payload[0]
    if first >> 4 == 0b1000:
        return first & 0b1111, 1
    size = {0xDE: 2, 0xDF: 4}.get(first)
    if size is None:
        raise bad(None, "is no map of MessagePack")
    count = int.from_bytes(payload[1 : 1 + size], "big")
    if len(payload) < 1 + size or count > len(payload):
        raise bad(None, "is cut off")
    return count, 1 + size
