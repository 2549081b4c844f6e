"""How a command ends: its exit code, and what is said on the way out.

Whoever reads our output may stop reading (`oms log show | head`), and whoever typed the command may stop
waiting: neither is an error of ours, and neither leaves a traceback.
"""

import io
import os
import sys
from collections.abc import Callable
from typing import Final

import typer

from oms.sessions.groups import first_error

OK: Final = 0
FAILED: Final = 1  # something is wrong with what was looked at; what was asked for was not done
WRONG: Final = 2  # the words make no sense, or the daemon refused them
NO_ACCOUNT: Final = 3
NOBODY: Final = 4  # NATS is not there, or no daemon behind it
UNKNOWN: Final = 5  # what became of it is not known, or not yet
INTERRUPTED: Final = 130  # as shells have it


class Failure(Exception):
    """What a command cannot do, in words for whoever typed it, and its exit code."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


def ended(name: str, run: Callable[[], int | None], *, interrupted: int = INTERRUPTED) -> int:
    """Run it; the exit code.  `interrupted` is the one of Ctrl-C."""
    code = OK
    try:
        code = run() or OK
        sys.stdout.flush()
    except* Failure as group:
        code = _failed(name, first_error(group))
    except* BrokenPipeError:
        code = _unread()
    except* OSError as group:
        code = _failed(name, first_error(group))
    except* KeyboardInterrupt:
        code = interrupted
    return code


def heard(put: Callable[[], None]) -> None:
    """Print what was done.  That it is not read, or cannot be, changes nothing about the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        put()
        sys.stdout.flush()
    except BrokenPipeError:
        _unread()
    except OSError as why:
        _unread()
        typer.echo(f"oms: it could not be printed: {why}", err=True)


def _failed(name: str, why: BaseException) -> int:
    typer.echo(f"oms {name}: {why}", err=True)
    return why.code if isinstance(why, Failure) else FAILED


def _unread() -> int:
    """Nobody reads any more; what Python still holds back must not fail when it exits."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return OK
