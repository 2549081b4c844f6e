"""An account that traded while the market moved, each at a second of its own, and what it had then."""

from pathlib import Path
from typing import NamedTuple

import trio

from tests.dispatch.desked import Desked, desked
from tests.paper.running import START, running

NS = 1_000_000


class Mark(NamedTuple):
    """The end of a step."""

    seq: int
    time_ns: int


class Lived(NamedTuple):
    data: Path  # a data folder
    marks: dict[str, Mark]


async def _lived(data: Path) -> Lived:
    folder = data / "journal"
    marks: dict[str, Mark] = {}
    async with running() as venue, desked(venue, folder) as trading:

        async def mark(name: str) -> None:
            await trading.held.recorder.settled()
            marks[name] = Mark(trading.held.recorder.seq, venue.clock.now * NS)
            await venue.advance(1000)

        await mark("empty")
        bought = await trading.buy("0.10", id="in")
        await mark("bought")
        await quoted(trading, 1.102, 1.1021)
        await mark("risen")
        await trading.buy("0.20", id="wait", type="limit", price="1.05")
        await mark("waiting")
        await quoted(trading, 1.098, 1.0981)
        await mark("fallen")
        await trading.ask("close", id="out", position=bought["position"])
        await mark("closed")
    (folder / "market").rename(data / "market")  # where a daemon has it
    return Lived(data, marks)


async def quoted(trading: Desked, bid: float, ask: float) -> None:
    """The market moves, and the daemon has logged it."""
    trading.venue.quote(bid, ask)
    board = trading.held.account.feed.board

    def known() -> bool:
        shown = board.get("EURUSD")
        return shown is not None and shown.bid == bid

    await trading.held.until(known)


def lived(data: Path) -> Lived:
    """All of it; it ends by itself."""
    return trio.run(_lived, data)


__all__ = ["START", "Lived", "Mark", "lived"]
