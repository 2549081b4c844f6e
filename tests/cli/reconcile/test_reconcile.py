"""`oms reconcile`: what is sent where, what is shown, how it ends."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from oms.cli.main import app
from tests.cli.desk import Desk, taking
from tests.cli.process import Here, cells
from tests.nats import nats_server

oms = Here(app)
BALANCE = {"subject": "balance", "key": "", "field": "", "books": "10000.00", "venue": "9974.50"}
POSITION = {"subject": "position", "key": "1023", "field": "volume", "books": "buy 0.10", "venue": None}


def said(account: str, status: str = "done", permission: str = "active", **more: Any) -> dict[str, Any]:
    told = {"account": account, "verb": "reconcile", "seq": 7, "status": status, "final": True}
    return (
        told | {"permission": permission, "equal": status == "done", "reasons": [], "differences": []} | more
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as server, taking(server.url, folder / "desk", "main", "net") as desk:
        yield desk


@pytest.fixture
def desk(server: Desk) -> Desk:
    server.answers.write_text("{}")
    server.requests()
    for account in ("main", "net"):
        server.answer(f"{account}.reconcile", said(account))
    return server


def ran(desk: Desk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return oms("reconcile", *arguments, "--nats", desk.url)


def test_accounts_are_compared_side_by_side_and_told_as_they_were_named(desk: Desk) -> None:
    done = ran(desk, "net", "main", "net", "--by", "eve")
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout) == [
        ["account", "status", "permission", "equal"],
        ["net", "done", "active", "yes"],
        ["main", "done", "active", "yes"],
    ]
    assert sorted(desk.requests()) == [
        ("oms.v1.ctl.main.reconcile", {"by": "eve", "wait": 60}),
        ("oms.v1.ctl.net.reconcile", {"by": "eve", "wait": 60}),
    ]


def test_what_differs_is_shown_and_no_success(desk: Desk) -> None:
    reasons = [{"code": "differs", "message": "books and venue differ in 2 things"}]
    told = said("main", "rejected", "difference", reasons=reasons, differences=[BALANCE, POSITION])
    desk.answer("main.reconcile", told)
    done = ran(desk, "main", "net")
    assert done.returncode == 1
    assert cells(done.stdout)[1:] == [
        ["main", "rejected", "difference", "no"],
        ["net", "done", "active", "yes"],
        [],
        ["account", "reason", "message"],
        ["main", "differs", "books", "and", "venue", "differ", "in", "2", "things"],
        [],
        ["account", "subject", "key", "field", "books", "venue"],
        ["main", "balance", "10000.00", "9974.50"],
        ["main", "position", "1023", "volume", "buy", "0.10"],
    ]


def test_accepting_is_asked_for_and_says_why(desk: Desk) -> None:
    done = ran(desk, "main", "--accept", "booked by hand")
    assert (done.returncode, done.stdout, desk.requests()) == (2, "", [])
    assert "the books of main take over what the venue says? Without a terminal" in done.stderr
    done = ran(desk, "main", "--accept", "booked by hand", "--yes", "--by", "eve", "--wait", "2.5")
    assert done.returncode == 0
    assert desk.requests() == [
        ("oms.v1.ctl.main.reconcile", {"by": "eve", "accept": "booked by hand", "wait": 2.5})
    ]


def test_a_refusal_is_no_success(desk: Desk) -> None:
    reasons = [{"code": "no_difference", "message": "there is nothing to accept"}]
    desk.answer("main.reconcile", said("main", "denied", reasons=reasons))
    assert ran(desk, "main", "--accept", "x", "--yes").returncode == 1


def test_json_is_the_replies_as_they_came(desk: Desk) -> None:
    exact = '{"status": "done",  "final":true, "x": 1e400, "account":"main"}'
    desk.answer("main.reconcile", exact)
    done = ran(desk, "main", "--json")
    assert (done.returncode, done.stdout) == (0, exact + "\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["_daemon"], "_daemon is no account"),
        (["main", "--accept", "", "--yes"], "--accept: is empty"),
    ],
)
def test_what_makes_no_sense_sends_nothing(desk: Desk, arguments: list[str], message: str) -> None:
    done = ran(desk, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert desk.requests() == []


@pytest.mark.slow
def test_an_account_that_is_not_there_keeps_no_other_from_being_told(desk: Desk) -> None:
    done = ran(desk, "nobody", "main")
    assert done.returncode == 3
    assert "no account 'nobody'; there are: main, net" in done.stderr
    assert cells(done.stdout)[1:] == [["main", "done", "active", "yes"]]
