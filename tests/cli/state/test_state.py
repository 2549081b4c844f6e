"""`oms state`: what a daemon answers, as tables and as JSON; who is not there is told."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.desk import asked
from tests.cli.process import Command, interrupted
from tests.cli.responder import ORDERS, POSITION, REPLIES, responder
from tests.nats import nats_server

LOGIN = {"NATS_USER": "desk", "NATS_PASSWORD": "verysecret"}
state = Command("oms.cli.state.app:state")


class Daemon(NamedTuple):
    url: str
    heard: Path

    def requests(self) -> list[tuple[str, dict[str, object]]]:
        """What was asked since the last time."""
        return asked(self.heard)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as server, responder(server.url, folder / "heard"):
        yield Daemon(server.url, folder / "heard")


@pytest.fixture(scope="module")
def only_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Behind a password, without a daemon."""
    config = 'authorization { user: "desk", password: "verysecret" }'
    with nats_server(tmp_path_factory.mktemp("nats"), config) as server:
        yield server.url


def test_all_accounts_are_found_by_themselves(daemon: Daemon) -> None:
    done = state("account", "--nats", daemon.url, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"account": account, "seq": 118, **REPLIES["account"]} for account in ("hedge", "net")
    ]


def test_pages_are_followed_to_the_last(daemon: Daemon) -> None:
    daemon.requests()
    done = state("orders", "--nats", daemon.url, "--account", "hedge", "--json")
    assert json.loads(done.stdout)["orders"] == ORDERS
    assert daemon.requests() == [
        ("oms.v1.query.hedge.orders", {"limit": 1000}),
        ("oms.v1.query.hedge.orders", {"limit": 1000, "after": "1000"}),
        ("oms.v1.query.hedge.orders", {"limit": 1000, "after": "1001"}),
    ]


@pytest.mark.parametrize(
    ("what", "arguments", "expected"),
    [
        (
            "positions",
            ["--symbol", "EURUSD", "--min-seq", "7"],
            {"limit": 1000, "symbol": "EURUSD", "min_seq": 7},
        ),
        ("quotes", ["--symbol", "A", "--symbol", "B"], {"limit": 1000, "symbols": ["A", "B"]}),
        ("symbols", ["--mask", "Forex\\*"], {"limit": 1000, "mask": "Forex\\*"}),
        ("account", ["--as-of", "12"], {"as_of": 12}),
        ("account", ["--as-of", "2026-11-21T01:00:00Z"], {"as_of": "2026-11-21T01:00:00Z"}),
        ("sessions", [], {}),
        (
            "statement",
            ["--from", "2026-11-20", "--to", "2026-11-21"],
            {"limit": 1000, "from": "2026-11-20", "to": "2026-11-21"},
        ),
        ("commands", ["--open"], {"limit": 1000, "final": False}),
        (
            "commands",
            ["--client", "desk", "--command", "7f3c"],
            {"limit": 1000, "client": "desk", "command": "7f3c"},
        ),
    ],
)
def test_options_become_fields_of_the_request(
    daemon: Daemon, what: str, arguments: list[str], expected: dict[str, object]
) -> None:
    daemon.requests()
    assert state(what, "--nats", daemon.url, "--account", "hedge", *arguments).returncode == 0
    assert daemon.requests() == [(f"oms.v1.query.hedge.{what}", expected)]


def test_people_see_tables_with_numbers_to_the_right(daemon: Daemon) -> None:
    done = state("positions", "--nats", daemon.url, "--account", "hedge")
    head, row = done.stdout.splitlines()
    assert head.split() == [
        "account", "position", "symbol", "side", "volume", "price", "sl", "tp", "now", "swap", "profit",
        "opened", "comment",
    ]  # fmt: skip
    assert row.split()[:7] == ["hedge", "1023", "EURUSD", "buy", "0.10", "1.08002", "1.07500"]
    assert row.index("9.90") + len("9.90") == head.index("profit") + len("profit")
    assert row.endswith(r"a\x1b[2Jb")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("orders", ["1000", "buy_limit", "placed", "0.10", "1.07000"]),
        ("account", ["1001", "USD", "-9.78", "9990.22", "308.00", "9682.22", "3243.58 %", "active"]),
        ("pnl", ["9.90", "-0.12", "9.78", "4.00", "1023"]),
        (
            "statement",
            ["2026-11-20", "2026-11-21", "1000.00", "300.00", "-0.35", "1299.65", "5.00", "buy", "0.10"],
        ),
        (
            "quotes",
            ["EURUSD", "1.08101", "1.08103", "12:00:00.123", "0.2 s", "not quoted, or not subscribed: CATS"],
        ),
        ("sessions", ["active", "ready", "yes", "data=open", "12 ms", "unread=3"]),
        ("symbols", ["EURUSD", "Forex\\EURUSD", "Euro"]),
        ("commands", ["7f3c", "desk", "submit", "denied", "yes", "0.10", r"market_closed, no_quote\x1b"]),
    ],
)
def test_what_matters_is_shown(daemon: Daemon, what: str, words: list[str]) -> None:
    done = state(what, "--nats", daemon.url, "--account", "hedge")
    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in words if word not in done.stdout] == []


