"""Moments as they are typed: RFC 3339, or how long ago."""

import re
from datetime import UTC, datetime
from typing import Final

SECOND: Final = 1_000_000_000
DATE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
AGO: Final = re.compile(r"(?=\d)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?", re.ASCII)
UNITS: Final = (86_400, 3600, 60, 1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str, now_ns: int) -> int:
    """Nanoseconds of UTC; ValueError says what would be one."""
    if ago := AGO.fullmatch(text):
        seconds = sum(unit * int(count) for unit, count in zip(UNITS, ago.groups("0"), strict=True))
        return max(0, now_ns - seconds * SECOND)
    if date := DATE.fullmatch(text):
        day, time, fraction, offset = date.groups("")
        try:
            since = datetime.fromisoformat(f"{day}T{time}{offset.upper().replace('Z', '+00:00')}") - EPOCH
        except (ValueError, OverflowError) as why:
            raise ValueError(f"{text!r} is no moment: {why}") from None
        return max(0, (since.days * 86_400 + since.seconds) * SECOND + int(fraction.ljust(9, "0") or 0))
    raise ValueError(f"{text!r} is no moment: 2026-11-21T01:04:05Z, or 90s, 10m, 2h30m, 3d (ago)")
