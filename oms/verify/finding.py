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
    """An event that is what it was when it was recorded, as far as the chain shows."""

    seq: int
    recorded_at: str


class Finding(NamedTuple):
    """One thing."""

    weight: Weight
    file: Path
    code: str  # a word for programs: docs/cli.md lists them
    text: str
    seq: int | None = None  # where; None: it concerns the file
    since: Place | None = None  # the last event before it that nothing speaks against

    @property
    def line(self) -> str:
        """For people."""
        where = f"{self.file}" if self.seq is None else f"{self.file}: seq {self.seq}"
        since = f"; what is before is whole up to seq {self.since.seq}, {self.since.recorded_at}"
        return f"{where}: {self.text}{since if self.since else ''}"


def worst(findings: Iterable[Finding]) -> Weight:
    """What they come to; NOTE where there is none."""
    return max((one.weight for one in findings), default=Weight.NOTE)
