"""`oms log show`: what is stored, as it is stored."""

import json
import os
import subprocess
from pathlib import Path
from time import time_ns

import pytest

from tests.eventlog.scene import NOON

from .scene import SECOND, bodies, draft, journal, log


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hedge: seq 1 to 6 at noon and each second behind it; net: half a second later."""
    folder = tmp_path_factory.mktemp("data")
    hedge = journal(folder, "hedge")
    hedge.write([draft("order.placed", "EURUSD", order="1023", volume="0.10", comment="первый \x1b[2J")])
    hedge.write([draft("order.ended", "EURUSD", order="1023")])
    hedge.write([draft("deal.booked", "EURUSD", deal="2045", order="1023", sl=None)])
    hedge.write([draft("deal.booked", "GBPUSD", deal="2046", levels=[["1.1", "2"]])])
    hedge.write([draft("session.ended", reason="lost")])
    hedge.close()
    net = journal(folder, "net", NOON + SECOND // 2)
    net.write([draft("deal.booked", "EURUSD", deal="3001")])
    net.close()
    return folder


def shown(data: Path, *arguments: str) -> list[str]:
    """The lines of --json."""
    done = log("show", "--data", data, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_json_is_exactly_what_is_stored(data: Path) -> None:
    assert shown(data, "--account", "hedge") == bodies(data, "hedge")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--after", "4"], [5, 6]),
        (["--after", "1", "--until", "3"], [2, 3]),
        (["--until", "0"], []),
        (["--type", "deal.booked"], [4, 5]),
        (["--type", "order.*", "--type", "session.ended"], [2, 3, 6]),
        (["--symbol", "EURUSD"], [2, 3, 4]),
        (["--symbol", "EURUSD", "--type", "deal.*"], [4]),
        (["--since", "2026-11-20T12:00:04.123456789Z"], [5, 6]),
        (["--before", "2026-11-20T12:00:01.123456789Z"], [1]),
        (["--limit", "2"], [1, 2]),
        (["--limit", "0"], []),
    ],
)
def test_what_is_asked_for(data: Path, arguments: list[str], expected: list[int]) -> None:
    found = [json.loads(line)["seq"] for line in shown(data, "--account", "hedge", *arguments)]
    assert found == expected


@pytest.mark.slow
def test_a_duration_counts_from_now(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge", time_ns() - 3600 * SECOND, step=1800 * SECOND)
    hedge.write([draft("deal.booked")])
    hedge.close()
    assert shown(tmp_path, "--since", "40m") == bodies(tmp_path, "hedge")[1:]
    assert shown(tmp_path, "--before", "40m") == bodies(tmp_path, "hedge")[:1]


def test_accounts_are_shown_together_by_time(data: Path) -> None:
    found = [(one["account"], one["seq"]) for one in map(json.loads, shown(data))]
    assert found == [
        ("hedge", 1), ("net", 1), ("hedge", 2), ("net", 2),
        ("hedge", 3), ("hedge", 4), ("hedge", 5), ("hedge", 6),
    ]  # fmt: skip


def test_people_see_columns_and_words_and_no_escape_sequence(data: Path) -> None:
    done = log("show", "--data", data, "--account", "hedge", "--after", "1")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["seq", "recorded", "(UTC)", "type", "symbol", "data"]
    assert rows[0].split(maxsplit=4) == [
        "2", "2026-11-20T12:00:01.123456789Z", "order.placed", "EURUSD",
        r'comment="первый \u001b[2J" order=1023 volume=0.10',
    ]  # fmt: skip
    assert rows[3].endswith('deal=2046 levels=[["1.1","2"]]')
    assert [row.index("EURUSD") for row in rows[:3]] == [head.index("symbol")] * 3


def test_the_account_is_a_column_where_there_are_several(data: Path) -> None:
    head, *rows = log("show", "--data", data, "--type", "deal.*").stdout.splitlines()
    assert head.split()[0] == "account"
    assert [row.split()[0] for row in rows] == ["net", "hedge", "hedge"]


def test_seqs_of_several_accounts_are_refused(data: Path) -> None:
    done = log("show", "--data", data, "--after", "3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "say --account hedge or net" in done.stderr


def test_an_unknown_account_is_told_with_those_there_are(data: Path) -> None:
    done = log("show", "--data", data, "--account", "hegde")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"oms log: no account 'hegde'; there are: hedge, net in {data}/journal\n"


def test_an_account_is_no_path(data: Path) -> None:
    assert log("show", "--data", data, "--account", "../journal/hedge").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say --data DIR or -c FILE"),
        (["--data", "/nowhere"], "/nowhere: no such folder"),
        (["--data", ".", "--since", "noon"], "--since: 'noon' is no moment"),
        (["--data", ".", "--limit", "-1"], "--limit"),
        (["--data", ".", "--limit", "9" * 20], "--limit"),
        (["--data", ".", "--after", "x"], "--after"),
        (["--colour"], "--colour"),
    ],
)
def test_bad_arguments_are_told(arguments: list[str], message: str) -> None:
    done = log("show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "main.db").write_bytes(b"this is a letter " * 1000)
    done = log("show", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/journal/main.db: is damaged" in done.stderr


def test_an_empty_folder_has_no_events(tmp_path: Path) -> None:
    done = log("show", "--data", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--json"], []])
def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    """More than a pipe holds, and a reader that takes one line."""
    many = journal(tmp_path, "main")
    many.write([draft("deal.booked", "EURUSD", deal=str(number), text="x" * 200) for number in range(1500)])
    many.close()
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [*log.argv, "show", "--data", tmp_path, *arguments], stdout=theirs, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(theirs)
        assert os.read(ours, 10)
        os.close(ours)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_a_full_disk_behind_the_output_is_told(data: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*log.argv, "show", "--data", data], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
