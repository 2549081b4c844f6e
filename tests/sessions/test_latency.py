"""When a venue counts as slow, and when as quick again."""

from oms.sessions.latency import Latency, Limits

LIMITS = Limits(round_trip_s=1.0, lasting_s=30.0)


def told(latency: Latency, *looks: tuple[float, float | None]) -> list[tuple[float, bool]]:
    """When it became another, and whether degraded then."""
    return [(now, latency.degraded) for now, round_trip in looks if latency.look(now, round_trip)]


def test_slow_for_long_enough_is_degraded_and_told_once() -> None:
    looks = [(float(now), 1.5) for now in range(0, 200, 5)]
    assert told(Latency(LIMITS), *looks) == [(30.0, True)]


def test_at_the_limit_is_not_above_it() -> None:
    assert told(Latency(LIMITS), *[(float(now), 1.0) for now in range(0, 200, 5)]) == []


def test_one_quick_answer_begins_the_time_anew() -> None:
    latency = Latency(LIMITS)
    assert told(latency, (0, 2.0), (25, 2.0), (29, 0.9), (30, 2.0), (59, 2.0), (60, 2.0)) == [(60, True)]


def test_without_a_ping_nothing_is_said_and_the_time_begins_anew() -> None:
    latency = Latency(LIMITS)
    assert told(latency, (0, 2.0), (20, None), (40, 2.0), (69, 2.0), (70, 2.0)) == [(70, True)]


def test_it_is_good_again_only_well_below_the_limit_and_for_as_long() -> None:
    latency = Latency(LIMITS)
    assert told(latency, (0, 2.0), (30, 2.0)) == [(30, True)]
    swinging = [(100.0 + now, 0.71 if now % 2 else 0.99) for now in range(100)]
    assert told(latency, *swinging) == []  # below the limit, and not below 0.7 of it
    assert told(latency, (300, 0.7), (329, 0.7), (330, 0.7), (400, 0.9)) == [(330, False)]
