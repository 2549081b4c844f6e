"""`oms trade`: what is sent where, what is shown, how it ends."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms.cli.trade.app import app
from tests.cli.desk import FILLED, Desk, taking
from tests.cli.process import Command, Here, environ, interrupted
from tests.nats import nats_server

here = Here(app)
trade = Command("oms.cli.trade.app:app")
EVE = {"NATS_USER": "eve", "NATS_PASSWORD": "verysecret"}
BUY = ("submit", "--account", "main", "--symbol", "EURUSD", "--side", "buy", "--volume", "0.10")
DENIED = {
    "status": "denied", "final": True, "command": "7f3c", "client": "default", "account": "main", "seq": 119,
    "order": None, "position": None, "volume": None, "filled": None, "price": None, "deals": [],
    "retcode": None, "retcode_name": None, "times": {}, "children": [],
    "reasons": [{"code": "volume_off_step", "field": "volume", "message": "0.015 is not a multiple of 0.01",
                 "given": "0.015", "limit": "0.01", "retcode": 10014},
                {"code": "symbol_unknown", "field": "symbol", "message": "no symbol \x1b[2J", "given": "X",
                 "limit": None, "retcode": None}],
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as server, taking(server.url, folder / "desk", "main", "net") as desk:
        yield desk


@pytest.fixture
def desk(server: Desk) -> Desk:
    server.answers.write_text("{}")
    server.requests()
    return server


def ran(desk: Desk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """In this process, which is quicker than one of its own."""
    return here(*arguments, "--nats", desk.url)


def cells(text: str) -> list[list[str]]:
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


def test_a_trade_that_worked(desk: Desk) -> None:
    done = ran(desk, *BUY)
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout) == [
        ["command", "status", "order", "position", "volume", "filled", "price", "retcode"],
        ["7f3c", "filled", "1023", "1023", "0.10", "0.10", "1.08002", "10009 DONE"],
    ]
    [(subject, payload)] = desk.requests()
    assert subject == "oms.v1.cmd.main.submit"
    assert re.fullmatch("[0-9a-f]{16}", payload.pop("id"))
    assert payload == {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}


def test_ids_that_are_made_differ(desk: Desk) -> None:
    for _ in range(2):
        ran(desk, "check", "--account", "main")
    assert len({payload["id"] for _, payload in desk.requests()}) == 2


SUBMIT = {
    "symbol": "EURUSD.req", "side": "sell", "volume": "1.00", "type": "stop_limit", "price": "1.0700",
    "limit_price": "1.0710", "sl": "1.0800", "tp": "1.0600", "filling": "return",
    "time_in_force": "specified", "expires_at": "2026-11-21T23:59:59Z", "comment": "ä \"b\" 'c'",
}  # fmt: skip
SENT: list[tuple[str, list[str], str, dict[str, Any]]] = [
    (
        "submit",
        [
            *(word for name, value in SUBMIT.items() for word in (f"--{name.replace('_', '-')}", value)),
            *("--deviation", "20", "--deviation-advisory", "--client", "desk"),
            *("--deadline", "2026-11-21T01:04:05Z", "--wait", "2.5", "--receipt"),
        ],
        "submit.desk",
        SUBMIT
        | {"deviation": 20, "deviation_advisory": True}
        | {"deadline": "2026-11-21T01:04:05Z", "wait": 2.5, "reply": "receipt"},
    ),
    ("check", ["--symbol", "X", "--volume", "-1"], "check", {"symbol": "X", "volume": "-1"}),
    (
        "modify",
        ["--order", "1024", "--price", "1.0700", "--limit-price", "1.0690", "--time-in-force", "gtc"],
        "modify",
        {"order": "1024", "price": "1.0700", "limit_price": "1.0690", "time_in_force": "gtc"},
    ),
    (
        "modify",
        ["--position", "1023", "--sl", "1.0750", "--tp", "none", "--expires-at", "none"],
        "modify",
        {"position": "1023", "sl": "1.0750", "tp": None, "expires_at": None},
    ),
    (
        "modify",
        ["--order", "1", "--expires-at", "server 2026-11-21 23:59:59"],
        "modify",
        {"order": "1", "expires_at": {"server": "2026-11-21 23:59:59"}},
    ),
    ("cancel", ["--order", "1024"], "cancel", {"order": "1024"}),
    ("cancel", ["--command", "7f3c", "--client", "desk"], "cancel.desk", {"command": "7f3c"}),
    (
        "close",
        ["--position", "1023", "--volume", "0.05", "--filling", "ioc", "--deviation", "x", "--comment", "c"],
        "close",
        {"position": "1023", "volume": "0.05", "filling": "ioc", "deviation": "x", "comment": "c"},
    ),
    (
        "close",
        ["--symbol", "EURUSD", "--deviation", "5", "--deviation-advisory"],
        "close",
        {"symbol": "EURUSD", "deviation": 5, "deviation_advisory": True},
    ),
    (
        "close-by",
        ["--position", "1023", "--position-by", "1031"],
        "close_by",
        {"position": "1023", "position_by": "1031"},
    ),
    ("close-all", ["--yes", "--comment", "c"], "close_all", {"comment": "c"}),
    ("cancel-all", ["--yes", "--symbol", "EURUSD"], "cancel_all", {"symbol": "EURUSD"}),
]


@pytest.mark.parametrize(("name", "arguments", "tail", "payload"), SENT)
def test_options_become_fields_of_the_command(
    desk: Desk, name: str, arguments: list[str], tail: str, payload: dict[str, Any]
) -> None:
    assert ran(desk, name, "--account", "main", "--id", "7f3c", *arguments).returncode == 0
    assert desk.requests() == [(f"oms.v1.cmd.main.{tail}", {"id": "7f3c", **payload})]


@pytest.mark.slow
def test_nats_may_come_from_the_environment_under_another_prefix(desk: Desk, tmp_path: Path) -> None:
    with taking(desk.url, tmp_path / "desk", "euro", prefix="desk.v1") as other:
        arguments = ("cancel", "--account", "euro", "--order", "1", "--prefix", "desk.v1")
        assert trade(*arguments, NATS_URL=desk.url).returncode == 0
        assert [subject for subject, _ in other.requests()] == ["desk.v1.cmd.euro.cancel"]
    assert desk.requests() == []


def test_reasons_are_told_all_at_once(desk: Desk) -> None:
    desk.answer("main.submit", DENIED)
    done = ran(desk, *BUY)
    assert (done.returncode, done.stderr) == (1, "")
    assert cells(done.stdout) == [
        ["command", "status"],
        ["7f3c", "denied"],
        [""],
        ["reason", "field", "given", "limit", "retcode", "message"],
        ["volume_off_step", "volume", "0.015", "0.01", "10014", "0.015 is not a multiple of 0.01"],
        ["symbol_unknown", "symbol", "X", r"no symbol \x1b[2J"],
    ]
    assert "\x1b" not in done.stdout


def test_children_are_listed(desk: Desk) -> None:
    child = {"command": "7f3c/1", "verb": "close", "status": "filled", "final": True, "symbol": "EURUSD",
             "order": "1040", "position": "1023", "volume": "0.10", "filled": "0.10", "price": "1.08002",
             "retcode": 10009, "retcode_name": "DONE", "reasons": []}  # fmt: skip
    other = {"command": "7f3c/2", "verb": "close", "status": "rejected", "final": True, "symbol": "USDJPY",
             "order": None, "position": "1031", "volume": "1.00", "filled": None, "price": None,
             "retcode": 10018, "retcode_name": "MARKET_CLOSED",
             "reasons": [{"code": "venue_market_closed"}, {"code": "other"}]}  # fmt: skip
    parent = {"command": "7f3c", "status": "done", "final": True, "children": [child, other], "reasons": []}
    desk.answer("main.close_all", parent)
    done = ran(desk, "close-all", "--account", "main", "--yes")
    assert (done.returncode, done.stderr) == (1, "oms trade close-all: main: 1 of 2 did not work\n")
    lines = cells(done.stdout)
    assert lines[:3] == [["command", "status"], ["7f3c", "done"], [""]]
    assert lines[3] == [
        "command", "status", "verb", "symbol", "order", "position", "volume", "filled", "price", "retcode",
        "reasons",
    ]  # fmt: skip
    assert lines[4] == [
        "7f3c/1", "filled", "close", "EURUSD", "1040", "1023", "0.10", "0.10", "1.08002", "10009 DONE",
    ]  # fmt: skip
    assert lines[5] == [
        "7f3c/2", "rejected", "close", "USDJPY", "1031", "1.00", "10018 MARKET_CLOSED",
        "venue_market_closed, other",
    ]  # fmt: skip


def test_a_message_for_people_is_shown(desk: Desk) -> None:
    said = {"status": "done", "final": True, "retcode": 10025, "retcode_name": "NO_CHANGES",
            "message": "it is so \x1b already"}  # fmt: skip
    desk.answer("main.modify", said)
    assert cells(ran(desk, "modify", "--account", "main", "--order", "1").stdout) == [
        ["status", "retcode"],
        ["done", "10025 NO_CHANGES"],
        [r"it is so \x1b already"],
    ]


def test_a_check_shows_what_it_judged_by(desk: Desk) -> None:
    said = {"status": "done", "final": True, "reasons": [],
            "quote": {"bid": "1.08001", "ask": "1.08003", "last": None, "delayed": False},
            "margin": {"margin": "108.00", "free": "9892.00", "gaps": []}}  # fmt: skip
    desk.answer("main.check", said)
    done = ran(desk, "check", "--account", "main")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [
        "quote: bid=1.08001 ask=1.08003 delayed=no",
        "margin: margin=108.00 free=9892.00",
    ]


def test_deals_and_times_are_for_who_wants_them(desk: Desk) -> None:
    assert "2045" not in ran(desk, *BUY).stdout
    assert cells(ran(desk, *BUY, "--verbose").stdout)[2:] == [
        [""],
        ["deal", "volume", "price"],
        ["2045", "0.10", "1.08002"],
        [""],
        ["stage", "at"],
        ["received", "2026-11-21T01:04:05.000000001Z"],
    ]


EXACT = (
    '{ "status":"rejected",\t"final":true, "x": 1e400, "y": 0.10000000000000000001,"z":"\\u00e4\u00e4\x7f",'
    '"n":123456789012345678901234567890 }'
)


def test_json_is_the_reply_as_it_came(desk: Desk) -> None:
    desk.answer("main.submit", EXACT)
    done = subprocess.run(
        [*trade.argv, *BUY, "--nats", desk.url, "--json"],
        capture_output=True,
        check=False,
        timeout=60,
        env=environ({"PYTHONIOENCODING": "latin-1"}),
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout == EXACT.encode() + b"\n"


@pytest.mark.slow
def test_a_terminal_that_lacks_a_letter_changes_nothing_about_the_exit_code(desk: Desk) -> None:
    desk.answer("main.submit", FILLED | {"message": "5 €"})
    done = trade(*BUY, "--nats", desk.url, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == r"5 \u20ac"


def test_json_is_one_line(desk: Desk) -> None:
    desk.answer("main.submit", json.dumps(FILLED, indent=2).replace("\n", "\r\n"))
    done = ran(desk, *BUY, "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == FILLED


def test_what_failed_is_told_beside_the_json(desk: Desk) -> None:
    said = FILLED | {"status": "canceled", "volume": "1.00", "filled": "0.80"}
    desk.answer("main.submit", said)
    done = ran(desk, *BUY, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, said)
    assert done.stderr == "oms trade submit: main: only 0.80 of 1.00 was filled, the rest is canceled\n"


def test_an_outcome_that_is_not_known_says_how_to_ask(desk: Desk) -> None:
    desk.answer("main.submit.desk", {"status": "unknown", "final": False, "command": "7f3c"})
    done = ran(desk, *BUY, "--id", "7f3c", "--client", "desk")
    assert done.returncode == 5
    assert cells(done.stdout) == [["command", "status"], ["7f3c", "unknown"]]
    assert done.stderr == (
        "oms trade submit: main: the outcome is not known. Its id is 7f3c: look with `oms state commands "
        "--account main --client desk --command 7f3c`. Sent again with --id 7f3c it is never done twice; "
        "with another id it may be\n"
    )


def test_a_receipt_worked_when_the_daemon_has_it(desk: Desk) -> None:
    desk.answer("main.submit", {"status": "received", "final": False, "command": "7f3c"})
    assert ran(desk, *BUY).returncode == 5
    assert ran(desk, *BUY, "--receipt").returncode == 0


def test_a_refusal_of_the_service_is_told_in_its_words(desk: Desk) -> None:
    error = {"error": {"code": "busy", "message": "256 requests are at work", "field": None}}
    desk.answer("main.submit", error, {"Nats-Service-Error-Code": "503", "Nats-Service-Error": "busy"})
    done = ran(desk, *BUY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "oms trade submit: main: 256 requests are at work (busy)\n"
    done = ran(desk, *BUY, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, error)


def test_what_is_no_json_says_nothing_about_the_outcome(desk: Desk) -> None:
    for text in ("", "cats", "[]", "[" * 100_000):
        desk.answer("main.submit", text)
        done = ran(desk, *BUY)
        assert (done.returncode, done.stdout) == (5, "")
        assert "what answered is no daemon of ours. Its id is " in done.stderr


@pytest.mark.slow
def test_no_answer_says_that_the_outcome_is_not_known(desk: Desk) -> None:
    desk.answer("main.cancel", None)
    began = time.monotonic()
    done = ran(desk, "cancel", "--account", "main", "--order", "1", "--wait", "0")
    assert time.monotonic() - began > 5  # the daemon has a little more than what it was given
    assert (done.returncode, done.stdout) == (5, "")
    [(_, payload)] = desk.requests()
    name = payload["id"]
    assert done.stderr == (
        "oms trade cancel: main: the outcome is not known: no answer to oms.v1.cmd.main.cancel within 5 s. "
        f"Its id is {name}: look with `oms state commands --account main --command {name}`. "
        f"Sent again with --id {name} it is never done twice; with another id it may be\n"
    )


@pytest.mark.slow
def test_ctrl_c_behind_the_request_says_so_too(desk: Desk) -> None:
    desk.answer("main.submit", None)
    with trade.running(*BUY, "--nats", desk.url, "--id", "7f3c") as process:
        desk.await_request()
        code, err = interrupted(process)
    assert code == 5
    assert "the outcome is not known: interrupted before an answer came. Its id is 7f3c" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_nats_that_goes_away_behind_the_request_leaves_the_outcome_open(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, taking(server.url, tmp_path / "desk", "main") as desk:
        desk.answer("main.submit", None)
        with trade.running(*BUY, "--nats", server.url, "--id", "7f3c") as process:
            desk.await_request()
            server.kill()
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (5, "")
    assert "the outcome is not known: NATS went away before an answer came" in err
    assert len(desk.requests()) == 1


@pytest.mark.slow
def test_an_unknown_account_is_told_with_those_there_are(desk: Desk) -> None:
    for account in ("x", "_daemon", "a b", "main.submit", "*", "ä"):
        done = ran(desk, "submit", "--account", account)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == f"oms trade submit: no account {account!r}; there are: main, net\n"
    assert desk.requests() == []


@pytest.mark.slow
def test_nats_without_a_daemon_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        done = trade(*BUY, "--nats", server.url)
    assert (done.returncode, done.stdout) == (4, "")
    assert "nobody answers oms.v1.cmd.main.submit; NATS is there, but no daemon" in done.stderr


def test_nats_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = trade(*BUY, "--nats", f"nats://127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"oms trade submit: NATS is not reachable: 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_subject_that_nats_refuses_was_not_sent(tmp_path: Path) -> None:
    config = (
        'authorization { users: [{ user: "oms", password: "verysecret" }, { user: "eve", password: '
        '"verysecret", permissions: { publish: ["$SRV.>", "oms.v1.query.>"], subscribe: ">" } }] }'
    )
    with nats_server(tmp_path / "nats", config) as server:
        url = server.url.replace("//", "//oms:verysecret@")
        with taking(url, tmp_path / "desk", "main") as desk:
            began = time.monotonic()
            done = trade(*BUY, "--nats", server.url, **EVE)
            assert time.monotonic() - began < 8  # a refusal is not waited out
            assert desk.requests() == []
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("oms trade submit: main: NATS refuses it: ")
    assert 'permissions violation for publish to "oms.v1.cmd.main.submit"' in done.stderr.lower()
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["submit"], "--account"),
        (["cats"], "cats"),
        ([*BUY, "--cats", "1"], "--cats"),
        ([*BUY, "--sl", ""], "--sl: is empty"),
        ([*BUY, "--id", ""], "--id: is empty"),
        ([*BUY, "--wait", " "], "--wait: is empty"),
        ([*BUY, "--client", "a.b"], "--client: 1 to 32 letters"),
        ([*BUY, "--client", ""], "--client: 1 to 32 letters"),
        ([*BUY, "--prefix", "a b"], "--prefix: words"),
        ([*BUY, "-c", "oms.toml", "--nats", "nats://127.0.0.1"], "either -c"),
        ([*BUY, "--comment", "x" * 66_000], "66"),
        (["close-all", "--account", "main", "--yes", "--symbol", ""], "--symbol: is empty"),
        (["close-all", "--account", "main"], "every position in the account main? Without a terminal"),
        (["cancel-all", "--account", "main"], "every pending order in the account main? Without a terminal"),
    ],
)
def test_bad_arguments_send_nothing(desk: Desk, arguments: list[str], message: str) -> None:
    url = [] if "-c" in arguments else ["--nats", desk.url]
    done = here(*arguments, *url)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert desk.requests() == []


def asked(desk: Desk, typed: str, *arguments: str) -> tuple[int, str]:
    """The exit code, and what is asked, on a terminal where somebody types."""
    ours, theirs = os.openpty()
    try:
        with subprocess.Popen(
            [*trade.argv, *arguments, "--nats", desk.url], stdin=theirs, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environ({}),
        ) as process:  # fmt: skip
            os.write(ours, typed.encode())
            _, err = process.communicate(timeout=30)
            return process.returncode, err
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["y\n", "YES\n", " yes \n"])
def test_what_sweeps_is_done_when_somebody_says_so(desk: Desk, typed: str) -> None:
    code, err = asked(desk, typed, "close-all", "--account", "main", "--symbol", "EURUSD")
    assert (code, err) == (0, "close_all: every position of EURUSD in the account main? [y/N] ")
    assert [subject for subject, _ in desk.requests()] == ["oms.v1.cmd.main.close_all"]


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["\n", "n\n", "yesterday\n", "\x04"])
def test_what_sweeps_is_not_done_otherwise(desk: Desk, typed: str) -> None:
    code, err = asked(desk, typed, "cancel-all", "--account", "main")
    assert code == 1
    assert err.endswith("[y/N] oms trade cancel-all: nothing was done\n")
    assert desk.requests() == []


@pytest.mark.slow
def test_a_reader_that_left_changes_nothing_about_the_exit_code(desk: Desk) -> None:
    desk.answer("main.submit", DENIED)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody, Path("/dev/full").open("w") as full:
        for out in (nobody, full):
            done = subprocess.run(
                [*trade.argv, *BUY, "--nats", desk.url], stdout=out, stderr=subprocess.PIPE, text=True,
                check=False, timeout=60, env=environ({}),
            )  # fmt: skip
            assert done.returncode == 1
            assert "Traceback" not in done.stderr
