"""The market log, replayed, gives what was merged live."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.events import BookChanged, QuoteTicked, StatisticsChanged, data_of
from oms.eventlog.errors import Damaged
from oms.eventlog.market import Bounds, MarketLog, MarketState
from oms.eventlog.segment import Push as Stored
from oms.ingest.catalogue import listed
from oms.ingest.market import BOOKS, STATISTICS, TICKS, Feed, Pump, Received
from oms.ingest.market_replay import Retold, replayed
from oms.ingest.quotes import Listed
from protocol.bodies import Batch
from protocol.messages import Push
from protocol.quotes import QuoteTick, TickRow
from protocol.records.market import STATISTICS as STATISTICS_LAYOUT
from protocol.records.market import TICK, Book, BookLevel, Statistics
from protocol.records.symbols import FullSymbol
from tests.strategies import records

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
SECOND, DAY = 10**9, 86_400 * 10**9
ACCOUNTS = ("hedge", "net")
Fact = QuoteTicked | StatisticsChanged | BookChanged


class Live(NamedTuple):
    """What was merged when it came."""

    account: str
    received_at: int
    data: Mapping[str, Any]


class Scene:
    """Feeds, their pump, and a market log with a clock and a disk that the test moves."""

    def __init__(self, folder: Path, segment_bytes: int = 10**9) -> None:
        self.folder, self.now, self.free = folder / "market", NOON, 10**12
        self.live: list[Live] = []  # that the log holds
        self.files: list[str] = []
        self._waiting: list[Live] = []
        self._bounds = Bounds(days=3650, most_bytes=10**12, segment_bytes=segment_bytes)
        self.start()

    def start(self) -> None:
        self.log = MarketLog(
            self.folder,
            clock=lambda: self.now,
            bounds=self._bounds,
            checkpoints_apart=False,
            free=lambda _: self.free,
            told=self._moved,
        )
        self.pump = Pump(self.log, self)
        self.feeds = {name: self.pump.feed(name, self._clock) for name in ACCOUNTS}

    def stop(self) -> None:
        self.pump.flush()
        self.log.close()

    def _clock(self) -> int:
        self.now += 1
        return self.now

    def _moved(self, state: MarketState) -> None:
        self.files += [state.segment] * (state.segment not in self.files)
        self.pump.moved(state)

    # As a publisher.

    def write(self, messages: list[tuple[str, bytes]], received: Received) -> None:
        messages.append(("", b""))
        self._waiting += [
            Live(received.account, received.received_at, data_of(as_event(one, received.names)))
            for one in received.changed
        ]

    def publish(self, messages: list[tuple[str, bytes]], *, logged: bool) -> None:
        waiting, self._waiting = self._waiting, []
        self.live += waiting if logged else []

    async def room(self) -> None:
        raise NotImplementedError


def as_event(one: QuoteTick | StatisticsChanged | BookChanged, names: Mapping[int, str]) -> Fact:
    if not isinstance(one, QuoteTick):
        return one
    bid, ask, last = (None if math.isnan(x) or math.isinf(x) else x for x in (one.bid, one.ask, one.last))
    volume = one.volume / 100_000_000
    return QuoteTicked(names[one.symbol_id], one.time, bid, ask, last, volume, one.fields, one.delayed)


def retold(found: Iterable[Retold]) -> list[Live]:
    return [Live(one.push.account, one.push.received_at, data_of(one.event)) for one in found]


def ticks(*rows: TickRow) -> Push:
    return Push(TICKS, Batch(TICK, b"".join(TICK.struct.pack(*row) for row in rows)))


def tick(symbol_id: int, bid: float, ask: float = 0.0) -> Push:
    return ticks((symbol_id, 1_795_000_000, 3, bid, ask, 0.0, 0, 0, 0))


EURUSD = Listed(1, "EURUSD", 5, 0.00001)
USDJPY = Listed(1, "USDJPY", 3, 0.001)  # the same id, in another session


# What comes, and what happens beside.

IDS = st.integers(0, 4)
PRICES = st.integers(0, 200_000).map(float) | st.floats()
TICK_ROWS = st.tuples(
    *(IDS, st.integers(1_795_000_000, 1_795_000_003), st.integers(0, 15), PRICES, PRICES, PRICES),
    *(st.integers(0, 10**12), st.integers(0, 1999), st.sampled_from([0, 0, 512])),
)
TICK_PUSHES = st.lists(TICK_ROWS, max_size=4).map(lambda rows: ticks(*rows))
BIT_MASKS = st.integers(0, 2**41 - 1) | st.sampled_from([9, 0x3F, 2**41 - 1])


def with_id(record: Any, symbol_id: int, **fields: Any) -> Any:
    return msgspec.structs.replace(record, symbol_id=symbol_id, **fields)


STATISTICS_PUSHES = st.lists(
    st.builds(with_id, records(Statistics), IDS, fields=BIT_MASKS, flags=st.integers(0, 1)), max_size=2
).map(lambda some: Push(STATISTICS, Batch(STATISTICS_LAYOUT, b"".join(map(STATISTICS_LAYOUT.dump, some)))))
LEVELS = st.lists(
    st.builds(
        BookLevel,
        book_type=st.integers(0, 4),
        price=st.integers(108_000, 108_003),
        volume=st.integers(-(10**9), 10**9),
    ),
    max_size=4,
)
BOOK_PUSHES = st.lists(
    st.builds(with_id, records(Book), IDS, books_flags=st.integers(0, 3), levels=LEVELS), max_size=2
).map(lambda some: Push(BOOKS, some))
PUSHES = TICK_PUSHES | TICK_PUSHES | STATISTICS_PUSHES | BOOK_PUSHES

SYMBOLS = st.lists(
    st.builds(
        Listed,
        IDS,
        st.sampled_from(["EURUSD", "USDJPY", "XAUUSD", "Größe"]),
        st.integers(0, 5),
        st.sampled_from([0.00001, 0.01, 1.0]),
        st.integers(-3, 3),
        st.integers(-1, 1),
        st.sampled_from([1.0, 100_000.0]),
    ),
    max_size=4,
    unique_by=lambda one: one.symbol_id,
)
WHOSE = st.sampled_from(ACCOUNTS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), WHOSE, PUSHES),
        st.tuples(st.just("push"), WHOSE, PUSHES),
        st.tuples(st.just("push"), WHOSE, PUSHES),
        st.tuples(st.just("session"), WHOSE, SYMBOLS),
        st.tuples(st.just("terms"), WHOSE, SYMBOLS),
        st.tuples(st.just("turn"), st.just(""), st.none()),
        st.tuples(st.just("time"), st.just(""), st.sampled_from([2 * SECOND, DAY])),
        st.tuples(st.just("outage"), st.just(""), st.lists(SYMBOLS, min_size=2, max_size=2)),
        st.tuples(st.just("restart"), st.just(""), st.none()),
    ),
    max_size=30,
)


def change(feed: Feed, symbols: list[Listed]) -> None:
    """As a conversation does: of symbols that it has."""
    feed.change([one for one in symbols if one.symbol_id in feed.board.names])


def outage(scene: Scene, sessions: list[list[Listed]]) -> None:
    """The disk is full for a while, in which each account has another session."""
    scene.pump.flush()
    scene.free, scene.now = 0, scene.now + 2 * SECOND
    for name, symbols in zip(ACCOUNTS, sessions, strict=True):
        scene.feeds[name].hear(tick(1, 1.0, 2.0))  # lost
        scene.feeds[name].begin(symbols)
    scene.free, scene.now = 10**12, scene.now + 11 * SECOND


def take(scene: Scene, what: str, account: str, given: Any) -> None:
    match what:
        case "push":
            scene.feeds[account].hear(given)
        case "session":
            scene.feeds[account].begin(given)
        case "terms":
            change(scene.feeds[account], given)
        case "turn":
            scene.pump.flush()
        case "time":
            scene.now += given
        case "outage":
            outage(scene, given)
        case "restart":
            scene.stop()
            scene.start()


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(steps=STEPS, files=st.booleans())
def test_a_replay_gives_what_was_merged_live(steps: list[tuple[str, str, Any]], files: bool) -> None:
    with TemporaryDirectory() as folder:
        scene = Scene(Path(folder), segment_bytes=1 if files else 10**9)
        for step in steps:
            take(scene, *step)
        scene.stop()
        found = retold(replayed(scene.folder))
        assert found == scene.live
        assert retold(replayed(scene.folder, account="net")) == [
            one for one in scene.live if one.account == "net"
        ]


def in_two_files(folder: Path) -> Scene:
    """A session that goes on in a second file, whose table stands behind its first pushes."""
    scene = Scene(folder)
    scene.feeds["hedge"].begin([EURUSD])
    scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    scene.pump.flush()
    scene.now += DAY
    scene.feeds["hedge"].hear(tick(1, 108_102))
    scene.feeds["hedge"].hear(tick(1, 108_103))
    scene.pump.flush()
    return scene


def quotes(found: list[Live]) -> list[tuple[str, float, float]]:
    return [(one.data["symbol"], one.data["bid"], one.data["ask"]) for one in found]


def test_a_session_goes_on_in_a_new_file(tmp_path: Path) -> None:
    scene = in_two_files(tmp_path)
    scene.stop()
    assert scene.files == ["20261120.db", "20261121.db"]
    assert quotes(retold(replayed(scene.folder))) == [
        ("EURUSD", 1.08101, 1.08103),
        ("EURUSD", 1.08102, 1.08103),
        ("EURUSD", 1.08103, 1.08103),
    ]


def test_pushes_before_the_table_of_their_file_are_read_by_it(tmp_path: Path) -> None:
    scene = in_two_files(tmp_path)
    scene.stop()
    (scene.folder / "20261120.db").unlink()
    found = quotes(retold(replayed(scene.folder)))
    assert found == [("EURUSD", 1.08102, 0.0), ("EURUSD", 1.08103, 0.0)]  # what was before is not known


def test_a_table_of_a_later_session_is_not_theirs(tmp_path: Path) -> None:
    """The daemon was killed when it had begun a file, and not yet told its symbols."""
    scene = Scene(tmp_path)
    row = (1, 1_795_000_000, 3, 1.0, 2.0, 0.0, 0, 0, 0)
    scene.log.write([Stored("ticks", "hedge", scene.now, [row])])
    scene.feeds["hedge"].begin([USDJPY])
    scene.feeds["hedge"].hear(tick(1, 150_050, 150_070))
    scene.stop()
    assert quotes(retold(replayed(scene.folder))) == [("USDJPY", 150.05, 150.07)]


def test_ids_hold_for_one_session(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    for symbol in (EURUSD, USDJPY):
        scene.feeds["hedge"].begin([symbol])
        scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    scene.stop()
    assert quotes(retold(replayed(scene.folder))) == [
        ("EURUSD", 1.08101, 1.08103),
        ("USDJPY", 108.101, 108.103),
    ]


def test_the_same_symbols_in_a_new_session_are_merged_anew(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.feeds["hedge"].begin([EURUSD])
    scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    scene.feeds["hedge"].begin([EURUSD])
    scene.feeds["hedge"].hear(tick(1, 108_102))
    scene.stop()
    assert quotes(retold(replayed(scene.folder))) == [("EURUSD", 1.08101, 1.08103), ("EURUSD", 1.08102, 0.0)]


def test_terms_change_between_two_pushes_of_a_turn(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.feeds["hedge"].begin([EURUSD])
    scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    scene.feeds["hedge"].change([EURUSD._replace(digits=4)])
    scene.feeds["hedge"].hear(tick(1, 10_811, 10_813))
    scene.stop()
    assert quotes(retold(replayed(scene.folder))) == [
        ("EURUSD", 1.08101, 1.08103),
        ("EURUSD", 1.0811, 1.0813),
    ]


def test_what_was_before_is_merged_and_not_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.feeds["hedge"].begin([EURUSD])
    scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    since = scene.now + 1
    scene.feeds["hedge"].hear(tick(1, 108_102))
    scene.feeds["hedge"].hear(tick(1, 108_103))
    scene.stop()
    found = retold(replayed(scene.folder, since=since, before=scene.now))
    assert quotes(found) == [("EURUSD", 1.08102, 1.08103)]


@pytest.mark.parametrize("kind", ["ticks", "statistics", "books", "symbols"])
def test_rows_that_are_none_are_damage(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path)
    scene.log.write([Stored(kind, "hedge", NOON, [tuple(["x"] * 50)])])
    scene.log.close()
    with pytest.raises(Damaged, match=f"push 1 holds no {kind}"):
        list(replayed(scene.folder))


def test_rows_of_other_kinds_are_left_out(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.log.write([Stored("weather", "hedge", NOON, [("rain",)])])
    scene.log.close()
    assert list(replayed(scene.folder)) == []


def test_a_name_that_is_no_text_is_kept_as_text(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.feeds["hedge"].begin([listed(FullSymbol(symbol_id=1, trade_symbol="EUR\ud800", digits=5))])
    scene.feeds["hedge"].hear(tick(1, 108_101, 108_103))
    scene.stop()
    assert quotes(retold(replayed(scene.folder))) == [("EUR\\ud800", 1.08101, 1.08103)]
