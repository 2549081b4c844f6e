"""docs/semantics.md 10, TC-L8; and what must be so after every run, by the seed."""

import os
import subprocess
import sys
from collections import Counter
from copy import copy
from pathlib import Path

import pytest

from .__main__ import between
from .judged import Found, judged, simulated, told, written

ROOT = Path(__file__).parent.parent.parent
# A slice; `make simulate` runs a thousand.
SEEDS = between(os.environ.get("SIMULATION_SEEDS", "1-40"))
# Without these a run proves little.
REACHED = {
    *("command.unknown", "command.settled", "command.scanned", "command.evidence", "command.conflict"),
    *("session.ended", "order.ended", "deal.booked", "position.adjusted"),
}
STATUSES = {"filled", "canceled", "working", "expired", "rejected", "denied", "done"}


@pytest.mark.slow
def test_tc_l8_one_seed_gives_the_same_bytes() -> None:
    first = written(7)
    assert min(map(len, first)) > 10_000
    assert written(7) == first
    assert written(8) != first


@pytest.mark.slow
def test_tc_l8_one_seed_gives_the_same_bytes_in_every_process() -> None:
    """However Python hashes text in it, wherever its objects lie."""

    def running(hash_seed: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.simulation", "--digests", "11-18"]
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)

    processes = [running(hash_seed) for hash_seed in ("1", "4711")]
    one, other = (process.communicate()[0] for process in processes)
    assert len(one.splitlines()) == 8
    assert b"FAILED" not in one
    assert one == other


@pytest.mark.slow
def test_whatever_happens_it_comes_right() -> None:
    kinds, statuses, deaths, failed = Counter[str](), Counter[str](), 0, dict[int, str]()
    for seed in SEEDS:
        try:
            found = judged(seed)
        except Exception as why:  # noqa: BLE001 - all seeds have their turn
            failed[seed] = told(why)
            continue
        kinds += found.kinds
        statuses += found.statuses
        deaths += found.deaths
    again = f".venv/bin/python -m tests.simulation {' '.join(map(str, failed))}"
    assert not failed, "\n".join([again, *failed.values()])
    if len(SEEDS) >= 40:
        assert kinds.keys() >= REACHED
        assert statuses.keys() >= STATUSES
        assert deaths > 2 * len(SEEDS)


# What judges is judged.


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return simulated(7, tmp_path_factory.mktemp("run"))


def test_the_judge_sees_a_deal_that_is_missing(found: Found) -> None:
    other = copy(found)
    other.truth = found.truth | {"deals": found.truth["deals"][:-1]}
    with pytest.raises(AssertionError, match="deals"):
        other.judge_settled()


def test_the_judge_sees_a_request_that_came_twice(found: Found) -> None:
    other = copy(found)
    other.requests = [*found.requests, found.requests[-1]]
    with pytest.raises(AssertionError, match="came twice"):
        other.judge()


def test_the_judge_sees_an_intent_that_was_not_written_down(found: Found) -> None:
    other = copy(found)
    other.intents = [one for one in found.intents if one["action_id"] != found.requests[0].action_id]
    with pytest.raises(AssertionError, match="never written down"):
        other.judge()


def test_the_judge_sees_an_order_of_two_commands(found: Found) -> None:
    other = copy(found)
    theirs = [one for one in found.truth["orders"] if "~" in one["comment"]]
    marks = {"trade_order": theirs[0]["trade_order"], "open": False}
    other.truth = found.truth | {"orders": [*found.truth["orders"], theirs[-1] | marks]}
    with pytest.raises(AssertionError):
        other.judge_settled()


def test_the_judge_sees_another_byte(found: Found) -> None:
    other = copy(found)
    row = found.rows[5]
    other.rows = [*found.rows[:5], row._replace(body=row.body.replace(b"1", b"2", 1)), *found.rows[6:]]
    with pytest.raises(AssertionError):
        other.judge()


def test_the_judge_sees_an_outcome_that_changed(found: Found) -> None:
    other = copy(found)
    key, said = next((key, said) for key, said in found.outcomes.items() if said[-1]["status"] == "filled")
    changed = said[-1] | {"status": "rejected", "filled": None, "anomaly": ""}
    other.outcomes = found.outcomes | {key: [*said, changed]}
    with pytest.raises(AssertionError, match="became"):
        other.judge()


def test_the_judge_sees_what_came_though_it_had_not_been_found(found: Found) -> None:
    other = copy(found)
    client, command = next(key for key, said in found.outcomes.items() if said[-1]["status"] == "filled")
    verdict = {"verdict": "not_found", "evidence": "two_scans", "client": client, "command": command}
    other.events = [*found.events, ("command.settled", verdict)]
    with pytest.raises(AssertionError, match="had not been found"):
        other.judge()
