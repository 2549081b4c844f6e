"""A gateway of bytes: WebSocket frames written by hand (RFC 6455 5), good ones and bad ones."""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from hashlib import sha1

import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from oms.sessions.tap import Sink, Tap

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LARGE = 1 << 26


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes = b"", width: int = 0
) -> bytes:
    """One frame; `width` forces the bytes of its length: 1, 2 or 8."""
    size = len(payload)
    width = width or (1 if size < 126 else 2 if size < 1 << 16 else 8)
    told = {1: size, 2: 126, 8: 127}[width]
    head = bytes((fin << 7 | rsv << 4 | opcode, bool(mask) << 7 | told))
    extended = b"" if width == 1 else size.to_bytes(width, "big")
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + extended + mask + payload


def close(code: int, text: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + text)


async def accept(stream: trio.abc.Stream) -> bytes:
    """Read a client's handshake; the answer that opens the WebSocket."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += await stream.receive_some(4096)
    key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
    token = b64encode(sha1(key.partition(b": ")[2] + GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """The bytes in pieces of these sizes, over and over."""
    sizes, at = list(sizes), 0
    pieces: list[bytes] = []
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[at : at + size])
        at += size
    return pieces


def unmasked(data: bytes) -> list[tuple[int, bytes]]:
    """The (opcode, payload) of a client's frames, all of them short."""
    frames, at = [], 0
    while at < len(data):
        size = data[at + 1] & 127
        assert data[at + 1] & 128, "a client masks"
        mask, payload = data[at + 2 : at + 6], data[at + 6 : at + 6 + size]
        frames.append((data[at] & 15, bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))))
        at += 6 + size
    return frames


class Outcome:
    """What a client made of a gateway's bytes."""

    def __init__(self) -> None:
        self.binary: list[bytes] = []
        self.text: list[str] = []
        self.code: int | None = None  # as the library has it
        self.said: list[tuple[int, bytes]] = []  # frames of the client


async def converse(sizes: Iterable[int], script: bytes, *, tapped: bool, limit: int = LARGE) -> Outcome:
    """A client that hears the script in pieces of these sizes, then the end of the stream."""
    outcome = Outcome()
    client, gateway = memory_stream_pair()

    async def play() -> None:
        with suppress(trio.BrokenResourceError):  # a client that was offended has closed
            for piece in cut(await accept(gateway) + script, sizes):
                await gateway.send_all(piece)
            await gateway.send_eof()
        said = b""
        while data := await gateway.receive_some(4096):
            said += data
        outcome.said = unmasked(said)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play)
            stream = Tap(client, outcome.binary.extend, max_message_size=limit) if tapped else client
            websocket = await wrap_client_stream(nursery, stream, "test", "/", max_message_size=limit)  # type: ignore[arg-type]
            await _drain(websocket, outcome)
            await trio.aclose_forcefully(client)
    return outcome


async def _drain(websocket: WebSocketConnection, outcome: Outcome) -> None:
    try:
        while True:
            message = await websocket.get_message()
            if isinstance(message, str):
                outcome.text.append(message)
            else:
                outcome.binary.append(message)
    except ConnectionClosed as why:
        outcome.code = why.reason.code if why.reason else None


@asynccontextmanager
async def tapped_client(
    gateway_sends: bytes, sink: Sink
) -> AsyncIterator[tuple[WebSocketConnection, Tap, trio.abc.Stream]]:
    """A client behind its handshake, and the gateway's end of the stream."""
    client, gateway = memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def greet() -> None:
            await gateway.send_all(await accept(gateway) + gateway_sends)

        nursery.start_soon(greet)
        tap = Tap(client, sink)
        yield await wrap_client_stream(nursery, tap, "test", "/"), tap, gateway  # type: ignore[arg-type]
        nursery.cancel_scope.cancel()
