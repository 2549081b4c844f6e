"""`oms doctor [-c FILE]`."""

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The daemon's settings."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Look whether everything is there that the daemon needs; changes nothing.  Exit code 1: a problem."""
    from oms.cli.doctor.report import report
    from oms.cli.ending import ended

    raise typer.Exit(ended("doctor", lambda: report(config, json=json)))
