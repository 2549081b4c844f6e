"""What is printed: tables for people, JSON lines for programs.

Text that came from a broker is never trusted with a terminal: what is not printable is shown escaped.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH: Final = 100_000  # where there is no terminal: nothing is cut in what a program or a file receives
GOOD, POOR, BAD = "green", "yellow", "red"


class Column(NamedTuple):
    """One column of a table; numbers stand to the right."""

    title: str
    number: bool = False
    cut: bool = False  # may be cut where the terminal is narrow


class _Console(Console):
    """Rich ends the command with 1 where nobody reads on; how a command ends is its own business."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Colours on a terminal only, and not where NO_COLOR says no; printing raises OSError."""
    return _Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, markup=False, emoji=False)


def plain(value: object) -> str:
    """A value as text that does nothing to a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else str(value)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    """A table; a cell that is a rich Text keeps its colour.  What may not be cut is shown whole."""
    cells = [[cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row] for row in rows]
    made = Table(box=None, header_style="bold", title=title or None, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        widest = max([cell_len(column.title), *(row[place].cell_len for row in cells)])
        made.add_column(
            column.title,
            justify="right" if column.number else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if column.cut else widest,
        )
    for row in cells:
        made.add_row(*row)
    return made


def put_table(out: Console, made: Table) -> None:
    """A table on its console; one that is too wide goes on in the terminal's next line."""
    out.print(made, crop=False, overflow="ignore")


def put_line(text: str) -> None:
    """A line on stdout, held back until that is flushed.

    As bytes: a terminal that cannot show a letter must not end the command.
    """
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace") + b"\n")


def print_json(value: Any) -> None:
    """One line, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def put_bytes(*lines: bytes) -> None:
    """Lines on stdout exactly as they came, held back as by `put_line`."""
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
