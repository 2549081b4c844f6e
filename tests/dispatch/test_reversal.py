"""docs/semantics.md 4, TC-N6: somebody else was faster than a close of ours, in netting."""

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.dispatch.desked import D, desked
from tests.ingest.test_account import outcome, sell
from tests.paper.running import NET, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]


async def test_tc_n6_a_close_that_met_a_faster_trade(tmp_path: Path) -> None:
    replies: list[dict[str, Any]] = []
    async with running() as venue, desked(venue, tmp_path, login=NET) as trading:
        async with venue.terminal(NET) as phone:
            opened = await trading.buy("0.10", id="open")
            trading.fault("slow_dealer", seconds=2)

            async def close() -> None:
                replies.append(await trading.ask("close", id="shut", position=opened["position"], wait=10))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(close)
                await trading.held.until(lambda: len(trading.requests()) == 2)
                await outcome(phone, sell(phone, 0.06))
                await venue.advance(2500)
        (reply,) = replies
        assert (reply["status"], reply["filled"], reply["anomaly"]) == ("filled", "0.10", "close_reversed")
        await trading.held.agrees(venue, NET)
        (left,) = trading.held.books.positions
        assert (left.side, left.volume) == ("sell", D("0.06"))
        (anomaly,) = [one for one in trading.held.events("anomaly.seen") if one["kind"] == "close_reversed"]
        assert (anomaly["symbol"], anomaly["value"]) == ("EURUSD", "sell 0.06")

        # Nothing was sent by itself, and only what reduces goes on until a person says otherwise.
        assert len(trading.requests()) == 3
        assert trading.held.account.standing.permission == "reducing"
        assert trading.held.events("account.state")[-1]["reason"] == "close_reversed"
        denied = await trading.buy("0.10", side="sell")
        assert (denied["status"], denied["reasons"][0]["code"]) == ("denied", "reducing")
        closed = await trading.ask("close", symbol="EURUSD")
        assert (closed["status"], closed["anomaly"], list(trading.held.books.positions)) == (
            "filled",
            None,
            [],
        )
        await trading.operate("resume")
        assert trading.held.account.standing.permission == "active"


async def test_a_close_that_was_reversed_still_restricts_after_a_restart(tmp_path: Path) -> None:
    async with running() as venue:
        async with desked(venue, tmp_path, login=NET) as trading, venue.terminal(NET) as phone:
            opened = await trading.buy("0.10", id="open")
            trading.fault("slow_dealer", seconds=2)
            await trading.ask("close", id="shut", position=opened["position"], reply="receipt")
            await trading.held.until(lambda: len(trading.requests()) == 2)
            await outcome(phone, sell(phone, 0.06))
            await venue.advance(2500)
            await trading.held.until(lambda: trading.held.account.standing.permission == "reducing")
        async with desked(venue, tmp_path, login=NET) as again:
            assert again.held.account.standing.permission == "reducing"
            assert again.held.account.standing.reason == "close_reversed"
