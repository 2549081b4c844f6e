"""The bridge between Trio and nats-py, which knows asyncio only and has a thread of its own for it.

Both sides hand over in bursts.  Market data go one way and are not waited for; all else is a coroutine
function that runs over there with nats-py's client, and whose outcome comes back.  A connection is made and
re-made in the background, for ever; each is a `Connection`, which ends and does not come back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import nats.errors
import trio
from nats.aio.client import Client

from . import sizes
from .asyncio_thread import AsyncioThread, Batch, Call
from .burst import Burst
from .errors import BusError, NoResponders, NotConnected, TimedOut
from .listening import Listening
from .options import NatsOptions, place
from .told import Attachment, Limits, LinkChange, Message

P = ParamSpec("P")
T = TypeVar("T")


class Connection:
    """One connection, from its first moment to its end."""

    def __init__(self, bridge: "Bridge", client: Client) -> None:
        """Made by the bridge."""
        self.over = trio.Event()
        self._bridge, self._client = bridge, client

    async def run(
        self, function: Callable[Concatenate[Client, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a coroutine function in the asyncio thread, with nats-py's client; what it returns or raises.

        Raises NotConnected as soon as the connection ends; NoResponders and TimedOut for nats-py's errors of
        these names.  Cancelled, it is cancelled over there as well, and not waited for.
        """
        return await self._bridge.run(partial(function, self._client, *args, **kwargs), self._client)

    def publish(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> bool:
        """Core NATS, in order, not waited for, ahead of market data; whether the server takes so much.

        Lost where the connection ends meanwhile.
        """
        if len(payload) > self._client.max_payload - sizes.HEADERS:
            return False
        self._bridge.spawn(partial(self._client.publish, subject, payload, "", headers))
        return True


class Bridge:
    """Trio's end of it; `bridged` makes one."""

    def __init__(self, options: NatsOptions, told: Callable[[LinkChange], None], limits: Limits) -> None:
        """Use `bridged`."""
        self.connections = 0  # made so far
        self.trouble = "there was no connection yet"  # why there is none
        self._told, self._limits = told, limits
        self._token = trio.lowlevel.current_trio_token()
        self._connection: Connection | None = None
        self._moved, self._room, self._knock = trio.Event(), trio.Event(), trio.Event()
        self._inward: Burst[Callable[[], None]] = Burst(self._wake)
        self._dropped = 0
        self.there = AsyncioThread(options, limits, self)

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    @property
    def backlog(self) -> int:
        """Messages of `publish` that nats-py has not taken yet."""
        return self.there.handed - self.there.done

    @property
    def dropped(self) -> int:
        """Messages of `publish` that were lost, because there was no connection."""
        return self._dropped + self.there.dropped

    def publish(self, batch: Batch, headers: dict[str, str] | None = None) -> None:
        """Core NATS, in order, not waited for; dropped and counted while not connected.  For market data."""
        if self._connection is None:
            self._dropped += len(batch)
            return
        self.there.handed += len(batch)
        self.there.market.put((batch, headers))

    async def room(self, limit: int) -> None:
        """Wait until the backlog is below a limit."""
        while self.backlog >= limit:
            self.there.room_awaited = True
            if self.backlog >= limit:  # still: so somebody will tell
                await self._room.wait()

    @property
    def present(self) -> Connection | None:
        """The connection, if there is one."""
        return self._connection

    async def connection(self) -> Connection:
        """The connection, as soon as there is one."""
        while self._connection is None:
            await self._moved.wait()
        return self._connection

    async def request(
        self, subject: str, payload: bytes = b"", within_s: float = 5.0, headers: dict[str, str] | None = None
    ) -> Message:
        """Ask, and return the answer.

        Raises NoResponders, TimedOut, and NotConnected where no connection came about in time, or it ended.
        """
        with trio.move_on_after(within_s):
            connection = await self.connection()
            return await connection.run(_ask, subject, payload, within_s, headers)
        if self._connection is None:
            raise NotConnected(self.trouble)
        raise TimedOut(f"{subject}: no answer within {within_s:g} s")

    @asynccontextmanager
    async def subscribed(
        self, subject: str, hear: Callable[[list[Message]], None], *, most: int = 65_536
    ) -> AsyncIterator[Listening]:
        """Hear, in bursts, what is published, on this connection and later ones; at most so many wait."""
        listening = Listening(subject, hear, self.tell, most)
        async with self.attached(listening):
            yield listening

    @asynccontextmanager
    async def attached(self, attachment: Attachment) -> AsyncIterator[None]:
        """Keep something set up: now, if there is a connection, and on each that comes."""
        await self.run(partial(self.there.attach, attachment))
        try:
            yield
        finally:
            with trio.move_on_after(self._limits.close_s, shield=True), suppress(NotConnected):
                await self.run(partial(self.there.detach, attachment))

    async def run(self, begin: Callable[[], Awaitable[T]], client: Client | None = None) -> T:
        """As Connection.run; without a client it does not end with the connection."""
        done = trio.Event()
        outcome: list[Any] = []

        def settle(value: Any, failed: BaseException | None) -> None:
            outcome[:] = value, failed
            done.set()

        call = Call(begin, settle, client)
        self.there.calls.put(call)
        try:
            await done.wait()
        except trio.Cancelled:
            self.there.given_up.put(call)
            raise
        value, failed = outcome
        if failed is not None:
            raise _named(failed) from failed
        return value  # type: ignore[no-any-return]

    def spawn(self, begin: Callable[[], Awaitable[Any]]) -> None:
        """Run a coroutine function over there and do not wait; lost where the connection ends meanwhile."""
        self.there.calls.put(Call(begin, _unheard, awaited=False))

    def tell(self, deliver: Callable[[], None]) -> None:
        """From the asyncio thread: have something called in Trio, where what it raises ends the bridge."""
        self._inward.put(deliver)

    # How it works.

    def _wake(self) -> None:
        with suppress(trio.RunFinishedError):  # nobody is left who could hear it
            self._token.run_sync_soon(self._knocked)

    def _knocked(self) -> None:
        self._knock.set()

    async def hear(self) -> None:
        """For ever: what comes from over there."""
        while True:
            await self._knock.wait()
            self._knock = trio.Event()
            for deliver in self._inward.take():
                deliver()

    async def mind(self) -> None:
        """Until the thread has ended; raises what ended it."""
        await self.there.ended.wait()
        if self.there.failed is not None:
            raise self.there.failed

    async def close(self) -> None:
        """Send what was handed over, end the thread; within a limit."""
        self.there.leave()
        with trio.move_on_after(3 * self._limits.close_s, shield=True) as scope:
            await self.there.ended.wait()
        for deliver in self._inward.take():
            deliver()
        if scope.cancelled_caught:
            self._told(LinkChange("trouble", "the thread of NATS does not end, and is left behind"))

    # What is told from over there.

    def connected_to(self, client: Client, url: str) -> None:
        """A connection is there."""
        self._connection = Connection(self, client)
        self.connections += 1
        self._wake_waiting()
        self._told(LinkChange("connected", place(url)))

    def disconnected(self, text: str) -> None:
        """It ended."""
        if self._connection is not None:
            self._connection.over.set()
        self._connection, self.trouble = None, text
        self._wake_waiting()
        self._told(LinkChange("disconnected", text))

    def failed(self, text: str) -> None:
        """None came about; the same reason is told once, however often it comes."""
        if text != self.trouble:
            self.trouble = text
            self._told(LinkChange("failed", text))

    def troubled(self, text: str) -> None:
        """Something went wrong, and it goes on."""
        self._told(LinkChange("trouble", text))

    def has_room(self) -> None:
        """The backlog is smaller."""
        room, self._room = self._room, trio.Event()
        room.set()

    def _wake_waiting(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()


@asynccontextmanager
async def bridged(
    options: NatsOptions,
    told: Callable[[LinkChange], None] = lambda change: None,
    *,
    limits: Limits | None = None,
) -> AsyncIterator[Bridge]:
    """A bridge, whether NATS is there or not; `told` hears, in Trio, of each change of the connection.

    When it is left, what was handed over is sent, within a limit.  Raises, in an exception group, what `told`
    and other callbacks raise, and what is a bug.
    """
    bridge = Bridge(options, told, limits or Limits())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bridge.hear)
        nursery.start_soon(bridge.mind)
        with trio.CancelScope(shield=True):
            await bridge.there.start()
        try:
            yield bridge
        finally:
            await bridge.close()
            nursery.cancel_scope.cancel()


async def _ask(
    client: Client, subject: str, payload: bytes, within_s: float, headers: dict[str, str] | None
) -> Message:
    answer = await client.request(subject, payload, within_s, headers=headers)
    return Message(answer.subject, answer.data, answer.headers or {})


def _named(why: BaseException) -> BaseException:
    match why:
        case nats.errors.NoRespondersError():
            return NoResponders("nobody listens there")
        case nats.errors.TimeoutError():
            return TimedOut("no answer in time")
        case nats.errors.ConnectionClosedError() | nats.errors.StaleConnectionError():
            return NotConnected("the connection ended")
    return why


def _unheard(value: Any, failed: BaseException | None) -> None:
    """Of something spawned: a lost connection is told elsewhere, anything else is a bug."""
    if failed is not None and not isinstance(failed, BusError | nats.errors.Error | OSError):
        raise failed
