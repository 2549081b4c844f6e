"""What a command costs at least: `python -m tests.bench.bare PORT LOGIN FILE`, alone on the daemon's core.

A commit is one row in SQLite, durable, nothing around it.  A trade is a terminal on a blocking socket that
has sealed its request beforehand: one send, then it waits for the venue's result (push 19).
Prints {} once it is logged in; then each line of JSON on stdin is a command, answered by a line on stdout:

{"do": "commit", "count", "size",       so many commits of a row of so many bytes: {"took": [ns]}
 "pause_s"}
{"do": "trade", "count", "pause_s"}     one after the other: {"sent": [ns], "told": [ns]}; their action_ids
                                        count on from 1

Before each is a pause by chance, at most so long.
Times in ns are those of `time.monotonic_ns`.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import apsw

from protocol.enums import Filling, OrderType, Retcode, TradeAction, TypeFlags
from protocol.messages import Push
from protocol.records.trade import TradeOutcome, TradeRequest
from tests.bench.gateway import SYMBOL, TRADE
from tests.bench.terminal import Terminal

DIGITS: Final = 5  # of SYMBOL
VOLUME: Final = 1_000_000  # 0.01 lots


class Bare:
    """A terminal, and a database beside it."""

    def __init__(self, port: int, login: int, file: str) -> None:
        self._terminal = Terminal(port, login)
        self._actions = 0
        self._database = apsw.Connection(file)
        self._database.pragma("journal_mode", "wal")
        self._database.pragma("synchronous", "full")
        self._database.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB)")

    def commit(self, count: int, size: int, pause_s: float) -> dict[str, Any]:
        """One row each."""
        body, took = bytes(size), []
        execute, clock = self._database.execute, time.monotonic_ns
        for _ in range(count):
            _pause(pause_s)
            before = clock()
            execute("INSERT INTO event (body) VALUES (?)", (body,))
            took.append(clock() - before)
        return {"took": took}

    def trade(self, count: int, pause_s: float) -> dict[str, Any]:
        """One market order each."""
        sent: list[int] = []
        told: list[int] = []
        for _ in range(count):
            self._actions += 1
            frame = self._terminal.sealed(TRADE, _order(self._actions))
            _pause(pause_s)
            sent.append(time.monotonic_ns())
            self._terminal.peer.sock.sendall(frame)
            self._await_result()
            told.append(time.monotonic_ns())
        return {"sent": sent, "told": told}

    def _await_result(self) -> None:
        while True:
            for message in self._terminal.hear_many():
                if isinstance(message, Push) and isinstance(message.value, TradeOutcome):
                    if message.value.result.retcode != Retcode.DONE:
                        raise RuntimeError(f"the venue refused: {message.value.result}")
                    return


def _pause(most_s: float) -> None:
    if most_s:
        time.sleep(random.uniform(0, most_s))


def _order(number: int) -> TradeRequest:
    """Buy and sell in turn."""
    return TradeRequest(
        action_id=number,
        trade_action=TradeAction.DEAL_MARKET,
        trade_symbol=SYMBOL,
        trade_volume=VOLUME,
        digits=DIGITS,
        trade_type=OrderType.SELL if number % 2 else OrderType.BUY,
        type_filling=Filling.IOC,
        type_flags=TypeFlags.MARKET,
    )


def main() -> int:
    """Obey until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("login", type=int)
    parser.add_argument("file")
    given = parser.parse_args()
    bare = Bare(given.port, given.login, given.file)
    print("{}", flush=True)
    commands: dict[str, Callable[..., dict[str, Any]]] = {"commit": bare.commit, "trade": bare.trade}
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(commands[asked.pop("do")](**asked)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
