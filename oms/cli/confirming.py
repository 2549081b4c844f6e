"""Asking before something sweeping is done."""

import sys

import typer

from oms.cli.ending import FAILED, WRONG, Failure


def confirm(question: str, *, yes: bool) -> None:
    """Go on where `--yes` is given or a person says so; else Failure, and nothing is done.

    The question goes to stderr: stdout is for the reply.
    """
    if yes:
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise Failure(WRONG, f"{question} Without a terminal to ask on, say --yes")
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failure(FAILED, "nothing was done")
