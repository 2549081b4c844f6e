"""A report as CSV: the opening, each booking with what then stood in the books, the closing."""

import csv
import io
from typing import Any, Final

from .gathered import SHOWN, Report

COLUMNS: Final = ("line", "time", *SHOWN, "net", "balance", "credit")


def sheet(report: Report) -> str:
    """All of it, with titles.  Amounts are exact, in the account's currency."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    told = report.statement
    writer.writerow({"line": "opening", "time": report.first, **told["opening"]})
    for line in report.lines:
        money: dict[str, Any] = {"net": line.net, "balance": line.balance, "credit": line.credit}
        writer.writerow({"line": "booking", "time": line.time.rstrip("~"), **line.booked, **money})
    writer.writerow({"line": "closing", "time": report.last, **told["closing"]})
    return text.getvalue()
