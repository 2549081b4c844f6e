"""A byte stream whose connection can be broken on purpose."""

import socket
import struct
from collections.abc import Callable

import trio


def reset(tcp: trio.SocketStream) -> None:
    """Reset a connection now (RST, not FIN): what was sent last may not arrive."""
    if tcp.socket.fileno() < 0:
        return  # it is gone already
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.socket.close()


class BreakableStream(trio.abc.Stream):
    """Passes bytes through until told to break; the WebSocket layer above notices nothing before."""

    def __init__(self, inner: trio.abc.Stream, reset: Callable[[], None]) -> None:
        """`reset` breaks what carries the stream."""
        self.abort = reset
        self._inner = inner
        self._writing = (
            trio.StrictFIFOLock()
        )  # two send: the connection, and the WebSocket its control frames
        self._budget: int | None = None  # bytes that may still be sent before the reset
        self._silent = False

    def break_after(self, size: int) -> None:
        """Let so many more bytes out, then reset the connection."""
        self._budget = size

    def go_silent(self) -> None:
        """From now on nothing is sent or read, and the connection stays open: half-open."""
        self._silent = True

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As promised by trio; a broken connection raises BrokenResourceError."""
        async with self._writing:
            await self._send_all(data)

    async def _send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._silent:
            await trio.lowlevel.checkpoint()
            return
        if self._budget is None:
            await self._inner.send_all(data)
            return
        allowed, self._budget = self._budget, max(0, self._budget - len(data))
        await self._inner.send_all(bytes(data)[:allowed])
        if len(data) >= allowed:
            self.abort()
            raise trio.BrokenResourceError("broken on purpose")

    async def wait_send_all_might_not_block(self) -> None:
        """As promised by trio."""
        await self._inner.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """As promised by trio; a silent stream gives nothing but its end."""
        data = await self._inner.receive_some(max_bytes)
        while self._silent and data:
            data = await self._inner.receive_some(max_bytes)
        return data

    async def aclose(self) -> None:
        """Close both layers."""
        await self._inner.aclose()
