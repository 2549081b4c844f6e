"""A report as one HTML page."""

from collections.abc import Mapping
from typing import Any, Final

from oms.html_page import framed, section, table, text

from .gathered import AMOUNTS, SHOWN, Line, Report
from .svg import STYLE, drawn

LINES: Final = 5000  # bookings in a page; the rest is in the CSV
SUMS: Final = ("deals", "volume", *AMOUNTS, "net", "gained", "lost")
NUMBERS: Final = frozenset({*SUMS, "balance", "credit", "price", "opening", "closing", "corrected"})


def page(report: Report) -> str:
    """The whole page, UTF-8 text."""
    told, terms = report.statement, report.terms
    period = report.first if report.first == report.last else f"{report.first} to {report.last}"
    title = f"Statement of {report.account}, {period}"
    who = [terms.get(name) for name in ("name", "company", "server", "currency")]
    parts = [
        f"<h1>{text(title)}</h1>",
        f'<p class="lead">{text(", ".join(str(one) for one in who if one))}</p>',
        *([] if report.agrees else [f'<p class="other">{text(_contradiction(report))}</p>']),
        *([] if report.whole else [f"<p>{text(unfinished(report))}</p>"]),
        *([] if told["booked"] else [f"<p>{text(UNBOOKED)}</p>"]),
        *section("What it came to", table(("", "balance", "credit"), _summary(told), NUMBERS)),
        *section("Equity", drawn(report.curve)),
        *section("Days", table(("day", "opening", "booked", "corrected", "closing"), _days(told), NUMBERS)),
        *section("Symbols", table(("symbol", *SUMS), told["symbols"], NUMBERS)),
        *section("Types of deals", table(("type", *SUMS), told["kinds"], NUMBERS)),
        *section("Bookings", _bookings(report)),
        f'<p class="small">Days and times are those of the server\'s clock. Read from the journal of '
        f"{text(report.account)} up to seq {report.seq}; its chain is at <code>{text(report.head)}</code>: "
        "oms log verify proves what it was made of. Opening and all bookings come to closing, exactly.</p>",
    ]
    return framed(title, parts, STYLE)


UNBOOKED: Final = (
    "The history before the first known deal is not booked yet: opening and closing are what the known deals "
    "come to."
)


def unfinished(report: Report) -> str:
    """That it may not be the last word."""
    known = f"The log knows nothing of later than {report.known} by the server's clock"
    return f"{known}: {report.last} may not be whole."


def _contradiction(report: Report) -> str:
    closing = report.statement["closing"]
    return (
        f"The bookings do not come to the closing balance {closing['balance']} and credit "
        f"{closing['credit']}: this report cannot be relied on"
    )


def _summary(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"": "opening", **told["opening"]},
        {"": "paid in", "balance": told["paid_in"]},
        {"": "paid out", "balance": told["paid_out"]},
        {"": "trading", "balance": told["trading"]["net"]},
        {"": "other", **told["other"]},
        {"": "corrected", **told["corrected"]},
        {"": "closing", **told["closing"]},
    ]


def _days(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Balances; credit has its lines among the bookings."""
    return [
        {
            "day": day["day"],
            "opening": day["opening"]["balance"],
            "booked": ", ".join(f"{kind['type']} {kind['net']}" for kind in day["kinds"]),
            "corrected": day["corrected"]["balance"],
            "closing": day["closing"]["balance"],
        }
        for day in told["days"]
    ]


def _bookings(report: Report) -> list[str]:
    lines = report.lines[:LINES]
    found = table(("time", *SHOWN, "net", "balance", "credit"), map(_row, lines), NUMBERS)
    rest = len(report.lines) - len(lines)
    return [*found, *([f"<p>{rest} more are left out here; the CSV has all.</p>"] if rest else [])]


def _row(line: Line) -> dict[str, Any]:
    return {"time": line.time.rstrip("~").replace("T", " "), **line.booked} | {
        "net": line.net, "balance": line.balance, "credit": line.credit,
    }  # fmt: skip
