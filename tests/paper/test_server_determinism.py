"""Two runs with one seed and a told clock say the same, byte for byte."""

import pytest

from oms.paper.faults import Fault
from oms.paper.feed import RandomWalk
from oms.paper.settings import Settings
from protocol.frame import Frame
from protocol.records.market import RatesRequest
from protocol.records.trade import HistoryRequest

from .running import HEDGE, NET, SERVER_START_S, START, running

pytestmark = pytest.mark.trio
NOISY = (
    Fault(do="lose", on="push", command=8, times=0, chance=0.3),
    Fault(do="duplicate", on="push", command=17, times=0, chance=0.5),
)
CHANCY = {"requote_chance": 0.5, "slippage_points": 9, "dealer_jitter_ms": 200}


async def conversation(seed: int) -> list[Frame]:
    """Everything that one terminal hears of a lively minute."""
    instruments = Settings().instruments()
    async with (
        running(
            seed=seed,
            faults=NOISY,
            feed=RandomWalk(instruments, seed, START),
            protocol={"statistics_seconds": 1, "book": "differences"},
            trading=CHANCY,
        ) as venue,
        venue.terminal(HEDGE) as terminal,
        venue.terminal(NET) as other,
    ):
        ids = {one.trade_symbol: one.symbol_id for one in await terminal.ask(6)}
        await terminal.ask(7, [ids["EURUSD"], ids["USDJPY"], ids["XAUUSD"]])
        await terminal.ask(22, [ids["EURUSD"]])
        for number in range(30):
            await venue.clock.advance(500)
            await terminal.settled()
            if number % 5 == 0:
                await terminal.buy(comment=f"n{number}")
                await other.buy()
            if number % 7 == 0:
                price = venue.venue.prices["EURUSD.ins"].ask
                await terminal.trade(
                    terminal.request(2, 0, 0.1, trade_symbol="EURUSD.ins", price_order=price)
                )
        await venue.clock.advance(1000)
        await terminal.ask(4)
        await terminal.ask(5, HistoryRequest())
        await terminal.ask(11, RatesRequest("EURUSD", 1, SERVER_START_S - 600, SERVER_START_S + 60))
        return terminal.frames


async def test_one_seed_one_conversation() -> None:
    first = await conversation(1)
    assert {frame.command for frame in first} >= {0, 8, 10, 12, 17, 19, 23}
    assert len([frame for frame in first if frame.command == 8]) > 10
    assert await conversation(1) == first
    assert await conversation(2) != first
