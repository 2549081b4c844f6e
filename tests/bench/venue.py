"""The paper venue: ticks per second that it pushes, counted where they arrive.

The venue runs as users run it, as a process of its own, its market saturated; the counting terminals share
one process that only takes WebSocket frames apart.  Every hundredth frame is decrypted and its ticks counted,
so that the arithmetic over the sizes of the others stands on something.
"""

import json
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from protocol.cipher import BLOCK, Decryptor
from protocol.credentials import login
from protocol.frame import HEADER, Direction, unseal
from protocol.messages import Answer, Push, Request
from protocol.records.access import BootstrapAnswer, BootstrapRequest
from protocol.records.market import TICK
from protocol.session import Role, Session
from tests.bench.measure import Row, row
from tests.bench.peer import Peer

SYMBOLS: Final = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "XAUUSD")
WARM_S: Final = 0.5
ROUND_S: Final = 1.0
ROUNDS: Final = 5
SAMPLED: Final = 100
CONFIG: Final = """
default_symbols = false
[feed]
rate = 100000
push_ms = 0
ticks_per_push = {ticks}
[protocol]
statistics_seconds = 0
[server]
max_sessions = 100
"""


def rows() -> Iterator[Row]:
    """All rows of the venue."""
    for ticks in (1, 20):
        for sessions in (1, 50):
            name = f"venue_push_{ticks}" + ("" if sessions == 1 else f"x{sessions}")
            judged = name == "venue_push_20"
            yield row(
                name,
                ticks_per_second(ticks, sessions),
                "ticks/s",
                None,
                better="higher",
                must=200_000 if judged else None,
                goal=400_000 if judged else None,
            )


def ticks_per_second(ticks: int, sessions: int) -> float:
    """Median over rounds of the ticks that arrived at all sessions together."""
    symbols = "".join(f'[[symbols]]\nname = "{name}"\n' for name in SYMBOLS)
    with venue(CONFIG.format(ticks=ticks) + symbols) as (host, port):
        terminals = [Counter(host, port) for _ in range(sessions)]
        with selectors.DefaultSelector() as selector:
            for terminal in terminals:
                terminal.subscribe()
                selector.register(terminal.peer.sock, selectors.EVENT_READ, terminal)
            _count(selector, WARM_S)
            return median(_count(selector, ROUND_S) for _ in range(ROUNDS))


def _count(selector: selectors.BaseSelector, seconds: float) -> float:
    start = time.perf_counter()
    found = 0
    while (now := time.perf_counter()) < start + seconds:
        for key, _ in selector.select(start + seconds - now):
            found += key.data.count()
    return found / (time.perf_counter() - start)


class Counter:
    """A terminal that counts the ticks it is told."""

    def __init__(self, host: str, port: int) -> None:
        self.peer = Peer.connect(host, port)
        self._session = Session(Role.TERMINAL)
        self._frames = 0
        key = self._ask(0, BootstrapRequest(token=bytes(64)))
        assert isinstance(key, BootstrapAnswer)
        self._decryptor = Decryptor(key.key)
        self._ask(28, login(1001, "paper"))
        known = self._ask(6)
        self._ids = [one.symbol_id for one in known if one.trade_symbol in SYMBOLS]

    def subscribe(self) -> None:
        """From now on there are ticks."""
        assert len(self._ids) == len(SYMBOLS)
        frame = self._session.send(Request(7, self._ids))
        assert frame is not None
        self.peer.send(frame)

    def count(self) -> int:
        """The ticks of one read."""
        return sum(map(self._ticks, self.peer.receive_many()))

    def _ticks(self, message: bytes) -> int:
        # prefix, command, code, then ticks; at least one byte of padding
        ticks = (len(message) - HEADER.size - 5) // TICK.size
        self._frames += 1
        if self._frames % SAMPLED == 0:
            frame = unseal(message, self._decryptor, Direction.ANSWER)
            assert frame is not None
            assert (frame.command, len(frame.body)) == (8, ticks * TICK.size)
        return ticks

    def _ask(self, command: int, value: Any = None) -> Any:
        frame = self._session.send(Request(command, value))
        assert frame is not None
        self.peer.send(frame)
        while True:
            for message in self._session.receive(self.peer.receive()):
                if isinstance(message, Answer):
                    return message.value
                assert isinstance(message, Push), message


@contextmanager
def venue(config: str) -> Iterator[tuple[str, int]]:
    """A venue of these settings, where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paper.toml"
        file.write_text(config)
        command = [str(Path(sys.executable).with_name("oms")), "paper", "--json", "--config", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                url = json.loads(process.stdout.readline())["url"]
                host, _, port = url.removeprefix("ws://").partition("/")[0].rpartition(":")
                yield host, int(port)
            finally:
                process.terminate()


assert TICK.size > BLOCK, "a frame's padding would hide a tick"
