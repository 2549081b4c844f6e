"""A gateway that only replays: `python -m tests.bench.generator`, the load for the daemon's own figures.

Requests are answered by the paper venue's front desk; there is no market behind it.  From the first
subscription on it pushes ticks that were sealed before anybody connected: every session gets the same key,
and CBC from a zero IV makes the same message the same bytes under it.  So a push costs a copy, and one write
carries many.

Ticks of the full load are of one moment, so that no time guard of a terminal drops any, however often they
are replayed.  With a rate each frame is sealed when it is due, and its last tick is stamped: its volume is
the monotonic clock in microseconds (`time.monotonic_ns() // 1000`, the same in all processes of a machine).
"""

import argparse
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

import msgspec

from oms.paper.assembly import assemble
from oms.paper.desk import Visitor
from oms.paper.listing import SymbolSettings
from oms.paper.settings import Settings
from protocol.cipher import Encryptor
from protocol.enums import Code
from protocol.errors import ProtocolError
from protocol.frame import Frame, seal
from protocol.messages import Answer, Refused, Request
from protocol.records.access import BootstrapAnswer
from protocol.records.market import TICK, Tick
from protocol.records.trade import TradeAnswer
from protocol.session import Role, Session
from tests.bench.peer import Peer, framed

KEY: Final = bytes(range(32))
FRAMES: Final = 2000  # prepared, then again from the first
WRITE_BYTES: Final = 1 << 16  # of one write at full load, about
MOMENT_S: Final = 1_700_000_000
TICKS, SUBSCRIBE, TRADE = 8, 7, 12
BID_ASK, VOLUME = 0b11, 0b1000


class Load(NamedTuple):
    """Ticks a frame, symbols, ticks per second of one session (0 = all that it takes)."""

    per_frame: int = 5
    symbols: int = 10
    rate: float = 0.0


class _Clock:
    """The venue's clock, standing."""

    def utc_ms(self) -> int:
        return MOMENT_S * 1000

    async def sleep_until(self, utc_ms: float) -> None:
        raise NotImplementedError("nothing waits here")


class Generator:
    """A thread for each session, another for what is pushed to it."""

    def __init__(self, load: Load, port: int = 0) -> None:
        self.load = load
        self.sent = 0  # ticks, of all sessions
        self.heard: list[tuple[int, int]] = []  # (monotonic ns, action_id) of each trade request
        self._server = assemble(settings(load), _Clock()).server
        self._lock = threading.Lock()  # of the desk
        self._numbers = 0
        self._bodies = [tick_body(load, number) for number in range(FRAMES)]
        self._writes = _writes([framed(_sealed(body)) for body in self._bodies], load.per_frame)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Accept until the listener is closed."""
        with suppress(OSError):  # closed: the end
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._session, args=(sock,), daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        with suppress(OSError):  # never listened
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _session(self, sock: socket.socket) -> None:
        with sock, suppress(OSError, ProtocolError):  # a terminal that goes away, or errs, is none any more
            self._converse(Peer.accept(sock))

    def _converse(self, peer: Peer) -> None:
        session, write = Session(Role.GATEWAY), threading.Lock()
        self._numbers += 1
        visitor = Visitor(self._numbers)
        while True:
            for request in session.receive(peer.receive()):
                first = not visitor.ticks
                answer = self._answer(visitor, request) if isinstance(request, Request) else None
                frame = session.send(answer or Refused(request.command, Code.INTERNAL_ERROR))
                with write:
                    peer.send(frame or b"")
                if first and visitor.ticks:
                    threading.Thread(target=self._push, args=(peer.sock, write), daemon=True).start()

    def _answer(self, visitor: Visitor, request: Request) -> Answer | Refused:
        if request.command == TRADE:
            self.heard.append((time.monotonic_ns(), request.value.action_id))
            return Answer(TRADE, TradeAnswer(0))
        with self._lock:
            answer = self._server.desk.reply(self._server.moment, visitor, request).answer
        if isinstance(answer, Answer) and isinstance(answer.value, BootstrapAnswer):
            return Answer(0, msgspec.structs.replace(answer.value, key=KEY))
        return answer

    def _push(self, sock: socket.socket, write: threading.Lock) -> None:
        with suppress(OSError):  # the terminal has gone
            if self.load.rate:
                self._push_stamped(sock, write)
            while True:
                for data, ticks in self._writes:
                    with write:
                        sock.sendall(data)
                    self.sent += ticks

    def _push_stamped(self, sock: socket.socket, write: threading.Lock) -> None:
        every, due, number = self.load.per_frame / self.load.rate, time.monotonic(), 0
        while True:
            due += every
            time.sleep(max(0.0, due - time.monotonic()))
            body = self._bodies[number % FRAMES][: -TICK.size]
            number += 1
            last = tick(self.load, number, volume=time.monotonic_ns() // 1000)
            with write:
                sock.sendall(framed(_sealed(body + TICK.dump(last))))
            self.sent += self.load.per_frame


def settings(load: Load) -> Settings:
    """A venue of so many symbols: its own first, then more like EURUSD."""
    names = [one.spec.trade_symbol for one in Settings().instruments()][: load.symbols]
    more = [f"BENCH{number}" for number in range(load.symbols - len(names))]
    symbols = [SymbolSettings(name=name) for name in names]
    symbols += [SymbolSettings(name=name, like="EURUSD") for name in more]
    return Settings(default_symbols=False, symbols=tuple(symbols))


def tick_body(load: Load, number: int) -> bytes:
    """The ticks of frame `number`."""
    first = number * load.per_frame
    return b"".join(TICK.dump(tick(load, first + index)) for index in range(load.per_frame))


def tick(load: Load, number: int, volume: int = 0) -> Tick:
    """The tick of this number: symbols take turns, prices go up and down."""
    return Tick(
        symbol_id=number % load.symbols + 1,
        tick_time=MOMENT_S,
        fields=BID_ASK | (VOLUME if volume else 0),
        bid=108_000.0 + number % 17,
        ask=108_003.0 + number % 17,
        tick_volume=volume,
    )


def _sealed(body: bytes) -> bytes:
    return seal(Frame(TICKS, 0, body), Encryptor(KEY))


def _writes(frames: Sequence[bytes], per_frame: int) -> list[tuple[bytes, int]]:
    """The frames joined to writes of about WRITE_BYTES, with the ticks in each."""
    count = max(1, WRITE_BYTES // len(frames[0]))
    groups = [frames[start : start + count] for start in range(0, len(frames), count)]
    return [(b"".join(group), len(group) * per_frame) for group in groups]


@contextmanager
def generating(load: Load) -> Iterator[Generator]:
    """A generator in a thread of this process."""
    generator = Generator(load)
    thread = threading.Thread(target=generator.run, daemon=True)
    thread.start()
    try:
        yield generator
    finally:
        generator.close()
        thread.join()


def main() -> int:
    """Print where it listens as a JSON line, then serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.generator", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--per-frame", type=int, default=5, help="ticks in a frame")
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--rate", type=float, default=0.0, help="ticks/s of a session; 0: all")
    given = parser.parse_args()
    generator = Generator(Load(given.per_frame, given.symbols, given.rate), given.port)
    print(json.dumps({"url": f"ws://127.0.0.1:{generator.port}/terminal"}), flush=True)
    generator.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
