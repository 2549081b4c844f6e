"""What each day of the server booked, by type and symbol; a deal belongs to its own day."""

from typing import Any

from msgspec.structs import astuple, replace

from oms.domain.events import DealBooked, LedgerCorrected, LedgerOpened
from oms.domain.observations import DealSeen, How
from oms.domain.records import DealRecord
from oms.projections import Books
from oms.projections.days import Booked

from .journal import NETTING, D, Journal, deal

FRIDAY, MONDAY = "2026-03-27", "2026-03-30"  # summer time begins in the night to Sunday


def on(day: str, time: str, seen: DealSeen) -> DealSeen:
    offset = "+02:00" if day < "2026-03-29" else "+03:00"
    return DealSeen(replace(seen.record, time=f"{day}T{time}.000{offset}"), seen.how)


def cash(ticket: int, kind: str, **money: str) -> DealSeen:
    amounts: dict[str, Any] = {name: D(value) for name, value in money.items()}
    record = DealRecord(str(ticket), type=kind, **amounts)
    return DealSeen(record, How.ADDED)


IN = deal(2, "buy", "0.30", "1.1", commission="-1.05")
OUT = deal(
    3, "sell", "0.30", "1.1", entry="out", profit="45.00", commission="-1.05", swap="-0.18", fee="-0.02"
)
STORY = (
    on(FRIDAY, "09:00:00", cash(1, "balance", profit="1000.00")),
    on(FRIDAY, "23:59:59", IN),
    on(MONDAY, "00:00:00", OUT),
    on(MONDAY, "10:00:00", cash(4, "balance", profit="-200.00")),
    on(MONDAY, "11:00:00", cash(5, "bonus", profit="30.00")),
    on(MONDAY, "23:00:00", cash(6, "commission_daily", commission="-2.50")),
    on(MONDAY, "23:00:00", cash(7, "77", profit="1.00", fee="-0.25")),  # a type that no table lists
)


def days(books: Books) -> dict[str, dict[tuple[str, str], Booked]]:
    return {name: day.booked for name, day in books.days.between("", "~")}


def booked(deals: int, volume: str = "0", **money: str) -> Booked:
    amounts: dict[str, Any] = {name: D(value) for name, value in money.items()}
    return Booked(deals, D(volume), **amounts)


EXPECTED = {
    FRIDAY: {
        ("balance", ""): booked(1, profit="1000.00", gained="1000.00"),
        ("buy", "EURUSD"): booked(1, "0.30", commission="-1.05", lost="-1.05"),
    },
    MONDAY: {
        ("sell", "EURUSD"): booked(
            *(1, "0.30"), profit="45.00", commission="-1.05", swap="-0.18", fee="-0.02", gained="43.75"
        ),
        ("balance", ""): booked(1, profit="-200.00", lost="-200.00"),
        ("bonus", ""): booked(1, profit="30.00", gained="30.00"),
        ("commission_daily", ""): booked(1, commission="-2.50", lost="-2.50"),
        ("77", ""): booked(1, profit="1.00", fee="-0.25", gained="0.75"),
    },
}


def test_each_day_has_its_own_deals_by_type_and_symbol() -> None:
    journal = Journal(NETTING)
    journal.see(*STORY)
    assert days(journal.books) == EXPECTED
    moved = {name: day.moved for name, day in journal.books.days.between("", "~")}
    # 1000 - 1.05; 43.75 - 200 - 2.50 + 0.75
    assert moved == {FRIDAY: (D("998.95"), D(0)), MONDAY: (D("-158.00"), D("30.00"))}
    assert journal.books.days.moved_since(MONDAY) == (D("-158.00"), D("30.00"))
    assert [name for name, _ in journal.books.days.between(FRIDAY, "2026-03-29")] == [FRIDAY]


def test_the_order_in_which_deals_are_heard_of_makes_no_difference() -> None:
    straight, turned = Journal(NETTING), Journal(NETTING)
    straight.see(*STORY)
    turned.see(*reversed(STORY), *STORY)
    assert days(turned.books) == EXPECTED
    assert turned.books.days.essence() == straight.books.days.essence()


def test_an_amended_deal_moves_to_its_new_day_and_a_removed_one_is_gone() -> None:
    journal = Journal(NETTING)
    journal.see(*STORY)
    before = journal.books.state_hash()
    later = on(MONDAY, "00:00:01", DealSeen(replace(IN.record, commission=D("-2.00")), How.LISTED))
    journal.see(later)
    found = days(journal.books)
    assert found[FRIDAY] == {("balance", ""): EXPECTED[FRIDAY]["balance", ""]}
    assert found[MONDAY]["buy", "EURUSD"] == booked(1, "0.30", commission="-2.00", lost="-2.00")
    journal.see(DealSeen(later.record, How.REMOVED))
    assert ("buy", "EURUSD") not in days(journal.books)[MONDAY]
    again = DealSeen(replace(IN.record, time=f"{FRIDAY}T23:59:59.000+02:00"), How.LISTED)
    journal.see(again)
    assert days(journal.books) == EXPECTED
    assert journal.books.state()["days"] == journal.rebuilt().state()["days"]
    assert journal.books.days.essence() == journal.rebuilt().days.essence()
    assert before != ""


def test_a_deal_and_a_correction_of_one_day_are_summed_once_after_a_hash() -> None:
    """Deals are booked when somebody asks; a sum of before must not lack what was not in it yet."""
    correction = LedgerCorrected(D("1.00"), D("0.00"), "counted twice", at=IN.record.time)
    asked, straight = Books(), Books()
    asked.state_hash()  # from now on its sums are followed
    for books in (asked, straight):
        books.fold_all([DealBooked(*astuple(IN.record)), correction])
    assert asked.days.essence() == straight.days.essence()


def test_a_correction_stands_on_its_day_and_one_without_a_time_before_all() -> None:
    books = Books()
    books.fold_all(
        [
            LedgerOpened(D("5.00"), D("0.00")),
            LedgerCorrected(D("-0.10"), D("1.00"), "counted twice", at=f"{MONDAY}T10:00:00.000+03:00"),
            LedgerCorrected(D("0.30"), D("0.00"), "old"),
            DealBooked("9", type="balance", profit=D("2.00")),
        ]
    )
    found: dict[str, Any] = {name: day.moved for name, day in books.days.between("", "~")}
    assert found == {"": (D("2.30"), D("0.00")), MONDAY: (D("-0.10"), D("1.00"))}
    assert (books.ledger.balance, books.ledger.credit) == (D("7.20"), D("1.00"))  # the opening is no day's


def test_a_day_on_which_everything_was_taken_back_is_no_day() -> None:
    journal = Journal(NETTING)
    journal.see(STORY[0])
    journal.see(DealSeen(STORY[0].record, How.REMOVED))
    assert days(journal.books) == {}
    assert journal.books.days.essence()["count"] == 0
