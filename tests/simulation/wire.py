"""The network in memory: in pieces, late, cut at any byte, and gone with the process that used it."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol

import trio
from trio.testing import memory_stream_pair

from oms.paper.server import Server
from oms.sessions.address import Address

REFUSED = 0.1  # of attempts, in troubled times
CUT = 0.25  # of connections, each way
LATEST_S = 0.05
FARTHEST = (30_000, 4_000)  # bytes until a cut: from the venue, to it


class Sender(Protocol):
    """Whose connection it is."""

    def leaving(self, size: int) -> int:
        """How many bytes of a send leave; with fewer than all the connection breaks."""

    def left(self) -> None:
        """They have left."""


class Wire(trio.abc.Stream):
    """The daemon's end of a connection."""

    def __init__(
        self,
        inner: "trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]",
        chance: Random,
        sender: Sender,
        *,
        cut: bool,
    ) -> None:
        self._inner, self._chance, self._sender = inner, chance, sender
        self._rest = b""  # came, and was not read yet
        self._broken = False
        self._hears = self._budget(0) if cut else None
        self._says = self._budget(1) if cut else None

    def _budget(self, way: int) -> int | None:
        drawn, size = self._chance.random(), self._chance.randrange(FARTHEST[way])
        return size if drawn < CUT else None

    def cut(self) -> None:
        """Break it, for both ends; what is under way is lost."""
        if not self._broken:
            self._broken = True
            self._inner.send_stream.close()
            self._inner.receive_stream.close()

    def _check(self) -> None:
        if self._broken:
            raise trio.BrokenResourceError("cut")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._check()
        size = len(data)
        leaves = self._sender.leaving(size)
        if self._says is not None:
            leaves, self._says = min(leaves, self._says), max(0, self._says - size)
        if leaves:
            try:
                await self._inner.send_all(bytes(data)[:leaves])
            except trio.ClosedResourceError:
                raise trio.BrokenResourceError("cut") from None
        self._sender.left()
        if leaves < size:
            self.cut()
        self._check()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if not self._rest:
            self._rest = await self._arrived()
        await trio.sleep(self._chance.random() * LATEST_S)
        self._check()
        most = max_bytes or len(self._rest)
        if self._chance.random() < 0.1:
            most = min(most, self._chance.randint(1, 100))
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    async def _arrived(self) -> bytes:
        self._check()
        try:
            data = bytes(await self._inner.receive_some())
        except trio.ClosedResourceError:
            raise trio.BrokenResourceError("cut") from None
        if self._hears is not None:
            data, self._hears = data[: self._hears], self._hears - len(data)
            if self._hears <= 0:
                self.cut()
        self._check()
        return data

    async def aclose(self) -> None:
        await self._inner.aclose()


class Network:
    """How the daemon reaches the venue."""

    def __init__(self, server: Server, nursery: trio.Nursery, chance: Random) -> None:
        """Connections run in the nursery."""
        self.troubled = True
        self.wires: list[Wire] = []
        self._server, self._nursery, self._chance = server, nursery, chance

    def opener(self, sender: Sender) -> Callable[[Address], Awaitable[trio.abc.Stream]]:
        """For one process."""

        async def opened(address: Address) -> trio.abc.Stream:
            await trio.sleep(self._chance.random() * LATEST_S)
            if self.troubled and self._chance.random() < REFUSED:
                raise OSError("nobody is there")
            mine, theirs = memory_stream_pair()
            wire = Wire(mine, self._chance, sender, cut=self.troubled)
            self.wires.append(wire)
            self._nursery.start_soon(self._server.welcome, theirs, wire.cut)
            return wire

        return opened

    def cut(self) -> None:
        """Break every connection."""
        for wire in self.wires:
            wire.cut()
        self.wires.clear()
