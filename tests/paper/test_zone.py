"""The server's clock: docs/protocol.md 6.9 and the calendar's rules."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.paper.model import Moment
from oms.paper.zone import HOUR_MS, Zone

RULES = st.sampled_from(["none", "eu", "us"])
TIMES = st.integers(0, 4_000_000_000_000)
SHIFTS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: quarters * 900)


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc, arg-type]


# Published dates of the changes.
EU_2026 = ms(2026, 3, 29, 1), ms(2026, 10, 25, 1)
EU_2027 = ms(2027, 3, 28, 1), ms(2027, 10, 31, 1)
US_2026 = ms(2026, 3, 8, 7), ms(2026, 11, 1, 6)
US_2028 = ms(2028, 3, 12, 7), ms(2028, 11, 5, 6)


@pytest.mark.parametrize(
    ("rule", "span"), [("eu", EU_2026), ("eu", EU_2027), ("us", US_2026), ("us", US_2028)]
)
def test_daylight_saving_begins_and_ends_to_the_millisecond(rule: str, span: tuple[int, int]) -> None:
    zone = Zone(7200, rule)  # type: ignore[arg-type]
    begin, end = span
    assert [zone.daylight(at) for at in (begin - 1, begin, end - 1, end)] == [0, 1, 1, 0]


def test_server_time_is_utc_and_shift_and_daylight_hours() -> None:
    zone = Zone(7200, "eu")
    winter, summer = ms(2026, 1, 15, 12), ms(2026, 7, 15, 12)
    assert zone.moment(winter) == Moment(winter, winter + 2 * HOUR_MS)
    assert zone.moment(summer) == Moment(summer, summer + 3 * HOUR_MS)
    assert zone.moment(winter) == Moment(winter, winter + 2 * HOUR_MS)  # back again, past its memory


def test_without_a_rule_there_is_no_daylight_saving() -> None:
    zone = Zone(-18_000, "none")
    assert zone.daylight(ms(2026, 7, 1)) == 0
    assert zone.moment(ms(2026, 7, 1)).server_ms == ms(2026, 6, 30, 19)


def test_a_clock_that_was_jumped_stays_ahead_and_keeps_its_rule() -> None:
    zone = Zone(7200, "eu")
    before = zone.moment(EU_2026[0] - 1).server_ms
    zone.jump(1)
    assert zone.moment(EU_2026[0] - 1).server_ms == before + HOUR_MS
    assert zone.shift_s == 10_800
    assert zone.moment(EU_2026[0]).server_ms == EU_2026[0] + 4 * HOUR_MS
    zone.jump(-1)
    assert zone.moment(EU_2026[0] - 1).server_ms == before


def test_the_first_showing_of_an_hour_shown_twice_counts() -> None:
    zone = Zone(7200, "eu")
    half = EU_2026[1] - HOUR_MS // 2  # 03:30 server time, shown again an hour later
    shown = zone.moment(half).server_ms
    assert zone.moment(half + HOUR_MS).server_ms == shown
    assert zone.utc_ms(shown) == half


@given(RULES, SHIFTS, TIMES)
def test_one_zone_and_a_fresh_one_agree_and_utc_comes_back(rule: str, shift: int, at: int) -> None:
    zone = Zone(shift, rule)  # type: ignore[arg-type]
    for other in (at + 40 * 86_400_000, at, at + HOUR_MS, at - HOUR_MS if at > HOUR_MS else at):
        assert zone.moment(other) == Zone(shift, rule).moment(other)  # type: ignore[arg-type]
    back = zone.utc_ms(zone.moment(at).server_ms)
    assert back in (at, at - HOUR_MS)
    assert zone.moment(back).server_ms == zone.moment(at).server_ms


@pytest.mark.parametrize(("shift", "rule"), [(14 * 3600 + 1, "eu"), (0, "mars")])
def test_a_zone_that_is_nowhere_is_refused(shift: int, rule: str) -> None:
    with pytest.raises(ValueError, match=r"shift_s|rule"):
        Zone(shift, rule)  # type: ignore[arg-type]
