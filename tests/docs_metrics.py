"""docs/metrics.md, written from the declarations of the metrics."""

from typing import Final

from oms.telemetry.declared import METRICS, Declared
from oms.telemetry.metrics import OTHER, SERIES_LIMIT

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
