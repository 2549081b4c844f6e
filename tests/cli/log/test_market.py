"""`oms log market`: pushes as they were received."""

import json
from pathlib import Path

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


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    market = MarketLog(
        folder / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0), checkpoints_apart=False
    )
    assert market.write(PUSHES)
    market.close()
    return folder


def test_json_holds_every_row(data: Path) -> None:
    done = log("market", "--data", data, "--json")
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
def test_what_is_asked_for(data: Path, arguments: list[str], expected: list[int]) -> None:
    done = log("market", "--data", data, "--json", *arguments)
    assert done.returncode == 0
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == expected


def test_people_see_no_escape_sequence(data: Path) -> None:
    done = log("market", "--data", data)
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
