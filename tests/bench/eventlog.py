"""The event log: rows per second, bytes per tick, the cost of packing.

The floor of a commit is SQLite alone: the same bodies in one statement over one array, durably, without
envelope, seq or chain.  Both write to the same disk, in turns.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

import apsw
import msgspec
import trio

from oms.eventlog.committer import Kind, probe
from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from oms.eventlog.market import MarketLog
from oms.eventlog.packing import packed, unpacked
from oms.eventlog.reader import Reader
from oms.eventlog.segment import Push
from tests.bench.measure import ROUNDS, Row, nanoseconds, row

KINDS: Final[tuple[Kind, ...]] = ("inline", "thread")
SIZES: Final = (1, 10, 100, 1000)  # rows of a commit
ROUND_ROWS: Final = 2000
SESSIONS: Final = 10
PUSHES: Final = 20_000
READ_ROWS: Final = 50_000
NS: Final = 1_000_000_000

TickRow = tuple[int, int, int, float, float, float, int, int, int]


def rows() -> Iterator[Row]:
    """All rows of the log."""
    with tempfile.TemporaryDirectory() as folder:
        yield row("log_commit_probe", probe(Path(folder)) * 1e6, "us", None)
    yield from trio.run(commit_rows)
    yield reading_row()
    for ticks, pushes, judged in (
        (5, SESSIONS, True),
        (5, 1, False),
        (1, SESSIONS, False),
        (1, 1, False),
        (20, SESSIONS, False),
    ):
        name = "log_bytes_per_tick" + ("" if judged else f"_{ticks}x{pushes}")
        yield row(
            name,
            bytes_per_tick(ticks, pushes),
            "B/tick",
            None,
            must=60 if judged else None,
            goal=35 if judged else None,
        )
    for ticks in (1, 5, 20):
        yield packing_row(ticks)


async def commit_rows() -> list[Row]:
    """Time per row at some sizes of a commit, by either committer, beside SQLite alone."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder) / "floor.db")
        journals = [Journal.open(Path(folder), kind, kind=kind, ballast_bytes=0) for kind in KINDS]
        for size in SIZES:
            calls: list[Callable[[list[Draft]], Awaitable[object]]] = [
                floor.append,
                *(journal.append for journal in journals),
            ]
            floor_ns, *ours = await _nanoseconds_per_row(calls, _drafts(size))
            found += [
                row(f"log_{kind}_{size}", ns, "ns/row", floor_ns)
                for kind, ns in zip(KINDS, ours, strict=True)
            ]
        for journal in journals:
            journal.close()
        floor.connection.close()
    return found


class Floor:
    """SQLite alone, appending the same data."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", "full")
        self.connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB)")
        self._body = b"x" * 400  # about that of an envelope here

    async def append(self, drafts: list[Draft]) -> None:
        """One commit of as many rows."""
        bodies = (self._body,) * len(drafts)
        self.connection.execute(
            "INSERT INTO event (body) SELECT value FROM carray(?)",
            (apsw.carray(bodies, flags=apsw.SQLITE_CARRAY_BLOB),),
        )
        await trio.lowlevel.checkpoint()


async def _nanoseconds_per_row(
    calls: list[Callable[[list[Draft]], Awaitable[object]]], drafts: list[Draft]
) -> list[float]:
    times: list[list[float]] = [[] for _ in calls]
    loops = max(3, ROUND_ROWS // len(drafts) // 10 if len(drafts) == 1 else ROUND_ROWS // len(drafts))
    for _ in range(ROUNDS):
        for number, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(loops):
                await call(drafts)
            times[number].append((time.perf_counter() - start) / loops / len(drafts))
    return [median(one) * NS for one in times]


def _drafts(count: int) -> list[Draft]:
    data = {
        "deal": "2045",
        "order": "1023",
        "position": "1023",
        "symbol": "EURUSD",
        "type": "buy",
        "entry": "in",
        "volume": "0.10",
        "price": "1.08002",
        "profit": "0.00",
    }
    return [Draft("deal.booked", 1, data, "2026-11-21T03:04:05.123+02:00", "7f3c")] * count


def reading_row() -> Row:
    """Rows read and decoded, beside a bare cursor that decodes the same."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder), "read", kind="inline", ballast_bytes=0)
        for _ in range(READ_ROWS // 1000):
            journal.write(_drafts(1000))
        journal.close()
        reader, bare = Reader(journal.path), apsw.Connection(str(journal.path))

        def ours() -> int:
            return sum(one.envelope().seq for one in reader.read())

        def plain() -> int:
            decode = msgspec.json.decode
            return sum(decode(body)["seq"] for (body,) in bare.execute("SELECT body FROM event ORDER BY seq"))

        if ours() != plain():
            raise RuntimeError("the two readers do not agree")
        ours_ns, plain_ns = nanoseconds([(ours, READ_ROWS), (plain, READ_ROWS)])
        reader.close()
        bare.close()
        return row("log_read", ours_ns, "ns/row", plain_ns)


def bytes_per_tick(ticks: int, pushes: int) -> float:
    """Of the closed file of a day, at so many ticks a push and pushes a commit."""
    now = 1_795_176_000 * NS
    market = Market()
    with tempfile.TemporaryDirectory() as folder:
        log = MarketLog(Path(folder), clock=lambda: now, free=lambda _: 10**15)
        for _ in range(PUSHES // pushes):
            now += NS // 100
            log.write(
                [
                    Push("ticks", f"account{number}", now + number, market.ticks(ticks, now))
                    for number in range(pushes)
                ]
            )
        log.close()
        return sum(path.stat().st_size for path in Path(folder).iterdir()) / (
            PUSHES // pushes * pushes * ticks
        )


def packing_row(ticks: int) -> Row:
    """ns per tick to make a push's blob, beside MessagePack of the rows as they are."""
    found = Market().ticks(ticks, 1_795_176_000 * NS)
    encode = msgspec.msgpack.Encoder().encode
    if unpacked(packed(found)) != found:
        raise RuntimeError("what was packed does not come back")
    ours_ns, plain_ns = nanoseconds([(lambda: packed(found), ticks), (lambda: encode(found), ticks)])
    return row(f"log_pack_{ticks}", ours_ns, "ns/tick", plain_ns)


class Market:
    """Quotes of 200 symbols walking about, as wire records."""

    def __init__(self) -> None:
        self._random = Random(1)
        self._bids = [float(self._random.randrange(50_000, 5_000_000)) for _ in range(200)]

    def ticks(self, count: int, now: int) -> list[TickRow]:
        """The rows of a push."""
        return [self._tick(now) for _ in range(count)]

    def _tick(self, now: int) -> TickRow:
        symbol = self._random.randrange(200)
        bid = self._bids[symbol] = self._bids[symbol] + self._random.randrange(-9, 10)
        ask = bid + self._random.randrange(1, 30)
        milliseconds: Any = now // 1_000_000 + self._random.randrange(5)
        return symbol + 1, milliseconds // 1000, 3, bid, ask, 0.0, 0, milliseconds % 1000, 0
