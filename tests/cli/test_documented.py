"""docs/cli.md has every option of the commands that look."""

from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from oms.cli.doctor.app import doctor
from oms.cli.log.app import app as log
from oms.cli.state.app import state
from oms.cli.watch.app import watch

TEXT = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text()


def commands() -> dict[str, Any]:
    app = typer.Typer()
    app.add_typer(log, name="log")
    for function in (state, watch, doctor):
        app.command()(function)
    found: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    return {f"log {name}": one for name, one in found.pop("log").commands.items()} | found


COMMANDS = commands()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section_with_every_option(name: str) -> None:
    assert f"# oms {name}\n" in TEXT
    options = [
        option for one in COMMANDS[name].params if one.param_type_name == "option" for option in one.opts
    ]
    assert options
    assert [option for option in options if option not in TEXT] == []


def test_commands_that_look_are_all_there() -> None:
    assert list(COMMANDS) == ["log info", "log show", "log tail", "log market", "state", "watch", "doctor"]
