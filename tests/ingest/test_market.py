"""When what is heard is logged and published: the first read of a turn at once, the others at its end."""

from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
import trio
import trio.testing

from oms.eventlog.market import Bounds, MarketLog
from oms.ingest.ear import Ear
from oms.ingest.market import Messages, Pump, Received
from oms.ingest.quotes import Listed
from protocol.bodies import Batch
from protocol.messages import Push
from protocol.records.market import TICK, Tick

pytestmark = pytest.mark.trio
NOW = 1_795_000_000_000_000_000
SYMBOL = Listed(1, "EURUSD", 5, 1e-5)


class Published(NamedTuple):
    bids: list[float]
    logged: bool
    in_log: int  # pushes that the log holds at that moment


class Publisher:
    """Keeps what it is given, one message a push, and looks at what the log holds by then."""

    def __init__(self, folder: Path) -> None:
        self.published: list[Published] = []
        self._folder = folder

    def write(self, messages: Messages, received: Received) -> None:
        messages += [("tick", repr(row[3]).encode()) for row in received.rows]

    def publish(self, messages: Messages, *, logged: bool) -> None:
        pushes, _ = in_log(self._folder)
        self.published.append(Published([float(bid) for _, bid in messages], logged, pushes))

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()


def in_log(folder: Path) -> tuple[int, int]:
    """Pushes of ticks in the log, and the commits that they came in."""
    (file,) = folder.glob("*.db")
    rows = apsw.Connection(str(file)).execute("SELECT hash FROM push WHERE kind = 'ticks'").fetchall()
    return len(rows), sum(digest is not None for (digest,) in rows)


def tick(bid: float) -> Push:
    return Push(8, Batch(TICK, TICK.dump(Tick(symbol_id=1, tick_time=NOW // 10**9, fields=1, bid=bid))))


async def test_the_first_read_of_a_turn_goes_at_once_and_the_others_together(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    log = MarketLog(tmp_path, clock=lambda: NOW, bounds=Bounds(least_free_bytes=0))
    pump = Pump(log, publisher)
    feeds = [pump.feed(account, lambda: NOW) for account in ("a", "b")]
    ears = [Ear(feed, lambda: None) for feed in feeds]
    for feed in feeds:
        feed.begin([SYMBOL])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.run)
        await trio.testing.wait_all_tasks_blocked()
        ears[0]([tick(1.0), tick(2.0)])
        assert publisher.published == [Published([1.0, 2.0], True, 2)]
        ears[1]([tick(3.0)])
        ears[0]([tick(4.0), tick(5.0)])
        assert len(publisher.published) == 1
        await trio.testing.wait_all_tasks_blocked()
        assert publisher.published[1:] == [Published([3.0, 4.0, 5.0], True, 5)]
        ears[1]([tick(6.0)])
        assert publisher.published[2:] == [Published([6.0], True, 6)]
        nursery.cancel_scope.cancel()
    log.close()
    assert in_log(tmp_path) == (6, 3)
    assert pump.logged == 6


async def test_a_read_without_market_data_is_no_first_one(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    log = MarketLog(tmp_path, clock=lambda: NOW, bounds=Bounds(least_free_bytes=0))
    pump = Pump(log, publisher)
    feed = pump.feed("a", lambda: NOW)
    feed.begin([SYMBOL])
    ear = Ear(feed, lambda: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.run)
        await trio.testing.wait_all_tasks_blocked()
        ear([Push(14)])
        assert publisher.published == []
        ear([tick(1.0)])
        assert publisher.published == [Published([1.0], True, 1)]
        nursery.cancel_scope.cancel()
    log.close()
