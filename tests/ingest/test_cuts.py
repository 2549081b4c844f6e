"""TC-R5: a hundred cuts, at random bytes, in whatever the connection was doing."""

from pathlib import Path
from random import Random

import pytest

from protocol.records.trade import TradeRequest
from tests.ingest.held import held, rebuilt, told_by_books, told_by_venue
from tests.ingest.test_account import buy, outcome, sell
from tests.paper.running import HEDGE, Running, running
from tests.paper.terminal import Terminal

pytestmark = [pytest.mark.trio, pytest.mark.slow]
CUTS = 100
OPENING = (0, 28, 3, 6, 4, 5, 18, 7)  # what is asked on the way to being ready, and by nobody else here
BEYOND = 4000  # bytes within which a cut comes
STEP_MS = 20 * 60_000  # a hundred of them are longer than the overlap of histories


async def test_tc_r5_a_hundred_random_cuts_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = Random(2024)
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        async with venue.terminal(HEDGE) as terminal:
            for _ in range(CUTS):
                cut(venue, main.session, chance)
                for _ in range(chance.randrange(1, 4)):
                    await outcome(terminal, some_trade(venue, terminal, chance))
                await venue.advance(STEP_MS)
                await main.agrees(venue)
        venue.control("clear_faults")
        await main.ready()
        await main.agrees(venue)
        assert main.account.connections > CUTS
        deals = [event["deal"] for event in main.events("deal.booked")]
        assert sorted(deals) == sorted(told_by_venue(venue, HEDGE)["deals"])
        fills = [event for event in main.events("deal.booked") if event["type"] in ("buy", "sell")]
        truth = venue.control("truth")["deals"]
        assert len(fills) == sum(one["login"] == HEDGE and one["trade_action"] in (0, 1) for one in truth)
        assert main.events("deal.amended") == main.events("deal.removed") == []
        again = rebuilt(main.recorder._journal)
        assert told_by_books(again) == told_by_venue(venue, HEDGE)
        assert again.state_hash() == main.books.state_hash()
        assert all(one["equal"] for one in main.events("reconcile.report"))


def cut(venue: Running, session: int, chance: Random) -> None:
    """The session ends so many bytes from now; the one behind it, mostly, on its way to being ready."""
    venue.control("clear_faults")
    if chance.random() < 0.7:
        fault = {"do": "abort_after", "on": "request", "command": chance.choice(OPENING)}
        venue.control("fault", fault={**fault, "bytes": chance.randrange(BEYOND)})
    venue.control("abort", session=session, bytes=chance.randrange(BEYOND))


def some_trade(venue: Running, terminal: Terminal, chance: Random) -> TradeRequest:
    """A market order, a pending one, one pending less, a position less."""
    account = venue.venue.accounts[HEDGE]
    match chance.randrange(4):
        case 0 if account.positions:
            position = chance.choice(list(account.positions.values()))
            close = buy if position.trade_action else sell
            lots = position.trade_volume / 10**8
            return close(terminal, lots, trade_position=position.position_id)
        case 1:
            return terminal.request(5, 2, 0.02, price_order=1.05, type_filling=2)
        case 2 if account.orders:
            return terminal.request(8, 0, 0, trade_order=chance.choice(list(account.orders)))
    return chance.choice((buy, sell))(terminal, 0.01)
