"""Times as others write them."""

import pytest

from oms.domain.times import LATEST, server_s, utc_ns


@pytest.mark.parametrize(
    ("text", "seconds", "fraction"),
    [  # by `date -u -d TEXT +%s`
        ("2026-11-21T10:00:00Z", 1_795_255_200, 0),
        ("2026-11-21t10:00:00z", 1_795_255_200, 0),
        ("2026-11-21T12:00:00+02:00", 1_795_255_200, 0),
        ("2026-11-21T04:30:00.000000001-05:30", 1_795_255_200, 1),
        ("2026-11-21T10:00:00.5Z", 1_795_255_200, 500_000_000),
        ("1970-01-01T00:00:00Z", 0, 0),
        ("1969-12-31T23:59:59.25Z", -1, 250_000_000),
        ("2038-01-19T03:14:07Z", LATEST, 0),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139, 0),
    ],
)
def test_rfc_3339_is_read_to_the_nanosecond(text: str, seconds: int, fraction: int) -> None:
    assert utc_ns(text) == seconds * 1_000_000_000 + fraction


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no RFC 3339 time"),
        ("2026-11-21", "is no RFC 3339 time"),
        ("2026-11-21 10:00:00Z", "is no RFC 3339 time"),
        ("2026-11-21T10:00:00", "is no RFC 3339 time"),
        ("2026-11-21T10:00:00Z\n", "is no RFC 3339 time"),
        ("2026-11-21T10:00:00.0123456789Z", "is no RFC 3339 time"),
        ("٢٠٢٦-11-21T10:00:00Z", "is no RFC 3339 time"),
        ("2026-02-30T10:00:00Z", "is no time: day"),
        ("2026-11-21T24:00:00Z", "is no time: hour"),
        ("2026-11-21T10:00:00+24:00", "is no time: "),
    ],
)
def test_what_is_no_time_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        utc_ns(text)


def test_the_server_s_wall_clock_is_read_as_it_stands() -> None:
    assert server_s("2026-11-21 10:00:00") == 1_795_255_200
    assert server_s("1969-12-31 23:59:59") == -1
    for other in ("2026-11-21T10:00:00", "2026-11-21 10:00", "2026-11-21 10:00:00Z", "2026-11-21 10:00:00\n"):
        assert server_s(other) is None
    with pytest.raises(ValueError, match="is no time: day"):
        server_s("2026-02-30 10:00:00")
