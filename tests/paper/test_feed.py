"""Feeds: reproducible, on the grid, inside the sessions; files that are replayed or refused."""

import gzip
from datetime import UTC, datetime
from itertools import pairwise
from math import log, sqrt
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.paper.catalog import Instrument, default_instruments, quoted
from oms.paper.feed import BATCH, Feed, RandomWalk, Tick
from oms.paper.model import LOT
from oms.paper.replay import CsvError, CsvFeed
from oms.paper.zone import Zone
from protocol.records.symbols import FullSymbol

ALL = default_instruments()
BY_NAME = {one.spec.trade_symbol: one for one in ALL}


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc, arg-type]


WEDNESDAY = ms(2026, 11, 18, 12)
SATURDAY = ms(2026, 11, 21, 12)
HOUR = 3_600_000


def drain(feed: Feed, until: int) -> list[Tick]:
    out: list[Tick] = []
    while (due := feed.next_utc_ms()) is not None and due <= until:
        out += feed.take(until)
    return out


def some(*names: str) -> list[Instrument]:
    return [BY_NAME[name] for name in names]


def always_open(spec: FullSymbol) -> FullSymbol:
    return msgspec.structs.replace(spec, schedule=BY_NAME["BTCUSD"].spec.schedule)


# The random walk.


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 4000), min_size=1, max_size=12))
def test_one_seed_gives_the_same_ticks_in_whatever_pieces(seed: int, pieces: list[int]) -> None:
    whole = RandomWalk(ALL, seed, WEDNESDAY, 3.0)
    parts = RandomWalk(ALL, seed, WEDNESDAY, 3.0)
    at, got = WEDNESDAY, []
    for piece in pieces:
        at += piece
        got += parts.take(at)
        parts.next_utc_ms()  # looking changes nothing
    assert got == drain(whole, at)


def test_another_seed_gives_other_ticks() -> None:
    assert drain(RandomWalk(ALL, 1, WEDNESDAY), WEDNESDAY + 2000) != drain(
        RandomWalk(ALL, 2, WEDNESDAY), WEDNESDAY + 2000
    )


def test_prices_are_on_the_grid_never_crossed_and_in_order_of_time() -> None:
    ticks = drain(RandomWalk(ALL, 5, WEDNESDAY, 20.0), WEDNESDAY + 30_000)
    assert {tick.symbol for tick in ticks} >= set(BY_NAME) - {"AAPL", "JP225"}
    assert all(one.utc_ms <= other.utc_ms for one, other in pairwise(ticks))
    for tick in ticks:
        spec = BY_NAME[tick.symbol].spec
        assert 0 < tick.bid < tick.ask
        for price in (tick.bid, tick.ask):
            assert price == round(price, spec.digits)
            assert abs(price / spec.trade_tick_size - round(price / spec.trade_tick_size)) < 1e-6


