"""`oms log market`: what was merged, and pushes as they were received."""

import json
from pathlib import Path
from typing import Any

import pytest

from oms.eventlog.market import Bounds, MarketLog
from oms.eventlog.segment import Push
from tests.eventlog.scene import NOON

from .scene import SECOND, log

PUSHES = [
    Push("ticks", "hedge", NOON, [(1, 1.25, 0), (2, float("nan"), 0)]),
    Push("ticks", "net", NOON + SECOND, [(1, 1.5, 0)]),
    Push("book", "hedge", NOON + 2 * SECOND, [(1, ((1.25, 2),))]),
    Push("symbols", "hedge", NOON + 3 * SECOND, [(1, "EURUSD\x1b")]),
]


def quote(
    symbol: str, time: int, bid: float, ask: float, fields: int, last: float = 0.0, delayed: bool = False
) -> dict[str, Any]:
    prices = {"bid": bid, "ask": ask, "last": last, "volume": 0.0}
    return {"symbol": symbol, "time": time, **prices, "fields": fields, "delayed": delayed}


def statistics(symbol_id: int, seconds: int) -> tuple[Any, ...]:
    """A row in which the high of bid and the number of deals count: bits 1 and 16 of docs/protocol.md 5.2."""
    prices = [0.0] * 9
    prices[1] = 109_000.0
    counts = [0, 0, 0, 12, *[0] * 7]
    return (symbol_id, 1 << 1 | 1 << 16, seconds, 5, *prices, *counts, *[0.0] * 6, *[0] * 9)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    market = MarketLog(
        folder / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0), checkpoints_apart=False
    )
    assert market.write(PUSHES)
    market.close()
    return folder


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two accounts, each with ids of its own."""
    folder = tmp_path_factory.mktemp("traded")
    market = MarketLog(
        folder / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0), checkpoints_apart=False
    )
    assert market.write(
        [
            Push("symbols", "hedge", NOON, [(7, "EURUSD", 5, 1e-05, 0, 0, 100_000.0), USDJPY]),
            Push("symbols", "net", NOON, [(7, "XAUUSD", 2, 0.01, 0, 0, 100.0)]),
            Push("ticks", "hedge", NOON, [(7, 1_795_219_200, 3, 108_101.0, 108_103.0, 0.0, 0, 250, 0)]),
            Push(
                "ticks",
                "hedge",
                NOON + SECOND,
                [
                    (7, 1_795_219_201, 1, 108_102.0, 0.0, 0.0, 0, 0, 0),
                    (8, 1_795_219_201, 7, 150_050.0, 150_070.0, 150_060.0, 0, 0, 512),
                ],
            ),
            Push(
                "ticks", "net", NOON + 2 * SECOND, [(7, 1_795_219_202, 3, 268_000.0, 268_050.0, 0.0, 0, 0, 0)]
            ),
            Push("books", "hedge", NOON + 3 * SECOND, [(7, 1_795_219_203, 5, 2, [BUY, SELL])]),
            Push("statistics", "hedge", NOON + 4 * SECOND, [statistics(7, 1_795_219_204)]),
        ]
    )
    market.close()
    return folder


USDJPY = (8, "USDJPY", 3, 0.001, 0, 0, 100_000.0)
BUY = [2, 108_101, 3 * 10**13]  # type, wire price, units × 10^8
SELL = [1, 108_103, 10**12]
EXPECTED = [
    ("hedge", 3, "12:00:00", "quote.ticked", quote("EURUSD", 1_795_219_200_250, 1.08101, 1.08103, 3)),
    ("hedge", 4, "12:00:01", "quote.ticked", quote("EURUSD", 1_795_219_201_000, 1.08102, 1.08103, 1)),
    (
        *("hedge", 4, "12:00:01", "quote.ticked"),
        quote("USDJPY", 1_795_219_201_000, 150.05, 150.07, 7, last=150.06, delayed=True),
    ),
    ("net", 5, "12:00:02", "quote.ticked", quote("XAUUSD", 1_795_219_202_000, 2680.0, 2680.5, 3)),
    (
        *("hedge", 6, "12:00:03", "book.changed"),
        {"symbol": "EURUSD", "time": 1_795_219_203_005, "bids": [[1.08101, 3.0]], "asks": [[1.08103, 0.1]]},
    ),
    (
        *("hedge", 7, "12:00:04", "statistics.changed"),
        {
            "symbol": "EURUSD",
            "time": 1_795_219_204_000,
            "values": {"bid_high": 1.09, "trade_deals": 12},
            "delayed": False,
        },
    ),
]


def test_json_is_an_event_a_line(traded: Path) -> None:
    done = log("market", "--data", traded, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "account": account,
            "seq": seq,
            "received_at": f"2026-11-20T{time}.123456789Z",
            "type": kind,
            "data": data,
        }
        for account, seq, time, kind, data in EXPECTED
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--account", "net"], [3]),
        (["--symbol", "EURUSD"], [0, 1, 4, 5]),
        (["--symbol", "EURUSD", "--kind", "ticks", "--limit", "1"], [0]),
        (["--kind", "books"], [4]),
        (["--since", "2026-11-20T12:00:01Z", "--before", "2026-11-20T12:00:03Z"], [1, 2, 3]),
        (["--symbol", "none"], []),
    ],
)
def test_events_that_are_asked_for(traded: Path, arguments: list[str], expected: list[int]) -> None:
    done = log("market", "--data", traded, "--json", *arguments)
    assert done.returncode == 0
    found = [json.loads(line)["data"] for line in done.stdout.splitlines()]
    assert found == [EXPECTED[number][-1] for number in expected]


def test_people_see_names_and_prices(traded: Path) -> None:
    done = log("market", "--data", traded, "--limit", "2")
    head, first, second = (line.split() for line in done.stdout.splitlines())
    assert head == ["account", "seq", "received", "(UTC)", "type", "symbol", "data"]
    assert first[:5] == ["hedge", "3", "2026-11-20T12:00:00.123456789Z", "quote.ticked", "EURUSD"]
    assert {"bid=1.08101", "ask=1.08103"} <= set(first)
    assert {"bid=1.08102", "ask=1.08103"} <= set(second)


def test_names_are_not_looked_for_in_raw_rows(traded: Path) -> None:
    done = log("market", "--data", traded, "--raw", "--symbol", "EURUSD")
    assert (done.returncode, done.stdout) == (2, "")
    assert {"--symbol", "--raw"} <= set(done.stderr.replace(":", "").split())


def test_rows_that_are_none_are_told(data: Path) -> None:
    done = log("market", "--data", data)
    assert done.returncode == 1
    assert "20261120.db: push 1 holds no ticks" in done.stderr
    assert "Traceback" not in done.stderr


def test_raw_json_holds_every_row(data: Path) -> None:
    done = log("market", "--data", data, "--raw", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    columns = ("seq", "received_at", "account", "kind", "rows")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        dict(zip(columns, row, strict=True))
        for row in (
            (1, "2026-11-20T12:00:00.123456789Z", "hedge", "ticks", [[1, 1.25, 0], [2, None, 0]]),
            (2, "2026-11-20T12:00:01.123456789Z", "net", "ticks", [[1, 1.5, 0]]),
            (3, "2026-11-20T12:00:02.123456789Z", "hedge", "book", [[1, [[1.25, 2]]]]),
            (4, "2026-11-20T12:00:03.123456789Z", "hedge", "symbols", [[1, "EURUSD\x1b"]]),
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--account", "net"], [2]),
        (["--kind", "ticks"], [1, 2]),
        (["--account", "hedge", "--kind", "book"], [3]),
        (["--since", "2026-11-20T12:00:02Z"], [3, 4]),
        (["--before", "2026-11-20T12:00:02Z"], [1, 2]),
        (["--limit", "1"], [1]),
        (["--kind", "none"], []),
    ],
)
def test_pushes_that_are_asked_for(data: Path, arguments: list[str], expected: list[int]) -> None:
    done = log("market", "--data", data, "--raw", "--json", *arguments)
    assert done.returncode == 0
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == expected


def test_people_see_no_escape_sequence(data: Path) -> None:
    done = log("market", "--data", data, "--raw")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split()[:5] == [
        "2",
        "2026-11-20T12:00:01.123456789Z",
        "net",
        "ticks",
        "1",
    ]
    assert "\x1b" not in done.stdout


def test_without_a_market_log_there_is_nothing(tmp_path: Path) -> None:
    done = log("market", "--data", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
