"""Many records of one class as columns, in MessagePack: read back several times faster than one by one.

Each field is a column.  One that repeats itself holds each of its values once, and then which of them stands
where: so most of a deal, its symbol, side, reason or swap, is read without being decoded, and equal values
are one object.  Exact numbers are text, and come back digit by digit.

Nothing is validated: this is for bytes that we wrote.

Of a long past hardly anything is asked for again, so its records are made one by one, when they are.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, get_args

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


class Rows(Generic[Record]):
    """The records of a blob that `packed` made, by their place; one is made when it is asked for."""

    def __init__(self, kind: type[Record], blob: bytes | memoryview | msgspec.Raw) -> None:
        """Raises msgspec's errors and ValueError for what `packed` did not make."""
        self._kind = kind
        self._count: int
        self._count, columns = _decoder(kind).decode(blob)
        self._columns = [_Column(values, places, self._count) for values, places in columns]
        self._made: list[Record] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> Record:
        if self._made is not None:
            return self._made[place]
        return self._kind(*[column[place] for column in self._columns])

    def all(self) -> list[Record]:
        """Every record, made once and kept; much faster than one by one."""
        if self._made is None:
            self._made = list(map(self._kind, *self._columns))
        return self._made

    def column(self, name: str) -> Iterable[Any]:
        """One field of all."""
        return self._columns[self._kind.__struct_fields__.index(name)]


class _Column:
    """The values of one field."""

    def __init__(self, values: list[Any], places: bytes, count: int) -> None:
        self._values, self._count = values, count
        self._places = array(_code(len(values)), places)
        self._same = not places and len(values) == 1 and count > 0
        held = count if self._same else len(self._places or values)
        if held != count:
            raise ValueError(f"a column of {held} records instead of {count}")

    def __getitem__(self, place: int) -> Any:
        if self._places:
            return self._values[self._places[place]]
        return self._values[0 if self._same else place]

    def __iter__(self) -> Iterator[Any]:
        if self._places:
            return map(self._values.__getitem__, self._places)
        return repeat(self._values[0], self._count) if self._same else iter(self._values)


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


def _code(values: int) -> str:
    return next(code for code, most in PLACES if values <= most)


def _exact(kind: type[msgspec.Struct]) -> list[bool]:
    """Which fields are exact numbers; the others are what MessagePack has itself."""
    return [Decimal in (field.type, *get_args(field.type)) for field in fields(kind)]


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.msgpack.Decoder[Any]:
    columns = tuple(_Numbers if exact else _Plain for exact in _exact(kind))
    return msgspec.msgpack.Decoder(tuple[int, tuple[columns]])  # type: ignore[valid-type]
