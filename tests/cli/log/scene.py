"""A data folder with journals in it, and what Python's own sqlite3 reads of them."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from oms.cli.log.app import app
from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from tests.cli.process import Command, Here
from tests.eventlog.scene import NOON, opened

SECOND = 1_000_000_000
log = Command("oms.cli.log.app:app")
here = Here(app)


def journal(data: Path, account: str, start: int = NOON, step: int = SECOND, **options: Any) -> Journal:
    """A journal whose events are a second apart."""
    ticking = itertools.count(start, step)
    return opened(data / "journal", account, clock=lambda: next(ticking), **options)


def draft(tag: str, symbol: str | None = None, **data: Any) -> Draft:
    return Draft(tag, 1, data | ({"symbol": symbol} if symbol else {}))


def bodies(data: Path, account: str) -> list[str]:
    """What is stored, by no code of ours."""
    with closing(sqlite3.connect(data / "journal" / f"{account}.db")) as connection:
        return [body.decode() for (body,) in connection.execute("SELECT body FROM event ORDER BY seq")]
