"""One run: troubled times, in which the daemon dies now and then, and a calm in which all must come right."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import trio

from oms.domain.marker import marker_of
from oms.projections.commands import Command

from .clients import Clients
from .market import LOGIN, STARTS_MS, SYMBOLS, Venue, settings_of
from .process import NAME, Doom, Process
from .wire import Network

TROUBLED_S = (60.0, 240.0)
READY_S = 120.0
RESOLVES_S = 420.0  # the resolver's time: 300 s from the send, and a look
# What somebody else's orders make of a doubt (docs/semantics.md 8): no machine can know it.
LEFT_TO_PEOPLE = frozenset({"probable", "ambiguous", "unclear"})
QUIET_S = 30.0
PACE_S = 2.0  # from one thing that happens to the next, on average
DEATHS = 3


class Unsettled(AssertionError):
    """What should have come to rest by itself did not."""


class World:
    """Everything that a seed makes."""

    def __init__(
        self, seed: int, folder: Path, *, settled: "Callable[[World], None]", record: bool = False
    ) -> None:
        """`settled` is called when all has come to rest, the daemon still there.

        The venue's messages are recorded in the folder where that is asked for.
        """
        self.settled = settled
        self.seed, self.folder = seed, folder
        draw = self.chance("world")
        self.start_ms, self.netting = draw.choice(STARTS_MS), draw.random() < 0.3
        self.symbols = draw.choice(((), (SYMBOLS[0],)))  # whose quotes are asked for at once
        self.record = folder / "frames" if record else None
        self.lives = 0
        self.deaths = self.settled_by_hand = 0
        self.process: Process

    def chance(self, name: str) -> Random:
        """Of its own for each purpose, so that one more draw here changes nothing there."""
        return Random(f"{name} {self.seed}")

    def clock(self) -> int:
        """Nanoseconds of UTC."""
        return self.start_ms * 1_000_000 + round(trio.current_time() * 1e9) - self._began_ns

    async def run(self) -> None:
        """All of it; raises Unsettled."""
        self._began_ns = round(trio.current_time() * 1e9)
        record = str(self.record) if self.record is not None else None
        settings = settings_of(self.chance("manners"), netting=self.netting, record=record)
        self.venue = Venue(settings, self.start_ms, self.chance("venue"))
        self.clients = Clients(self.venue, self.chance("clients"))
        try:
            async with trio.open_nursery() as outer:
                self.network = Network(self.venue.server, outer, self.chance("network"))
                outer.start_soon(self.venue.server.run)
                await self.troubled()
                await self._calm()
                outer.cancel_scope.cancel()
        finally:
            self.venue.paper.close()

    # Troubled times.

    async def troubled(self) -> None:
        """Until the calm; no daemon is there before, and none behind."""
        draw = self.chance("deaths")
        ends_at = trio.current_time() + draw.uniform(*TROUBLED_S)
        while trio.current_time() < ends_at:
            doomed = self.lives < DEATHS
            doom = (
                Doom(draw.randrange(10, 120), draw.choice((0, 0, 1, 1, 2)), draw.random()) if doomed else None
            )
            await self._live(doom, min(ends_at, trio.current_time() + draw.uniform(10, 120)))

    async def _live(self, doom: Doom | None, until: float) -> None:
        """One life, to its own death or one that comes from outside."""
        async with trio.open_nursery() as nursery:
            await self.start(nursery, doom)
            process = self.process
            nursery.start_soon(self._trouble, process)
            with trio.move_on_at(until):
                await process.over.wait()
            process.die()
            await process.over.wait()
            self.deaths += 1
            nursery.cancel_scope.cancel()

    async def start(self, nursery: trio.Nursery, doom: Doom | None) -> None:
        """The daemon's next run."""
        self.lives += 1
        folder, heir = (self.folder / f"life-{number}" for number in (self.lives, self.lives + 1))
        chance = self.chance(f"daemon {self.lives}")
        self.process = Process(folder, heir, self.network, LOGIN, self.symbols, self.clock, chance, doom)
        await nursery.start(self.process.run)
        for sent in self.clients.sent.values():  # as who had no outcome before would do
            if sent.final is None:
                self.clients.repeat(self.process, sent)

    async def _trouble(self, process: Process) -> None:
        draw = self.chance(f"trouble {self.lives}")
        while not process.dead:
            await trio.sleep(draw.expovariate(1 / PACE_S))
            happens = draw.random()
            if happens < 0.6:
                self._act(process, draw)
            elif happens < 0.78:
                self.venue.trouble()
            elif happens < 0.82:
                self.venue.refuse_next()
            elif happens < 0.88:
                last = process.books.commands.last_action
                self.venue.stranger(max(1, last - draw.randrange(3)) if draw.random() < 0.5 else None)
            elif happens < 0.91:
                self.network.cut()
            else:
                await self.resume(process)

    def _act(self, process: Process, draw: Random) -> None:
        """Several at once, now and then; seldom while nothing new can be sent."""
        ready = process.account.standing.link == "ready"
        if ready or draw.random() < 0.2:
            for _ in range(draw.choice((1, 1, 1, 2, 4))):
                self.clients.act(process)

    async def resume(self, process: Process) -> None:
        """An operator takes back what halted the account."""
        await process.operators.request("resume", {}, json.dumps({"by": "op", "comment": "seen"}).encode())

    # Calm.

    async def _calm(self) -> None:
        self.network.troubled = False
        self.venue.calm()
        async with trio.open_nursery() as nursery:
            await self.start(nursery, None)
            process = self.process
            await self._until("the link is not ready", lambda: process.account.standing.link == "ready")
            await self.resume(process)
            await self._resolved(process)
            self.venue.server.feeding = False
            for sent in self.clients.sent.values():
                self.clients.repeat(process, sent)
            await trio.sleep(QUIET_S)
            self.settled(self)
            process.stop()

    async def _resolved(self, process: Process) -> None:
        """Until nothing is open; what the resolver leaves to people an operator settles by the truth."""
        commands = process.books.commands
        with trio.move_on_after(RESOLVES_S):
            while commands.open():  # noqa: ASYNC110
                await trio.sleep(1)
        for one in commands.doubtful():
            assert one.verdict in LEFT_TO_PEOPLE, f"{one.verdict!r} settles nothing: {self.state()}"
            self.settled_by_hand += 1
            said = {"by": "op", "client": one.client, "command": one.command, **self._truth_of(one)}
            reply = await process.operators.request("settle", {}, json.dumps(said).encode())
            assert json.loads(reply.payload)["status"] == "done", reply.payload
        await self._until("a command has no outcome", lambda: not commands.open())

    def _truth_of(self, command: Command) -> dict[str, str]:
        """What became of it."""
        marker = marker_of(NAME, command.client, command.command)
        for order in self.venue.venue.truth()["orders"]:
            if order["comment"].endswith(marker):
                return {"verdict": "found", "order": str(order["trade_order"])}
        return {"verdict": "not_found"}

    async def _until(self, what: str, done: Callable[[], bool]) -> None:
        with trio.move_on_after(READY_S):
            while not done():  # noqa: ASYNC110 - what is waited for has no event
                await trio.sleep(1)
            return
        raise Unsettled(f"{what} after {READY_S:g} s: {self.state()}")

    def state(self) -> str:
        """For whoever looks at what went wrong."""
        process = self.process
        standing = process.account.standing
        left = [(one.client, one.command, one.verb, one.status) for one in process.books.commands.open()]
        return f"{standing.link} {standing.permission} {standing.reason!r}, {left}, {process.told[-3:]}"
