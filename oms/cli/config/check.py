"""The check of a configuration: load it as the daemon would, and print what came of it."""

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from oms.cli.config.shown import rows, shown
from oms.cli.ending import OK, WRONG
from oms.cli.printing import Column, console, plain, print_json, put_table, table
from oms.config import ConfigError, Settings, beyond_loopback, load

COLUMNS = (Column("key"), Column("value", cut=True), Column("from"))


def check(path: Path, *, json: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Check and print; the exit code."""
    try:
        settings = load(path, environ)
    except ConfigError as why:
        return _refused(why, json=json)
    if json:
        print_json({"ok": True, **shown(settings), "beyond_loopback": beyond_loopback(settings)})
    else:
        _print(settings)
    return OK


def _refused(why: ConfigError, *, json: bool) -> int:
    if json:
        print_json({"ok": False, "problems": [one.record() for one in why.problems]})
    for problem in why.problems:
        typer.echo(plain(str(problem)), err=True)
    return WRONG


def _print(settings: Settings) -> None:
    put_table(console(), table(COLUMNS, rows(settings)))
    for warning in settings.warnings:
        typer.echo(f"warning: {plain(str(warning))}", err=True)
    if away := beyond_loopback(settings):
        typer.echo(f"beyond this machine: {', '.join(away)}", err=True)
