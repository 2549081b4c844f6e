"""docs/cli.md has every option of the commands that look, trade, operate."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from oms.cli.doctor.app import doctor
from oms.cli.explain.app import explain
from oms.cli.keys.app import app as keys
from oms.cli.log.app import app as log
from oms.cli.operate.app import halt, panic, reduce, reset, resume
from oms.cli.reconcile.app import reconcile
from oms.cli.replay.app import replay
from oms.cli.report.app import app as report
from oms.cli.state.app import state
from oms.cli.trade.app import app as trade
from oms.cli.unknown.app import app as unknown
from oms.cli.watch.app import watch

TEXT = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text()


def commands() -> dict[str, Any]:
    app = typer.Typer()
    app.add_typer(log, name="log")
    app.add_typer(keys, name="keys")
    app.add_typer(report, name="report")
    app.add_typer(trade, name="trade")
    app.add_typer(unknown, name="unknown")
    for name, command in OPERATING.items():
        app.command(name)(command)
    for function in (state, watch, doctor, replay, explain):
        app.command()(function)
    found: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for group in ("log", "keys", "report", "trade", "unknown"):
        found |= {f"{group} {name}": one for name, one in found.pop(group).commands.items()}
    return found


OPERATING = {
    "halt": halt,
    "reduce": reduce,
    "resume": resume,
    "panic": panic,
    "reset": reset,
    "reconcile": reconcile,
}
COMMANDS = commands()
# One section, with a row for each of them.
TOGETHER = {name: "trade" for name in COMMANDS if name.startswith("trade ")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section_with_every_option(name: str) -> None:
    assert f"# oms {TOGETHER.get(name, name)}\n" in TEXT
    assert name not in TOGETHER or f"| `oms {name}` |" in TEXT
    options = [
        option for one in COMMANDS[name].params if one.param_type_name == "option" for option in one.opts
    ]
    assert options
    assert [option for option in options if option not in TEXT] == []


def test_all_of_them_are_there() -> None:
    assert set(COMMANDS) == {
        *("log info", "log show", "log tail", "log market", "log verify", "keys init", "keys show"),
        *("log export", "log stats", "log diff", "log backup", "log restore", "log seal", "log prune"),
        *("report day", "report period", "state", "watch", "doctor"),
        *("replay", "explain"),
        *("halt", "reduce", "resume", "panic", "reset", "reconcile", "unknown list", "unknown settle"),
        *("trade submit", "trade check", "trade modify", "trade cancel"),
        *("trade close", "trade close-by", "trade close-all", "trade cancel-all"),
    }


@pytest.mark.parametrize("name", TOGETHER)
def test_its_own_options_are_in_its_row(name: str) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `oms {name}` |")]
    shared = {
        *("--account", "--id", "--client", "--deadline", "--wait", "--receipt", "--verbose", "--json"),
        *("--config", "-c", "--nats", "--user", "--creds", "--nkey", "--tls-ca", "--tls-cert", "--tls-key"),
        "--prefix",
    }
    own = {option for one in COMMANDS[name].params for option in one.opts} - shared - {"--help"}
    if name == "trade check":
        assert "| the same |" in row
    else:
        assert set(re.findall(r"--[a-z-]+", row)) >= own
