"""The daemon alone, over longer times: its memory while it stands, its start with a long journal.

No reference: the plain client keeps nothing.  The start is measured from the process's own start to READY;
the replaying gateway answers at once, so that next to nothing of it is the venue's time.  The streams are
kept from one start to the next.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from typing import Final

from oms.paper.settings import ZoneSettings
from oms.sessions.translate import Terms
from tests.bench.gateway import FIRST_LOGIN, Past, Wall
from tests.bench.measure import Row, row
from tests.bench.past import TRIP_EVENTS, write_journal
from tests.bench.rig import DAEMON, Rig, Setting, account_name, rig

CROWD: Final = Setting(sessions=50, symbols=100)
RATE: Final = 2000.0  # ticks per second of all sessions together
PER_FRAME: Final = 5
SAMPLE_S: Final = 5.0
WARM_SAMPLES: Final = 4
SAMPLES: Final = 12  # a minute
EDGE: Final = 3  # samples at either end whose means are compared

EVENTS: Final = 1_000_000
STARTS: Final = 3
STREAM_S: Final = 300.0  # to fill the stream, at most


def rows() -> Iterator[Row]:
    """All rows of the daemon standing."""
    yield from memory_rows()
    yield from start_rows()


def memory_rows() -> Iterator[Row]:
    """Resident memory at its most over a minute, and how much it grew from the minute's begin to its end."""
    with rig(DAEMON, CROWD) as one:
        for _ in range(WARM_SAMPLES):
            one.load(PER_FRAME, RATE, SAMPLE_S)
        samples = []
        for _ in range(SAMPLES):
            one.load(PER_FRAME, RATE, SAMPLE_S)
            samples.append(one.candidate.rss_mb)
    yield row("rss_50x100", max(samples), "MB", None, must=300, goal=150)
    growth = mean(samples[-EDGE:]) - mean(samples[:EDGE])
    yield row("rss_50x100_growth", growth, "MB/minute", None, must=5, goal=1)


def start_rows() -> Iterator[Row]:
    """READY with nothing, with a long journal alone, and with what the daemon left of it beside."""
    with rig(DAEMON, Setting(sessions=1)) as one:
        yield row("start_empty", one.ready_s, "s", None)
    moment = ZoneSettings().zone().moment(Wall().utc_ms())
    past = Past(trips=EVENTS // TRIP_EVENTS, until_s=moment.seconds - 3600)
    terms = Terms((moment.server_ms - moment.utc_ms) // 1000)
    setting = Setting(sessions=1, past=past)
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        write_journal(
            data / "journal", account_name(FIRST_LOGIN), FIRST_LOGIN, past.trips, past.until_s, terms
        )
        with rig(DAEMON, setting, data) as one:
            yield row("start_1m_rebuild", one.ready_s, "s", None)
            _published(one)
        again = []
        for _ in range(STARTS):
            with rig(DAEMON, setting, data) as one:
                again.append(one.ready_s)
                _published(one)
        yield row("start_1m", median(again), "s", None, must=2, goal=1)


def _published(one: Rig) -> None:
    """Wait until the journal is in its stream."""
    deadline = time.monotonic() + STREAM_S
    while one.nats.stored() < EVENTS // TRIP_EVENTS * TRIP_EVENTS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {one.nats.stored()} events are in the stream: {one.candidate.why()}")
        time.sleep(0.1)
