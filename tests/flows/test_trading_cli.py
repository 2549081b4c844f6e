"""`oms trade` and `oms halt`, each verb once, against a daemon that trades: what comes out, exit codes."""

import json
import subprocess
from typing import Any

import pytest

from tests.flows.system import HEDGE, NET, OMS, System
from tests.flows.trader import Line, Trader

pytestmark = pytest.mark.slow
WORKED, REFUSED, NONSENSE, NO_ACCOUNT, NOBODY, NOT_KNOWN = range(6)


def typed(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*OMS, *words], capture_output=True, text=True, check=False, timeout=60)


class Shell:
    """Somebody who types, and a script that reads."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self._where = ("--account", trader.account, "--nats", trader.up.nats.url, "--json")

    def trades(self, verb: str, *words: str, code: int = WORKED) -> dict[str, Any]:
        return self._reply("trade", verb, *words, code=code)

    def operates(self, verb: str, *words: str, code: int = WORKED) -> dict[str, Any]:
        return self._reply(verb, *words, code=code)

    def _reply(self, *words: str, code: int) -> dict[str, Any]:
        done = typed(*words, *self._where)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        (one,) = done.stdout.splitlines()
        found: dict[str, Any] = json.loads(one)
        return found


@pytest.fixture
def shell(standing: System, line: Line) -> Shell:
    trader = Trader(standing, line, HEDGE)
    trader.quote(1.1, 1.1001)
    return Shell(trader)


def test_every_verb_trades(shell: Shell) -> None:
    trader = shell.trader
    buy = ("--symbol", "EURUSD", "--side", "buy", "--volume", "0.10")
    resting = ("--type", "limit", "--price", "1.05")
    checked = shell.trades("check", *buy)
    assert checked["status"] == "done"
    assert checked["margin"]["added"] == "110.01"  # 0.1 lots of 100 000 at 1.1001, 1:100
    placed = shell.trades("submit", *buy, *resting, "--id", "typed", "--comment", "by hand")
    assert (placed["status"], placed["command"]) == ("working", "typed")
    changed = shell.trades("modify", "--order", placed["order"], "--price", "1.04", "--sl", "1.0")
    trader.agrees()
    assert (changed["status"], trader.order(placed["order"])["price_order"]) == ("done", 1.04)
    shell.trades("modify", "--order", placed["order"], "--sl", "none")
    trader.agrees()
    assert trader.order(placed["order"])["price_sl"] == 0
    assert shell.trades("cancel", "--command", "typed")["order"] == placed["order"]
    long, short = shell.trades("submit", *buy)["position"], trader.submit("sell", "0.10")["position"]
    closed = shell.trades("close", "--position", long, "--volume", "0.04")
    assert (closed["status"], closed["filled"]) == ("filled", "0.04")
    assert shell.trades("close-by", "--position", long, "--position-by", short)["status"] == "done"
    trader.submit("buy", "0.10", type="limit", price="1.05")
    swept = shell.trades("cancel-all", "--symbol", "EURUSD", "--yes")
    assert [one["status"] for one in swept["children"]] == ["done"]
    swept = shell.trades("close-all", "--yes")
    assert [(one["position"], one["filled"]) for one in swept["children"]] == [(short, "0.04")]
    trader.agrees()
    assert trader.open() == ([], [])


def test_what_did_not_work_has_its_exit_code(shell: Shell) -> None:
    trader = shell.trader
    buy = ("--symbol", "EURUSD", "--side", "buy")
    denied = shell.trades("submit", *buy, "--volume", "0.015", code=REFUSED)
    assert [one["retcode"] for one in denied["reasons"]] == [10014]
    trader.up.venue.control("reject_next", retcode=10006)
    rejected = shell.trades("submit", *buy, "--volume", "0.10", code=REFUSED)
    assert (rejected["status"], rejected["retcode"]) == ("rejected", 10006)
    trader.up.venue.control("slow_next", ms=1200)
    late = shell.trades("submit", *buy, "--volume", "0.10", "--wait", "0.1", code=NOT_KNOWN)
    assert late["status"] in ("sending", "accepted")
    found = shell.trades("submit", *buy, "--volume", "0.10", "--id", late["command"])
    assert found["status"] == "filled"
    assert trader.command("close", position=found["position"])["status"] == "filled"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("close-all", "--account", HEDGE), NONSENSE, ""),  # nobody there to say yes
        (("cancel-all", "--yes", "--account", "nobody"), NO_ACCOUNT, "hedge, net"),
    ],
)
def test_what_makes_no_sense_reaches_nobody(
    shell: Shell, words: tuple[str, ...], code: int, told: str
) -> None:
    done = typed("trade", *words, "--nats", shell.trader.up.nats.url)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in done.stderr
    assert shell.trader.arrived() == []


def test_without_nats_nothing_is_done(shell: Shell) -> None:
    done = typed("trade", "cancel-all", "--yes", "--account", HEDGE, "--nats", "nats://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (NOBODY, "")


def test_what_is_unknown_is_listed_and_settled(shell: Shell, line: Line) -> None:
    trader = shell.trader
    trader.up.venue.control("fault", fault={"do": "refuse", "on": "request", "command": 12, "code": 2})
    assert trader.submit("buy", "0.10", id="doubt", client="desk", wait=0.5)["status"] == "unknown"
    there = ("--nats", trader.up.nats.url, "--account", trader.account)
    rows = json.loads(typed("unknown", "list", *there, "--json").stdout)["commands"]
    assert [(one["client"], one["command"], one["order"]) for one in rows] == [("desk", "doubt", None)]
    assert "doubt" in typed("unknown", "list", *there).stdout
    wrong = typed("unknown", "settle", *there, "--command", "doubt", "--verdict", "found")
    assert (wrong.returncode, "unknown_command" in wrong.stdout) == (1, True)  # of the client `default`
    word = (
        "--command",
        "doubt",
        "--client",
        "desk",
        "--verdict",
        "not_found",
        "--comment",
        "asked the broker",
    )
    done = typed("unknown", "settle", *there, *word, "--json")
    assert done.returncode == 0, done.stderr
    (settled,) = json.loads(done.stdout)["commands"]
    assert (settled["status"], [one["code"] for one in settled["reasons"]]) == ("rejected", ["not_executed"])
    assert json.loads(typed("unknown", "list", *there, "--json").stdout)["commands"] == []
    trader.arrived()


def test_operators_halt_reduce_resume_and_panic(shell: Shell, line: Line) -> None:
    trader = shell.trader
    opened, resting = trader.submit("buy", "0.10"), trader.submit("buy", "0.10", type="limit", price="1.05")
    reduced = shell.operates("reduce", "--comment", "lunch")
    assert (reduced["status"], reduced["permission"]) == ("done", "reducing")
    assert [one["code"] for one in trader.submit("buy", "0.10")["reasons"]] == ["reducing"]
    halted = shell.operates("halt", "--by", "ann")
    assert halted["permission"] == "halted"
    refused = trader.command("close", position=opened["position"])
    assert [one["code"] for one in refused["reasons"]] == ["halted"]
    assert shell.operates("resume")["permission"] == "active"
    told = shell.operates("panic", "--yes")
    assert (told["status"], told["final"], told["permission"]) == ("done", True, "halted")
    swept = {one["verb"]: [child["status"] for child in one["children"]] for one in told["commands"]}
    assert swept == {"cancel_all": ["done"], "close_all": ["filled"]}
    assert resting["order"] not in trader.open()[0]
    trader.agrees()
    assert trader.open() == ([], [])
    assert shell.operates("resume")["permission"] == "active"


def test_all_accounts_are_halted_at_once(shell: Shell) -> None:
    url = shell.trader.up.nats.url
    done = typed("halt", "--all", "--yes", "--nats", url, "--json")
    assert done.returncode == WORKED, done.stderr
    found = json.loads(done.stdout)
    assert {one["account"]: one["permission"] for one in found["accounts"]} == {
        HEDGE: "halted",
        NET: "halted",
    }
    done = typed("resume", "--all", "--yes", "--nats", url)
    assert done.returncode == WORKED, done.stderr
    assert "active" in done.stdout
    assert shell.trader.query("state")["permission"] == "active"
