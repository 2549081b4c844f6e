"""`oms run -c FILE`: the daemon, until a signal ends it."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The settings, TOML.")],
    json: Annotated[bool, typer.Option("--json", help="Say when it is up, as one JSON line.")] = False,
) -> None:
    """Hold the accounts of a configuration: log, publish, answer.  Ctrl-C or SIGTERM ends it, exit code 0."""
    # Imported here: no other command should wait for the whole daemon.
    from oms.cli.ending import ended
    from oms.cli.run.start import start

    raise typer.Exit(ended("run", lambda: start(config, json=json)))
