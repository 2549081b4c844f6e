"""The circuit breaker: what is let through, when, and what opens and closes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.sessions.breaker import CLOSED, HALF_OPEN, OPEN, Breaker, Limits

LIMITS = Limits(failures=3, pause_s=10.0, limit_s=60.0)


def let(breaker: Breaker, now: float) -> int:
    """A call that is let through."""
    period = breaker.begin(now)
    assert period is not None
    return period


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(LIMITS)
    for _ in range(3):
        breaker.failed(let(breaker, now), now)
    assert breaker.state == OPEN
    return breaker


def test_it_opens_at_so_many_failures_in_a_row() -> None:
    breaker = Breaker(LIMITS)
    for outcome in ("failed", "failed", "worked", "failed", "failed"):
        call = let(breaker, 1.0)
        if outcome == "worked":
            breaker.worked(call)
        else:
            breaker.failed(call, 1.0)
    assert (breaker.state, breaker.failures) == (CLOSED, 2)
    breaker.failed(let(breaker, 2.0), 2.0)
    assert (breaker.state, breaker.failures, breaker.until) == (OPEN, 3, 12.0)


def test_open_it_lets_nothing_through_until_its_pause_is_over_then_one() -> None:
    breaker = opened()
    assert (breaker.admits(9.999), breaker.begin(9.999), breaker.state) == (False, None, OPEN)
    assert (breaker.admits(10.0), breaker.state) == (True, OPEN)
    let(breaker, 10.0)
    assert breaker.state == HALF_OPEN
    assert (breaker.admits(1000.0), breaker.begin(1000.0)) == (False, None)  # however long the trial takes


def test_a_trial_that_works_closes_it_and_all_is_forgotten() -> None:
    breaker = opened()
    breaker.worked(let(breaker, 10.0))
    assert (breaker.state, breaker.failures) == (CLOSED, 0)
    for _ in range(3):
        breaker.failed(let(breaker, 20.0), 20.0)
    assert breaker.until == 30.0  # the first pause again


def test_a_trial_that_fails_doubles_the_pause_up_to_the_limit() -> None:
    breaker, now = opened(), 0.0
    pauses = [breaker.until]
    for _ in range(4):
        now = breaker.until
        breaker.failed(let(breaker, now), now)
        pauses.append(breaker.until - now)
    assert pauses == [10.0, 20.0, 40.0, 60.0, 60.0]
    assert breaker.failures == 3 + 4


def test_a_trial_that_comes_to_nothing_makes_room_for_another() -> None:
    breaker = opened()
    breaker.dropped(let(breaker, 10.0))
    assert (breaker.state, breaker.failures) == (HALF_OPEN, 3)
    breaker.worked(let(breaker, 10.0))
    assert breaker.state == CLOSED


def test_a_verdict_from_before_the_last_change_is_no_news() -> None:
    breaker = Breaker(LIMITS)
    slow = [let(breaker, 0.0) for _ in range(6)]
    for call in slow[:4]:
        breaker.failed(call, 1.0)  # the fourth after it has opened
    assert (breaker.state, breaker.failures, breaker.until) == (OPEN, 3, 11.0)
    breaker.worked(slow[4])
    assert breaker.state == OPEN
    trial = let(breaker, 11.0)
    breaker.worked(slow[5])
    breaker.dropped(slow[5])
    assert (breaker.state, breaker.begin(11.0)) == (HALF_OPEN, None)
    breaker.worked(trial)
    assert breaker.state == CLOSED


def test_a_person_closes_it_at_once() -> None:
    breaker = opened()
    trial = let(breaker, 10.0)
    breaker.close()
    assert (breaker.state, breaker.failures, breaker.admits(10.0)) == (CLOSED, 0, True)
    breaker.failed(trial, 10.0)
    assert (breaker.state, breaker.failures) == (CLOSED, 0)


@pytest.mark.parametrize("doublings", [100, 2000])
def test_it_may_fail_for_ever(doublings: int) -> None:
    breaker = opened()
    for _ in range(doublings):
        breaker.failed(let(breaker, breaker.until), breaker.until)
    assert breaker.failures == 3 + doublings


@given(
    st.lists(
        st.tuples(st.sampled_from(["worked", "failed", "dropped"]), st.floats(0, 100), st.integers(0, 3)),
        max_size=60,
    )
)
def test_whatever_happens_at_most_one_call_tries_and_there_is_always_a_way_back(
    steps: list[tuple[str, float, int]],
) -> None:
    breaker, now = Breaker(LIMITS), 0.0
    flying: list[int] = []
    for outcome, waited, which in steps:
        now += waited
        trying = breaker.state == HALF_OPEN
        call = breaker.begin(now)
        if call is not None:
            flying.append(call)
        assert not (trying and call is not None and breaker.begin(now) is not None)
        if flying:
            ended = flying.pop(min(which, len(flying) - 1))
            match outcome:
                case "worked":
                    breaker.worked(ended)
                case "failed":
                    breaker.failed(ended, now)
                case "dropped":
                    breaker.dropped(ended)
        assert breaker.until <= now + LIMITS.limit_s
        assert breaker.state != OPEN or breaker.admits(breaker.until)
        assert breaker.state == CLOSED or breaker.failures >= LIMITS.failures
    for call in flying:
        breaker.dropped(call)
    assert breaker.admits(max(now, breaker.until))
