"""Market data on core NATS, as a plain subscriber sees them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
import trio.testing

from oms.bus import market
from oms.bus.bridge import Bridge
from oms.bus.market import Changed, MarketPublisher
from oms.bus.told import Message
from oms.domain.events import BookChanged, StatisticsChanged
from oms.domain.events.market import BookLevel
from protocol.quotes import QuoteTick
from tests.bus.scene import linked, until
from tests.nats import nats_server

pytestmark = pytest.mark.trio
NAMES = {1: "EURUSD", 2: "USDJPY.req"}


class Push(NamedTuple):
    account: str
    names: Mapping[int, str]
    changed: Changed


def push(*changed: Any, account: str = "main", names: Mapping[int, str] = NAMES) -> Push:
    return Push(account, names, changed)


def tick(symbol_id: int = 1, time: int = 1_700_000_000_123, **given: Any) -> QuoteTick:
    shown: dict[str, Any] = {"bid": 1.08001, "ask": 1.08003, "last": 0.0, "volume": 0, "fields": 3}
    return QuoteTick(symbol_id=symbol_id, time=time, **(shown | {"delayed": False} | given))


class Heard(list[Message]):
    """What a subscriber heard."""

    @property
    def told(self) -> list[tuple[str, Any]]:
        return [(one.subject, json.loads(one.payload)) for one in self]

    def logged(self) -> list[str | None]:
        return [one.headers.get("Oms-Logged") for one in self]


def publish(publisher: MarketPublisher, pushes: Sequence[Push], *, logged: bool) -> None:
    """What became of one read."""
    messages: list[tuple[str, bytes]] = []
    for one in pushes:
        publisher.write(messages, one)
    publisher.publish(messages, logged=logged)


async def test_each_tick_is_a_message_and_each_push_another(tmp_path: Path) -> None:
    heard = Heard()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.>", heard.extend):
            publisher = MarketPublisher(bridge)
            publish(
                publisher,
                [push(tick(), tick(2, bid=151.5, volume=25_000_000)), push(tick(delayed=True), account="b")],
                logged=True,
            )
            await until(lambda: len(heard) == 5)
    first = {
        "symbol": "EURUSD",
        "time": 1700000000123,
        "bid": 1.08001,
        "ask": 1.08003,
        "last": 0.0,
        "volume": 0.0,
    }
    second = first | {"symbol": "USDJPY.req", "bid": 151.5, "volume": 0.25}
    third = first | {"delayed": True}
    assert heard.told == [
        ("oms.v1.tick.main.EURUSD", {"account": "main", **first}),
        ("oms.v1.tick.main.USDJPY%2Ereq", {"account": "main", **second}),
        ("oms.v1.ticks.main", {"account": "main", "ticks": [first, second]}),
        ("oms.v1.tick.b.EURUSD", {"account": "b", **third}),
        ("oms.v1.ticks.b", {"account": "b", "ticks": [third]}),
    ]
    assert heard.logged() == [None] * 5
    assert publisher.published == 5


@pytest.mark.parametrize(
    ("which", "subjects"),
    [({"per_push": False}, ["oms.v1.tick.main.EURUSD"]), ({"per_tick": False}, ["oms.v1.ticks.main"])],
)
async def test_which_of_both_is_published_may_be_chosen(
    tmp_path: Path, which: dict[str, Any], subjects: list[str]
) -> None:
    heard = Heard()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.>", heard.extend):
            publisher = MarketPublisher(bridge, **which)
            publish(publisher, [push(tick())], logged=True)
            bridge.publish([("oms.v1.end", b"0")])
            await until(lambda: heard and heard[-1].subject == "oms.v1.end")
    assert [message.subject for message in heard] == [*subjects, "oms.v1.end"]


async def test_books_and_statistics(tmp_path: Path) -> None:
    heard = Heard()
    book = BookChanged("EURUSD", 1_700_000_000_000, (BookLevel(1.08, 2.0), BookLevel(1.07, 1.5)), ())
    day = StatisticsChanged("US 500", 1_700_000_000_500, {"price_open": 1.2, "trade_deals": 7}, delayed=True)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("acme.>", heard.extend):
            publisher = MarketPublisher(bridge, prefix="acme")
            publish(publisher, [push(book), push(day)], logged=True)
            await until(lambda: len(heard) == 2)
    levels = {"bids": [[1.08, 2.0], [1.07, 1.5]], "asks": []}
    values = {"values": {"price_open": 1.2, "trade_deals": 7}, "delayed": True}
    assert heard.told == [
        ("acme.book.main.EURUSD", {"account": "main", "symbol": "EURUSD", "time": 1700000000000, **levels}),
        ("acme.stat.main.US%20500", {"account": "main", "symbol": "US 500", "time": 1700000000500, **values}),
    ]


async def test_what_is_not_logged_says_so(tmp_path: Path) -> None:
    heard = Heard()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.>", heard.extend):
            publisher = MarketPublisher(bridge, per_push=False)
            for logged in (True, False, True):
                publish(publisher, [push(tick())], logged=logged)
            await until(lambda: len(heard) == 3)
    assert heard.logged() == [None, "0", None]


async def test_a_price_that_is_no_number_is_null(tmp_path: Path) -> None:
    heard = Heard()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.>", heard.extend):
            publisher = MarketPublisher(bridge, per_push=False)
            publish(publisher, [push(tick(bid=math.nan, ask=math.inf, last=1e-7))], logged=True)
            await until(lambda: heard)
    ((_, told),) = heard.told
    assert (told["bid"], told["ask"], told["last"]) == (None, None, 1e-7)


class Slow:
    """A bridge whose other side takes nothing until it is told to."""

    def __init__(self) -> None:
        self.backlog = 0
        self.batches: list[tuple[list[tuple[str, bytes]], dict[str, str] | None]] = []
        self._moved = trio.Event()

    def publish(self, batch: list[tuple[str, bytes]], headers: dict[str, str] | None = None) -> None:
        self.batches.append((batch, headers))
        self.backlog += len(batch)

    async def room(self, limit: int) -> None:
        while self.backlog >= limit:
            await self._moved.wait()

    def take(self) -> list[Any]:
        """All of it: headers, and what the messages say of symbol and time."""
        batches, self.batches, self.backlog = self.batches, [], 0
        moved, self._moved = self._moved, trio.Event()
        moved.set()
        told = [(headers, [json.loads(payload) for _, payload in batch]) for batch, headers in batches]
        return [(headers, [(one["symbol"], one["time"]) for one in batch]) for headers, batch in told]


async def test_a_slow_nats_gets_the_newest_of_each_symbol(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "ROOM", 2)
    monkeypatch.setattr(market, "MOST", 4)
    slow = Slow()
    bridge: Any = slow
    assert set(Slow.__dict__) & {"publish", "room"} <= set(Bridge.__dict__)
    publisher = MarketPublisher(bridge, per_push=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.run)
        publish(publisher, [push(*(tick(time=number) for number in range(5)))], logged=True)
        publish(publisher, [push(tick(1, 10), tick(2, 11), tick(1, 12))], logged=True)
        publish(publisher, [push(tick(1, 13)), push(tick(1, 14), account="b")], logged=False)
        began = trio.current_time()
        await publisher.room()  # waits for some time only
        assert trio.current_time() - began == 0.5
        assert publisher.conflated == 2  # of account main's EURUSD 10 and 12
        assert slow.take() == [(None, [("EURUSD", number) for number in range(5)])]
        await trio.testing.wait_all_tasks_blocked()
        not_logged = {"Oms-Logged": "0"}
        assert slow.take() == [
            (None, [("USDJPY.req", 11)]),
            (not_logged, [("EURUSD", 13), ("EURUSD", 14)]),
        ]
        publish(publisher, [push(tick(1, 20), tick(1, 21))], logged=True)  # as before
        assert slow.take() == [(None, [("EURUSD", 20), ("EURUSD", 21)])]
        nursery.cancel_scope.cancel()


async def test_a_nats_that_stands_still_delays_who_reads_the_venue_once(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "ROOM", 2)
    slow = Slow()
    bridge: Any = slow
    publisher = MarketPublisher(bridge, per_push=False)
    waits: list[float] = []

    async def read() -> None:
        began = trio.current_time()
        await publisher.room()
        waits.append(trio.current_time() - began)

    publish(publisher, [push(tick(), tick())], logged=True)
    for _ in range(3):
        await read()
    slow.take()
    await read()  # there was room
    publish(publisher, [push(tick(), tick())], logged=True)
    await read()
    assert waits == [0.5, 0, 0, 0, 0.5]


async def test_while_nats_is_away_ticks_are_dropped_and_counted(tmp_path: Path) -> None:
    heard = Heard()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.>", heard.extend):
            publisher = MarketPublisher(bridge, per_push=False)
            connection = await bridge.connection()
            server.kill()
            await connection.over.wait()
            publish(publisher, [push(tick(time=1), tick(time=2))], logged=True)
            assert bridge.dropped == 2
            await trio.to_thread.run_sync(server.start)
            await bridge.connection()
            publish(publisher, [push(tick(time=3))], logged=True)
            await until(lambda: heard)
    assert [told["time"] for _, told in heard.told] == [3]


async def test_a_slow_nats_gets_one_push_with_the_newest_of_each_symbol(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "ROOM", 2)
    monkeypatch.setattr(market, "MOST", 0)
    slow = Slow()
    bridge: Any = slow
    publisher = MarketPublisher(bridge, per_tick=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.run)
        publish(publisher, [push(tick(time=1))], logged=True)
        publish(publisher, [push(tick(1, 10), tick(2, 11)), push(tick(1, 12))], logged=True)
        publish(publisher, [push(tick(1, 13), account="b")], logged=False)
        slow.batches.clear()
        slow.backlog = 0
        slow.take()
        await trio.testing.wait_all_tasks_blocked()
        (messages, headers), (_, of_the_other) = slow.batches
        nursery.cancel_scope.cancel()
    ((subject, payload),) = messages
    told = json.loads(payload)
    assert (subject, headers, told["account"]) == ("oms.v1.ticks.main", None, "main")
    assert of_the_other == {"Oms-Logged": "0"}
    assert [(one["symbol"], one["time"]) for one in told["ticks"]] == [("EURUSD", 12), ("USDJPY.req", 11)]
    assert publisher.conflated == 1
