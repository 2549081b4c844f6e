"""A payload as it was written: an object of JSON or MessagePack as pairs, so that nothing in it is lost.

The libraries take the last of two equal keys, and make doubles of numbers that were exact.  So objects are
read as pairs on every level, and where it matters a number of JSON is the letters that it was written with.
What is no such object is refused; what the pairs mean is the reader's business.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"
MOST_BYTES: Final = 64 * 1024
DEEPEST: Final = 16  # levels of maps in MessagePack; JSON has the library's limit
SHOWN: Final = 60  # letters of what was given that a message repeats

Fault = Literal["too_large", "not_json", "not_messagepack", "not_an_object"]


class BadPayload(Exception):
    """No object at all."""

    def __init__(self, fault: Fault, message: str) -> None:
        self.fault: Fault = fault
        self.message = message
        super().__init__(message)


class Pairs:
    """An object as it was written: keys may be there twice."""

    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items


class Number:
    """A number of JSON as it was written; also NaN, Infinity, -Infinity, which JSON does not have."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_VALUES: Final = json.JSONDecoder(object_pairs_hook=Pairs, parse_constant=float)
_WRITTEN: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=Number
)
_LONG_HEADS: Final = {0xDE: 2, 0xDF: 4}  # of maps of MessagePack: the bytes of the count behind it


def format_of(headers: Mapping[str, str]) -> str:
    """MSGPACK where the Content-Type says so, else JSON."""
    for name, value in headers.items():
        if name.lower() == "content-type" and value.partition(";")[0].strip().lower() == MSGPACK:
            return MSGPACK
    return JSON


def pairs(payload: bytes, content_type: str, *, as_written: bool = False) -> list[tuple[str, Any]]:
    """The pairs of a payload, an empty one standing for {}; raises BadPayload.

    Objects in it are Pairs.  `as_written`: numbers of JSON are Number, whatever their size.  Text may hold
    lone surrogates: see `storable`.
    """
    if len(payload) > MOST_BYTES:
        raise BadPayload("too_large", f"a request may have {MOST_BYTES} bytes, this has {len(payload)}")
    if not payload:
        return []
    return _of_msgpack(payload) if content_type == MSGPACK else _of_json(payload, as_written)


def written(value: Any, content_type: str) -> bytes:
    """A value of plain types in that format."""
    return msgspec.msgpack.encode(value) if content_type == MSGPACK else msgspec.json.encode(value)


def storable(text: str) -> bool:
    """Whether a text has no lone surrogates, which UTF-8 cannot hold."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def brief(given: str) -> str:
    """What was given, short, printable."""
    return ascii(given[:SHOWN])[1:-1] + ("..." if len(given) > SHOWN else "")


def shown(given: str) -> str:
    """Likewise, in quotes."""
    return ascii(given[:SHOWN]) + ("..." if len(given) > SHOWN else "")


def _of_json(payload: bytes, as_written: bool) -> list[tuple[str, Any]]:
    try:
        found = (_WRITTEN if as_written else _VALUES).decode(payload.decode())
    except UnicodeDecodeError as why:
        raise BadPayload("not_json", f"is not UTF-8 from byte {why.start} on") from None
    except (ValueError, RecursionError) as why:  # a whole number of 5000 digits is a ValueError too
        raise BadPayload("not_json", f"is no JSON: {why}") from None
    if not isinstance(found, Pairs):
        raise BadPayload("not_an_object", "is no object")
    return found.items


def _of_msgpack(payload: bytes) -> list[tuple[str, Any]]:
    try:
        return _map(payload, DEEPEST)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as why:
        raise BadPayload("not_messagepack", f"is no MessagePack: {why}") from None


def _map(body: bytes, levels: int) -> list[tuple[str, Any]]:
    """A map of n pairs has the bytes of an array of 2 n items behind its head: read so, nothing is lost."""
    if not levels:
        raise BadPayload("not_messagepack", f"has more than {DEEPEST} levels")
    count, head = _map_head(body)
    array = b"\xdd" + (2 * count).to_bytes(4, "big") + body[head:]
    items = [_item(bytes(raw), levels - 1) for raw in msgspec.msgpack.decode(array, type=list[msgspec.Raw])]
    names = items[::2]
    if not all(isinstance(name, str) for name in names):
        raise BadPayload("not_an_object", "has a key that is no text")
    return list(zip(names, items[1::2], strict=True))


def _item(body: bytes, levels: int) -> Any:
    first = body[0]
    if first >> 4 == 0b1000 or first in _LONG_HEADS:
        return Pairs(_map(body, levels))
    return msgspec.msgpack.decode(body)


def _map_head(body: bytes) -> tuple[int, int]:
    """How many pairs, and where they begin."""
    first = body[0]
    if first >> 4 == 0b1000:
        return first & 0b1111, 1
    size = _LONG_HEADS.get(first)
    if size is None:
        raise BadPayload("not_an_object", "is no map of MessagePack")
    count = int.from_bytes(body[1 : 1 + size], "big")
    if len(body) < 1 + size or count > len(body):
        raise BadPayload("not_messagepack", "is cut off")
    return count, 1 + size
