"""Canonical JSON: one text for one value, so that the same bytes are stored, hashed and published.

Keys sorted by code point, no spaces, UTF-8; null, booleans, strings, lists, objects with string keys,
finite doubles (shortest digits that give the same double again), integers below 2^53.  Every exact number
and every larger integer is a string: a `Decimal` becomes one by itself.  msgspec writes what RFC 8259
allows and would write NaN as null, so values are looked through first, and what is refused is named by its
path.
"""

from math import isfinite
from typing import Any, Final

import msgspec

from .errors import LocalError

LARGEST: Final = 2**53 - 1  # every JSON reader has it exactly (RFC 8259 6)
DEEPEST: Final = 64  # levels of lists and objects

_encode = msgspec.json.Encoder(order="sorted").encode

Fault = tuple[str, str]  # the path, what is wrong there


def canonical(value: object, name: str = "") -> bytes:
    """The canonical JSON of a value or a msgspec.Struct; LocalError names the path below `name`."""
    try:
        plain = msgspec.to_builtins(value)
    except (TypeError, ValueError, RecursionError) as why:
        raise LocalError(name, f"no value of JSON: {why}") from None
    fault = _fault(plain, DEEPEST)
    if fault is not None:
        path, message = fault
        raise LocalError(f"{name}{path}".removeprefix("."), message)
    return _encode(plain)


def _fault(value: Any, levels: int) -> Fault | None:
    """The first thing that canonical JSON cannot hold."""
    match value:
        case str():
            return None if _storable(value) else ("", "has a lone surrogate")
        case None | bool():
            return None
        case int():
            return None if -LARGEST <= value <= LARGEST else ("", "an integer from 2^53 on must be a string")
        case float():
            return None if isfinite(value) else ("", "is not finite")
    if not levels:
        return ("", f"more than {DEEPEST} levels deep")
    return (
        _fault_in_object(value, levels - 1) if isinstance(value, dict) else _fault_in_list(value, levels - 1)
    )


def _fault_in_object(value: dict[Any, Any], levels: int) -> Fault | None:
    for key, member in value.items():
        if not isinstance(key, str) or not (key.isascii() or _storable(key)):
            return ("", f"the key {ascii(key)[:40]} is no storable text")
        kind = type(member)
        if member is None or kind is bool or (kind is str and member.isascii()):
            continue  # nearly all of a trade's fields: a call and a match saved
        if kind is int and -LARGEST <= member <= LARGEST:
            continue
        if (fault := _fault(member, levels)) is not None:
            return (f".{key}{fault[0]}", fault[1])
    return None


def _fault_in_list(value: list[Any], levels: int) -> Fault | None:
    for place, member in enumerate(value):
        if (fault := _fault(member, levels)) is not None:
            return (f"[{place}]{fault[0]}", fault[1])
    return None


def _storable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
