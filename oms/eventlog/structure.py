"""Whether the database of a journal or a market segment is built as it was made, whatever its rows say.

Triggers that are gone, a table beside those of ours, rows where none belong, pages that SQLite itself finds
wrong: who changes rows with tools leaves such traces, and so do disks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from .journal_file import META, SCHEMA
from .segment import SCHEMA as SEGMENT
from .sqlite import opened_for_reading, reading

MOST: Final = 10  # things that SQLite finds wrong
FINE: Final = "ok"


def journal_faults(path: Path) -> Iterator[str]:
    """What is wrong with how a journal's database is made; raises Unreadable, Damaged."""
    with _opened(path) as connection:
        yield from _schema_faults(connection, SCHEMA)
        yield from _meta_faults(connection)
        yield from _row_faults(connection, "event")


def page_faults(path: Path) -> Iterator[str]:
    """What SQLite finds wrong in its pages, one after the other; raises as `journal_faults`."""
    with _opened(path) as connection:
        yield from _page_faults(connection)


def segment_faults(path: Path) -> Iterator[str]:
    """Of a market segment; raises Unreadable, Damaged."""
    with _opened(path) as connection:
        if connection.execute("SELECT count(*) FROM sqlite_schema").get:  # else it is being made
            yield from _schema_faults(connection, (SEGMENT,))
            yield from _row_faults(connection, "push")
            yield from _page_faults(connection)


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    with reading(path):
        connection = opened_for_reading(path)
        try:
            yield connection
        finally:
            connection.close(True)


def _schema_faults(connection: apsw.Connection, wanted: tuple[str, ...]) -> Iterator[str]:
    """SQLite keeps each statement as it was given."""
    found = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema")]
    for sql in wanted:
        if sql not in found:
            yield f"it lacks, or has otherwise: {_words(sql)}"
    for sql in found:
        if sql not in wanted:
            yield f"it has beside what belongs there: {_words(str(sql))}"


def _meta_faults(connection: apsw.Connection) -> Iterator[str]:
    for (name,) in connection.execute("SELECT name FROM meta"):
        if name not in META:
            yield f"its table meta holds {str(name)[:40]!r}"


def _row_faults(connection: apsw.Connection, table: str) -> Iterator[str]:
    """Rows that no reader comes to."""
    if below := connection.execute(f"SELECT count(*) FROM {table} WHERE seq < 1").get:  # noqa: S608
        yield f"{below} rows have a seq below 1"


def _page_faults(connection: apsw.Connection) -> Iterator[str]:
    for (told,) in connection.execute(f"PRAGMA quick_check({MOST})"):
        if told != FINE:
            yield f"SQLite finds: {_words(str(told))}"


def _words(text: str) -> str:
    return " ".join(text.split())[:100]
