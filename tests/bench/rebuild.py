"""Rebuilding an account's books from its journal: events per second, one row per event.

The reference reads the same rows with a bare cursor and decodes each to its typed event, folding nothing; the
floor makes plain dictionaries of them.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import apsw
import msgspec

from oms.domain.events import CLASSES
from oms.projections import Books
from oms.replay import rebuilt
from oms.sessions.translate import Terms
from tests.bench.measure import Row, nanoseconds, row
from tests.bench.past import BEGIN_EVENTS, TRIP_EVENTS, write_journal

TRIPS: Final = 10_000
UNTIL_S: Final = 1_795_176_000

Data = TypeVar("Data")


class Stored(msgspec.Struct, Generic[Data], gc=False):
    """An envelope whose data are typed."""

    seq: int
    data: Data


def typed_reader(path: Path) -> Callable[[], int]:
    """What reads a journal with a bare cursor and decodes each row to its typed event; the last seq."""
    bare = apsw.Connection(str(path))
    decoders: dict[str, msgspec.json.Decoder[Any]] = {
        tag: msgspec.json.Decoder(Stored[kind])  # type: ignore[valid-type]
        for tag, kind in CLASSES.items()
    }

    def typed() -> int:
        found = 0
        for tag, body in bare.execute("SELECT type, body FROM event ORDER BY seq"):
            found = decoders[tag].decode(body).seq
        return found

    return typed


def rows() -> Iterator[Row]:
    """With fold, beside reading and decoding."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_journal(Path(folder), "bench", 1001, TRIPS, UNTIL_S, Terms(7200))
        bare = apsw.Connection(str(path))
        typed = typed_reader(path)

        def folded() -> Books:
            return rebuilt(path).books

        def plain() -> None:
            decode = msgspec.json.decode
            bodies = bare.execute("SELECT body FROM event ORDER BY seq")
            deque((decode(body) for (body,) in bodies), maxlen=0)

        books, count = folded(), TRIPS * TRIP_EVENTS + BEGIN_EVENTS
        if books.ledger.realised().trades != 2 * TRIPS or list(books.positions) or typed() != count:
            raise RuntimeError("the journal is not what was traded")
        fold_ns, typed_ns, plain_ns = nanoseconds([(folded, count), (typed, count), (plain, count)])
        bare.close()
    yield row("replay_fold", 1e9 / fold_ns, "events/s", 1e9 / typed_ns, better="higher", must=0.33, goal=0.5)
    yield row("replay_fold_floor", 1e9 / fold_ns, "events/s", 1e9 / plain_ns, better="higher")
