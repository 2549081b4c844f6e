"""`oms report` on a data folder: days that are over, days that are not, and what is no day."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from oms.cli.ending import Failure
from oms.cli.log.places import Place
from oms.cli.report.show import Asked, show
from oms.domain.events import DealBooked, LedgerOpened
from tests.cli.log.scene import journal
from tests.cli.process import Command
from tests.queries.test_statement import STORY
from tests.verify.scene import Log

D = Decimal
ASKED = Asked("main", ("2026-03-27", "2026-03-31"), "csv", None, None)
report = Command("oms.cli.report.app:app")
Out = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Booked in March, and the log goes on until noon of 2026-11-20, UTC."""
    log = Log(tmp_path / "data")
    log.record(*STORY)
    log.close()
    return tmp_path / "data"


def test_days_that_are_over_are_whole(data: Path, capsys: Out) -> None:
    assert show(Place(data), ASKED) == 0
    out, err = capsys.readouterr()
    assert err == ""
    opening, *bookings, closing = csv.DictReader(io.StringIO(out))
    assert (opening["balance"], closing["balance"], closing["credit"]) == ("100.00", "805.89", "50.00")
    assert sum(D(one["net"]) for one in bookings) == D("805.89") + D("50.00") - D("100.00")


@pytest.mark.parametrize("last", ["2026-11-20", "2026-11-21", None])
def test_a_day_that_the_log_does_not_know_whole_is_told(data: Path, capsys: Out, last: str | None) -> None:
    """The clock of its last event is two hours before the server's, in winter."""
    asked = ASKED._replace(days=("2026-11-01", last))
    assert show(Place(data), asked) == 0
    told = "The log knows nothing of later than 2026-11-20 1"
    assert told in capsys.readouterr().err
    assert show(Place(data), asked._replace(form="html")) == 0
    assert told in capsys.readouterr().out
    assert show(Place(data), ASKED._replace(days=("2026-11-01", "2026-11-19"), form="html")) == 0
    out, err = capsys.readouterr()
    assert ("knows nothing" in out, err) == (False, "")


def test_only_deposits(tmp_path: Path, capsys: Out) -> None:
    log = Log(tmp_path)
    paid = [
        DealBooked(
            str(number), type="balance", profit=D("0.10"), time=f"2026-03-{number:02}T23:59:59.999+02:00"
        )
        for number in range(1, 21)
    ]
    log.record(STORY[0], *paid, LedgerOpened(D("0.00"), D("0.00")))
    log.close()
    assert show(Place(tmp_path), ASKED._replace(days=("2026-03-05", "2026-03-08"))) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(one["line"], one["balance"]) for one in rows] == [
        *(("opening", "0.40"), ("booking", "0.50"), ("booking", "0.60")),
        *(("booking", "0.70"), ("booking", "0.80"), ("closing", "0.80")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"days": ("2026-02-30", None)}, 2, "'2026-02-30' is no day such as"),
        ({"days": ("2026-03-02", "2026-03-01")}, 2, "2026-03-01 is before 2026-03-02"),
        ({"account": "other"}, 3, "no account 'other'; there are: main"),
        ({"until": 10**9}, 2, "--until: main: 1000000000 is not recorded, the last is 11"),
    ],
)
def test_what_makes_no_sense_is_told(data: Path, changes: dict[str, object], code: int, message: str) -> None:
    with pytest.raises(Failure, match=message) as found:
        show(Place(data), ASKED._replace(**changes))  # type: ignore[arg-type]
    assert found.value.code == code


@pytest.mark.slow
def test_of_several_accounts_one_has_to_be_said(data: Path, tmp_path: Path) -> None:
    journal(data, "other").close()
    done = report("day", "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert "say --account main or other" in done.stderr
    page = tmp_path / "page.html"
    done = report("period", "2026-03-27", "2026-03-31", "--data", data, "--account", "main", "-o", page)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "Statement of main, 2026-03-27 to 2026-03-31" in page.read_text("utf-8")
    done = report("day", "--data", data, "--account", "main", "-o", tmp_path / "no" / "page.html")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
