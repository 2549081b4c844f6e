"""Whether a record can be sent as it is, and reckoned with.

What the wire cannot carry is found out when it is sent, and by then it is in the books.  So what people write
into settings, state files and control calls is tried here first.
"""

from collections.abc import Iterator
from functools import cache
from math import isfinite
from typing import Any, Final

from protocol.errors import LocalProtocolError
from protocol.layout import Kind, Layout, Record, read_utf16

Path = tuple[str | int, ...]

LARGEST: Final = 1e12  # of money, lots and every other double that somebody writes
HIGHEST: Final = 1e9  # of prices (docs/protocol.md 7.7)
# Of an order or position, lots × 10^8: a billion lots, so that many of them still add up to less than 2^63.
BIGGEST: Final = 10**17


def misfits(record: Record, largest: float = LARGEST) -> Iterator[tuple[Path, str]]:
    """Each field, by its path, that the wire does not carry as it is, or whose number is none.

    Integers must be in their range and, where the protocol lists values, listed; text must fit; doubles must
    be finite and not above `largest`.  Records in lists are looked into.
    """
    layout = _layout(type(record))
    try:
        layout.dump(record)
    except LocalProtocolError as why:
        yield tuple((why.field or "").split(".")), str(why).rpartition(": ")[2]
        return
    for path, value, ignored in layout.drift(record):
        if not ignored:
            yield tuple(path.split(".")), f"{value} is none of its values"
    yield from _unfit_values(layout, record, largest)
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, list):
            for index, one in enumerate(value):
                yield from (((name, index, *path), message) for path, message in misfits(one, largest))


@cache
def _layout(record: type[Record]) -> Layout[Any]:
    return Layout(record)


def _unfit_values(layout: Layout[Any], record: Record, largest: float) -> Iterator[tuple[Path, str]]:
    for name, attribute, _, kind in layout.fields:
        value = getattr(record, attribute)
        if not value:
            continue  # nothing always fits, and most fields of a deal are
        if kind.nested is not None:
            inner = _unfit_values(kind.nested, value, largest)
            yield from (((name, *path), message) for path, message in inner)
        elif isinstance(value, str):
            if _carried(kind, value) != value:
                yield (name,), f"does not fit {kind.name}"
        elif isinstance(value, float | tuple) and not all(_sound(one, largest) for one in _doubles(value)):
            yield (name,), f"{value} is not a number of at most {largest:g}"


def _carried(kind: Kind, value: str) -> str:
    """A text as it comes out of the field: cut off at its end, or at a zero."""
    written: bytes = kind.dump(value) if kind.dump else b""
    return read_utf16(written[: kind.size])


def _doubles(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


def _sound(value: float, largest: float) -> bool:
    return isfinite(value) and abs(value) <= largest
