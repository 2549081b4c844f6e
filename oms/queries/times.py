"""Times of requests: RFC 3339, or the server's wall clock as "YYYY-MM-DD HH:MM:SS".

The wire knows the server's wall clock alone, so records are compared by it; an RFC 3339 time becomes one with
the offset that is in force now.
"""

from datetime import datetime, timedelta
from typing import Final

from oms.domain import times
from oms.payload import shown

from .refusal import Refused, bad

_EPOCH: Final = datetime(1970, 1, 1)
_NS: Final = 1_000_000_000
MOST: Final = times.LATEST


def utc_ns(field: str, text: str) -> int:
    """Nanoseconds of UTC since 1970 of an RFC 3339 time; raises Refused."""
    try:
        found = times.utc_ns(text)
    except ValueError as why:
        raise bad(field, f"{shown(text)} {why}") from None
    if not 0 <= found // _NS <= MOST:
        raise _beyond(field, text)
    return found


def server_ms(field: str, text: str, offset: int) -> int:
    """Milliseconds of server time since 1970; raises Refused."""
    try:
        seconds = times.server_s(text)
    except ValueError as why:
        raise bad(field, f"{shown(text)} {why}") from None
    ms = utc_ns(field, text) // 1_000_000 + offset * 1000 if seconds is None else seconds * 1000
    if not 0 <= ms <= MOST * 1000:
        raise _beyond(field, text)
    return ms


def wall_text(ms: int) -> str:
    """A moment of server time as records write it, without its offset; such texts sort as moments do."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


def server_text(seconds: int, offset: int) -> str:
    """A moment of server time as RFC 3339 with the server's offset."""
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}{sign}{hours:02}:{minutes:02}"


def _beyond(field: str, text: str) -> Refused:
    return bad(field, f"{shown(text)} is not between 1970 and 2038, which is all that the protocol can write")
