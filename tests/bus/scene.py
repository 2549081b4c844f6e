"""What the tests of the bus share: a journal with its writer, waiting with a limit, a plain NATS client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import nats
import trio
from nats.aio.client import Client

from oms.bus.bridge import Bridge, bridged
from oms.bus.options import NatsOptions
from oms.bus.told import Limits, LinkChange
from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from tests.eventlog.scene import opened
from tests.nats import Server

T = TypeVar("T")
SOON_S = 20.0  # a ceiling, not a wait
QUICK = Limits(first_s=0.02, longest_s=0.1, settled_s=0.5)


class Writer:
    """An account's journal and word of its commits, as the outbox needs it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.account, self.path = journal.account, journal.path
        self._moved = trio.Event()

    @property
    def seq(self) -> int:
        return self.journal.seq

    def write(self, *drafts: Draft) -> None:
        self.journal.write(drafts)
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def committed(self, after: int) -> int:
        while self.seq <= after:
            await self._moved.wait()
        return self.seq


@contextmanager
def writer(folder: Path, account: str = "main", **options: Any) -> Iterator[Writer]:
    journal = opened(folder, account, **options)
    try:
        yield Writer(journal)
    finally:
        journal.close()


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    with trio.fail_after(SOON_S):
        while not true():  # noqa: ASYNC110 - of anything, also what other threads do
            await trio.sleep(0.005)


def what(changes: list[LinkChange]) -> list[str]:
    return [change.what for change in changes]


@asynccontextmanager
async def linked(server: Server, changes: list[LinkChange] | None = None) -> AsyncIterator[Bridge]:
    """A bridge that is connected to it."""
    told = (lambda change: None) if changes is None else changes.append
    async with bridged(NatsOptions(urls=(server.url,)), told, limits=QUICK) as bridge:
        with trio.fail_after(SOON_S):
            await bridge.connection()
        yield bridge


async def plainly(server: Server, use: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    """What a plain nats-py client, which knows nothing of us, makes of a server; in a loop of its own."""

    async def work() -> T:
        client = await nats.connect(server.url, **options)
        try:
            return await use(client)
        finally:
            await client.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(work()))


class Stored:
    """A message as a stream holds it."""

    def __init__(self, seq: int, subject: str, data: bytes, headers: dict[str, str]) -> None:
        self.seq, self.subject, self.data, self.headers = seq, subject, data, headers


async def stored(server: Server, stream: str) -> list[Stored]:
    """All messages of a stream, read by a plain ordered consumer."""

    async def use(client: Client) -> list[Stored]:
        jetstream = client.jetstream()
        last = (await jetstream.stream_info(stream)).state.messages
        subscription = await jetstream.subscribe(">", stream=stream, ordered_consumer=True)
        found: list[Stored] = []
        while len(found) < last:
            message = await subscription.next_msg(5)
            sequence = message.metadata.sequence
            assert sequence is not None
            found.append(Stored(sequence.stream, message.subject, message.data, dict(message.headers or {})))
        return found

    return await plainly(server, use)
