"""`make bench`: print a table, write bench-results.json."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import eventlog, receive, venue, wire
from tests.bench.measure import Row

RESULTS = Path("bench-results.json")


def main() -> int:
    """Measure everything; exit code 1 if a must is missed."""
    rows = [*wire.rows(), *receive.rows(), *eventlog.rows(), *venue.rows()]
    RESULTS.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")
    print_table(rows)
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
            f"{row.value:,.0f}",
            row.unit,
            "" if row.reference is None else f"{row.reference:,.0f}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.must is None else f"{sign} {row.must:g}",
            "" if row.goal is None else f"{row.goal:g}",
            {None: "", False: "[red]no", True: "[green]goal" if row.reached else "must"}[row.met],
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
