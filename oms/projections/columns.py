"""Many records of one class as columns, in MessagePack: read back several times faster than one by one.

Each field is a column.  One that repeats itself holds each of its values once, and then which of them stands
where: so most of a deal, its symbol, side, reason or swap, is read without being decoded, and equal values
are one object.  Exact numbers are text, and come back digit by digit.

Nothing is validated: this is for bytes that we wrote.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec.structs import fields

Record = TypeVar("Record", bound=msgspec.Struct)

# How places are written, narrowest first: a code of `array`, and how many values it can tell apart.
PLACES: Final = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))

_Plain = tuple[list[Any], bytes]
_Numbers = tuple[list[Decimal | None], bytes]


def packed(kind: type[msgspec.Struct], records: Sequence[msgspec.Struct]) -> bytes:
    """Records that are all of one class."""
    columns = []
    for name, exact in zip(kind.__struct_fields__, _exact(kind), strict=True):
        values = map(attrgetter(name), records)
        columns.append(_column(_texts(values) if exact else list(values)))
    return msgspec.msgpack.encode((len(records), columns))


def unpacked(kind: type[Record], blob: bytes | memoryview | msgspec.Raw) -> list[Record]:
    """The same records.  Raises msgspec's errors and ValueError for what `packed` did not make."""
    count, columns = _decoder(kind).decode(blob)
    records = list(map(kind, *(_spread(values, places, count) for values, places in columns)))
    if len(records) != count:
        raise ValueError(f"{len(records)} records instead of {count}")
    return records


def _texts(column: Iterable[Decimal | None]) -> list[str | None]:
    """Numbers that are equal need not be written alike: 0.1, 0.10."""
    return [None if value is None else str(value) for value in column]


def _column(values: list[Any]) -> tuple[list[Any], bytes]:
    found = dict.fromkeys(values)
    if len(found) == 1:
        return list(found), b""
    if 2 * len(found) > len(values):
        return values, b""
    where = dict(zip(found, range(len(found)), strict=True))
    return list(found), array(_code(len(found)), map(where.__getitem__, values)).tobytes()


def _spread(values: list[Any], places: bytes, count: int) -> Iterator[Any]:
    if places:
        found = array(_code(len(values)))
        found.frombytes(places)
        return map(values.__getitem__, found)
    return repeat(values[0], count) if len(values) == 1 else iter(values)


def _code(values: int) -> str:
    return next(code for code, most in PLACES if values <= most)


def _exact(kind: type[msgspec.Struct]) -> list[bool]:
    """Which fields are exact numbers; the others are what MessagePack has itself."""
    return [Decimal in (field.type, *get_args(field.type)) for field in fields(kind)]


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.msgpack.Decoder[Any]:
    columns = tuple(_Numbers if exact else _Plain for exact in _exact(kind))
    return msgspec.msgpack.Decoder(tuple[int, tuple[columns]])  # type: ignore[valid-type]
