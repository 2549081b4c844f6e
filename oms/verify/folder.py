"""What lies in a data folder: files that are verified, those beside them without facts, and all others."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from oms.eventlog.journal import ACCOUNT, BALLAST
from oms.eventlog.retention import BESIDE, places

from .finding import Finding, Weight

JOURNAL, MARKET = "journal", "market"  # in the data folder
# Beside a journal: what SQLite keeps, who writes it, a shortcut, a mark.
BESIDE_JOURNAL: Final = (".db", ".db-wal", ".db-shm", ".lock", ".snapshot", ".restored")
LEFT: Final = {"db-wal": "wal", "snapshot": "snapshot"}  # that nobody leaves without its journal


class Contents(NamedTuple):
    """Of a data folder, or of what was chosen of it."""

    journals: list[Path]
    segments: list[Path]
    findings: list[Finding]  # about files that nothing covers


def contents(data: Path, account: str | None = None) -> Contents:
    """What there is, of one account or of all.  With an account, everything else counts as not covered."""
    journals, market = data / JOURNAL, data / MARKET
    there, findings = _listed((data, journals, market))
    found = [path for path in there if path.parent == journals and _is_journal(path)]
    chosen = [path for path in found if account in (None, path.stem)]
    listed = market not in {one.file for one in findings}
    segments = [place.path(market) for place in places(market)] if listed and not account else []
    known = {path.with_name(path.stem + end) for path in chosen for end in BESIDE_JOURNAL}
    known |= {path.with_name(path.name + end) for path in segments for end in BESIDE}
    known |= {journals, market, journals / BALLAST}
    if not chosen:
        findings.append(Finding(Weight.DOUBT, journals, "no_journal", "there is no journal"))
    return Contents(chosen, segments, [*findings, *_left_alone(there, account), *_not_covered(there, known)])


def _listed(folders: Iterable[Path]) -> tuple[list[Path], list[Finding]]:
    """What is in them, and those that cannot be listed; one that is not there is empty."""
    there: list[Path] = []
    findings: list[Finding] = []
    for folder in folders:
        try:
            there += sorted(folder.iterdir())
        except FileNotFoundError:
            continue
        except OSError as why:
            text = f"cannot be listed: {why.strerror}"
            findings.append(Finding(Weight.DOUBT, folder, "unreadable", text))
    return there, findings


def _is_journal(path: Path) -> bool:
    return path.suffix == ".db" and bool(ACCOUNT.fullmatch(path.stem))


def _left_alone(there: list[Path], account: str | None) -> Iterator[Finding]:
    """What is left of journals that are not there: what was in them is lost."""
    for path in there:
        name, _, end = path.name.partition(".")
        if end not in LEFT or path.parent.name != JOURNAL or account not in (None, name):
            continue
        if _size(path) and not path.with_name(f"{name}.db").exists():
            yield Finding(Weight.FAULT, path, LEFT[end], "is there, but the journal it belongs to is not")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # its writer ended meanwhile


def _not_covered(there: list[Path], known: set[Path]) -> Iterator[Finding]:
    for path in there:
        if path not in known:
            what = "a folder that was not looked into" if path.is_dir() else "a file that was not looked at"
            yield Finding(Weight.NOTE, path, "not_covered", what)
