"""`oms halt | reduce | resume | panic`: what is sent where, what is shown, how it ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms.cli.main import app
from tests.cli.desk import Desk, taking
from tests.cli.process import Here, cells, environ, interrupted
from tests.nats import nats_server

oms = Here(app)
OMS = [sys.executable, "-m", "oms.cli.main"]
VERBS = ("halt", "reduce", "resume", "panic", "reset")
LOOK = "What an account may do is shown by `oms state sessions"


def row(account: str, status: str = "done", permission: str = "halted", **more: Any) -> dict[str, Any]:
    return {"account": account, "seq": 7, "status": status, "permission": permission, **more}


def reply(*rows: dict[str, Any], status: str = "done", **more: Any) -> dict[str, Any]:
    return {"status": status, "final": True, "account": "_daemon", "verb": "halt", "accounts": rows, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("nats")
    accounts = ("main", "net", "_daemon")
    with nats_server(folder) as server, taking(server.url, folder / "desk", *accounts) as desk:
        yield desk


@pytest.fixture
def desk(server: Desk) -> Desk:
    server.answers.write_text("{}")
    server.requests()
    for verb in VERBS:
        server.answer(f"main.{verb}", {"final": True, "verb": verb, **row("main")})
        server.answer(f"_daemon.{verb}", reply(row("main"), row("net")))
    return server


def ran(desk: Desk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return oms(*arguments, "--nats", desk.url)


@pytest.mark.parametrize("verb", VERBS)
def test_one_account(desk: Desk, verb: str) -> None:
    done = ran(desk, verb, "--account", "main", "--by", "eve", "--comment", "lunch", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout) == [["account", "status", "permission"], ["main", "done", "halted"]]
    wait = {"wait": 60} if verb == "panic" else {}
    assert desk.requests() == [(f"oms.v1.ctl.main.{verb}", {"by": "eve", "comment": "lunch", **wait})]


def test_the_login_name_is_who_does_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    assert ran(desk, "halt", "--account", "main").returncode == 0
    assert desk.requests() == [("oms.v1.ctl.main.halt", {"by": "alice"})]


def test_who_has_no_name_has_a_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError(1234)

    monkeypatch.setattr("getpass.getuser", nobody)
    assert ran(desk, "halt", "--account", "main").returncode == 0
    assert desk.requests() == [("oms.v1.ctl.main.halt", {"by": str(os.getuid())})]


def test_what_is_empty_is_not_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    assert ran(desk, "halt", "--account", "main", "--by", "", "--comment", "").returncode == 0
    assert desk.requests() == [("oms.v1.ctl.main.halt", {"by": "alice"})]


@pytest.mark.parametrize("verb", VERBS)
def test_all_accounts_are_one_request(desk: Desk, verb: str) -> None:
    done = ran(desk, verb, "--all", "--by", "eve", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout) == [
        ["account", "status", "permission"], ["main", "done", "halted"], ["net", "done", "halted"],
    ]  # fmt: skip
    wait = {"wait": 60} if verb == "panic" else {}
    assert desk.requests() == [(f"oms.v1.ctl._daemon.{verb}", {"by": "eve", **wait})]


def test_what_other_daemons_hold_is_asked_for_by_itself(desk: Desk, tmp_path: Path) -> None:
    with taking(desk.url, tmp_path / "desk", "euro", "far") as other:
        other.answer("euro.halt", {"final": True, **row("euro")})
        other.answer("far.halt", {"final": True, **row("far", "denied", "difference")})
        done = ran(desk, "halt", "--all", "--by", "eve", "--yes")
        assert sorted(other.requests()) == [
            ("oms.v1.ctl.euro.halt", {"by": "eve"}), ("oms.v1.ctl.far.halt", {"by": "eve"}),
        ]  # fmt: skip
    assert done.returncode == 1
    assert sorted(cells(done.stdout)[1:]) == [
        ["euro", "done", "halted"], ["far", "denied", "difference"],
        ["main", "done", "halted"], ["net", "done", "halted"],
    ]  # fmt: skip
    assert desk.requests() == [("oms.v1.ctl._daemon.halt", {"by": "eve"})]


def test_a_refusal_is_told_with_its_reasons(desk: Desk) -> None:
    reasons = [{"code": "fenced", "field": None, "message": "the stream contradicts it"}]
    denied = row("main", "denied", "difference", reason="0.50 USD", reasons=reasons)
    desk.answer("main.resume", {"final": True, **denied})
    done = ran(desk, "resume", "--account", "main")
    assert (done.returncode, done.stderr) == (1, "")
    assert cells(done.stdout) == [
        ["account", "status", "permission", "reason"],
        ["main", "denied", "difference", "0.50", "USD"],
        [],
        ["account", "reason", "message"],
        ["main", "fenced", "the", "stream", "contradicts", "it"],
    ]


def test_a_panic_shows_what_it_did(desk: Desk) -> None:
    child = {"command": "p2/1", "verb": "close", "status": "filled", "symbol": "EURUSD", "position": "1023",
             "volume": "0.10", "filled": "0.10", "retcode": 10009, "retcode_name": "DONE"}  # fmt: skip
    commands = [
        {"command": "p1", "verb": "cancel_all", "status": "done", "final": True, "children": []},
        {"command": "p2", "verb": "close_all", "status": "sending", "final": False, "children": [child]},
    ]
    said = row("main", permission="reducing", final=False, commands=commands)
    desk.answer("main.panic", said)
    done = ran(desk, "panic", "--account", "main", "--yes", "--wait", "2.5", "--by", "eve")
    assert desk.requests() == [("oms.v1.ctl.main.panic", {"by": "eve", "wait": 2.5})]
    assert done.returncode == 5
    assert done.stderr == f"oms panic: main: the outcome is not known, or not yet. {LOOK} --account main`\n"
    assert cells(done.stdout)[3:] == [
        ["account", "command", "status", "verb", "symbol", "position", "volume", "filled", "retcode"],
        ["main", "p1", "done", "cancel_all"],
        ["main", "p2", "sending", "close_all"],
        ["main", "p2/1", "filled", "close", "EURUSD", "1023", "0.10", "0.10", "10009", "DONE"],
    ]


def test_a_panic_that_left_something_did_not_work(desk: Desk) -> None:
    desk.answer("main.panic", row("main", "rejected", reasons=[{"code": "panic", "message": "p2 is done"}]))
    assert ran(desk, "panic", "--account", "main", "--yes").returncode == 1


@pytest.mark.parametrize(
    ("rows", "status", "code"),
    [
        ([row("main"), row("net", "denied")], "denied", 1),
        ([row("main"), row("net", "denied")], "done", 1),
        ([row("main"), row("net", "cats")], "done", 1),
        ([row("main"), row("net", "unknown")], "done", 5),
        ([row("main"), row("net", final=False)], "done", 5),
        ([row("main"), row("net")], "unknown", 5),
        ([row("main"), row("net")], "denied", 1),
        ([], "done", 0),
    ],
)
def test_done_is_only_what_is_done_for_all(
    desk: Desk, rows: list[dict[str, Any]], status: str, code: int
) -> None:
    desk.answer("_daemon.halt", reply(*rows, row("main"), row("net"), status=status))
    done = ran(desk, "halt", "--all", "--yes")
    assert done.returncode == code
    told = f"oms halt: _daemon: the outcome is not known, or not yet. {LOOK}`\n"
    assert done.stderr == (told if code == 5 else "")


def test_broker_texts_do_nothing_to_a_terminal(desk: Desk) -> None:
    desk.answer("main.halt", {"final": True, **row("main", reason="a\x1b[2Jb")})
    done = ran(desk, "halt", "--account", "main")
    assert r"a\x1b[2Jb" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_the_reply_as_it_came(desk: Desk) -> None:
    exact = '{"status": "done",  "final":true, "x": 1e400, "account":"main"}'
    desk.answer("main.halt", exact)
    done = ran(desk, "halt", "--account", "main", "--json")
    assert (done.returncode, done.stdout) == (0, exact + "\n")


def test_what_is_no_reply_of_ours_says_nothing(desk: Desk) -> None:
    for text in ("cats", "[]", "{}", '{"status": "done", "accounts": [{"account": "main"}]}'):
        desk.answer("main.halt", text)
        done = ran(desk, "halt", "--account", "main")
        assert done.returncode == 5
        assert done.stderr == (
            f"oms halt: main: the outcome is not known: what answered is no daemon of ours. {LOOK} "
            "--account main`\n"
        )


def test_a_refusal_of_the_service_is_told_in_its_words(desk: Desk) -> None:
    error = {"error": {"code": "unknown_verb", "message": "no such verb", "field": None}, "account": "main"}
    desk.answer("main.halt", error, {"Nats-Service-Error-Code": "400"})
    done = ran(desk, "halt", "--account", "main")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "oms halt: main: no such verb (unknown_verb)\n"
    desk.answer("_daemon.halt", error, {"Nats-Service-Error-Code": "500"})
    done = ran(desk, "halt", "--all", "--yes")
    assert (done.returncode, done.stdout) == (5, "")
    assert "the outcome is not known: no such verb (unknown_verb)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["halt"], "either --account NAME or --all"),
        (["halt", "--account", "main", "--all"], "either --account NAME or --all"),
        (["halt", "--account", "_daemon"], "either --account NAME or --all"),
        (["halt", "--all"], "halt: every account? Without a terminal"),
        (["resume", "--all"], "resume: every account? Without a terminal"),
        (["panic", "--account", "main"], "then halt, in the account main? Without a terminal"),
        (["panic", "--all"], "then halt, in every account? Without a terminal"),
        (["halt", "--account", "main", "--comment", "a\udcff"], "--comment: is no UTF-8"),
    ],
)
def test_what_makes_no_sense_sends_nothing(desk: Desk, arguments: list[str], message: str) -> None:
    done = ran(desk, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert desk.requests() == []


@pytest.mark.slow
def test_an_unknown_account_is_told_with_those_there_are(desk: Desk) -> None:
    for account in ("x", "", "main.panic", "ma in"):
        done = ran(desk, "halt", "--account", account)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"oms halt: no account {account!r}; there are: ")
    assert desk.requests() == []


@pytest.mark.slow
def test_nobody_there_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        for whom in (["--account", "main"], ["--all", "--yes"]):
            done = oms("panic", *whom, "--yes", "--nats", server.url)
            assert done.returncode == 4
            assert "NATS is there, but no daemon" in done.stderr


def test_ctrl_c_behind_the_request_says_that_nothing_is_known(desk: Desk) -> None:
    desk.answer("main.panic", None)
    command = [*OMS, "panic", "--account", "main", "--yes", "--nats", desk.url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ({})
    ) as process:
        desk.await_request()
        code, err = interrupted(process)
    assert code == 5
    assert err == (
        "oms panic: main: the outcome is not known: interrupted before an answer came. "
        f"{LOOK} --account main`\n"
    )


def test_limits_are_shown_a_line_each(desk: Desk) -> None:
    limits = {"max_volume_per_order": "5", "symbols": ["Forex\\*", "!EURTRY"], "sides": []}
    desk.answer("main.limits", {"final": True, **row("main", permission="active", limits=limits)})
    done = ran(desk, "limits", "--account", "main", "--set", "max_volume_per_order=5", "--by", "eve")
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.requests() == [("oms.v1.ctl.main.limits", {"by": "eve", "max_volume_per_order": "5"})]
    shown = cells(done.stdout)
    assert shown[1] == ["main", "done", "active"]
    assert ["main", "max_volume_per_order", "5"] in shown
    assert any(line[:2] == ["main", "symbols"] and "!EURTRY" in line[-1] for line in shown)
    assert any(line[:2] == ["main", "sides"] for line in shown)


def test_a_client_that_is_there_says_so_by_the_subject(desk: Desk) -> None:
    desk.answer("main.alive.desk", {"final": True, **row("main", permission="active")})
    done = ran(desk, "alive", "--account", "main", "--client", "desk", "--within", "30", "--by", "eve")
    assert (done.returncode, cells(done.stdout)[1]) == (0, ["main", "done", "active"])
    said = {"client": "desk", "within": "30", "by": "eve"}
    assert desk.requests() == [("oms.v1.ctl.main.alive.desk", said)]
