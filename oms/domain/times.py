"""Times as others write them: RFC 3339, or the server's wall clock as "YYYY-MM-DD HH:MM:SS"."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

LATEST: Final = 2**31 - 1  # seconds since 1970: the last moment that the protocol can write

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SERVER: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1)
_UTC_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_NS: Final = 1_000_000_000


def utc_ns(text: str) -> int:
    """Nanoseconds of UTC since 1970 of an RFC 3339 time; ValueError says what is wrong with it."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("is no RFC 3339 time such as 2026-11-21T10:00:00Z")
    day, clock, fraction, zone = found.groups()
    at = _read(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    return (at - _UTC_EPOCH) // _SECOND * _NS + int((fraction or "0").ljust(9, "0"))


def server_s(text: str) -> int | None:
    """Seconds of server time since 1970; None for a text of another form; ValueError for no such time."""
    return (_read(text) - _EPOCH) // _SECOND if _SERVER.fullmatch(text) else None


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as why:
        raise ValueError(f"is no time: {why}") from None
