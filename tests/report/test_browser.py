"""A statement as a browser shows it, by the means of tests/explain/test_browser.py."""

from pathlib import Path

from oms.report import page
from tests.explain.test_browser import Shown, opened, pytestmark
from tests.queries.test_statement import STORY
from tests.verify.scene import Log

from .test_report import marks, report

__all__ = ["pytestmark"]  # it is skipped where there is no browser, and demanded by make test-html


def test_a_browser_shows_the_statement_and_its_curve(tmp_path: Path) -> None:
    made = Log(tmp_path / "data")
    made.record(*STORY, *marks())
    file = tmp_path / "statement.html"
    file.write_text(page(report(made, "2026-03-27", "2026-03-31")), "utf-8")
    made.close()
    done = opened(tmp_path, file, "--dump-dom")
    shown = Shown(done.stdout)
    assert shown.title == "Statement of main, 2026-03-27 to 2026-03-31"
    assert {"svg", "polyline"} <= shown.tags
    # Titles of five tables, and 7 sums, 3 days, 3 symbols, 5 types, 8 bookings.
    assert shown.rows == 5 + 7 + 3 + 3 + 5 + 8
    assert "CONSOLE" not in done.stderr
