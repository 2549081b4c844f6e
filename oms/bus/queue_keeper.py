"""Keeps an account's queue of durable commands there, whatever becomes of it, and says on what it stands.

Stream and consumers are made on each connection where they are absent; after that the stream is looked at
from time to time, and both whenever whoever takes from them meets with a refusal.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Never

import nats.errors
import trio

from .bridge import Bridge, Connection
from .errors import BusError, NotConnected, text_of
from .queue_stream import look
from .subjects import queue_stream


class QueueState(NamedTuple):
    """How the queue stands."""

    ready: bool = False  # stream and consumers are there
    text: str = ""  # what is wrong, or what is waited for


class Pace(NamedTuple):
    """Bounds of the queue, in seconds."""

    ack_wait_s: float = 10.0  # without a sign of life, then a message is delivered anew
    expires_s: float = 5.0  # the server lets a consumer wait so long for a message
    every_s: float = 10.0  # between two looks at the stream
    patience_s: float = 5.0  # for an answer of JetStream
    pause_s: float = 0.1  # after a trouble, doubling
    longest_pause_s: float = 5.0


class Standing(NamedTuple):
    """The queue as it was found on a connection."""

    connection: Connection
    created: datetime | None  # the stream; another one of the same name has another


class QueueKeeper:
    """Of one account."""

    def __init__(
        self,
        bridge: Bridge,
        account: str,
        prefix: str,
        told: Callable[[QueueState], None],
        replicas: int,
        pace: Pace,
    ) -> None:
        """`replicas` of the stream, if it has to be made."""
        self.bridge, self.account, self.prefix, self.pace = bridge, account, prefix, pace
        self.stream = queue_stream(account)
        self._told, self._replicas = told, replicas
        self._state = QueueState()
        self._standing: Standing | None = None
        self._moved, self._doubted = trio.Event(), trio.Event()

    @property
    def present(self) -> Standing | None:
        """The queue, if it stands."""
        standing = self._standing
        return None if standing is None or standing.connection.over.is_set() else standing

    async def standing(self) -> Standing:
        """The queue, as soon as it stands."""
        while (found := self.present) is None:
            await self._moved.wait()
        return found

    def doubt(self, standing: Standing, text: str) -> None:
        """It refused something: both stream and consumers shall be looked at."""
        if standing is self._standing:
            self._stands(None, f"{self.stream}: {text}")
        self._doubted.set()

    def trouble(self, text: str) -> None:
        """Something else went wrong; it goes on."""
        self._tell(self._state._replace(text=text))

    async def keep(self) -> Never:
        """For ever."""
        pauses = Pauses(self.pace)
        while True:
            connection = await self.bridge.connection()
            try:
                text = await self._look(connection)
            except NotConnected:
                await connection.over.wait()
                text = ""
            except (BusError, nats.errors.Error) as why:
                text = text_of(why)
            if text:
                self._stands(None, f"{self.stream}: {text}")
                await pauses.next()
            else:
                pauses.end()
                await self._until_doubt(connection)
            if connection.over.is_set():
                self._stands(None, "NATS is away")

    async def _look(self, connection: Connection) -> str:
        """What is wrong, empty where nothing is."""
        self._doubted = trio.Event()
        known = self._standing.created if self._standing else None
        found = await connection.run(
            look,
            self.prefix,
            self.account,
            self._replicas,
            known,
            ack_wait_s=self.pace.ack_wait_s,
            within_s=self.pace.patience_s,
        )
        if not found.unfit:
            self._stands(Standing(connection, found.created), "")
        return found.unfit

    async def _until_doubt(self, connection: Connection) -> None:
        with trio.move_on_after(self.pace.every_s):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_first, connection.over, nursery.cancel_scope)
                nursery.start_soon(_first, self._doubted, nursery.cancel_scope)

    def _stands(self, standing: Standing | None, text: str) -> None:
        if standing != self._standing:
            self._standing = standing
            moved, self._moved = self._moved, trio.Event()
            moved.set()
        self._tell(QueueState(standing is not None, text))

    def _tell(self, state: QueueState) -> None:
        if state != self._state:
            self._state = state
            self._told(state)


class Pauses:
    """Between attempts that fail: each twice the one before, up to a limit."""

    def __init__(self, pace: Pace) -> None:
        """The first is the shortest."""
        self._pace, self._failures = pace, 0

    async def next(self) -> None:
        """The next one."""
        pause = min(self._pace.longest_pause_s, self._pace.pause_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        await trio.sleep(pause)

    def end(self) -> None:
        """It works."""
        self._failures = 0


async def _first(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
