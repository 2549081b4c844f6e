"""Commands of ours as processes, each by itself: a sub-command must not need the others."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import typer
from typer.testing import CliRunner

AIM = ("NATS_", "OMS_")  # what variables begin with that say where a command finds what it asks


class Command:
    """A typer app, or a function that is a command, by its name: `oms.cli.log.app:app`."""

    def __init__(self, name: str) -> None:
        module, _, attribute = name.partition(":")
        run = f"{attribute}()" if attribute == "app" else f"typer.run({attribute})"
        self.argv = [sys.executable, "-c", f"import typer; from {module} import {attribute}; {run}"]

    def __call__(self, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.argv, *arguments], capture_output=True, text=True, check=False, timeout=60,
            env=environ(environment),
        )  # fmt: skip

    @contextmanager
    def running(self, *arguments: str | Path, **environment: str) -> "Iterator[subprocess.Popen[str]]":
        """It is killed in the end if it still runs."""
        with subprocess.Popen(
            [*self.argv, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environ(environment),
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()


def environ(more: dict[str, str]) -> dict[str, str]:
    """The environment without what would change the look or the aim of a command."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(AIM)}
    return {**ours, "TERM": "dumb", **more}


def cells(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


def lines(stream: IO[str] | None, count: int) -> list[str]:
    """So many lines, waiting for them."""
    assert stream is not None
    return [stream.readline().rstrip("\n") for _ in range(count)]


def interrupted(process: "subprocess.Popen[Any]") -> tuple[int, str]:
    """Its exit code after Ctrl-C, and what it says on stderr."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    return process.returncode, err


class Here:
    """A typer app called as a `Command` is, within this process: a tenth of the time."""

    def __init__(self, app: typer.Typer) -> None:
        self._app = app

    def __call__(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        without = {name: None for name in os.environ if name.startswith(AIM)}
        runner = CliRunner(env={"TERM": "dumb", **without})
        done = runner.invoke(self._app, list(map(str, arguments)))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
