"""Verifying a journal, beside what it cannot do without: reading and hashing, reading and decoding.

The references use a bare cursor.  `verify_chain` is hashes, seqs and columns; `verify_full` folds all events
as well.
"""

import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import apsw

from oms.sessions.translate import Terms
from oms.verify.finding import Weight
from oms.verify.journal import JournalCheck
from tests.bench.measure import Row, nanoseconds, row
from tests.bench.past import BEGIN_EVENTS, TRIP_EVENTS, write_journal
from tests.bench.rebuild import TRIPS, UNTIL_S, typed_reader

COUNT: Final = TRIPS * TRIP_EVENTS + BEGIN_EVENTS


def rows() -> Iterator[Row]:
    """Both."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_journal(Path(folder), "bench", 1001, TRIPS, UNTIL_S, Terms(7200))
        bare = apsw.Connection(str(path))

        def hashed() -> int:
            head, count = bytes(32), 0
            for body, digest in bare.execute("SELECT body, hash FROM event ORDER BY seq"):
                head = sha256(head + body).digest()
                if head != digest:
                    raise RuntimeError("the chain does not hold")
                count += 1
            return count

        def verified(*, deep: bool) -> int:
            check = JournalCheck(path, deep=deep)
            if any(one.weight > Weight.NOTE for one in check.findings()):
                raise RuntimeError("the journal is not what was written")
            return check.events

        candidates = (hashed, typed_reader(path), lambda: verified(deep=False), lambda: verified(deep=True))
        if {call() for call in candidates} != {COUNT}:
            raise RuntimeError("not all of them read everything")
        hash_ns, decode_ns, chain_ns, full_ns = nanoseconds([(call, COUNT) for call in candidates])
        bare.close()
    yield row("verify_chain", chain_ns, "ns/event", hash_ns, must=2.5, goal=1.5)
    yield row("verify_full", full_ns, "ns/event", decode_ns, must=3, goal=2)
