"""`make bench`: print a table, write bench-results.json; with --long what takes its time instead."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench import (
    commands,
    e2e,
    eventlog,
    instruments,
    million,
    rebuild,
    receive,
    standing,
    venue,
    verify,
    wire,
)
from tests.bench.measure import Row

RESULTS: Final = Path("bench-results.json")
LONG_RESULTS: Final = Path("bench-long-results.json")
Rows = Callable[[], Iterable[Row]]

PIECES: Final[dict[str, Rows]] = {
    "wire": wire.rows,
    "receive": receive.rows,
    "eventlog": eventlog.rows,
    "rebuild": rebuild.rows,
    "million": million.rows,
    "verify": verify.rows,
    "venue": venue.rows,
}
DAEMON: Final[dict[str, Rows]] = {"e2e": e2e.rows, "commands": commands.rows}
LONG: Final[dict[str, Rows]] = {
    "instruments": instruments.rows,
    "e2e_long": e2e.long_rows,
    "standing": standing.rows,
}


def main() -> int:
    """Measure; exit code 1 if a must is missed."""
    known = PIECES | DAEMON | LONG
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--daemon", action="store_true", help="also what needs the daemon")
    parser.add_argument(
        "--long", action="store_true", help=f"what takes its time, instead; results to {LONG_RESULTS}"
    )
    parser.add_argument("--only", choices=known, nargs="+", metavar="PART", help=f"of {', '.join(known)}")
    given = parser.parse_args()
    if given.only:
        parts = {name: known[name] for name in given.only}
    else:
        parts = LONG if given.long else PIECES | DAEMON if given.daemon else PIECES
    rows: list[Row] = []
    try:
        for measure in parts.values():
            rows.extend(measure())
    finally:  # what was measured before something went wrong is worth knowing
        print_table(rows)
    if not given.only:
        results = LONG_RESULTS if given.long else RESULTS
        results.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")
    missed = [row.name for row in rows if row.met is False]
    if missed:
        print(f"must missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def print_table(rows: list[Row]) -> None:
    """The rows for people."""
    table = Table("name", "value", "unit", "reference", "ratio", "must", "goal", "met")
    for row in rows:
        sign = "<=" if row.better == "lower" else ">="
        table.add_row(
            row.name,
            _figure(row.value),
            row.unit,
            "" if row.reference is None else _figure(row.reference),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.must is None else f"{sign} {row.must:g}",
            "" if row.goal is None else f"{row.goal:g}",
            {None: "", False: "[red]no", True: "[green]goal" if row.reached else "must"}[row.met],
        )
    Console(width=120).print(table)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
