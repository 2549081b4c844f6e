"""What a verifier finds, and what all of it comes to."""

from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple


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


def worst(findings: Iterable[Finding]) -> Weight:
    """What they come to; NOTE where there is none."""
    return max((one.weight for one in findings), default=Weight.NOTE)
