"""docs/metrics.md: every metric, written from its declaration, or compared with it.

python -m tests.docs_metrics            writes the document
python -m tests.docs_metrics --check    changes nothing; exit code 1 and a diff when it differs
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from oms.telemetry.declared import METRICS, Declared
from oms.telemetry.metrics import OTHER, SERIES_LIMIT

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "metrics.md"
REMEDY: Final = "python -m tests.docs_metrics"

HEAD: Final = f"""\
# Metrics

Every metric that `/metrics` tells, in Prometheus' text format. Written from the declarations in
`oms/telemetry/declared.py`; do not edit.

A metric is there as soon as something counts it. Counters begin at zero with the process. Of a histogram
`..._bucket`, `..._sum` and `..._count` are told. `target_info` names the version. One metric has at most
{SERIES_LIMIT:,} series; what comes after is counted under labels that all say `{OTHER}`. No label holds
a secret, a symbol or a ticket.

"""


def render() -> str:
    """The document."""
    rows = [_row(declared) for declared in METRICS]
    table = ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows]
    buckets = [
        f"- `{declared.exposed}`: {' '.join(f'{bound:g}' for bound in declared.buckets)}"
        for declared in METRICS
        if declared.buckets
    ]
    return "\n".join(
        [HEAD + "\n".join(table), "", "## Buckets", "", "Upper bounds, included.", "", *buckets, ""]
    )


def _row(declared: Declared) -> str:
    labels = ", ".join(f"`{label}`" for label in declared.labels)
    return f"| `{declared.exposed}` | {declared.kind} | {labels} | {declared.description} |"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = sys.stdout.write) -> int:
    """Write or check the document; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.docs_metrics", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 and a diff")
    parser.add_argument("path", nargs="?", type=Path, default=DOCUMENT, help="another copy of the document")
    options = parser.parse_args(arguments)
    path: Path = options.path
    if not options.check:
        path.write_text(render(), "utf-8")
        return 0
    text = path.read_text("utf-8") if path.exists() else ""
    wanted = render()
    diff = list(
        difflib.unified_diff(
            text.splitlines(), wanted.splitlines(), f"{path}", "as declared", n=0, lineterm=""
        )
    )
    if diff:
        say("\n".join([*diff, f"{path} differs from the declarations; `{REMEDY}` mends it", ""]))
    return int(bool(diff))


if __name__ == "__main__":
    sys.exit(main())
