"""The far side of the bridge: the one thread that runs asyncio, and in it nats-py.

The only module that knows asyncio.  One connection is made after the other, for ever; what else runs here was
given from Trio's side, and its outcome is told there.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, cycle
from typing import Any, Final

import nats.errors
import trio
from nats.aio.client import Client
from nats.protocol.command import pub_cmd

from .burst import Burst
from .dialing import TROUBLES, abort, dial, explained, stream_of
from .errors import NotConnected
from .options import NatsOptions
from .told import Attachment, Limits, Near

FEW: Final = 64  # messages that go at once
STRETCH: Final = 256  # messages published before others in this thread have their turn
LOOK_S: Final = 0.5  # nats-py may close without being able to say so, where the server does not read

Batch = Sequence[tuple[str, bytes]]  # subjects and payloads


class Call:
    """A coroutine function to be run here; `client` is the connection with which it ends, None = all."""

    def __init__(
        self,
        begin: Callable[[], Awaitable[Any]],
        settle: Callable[[Any, BaseException | None], None],
        client: Client | None = None,
        *,
        awaited: bool = True,
    ) -> None:
        """`settle` is called in Trio; where nobody waits for it, only for what failed."""
        self.begin, self.settle, self.client, self.awaited = begin, settle, client, awaited
        self.task: asyncio.Task[None] | None = None


class AsyncioThread:
    """The thread, the connection, what runs on it."""

    def __init__(self, options: NatsOptions, limits: Limits, near: Near) -> None:
        """To be started."""
        self.handed = 0  # messages of market data; counted by Trio
        self.done = self.dropped = 0  # of them, counted here
        self.room_awaited = False
        self.failed: BaseException | None = None  # a bug that ended the thread
        self.ended = trio.Event()
        self.market: Burst[tuple[Batch, dict[str, str] | None]] = Burst(lambda: self._soon(self._pump_soon))
        self.calls: Burst[Call] = Burst(lambda: self._soon(self._take_calls))
        self.given_up: Burst[Call] = Burst(lambda: self._soon(self._take_given_up))
        self._options, self._limits, self._near = options, limits, near
        self._token = trio.lowlevel.current_trio_token()
        self._started = trio.Event()
        self._thread = threading.Thread(target=self._live, name="nats", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._main: asyncio.Task[None]
        self._pumping: asyncio.Event
        self._pump_waits = False
        self._left: list[tuple[Batch, dict[str, str] | None]] = []  # too much to be published at once
        self._over: asyncio.Event  # the connection
        self._client: Client | None = None
        self._leaving = False
        self._running: set[Call] = set()
        self._attachments: list[Attachment] = []
        self._said: Exception | None = None  # by nats-py, last
        self._told = ""

    # Called by Trio.

    async def start(self) -> None:
        """Begin the thread."""
        self._thread.start()
        await self._started.wait()

    def leave(self) -> None:
        """Begin the end."""
        self._soon(self._leave)

    def _soon(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed; whoever waits for the thread knows
            self._loop.call_soon_threadsafe(function)

    def _has_ended(self) -> None:
        self._thread.join()
        self._started.set()
        self.ended.set()

    # The thread.

    def _live(self) -> None:
        try:
            asyncio.run(self._keep())
        except BaseException as why:  # noqa: BLE001 - raised in Trio
            self.failed = why
        with suppress(trio.RunFinishedError):  # nobody is left who could hear it
            self._token.run_sync_soon(self._has_ended)

    def _leave(self) -> None:
        self._leaving = True
        self._main.cancel()

    async def _keep(self) -> None:
        """One connection after the other."""
        self._loop = asyncio.get_running_loop()
        self._pumping, self._over = asyncio.Event(), asyncio.Event()
        self._main = asyncio.current_task()  # type: ignore[assignment]  # there is one
        self._token.run_sync_soon(self._started.set)
        failures = 0
        for url in cycle(self._options.urls):
            with suppress(asyncio.CancelledError):
                failures = 0 if await self._one_connection(url) else failures + 1
                await asyncio.sleep(self._delay(failures))
            if self._leaving:
                break
        self._end_calls(lambda call: True)

    def _delay(self, failures: int) -> float:
        if not failures:
            return 0.0
        delay = min(self._limits.longest_s, self._limits.first_s * 2.0 ** min(failures - 1, 16))
        return delay * random.uniform(0.5, 1.5)  # noqa: S311 - so that not all clients come at once

    async def _one_connection(self, url: str) -> bool:
        """From the attempt to the end; whether it was one."""
        client = await self._connected(url)
        if client is None:
            return False
        began = self._loop.time()
        self._client = client
        self._near.tell(partial(self._near.connected_to, client, url))
        pump = self._loop.create_task(self._pump(client))
        try:
            while not (client.is_closed or pump.done()):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), LOOK_S)
        finally:
            if self._leaving:
                await self._send_the_rest(client, pump)
            self._client = None
            self._near.tell(partial(self._near.disconnected, "left" if self._leaving else self._ending(url)))
            self._end_calls(lambda call: call.client is client)
            await self._part(client)
            pump.cancel()  # nats-py swallows it where it waited for the server; it then finds itself closed
            with suppress(asyncio.CancelledError):
                await pump
            self._drop_market()
        return self._loop.time() - began >= self._limits.settled_s

    async def _connected(self, url: str) -> Client | None:
        """A connection with all that belongs to it."""
        self._over.clear()
        self._said, self._told = None, ""
        client: Client | None = None
        try:
            async with asyncio.timeout(self._limits.connect_s):
                client = await dial(
                    self._options, url, self._limits.ping_s, hear=self._hear, closed=self._closed
                )
                for attachment in self._attachments:  # also those that come meanwhile
                    await attachment.begin(client)
        except TROUBLES as why:
            said = self._reason(why) if isinstance(why, nats.errors.NoServersError) else why
            self._near.tell(partial(self._near.failed, explained(self._options, url, said)))
            if client is not None:
                await self._part(client)
            return None
        return client

    def _ending(self, url: str) -> str:
        return explained(self._options, url, self._reason(nats.errors.ConnectionClosedError()))

    def _reason(self, otherwise: Exception) -> Exception:
        return self._said or otherwise

    async def _send_the_rest(self, client: Client, pump: asyncio.Task[None]) -> None:
        with suppress(*TROUBLES):
            async with asyncio.timeout(self._limits.close_s):
                self._pumping.set()
                await asyncio.wait({pump})
                await client.flush()

    async def _part(self, client: Client) -> None:
        """Close it, or tear it off where it does not close."""
        try:
            with suppress(*TROUBLES):
                async with asyncio.timeout(self._limits.close_s):
                    await client.close()
        finally:
            abort(client)

    # What nats-py says.

    async def _closed(self) -> None:
        self._over.set()

    async def _hear(self, why: Exception) -> None:
        if not isinstance(why, TROUBLES):  # raised by a callback of ours
            self.failed = why
            self._leave()
            return
        self._said = why
        ending = isinstance(why, nats.errors.StaleConnectionError | OSError)
        if self._client is not None and not ending and self._told != str(why):
            self._told = str(why)  # each once for a connection
            self._near.tell(partial(self._near.troubled, self._told.removeprefix("nats: ")))

    # Market data.

    def _pump_soon(self) -> None:
        """Something is to be published: a little at once, for waking a task is a turn of the loop more."""
        client = self._client
        if client is None or not self._pump_waits or self._pumping.is_set():  # what is left goes first
            self._pumping.set()
            return
        for batch, headers in self.market.take():
            if len(batch) > FEW or _is_behind(client) or not _written(client, batch, headers):
                self._left = [(batch, headers)]
                self._pumping.set()
                return
            self.done += len(batch)
        self._tell_room()

    async def _pump(self, client: Client) -> None:
        """Publish in a tight loop, until it is left: nats-py writes what one turn gave it at once."""
        stretch = 0
        while not client.is_closed and (self._left or len(self.market) or not self._leaving):
            self._pump_waits = True
            await self._pumping.wait()
            self._pump_waits = False
            self._pumping.clear()
            left, self._left = self._left, []
            for batch, headers in chain(left, self.market.take()):
                stretch += await self._publish(client, batch, headers)
                if stretch >= STRETCH:
                    stretch = 0
                    self._tell_room()
                    await asyncio.sleep(0)
            self._tell_room()

    async def _publish(self, client: Client, batch: Batch, headers: dict[str, str] | None) -> int:
        """A batch; how many of it."""
        publish, sent = client.publish, 0
        try:
            if _written(client, batch, headers):
                sent = len(batch)
                with suppress(OSError):  # the connection is lost, which nats-py finds out as well
                    await stream_of(client).drain()
                return sent
            for subject, payload in batch:
                await publish(subject, payload, "", headers)
                sent += 1
        except nats.errors.Error as why:
            await self._hear(why)
        finally:
            self.done += len(batch)
            self.dropped += len(batch) - sent
        return sent

    def _drop_market(self) -> None:
        left, self._left = self._left, []
        for batch, _ in chain(left, self.market.take()):
            self.done += len(batch)
            self.dropped += len(batch)
        self._tell_room()

    def _tell_room(self) -> None:
        if self.room_awaited:
            self.room_awaited = False
            self._near.tell(self._near.has_room)

    # What is to be run here.

    async def attach(self, attachment: Attachment) -> None:
        """Set up now, if there is a connection, and on each that comes."""
        self._attachments.append(attachment)
        client = self._client
        if client is not None:
            try:
                await attachment.begin(client)
            except TROUBLES as why:
                await self._hear(why)
                await self._part(client)  # the next connection begins with it

    async def detach(self, attachment: Attachment) -> None:
        """Not on later connections, and not on this."""
        self._attachments.remove(attachment)
        if self._client is not None:
            with suppress(*TROUBLES):  # ends with the connection
                await attachment.end(self._client)

    def _take_calls(self) -> None:
        for call in self.calls.take():
            self._running.add(call)
            call.task = self._loop.create_task(self._carry_out(call))

    def _take_given_up(self) -> None:
        for call in self.given_up.take():
            if call.task is not None:
                call.task.cancel()

    async def _carry_out(self, call: Call) -> None:
        value: Any = None
        failed: BaseException | None = None
        try:
            if call.client is not None and call.client is not self._client:
                failed = NotConnected("the connection ended")
            else:
                value = await call.begin()
        except asyncio.CancelledError:
            failed = NotConnected("the connection ended")
        except Exception as why:  # noqa: BLE001 - raised in Trio
            failed = why
        self._running.discard(call)
        if call.awaited or failed is not None:
            self._near.tell(partial(call.settle, value, failed))

    def _end_calls(self, ends: Callable[[Call], bool]) -> None:
        for call in self._running:
            if ends(call) and call.task is not None:
                call.task.cancel()


def _written(client: Client, batch: Batch, headers: dict[str, str] | None) -> bool:
    """Publish a batch past nats-py's `publish`, into the stream under it; whether it could be done.

    `publish` has no way for many: three coroutines a message are a third of all that a tick costs, and at
    their end it waits for a turn of the loop.  It is left whatever it has to see to: headers, a payload that
    is too large, a connection that is none, messages of its own that may not be overtaken.
    """
    stream = stream_of(client)
    if headers is not None or stream is None or not client.is_connected or client.pending_data_size:
        return False
    if max([len(payload) for _, payload in batch], default=0) > client.max_payload:
        return False
    stream.writelines([pub_cmd(subject, "", payload) for subject, payload in batch])
    return True


def _is_behind(client: Client) -> bool:
    """Whether the server has not taken all that was written."""
    stream = stream_of(client)
    return stream is not None and stream.transport.get_write_buffer_size() > 0
