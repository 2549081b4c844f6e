"""docs/semantics.md 4: hedging and netting of a running account, trade by trade, against the venue."""

from pathlib import Path

import pytest

from oms.paper.listing import SymbolSettings
from tests.dispatch.desked import D, Desked, desked
from tests.dispatch.quoted import held, query, quoted, trade
from tests.paper.running import HEDGE, NET, running

pytestmark = pytest.mark.trio

H1 = (("buy", "0.10", 1.1), ("buy", "0.20", 1.101), ("sell", "0.10", 1.1005))


async def h1(desk: Desked) -> list[str]:
    """The three orders of TC-H1; the positions that their replies name."""
    return [(await trade(desk, *one))["position"] for one in H1]


async def test_tc_h1_positions_stand_side_by_side_and_close_one_another(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        p1, p2, p3 = await h1(desk)
        assert held(desk) == [("buy", "0.10", "1.1"), ("buy", "0.20", "1.101"), ("sell", "0.10", "1.1005")]
        await quoted(desk, 1.102, 1.102)
        await desk.ask("close", position=p2, volume="0.05")
        assert str(desk.held.books.ledger.realised().profit) == "5.00"
        assert held(desk)[1] == ("buy", "0.15", "1.101")

        done = await desk.ask("close_by", position=p1, position_by=p3)
        assert done["status"] == "done", done
        await desk.held.agrees(venue)
        pair = [deal for deal in desk.held.books.deals if deal.entry == "out_by"]
        assert {deal.position for deal in pair} == {p1, p3}
        assert str(sum(deal.profit for deal in pair if deal.profit is not None)) == "5.00"
        assert held(desk) == [("buy", "0.15", "1.101")]


async def test_tc_h3_a_wrong_close_is_denied_and_opens_nothing(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        kept, gone = [(await trade(desk, "buy", "0.10", 1.1))["position"] for _ in range(2)]
        assert (await desk.ask("close", position=gone))["status"] == "filled"
        sent = len(desk.requests())
        wrong = ({"position": "77"}, {"position": kept, "volume": "0.11"}, {"position": gone})
        replies = [await desk.ask("close", **fields) for fields in wrong]
        assert [one["status"] for one in replies] == ["denied"] * 3
        assert [one["reasons"][0]["retcode"] for one in replies] == [10013, 10014, 10036]
        assert len(desk.requests()) == sent
        assert held(desk) == [("buy", "0.10", "1.1")]


async def test_tc_h4_a_fill_in_two_deals_each_told_again(tmp_path: Path) -> None:
    shallow = SymbolSettings("EURUSD", depth=(D("0.2"), D("5")))
    async with running(symbols=(shallow,)) as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        desk.fault("duplicate", on="push", command=10, seconds=1, times=0)
        sold = await desk.buy("0.50", side="sell")
        assert (sold["status"], sold["filled"]) == ("filled", "0.50"), sold
        await venue.advance(1500)
        (fault,) = venue.server.faults.listing()
        assert fault["acted"] >= 2
        await desk.held.agrees(venue)
        volumes = [str(deal.volume) for deal in desk.held.books.deals if deal.trades]
        assert volumes == ["0.20", "0.30"]
        (position,) = desk.held.books.positions
        assert (position.side, str(position.volume)) == ("sell", "0.50")


async def test_tc_h5_the_same_orders_in_netting_and_in_hedging(tmp_path: Path) -> None:
    async with running() as venue:
        for login in (HEDGE, NET):
            (folder := tmp_path / str(login)).mkdir()
            async with desked(venue, folder, login=login) as desk:
                await h1(desk)
                assert desk.held.books.ledger.balance == venue.venue.accounts[login].balance
                shown = (await query(desk, "pnl"))["symbols"]
                realised = str(desk.held.books.ledger.realised().profit)
                (row,) = shown
                lots = row["positions"], row["long"], row["short"], row["net"]
                # Netting: 0.30 @ 1.10066..., of which 0.10 is sold at 1.1005: -1.67.
                expected = (3, "0.30", "0.10", "0.20") if login == HEDGE else (1, "0.20", "0.00", "0.20")
                assert (lots, realised) == (expected, "0.00" if login == HEDGE else "-1.67")
