"""The daemon is killed at every fail point, and nothing is lost, twice, unknown or different."""

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.pieces import children, gone
from tests.flows.system import until

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
LONGEST_S = 900  # of trouble, until each point was reached; a minute or two on a free machine
FIGURES = ["seed", "seconds", "kills", "commands", "venue_orders"]
ZEROS = ["duplicates", "lost", "unknown_left", "stream_gaps", "state_differences"]


def started(folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.crash", "--hurry", "--folder", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_at_every_point_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    process = started(tmp_path, "--every-point", "--seconds", str(LONGEST_S), "--seed", "7")
    said, wrong = process.communicate()
    assert (process.returncode, wrong) == (0, "")
    found: dict[str, Any] = json.loads((tmp_path / "soak-results.json").read_text())
    assert json.loads(said) == found
    assert list(found) == [*FIGURES, *ZEROS]
    assert [found[name] for name in ZEROS] == [0] * len(ZEROS)
    data = tmp_path / "soak-data"
    report = json.loads((data / "report.json").read_text())
    assert report["missed"] == []
    assert found["kills"] >= len(report["reached"])
    assert found["venue_orders"] == sum(
        order["login"] in (1001, 1002) for order in json.loads((data / "truth.json").read_text())["orders"]
    )
    replies = [json.loads(line) for line in (data / "replies.jsonl").read_text().splitlines()]
    assert {(one["account"], one["client"]) for one in replies} == {
        *(("hedge", "ann"), ("hedge", "bob"), ("net", "ann"), ("net", "bob"))
    }
    assert len({(one["account"], one["client"], one["id"]) for one in replies}) == found["commands"]
    assert {path.name for path in (data / "journal").glob("*.db")} == {"_daemon.db", "hedge.db", "net.db"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_before_its_time_it_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    process = started(tmp_path, "--seconds", "600")
    journal = tmp_path / "soak-data" / "journal" / "hedge.db"
    until(journal.exists)
    mine = children(process.pid)
    assert len(mine) == 3  # NATS, venue, daemon
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == 1
    until(lambda: all(map(gone, mine)))  # killed, each takes a moment to be gone
    assert not (tmp_path / "soak-results.json").exists()


def test_the_driver_imports_nothing_that_it_tests() -> None:
    driver = [path for path in HERE.glob("*.py") if not path.name.startswith("test_")]
    for path in (*driver, HERE.parent / "nats.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            used = {name.split(".")[0] for name in names} - sys.stdlib_module_names
            assert used <= {"nats", "tests"}, path
            assert all(name == "tests.nats" for name in names if name.startswith("tests")), path
