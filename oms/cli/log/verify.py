"""`oms log verify`: what was logged, held against what is there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from oms.cli.ending import FAILED, OK, WRONG, heard
from oms.cli.log.places import Place
from oms.cli.printing import BAD, GOOD, POOR, Column, console, plain, print_json, put_table, table
from oms.verify.finding import Finding, Weight, worst
from oms.verify.folder import contents
from oms.verify.heads import Heads
from oms.verify.verified import Paged, Verified, beside, verified

FILES: Final = (
    Column("file"), Column("events", number=True), Column("head", cut=True), Column("proven up to"),
    Column("signed"), Column("found"),
)  # fmt: skip
CODES: Final = {Weight.NOTE: OK, Weight.DOUBT: WRONG, Weight.FAULT: FAILED}
VERDICTS: Final = {Weight.NOTE: "valid", Weight.DOUBT: "not checked", Weight.FAULT: "not what was logged"}
WORDS: Final = {Weight.NOTE: "note", Weight.DOUBT: "could not check", Weight.FAULT: "wrong"}
STYLES: Final = {Weight.NOTE: "", Weight.DOUBT: POOR, Weight.FAULT: BAD}
UNPROVEN: Final = "without signed heads (--heads) nobody sees a tail that was cut off or written anew"


class Outcome(NamedTuple):
    """All of it."""

    data: Path
    files: list[Verified]
    beside: list[Finding]
    proven: bool  # heads were asked for

    @property
    def findings(self) -> list[Finding]:
        """Everywhere."""
        return [one for file in self.files for one in file.findings] + self.beside

    @property
    def weight(self) -> Weight:
        """The verdict."""
        return worst(self.findings)


def verify(place: Place, account: str | None, heads: Heads | None, *, deep: bool, json: bool) -> int:
    """Verify, show it; the exit code, whether anybody reads it or not.  Failure for an unknown account."""
    there = contents(place.data, account)
    if account is not None:
        place.chosen(account)
    with _progress() as paged:
        files = list(verified(there, heads, deep=deep, paged=paged))
    outcome = Outcome(place.data, files, list(beside(there, heads, account)), heads is not None)
    heard(lambda: print_json(_told(outcome)) if json else _print(outcome))
    return CODES[outcome.weight]


@contextmanager
def _progress() -> Iterator[Paged]:
    """A bar for each file, on a terminal only; it goes when all is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    err = Console(stderr=True)
    with Progress(*columns, console=err, transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[Path, Any] = {}

        def paged(path: Path, done: int, of: int) -> None:
            if path not in tasks:
                tasks[path] = bars.add_task(path.name)
            bars.update(tasks[path], completed=done, total=of)

        yield paged


# What is told.


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "data": str(outcome.data),
        "verdict": VERDICTS[outcome.weight].replace(" ", "_"),
        "files": [
            {
                "file": str(one.file),
                "account": one.account,
                "events": one.events,
                "head": one.head or None,
                "proven": one.proven and {"seq": one.proven.seq, "signed_at": one.proven.at},
                "findings": [_finding(found) for found in one.findings],
            }
            for one in outcome.files
        ],
        "findings": [_finding(one) for one in outcome.beside],
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "weight": one.weight.name.lower(),
        "code": one.code,
        "file": str(one.file),
        "seq": one.seq,
        "text": one.text,
        "whole_until": one.since and {"seq": one.since.seq, "at": one.since.at},
    }


def _print(outcome: Outcome) -> None:
    out = console()
    if outcome.files:
        put_table(out, table(FILES, [_row(outcome, one) for one in outcome.files]))
        out.print()
    for one in sorted(outcome.findings, key=lambda one: -one.weight):
        if one.code != "tail_unproven" or one.weight or outcome.proven:  # else said once, below
            out.print(Text(f"{WORDS[one.weight]}: {_line(outcome, one)}", style=STYLES[one.weight]))
    weight = outcome.weight
    told = VERDICTS[weight]
    if not weight and not outcome.proven:
        told += f"; the tail is not proven: {UNPROVEN}"
    out.print(Text(told, style=STYLES[weight] or GOOD))


def _row(outcome: Outcome, one: Verified) -> list[object]:
    weight = worst(one.findings)
    seq, at = (one.proven.seq, one.proven.at[:19]) if one.proven else ("", "")
    found = Text("nothing wrong" if weight == Weight.NOTE else WORDS[weight], style=STYLES[weight] or GOOD)
    return [_name(outcome, one.file), one.events, one.head[:16], seq, at, found]


def _line(outcome: Outcome, one: Finding) -> str:
    return plain(one._replace(file=Path(_name(outcome, one.file))).line)


def _name(outcome: Outcome, file: Path) -> str:
    """Within the data folder."""
    return str(file.relative_to(outcome.data)) if file.is_relative_to(outcome.data) else str(file)
