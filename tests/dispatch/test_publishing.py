"""`publish_before_send`: what adds risk leaves when the stream has its intent, and not before."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.dispatch.publishing import Publishing
from oms.ingest.standing import FENCE
from tests.dispatch.desked import Desked, desked
from tests.paper.running import NET, Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
WITHIN_S = 0.3


class Stream:
    """How far a journal is published: as far as the test says."""

    def __init__(self) -> None:
        self.published, self.away = 0, False
        self.asked: list[int] = []  # seqs that somebody waits, or waited, for
        self._moved = trio.Event()

    def reach(self, seq: int) -> None:
        self.published = seq
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def reached(self, seq: int) -> None:
        self.asked.append(seq)
        while self.published < seq:
            await self._moved.wait()


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
async def trading(running: Running, stream: Stream, tmp_path: Path) -> AsyncIterator[Desked]:
    publishing = Publishing(stream.reached, lambda: stream.away, WITHIN_S)
    async with desked(running, tmp_path, login=NET, publishing=publishing) as found:
        yield found


async def during(trading: Desked, stream: Stream, fields: dict[str, Any]) -> dict[str, Any]:
    """A market order; the stream gets its intent when nothing has been sent for a while."""
    replies: list[dict[str, Any]] = []

    async def buy() -> None:
        replies.append(await trading.buy(**fields))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(buy)
        await trading.held.until(lambda: bool(stream.asked))
        assert trading.types()[-1] == "command.sending"  # it is on disk, and that is what is waited for
        assert stream.asked == [trading.held.recorder.seq]
        assert trading.requests() == []
        stream.reach(stream.asked[0])
    return replies[0]


async def test_an_order_leaves_when_the_stream_has_its_intent(trading: Desked, stream: Stream) -> None:
    found = await during(trading, stream, {"id": "7f3c"})
    assert (found["status"], len(trading.requests())) == ("filled", 1)


async def test_an_order_whose_intent_is_not_published_in_time_is_never_sent(
    trading: Desked, stream: Stream
) -> None:
    found = await trading.buy(id="7f3c")
    assert (found["status"], found["final"]) == ("rejected", True)
    assert [one["code"] for one in found["reasons"]] == ["not_published"]
    assert "within 0.3 s" in found["reasons"][0]["message"]
    stream.reach(10_000)
    assert await trading.buy(id="7f3c") == found  # its id is used up
    assert trading.requests() == []
    assert trading.held.account.standing.permission == "active"
    assert (await trading.buy())["status"] == "filled"


async def test_what_takes_risk_away_goes_after_the_wait_and_says_so(trading: Desked, stream: Stream) -> None:
    opened = await during(trading, stream, {"volume": "0.30"})
    began = trio.current_time()
    found = await trading.ask("close", position=opened["position"], volume="0.10", id="part")
    assert found["status"] == "filled"
    assert trio.current_time() - began >= WITHIN_S
    assert (
        "not published",
        f"default/part goes all the same: the stream did not have it within {WITHIN_S} s",
    ) in (trading.held.told)
    stream.away, asked = True, len(stream.asked)
    assert (await trading.ask("modify", position=opened["position"], sl="1.0"))["status"] == "done"
    assert (await trading.ask("submit", symbol="EURUSD", side="sell", volume="0.10"))["status"] == "filled"
    assert (await trading.ask("close_all"))["status"] == "done"
    assert len(stream.asked) == asked  # who knows that NATS is away does not wait


@pytest.mark.parametrize("halt", ["operator", FENCE + "another_body"])
@pytest.mark.parametrize("closes", [False, True])
async def test_a_halt_meanwhile_keeps_it_from_leaving(
    trading: Desked, stream: Stream, halt: str, closes: bool
) -> None:
    opened = await during(trading, stream, {})
    replies: list[dict[str, Any]] = []

    async def ask() -> None:
        asked = trading.ask("close", position=opened["position"]) if closes else trading.buy()
        replies.append(await asked)

    stream.asked.clear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trading.held.until(lambda: bool(stream.asked))
        await trading.held.account.standing.halt(halt)
        stream.reach(stream.asked[0])
    assert replies[0]["status"] == "rejected"
    assert [one["code"] for one in replies[0]["reasons"]] == ["halted"]
    assert len(trading.requests()) == 1


async def test_a_client_that_is_halted_meanwhile_sends_nothing(trading: Desked, stream: Stream) -> None:
    replies: list[dict[str, Any]] = []

    async def ask() -> None:
        replies.append(await trading.buy(client="desk"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trading.held.until(lambda: bool(stream.asked))
        await trading.operate("halt", client="desk")
        stream.reach(stream.asked[0])
    assert replies[0]["status"] == "rejected"
    assert [one["code"] for one in replies[0]["reasons"]] == ["client_halted"]
    assert trading.requests() == []


async def test_a_deadline_that_passes_meanwhile_counts(
    trading: Desked, running: Running, stream: Stream
) -> None:
    replies: list[dict[str, Any]] = []

    async def buy() -> None:
        replies.append(await trading.buy(deadline="2024-05-15T07:00:10Z"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(buy)
        await trading.held.until(lambda: bool(stream.asked))
        await running.advance(13_000)  # ten seconds, the skew of two, one more
        stream.reach(stream.asked[0])
    assert (replies[0]["status"], replies[0]["reasons"][0]["code"]) == ("rejected", "past_deadline")
    assert trading.requests() == []


async def test_asking_for_prices_orders_nothing_and_does_not_wait(
    trading: Desked, running: Running, stream: Stream
) -> None:
    replies: list[dict[str, Any]] = []

    async def buy() -> None:
        replies.append(await trading.buy(symbol="EURUSD.req"))

    running.quote(1.1, 1.1001, "EURUSD.req")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(buy)
        await trading.held.until(lambda: bool(stream.asked))
        assert len(trading.requests()) == 1
        stream.reach(stream.asked[0])
    assert (replies[0]["status"], len(trading.requests())) == ("filled", 2)
