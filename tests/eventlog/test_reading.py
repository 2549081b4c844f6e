"""`oms.eventlog.read`: a data folder as an iterator of events."""

from pathlib import Path

import pytest

import oms.eventlog
from oms.eventlog.envelope import Draft
from oms.eventlog.errors import Damaged, Unreadable
from tests.eventlog.scene import NOON, opened

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hedge at noon and each second behind it, net half a second later each."""
    folder = tmp_path_factory.mktemp("data")
    for account, start in (("hedge", NOON), ("net", NOON + SECOND // 2)):
        times = iter(range(start, start + 100 * SECOND, SECOND))
        journal = opened(folder / "journal", account, clock=lambda times=times: next(times))
        for number in (1, 2, 3):
            symbol = "EURUSD" if number < 3 else "USDJPY"
            journal.write([Draft("deal.booked", 1, {"deal": str(number), "symbol": symbol})])
        journal.close()
    return folder


def test_an_account_comes_by_seq(data: Path) -> None:
    found = list(oms.eventlog.read(data, "hedge"))
    assert [one.seq for one in found] == [1, 2, 3, 4]
    assert [one.type for one in found] == ["account.opened", *["deal.booked"] * 3]
    assert found[2].data == {"deal": "2", "symbol": "EURUSD"}


def test_all_accounts_come_by_time(data: Path) -> None:
    found = [(one.account, one.seq) for one in oms.eventlog.read(str(data))]
    assert found == [(account, seq) for seq in (1, 2, 3, 4) for account in ("hedge", "net")]


def test_what_is_asked_for(data: Path) -> None:
    def seqs(**asked: object) -> list[int]:
        return [one.seq for one in oms.eventlog.read(data, "hedge", **asked)]  # type: ignore[arg-type]

    assert seqs(after=1, until=3) == [2, 3]
    assert seqs(types=["deal.*"], symbol="EURUSD") == [2, 3]
    assert seqs(types=["account.opened"]) == [1]
    assert seqs(since=NOON + SECOND, before=NOON + 3 * SECOND) == [2, 3]


def test_an_event_in_parts_comes_whole(tmp_path: Path) -> None:
    tickets = [str(10**17 + number) for number in range(30_000)]
    journal = opened(tmp_path / "journal")
    journal.write([Draft("reconcile.report", 1, {"cause": "start", "equal": True, "deals_new": tickets})])
    journal.write([Draft("deal.booked", 1, {"deal": "1"})])
    last = journal.seq
    journal.close()
    report, deal = list(oms.eventlog.read(tmp_path, "main"))[1:]
    assert report.data["deals_new"] == tickets
    assert (deal.seq, deal.type) == (last, "deal.booked")
    assert last > 3
    # Up to a part that is not the last, it is not there yet.
    assert [one.type for one in oms.eventlog.read(tmp_path, "main", until=2)] == ["account.opened"]
    # Behind a part that is not the last, it began before: what follows it is not lost with it.
    assert [one.seq for one in oms.eventlog.read(tmp_path, "main", after=report.seq)] == [last]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="there are no journals"):
        oms.eventlog.read(tmp_path)
    (tmp_path / "journal").mkdir()
    assert list(oms.eventlog.read(tmp_path)) == []
    with pytest.raises(Unreadable):
        list(oms.eventlog.read(tmp_path, "main"))
    (tmp_path / "journal" / "main.db").write_bytes(b"SQLite format 3\x00" + b"x" * 5000)
    with pytest.raises((Damaged, Unreadable)):
        list(oms.eventlog.read(tmp_path, "main"))


def test_one_type_may_be_said_as_a_text(data: Path) -> None:
    """Not taken for its letters, which are no types, so that nothing would be found."""
    assert [one.seq for one in oms.eventlog.read(data, "hedge", types="deal.*")] == [2, 3, 4]
