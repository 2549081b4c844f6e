"""How a push's rows become one blob of the market log, and exactly the same rows again.

MessagePack of [row, ...], each an array of its values; rows come back as tuples, a sequence within a row as a
list.  Storing columns, or single precision where it does, would take a third less room and four times the
time, at every push that is received.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from .errors import LocalError

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[Any]]).decode


def packed(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """The blob; LocalError for what MessagePack cannot hold."""
    try:
        return _encode(rows)
    except (ValueError, TypeError, OverflowError) as why:
        raise LocalError("rows", f"cannot be packed: {why}") from None


def unpacked(blob: bytes) -> list[tuple[Any, ...]]:
    """The rows; LocalError where the blob was not made by `packed`."""
    try:
        return [tuple(row) for row in _decode(blob)]
    except (msgspec.MsgspecError, ValueError, RecursionError) as why:
        raise LocalError("rows", f"cannot be unpacked: {why}") from None
