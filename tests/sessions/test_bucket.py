"""Tokens that come back with time, and how long one is waited for."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from oms.sessions.bucket import Bucket

pytestmark = pytest.mark.trio


async def test_a_wait_for_a_token_is_bounded_and_takes_none(autojump_clock: MockClock) -> None:
    bucket = Bucket(rate=0.1, burst=1)
    assert await bucket.take_within(5.0) is True
    assert trio.current_time() == 0.0
    assert await bucket.take_within(5.0) is False
    assert trio.current_time() == 5.0
    assert await bucket.take_within(5.5) is True  # ten seconds after the first
    assert trio.current_time() == pytest.approx(10.0)


async def test_who_waits_behind_others_gives_up_in_its_own_time(autojump_clock: MockClock) -> None:
    bucket, told = Bucket(rate=1.0, burst=1), dict[int, tuple[bool, float]]()
    await bucket.take()

    async def take(number: int) -> None:
        found = await bucket.take_within(2.5)
        told[number] = (found, round(trio.current_time(), 6))

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(take, number)
            await wait_all_tasks_blocked()
    assert told == {0: (True, 1.0), 1: (True, 2.0), 2: (False, 2.5), 3: (False, 2.5), 4: (False, 2.5)}
    assert await bucket.take_within(0.6)  # the token of the third second was nobody's
    assert trio.current_time() == pytest.approx(3.0)
