"""How late the event loop is."""

import time

import pytest
import trio

from oms.telemetry.metrics import Metrics
from oms.telemetry.process import watch_loop


@pytest.mark.trio
async def test_a_task_that_does_not_let_go_is_seen() -> None:
    metrics = Metrics()
    delay = metrics.histogram("oms.loop.delay")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: watch_loop(metrics, every_s=0.01))
        await trio.sleep(0.015)
        time.sleep(0.12)  # noqa: ASYNC251 - what it is about
        await trio.sleep(0.03)
        nursery.cancel_scope.cancel()
    counts = delay.cumulated()
    above_50_ms = counts[-1] - counts[delay.bounds.index(5e-2)]
    assert above_50_ms >= 1
    assert delay.total >= 0.1
    assert counts[-1] >= 3


@pytest.mark.trio
async def test_an_idle_loop_is_in_time(autojump_clock: trio.testing.MockClock) -> None:
    metrics = Metrics()
    with trio.move_on_after(10.05):
        await watch_loop(metrics)
    delay = metrics.histogram("oms.loop.delay")
    assert delay.cumulated()[-1] == 100  # ten a second
    assert delay.total == pytest.approx(0, abs=1e-6)
