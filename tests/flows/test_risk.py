"""Risk through the running daemon: limits of the file and by ctl, permissions, switches, file and signal."""

import json
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.flows.pieces import UNHURRIED, surroundings
from tests.flows.system import HEDGE, NET, OMS, NoRespondersError, System, until

pytestmark = pytest.mark.slow
LIMITED = """
[accounts.hedge.risk]
max_volume_per_order = "0.50"
[accounts.hedge.risk.clients.desk]
max_positions = 1
"""
ORDER = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}
RESTING = {**ORDER, "type": "limit", "price": "0.50000"}


def limited(folder: Path, more: str = LIMITED) -> Any:
    return surroundings(folder, UNHURRIED + more)


def begin(up: System, **environment: str) -> None:
    up.daemon.start(**environment)
    up.daemon.until_ready()
    for account in (HEDGE, NET):
        until(partial(quoted, up, account), what="no quote of EURUSD")


def quoted(up: System, account: str) -> bool:
    return bool(up.ask(account, "quotes", b'{"symbols": ["EURUSD"]}')["quotes"])


def codes(reply: dict[str, Any]) -> list[str]:
    return [one["code"] for one in reply["reasons"]]


def permission(up: System, account: str) -> tuple[str, str]:
    try:
        found = up.ask(account, "sessions")
    except NoRespondersError:  # it has only just begun
        return "", ""
    return found["permission"], found["reason"]


def is_halted(up: System, account: str, reason: str) -> bool:
    return permission(up, account) == ("halted", reason)


def oms(up: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OMS, *arguments, "--nats", up.nats.url], capture_output=True, text=True, timeout=30, check=False
    )


def test_limits_of_the_file_hold_until_ctl_changes_them_and_again_when_the_file_does(tmp_path: Path) -> None:
    with limited(tmp_path) as up:
        begin(up)
        assert codes(up.command(HEDGE, "submit", **{**ORDER, "volume": "0.51"})) == ["risk_order_volume"]
        assert up.command(NET, "submit", **{**ORDER, "volume": "0.51"})["status"] == "filled"
        assert up.command(HEDGE, "submit.desk", **ORDER)["status"] == "filled"
        assert codes(up.command(HEDGE, "submit.desk", **ORDER)) == ["risk_positions"]
        done = oms(
            up, "limits", "--account", HEDGE, "--set", "max_volume_per_order=0.60", "--by", "ann", "--json"
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["limits"] == {"max_volume_per_order": "0.6"}
        assert up.command(HEDGE, "submit", **{**ORDER, "volume": "0.51"})["status"] == "filled"
        up.daemon.kill()
        begin(up)
        assert up.command(HEDGE, "submit", **{**ORDER, "volume": "0.60"})["status"] == "filled"
        assert codes(up.command(HEDGE, "submit.desk", **ORDER)) == ["risk_positions"]
        shown = up.ask(HEDGE, "risk")
        assert (shown["by"], shown["limits"]) == ("ann", {"max_volume_per_order": "0.6"})
        assert shown["clients"]["desk"]["limits"] == {"max_positions": "1"}
        table = oms(up, "state", "risk", "--account", HEDGE)
        assert table.returncode == 0, table.stderr
        assert "max_volume_per_order" in table.stdout
        assert up.daemon.stop() == 0
        config = up.daemon.config.read_text()
        up.daemon.config.write_text(config.replace('"0.50"', '"0.20"'))
        begin(up)
        assert codes(up.command(HEDGE, "submit", **{**ORDER, "volume": "0.21"})) == ["risk_order_volume"]
        limits = [one["data"] for one in up.daemon.journal(HEDGE) if one["type"] == "risk.limits"]
        assert [one["by"] for one in limits] == ["config", "ann", "config"]


def test_a_file_halts_every_account_until_it_is_gone_and_somebody_resumes(tmp_path: Path) -> None:
    with limited(tmp_path) as up:
        begin(up)
        halting = up.daemon.data / "HALT"
        halting.touch()
        for account in (HEDGE, NET):
            until(partial(is_halted, up, account, "halt file"))
            assert codes(up.command(account, "submit", **ORDER)) == ["halted"]
        for refused in up.operate("_daemon", "resume")["accounts"]:
            assert codes(refused) == ["halt_file"]
        until(lambda: permission(up, HEDGE) == ("halted", "halt file"))
        up.daemon.kill()
        up.daemon.start()
        until(lambda: permission(up, HEDGE)[0] == "halted", what="not halted after a restart")
        halting.unlink()
        assert up.operate("_daemon", "resume")["status"] == "done"
        up.daemon.until_ready()
        until(lambda: quoted(up, HEDGE))
        assert up.command(HEDGE, "submit", **ORDER)["status"] == "filled"


def test_sigusr1_halts_every_account_and_ends_nothing(tmp_path: Path) -> None:
    with limited(tmp_path) as up:
        begin(up)
        assert up.daemon.process is not None
        up.daemon.process.send_signal(signal.SIGUSR1)
        for account in (HEDGE, NET):
            until(partial(is_halted, up, account, "signal"))
        up.daemon.process.send_signal(signal.SIGUSR1)
        assert codes(up.command(NET, "submit", **ORDER)) == ["halted"]
        assert up.operate("_daemon", "resume")["status"] == "done"
        assert up.command(NET, "submit", **ORDER)["status"] == "filled"
        assert up.daemon.stop() == 0


def test_a_client_is_restricted_and_watched_by_the_command_line(tmp_path: Path) -> None:
    with limited(tmp_path) as up:
        begin(up)
        done = oms(up, "halt", "--account", NET, "--client", "desk")
        assert done.returncode == 0, done.stderr
        assert codes(up.command(NET, "submit.desk", **ORDER)) == ["client_halted"]
        assert oms(up, "resume", "--account", NET, "--client", "desk").returncode == 0
        resting = up.command(NET, "submit.desk", **RESTING)
        assert resting["status"] == "working", resting
        # Killed while it is watched: the next daemon watches it, too.
        assert oms(up, "alive", "--account", NET, "--client", "desk", "--within", "3").returncode == 0
        up.daemon.kill()
        begin(up)
        until(lambda: up.truth(NET)["orders"] == {}, what="the silent client's order is still there")
        (missed,) = [one["data"] for one in up.daemon.journal(NET) if one["type"] == "alive.missed"]
        assert (missed["client"], missed["action"]) == ("desk", "cancel")
