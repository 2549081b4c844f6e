"""The venue's clock on told time."""

import pytest
import trio
from trio.testing import MockClock

from oms.paper.clock import TrioClock

from .running import START

pytestmark = pytest.mark.trio


async def test_who_slept_until_a_millisecond_is_told_no_earlier_one(autojump_clock: MockClock) -> None:
    await trio.sleep(0.1)
    clock = TrioClock(START)
    for after_ms in range(1, 3000):
        await clock.sleep_until(START + after_ms)
        assert clock.utc_ms() == START + after_ms
