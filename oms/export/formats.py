"""A table as a file: CSV, JSON lines, Parquet.

Rows are written as they come, so memory stays bounded.  Parquet needs `pyarrow`, which is not installed with
the daemon: it is larger than all the rest together, and only some who export want it.
"""

import csv
import io
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO, Final, Literal

import msgspec

from .tables import Column, Row, Table

Format = Literal["csv", "jsonl", "parquet"]
ROWS: Final = 20_000  # of a group of rows in Parquet
_json = msgspec.json.Encoder().encode


class NoParquet(Exception):
    """`pyarrow` cannot be imported; the text says what to do."""


def write(table: Table, form: Format, file: BinaryIO) -> int:
    """Write all rows; how many.  UTF-8.  Raises NoParquet before anything is read, and OSError."""
    return _WRITERS[form](table, file)


def _csv(table: Table, file: BinaryIO) -> int:
    """With titles; None is empty, what is no plain value is JSON."""
    count = 0
    with _text(file) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([column.name for column in table.columns])
        for count, row in enumerate(table.rows, 1):  # noqa: B007 - it is what is returned
            writer.writerow(_cells(row))
    return count


def _jsonl(table: Table, file: BinaryIO) -> int:
    count = 0
    names = [column.name for column in table.columns]
    for count, row in enumerate(table.rows, 1):  # noqa: B007 - it is what is returned
        file.write(_json(dict(zip(names, row, strict=True))) + b"\n")
    return count


def _parquet(table: Table, file: BinaryIO) -> int:
    arrow, parquet = _arrow()
    schema = arrow.schema([(column.name, _type(arrow, column)) for column in table.columns])
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        while rows := list(islice(table.rows, ROWS)):
            columns = [list(_stored(column, rows, place)) for place, column in enumerate(table.columns)]
            writer.write_table(arrow.table(columns, schema=schema))
            count += len(rows)
    return count


def _text(file: BinaryIO) -> "_Kept":
    return _Kept(file, encoding="utf-8", newline="", write_through=False)


class _Kept(io.TextIOWrapper):
    """Text on a file that stays open."""

    def __exit__(self, *_: Any) -> None:
        self.detach()  # flushes


def _cells(row: Row) -> Iterator[Any]:
    for value in row:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, str | int | float) or value is None:
            yield value
        else:
            yield _json(value).decode()


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as why:
        raise NoParquet(
            f"Parquet needs pyarrow, which is not installed ({why}): install it beside oms "
            "(pip install pyarrow), or take csv or jsonl"
        ) from None


def _type(arrow: Any, column: Column) -> Any:
    types = {"integer": arrow.int64, "float": arrow.float64, "boolean": arrow.bool_}
    return types.get(column.kind, arrow.string)()


def _stored(column: Column, rows: list[Row], place: int) -> Iterator[Any]:
    for row in rows:
        value = row[place]
        yield _json(value).decode() if column.kind == "json" and value is not None else value


_WRITERS: Final = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
