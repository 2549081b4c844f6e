"""A decoded line as a table for people."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from oms.cli.wire.values import Line
from protocol.commands import COMMANDS


def print_table(line: Line) -> None:
    """Print one decoded line: a row per field, its path on the left, drift below."""
    command = line.get("command")
    name = COMMANDS[command].name if command in COMMANDS else ""
    told = [line.get("name"), line.get("time"), line.get("direction"), line["kind"], command, name]
    table = Table(
        Column("field", overflow="fold"),  # nothing is cut: a value that is too long goes on below
        Column("value", overflow="fold"),
        title=escape(_printable(" ".join(str(part) for part in told if part not in (None, "")))),
    )
    for path, value in _rows("", line["fields"]):
        table.add_row(escape(path), escape(value))
    for path, value in _rows("", line.get("drift", {})):
        table.add_row(escape(f"drift {path}"), escape(value), style="yellow")
    Console().print(table)


def _rows(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _rows(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from _rows(f"{path}[{number}]", inner)
    else:
        yield path, _printable(str(value))


def _printable(text: str) -> str:
    """The text with what no terminal should get escaped: lone surrogates, control characters."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
