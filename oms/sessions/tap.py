"""A stream for trio-websocket that takes binary messages off on their way to it.

trio-websocket keeps handshake, control frames, text, closing and sending.  Binary messages, which are all
that a gateway sends, go to a synchronous sink instead, a list per read: through the library each costs a
task switch, some sixty times as much.  Messages of ours may go past it too, as whole
frames between its own: so they are on the wire before anything else runs.

The sink is called before anything that came behind those messages is passed on, and never before the library
has seen the whole handshake.

When the peer breaks the WebSocket protocol, the library is given a close frame that says so (1002, or 1009
for a message that is too big).  It answers it, so that the peer is told, and closes: RFC 6455 7.1.7 by public
means alone.  Nothing more is read then.
"""

from collections.abc import Awaitable, Callable
from struct import pack
from typing import Final

import trio
from trio_websocket import HandshakeError

from .deframer import CLOSE, FINAL, Deframer, Violation
from .framing import framed
from .handshake import HandshakeReader

READ_BYTES: Final = 1 << 16
MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024

Sink = Callable[[list[bytes]], None]
Gate = Callable[[], Awaitable[None]]  # awaited before each read: how a slow reader slows the venue down


class HandshakeCut(HandshakeError):
    """The stream ended before it was a WebSocket; `status` is the HTTP status, where one came."""

    def __init__(self, status: int | None) -> None:
        super().__init__("ended during the handshake")
        self.status = status


class Tap(trio.abc.Stream):
    """A client's byte stream, for `trio_websocket.wrap_client_stream`.

    Raises HandshakeCut to the library where the stream ends too early: the library would wait for ever.
    """

    def __init__(
        self,
        inner: trio.abc.Stream,
        sink: Sink,
        *,
        max_message_size: int = MAX_MESSAGE_BYTES,
        gate: Gate | None = None,
    ) -> None:
        self.bytes = 0  # received, of everything
        self.frames = 0  # binary messages
        self.heard_at = trio.current_time()  # when bytes last came
        self._inner = inner
        self._sink, self._gate = sink, gate
        self._handshake = HandshakeReader()
        self._deframer = Deframer(max_message_size)
        self._behind = b""  # came in one read with the end of the handshake
        self._passed = bytearray()  # what the library is to see
        self._writing = trio.Lock()  # one frame at a time, whoever's it is

    @property
    def violation(self) -> Violation | None:
        """How the peer broke the WebSocket protocol, if it did."""
        return self._deframer.violation

    @property
    def close_code(self) -> int | None:
        """The code of the peer's close frame, where one came with a code."""
        return self._deframer.close_code

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What the library is to see, as soon as there is any; b"" at the end."""
        if self._passed or self.violation:
            await trio.lowlevel.checkpoint()
        while not self._passed and not self.violation:
            data = self._behind or await self._read()
            self._behind = b""
            if not data:
                return b""
            self._pass(data)
        passed = bytes(self._passed[:max_bytes])
        del self._passed[: len(passed)]
        return passed

    async def _read(self) -> bytes:
        if self._gate is not None:
            await self._gate()
        try:
            data = await self._inner.receive_some(READ_BYTES)
        except trio.BrokenResourceError:
            if not self._handshake.switched:
                raise HandshakeCut(self._handshake.status) from None
            raise
        if not data and not self._handshake.switched:
            raise HandshakeCut(self._handshake.status)
        self.heard_at = trio.current_time()
        self.bytes += len(data)
        return bytes(data)

    def _pass(self, data: bytes) -> None:
        if not self._handshake.switched:
            self._behind = self._handshake.feed(data)
            self._passed += data[: len(data) - len(self._behind)]
            return
        messages, passed = self._deframer.feed(data)
        self._passed += passed
        if self.violation:
            self._passed += _close_frame(self.violation)
        if messages:
            self.frames += len(messages)
            self._sink(messages)

    @property
    def free(self) -> bool:
        """Whether `send_message` writes at once: it is a WebSocket, not closed by the peer, nobody writes."""
        return self._handshake.switched and not self._deframer.ended and not self._writing.locked()

    async def send_message(self, message: bytes) -> None:
        """Send a binary message past the library; raises what trio's streams raise."""
        await self.send_all(framed(message))

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As promised by trio; HandshakeCut where the peer was gone before it answered."""
        if self._writing.locked():
            await self._writing.acquire()
        else:
            self._writing.acquire_nowait()  # without a turn of the event loop
        try:
            await self._inner.send_all(data)
        except trio.BrokenResourceError:
            if not self._handshake.switched:
                raise HandshakeCut(self._handshake.status) from None
            raise
        finally:
            self._writing.release()

    async def wait_send_all_might_not_block(self) -> None:
        """As promised by trio."""
        await self._inner.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close what it wraps."""
        await self._inner.aclose()


def _close_frame(violation: Violation) -> bytes:
    """What a server would send to close with this code; the text is ours, and short."""
    payload = pack(">H", violation.code) + violation.text.encode()
    return bytes((FINAL | CLOSE, len(payload))) + payload
