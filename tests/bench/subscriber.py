"""Where ticks arrive: `python -m tests.bench.subscriber HOST PORT SUBJECT`, a NATS subscriber that counts.

A bare socket, because a client library would be the slowest part of what is measured: a chunk costs one read
and one search, whatever is in it.  Messages are taken apart afterwards, and only where that is asked for.
Prints {} once it is subscribed; then each line of JSON on stdin is a command:

{"do": "expect", "messages", "keep", "idle_s"}      answered twice: {} at once, then, when so many have come
                                                    or none for idle_s, {"messages", "last_ns"} with the time
                                                    of the last one; if kept "ticks": [[account, time, ns]]
"""

import argparse
import json
import re
import selectors
import socket
import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

READ_BYTES: Final = 1 << 18
ENDS: Final = (b"}\r\n", b"]\r\n", b"PING\r\n")  # of a chunk behind which nothing of a message is missing
PING, PONG = b"PING\r\n", b"PONG\r\n"
PAYLOAD: Final = re.compile(rb"MSG [^\r]+\r\n[^{]*(\{[^\r]*\})\r\n")  # behind headers, if there are any


class Wanted(NamedTuple):
    """How many messages, whether to keep them, how long a silence ends the waiting."""

    messages: int
    keep: bool = False
    idle_s: float = 5.0


class Subscriber:
    """One subscription."""

    def __init__(self, host: str, port: int, subject: str) -> None:
        self._head = b"MSG " + subject.rstrip("*>").encode()  # HMSG ends like it
        self._tail = b""
        self._socket = socket.create_connection((host, port))
        options = {"verbose": False, "pedantic": False, "headers": True, "name": "bench"}
        self._socket.sendall(f"CONNECT {json.dumps(options)}\r\nSUB {subject} 1\r\nPING\r\n".encode())
        answer = b""
        while PONG not in answer:
            answer += self._socket.recv(READ_BYTES)
        if b"-ERR" in answer:
            raise ConnectionError(answer.decode())
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def run(self) -> None:
        """Obey until stdin ends; what comes unexpected is an error."""
        _say({})
        while True:
            ready = [key.fileobj for key, _ in self._selector.select()]
            if self._socket in ready and self._count(self._read()):
                raise RuntimeError("messages came that nobody expected")
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                asked = json.loads(line)
                assert asked.pop("do") == "expect"
                _say({})
                _say(self._expect(Wanted(**asked)))

    def _expect(self, wanted: Wanted) -> dict[str, Any]:
        count, last_ns, chunk = 0, 0, b""
        chunks: list[bytes] = []
        times: list[int] = []
        self._socket.settimeout(wanted.idle_s)
        try:
            while count < wanted.messages or not chunk.endswith(ENDS):
                chunk = self._read()
                now = time.monotonic_ns()
                if found := self._count(chunk):
                    count, last_ns = count + found, now
                if wanted.keep:
                    chunks.append(chunk)
                    times.append(now)
        except TimeoutError:
            pass  # told by the count
        finally:
            self._socket.settimeout(None)
        counted: dict[str, Any] = {"messages": count, "last_ns": last_ns}
        return counted | ({"ticks": taken_apart(chunks, times)} if wanted.keep else {})

    def _read(self) -> bytes:
        chunk = self._socket.recv(READ_BYTES)
        if not chunk:
            raise ConnectionError("NATS has gone")
        if PING in chunk:
            self._socket.sendall(PONG)
        return chunk

    def _count(self, chunk: bytes) -> int:
        """Messages whose head ends in this chunk."""
        data = self._tail + chunk
        self._tail = data[-len(self._head) + 1 :]
        return data.count(self._head)


def taken_apart(chunks: Sequence[bytes], times: Sequence[int]) -> list[tuple[str, int, int]]:
    """Account, the tick's own time, and when its last byte came, of each message in what was read."""
    ends = list(accumulate(map(len, chunks)))
    ticks = []
    for found in PAYLOAD.finditer(b"".join(chunks)):
        tick = json.loads(found[1])
        ticks.append((tick["account"], tick["time"], times[bisect_left(ends, found.end())]))
    return ticks


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """Count until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.subscriber", description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("subject")
    given = parser.parse_args()
    Subscriber(given.host, given.port, given.subject).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
