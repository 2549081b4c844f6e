"""One terminal's WebSocket: a reader that hears requests, a writer that delivers what is said.

Saying seals the message at once, so that keys and prefixes follow the order of the conversation; faults
decide how the sealed message is delivered.  A terminal that reads too slowly is cut off: its queue is
bounded, and nothing of a trade is ever left out of a conversation that goes on.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from struct import pack
from typing import Final, NamedTuple

import trio
from msgspec.structs import replace
from trio_websocket import ConnectionClosed, WebSocketConnection

from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.commands import COMMANDS, State
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frame import Direction, seal, unseal
from protocol.messages import Answer, Push, Refused, Request, Unknown
from protocol.records.access import BootstrapAnswer
from protocol.session import Session, UnreadableBody

from .alteration import altered
from .desk import Visitor
from .faults import Fault, Faults, Kind
from .recording import Recording
from .stream import BreakableStream

QUEUE: Final = 8192  # messages waiting for a slow terminal
BEHIND: Final = 1024  # so many of them: no more ticks for now
QUEUE_BYTES: Final = 32 * 1024 * 1024
WRITE_BYTES: Final = 256 * 1024  # of one write, about
FAREWELL_S: Final = 2.0  # for the terminal's part of a clean close
INTERNAL_ERROR: Final = 1
TICKS: Final = 8
END: Final = Fault(do="close")

BINARY: Final = 0x82  # final frame, opcode 2 (RFC 6455 5.2)

# A connection, the command, its request (None where the body is none of this command), the body as it came.
Heard = Callable[["Connection", int, Request | Unknown | None, bytes], None]


class Parcel(NamedTuple):
    """A sealed message and what a fault does with it."""

    message: bytes
    fault: Fault | None = None


def framed(message: bytes) -> bytes:
    """A server's WebSocket frame of one binary message, without extensions (RFC 6455 5.2)."""
    size = len(message)
    if size < 126:
        return pack(">BB", BINARY, size) + message
    if size < 1 << 16:
        return pack(">BBH", BINARY, 126, size) + message
    return pack(">BBQ", BINARY, 127, size) + message


