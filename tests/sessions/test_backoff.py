"""How long until the next try."""

from random import Random

import pytest
import trio
import trio.testing

from oms.sessions.backoff import Backoff
from oms.sessions.bucket import Bucket


def test_the_first_try_is_at_once_then_they_double_up_to_a_limit() -> None:
    """docs/design.md 6: at once, then 0.5 s doubling to 30 s, ±50 % jitter."""
    backoff = Backoff()
    assert [backoff.delay(failures, Random(1)) for failures in (0, 1)] == [0.0, 0.0]
    for failures, middle in ((2, 0.5), (3, 1.0), (4, 2.0), (7, 16.0), (8, 30.0), (9, 30.0), (1000, 30.0)):
        waits = [backoff.delay(failures, Random(seed)) for seed in range(200)]
        assert middle * 0.5 <= min(waits) < middle * 0.6
        assert middle * 1.4 < max(waits) <= middle * 1.5


@pytest.mark.trio
async def test_a_bucket_gives_a_burst_then_its_rate(autojump_clock: trio.testing.MockClock) -> None:
    bucket = Bucket(rate=20, burst=40)
    for _ in range(40):
        await bucket.take()
    assert trio.current_time() == pytest.approx(0.0)
    for _ in range(20):
        await bucket.take()
    assert trio.current_time() == pytest.approx(1.0)
    await trio.sleep(100)
    start = trio.current_time()
    for _ in range(41):
        await bucket.take()
    assert trio.current_time() - start == pytest.approx(1 / 20)


@pytest.mark.trio
async def test_who_asks_first_is_first_and_a_cancelled_one_takes_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    bucket, order = Bucket(rate=1, burst=1), list[int]()
    await bucket.take()

    async def take(number: int) -> None:
        with trio.move_on_after(0.5 if number == 0 else 100):
            await bucket.take()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(take, number)
            await trio.testing.wait_all_tasks_blocked()
    assert order == [1, 2]
    assert trio.current_time() == pytest.approx(2.0)
