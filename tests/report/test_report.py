"""Statements as pages and tables: every booking with what then stood in the books, and the curve."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from oms.domain.events import DealBooked, EquityMark
from oms.report import Report, gathered, page, sheet
from oms.report.curve import Point, thinned
from oms.rewind import Moment, NotAnswered, account_at
from tests.queries.test_statement import STORY
from tests.verify.scene import Log

D = Decimal
HOSTILE = '</p><script src="https://x.example/">alert(1)</script>'


def marks() -> Iterator[EquityMark]:
    """Equity that falls by 40.00 from the highest before it, and before and after that by less."""
    for minute, equity in enumerate(("1099.00", "1120.00", "1080.00", "1130.00", "1100.00")):
        at = f"2026-03-30T09:0{minute}:00.000+03:00"
        yield EquityMark("sample", D("1100.00"), D("0.00"), D("0.00"), D(equity), at=at)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.record(*STORY, *marks())
    yield made
    made.close()


def report(log: Log, first: str, last: str, seq: int | None = None) -> Report:
    account = account_at(log.data, "main", Moment(seq=seq), quotes=False)
    return trio.run(gathered, account.view, first, last)


def test_every_booking_with_what_then_stood_in_the_books(log: Log) -> None:
    """Added up by hand from the story's deals."""
    made = report(log, "2026-03-27", "2026-03-31")
    assert made.agrees
    assert [
        (line.booked["type"], str(line.net), str(line.balance), str(line.credit)) for line in made.lines
    ] == [
        ("balance", "1000.00", "1100.00", "0.00"),
        ("buy", "-0.35", "1099.65", "0.00"),
        ("sell", "11.47", "1111.12", "0.00"),
        ("sell", "-4.05", "1107.07", "0.00"),
        ("balance", "-300.00", "807.07", "0.00"),
        ("bonus", "50.00", "807.07", "50.00"),
        ("tax", "-1.20", "805.87", "50.00"),
        ("correction", "0.02", "805.89", "50.00"),
    ]
    assert (made.curve.fall, len(made.curve.equity)) == (D("40.00"), 5)
    assert [one.value for one in made.curve.money][:3] == [D("100.00"), D("1100.00"), D("1099.65")]


def test_one_day_and_a_day_of_before(log: Log) -> None:
    day = report(log, "2026-03-30", "2026-03-30")
    assert day.agrees
    assert (day.statement["opening"]["balance"], str(day.lines[-1].balance)) == ("1099.65", "807.07")
    # Behind deal 4 the paying out of deal 5 was not known.
    before = report(log, "2026-03-30", "2026-03-30", seq=7)
    assert (before.seq, str(before.lines[-1].balance), before.curve.fall) == (7, "1107.07", None)
    quiet = report(log, "2026-03-28", "2026-03-29")
    assert (quiet.agrees, quiet.lines, quiet.statement["closing"]["balance"]) == (True, [], "1099.65")
    assert "Equity was not marked" in page(quiet)


def test_a_report_that_contradicts_itself_says_so(log: Log) -> None:
    made = report(log, "2026-03-27", "2026-03-31")
    wrong = made._replace(lines=made.lines[:-1])
    assert not wrong.agrees
    assert "this report cannot be relied on" in page(wrong)
    assert "this report cannot be relied on" not in page(made)


def test_the_table_adds_up(log: Log) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet(report(log, "2026-03-27", "2026-03-31")))))
    opening, *bookings, closing = rows
    assert (opening["line"], opening["balance"], closing["line"]) == ("opening", "100.00", "closing")
    moved = sum(D(row["net"]) for row in bookings)
    assert D("100.00") + moved == D(closing["balance"]) + D(closing["credit"])
    third = bookings[2]
    assert (third["deal"], third["symbol"], third["profit"], third["commission"], third["swap"]) == (
        *("3", "EURUSD", "12.00", "-0.35", "-0.18"),
    )


def test_the_page_needs_nothing_and_runs_nothing(log: Log) -> None:
    log.record(
        DealBooked(
            "8", type="balance", profit=D("1.00"), comment=HOSTILE, time="2026-03-31T13:00:00.000+03:00"
        )
    )
    text = page(report(log, "2026-03-27", "2026-03-31"))
    assert "<script" not in text
    assert "&lt;script src=&quot;https://x.example/&quot;&gt;" in text
    assert re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?[a-z]+:', text) == []
    assert "default-src 'none'" in text
    assert "<td>8</td>" in text
    (svg,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    lines = {one.get("class"): one.get("points", "") for one in ET.fromstring(svg).iter("polyline")}  # noqa: S314
    assert len(lines["equity"].split()) == 5
    heights = [float(point.split(",")[1]) for point in lines["equity"].split()]
    assert max(heights) == heights[2]  # the lowest, for SVG counts downwards
    assert min(heights) == heights[3]


def test_what_is_no_period_is_told(log: Log) -> None:
    with pytest.raises(NotAnswered, match="2026-03-27 is before 2026-03-31"):
        report(log, "2026-03-31", "2026-03-27")


def test_a_long_curve_keeps_its_lowest_and_highest() -> None:
    points = [Point(float(at), D(at % 1000)) for at in range(100_000)]
    points[50_123] = Point(50_123.0, D(-7))
    kept = thinned(points, 0.0, 100_000.0)
    assert len(kept) <= 4 * 401
    assert Point(50_123.0, D(-7)) in kept
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert max(one.value for one in kept) == 999
    assert [one.at for one in kept] == sorted(one.at for one in kept)
