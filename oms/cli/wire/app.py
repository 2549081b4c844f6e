"""`oms wire decode | encode | check`: JSON lines on stdin, JSON lines on stdout (docs/protocol.md 12)."""

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from oms.cli.wire.capture import decode_capture
from oms.cli.wire.check import TOPICS
from oms.cli.wire.lines import decode as decode_line
from oms.cli.wire.lines import encode as encode_line
from oms.cli.wire.lines import serve
from oms.cli.wire.steps import STEP_TOPICS, check_line
from oms.cli.wire.table import print_table
from oms.cli.wire.values import Line

app = typer.Typer(no_args_is_help=True, help="The protocol's layouts as JSON lines, for people, for tests.")


@app.command()
def decode(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="Instead of stdin.")
    ] = None,
    pcap_lines: Annotated[
        bool, typer.Option("--pcap-lines", help="The input is a capture: direction, time, hex a line.")
    ] = False,
    table: Annotated[bool, typer.Option("--table", help="Tables for people instead of JSON lines.")] = False,
) -> None:
    """Bytes to names: {"kind", "command", "hex"} a line."""
    with file.open("rb") if file else nullcontext(sys.stdin.buffer) as lines:
        _answer(decode_capture(lines) if pcap_lines else _served(decode_line, lines), table=table)


@app.command()
def encode() -> None:
    """Names to bytes: {"kind", "command", "fields"} a line."""
    _answer(_served(encode_line, sys.stdin.buffer), table=False)


@app.command()
def check(topic: Annotated[str, typer.Argument(help=", ".join([*TOPICS, *STEP_TOPICS]))]) -> None:
    """The protocol's arithmetic: {"fields", "steps"} a line."""
    if topic not in TOPICS and topic not in STEP_TOPICS:
        raise typer.BadParameter(f"{topic}: not one of {', '.join([*TOPICS, *STEP_TOPICS])}")
    _answer(_served(partial(check_line, topic), sys.stdin.buffer), table=False)


def _served(handle: Callable[[Line], Line], lines: Iterable[bytes]) -> Iterable[tuple[Line, str | None]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield serve(handle, line, number)


def _answer(answers: Iterable[tuple[Line, str | None]], *, table: bool) -> None:
    """One line out for each; the messages of errors on stderr too; exit code 1 if there were any."""
    failed = False
    for answer, error in answers:
        if error is not None:
            failed = True
            typer.echo(error, err=True)
        if table and error is None:
            print_table(answer)
        else:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    if failed:
        raise typer.Exit(1)
