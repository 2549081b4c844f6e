"""A million events replayed: how fast, in how much memory, and how soon the state at the end is there.

Their journal is made of a hundred round trips of `past`, told again under other tickets and times: written
row by row past the daemon's way, because making a million events takes a minute and a half.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from oms.eventlog.journal import Journal
from oms.eventlog.reading import read
from oms.past import books_at
from oms.replay import rebuilt, save_snapshot
from oms.sessions.translate import Terms
from tests.bench.measure import Row, row
from tests.bench.past import BEGIN_EVENTS, EVERY_S, write_journal
from tests.bench.rebuild import typed_reader

EVENTS: Final = 1_000_000
ACCOUNT: Final = "bench"
UNTIL_S: Final = 1_795_176_000
CYCLE: Final = 100  # trips after which `past` tells the same but for tickets and times
TICKETS: Final = ("deal", "order", "position", "position_by")
TIMES: Final = ("time", "updated_at", "setup_at", "done_at")
BEHIND: Final = 10_000  # events between the snapshot and the end, as many as a daemon lets come
_encode = msgspec.json.Encoder(order="sorted").encode


def rows() -> Iterator[Row]:
    """Beside reading and decoding the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "journal")
        yield row("replay_1m_memory", _growth_mb(Path(folder)), "MB", None, must=8, goal=2)
        typed_s = _seconds(typed_reader(path))
        began = time.perf_counter()
        kept = rebuilt(path, EVENTS - BEHIND)
        took_s = time.perf_counter() - began
        save_snapshot(path.parent, ACCOUNT, kept.books, kept.seq)
        began = time.perf_counter()
        found = rebuilt(path, start=kept)
        took_s += time.perf_counter() - began
        if found.seq != EVENTS or found.books.ledger.balance:
            raise RuntimeError("the journal is not what was traded")
        yield row("replay_1m", EVENTS / took_s, "events/s", EVENTS / typed_s, better="higher")
        yield row("replay_1m_state", took_s, "s", None)
        del kept, found
        began = time.perf_counter()
        if books_at(path.parent, ACCOUNT, EVENTS).since != EVENTS - BEHIND:
            raise RuntimeError("the snapshot was not used")
        yield row("replay_1m_snapshot", time.perf_counter() - began, "s", None)


def written(folder: Path) -> Path:
    """The journal; its chain holds, and an account opens it."""
    path = write_journal(folder, ACCOUNT, 1001, CYCLE, UNTIL_S, Terms(7200))
    bare = apsw.Connection(str(path))
    bare.pragma("synchronous", "off")
    bare.execute("DELETE FROM meta WHERE name = 'closed'")
    stored = list(bare.execute("SELECT type, body, hash FROM event ORDER BY seq"))
    cycle = [(tag, msgspec.json.decode(body)) for tag, body, _ in stored[BEGIN_EVENTS:]]
    with bare:
        bare.executemany(
            "INSERT INTO event (seq, type, body, hash) VALUES (?, ?, ?, ?)", _told_again(cycle, stored[-1][2])
        )
    bare.close()
    Journal.open(folder, ACCOUNT, kind="inline", ballast_bytes=0).close()
    return path


def _told_again(cycle: list[tuple[str, Any]], head: bytes) -> Iterator[tuple[int, str, bytes, bytes]]:
    seq, turn = BEGIN_EVENTS + len(cycle), 0
    while True:
        turn += 1
        for tag, envelope in cycle:
            if seq == EVENTS:
                return
            seq += 1
            body = _encode({**envelope, "seq": seq, "data": _moved(envelope["data"], turn)})
            head = sha256(head + body).digest()
            yield seq, tag, body, head


def _moved(data: dict[str, Any], turn: int) -> dict[str, Any]:
    found = dict(data)
    for name in TICKETS:
        if found.get(name):
            found[name] = str(int(found[name]) + 2 * CYCLE * turn)
    for name in TIMES:
        if found.get(name):
            later = datetime.fromisoformat(found[name]) + timedelta(seconds=EVERY_S * CYCLE * turn)
            found[name] = later.isoformat(timespec="milliseconds")
    return found


def _growth_mb(data: Path) -> float:
    """By how much the process grows from the 100 000th event read to the last."""
    early = 0
    for number, _ in enumerate(read(data, ACCOUNT), 1):
        if number == EVENTS // 10:
            early = _rss()
    return max(0, _rss() - early) / 1e6


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


__all__ = ["rows", "written"]
