"""When a feed is stale: never while no market is open, and never by one silent symbol."""

from itertools import pairwise

from oms.sessions.staleness import Staleness, Told


def looked(feed: Staleness, *looks: tuple[float, int, int]) -> list[tuple[float, Told]]:
    """What was told when; a look is its time, how many symbols are open, their count of ticks."""
    found = []
    for now, open_symbols, count in looks:
        told = feed.look(now, open_symbols, count)
        if told is not None:
            found.append((now, told))
    return found


def test_silence_in_open_sessions_is_stale_after_the_limit_and_a_tick_ends_it() -> None:
    feed = Staleness(10.0)
    assert looked(feed, (0, 3, 7), (5, 3, 8), (14.9, 3, 8)) == []
    assert (feed.live, feed.stale) == (True, False)
    assert looked(feed, (15, 3, 8), (16, 3, 8), (60, 3, 8)) == [(15, "stale")]
    assert (feed.live, feed.stale, feed.silence_s) == (False, True, 55.0)
    assert looked(feed, (61, 3, 9)) == [(61, "live")]
    assert (feed.live, feed.silence_s) == (True, 56.0)


def test_outside_trading_sessions_it_is_never_stale() -> None:
    feed = Staleness(10.0)
    assert looked(feed, *[(float(now), 0, 7) for now in range(0, 100_000, 1000)]) == []
    assert feed.live


def test_the_silence_begins_with_the_session_of_the_market() -> None:
    feed = Staleness(10.0)
    assert looked(feed, (0, 0, 7), (1000, 0, 7), (1005, 2, 7), (1009.9, 2, 7)) == []
    assert looked(feed, (1010, 2, 7)) == [(1010, "stale")]


def test_a_market_that_closes_ends_it() -> None:
    feed = Staleness(10.0)
    assert looked(feed, (0, 2, 7), (10, 2, 7), (20, 0, 7), (500, 0, 7)) == [(10, "stale"), (20, "live")]


def test_in_a_session_without_a_tick_it_is_not_live_and_stale_only_after_the_limit() -> None:
    feed = Staleness(10.0)
    assert looked(feed, (0, 2, 0), (9, 2, 0)) == []
    assert (feed.live, feed.stale) == (False, False)
    assert looked(feed, (10, 2, 0)) == [(10, "stale")]


def test_what_flaps_is_told_once_a_minute() -> None:
    feed = Staleness(10.0)
    # A tick every 12 s, for 12 minutes: 60 silences.
    flapping = [(step * 12.0 + late, 1, step) for step in range(60) for late in (0.0, 11.5)]
    told = looked(feed, *flapping)
    stale = [now for now, one in told if one == "stale"]
    assert [one for _, one in told] == ["stale", "live"] * (len(told) // 2)
    assert 10 <= len(stale) <= 13
    assert min(after - before for before, after in pairwise(stale)) >= 60.0


def test_a_new_session_has_missed_nothing() -> None:
    feed = Staleness(10.0)
    assert looked(feed, (0, 2, 7), (10, 2, 7)) == [(10, "stale")]
    feed.begin()
    assert (feed.stale, feed.heard, feed.live) == (False, False, False)
    assert looked(feed, (100, 2, 0), (109.9, 2, 0)) == []
    assert looked(feed, (110, 2, 0)) == [(110, "stale")]
