"""A data folder, verified file by file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from .finding import Finding, Place, Weight
from .folder import Contents
from .heads import Heads
from .journal import JournalCheck
from .market import SegmentCheck

Paged = Callable[[Path, int, int], object]


class Verified(NamedTuple):
    """A file, and what was found in it."""

    file: Path
    account: str | None  # None: of the market log
    events: int  # or pushes
    head: str  # the chain's hash at the end, in hex; "" of the market log
    proven: Place | None  # the last event that a head vouches for, and when it was signed
    findings: list[Finding]


def verified(
    there: Contents, heads: Heads | None, *, deep: bool = True, paged: Paged = lambda path, done, of: None
) -> Iterator[Verified]:
    """All files, one after the other; `heads` None where nobody asked for any."""
    for path in there.journals:
        of_account = None if heads is None else heads.of(path.stem)
        journal = JournalCheck(path, of_account, deep=deep, paged=_of(path, paged))
        found = list(journal.findings())
        yield Verified(
            path, journal.account, journal.events, journal.chain.head.hex(), journal.heads.proven, found
        )
    for path in there.segments:
        segment = SegmentCheck(path, _of(path, paged))
        found = list(segment.findings())
        yield Verified(path, None, segment.pushes, "", None, found)


def beside(there: Contents, heads: Heads | None, account: str | None) -> Iterator[Finding]:
    """What concerns no file that was verified: the rest of the folder, heads of journals that are gone."""
    if heads is None:
        yield from there.findings
        return
    looked_at = heads.place.resolve()
    yield from (one for one in there.findings if one.code != "not_covered" or one.file.resolve() != looked_at)
    yield from heads.forged
    held = {path.stem for path in there.journals}
    for name in sorted(heads.by_account.keys() - held):
        if account in (None, name):
            latest = max(heads.of(name), key=lambda head: head.seq)
            text = f"{name} has no journal here, and at {latest.signed_at} its seq {latest.seq} was signed"
            yield Finding(Weight.FAULT, heads.place, "no_journal", text)


def _of(path: Path, paged: Paged) -> Callable[[int, int], object]:
    return lambda done, of: paged(path, done, of)
