"""docs/semantics.md 6: the worked margins as `check` tells them, on a running account against the venue."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from oms.paper.listing import SymbolSettings
from oms.paper.settings import AccountSettings
from protocol.records.account import LeverageRule, LeverageTier
from tests.dispatch.desked import Desked, desked
from tests.paper.running import HEDGE, Quotes, ToldClock, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]

Prices = Mapping[str, tuple[float, float]]
MODES = pytest.mark.parametrize("mode", ["hedging", "netting"])
# docs/semantics.md TC-M1: one price per pair.
PAIRS = {
    name: (price, price)
    for name, price in (
        *(("EURUSD", 1.0991), ("GBPUSD", 1.2273), ("USDJPY", 108.0), ("USDCHF", 0.99)),
        *(("EURJPY", 118.7), ("GBPJPY", 132.5)),
    )
}


@asynccontextmanager
async def account(
    folder: Path,
    prices: Prices,
    *symbols: SymbolSettings,
    mode: str = "hedging",
    leverage: int = 100,
    **trading: Any,
) -> AsyncIterator[Desked]:
    """A desk of an account with 10 000 USD, at these prices."""
    terms = AccountSettings(login=HEDGE, margin_mode=mode, leverage=leverage)  # type: ignore[arg-type]
    clock = ToldClock()
    quotes = Quotes({"EURUSD": (1.1, 1.1)} | dict(prices), clock.now)
    async with (
        running(clock=clock, feed=quotes, accounts=(terms,), symbols=symbols, trading=trading) as venue,
        desked(venue, folder, login=HEDGE) as desk,
    ):
        board = desk.held.account.feed.board
        await desk.held.until(lambda: all(board.get(name) is not None for name in prices))
        yield desk


async def judged(desk: Desked, symbol: str, side: str, volume: str, **more: Any) -> tuple[str, str]:
    """All of the margin with an order, and what of it the order adds."""
    reply = await desk.ask("check", symbol=symbol, side=side, volume=volume, **more)
    margin = reply["margin"]
    assert margin["gaps"] == [], reply
    return margin["margin"], margin["added"]


async def traded(desk: Desked, symbol: str, side: str, volume: str, **more: Any) -> None:
    reply = await desk.ask("submit", symbol=symbol, side=side, volume=volume, **more)
    assert reply["status"] in ("filled", "working"), reply


@MODES
async def test_tc_m1_a_tenth_of_a_lot_of_six_pairs(tmp_path: Path, mode: str) -> None:
    async with account(tmp_path, PAIRS, mode=mode) as desk:
        found = {name: await judged(desk, name, "buy", "0.10") for name in PAIRS}
    expected = {
        "EURUSD": "109.91", "GBPUSD": "122.73", "USDJPY": "100.00", "USDCHF": "100.00", "EURJPY": "109.91",
        "GBPJPY": "122.73",
    }  # fmt: skip
    assert found == {name: (margin, margin) for name, margin in expected.items()}


async def test_tc_m2_hedged_in_basic_mode(tmp_path: Path) -> None:
    sides = (2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    rates = SymbolSettings("EURUSD", margin_rates=sides, margin_rates_maintenance=sides)
    quotes = {"EURUSD": (1.11943, 1.11953)}
    async with account(tmp_path, quotes, rates, leverage=500) as desk:
        for side, count in (("sell", 3), ("buy", 1)):
            for _ in range(count):
                await traded(desk, "EURUSD", side, "1.00")
        # Uncovered 2 × 895.544; covered 1 × 223.891 at the mean rate 3.  One more buy in flight would cover
        # another, which leaves less: the larger of both counts.
        assert await judged(desk, "EURUSD", "buy", "1.00") == ("2462.76", "0.00")
        await traded(desk, "EURUSD", "buy", "1.00")
        await desk.held.until(lambda: len(list(desk.held.books.positions)) == 5)
        assert str(desk.held.account.margin(desk.held.books).now().margin) == "2238.91"


@MODES
async def test_tc_m4_cfd_with_leverage_and_a_limit(tmp_path: Path, mode: str) -> None:
    oil = SymbolSettings(
        "OIL", like="XAUUSD", calc_mode="cfd_leverage", contract_size=5000, digits=3, tick_size=0.001,
        currency_base="USD", currency_margin="USD", start=15.4,
    )  # fmt: skip
    async with account(tmp_path, {"OIL": (15.426, 15.436)}, oil, mode=mode) as desk:
        assert await judged(desk, "OIL", "buy", "1.00") == ("771.80", "771.80")  # 5000 × 15.436 / 100
        await traded(desk, "OIL", "buy", "1.00")
        desk.venue.quote(15.422, 15.432, "OIL")
        await desk.held.until(lambda: desk.held.account.feed.board.get("OIL").ask == 15.432)  # type: ignore[union-attr]
        assert (await judged(desk, "OIL", "buy", "2.00"))[0] == "2315.00"
        await traded(desk, "OIL", "buy", "2.00")
        limit = {"type": "limit", "price": "15.412"}
        assert await judged(desk, "OIL", "buy", "1.00", **limit) == ("3085.60", "770.60")


async def test_tc_m5_fixed_margin(tmp_path: Path) -> None:
    future = SymbolSettings(
        "ES", like="XAUUSD", calc_mode="futures", margin_initial=1000, margin_maintenance=500,
        margin_hedged=500, currency_base="USD", currency_margin="USD",
    )  # fmt: skip
    async with account(tmp_path, {"ES": (10.0, 10.0)}, future) as desk:
        assert await judged(desk, "ES", "sell", "2.00") == ("2000.00", "2000.00")
        await traded(desk, "ES", "buy", "1.00")
        assert str(desk.held.account.margin(desk.held.books).now().margin) == "500.00"
        assert await judged(desk, "ES", "sell", "2.00") == ("1500.00", "1000.00")
        await traded(desk, "ES", "sell", "2.00")
        assert str(desk.held.account.margin(desk.held.books).now().margin) == "1000.00"


@MODES
@pytest.mark.parametrize(("rate", "expected"), [(1.0, "1279.00"), (1.15, "1470.85")])
async def test_tc_m7_margin_currency(tmp_path: Path, rate: float, expected: str, mode: str) -> None:
    cross = SymbolSettings("EURGBP", margin_rates=(rate, 1, 1, 1, 1, 1, 1, 1))
    quotes = {"EURGBP": (0.85, 0.85), "EURUSD": (1.2788, 1.2790), "GBPUSD": (1.5, 1.5)}
    async with account(tmp_path, quotes, cross, mode=mode) as desk:
        assert await judged(desk, "EURGBP", "buy", "1.00") == (expected, expected)


async def test_what_check_tells_is_what_is_there_after_the_order(tmp_path: Path) -> None:
    """Free margin and level too, with leverage tiers: 0.30 lots at the plain rate, the rest at half more."""
    tiers = [LeverageTier(0.0, 0.3, 1.0, 1.0), LeverageTier(0.3, 99.0, 1.5, 1.5)]
    rules = (LeverageRule("*", 1, tiers=tiers),)
    async with account(tmp_path, {"EURUSD": (1.1, 1.1)}, leverage_rules=rules) as desk:
        reply = await desk.ask("check", symbol="EURUSD", side="buy", volume="0.50")
        # 0.30 × 1 100 + 0.20 × 1 100 × 1.5; 10 000 - 660; 10 000 / 660
        assert reply["margin"] == {
            "margin": "660.00", "free": "9340.00", "level": "1515.15151515", "added": "660.00", "gaps": [],
        }  # fmt: skip
        await traded(desk, "EURUSD", "buy", "0.50")
        found = desk.held.account.margin(desk.held.books).now()
        assert (str(found.margin), str(found.margin_free)) == ("660.00", "9340.00")
        assert str(found.margin_level) == "1515.15151515"
        assert str(desk.venue.venue.totals(HEDGE).margin) == "660.00"  # type: ignore[union-attr]


async def test_in_netting_the_other_side_is_reduced_by_what_is_held(tmp_path: Path) -> None:
    """docs/protocol.md 7.4: the larger of 1 100 bought and 2.50 × 1 100 sold, less the 1 100 that is held."""
    async with account(tmp_path, {"EURUSD": (1.1, 1.1)}, mode="netting") as desk:
        await traded(desk, "EURUSD", "buy", "1.00")
        assert await judged(desk, "EURUSD", "sell", "0.50") == ("1100.00", "0.00")
        assert await judged(desk, "EURUSD", "sell", "2.50") == ("1650.00", "550.00")
        limit = {"type": "limit", "price": "1.09000"}
        assert await judged(desk, "EURUSD", "buy", "1.00", **limit) == ("2190.00", "1090.00")
        await traded(desk, "EURUSD", "sell", "2.50")
        assert str(desk.held.account.margin(desk.held.books).now().margin) == "1650.00"
        assert str(desk.venue.venue.totals(HEDGE).margin) == "1650.00"  # type: ignore[union-attr]


async def test_tc_m5_fixed_margin_in_netting_and_of_a_pending_order(tmp_path: Path) -> None:
    """An order costs the initial 1 000 a lot, what is held the 500 of maintenance.

    The other side is reduced by its own margin a lot times what is held (docs/protocol.md 7.4).
    """
    future = SymbolSettings(
        "ES", like="XAUUSD", calc_mode="futures", margin_initial=1000, margin_maintenance=500,
        margin_hedged=500, currency_base="USD", currency_margin="USD",
    )  # fmt: skip
    async with account(tmp_path, {"ES": (10.0, 10.0)}, future, mode="netting") as desk:
        await traded(desk, "ES", "buy", "1.00")
        # 2 × 1 000 sold less 1 × 1 000; a limit beside what is held adds its own
        assert await judged(desk, "ES", "sell", "2.00") == ("1000.00", "500.00")
        assert await judged(desk, "ES", "buy", "2.00", type="limit", price="9.00") == ("2500.00", "2000.00")
        await traded(desk, "ES", "buy", "2.00", type="limit", price="9.00")
        assert str(desk.held.account.margin(desk.held.books).now().margin) == "2500.00"
        assert str(desk.venue.venue.totals(HEDGE).margin) == "2500.00"  # type: ignore[union-attr]