def test_a_reply_that_may_be_old_is_told(daemon: Daemon) -> None:
    done = state("account", "--nats", daemon.url, "--account", "net")
    assert done.stdout.splitlines()[-1] == "net: not connected with its venue, which may know more"


@pytest.mark.slow
def test_an_unknown_account_is_told_with_those_there_are(daemon: Daemon) -> None:
    for account in ("x", "a b", "hedge.account", "*"):
        done = state("account", "--nats", daemon.url, "--account", account)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == f"oms state: no account {account!r}; there are: hedge, net\n"


@pytest.mark.slow
def test_several_daemons_hold_the_accounts_together(daemon: Daemon, tmp_path: Path) -> None:
    with responder(daemon.url, tmp_path / "heard", "euro"):
        done = state("account", "--nats", daemon.url, "--json")
        assert [json.loads(line)["account"] for line in done.stdout.splitlines()] == ["euro", "hedge", "net"]
        unknown = state("account", "--nats", daemon.url, "--account", "x")
    assert unknown.stderr == "oms state: no account 'x'; there are: euro, hedge, net\n"


@pytest.mark.slow
def test_the_daemons_settings_say_where_nats_is(only_nats: str, tmp_path: Path) -> None:
    config = tmp_path / "oms.toml"
    config.touch(0o600)
    config.write_text(
        f'[nats]\nurl = "{only_nats}"\nuser = "desk"\npassword = "verysecret"\nprefix = "desk.v1"\n'
        f'[data]\ndir = "{tmp_path}"\n[accounts.main]\nurl = "ws://127.0.0.1:1/terminal"\n'
        'login = 1\npassword = { env = "OUT_OF_REACH" }\n'
    )
    with responder(
        only_nats.replace("//", "//desk:verysecret@"), tmp_path / "heard", "main", prefix="desk.v1"
    ):
        done = state("account", "-c", config)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith("main ")


@pytest.mark.slow
def test_ctrl_c_while_it_waits_ends_it_without_a_word(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        server.pause()
        with state.running("account", "--nats", server.url) as process:
            time.sleep(1.5)
            assert interrupted(process) == (130, "")
        server.resume()


def test_a_refusal_is_told_beside_the_answers_of_others(daemon: Daemon) -> None:
    done = state("positions", "--nats", daemon.url, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["positions"] == [POSITION]
    assert done.stderr == "oms state: net: positions: min_seq: 999 is not recorded yet, 118 is (behind)\n"


def test_a_seq_is_one_accounts(daemon: Daemon) -> None:
    done = state("orders", "--nats", daemon.url, "--min-seq", "5")
    assert (done.returncode, done.stdout) == (2, "")
    assert "say --account hedge or net" in done.stderr


def test_nobody_answers_under_another_prefix(daemon: Daemon) -> None:
    done = state("orders", "--nats", daemon.url, "--prefix", "other.v1")
    assert (done.returncode, done.stdout) == (4, "")
    assert "no account under the prefix other.v1" in done.stderr


def test_nats_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = state("orders", "--nats", f"nats://127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"NATS is not reachable: 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_nats_without_a_daemon_is_told(only_nats: str) -> None:
    done = state("orders", "--nats", only_nats, **LOGIN)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no daemon" in done.stderr


@pytest.mark.parametrize("variables", [{}, {"NATS_USER": "desk", "NATS_PASSWORD": "anothersecret"}])
def test_nats_that_refuses_us_is_told_without_secrets(only_nats: str, variables: dict[str, str]) -> None:
    done = state("orders", "--nats", only_nats, **variables)
    assert (done.returncode, done.stdout) == (4, "")
    assert "refuses us" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.slow
def test_a_url_may_hold_user_and_password(only_nats: str) -> None:
    given = only_nats.replace("//", "//desk:verysecret@")
    assert "no daemon" in state("orders", NATS_URL=given).stderr
    wrong = state("orders", "--nats", only_nats.replace("//", "//desk:anothersecret@"))
    assert wrong.returncode == 4
    assert "secret" not in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "what"),
        (["cats"], "cats"),
        (["orders", "--nats", "http://x"], "http://x"),
        (["orders", "--prefix", "oms v1"], "--prefix: words"),
        (["orders", "--user", "desk"], "password: is missing (variable NATS_PASSWORD)"),
        (["orders", "--symbol", "A", "--symbol", "B"], "orders are asked for one symbol"),
        (["orders", "--min-seq", "-1"], "--min-seq"),
        (["orders", "-c", "oms.toml", "--nats", "nats://127.0.0.1"], "either -c"),
        (["orders", "-c", "/nowhere/oms.toml"], "/nowhere/oms.toml"),
        (["orders", "--nkey", "/nowhere/seed"], "/nowhere/seed: No such file"),
        (["orders", "--creds", "/nowhere/creds"], "/nowhere/creds"),
    ],
)
def test_bad_arguments_are_told(arguments: list[str], message: str) -> None:
    done = state(*arguments)
    assert (done.returncode, done.stdout) in [(2, ""), (4, "")]
    assert message in done.stderr
    assert "Traceback" not in done.stderr
