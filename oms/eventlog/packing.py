"""How a push's rows become one blob of the market log: small, and exactly the same rows again.

One or two rows are MessagePack of [row, ...] as they are: there is little to gain, and much to do for each.
More are MessagePack of [rows, floats, numbers, column, ...].  `rows` = how many; `floats` = a mask, bit n set where
the nth column holds doubles.  All doubles, column by column, are `numbers`: little-endian single precision
where every one of them comes back unchanged, which whole wire prices do up to 2^24 and zeros always, else
double precision; the length tells which.  The other columns follow in order: one value where all rows have
the same, else an array.  Columns instead of rows, because a push has one time and one set of flags far more
often than not.  Rows come back as tuples, a sequence within a row as a list.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from .errors import LocalError

SINGLE: Final = 4  # bytes of a number
FEW: Final = 2  # rows that are kept as they are

_encode = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Any]).decode


@lru_cache(4096)
def _struct(code: str, count: int) -> struct.Struct:
    return struct.Struct(f"<{count}{code}")


def packed(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows of equal length, each column of one type, as a struct takes them apart; LocalError otherwise."""
    count = len(rows)
    if 0 < count <= FEW:
        return _as_they_are(rows)
    packing: list[Any] = [count, 0, b""]
    mask, bit = 0, 1
    numbers: tuple[float, ...] = ()
    try:
        for column in zip(*rows, strict=True):
            first = column[0]
            if type(first) is float:
                mask |= bit
                numbers += column
            elif type(first) is int and column.count(first) == count:
                packing.append(first)
            else:
                packing.append(column)
            bit <<= 1
        packing[1], packing[2] = mask, _numbers(numbers)
        return _encode(packing)
    except (ValueError, TypeError, OverflowError, struct.error) as why:
        raise LocalError("rows", f"cannot be packed: {why}") from None


def unpacked(blob: bytes) -> list[tuple[Any, ...]]:
    """The rows; LocalError where the blob was not made by `packed`."""
    try:
        count, *packing = _decode(blob)
        if isinstance(count, list):
            return [tuple(row) for row in (count, *packing)]
        mask, numbers, *others = packing
        doubles = iter(_columns(numbers, count, mask.bit_count()))
        columns = [
            next(doubles) if mask >> place & 1 else _spread(others.pop(0), count)
            for place in range(mask.bit_count() + len(others))
        ]
        return list(zip(*columns, strict=True))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error) as why:
        raise LocalError("rows", f"cannot be unpacked: {why}") from None


def _as_they_are(rows: Sequence[tuple[Any, ...]]) -> bytes:
    if len(rows[0]) != len(rows[-1]):
        raise LocalError("rows", "cannot be packed: they are of unequal length")
    try:
        return _encode(rows)
    except (ValueError, TypeError, OverflowError) as why:
        raise LocalError("rows", f"cannot be packed: {why}") from None


def _numbers(values: tuple[float, ...]) -> bytes:
    if not values:
        return b""
    single = _struct("f", len(values))
    try:
        small = single.pack(*values)
    except OverflowError:  # beyond what single precision reaches
        return _struct("d", len(values)).pack(*values)
    return small if single.unpack(small) == values else _struct("d", len(values)).pack(*values)


def _columns(numbers: bytes, count: int, columns: int) -> list[tuple[float, ...]]:
    if not columns:
        return []
    code = "f" if len(numbers) == count * columns * SINGLE else "d"
    values = _struct(code, count * columns).unpack(numbers)
    return [values[place : place + count] for place in range(0, len(values), count)]


def _spread(column: Any, count: int) -> Any:
    return column if isinstance(column, list) else [column] * count
