"""What lies in a data folder: files that are verified, those beside them without facts, and all others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from oms.eventlog.journal import ACCOUNT, BALLAST
from oms.eventlog.retention import BESIDE, places

from .finding import Finding, Weight

JOURNAL, MARKET = "journal", "market"  # in the data folder
# Beside a journal: what SQLite keeps, who writes it, a shortcut, a mark.
BESIDE_JOURNAL: Final = (".db", ".db-wal", ".db-shm", ".lock", ".snapshot", ".restored")


class Contents(NamedTuple):
    """Of a data folder, or of what was chosen of it."""

    journals: list[Path]
    segments: list[Path]
    findings: list[Finding]  # about files that nothing covers


def contents(data: Path, account: str | None = None) -> Contents:
    """What there is, of one account or of all; raises OSError.

    With an account, everything else counts as not covered.
    """
    journals, market = data / JOURNAL, data / MARKET
    found = sorted(path for path in journals.glob("*.db") if ACCOUNT.fullmatch(path.stem))
    chosen = [path for path in found if account in (None, path.stem)]
    segments = [] if account else [place.path(market) for place in places(market)]
    known = {path.with_name(path.stem + end) for path in chosen for end in BESIDE_JOURNAL}
    known |= {path.with_name(path.name + end) for path in segments for end in BESIDE}
    known |= {journals / BALLAST}
    return Contents(chosen, segments, [*_left_alone(journals, chosen), *_not_covered(data, known)])


def _left_alone(journals: Path, chosen: list[Path]) -> Iterator[Finding]:
    """Logs of journals that are not there: what was in them is lost."""
    for log in sorted(journals.glob("*.db-wal")):
        journal = log.with_name(log.name.removesuffix("-wal"))
        if log.stat().st_size and not journal.exists():
            yield Finding(Weight.FAULT, log, "wal", "is there, but the journal it belongs to is not")


def _not_covered(data: Path, known: set[Path]) -> Iterator[Finding]:
    for folder in (data, data / JOURNAL, data / MARKET):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path not in known and path not in (data / JOURNAL, data / MARKET):
                what = (
                    "a folder that was not looked into" if path.is_dir() else "a file that was not looked at"
                )
                yield Finding(Weight.NOTE, path, "not_covered", what)
