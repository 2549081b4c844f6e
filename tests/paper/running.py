"""A venue that runs in the test's own Trio: real sockets, told time, prices made by the test."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import trio
from trio.testing import wait_all_tasks_blocked

from oms.paper.assembly import Paper, assemble
from oms.paper.feed import Feed, Tick
from oms.paper.settings import Settings

from .terminal import Terminal, connected

HEDGE, NET, EURO, YEN = 1001, 1002, 1003, 1004
# Wednesday 2024-05-15 07:00:00 UTC; server time is UTC + 3 in summer: 10:00.
START = 1_715_756_400_000
SERVER_START_S = START // 1000 + 3 * 3600
QUOTES = {"EURUSD": (1.1, 1.1001)}


class ToldClock:
    """Time that passes when the test says so."""

    def __init__(self, utc_ms: int = START) -> None:
        self.now = utc_ms
        self._moved = trio.Event()

    def utc_ms(self) -> int:
        return self.now

    async def sleep_until(self, utc_ms: float) -> None:
        await trio.lowlevel.checkpoint()
        while self.now < utc_ms:
            await self._moved.wait()

    async def advance(self, ms: int) -> None:
        """So much later, everything that was due is done."""
        self.now += ms
        self._moved.set()
        self._moved = trio.Event()
        await wait_all_tasks_blocked()


class Quotes:
    """A feed of standing quotes and nothing else: ticks come from the test."""

    def __init__(self, quotes: Mapping[str, tuple[float, float]], utc_ms: int) -> None:
        self._quotes, self._utc_ms = quotes, utc_ms

    def opening(self) -> list[Tick]:
        return [Tick(name, self._utc_ms, bid, ask, 0.0, 0) for name, (bid, ask) in self._quotes.items()]

    def next_utc_ms(self) -> int | None:
        return None

    def take(self, until_utc_ms: int) -> list[Tick]:
        return []


class Running:
    """The venue, its clock, and ways in."""

    def __init__(self, paper: Paper, clock: ToldClock, port: int, control_port: int) -> None:
        self.paper, self.clock = paper, clock
        self.server, self.venue = paper.server, paper.server.venue
        self.port, self.control_port = port, control_port
        self.url = f"ws://127.0.0.1:{port}/terminal"

    @asynccontextmanager
    async def terminal(
        self,
        login: int | None = None,
        password: str = "paper",  # noqa: S107
    ) -> AsyncIterator[Terminal]:
        """A terminal after its bootstrap, logged in where a login is given."""
        async with connected(self.url) as terminal:
            await terminal.bootstrap()
            if login is not None:
                await terminal.login(login, password)
                await terminal.settled()
            yield terminal

    def control(self, do: str, **fields: Any) -> Any:
        """A call of the control port, without its socket."""
        answer = self.paper.control.answer(msgspec.json.encode({"do": do, **fields}))
        assert "ok" in answer, answer
        return answer["ok"]

    def refused(self, do: str, **fields: Any) -> dict[str, str]:
        """The error of a call."""
        answer = self.paper.control.answer(msgspec.json.encode({"do": do, **fields}))
        error: dict[str, str] = answer["error"]
        return error

    def quote(self, bid: float, ask: float, symbol: str = "EURUSD") -> None:
        self.control("tick", symbol=symbol, bid=bid, ask=ask)

    async def advance(self, ms: int) -> None:
        await self.clock.advance(ms)

    async def gone(self, count: int = 0) -> None:
        """Until so many sessions are left."""
        with trio.fail_after(5):
            while len(self.server.connections) != count:
                await wait_all_tasks_blocked(0.001)


@asynccontextmanager
async def running(
    settings: Settings | None = None,
    *,
    clock: ToldClock | None = None,
    feed: Feed | None = None,
    **changes: Any,
) -> AsyncIterator[Running]:
    """A venue of the usual settings, with tickets from 1, without statistics unless asked for.

    `protocol`, `trading`, `server` are taken as changes of those tables; the rest as a whole.
    """
    settings = made(settings or Settings(), changes)
    clock = clock or ToldClock()
    paper = assemble(settings, clock, feed=feed or Quotes(QUOTES, clock.now))
    try:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(partial(paper.server.serve, "127.0.0.1", 0))
            control_port = await nursery.start(partial(paper.control.serve, "127.0.0.1", 0))
            await wait_all_tasks_blocked()
            yield Running(paper, clock, port, control_port)
            nursery.cancel_scope.cancel()
    finally:
        paper.close()


def made(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    usual: dict[str, dict[str, Any]] = {
        "protocol": {"statistics_seconds": 0},
        "trading": {"first_order": 1, "first_deal": 101},
        "server": {},
    }
    tables = {
        name: msgspec.structs.replace(getattr(settings, name), **(fields | changes.get(name, {})))
        for name, fields in usual.items()
    }
    rest = {name: value for name, value in changes.items() if name not in usual}
    return msgspec.structs.replace(settings, **tables, **rest)
