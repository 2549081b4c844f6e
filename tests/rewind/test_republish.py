"""Messages of then at the pace of then, faster, or as fast as they are taken; by a clock that is told."""

from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from oms.rewind import Message, Pace, pace_of, republish
from oms.rewind.republish import AT_ONCE

SECOND = 1_000_000_000
NOON = 1_795_176_000 * SECOND


def said(*seconds: float) -> list[Message]:
    """Messages so long after noon; every other one is an event."""
    return [
        Message(NOON + round(at * SECOND), f"s.{number}", b"", {"Oms-Seq": "1"} if number % 2 else {})
        for number, at in enumerate(seconds)
    ]


async def sent(messages: list[Message], pace: Pace) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    began = trio.current_time()

    async def send(batch: list[Message]) -> None:
        await trio.lowlevel.checkpoint()
        found.extend((round(trio.current_time() - began, 6), one.subject) for one in batch)

    await republish(messages, send, pace)
    return found


@pytest.mark.trio
async def test_at_real_time_each_comes_when_it_came(autojump_clock: MockClock) -> None:
    found = await sent(said(0, 0, 1.5, 60), Pace())
    assert found == [(0, "s.0"), (0, "s.1"), (1.5, "s.2"), (60, "s.3")]


@pytest.mark.trio
async def test_ten_times_as_fast(autojump_clock: MockClock) -> None:
    assert [at for at, _ in await sent(said(0, 5, 3600), pace_of("x10"))] == [0, 0.5, 360]


@pytest.mark.trio
async def test_as_fast_as_can_be(autojump_clock: MockClock) -> None:
    found = await sent(said(0, 5, 3600), pace_of("full"))
    assert [at for at, _ in found] == [0, 0, 0]


@pytest.mark.trio
async def test_who_is_slow_makes_it_late_and_never_short(autojump_clock: MockClock) -> None:
    found: list[tuple[float, int]] = []

    async def send(batch: list[Message]) -> None:
        await trio.sleep(4)
        found.append((trio.current_time(), len(batch)))

    began = trio.current_time()
    done = await republish(said(0, 1, 2, 10), send, Pace())
    # The first takes until 4, so those of 1 and 2 come together, and the last is in time again.
    assert [(at - began, count) for at, count in found] == [(4, 1), (8, 2), (14, 1)]
    assert (done.messages, done.events, done.quotes, done.last_ns) == (4, 2, 2, NOON + 10 * SECOND)


@pytest.mark.trio
async def test_a_long_past_is_never_held_whole(autojump_clock: MockClock) -> None:
    made = 0
    most = 0

    def past() -> Iterator[Message]:
        nonlocal made
        for message in said(*[0.0] * (3 * AT_ONCE)):
            made += 1
            yield message

    taken = 0

    async def send(batch: list[Message]) -> None:
        nonlocal taken, most
        most = max(most, made - taken)
        taken += len(batch)
        await trio.lowlevel.checkpoint()

    await republish(past(), send, Pace(None))
    assert (taken, most) == (3 * AT_ONCE, AT_ONCE)


@pytest.mark.parametrize("text", ["", "10", "x", "x0", "x-1", "fast", "x1e3", "xx2"])
def test_what_is_no_speed_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no speed: real, full, or x10"):
        pace_of(text)
