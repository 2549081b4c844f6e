"""The course of it: everything started, broken for so long, left alone until all is settled, compared."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from nats.aio.client import Client as Nats

from tests.nats import Server

from . import evidence, verdict
from .clients import NO_REPLY, Asked, Book, Client, connected
from .havoc import Killer, calm, restarts, trouble
from .processes import LOGINS, Daemon, Venue, fail_points
from .venue_words import mine, picture_at_venue, picture_in_books
from .verdict import statuses

ENDED: Final = "ended"  # problems beside those that are counted: the daemon ended by itself
CLIENTS: Final = ("ann", "bob")
SETTLE_S: Final = 400.0
LOOK_S: Final = 1.0
ASK_AT_ONCE: Final = 16
AFTER_S: Final = 30.0  # for what was asked again
WAIT_S: Final = 10.0  # of who asks again when all is over


@dataclass
class Results:
    """What goes into soak-results.json."""

    seed: int
    seconds: float
    kills: int
    commands: int
    venue_orders: int
    duplicates: int
    lost: int
    unknown_left: int
    stream_gaps: int
    state_differences: int


class Soak:
    """One run, in a folder of its own."""

    def __init__(self, folder: Path, seed: int, seconds: float, *, every_point: bool, limits: str) -> None:
        """`every_point`: it also ends when the daemon died once at each; `limits` are the daemon's."""
        self._folder, self._seed, self._seconds, self._every_point = folder, seed, seconds, every_point
        self._limits = limits
        self.problems: dict[str, list[str]] = {}
        self.report: dict[str, Any] = {}

    async def run(self) -> Results:
        """All of it; whatever was started is gone when this ends, however it ends."""
        async with self._everything() as (server, venue, bus):
            daemon = Daemon(self._folder, server.url, venue.url, self._limits)
            book = Book(self._folder / "replies.jsonl")
            try:
                killer = Killer(daemon, await fail_points(), self._chance("kills"))
                seconds = await self._break(server, venue, daemon, bus, book, killer)
                truth, last = await self._settled(venue, daemon, bus, book)
                found = await evidence.gathered(self._folder, bus, truth, [*book.asked.values()], last)
                self._judge(found)
                self.problems["state_differences"] += await self._compare_rebuilds(daemon, bus)
                self.problems[ENDED] = killer.ended
                await daemon.end(signal.SIGTERM)
            finally:
                daemon.sweep()
                book.close()
        (self._folder / "truth.json").write_text(json.dumps(truth))
        self.report |= {"reached": killer.reached, "missed": sorted(killer.missed), "lives": killer.lives}
        count = {name: len(lines) for name, lines in self.problems.items() if name != ENDED}
        venue_orders = sum(len(mine(truth, login)["orders"]) for login in LOGINS.values())
        return Results(
            seed=self._seed,
            seconds=round(seconds, 1),
            kills=killer.kills,
            commands=len(book.asked),
            venue_orders=venue_orders,
            **count,
        )

    def _chance(self, name: str) -> Random:
        return Random(f"{self._seed}/{name}")

    @asynccontextmanager
    async def _everything(self) -> AsyncIterator[tuple[Server, Venue, Nats]]:
        server, venue = Server(self._folder / "nats"), Venue(self._folder, self._seed)
        bus: Nats | None = None
        try:
            await asyncio.to_thread(server.start)
            await venue.start()
            bus = await connected(server.url)
            yield server, venue, bus
        finally:
            if bus is not None:
                await bus.close()
            venue.sweep()
            server.kill()

    # Breaking.

    async def _break(
        self, server: Server, venue: Venue, daemon: Daemon, bus: Nats, book: Book, killer: Killer
    ) -> float:
        """Trade while everything goes wrong; how long that was."""
        done: Counter[str] = Counter()
        stop = asyncio.Event()
        trading = [asyncio.create_task(Client(name, self._seed, bus, book).trade(stop)) for name in CLIENTS]
        beside = [
            asyncio.create_task(act)
            for act in (
                trouble(venue, self._chance("faults"), done),
                restarts(server, self._chance("nats"), done),
                self._operate(bus, done),
            )
        ]
        killing = asyncio.create_task(killer.run(self._seconds, every_point=self._every_point))
        began = time.monotonic()
        try:
            await asyncio.wait([killing, *trading, *beside], return_when=asyncio.FIRST_COMPLETED)
            seconds = time.monotonic() - began
        finally:
            stop.set()
            for task in (killing, *beside):
                task.cancel()
            ended = await asyncio.gather(killing, *beside, return_exceptions=True)
        for end in ended:
            if isinstance(end, Exception):
                raise end
        await calm(venue)
        await daemon.start()
        await daemon.line()
        await asyncio.gather(*trading)
        self.report["done"] = done
        return seconds

    async def _operate(self, bus: Nats, done: Counter[str]) -> None:
        """Lift what stops the trading by itself, as an operator would who has looked."""
        while True:
            await asyncio.sleep(2)
            for account in LOGINS:
                with suppress(TimeoutError, *NO_REPLY):
                    state = await evidence.ask(bus, account, "state", state_hash=False)
                    if state["permission"] in ("halted", "reducing"):
                        done[f"resumed: {state['reason'].partition(':')[0]}"] += 1
                        await bus.request(f"oms.v1.ctl.{account}.resume", b"{}", timeout=5)

    # Settling.

    async def _settled(
        self, venue: Venue, daemon: Daemon, bus: Nats, book: Book
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The venue's truth and the last replies, when nothing moves any more or the time is over."""
        began = time.monotonic()
        pending = await self._wait(venue, bus, SETTLE_S)
        self.report |= {"settled_s": round(time.monotonic() - began, 1), "pending": pending}
        await self._ask_again(bus, book)  # those that nobody had taken in are commands only now
        await self._wait(venue, bus, AFTER_S)
        last = await self._ask_again(bus, book)
        await self._wait(venue, bus, AFTER_S)
        return await venue.ask("truth"), last

    async def _wait(self, venue: Venue, bus: Nats, seconds: float) -> list[str]:
        """Until nothing is under way, or for so long; what still is."""
        began = time.monotonic()
        pending = ["nobody has answered"]
        while pending and time.monotonic() - began < seconds:
            await asyncio.sleep(LOOK_S)
            with suppress(TimeoutError, *NO_REPLY):
                pending = await self._pending(venue, bus)
        return pending

    async def _pending(self, venue: Venue, bus: Nats) -> list[str]:
        """What is still under way."""
        truth = await venue.ask("truth")
        found: list[str] = []
        for account, login in LOGINS.items():
            state = await evidence.ask(bus, account, "state", state_hash=False)
            if state["link"] != "ready":
                found.append(f"{account}: {state['link']}")
            told = [json.loads(row.body) for row in evidence.journal(self._folder, account)]
            found += [
                f"{account} {key}: {status}" for key, (status, final) in statuses(told).items() if not final
            ]
            if await evidence.published(bus, account) != len(told):
                found.append(f"{account}: not all is published")
            if await evidence.queued(bus, account):
                found.append(f"{account}: durable commands wait")
            books = await evidence.books(bus, account)
            if picture_in_books(books) != picture_at_venue(truth, login):
                found.append(f"{account}: books and venue differ")
        return found

    async def _ask_again(self, bus: Nats, book: Book) -> dict[str, dict[str, Any]]:
        """Every command once more, by its id: what is told now is the last word."""
        last: dict[str, dict[str, Any]] = {}
        places = asyncio.Semaphore(ASK_AT_ONCE)
        client = Client("again", self._seed, bus, book)

        async def ask(one: Asked) -> None:
            async with places:
                for _ in range(3):
                    before = len(one.replies)
                    await client.request(one, WAIT_S)
                    if len(one.replies) > before:
                        last[f"{one.account}/{one.client}/{one.id}"] = one.replies[-1]
                        return

        await asyncio.gather(*map(ask, book.asked.values()))
        return last

    # Judging.

    def _judge(self, found: list[evidence.Evidence]) -> None:
        counted: dict[str, Callable[[evidence.Evidence], Iterator[str]]] = {
            "duplicates": verdict.duplicates,
            "lost": verdict.lost,
            "unknown_left": verdict.unknown_left,
            "stream_gaps": verdict.stream_gaps,
            "state_differences": verdict.state_differences,
        }
        self.problems = {
            name: [f"{one.account}: {line}" for one in found for line in look(one)]
            for name, look in counted.items()
        }

    async def _compare_rebuilds(self, daemon: Daemon, bus: Nats) -> list[str]:
        """Books after an orderly end, after a kill, and folded from the first event, at the same seq."""
        wanted: dict[str, dict[str, Any]] = {}
        for account in LOGINS:
            wanted[account] = await evidence.ask(bus, account, "state")
        problems: list[str] = []
        for how, snapshots in ((signal.SIGTERM, True), (signal.SIGKILL, True), (signal.SIGKILL, False)):
            await daemon.end(how)
            if not snapshots:
                for path in (self._folder / "journal").glob("*.snapshot*"):
                    path.unlink()
            await daemon.start()
            await daemon.line()
            for account, live in wanted.items():
                found = await evidence.ask(bus, account, "state", as_of=live["seq"])
                if (found["state_hash"], found["head"]) != (live["state_hash"], live["head"]):
                    kept = "with" if snapshots else "without"
                    problems.append(f"{account}: another state after {how.name}, {kept} snapshots")
        return problems


def written(results: Results, path: Path) -> None:
    """The results as JSON, one figure a line."""
    path.write_text(json.dumps(asdict(results), indent=2) + "\n")
