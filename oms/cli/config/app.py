"""`oms config check [-c FILE] [--json]`: what a configuration says, or everything that is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.config.check import check as checked
from oms.cli.ending import ended

app = typer.Typer(no_args_is_help=True, help="Look at a configuration before it is used.")


@app.callback()
def config() -> None:
    """Look at a configuration before it is used."""


@app.command()
def check(
    file: Annotated[
        Path, typer.Option("--config", "-c", metavar="FILE", help="Settings, TOML.", show_default=True)
    ] = Path("oms.toml"),
    json: Annotated[bool, typer.Option("--json", help="One JSON object, also for problems.")] = False,
) -> None:
    """Say what will be used and where it is from; contacts nobody, changes nothing.

    Secrets are looked up, and shown as where they are.  Exit code 2: the problems are on stderr.
    """
    raise typer.Exit(ended("config check", lambda: checked(file, json=json)))
