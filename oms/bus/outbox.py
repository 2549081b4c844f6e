"""The outbox: every event of a journal goes into its stream, once, in order, stream sequence = journal seq.

Each message says which sequence must be the stream's last, so the server refuses a gap, a double and a second
publisher.  Whatever goes wrong - a connection that ends, a refusal, an acknowledgement that does not come -
leads to the same place: the stream is compared with the journal, and publishing goes on behind what they
share, or stops for good and says why.  There is no cursor of our own that could be wrong.  What does not
follow from the event before it by its hash is not published: a damaged journal must not be its own copy.

While NATS is away, the outbox waits on the journal.
"""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Never, Protocol

import nats.errors
import trio
from nats.aio.client import Client

from oms.eventlog.chain import BrokenChain, checked
from oms.eventlog.envelope import Recorded
from oms.eventlog.errors import Damaged, FileError
from oms.eventlog.reader import Reader
from oms.failpoints import reach

from .bridge import Bridge, Connection
from .errors import BusError, NotConnected, text_of
from .event_messages import ZERO, EventMessage, EventMessages
from .event_stream import Failed, judged, look
from .subjects import PREFIX, stream
from .told import Message
from .window import Window

PAGE: Final = 200  # rows read at once: Trio stands still meanwhile


class Source(Protocol):
    """An account's journal, and word of its commits."""

    @property
    def account(self) -> str:
        """Its label."""
        ...

    @property
    def path(self) -> Path:
        """The journal's file."""
        ...

    @property
    def seq(self) -> int:
        """The last event that is on disk."""
        ...

    async def committed(self, after: int) -> int:
        """The last seq, as soon as it is beyond `after`."""
        ...


class OutboxState(NamedTuple):
    """How far publishing is."""

    published: int = 0  # the last seq that the stream is known to hold
    caught_up: bool = False  # all there was is in it; True from then on until something goes wrong
    failed: Failed = ""  # why it stopped for good
    text: str = ""  # why it failed, or what it waits for


class Pace(NamedTuple):
    """Bounds of the outbox."""

    window: int = 1000  # messages not yet acknowledged
    patience_s: float = 5.0  # without an acknowledgement; also for an answer of JetStream
    pause_s: float = 0.05  # before a comparison that follows one after which nothing moved, doubling
    longest_pause_s: float = 5.0


async def publish_journal(
    bridge: Bridge,
    source: Source,
    *,
    prefix: str = PREFIX,
    told: Callable[[OutboxState], None] = lambda state: None,
    replicas: int = 1,
    pace: Pace | None = None,
) -> Never:
    """Publish a journal's events for ever; `told` hears of each change.

    `replicas` of the stream, if it has to be made.  After a failure nothing is published any more; this does
    not return all the same.  Raises Unreadable, Damaged where the journal cannot even be opened.
    """
    await source.committed(0)  # the event that names the epoch
    reader = Reader(source.path)
    try:
        outbox = _Outbox(bridge, source, reader, prefix, told, replicas, pace or Pace())
        async with bridge.subscribed(f"{outbox.inbox}.*", outbox.hear):
            await outbox.run()
    finally:
        reader.close()
    await trio.sleep_forever()


