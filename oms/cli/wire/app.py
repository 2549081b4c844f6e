"""`oms wire decode | encode | check`: JSON lines on stdin, JSON lines on stdout (docs/protocol.md 12)."""

import json
import sys
from collections.abc import Callable, Iterable
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

Table = Annotated[bool, typer.Option("--table", help="Tables for people instead of JSON lines.")]


@app.command()
def decode(
    pcap_lines: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Decode this capture instead: direction, time, hex a line."
        ),
    ] = None,
    table: Table = False,
) -> None:
    """Bytes to names: {"kind", "command", "hex"} a line."""
    if pcap_lines is not None:
        with pcap_lines.open("rb") as capture:
            _answer(decode_capture(capture), table=table)
    else:
        _answer(_served(decode_line), table=table)


@app.command()
def encode() -> None:
    """Names to bytes: {"kind", "command", "fields"} a line."""
    _answer(_served(encode_line), table=False)


@app.command()
def check(topic: Annotated[str, typer.Argument(help=", ".join([*TOPICS, *STEP_TOPICS]))]) -> None:
    """The protocol's arithmetic: {"fields", "steps"} a line."""
    if topic not in TOPICS and topic not in STEP_TOPICS:
        raise typer.BadParameter(f"{topic}: not one of {', '.join([*TOPICS, *STEP_TOPICS])}")
    _answer(_served(lambda line: check_line(topic, line)), table=False)


def _served(handle: Callable[[Line], Line]) -> Iterable[tuple[Line, str | None]]:
    for number, line in enumerate(sys.stdin.buffer, 1):
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
