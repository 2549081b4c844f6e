"""docs/semantics.md 5: the worked profits as a running account tells them, and as the venue books them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from oms.paper.listing import SymbolSettings
from tests.dispatch.desked import Desked, desked
from tests.dispatch.quoted import query, quoted, trade
from tests.paper.running import HEDGE, Quotes, ToldClock, running

pytestmark = pytest.mark.trio

DAX = SymbolSettings(
    "DAX", like="DE40", calc_mode="cfd_leverage", contract_size=1, trade_sessions="always",
    quote_sessions="always", digits=1, tick_size=0.5, start=18000.0,
)  # fmt: skip
PRICES = {
    name: (price, price)
    for name, price in (
        *(("EURUSD", 1.0991), ("GBPUSD", 1.2273), ("USDJPY", 108.0), ("EURJPY", 160.0)),
        *(("XAUUSD", 2349.8), ("DAX", 18000.5)),
    )
}


@asynccontextmanager
async def account(folder: Path) -> AsyncIterator[Desked]:
    """A desk of an account with 10 000 USD, all of these symbols quoted."""
    clock = ToldClock()
    async with (
        running(clock=clock, feed=Quotes(PRICES, clock.now), symbols=(DAX,)) as venue,
        desked(venue, folder, login=HEDGE) as desk,
    ):
        board = desk.held.account.feed.board
        await desk.held.until(lambda: all(board.get(name) is not None for name in PRICES))
        yield desk


async def floated(desk: Desked) -> dict[str, Any]:
    """The only position, as the daemon values it."""
    (row,) = (await query(desk, "pnl"))["positions"]
    assert row["unvalued"] is None, row
    return row  # type: ignore[no-any-return]


async def told_and_booked(
    desk: Desked, symbol: str, side: str, volume: str, opened: float, close: tuple[float, float]
) -> tuple[str, str]:
    """What a position is worth at these quotes, and what its closing deal books."""
    reply = await trade(desk, side, volume, opened, symbol)
    await quoted(desk, *close, symbol)
    row = await floated(desk)
    assert (await desk.ask("close", position=reply["position"]))["status"] == "filled"
    return row["profit"], str(list(desk.held.books.deals)[-1].profit)


async def test_tc_p1_300_points_of_a_lot(tmp_path: Path) -> None:
    async with account(tmp_path) as desk:
        for symbol, opened, closed in (("EURUSD", 1.0991, 1.1021), ("GBPUSD", 1.2273, 1.2303)):
            found = await told_and_booked(desk, symbol, "buy", "1.00", opened, (closed, closed + 0.0002))
            assert found == ("300.00", "300.00")


async def test_tc_p2_usdjpy_converts_at_its_own_close(tmp_path: Path) -> None:
    async with account(tmp_path) as desk:
        bought = await told_and_booked(desk, "USDJPY", "buy", "1.00", 108.183, (108.483, 108.49))
        sold = await told_and_booked(desk, "USDJPY", "sell", "1.00", 108.179, (107.87, 107.879))
        assert (bought, sold) == (("276.54", "276.54"), ("278.09", "278.09"))


async def test_tc_p3_the_price_of_the_deal_stands_over_the_price_that_was_shown(tmp_path: Path) -> None:
    """Closed while the price moves: -80 yen by 108.015, not -50 by the 108.018 that the desk had seen."""
    async with account(tmp_path) as desk:
        opened = await trade(desk, "buy", "0.10", 108.023, "USDJPY")
        await quoted(desk, 108.018, 108.02, "USDJPY")
        desk.fault("slow_dealer", seconds=2)
        await desk.ask("close", id="shut", position=opened["position"], reply="receipt")
        await desk.held.until(lambda: len(desk.requests()) == 2)
        await quoted(desk, 108.015, 108.018, "USDJPY")
        await desk.venue.advance(2500)
        await desk.held.agrees(desk.venue)
        last = list(desk.held.books.deals)[-1]
        assert (str(last.price), str(last.profit)) == ("108.015", "-0.74")
        (command,) = (await query(desk, "commands", command="shut"))["commands"]
        assert (command["status"], command["retcode"], command["price"]) == ("filled", 10009, "108.015")


async def test_tc_p5_a_cross_converts_by_side_whatever_the_sign(tmp_path: Path) -> None:
    async with account(tmp_path) as desk:
        await quoted(desk, 150.0, 150.02, "USDJPY")
        sides = {"buy": ("bid", 150.0, "166.67"), "sell": ("ask", 150.02, "166.64")}
        for side, (quote, price, profit) in sides.items():
            reply = await trade(desk, side, "0.50", 160.0, "EURJPY")
            signs = {160.5: "", 159.5: "-"} if side == "buy" else {160.5: "-", 159.5: ""}
            for close, sign in signs.items():
                await quoted(desk, close, close, "EURJPY")
                row = await floated(desk)
                assert row["profit"] == sign + profit
                (leg,) = row["conversion"]["legs"]
                # 1 / bid of USDJPY is what a dollar's worth of yen costs, 1 / ask what it brings.
                assert (leg["pair"], leg["side"], leg["price"], leg["inverse"]) == (
                    "USDJPY",
                    quote,
                    price,
                    True,
                )
                assert leg["time"] == desk.venue.server.moment.server_ms
            await desk.ask("close", position=reply["position"])
            assert str(list(desk.held.books.deals)[-1].profit) == sign + profit


async def test_tc_p6_gold(tmp_path: Path) -> None:
    async with account(tmp_path) as desk:
        found = await told_and_booked(desk, "XAUUSD", "buy", "0.03", 2349.8, (2351.27, 2351.6))
        assert found == ("4.41", "4.41")


async def test_tc_p7_a_gain_in_euro_converts_at_the_bid(tmp_path: Path) -> None:
    async with account(tmp_path) as desk:
        await quoted(desk, 1.08, 1.0802)
        await trade(desk, "buy", "2.00", 18000.5, "DAX")
        await quoted(desk, 18050.5, 18051.0, "DAX")
        row = await floated(desk)
        assert (row["profit"], row["conversion"]["legs"][0]["side"]) == ("108.00", "bid")


async def test_tc_p8_without_a_rate_the_value_is_unknown_and_the_totals_say_so(tmp_path: Path) -> None:
    """USDJPY was quoted more than five minutes ago: that is no rate, and none is guessed."""
    async with account(tmp_path) as desk:
        opened = await trade(desk, "buy", "0.50", 160.0, "EURJPY")
        await trade(desk, "buy", "0.10", 1.08)
        await desk.venue.advance(301_000)
        await quoted(desk, 160.5, 160.5, "EURJPY")
        await quoted(desk, 1.081, 1.081)
        reply = await query(desk, "pnl")
        row = reply["positions"][0]
        assert (row["position"], row["profit"], row["unvalued"]) == (opened["position"], None, "no_rate")
        floating = reply["floating"]
        assert (floating["incomplete"], floating["profit"], floating["unvalued_count"]) == (True, "10.00", 1)
        assert floating["unvalued"] == [
            {"position": opened["position"], "symbol": "EURJPY", "reason": "no_rate"}
        ]
        assert [one["incomplete"] for one in reply["symbols"]] == [True, False]
        assert (await query(desk, "account"))["equity"] is None
        await quoted(desk, 150.0, 150.02, "USDJPY")
        assert (await query(desk, "pnl"))["positions"][0]["profit"] == "166.67"
