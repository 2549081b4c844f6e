"""A terminal's WebSocket frame of one binary message (RFC 6455 5.2, 5.3)."""

from os import urandom
from typing import Final

from .deframer import MASKED, SHORT, U16, U64, WHOLE_BINARY

MASK_BYTES: Final = 4
TWO_BYTES, EIGHT_BYTES = 126, 127  # what stands for a length, where it follows in so many


def framed(message: bytes) -> bytes:
    """The whole frame, masked by chance as a client's must be."""
    size = len(message)
    if size <= SHORT:
        head = bytes((WHOLE_BINARY, MASKED | size))
    elif size < 1 << 16:
        head = bytes((WHOLE_BINARY, MASKED | TWO_BYTES)) + U16.pack(size)
    else:
        head = bytes((WHOLE_BINARY, MASKED | EIGHT_BYTES)) + U64.pack(size)
    mask = urandom(MASK_BYTES)
    pattern = (mask * (size // MASK_BYTES + 1))[:size]
    masked = int.from_bytes(message, "little") ^ int.from_bytes(pattern, "little")
    return head + mask + masked.to_bytes(size, "little")
