"""Receiving: what a binary WebSocket frame costs in CPU, through the tap, beside what else could take it.

Flood: a gateway in another process writes 64 kB of equal frames at a time, so that the receiver never waits.
The floor is a bare socket whose bytes are received, and nothing done with them; plain is trio-websocket as
everybody uses it.  CPU, not time, because the gateway has the other core.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from statistics import median
from typing import Final

import trio
from trio_websocket import open_websocket_url, wrap_client_stream

from oms.sessions.tap import READ_BYTES, Tap
from tests.bench.measure import Row, row
from tests.bench.peer import Peer, framed

SIZES: Final = (64, 1024)
WRITE_BYTES: Final = 1 << 16
ROUNDS: Final = 5
TAPPED_FRAMES: Final = 300_000  # of one round; the library gets a tenth, being slow
PLAIN_FRAMES: Final = 20_000
MAX_MESSAGE: Final = 1 << 26

Receive = Callable[[int, int], float]  # port, frames: CPU seconds


def rows() -> Iterator[Row]:
    """The tap beside the floor, and beside trio-websocket alone."""
    for size in SIZES:
        bare, tapped, plain = microseconds(size)
        yield row(f"receive_{size}", tapped, "us/frame", bare)
        yield row(f"receive_{size}_plain", tapped, "us/frame", plain, better="higher", speed=True)


def microseconds(size: int) -> tuple[float, float, float]:
    """Median CPU per frame of the bare socket, the tap and the plain library, rounds interleaved."""
    ways: list[tuple[Receive, int]] = [
        (partial(_bare, len(framed(bytes(size)))), TAPPED_FRAMES),
        (_tapped, TAPPED_FRAMES),
        (_plain, PLAIN_FRAMES),
    ]
    found: list[list[float]] = [[] for _ in ways]
    with flooding(size) as port:
        for _ in range(ROUNDS):
            for number, (receive, frames) in enumerate(ways):
                found[number].append(receive(port, frames) / frames * 1e6)
    bare, tapped, plain = map(median, found)
    return bare, tapped, plain


def _bare(frame_bytes: int, port: int, frames: int) -> float:
    left = frames * frame_bytes
    with Peer.connect("127.0.0.1", port).sock as sock:
        start = time.process_time()
        while left > 0:
            left -= len(sock.recv(READ_BYTES))
        return time.process_time() - start


def _tapped(port: int, frames: int) -> float:
    return trio.run(_receive_tapped, port, frames)


async def _receive_tapped(port: int, frames: int) -> float:
    enough = trio.Event()
    seen = 0

    def count(messages: list[bytes]) -> None:
        nonlocal seen
        seen += len(messages)
        if seen >= frames:
            enough.set()

    async with trio.open_nursery() as nursery:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        tap = Tap(stream, count)
        await wrap_client_stream(
            nursery,
            tap,  # type: ignore[arg-type]
            "bench",
            "/terminal",
            receive_buffer_size=None,
        )
        start = time.process_time()
        await enough.wait()
        taken = time.process_time() - start
        nursery.cancel_scope.cancel()
    await trio.aclose_forcefully(stream)
    return taken


def _plain(port: int, frames: int) -> float:
    return trio.run(_receive_plain, port, frames)


async def _receive_plain(port: int, frames: int) -> float:
    # A farewell would read the rest of the flood first.
    with trio.CancelScope() as scope:
        url = f"ws://127.0.0.1:{port}/terminal"
        async with open_websocket_url(url, max_message_size=MAX_MESSAGE) as websocket:
            start = time.process_time()
            for _ in range(frames):
                await websocket.get_message()
            taken = time.process_time() - start
            scope.cancel()
    return taken


# The flood.


@contextmanager
def flooding(size: int) -> Iterator[int]:
    """A gateway in another process that sends frames of this payload as fast as it can; its port."""
    command = [sys.executable, "-m", "tests.bench.receive", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def flood(size: int) -> None:
    """Serve one receiver after the other until killed."""
    frame = framed(bytes(number % 251 for number in range(size)))
    data = frame * (WRITE_BYTES // len(frame))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            with sock, suppress(OSError):  # a receiver that has seen enough goes away
                peer = Peer.accept(sock)
                while True:
                    peer.sock.sendall(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.receive", description=__doc__)
    parser.add_argument("size", type=int, help="bytes of each frame's payload")
    flood(parser.parse_args().size)
