"""Times of requests: RFC 3339, or the server's wall clock as "YYYY-MM-DD HH:MM:SS".

The wire knows the server's wall clock alone, so records are compared by it; an RFC 3339 time becomes one with
the offset that is in force now.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from .refusal import Refused, bad, shown

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SERVER: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1)
_NS: Final = 1_000_000_000
LEAST, MOST = -(2**31), 2**31 - 1  # seconds that a time of the wire can be


def utc_ns(field: str, text: str) -> int:
    """Nanoseconds of UTC since 1970 of an RFC 3339 time; raises Refused."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise bad(field, f"{shown(text)} is no RFC 3339 time such as 2026-11-21T10:00:00Z")
    day, clock, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
        seconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    except ValueError as why:
        raise bad(field, f"{shown(text)} is no time: {why}") from None
    if not 0 <= seconds <= MOST:
        raise _beyond(field, text)
    return seconds * _NS + int((fraction or "0").ljust(9, "0"))


def server_ms(field: str, text: str, offset: int) -> int:
    """Milliseconds of server time since 1970; raises Refused."""
    if _SERVER.fullmatch(text) is None:
        ms = utc_ns(field, text) // 1_000_000 + offset * 1000
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError as why:
            raise bad(field, f"{shown(text)} is no time: {why}") from None
        ms = (at - _EPOCH) // timedelta(milliseconds=1)
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
