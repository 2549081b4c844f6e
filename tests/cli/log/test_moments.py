"""Moments as they are typed.  Expected seconds are from `date -u -d ... +%s`."""

import pytest

from oms.cli.log.moments import moment

SECOND = 1_000_000_000
NOW = 1_795_176_000 * SECOND + 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("2h30m", 9000), ("3d", 259_200), ("1d2h3m4s", 93_784), ("0s", 0)],
)
def test_a_duration_is_so_long_ago(text: str, seconds: int) -> None:
    assert moment(text, NOW) == NOW - seconds * SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T12:00:00Z", 1_795_176_000 * SECOND),
        ("2026-11-20t12:00:00z", 1_795_176_000 * SECOND),
        ("2026-11-20 14:00:00+02:00", 1_795_176_000 * SECOND),
        ("2026-11-20T06:30:00-05:30", 1_795_176_000 * SECOND),
        ("2026-11-20T12:00:00.123456789Z", 1_795_176_000 * SECOND + 123_456_789),
        ("2026-11-20T12:00:00.5Z", 1_795_176_000 * SECOND + SECOND // 2),
        ("0001-01-01T00:00:00Z", 0),
        ("99999d", 0),
    ],
)
def test_a_date_is_exact_to_the_nanosecond_and_never_before_1970(text: str, expected: int) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "10", "m", "10x", "-10m", "m10", "10 m", "yesterday", "2026-11-20", "2026-11-20T12:00:00",
        "2026-13-20T12:00:00Z", "2026-11-20T25:00:00Z", "2026-11-20T12:00:00.1234567891Z", "٣d",
        "2026-11-20T12:00:00+99:00",
    ],
)  # fmt: skip
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment"):
        moment(text, NOW)