class _Outbox:
    """One journal's."""

    def __init__(
        self,
        bridge: Bridge,
        source: Source,
        reader: Reader,
        prefix: str,
        told: Callable[[OutboxState], None],
        replicas: int,
        pace: Pace,
    ) -> None:
        self.inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._bridge, self._source, self._reader = bridge, source, reader
        self._prefix, self._told, self._replicas, self._pace = prefix, told, replicas, pace
        self._messages = EventMessages(prefix, source.account, reader)
        self._state = OutboxState()
        self._attempt = 0
        self._window = Window(0, 0, 0.0)
        self._unread: FileError | None = None  # what kept the journal from being read, while publishing

    async def run(self) -> None:
        """Until it has failed."""
        idle, reached = 0, -1  # looks since something moved, and how far that was
        while True:
            connection = await self._bridge.connection()
            try:
                if not await self._compare(connection):
                    return
                why = await self._publish(connection)
            except NotConnected:
                self._tell(caught_up=False, text="NATS is away")
                await connection.over.wait()
                continue
            except Damaged as damage:
                self._tell(failed="journal_damaged", caught_up=False, text=str(damage))
                return
            except FileError as unread:
                why = str(unread)
            except (BusError, nats.errors.Error) as error:
                why = text_of(error)
            self._tell(caught_up=False, text=f"{stream(self._source.account)}: {why}")
            idle = idle + 1 if self._state.published <= reached else 0
            reached = self._state.published
            if idle:
                await trio.sleep(min(self._pace.longest_pause_s, self._pace.pause_s * 2.0 ** min(idle, 16)))

    def hear(self, answers: Sequence[Message]) -> None:
        """Acknowledgements; those of an earlier attempt say nothing about this one."""
        subject = f"{self.inbox}.{self._attempt}"
        for answer in answers:
            if answer.subject == subject:
                self._window.hear(answer)
                reach("outbox.acknowledged")
        self._tell_progress()

    async def _compare(self, connection: Connection) -> bool:
        """Where to go on; whether that may be."""
        account = self._source.account
        found = await connection.run(look, self._prefix, account, self._replicas, self._pace.patience_s)
        verdict = judged(account, found, self._reader)
        self._window = Window(found.last, self._pace.window, self._pace.patience_s)
        self._attempt += 1
        if verdict.failed:
            self._tell(failed=verdict.failed, caught_up=False, text=verdict.text)
        else:
            self._tell_progress()
        return not verdict.failed

    async def _publish(self, connection: Connection) -> str:
        """Go on behind what the stream holds; why it ended.  Raises NotConnected, FileError."""
        window = self._window
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send, connection, window)
            nursery.start_soon(_watch, connection, window)
            why = await window.ended()
            nursery.cancel_scope.cancel()
        if self._unread is not None:
            unread, self._unread = self._unread, None
            raise unread
        if connection.over.is_set():
            raise NotConnected("the connection ended")
        return why

    async def _send(self, connection: Connection, window: Window) -> None:
        reply = f"{self.inbox}.{self._attempt}"
        previous: bytes | None = None
        while True:
            last = await self._source.committed(window.sent)
            room = await window.room()
            try:
                previous = previous or self._hash(window.sent)
                rows = self._next(window.sent, min(last, window.sent + min(room, PAGE)), previous)
            except FileError as unread:
                self._unread = unread
                window.end(str(unread))
                return
            messages = self._messages.of(rows, previous)
            previous = rows[-1].hash
            window.send(rows[-1].seq)
            reach("outbox.read")
            try:
                await connection.run(_publish_all, messages, reply)
                reach("outbox.published")
            except (BusError, nats.errors.Error) as error:
                window.end(text_of(error))
                return

    def _hash(self, seq: int) -> bytes:
        """The hash of an event, or what stands for it before the first; raises Damaged, Unreadable."""
        row = self._reader.get(seq)
        return ZERO if row is None else row.hash

    def _next(self, after: int, until: int, previous: bytes) -> Sequence[Recorded]:
        """Some events behind `after`, whose hash is `previous`; raises Damaged, Unreadable."""
        rows = self._reader.page(after, until).rows
        if not rows:
            raise Damaged(self._source.path, f"seq {after + 1}: is missing")
        try:
            return list(checked(rows, after, previous))
        except BrokenChain as broken:
            raise Damaged(self._source.path, str(broken)) from None

    def _tell_progress(self) -> None:
        window = self._window
        arrived = window.why is None and window.acknowledged == self._source.seq
        self._tell(
            published=window.acknowledged,
            caught_up=arrived or self._state.caught_up,
            text="" if window.why is None else self._state.text,
        )

    def _tell(self, **changes: Any) -> None:
        state = self._state._replace(**changes)
        if state != self._state:
            self._state = state
            self._told(state)


async def _watch(connection: Connection, window: Window) -> None:
    await connection.over.wait()
    window.end("the connection ended")


async def _publish_all(client: Client, messages: Sequence[EventMessage], reply: str) -> None:
    for message in messages:
        await client.publish(message.subject, message.body, reply, message.headers)