@pytest.mark.slow
def test_no_tick_comes_outside_the_quote_sessions_over_two_weeks_and_a_clock_change() -> None:
    start, zone = ms(2026, 10, 22), Zone(7200, "eu")  # the clock goes back on the 25th
    feed = RandomWalk(ALL, 9, start, 0.001, zone=zone)
    ticks = drain(feed, start + 14 * 24 * HOUR)
    assert len(ticks) > 10_000
    for tick in ticks:
        assert quoted(BY_NAME[tick.symbol].spec, zone.moment(tick.utc_ms).seconds), tick
    days = {name: {t.utc_ms // (24 * HOUR) for t in ticks if t.symbol == name} for name in BY_NAME}
    assert len(days["EURUSD"]) == len(days["BTCUSD"]) == 14
    assert all(len(days[name]) >= 8 for name in BY_NAME)


def test_a_market_that_opens_ticks_within_seconds() -> None:
    sunday = ms(2026, 11, 22, 20)  # 22:00 server time in winter
    feed = RandomWalk(some("GBPUSD"), 1, SATURDAY)
    first = feed.next_utc_ms()
    assert first is not None
    assert sunday <= first < sunday + 2000


def test_eurusd_ticks_at_least_five_times_in_every_second() -> None:
    ticks = drain(RandomWalk(some("EURUSD", "GBPUSD"), 3, SATURDAY), SATURDAY + 120_000)
    seconds = [0] * 120
    for tick in ticks:
        seconds[min(119, (tick.utc_ms - SATURDAY) // 1000)] += 1
    assert min(seconds) >= 5


def test_the_rate_multiplies_the_ticks() -> None:
    counts = [len(drain(RandomWalk(ALL, 1, WEDNESDAY, rate), WEDNESDAY + 10_000)) for rate in (1.0, 10.0)]
    assert 8 < counts[1] / counts[0] < 12


@pytest.mark.slow
def test_what_shares_a_currency_moves_together_and_triangles_stay_closed() -> None:
    names = ("EURUSD", "EURUSD.ins", "USDJPY", "EURJPY")
    ticks = drain(RandomWalk(some(*names), 11, WEDNESDAY, 0.5), WEDNESDAY + 3 * HOUR)
    last = {tick.symbol: (tick.bid + tick.ask) / 2 for tick in ticks}
    assert last["EURUSD"] != pytest.approx(BY_NAME["EURUSD"].start, rel=1e-5)
    assert last["EURUSD.ins"] == pytest.approx(last["EURUSD"], rel=2e-4)
    assert last["EURUSD"] * last["USDJPY"] == pytest.approx(last["EURJPY"], rel=4e-4)


@pytest.mark.parametrize("name", ["EURUSD", "BTCUSD", "MES.dec30", "NGAS"])
def test_the_volatility_is_about_what_the_instrument_says(name: str) -> None:
    one = msgspec.structs.replace(BY_NAME[name], spec=always_open(BY_NAME[name].spec), ticks_per_second=2.0)
    ticks = drain(RandomWalk([one], 2, WEDNESDAY), WEDNESDAY + 12 * HOUR)
    minutes = {tick.utc_ms // 60_000: (tick.bid + tick.ask) / 2 for tick in ticks}
    moves = [log(b / a) for a, b in pairwise(minutes.values())]
    measured = sqrt(sum(move * move for move in moves) / len(moves) / 60)
    assert 0.9 < measured / one.volatility < 1.4


def test_spreads_change_and_sometimes_ticks_come_in_bursts() -> None:
    ticks = drain(RandomWalk(some("EURUSD"), 4, WEDNESDAY), WEDNESDAY + HOUR)
    spreads = {round((tick.ask - tick.bid) * 1e5) for tick in ticks}
    assert min(spreads) >= 1
    assert len(spreads) >= 4
    assert max(spreads) > 2 * BY_NAME["EURUSD"].spread_points
    per_second = [0] * 3601
    for tick in ticks:
        per_second[(tick.utc_ms - WEDNESDAY) // 1000] += 1
    assert max(per_second) > 2 * 8


def test_deals_are_quoted_where_there_is_a_last_price_only() -> None:
    ticks = drain(RandomWalk(some("MES.dec30", "EURUSD"), 6, WEDNESDAY), WEDNESDAY + 60_000)
    for tick in ticks:
        if tick.symbol == "EURUSD":
            assert (tick.last, tick.volume) == (0.0, 0)
        else:
            assert tick.last > 0
            assert tick.volume % LOT == 0
            assert not tick.volume or tick.last in (tick.bid, tick.ask)
    assert any(tick.volume for tick in ticks)


def test_every_symbol_has_an_opening_quote_even_on_a_saturday() -> None:
    opening = RandomWalk(ALL, 1, SATURDAY).opening()
    assert {tick.symbol for tick in opening} == set(BY_NAME)
    zone = Zone()
    for tick in opening:
        assert tick.utc_ms <= SATURDAY
        assert quoted(BY_NAME[tick.symbol].spec, zone.moment(tick.utc_ms).seconds)
        assert tick.bid < tick.ask
        assert (tick.bid + tick.ask) / 2 == pytest.approx(BY_NAME[tick.symbol].start, rel=1e-3)


def test_one_take_is_bounded_and_the_rest_stays_due() -> None:
    feed = RandomWalk(ALL, 1, WEDNESDAY, 1000.0)
    until = WEDNESDAY + 1000
    assert len(feed.take(until)) == BATCH
    due = feed.next_utc_ms()
    assert due is not None
    assert due <= until


def test_a_feed_without_symbols_or_sessions_has_nothing_due() -> None:
    feed = RandomWalk([], 1, WEDNESDAY)
    assert (feed.next_utc_ms(), feed.take(WEDNESDAY + HOUR)) == (None, [])


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        RandomWalk(ALL, 1, WEDNESDAY, rate)


# Replay.

EURUSD = """time,bid,ask
2026-01-05T10:00:00.250Z,1.08000,1.08002
2026-01-05T10:00:01.250Z,1.08001,1.08004

2026-01-05T10:00:05.250Z,1.08003,1.08003
"""
AAPL = """1767607201,190.50,190.52,190.51,100
1767607202000,190.51,190.53,,
1767607203,190.51,190.53,190.53,0.5
"""


def write(path: Path, text: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["eurusd.csv", "eurusd.csv.gz"])
def test_files_are_replayed_together_at_their_own_distances(tmp_path: Path, name: str) -> None:
    files = {"EURUSD": write(tmp_path / name, EURUSD), "AAPL": write(tmp_path / "aapl.csv", AAPL)}
    specs = {symbol: BY_NAME[symbol].spec for symbol in files}
    feed = CsvFeed(files, WEDNESDAY, specs=specs)
    assert feed.next_utc_ms() == WEDNESDAY
    assert drain(feed, WEDNESDAY + 60_000) == [
        Tick("EURUSD", WEDNESDAY, 1.08, 1.08002, 0.0, 0),
        Tick("AAPL", WEDNESDAY + 750, 190.5, 190.52, 190.51, 100 * LOT),
        Tick("EURUSD", WEDNESDAY + 1000, 1.08001, 1.08004, 0.0, 0),
        Tick("AAPL", WEDNESDAY + 1750, 190.51, 190.53, 190.51, 0),
        Tick("AAPL", WEDNESDAY + 2750, 190.51, 190.53, 190.53, LOT // 2),
        Tick("EURUSD", WEDNESDAY + 5000, 1.08003, 1.08003, 0.0, 0),
    ]
    assert feed.next_utc_ms() is None


def test_a_replay_at_ten_times_the_speed_takes_a_tenth(tmp_path: Path) -> None:
    feed = CsvFeed({"EURUSD": write(tmp_path / "a.csv", EURUSD)}, WEDNESDAY, 10.0)
    assert [tick.utc_ms - WEDNESDAY for tick in drain(feed, WEDNESDAY + 500)] == [0, 100, 500]


def test_as_fast_as_possible_everything_is_due_and_stamped_when_taken(tmp_path: Path) -> None:
    rows = "".join(f"{1_767_607_200 + n},1.0,1.1\n" for n in range(BATCH + 5))
    feed = CsvFeed({"X": write(tmp_path / "a.csv", rows)}, WEDNESDAY, 0)
    first, rest = feed.take(WEDNESDAY + 1), feed.take(WEDNESDAY + 2)
    assert (len(first), len(rest)) == (BATCH, 5)
    assert {tick.utc_ms for tick in first} == {WEDNESDAY + 1}
    assert feed.next_utc_ms() is None


GOOD = "1767607200,1.08000,1.08002\n"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("yesterday,1.08,1.09", "time"),
        ("-5,1.08,1.09", "time"),
        ("1767607199,1.08,1.09", "time"),
        ("1767607201,x,1.09", "bid"),
        ("1767607201,1.08,nan", "ask"),
        ("1767607201,0,1.09", "bid"),
        ("1767607201,1_0,1.09", "bid"),
        ("1767607201,1.08,1.07", "ask"),
        ("1767607201,1.080005,1.09", "bid"),
        ("1767607201,1.08,1.09,-1", "last"),
        ("1767607201,1.08,1.09,1.08,many", "volume"),
        ("1767607201,1.08,1.09,1.08,-1", "volume"),
        ("1767607201,1.08", "ask"),
        ("1767607201,1.08,1.09,1.08,1,7", "volume"),
        ("1767607201,1.08,1000000001", "ask"),
        ("1767607201,1e308,1e308", "bid"),
        ("1767607201,1.08,1.09,1e300", "last"),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
def test_a_bad_row_is_named_with_file_line_and_field(
    tmp_path: Path, row: str, field: str, verify: bool
) -> None:
    path = write(tmp_path / "bad.csv", "time,bid,ask\n" + GOOD + row + "\n")
    specs = {"EURUSD": BY_NAME["EURUSD"].spec}
    with pytest.raises(CsvError) as caught:
        drain(CsvFeed({"EURUSD": path}, WEDNESDAY, specs=specs, verify=verify), WEDNESDAY + HOUR)
    assert (caught.value.path, caught.value.line, caught.value.field) == (path, 3, field)
    assert str(caught.value).startswith(f"{path}:3: {field}: ")


@pytest.mark.parametrize(("text", "line"), [("", 1), ("\n\n", 3), ("time,bid,ask\n", 2)])
@pytest.mark.parametrize("verify", [True, False])
def test_a_file_without_ticks_is_named(tmp_path: Path, text: str, line: int, verify: bool) -> None:
    files = {"EURUSD": write(tmp_path / "good.csv", GOOD), "AAPL": write(tmp_path / "empty.csv", text)}
    with pytest.raises(CsvError, match="there is no tick in it") as caught:
        CsvFeed(files, WEDNESDAY, verify=verify)
    assert (caught.value.path, caught.value.line) == (files["AAPL"], line)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(gzip.compress((GOOD * 1000).encode())[:-20])
    fake = tmp_path / "fake.csv.gz"
    fake.write_text(GOOD)
    header = write(tmp_path / "header.csv", "time,ask,bid\n")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (torn, fake, header, binary, tmp_path / "absent.csv"):
        with pytest.raises(CsvError, match=path.name):
            CsvFeed({"EURUSD": path}, WEDNESDAY)


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        CsvFeed({}, WEDNESDAY, speed)
