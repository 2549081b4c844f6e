"""The load: `python -m tests.bench.generator`, a gateway that replays ticks sealed beforehand, on command.

One thread, one selector: sessions are answered all the while.  Prints {"port"}; then each line of JSON on
stdin is a command, answered by a line on stdout when it is done:

{"do": "sessions"}                                  how many sessions have subscribed to ticks
{"do": "flood", "per_frame", "frames"}              so many of all sessions together, as fast as they go
{"do": "pace", "per_frame", "rate", "frames"}       one by one, at `rate` ticks/s of all sessions together
{"do": "heard"}                                     the trade requests that came, and forgets them

A number of frames that is no multiple of the sessions is rounded up.  A flood answers {"frames", "first_ns"}:
what was really sent, and since when.  A pace answers twice: {} when it begins, then {"frames", "moment_ms",
"sent": {login: [ns of each frame]}}: the ticks of frame n of a session have the time moment_ms + n.  A trade
request is [ns when the system had it, login, action_id, comment]; where accounts are to trade it is dealt
with at once, in a pace too.
Times in ns are those of `time.monotonic_ns`, the same in all processes of a machine.
"""

import argparse
import json
import select
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from protocol.errors import ProtocolError
from tests.bench import load
from tests.bench.gateway import FrontDesk, Past, Terminal, welcomed

LIMIT_S: Final = 120.0  # of a load: whoever takes longer has stopped reading
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Generator:
    """The gateway's sockets, and what is sent through them."""

    def __init__(self, accounts: int, symbols: int, past: Past, *, trading: bool) -> None:
        self._desk = FrontDesk(accounts, symbols, past, trading=trading)
        self._symbols, self._trading = symbols, trading
        self._visitors = 0
        self._moment_ms = 0  # the latest of any tick so far
        self._terminals: list[Terminal] = []
        self._writing: set[Terminal] = set()
        self._ended = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, READ, self._accept)
        self._selector.register(sys.stdin, READ, self._obey)
        self._commands: dict[str, Callable[..., dict[str, Any]]] = {
            "sessions": self.sessions,
            "flood": self.flood,
            "pace": self.pace,
            "heard": self.heard,
        }

    def run(self) -> None:
        """Serve until stdin ends."""
        _say({"port": self._listener.getsockname()[1]})
        while not self._ended:
            self._step(None)

    # Commands.

    def sessions(self) -> dict[str, Any]:
        """How many want ticks."""
        return {"sessions": len(self._subscribed())}

    def heard(self) -> dict[str, Any]:
        """Trade requests since the last time."""
        found, self._desk.heard = self._desk.heard, []
        return {"heard": found}

    def flood(self, per_frame: int, frames: int) -> dict[str, Any]:
        """As fast as it goes; done when the last byte is written."""
        terminals = self._audience()
        each = -(-frames // len(terminals))
        bodies = load.flood_bodies(min(each, load.FLOOD_FRAMES), per_frame, self._symbols, self._moment())
        for terminal in terminals:
            terminal.flood(load.writes(load.sealed(bodies, terminal.key), each))
        deadline = time.monotonic() + LIMIT_S
        first_ns = time.monotonic_ns()
        for terminal in terminals:
            self._write(terminal)
        while self._writing:
            self._step(1)
            if time.monotonic() > deadline:
                raise TimeoutError("nobody reads what is sent")
        return {"frames": each * len(terminals), "first_ns": first_ns}

    def pace(self, per_frame: int, rate: float, frames: int) -> dict[str, Any]:
        """Sessions take turns, each frame a write of its own."""
        terminals, moment_ms = self._audience(), self._moment()
        each = -(-frames // len(terminals))
        self._moment_ms += each
        bodies = [load.body(number, per_frame, self._symbols, moment_ms + number) for number in range(each)]
        turns = zip(*(load.sealed(bodies, terminal.key) for terminal in terminals), strict=True)
        sent: list[list[int]] = [[] for _ in terminals]
        _say({})
        due = time.monotonic()
        for turn in turns:
            for terminal, times, frame in zip(terminals, sent, turn, strict=True):
                due += per_frame / rate
                self._wait(due)
                times.append(time.monotonic_ns())
                terminal.send(frame)
                self._write(terminal)
        return {
            "frames": each * len(terminals),
            "moment_ms": moment_ms,
            "sent": {terminal.visitor.login: times for terminal, times in zip(terminals, sent, strict=True)},
        }

    def _moment(self) -> int:
        """Now, of the server, but never before an earlier tick: terminals drop what goes back in time."""
        self._moment_ms = max(self._moment_ms, self._desk.server_ms)
        return self._moment_ms

    def _subscribed(self) -> list[Terminal]:
        return [terminal for terminal in self._terminals if terminal.subscribed]

    def _audience(self) -> list[Terminal]:
        found = self._subscribed()
        if not found:
            raise RuntimeError("nobody has subscribed")
        return found

    def _wait(self, due: float) -> None:
        """A selector rounds up to whole milliseconds, a sleep does not.

        Neither does `select`, which takes a selector for a file: so whoever trades need not wait for the next
        tick.
        """
        self._step(0)
        if not self._trading:
            time.sleep(max(0.0, due - time.monotonic()))
            return
        while (left := due - time.monotonic()) > 0:
            if select.select([self._selector], [], [], left)[0]:
                self._step(0)

    # Sockets.

    def _step(self, timeout: float | None) -> None:
        for key, events in self._selector.select(timeout):
            if not isinstance(key.data, Terminal):
                key.data()
                continue
            try:
                if events & READ:
                    key.data.converse()
                self._write(key.data)
            except (OSError, ProtocolError):  # a terminal that goes away, or errs, is none any more
                self._part(key.data)

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        self._visitors += 1
        try:
            terminal = welcomed(sock, self._visitors, self._desk)
        except OSError:  # went away during the handshake
            sock.close()
            return
        self._terminals.append(terminal)
        self._selector.register(sock, READ, terminal)

    def _write(self, terminal: Terminal) -> None:
        """Write, and be told when more can be written as long as there is more."""
        if terminal.push():
            if terminal not in self._writing:
                self._writing.add(terminal)
                self._selector.modify(terminal.peer.sock, READ | WRITE, terminal)
        elif terminal in self._writing:
            self._writing.remove(terminal)
            self._selector.modify(terminal.peer.sock, READ, terminal)

    def _part(self, terminal: Terminal) -> None:
        self._selector.unregister(terminal.peer.sock)
        self._terminals.remove(terminal)
        self._writing.discard(terminal)
        terminal.peer.sock.close()

    def _obey(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self._ended = True
            return
        asked = json.loads(line)
        _say(self._commands[asked.pop("do")](**asked))


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.generator", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1, help="logins from 1001 on")
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--trips", type=int, default=0, help="round trips in the first account's past")
    parser.add_argument("--until", type=int, default=0, help="when the last of them ended, server time")
    parser.add_argument("--trading", action="store_true", help="accounts have money, and net what they trade")
    given = parser.parse_args()
    past = Past(given.trips, given.until)
    Generator(given.accounts, given.symbols, past, trading=given.trading).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
