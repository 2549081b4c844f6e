"""What the instruments of `tests/bench/e2e.py` can do themselves: no figure there may come near these.

The generator floods bare sockets that throw away what they read; a bare socket publishes prepared messages to
the subscriber.  The core under test is this process's own meanwhile.
"""

import selectors
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench import load
from tests.bench.bus import nats_server
from tests.bench.child import AROUND, MEASURED, Child, on_core
from tests.bench.gateway import FIRST_LOGIN
from tests.bench.measure import Row, row
from tests.bench.terminal import Terminal

ROUNDS: Final = 5
TICKS: Final = 2_000_000
MESSAGES: Final = 500_000
PAYLOAD_BYTES: Final = 150  # about that of a tick
READ_BYTES: Final = 1 << 18


def rows() -> Iterator[Row]:
    """Nothing of these is judged."""
    with tempfile.TemporaryDirectory() as name, on_core(MEASURED):
        for per_frame, sessions in ((1, 1), (5, 10)):
            speed = _generator(Path(name), per_frame, sessions)
            yield row(f"generator_{per_frame}x{sessions}", speed, "ticks/s", None, better="higher")
        yield row("nats_to_subscriber", _bus(Path(name)), "messages/s", None, better="higher")


def _generator(folder: Path, per_frame: int, sessions: int) -> float:
    generator = Child.module("generator", f"--accounts={sessions}", core=AROUND, folder=folder)
    try:
        port = generator.hear()["port"]
        terminals = [Terminal(port, FIRST_LOGIN + number) for number in range(sessions)]
        for terminal in terminals:
            terminal.subscribe()
        sockets = [terminal.peer.sock for terminal in terminals]
        size = len(load.sealed([load.body(0, per_frame, 1, 0)], bytes(32))[0])
        frames = TICKS // per_frame
        speeds: list[float] = []
        for _ in range(ROUNDS):
            generator.tell(do="flood", per_frame=per_frame, frames=frames)
            last = _drained(sockets, frames * size)
            speeds.append(frames * per_frame / (last - generator.hear()["first_ns"]) * 1e9)
        return median(speeds)
    finally:
        generator.stop()


def _drained(sockets: list[socket.socket], size: int) -> int:
    """Read so many bytes of all together; when the last came."""
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        while size > 0:
            for key, _ in selector.select():
                size -= len(key.fileobj.recv(READ_BYTES))  # type: ignore[union-attr]
    return time.monotonic_ns()


def _bus(folder: Path) -> float:
    payload = b'{"x":"' + b"x" * (PAYLOAD_BYTES - 8) + b'"}'
    message = b"PUB oms.v1.tick.a00.EURUSD %d\r\n%b\r\n" % (len(payload), payload)
    with nats_server(folder, folder / "jetstream") as nats:
        where = (nats.host, str(nats.port), "oms.v1.tick.>")
        subscriber = Child.module("subscriber", *where, core=AROUND, folder=folder)
        try:
            subscriber.hear()
            with socket.create_connection((nats.host, nats.port)) as publisher:
                publisher.sendall(b'CONNECT {"verbose":false}\r\n')
                return median(_published(publisher, message, subscriber) for _ in range(ROUNDS))
        finally:
            subscriber.stop()


def _published(publisher: socket.socket, message: bytes, subscriber: Child) -> float:
    """Messages per second of one round."""
    count = load.WRITE_BYTES // len(message)
    writes = MESSAGES // count
    subscriber.ask(do="expect", messages=writes * count)
    first = time.monotonic_ns()
    for _ in range(writes):
        publisher.sendall(message * count)
    heard = subscriber.hear()
    if heard["messages"] != writes * count:
        raise RuntimeError(f"{heard['messages']} of {writes * count} messages came")
    taken_ns: int = heard["last_ns"] - first
    return writes * count / taken_ns * 1e9
