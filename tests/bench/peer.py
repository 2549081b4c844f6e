"""A WebSocket without a library's cost per frame: a blocking socket, a handshake, raw frames behind it.

Benchmarks must not measure their own instrument.  Frames are never fragmented here and carry no extension.
"""

import socket
import struct
import time
from collections.abc import Iterator
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request
from wsproto.frame_protocol import Opcode

READ_SIZE: Final = 1 << 18
FINAL_BINARY: Final = 0x80 | Opcode.BINARY
MASKED: Final = 0x80
SO_TIMESTAMPNS: Final = 35  # of Linux; the module does not name it
STAMP: Final = struct.Struct("@ll")  # a timespec
NS: Final = 1_000_000_000


def _ahead_ns() -> int:
    """How far UTC's clock is ahead of the monotonic one, by the closest of three looks at both.

    Whoever looks may lose the core in between; closer than the time that a look took it is not known.
    """
    looks = []
    for _ in range(3):
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        looks.append((after - before, wall - after))
    return min(looks)[1]


class Peer:
    """One end of a WebSocket that is open; `gateway` tells which, because a terminal masks what it sends."""

    def __init__(self, sock: socket.socket, *, gateway: bool) -> None:
        self.sock = sock
        self._gateway = gateway
        self._buffer = bytearray()
        self._stamped = False
        self.got_ns = 0  # of what was read last, once it is stamped
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def connect(cls, host: str, port: int, path: str = "/terminal") -> "Peer":
        """A terminal's end."""
        sock = socket.create_connection((host, port))
        protocol = WSConnection(ConnectionType.CLIENT)
        sock.sendall(protocol.send(Request(host=f"{host}:{port}", target=path)))
        return cls(sock, gateway=False)._opened(protocol, AcceptConnection)

    @classmethod
    def accept(cls, sock: socket.socket) -> "Peer":
        """A gateway's end."""
        protocol = WSConnection(ConnectionType.SERVER)
        peer = cls(sock, gateway=True)._opened(protocol, Request)
        sock.sendall(protocol.send(AcceptConnection()))
        return peer

    def _opened(self, protocol: WSConnection, wanted: type) -> "Peer":
        while True:
            data = self.sock.recv(1)  # not a byte of what follows the handshake
            if not data:
                raise ConnectionError("closed during the handshake")
            protocol.receive_data(data)
            for event in protocol.events():
                if isinstance(event, wanted):
                    return self
                raise ConnectionError(f"no handshake: {event}")

    def stamp(self) -> None:
        """Have the system note when it got what is read from now on, however late that is read."""
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._stamped = True

    def send(self, message: bytes) -> None:
        """Send one binary message."""
        self.sock.sendall(framed(message) if self._gateway else masked(message))

    def receive(self) -> bytes:
        """The next binary message; ConnectionError at the end."""
        while True:
            for message in self._messages(one=True):
                return message
            self._read()

    def receive_many(self) -> list[bytes]:
        """Every whole message of one read, none if there was none; ConnectionError at the end."""
        self._read()
        return list(self._messages())

    def _read(self) -> None:
        data = self._noted() if self._stamped else self.sock.recv(READ_SIZE)
        if not data:
            raise ConnectionError("closed")
        self._buffer += data

    def _noted(self) -> bytes:
        """What is read with the system's note on it, which is a time of UTC."""
        data, notes, _, _ = self.sock.recvmsg(READ_SIZE, socket.CMSG_SPACE(STAMP.size))
        for _, kind, note in notes:
            if kind == SO_TIMESTAMPNS:
                seconds, rest = STAMP.unpack(note)
                self.got_ns = seconds * NS + rest - _ahead_ns()
        return data

    def _messages(self, *, one: bool = False) -> Iterator[bytes]:
        buffer, at, size = self._buffer, 0, len(self._buffer)
        try:
            while size - at >= 2:
                masked, length, head = buffer[at + 1] & MASKED, buffer[at + 1] & 127, 2
                if length == 126:
                    if size - at < 4:
                        return
                    length, head = int.from_bytes(buffer[at + 2 : at + 4]), 4
                elif length == 127:
                    if size - at < 10:
                        return
                    length, head = int.from_bytes(buffer[at + 2 : at + 10]), 10
                start = at + head + (4 if masked else 0)
                if size < start + length:
                    return
                payload = bytes(buffer[start : start + length])
                if masked:
                    payload = _xored(payload, bytes(buffer[start - 4 : start]))
                opcode, at = buffer[at] & 15, start + length
                if opcode == Opcode.BINARY:
                    yield payload
                    if one:
                        return
                elif opcode == Opcode.CLOSE:
                    raise ConnectionError("closed")
        finally:
            del buffer[:at]


def framed(message: bytes) -> bytes:
    """A gateway's WebSocket frame of one binary message."""
    size = len(message)
    if size < 126:
        return bytes((FINAL_BINARY, size)) + message
    if size < 1 << 16:
        return struct.pack(">BBH", FINAL_BINARY, 126, size) + message
    return struct.pack(">BBQ", FINAL_BINARY, 127, size) + message


def masked(message: bytes) -> bytes:
    """A terminal's frame; the mask is zero, which every server must take."""
    frame = bytearray(framed(message))
    frame[1] |= MASKED
    head = len(frame) - len(message)
    return bytes(frame[:head]) + bytes(4) + message


def _xored(payload: bytes, mask: bytes) -> bytes:
    whole = int.from_bytes(payload) ^ int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)])
    return whole.to_bytes(len(payload))