class Pace:
    """How many trade requests came in the present second."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0

    def keeps(self, limit: float) -> bool:
        """Count one more; whether they are within the limit, 0 = none."""
        second = int(trio.current_time())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return not limit or self._count <= limit


class Connection:
    """One connected terminal."""

    def __init__(
        self,
        number: int,
        websocket: WebSocketConnection,
        stream: BreakableStream,
        session: Session,
        faults: Faults,
        *,
        other: Callable[["Connection"], "Connection | None"],
        recording: Recording | None = None,
        idle_s: float = 0.0,
    ) -> None:
        self.visitor = Visitor(number)
        self.session = session
        self.pace = Pace()
        self.dropped = 0  # frames that could not be read
        self.ended = trio.Event()
        self._websocket = websocket
        self._stream = stream
        self._faults = faults
        self._other = other  # another session of the same account, for what goes astray
        self._recording = recording
        self._idle_s = idle_s or float("inf")
        self._decryptor = Decryptor(INITIAL_KEY)
        self._queue: deque[Parcel] = deque()
        self._filled = trio.Event()
        self._emptied = trio.Event()
        self._waiting_bytes = 0
        self._slow = False  # the market has waited for it in vain
        self._held: bytes | None = None  # waits behind the next message
        self._nursery: trio.Nursery | None = None
        self._scope = trio.CancelScope()

    # The conversation.

    async def run(self, heard: Heard) -> None:
        """Serve until either side ends the conversation."""
        with self._scope:
            try:
                async with trio.open_nursery() as nursery:
                    self._nursery = nursery
                    nursery.start_soon(self._write)
                    await self._read(heard)
                    nursery.cancel_scope.cancel()
            except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # the terminal went away, or a fault broke the connection: the end of a conversation
        self._nursery = None
        self.session.close()
        self._emptied.set()
        self.ended.set()

    def soon(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Do something later, as long as the conversation goes on."""
        if self._nursery is not None:
            self._nursery.start_soon(self._after, seconds, act)

    @staticmethod
    async def _after(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        await trio.sleep(seconds)
        await act()

    # Saying.

    def say(self, message: Answer | Refused | Push, *, body: bytes | None = None) -> None:
        """Say something, faults permitting; `body` goes in place of the value's own."""
        kind = Kind.PUSH if isinstance(message, Push) else Kind.ANSWER
        fault = self._faults.meet(kind, message.command, self.visitor.login)
        if fault is not None:
            message = _as_altered(fault, message)
        reader = self._decryptor  # of this frame: a bootstrap changes the key behind its answer
        frame = self._sealed(message)
        if frame is None:
            return
        if not isinstance(message, Refused):
            if fault is not None and fault.do == "truncate":
                body = (_body_of(message) if body is None else body)[: fault.bytes]
            if body is not None:
                frame = self._with_body(frame, reader, body)
        if fault is not None and fault.do == "astray":
            self._go_astray(message, fault)
        else:
            self._enqueue(Parcel(frame, fault))

    def refuse(self, command: int, code: int) -> None:
        """Answer with a code byte; no fault is asked."""
        frame = self._sealed(Refused(command, code))
        if frame is not None:
            self._enqueue(Parcel(frame))

    def forget(self, command: int) -> None:
        """A request was lost on its way: nobody will answer it."""
        self._sealed(Refused(command, INTERNAL_ERROR))

    def say_ticks(self, body: bytes) -> None:
        """Push 8 with a body made once for many terminals."""
        fault = self._faults.meet(Kind.PUSH, TICKS, self.visitor.login)
        code = 0
        if fault is not None:
            body = body[: fault.bytes] if fault.do == "truncate" else body
            code = fault.code if fault.do == "refuse" else 0
        self._enqueue(Parcel(self.session.seal(TICKS, code, body), fault))

    @property
    def behind(self) -> bool:
        """Whether ticks should be left out until the terminal has caught up."""
        return len(self._queue) > BEHIND and not self.ended.is_set()

    async def catch_up(self, seconds: float) -> None:
        """Wait until the terminal has caught up; one that is late is not waited for again until it has."""
        if self._slow:
            self._slow = self.behind
            return
        with trio.move_on_after(seconds) as patience:
            while self.behind:
                await self._emptied.wait()
        self._slow = patience.cancelled_caught

    def _sealed(self, message: Answer | Refused | Push) -> bytes | None:
        """The frame; None when it must not be said any more, or a push not now."""
        if self.session.state is State.CLOSED and isinstance(message, Push):
            return None
        try:
            frame = self.session.send(message)
        except LocalProtocolError:
            # A push that a request of the same command is waiting for, or one before the bootstrap; an answer
            # after the end.  Anything else is the venue's mistake.
            if isinstance(message, Push) or self._nursery is None:
                return None
            raise
        if isinstance(message, Answer) and isinstance(message.value, BootstrapAnswer):
            self._decryptor = Decryptor(message.value.key)
        return frame

    def _with_body(self, message: bytes, reader: Decryptor, body: bytes) -> bytes:
        """The same frame, prefix and all, around another body."""
        frame = unseal(message, reader, Direction.ANSWER)
        if frame is None:
            return message
        if reader is self._decryptor:
            return self.session.seal(frame.command, frame.code, body, frame.prefix)
        return seal(replace(frame, body=body), Encryptor(INITIAL_KEY))

    def _go_astray(self, message: Answer | Refused | Push, fault: Fault) -> None:
        other = self._other(self)
        if other is None or isinstance(message, Refused):
            return
        frame = other.session.seal(message.command, _code_of(message), _body_of(message))
        other.soon(fault.seconds, partial(other.transmit, frame))

    def _enqueue(self, parcel: Parcel) -> None:
        if self.ended.is_set():
            return
        self._waiting_bytes += len(parcel.message)
        self._queue.append(parcel)
        self._filled.set()
        if self._waiting_bytes > QUEUE_BYTES or len(self._queue) > QUEUE:
            self.abort()

    # Breaking.

    def suffer(self, fault: Fault) -> bool:
        """Break the connection as the fault of a request says; whether the request is still executed."""
        match fault.do:
            case "abort":
                self.abort()
            case "close":
                self.end()
            case "half_open":
                self.go_silent()
            case "abort_after":
                self.break_after(fault.bytes)
                return True
            case _:
                return True
        return False

    def end(self) -> None:
        """Close the WebSocket with code 1000 behind what was said so far."""
        self._enqueue(Parcel(b"", END))

    def abort(self) -> None:
        """Reset the connection."""
        self._stream.abort()
        self._scope.cancel()

    def go_silent(self) -> None:
        """Half-open from now on."""
        self._stream.go_silent()

    def break_after(self, size: int) -> None:
        """Let so many more bytes out, then reset."""
        self._stream.break_after(size)

    # The reader.

    async def _read(self, heard: Heard) -> None:
        while True:
            message = await self._next_message()
            if message is None:
                await self._close()
                return
            self._note(Direction.REQUEST, message)
            try:
                requests = self.session.receive(message)
            except UnreadableBody as why:
                self.dropped += 1
                heard(self, why.command, None, why.body)
                continue
            except RemoteProtocolError:
                self.dropped += 1
                self._object(message)
                continue
            for request in requests:
                if isinstance(request, Request | Unknown):
                    heard(self, request.command, request, self._body_within(message))

    def _object(self, message: bytes) -> None:
        """Answer a request that is not for now by a code; what cannot be read is passed over.

        A terminal that never gets an answer would wait for its timeout and give the session up
        (docs/protocol.md 1).
        """
        if self.session.state is State.FRESH:
            return
        try:
            frame = unseal(message, self._decryptor, Direction.REQUEST)
        except RemoteProtocolError:
            return
        if frame is not None:
            self._enqueue(Parcel(self.session.seal(frame.command, INTERNAL_ERROR, b"")))

    async def _next_message(self) -> bytes | None:
        """The next binary message; None when the terminal was silent for too long."""
        with trio.move_on_after(self._idle_s):
            while True:
                message = await self._websocket.get_message()
                if isinstance(message, bytes):
                    return message
                self.dropped += 1  # text is never sent by a terminal
        return None

    def _body_within(self, message: bytes) -> bytes:
        """A request's body as it came."""
        frame = unseal(message, self._decryptor, Direction.REQUEST)
        return frame.body if frame is not None else b""

    # The writer.

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            self._filled = trio.Event()
            while self._queue:
                if messages := self._plain():
                    await self.transmit(*messages)
                if self._queue:
                    await self._deliver_next()
                emptied, self._emptied = self._emptied, trio.Event()
                emptied.set()

    def _plain(self) -> list[bytes]:
        """The next messages that nothing happens to, to be written at once."""
        messages: list[bytes] = []
        size = 0
        while self._queue and self._queue[0].fault is None and size < WRITE_BYTES and self._held is None:
            message = self._queue.popleft().message
            size += len(message)
            messages.append(message)
        self._waiting_bytes -= size
        return messages

    async def _deliver_next(self) -> None:
        """The next message with what happens to it, and the one that waited behind it."""
        parcel = self._queue.popleft()
        self._waiting_bytes -= len(parcel.message)
        held, self._held = self._held, None
        await self._deliver(parcel)
        if held is not None:
            await self.transmit(held)

    async def _deliver(self, parcel: Parcel) -> None:
        message, fault = parcel
        if fault is None:
            await self.transmit(message)
            return
        match fault.do:
            case "lose":
                return
            case "abort":
                self.abort()
            case "abort_after":
                self._stream.break_after(fault.bytes)
                await self.transmit(message)
            case "close":
                await self._close()
            case "half_open":
                self._stream.go_silent()
            case "duplicate":
                await self.transmit(message)
                await self._transmit_later(message, fault.seconds)
            case "swap":
                self._held = message
            case "garbage":
                await self.transmit(self._faults.noise(fault.bytes))
                await self.transmit(message)
            case _:
                await self._transmit_later(message, fault.seconds)

    async def _transmit_later(self, message: bytes, seconds: float) -> None:
        if seconds:
            self.soon(seconds, partial(self.transmit, message))
        else:
            await self.transmit(message)

    async def transmit(self, *messages: bytes) -> None:
        """Send sealed messages in one write, past everything that waits."""
        for message in messages:
            self._note(Direction.ANSWER, message)
        if self._websocket.closed is not None:
            raise ConnectionClosed(self._websocket.closed)
        # Not by the WebSocket's own method: that is a write, a lock and a turn of the scheduler per message.
        await self._stream.send_all(b"".join(map(framed, messages)))

    async def _close(self) -> None:
        with trio.move_on_after(FAREWELL_S):
            await self._websocket.aclose(1000)
        self._scope.cancel()

    def _note(self, direction: Direction, message: bytes) -> None:
        if self._recording is not None:
            self._recording.note(direction, message)


def _as_altered(fault: Fault, message: Answer | Refused | Push) -> Answer | Refused | Push:
    match message:
        case Refused():
            return message
        case Answer(command, value):
            return (
                Refused(command, fault.code)
                if fault.do == "refuse"
                else Answer(command, altered(fault, value))
            )
        case Push(command, value, code):
            return Push(command, altered(fault, value), fault.code if fault.do == "refuse" else code)


def _code_of(message: Answer | Push) -> int:
    return message.code if isinstance(message, Push) else 0


def _body_of(message: Answer | Push) -> bytes:
    """The bytes of a message's value, as its command has them."""
    spec = COMMANDS.get(message.command)
    if spec is None:
        return b""
    body = spec.push if isinstance(message, Push) else spec.answer
    return body.encode(message.value) if body else b""
