"""What a verifier finds, and what all of it comes to."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

MOST: Final = 20  # findings of one kind that are told; the rest is counted


class Weight(IntEnum):
    """How much a finding weighs: more goes before less."""

    NOTE = 0  # worth knowing; nothing is wrong
    DOUBT = 1  # something could not be checked
    FAULT = 2  # tampered with, or damaged


class Place(NamedTuple):
    """An event, and when it was recorded or signed: UTC, RFC 3339."""

    seq: int
    at: str


class Finding(NamedTuple):
    """One thing."""

    weight: Weight
    file: Path
    code: str  # a word for programs: docs/cli.md lists them
    text: str
    seq: int | None = None  # where; None: it concerns the file
    since: Place | None = None  # the last event before it that is what it was

    @property
    def line(self) -> str:
        """For people."""
        where = f"{self.file}" if self.seq is None else f"{self.file}: seq {self.seq}"
        since = f"; whole up to seq {self.since.seq}, {self.since.at}" if self.since else ""
        return f"{where}: {self.text}{since}"


def told(file: Path, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Those of a file; of each kind the first, and how many more there are."""
    counts: Counter[str] = Counter()
    for one in findings:
        counts[one.code] += 1
        if counts[one.code] <= MOST:
            yield one
    for code, count in counts.items():
        if count > MOST:
            text = f"{count - MOST} more of this kind ({code}) are not listed"
            yield Finding(Weight.NOTE, file, code, text)


def worst(findings: Iterable[Finding]) -> Weight:
    """What they come to; NOTE where there is none."""
    return max((one.weight for one in findings), default=Weight.NOTE)
