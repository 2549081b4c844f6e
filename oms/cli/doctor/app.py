"""`oms doctor [-c FILE]`."""

import typer

from oms.cli.options import Config, OneJson


def doctor(
    config: Config = None,
    json: OneJson = False,
) -> None:
    """Look whether everything is there that the daemon needs; changes nothing.  Exit code 1: a problem."""
    from oms.cli.doctor.report import report
    from oms.cli.ending import ended

    raise typer.Exit(ended("doctor", lambda: report(config, json=json)))
