"""docs/semantics.md 1, 4, 5: money by the ledger, what is booked apart from what has accrued."""

import pytest

from oms.domain.events import LedgerCorrected, LedgerOpened
from oms.domain.observations import How, MoneySeen

from .journal import NETTING, D, Journal, deal, held, money_deal
from .test_positions import N1


def balances(journal: Journal) -> tuple[str, str]:
    return str(journal.books.ledger.balance), str(journal.books.ledger.credit)


def test_tc_n2_net_is_what_the_server_sent_never_recomputed() -> None:
    journal = Journal(NETTING)
    journal.see(*N1)
    realised = journal.books.ledger.realised()
    assert (realised.trades, realised.profit, realised.commission) == (4, D("20.00"), D("-3.33"))
    assert realised.net == D("16.67")


def test_tc_n3_the_ledger_step_by_step() -> None:
    journal = Journal(NETTING)
    steps = []
    swap = deal(5, "buy", "0.15", "1.102", order="15", position="11", entry="out", swap="-0.18")
    for one in (money_deal(50, "balance", "10000.00"), *N1, swap):
        journal.see(one)
        steps.append(str(journal.books.ledger.balance))
    assert steps == ["10000.00", "9999.65", "9998.60", "10043.07", "10016.67", "10016.49"]
    assert held(journal) == []


def test_tc_n3_a_withheld_deal_is_told_by_how_much_and_mended_by_history() -> None:
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    journal.see(money_deal(50, "balance", "10000.00"), N1[0], N1[1], N1[3])
    told = MoneySeen(D("10016.67"), D("0.00"), "push", deal=N1[3].record.deal)
    assert journal.see(told, told) == ["ledger.difference"]
    (row,) = journal.kinds("ledger.difference")
    # 10 000 less 0.35, 1.05, 26.40 are 9 972.20: 44.47 of the withheld one are not there
    assert (row["balance"], row["credit"], row["reported_balance"]) == ("44.47", "0.00", "10016.67")
    listed = [type(one)(one.record, How.LISTED) for one in N1]
    assert journal.see(*listed) == ["deal.booked"]
    assert balances(journal) == ("10016.67", "0.00")
    assert journal.see(told) == []


def test_figures_of_before_a_later_deal_are_no_difference() -> None:
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    journal.see(money_deal(50, "balance", "10000.00"), *N1)
    older = ("9999.65", "9998.60", "10043.07")  # of TC-N3, after the first three
    for one, balance in zip(N1, older, strict=False):
        assert journal.see(MoneySeen(D(balance), D("0.00"), "push", deal=one.record.deal)) == []
    wrong = MoneySeen(D("9998.61"), D("0.00"), "push", deal=N1[1].record.deal)
    assert journal.see(wrong) == ["ledger.difference"]
    (row,) = journal.kinds("ledger.difference")
    assert (row["deal"], row["balance"]) == ("2", "0.01")


def test_a_difference_is_told_behind_every_deal_even_where_the_figures_are_those_of_the_last() -> None:
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    journal.see(money_deal(50, "balance", "100.00"), deal(1, "buy", "0.10", "1.1"))
    figures = [MoneySeen(D("107.00"), D("0.00"), "push", deal=ticket) for ticket in ("1", "2")]
    assert journal.see(figures[0], figures[0]) == ["ledger.difference"]
    journal.see(deal(2, "buy", "0.10", "1.1"))
    assert journal.see(figures[1], figures[1]) == ["ledger.difference"]
    rows = [(row["deal"], row["balance"]) for row in journal.kinds("ledger.difference")]
    assert rows == [("1", "7.00"), ("2", "7.00")]
    # Figures that no deal goes with say nothing new.
    assert journal.see(MoneySeen(D("107.00"), D("0.00"), "account")) == []


def test_figures_of_the_hour_that_comes_twice_are_no_difference() -> None:
    """The clock is put back between the two deals: the later one has the earlier time."""
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    late = "2026-10-25T03:50:00.000+03:00"
    again = "2026-10-25T03:10:00.000+02:00"
    journal.see(
        deal(1, "buy", "0.10", "1.1", commission="-1.00", time=late),
        deal(2, "buy", "0.10", "1.1", commission="-1.00", time=again),
        deal(3, "buy", "0.10", "1.1", commission="-1.00", time=again),
    )
    for ticket, balance in (("1", "-1.00"), ("2", "-2.00"), ("3", "-3.00")):
        assert journal.see(MoneySeen(D(balance), D("0.00"), "push", deal=ticket)) == []


def test_a_credit_that_differs_is_told_as_such() -> None:
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    journal.see(money_deal(50, "balance", "10000.00"), money_deal(51, "credit", "5.00"))
    older = MoneySeen(D("10000.00"), D("0.00"), "push", deal="50")
    assert journal.see(older) == []
    assert journal.see(MoneySeen(D("10000.00"), D("7.50"), "push", deal="51")) == ["ledger.difference"]
    (row,) = journal.kinds("ledger.difference")
    assert (row["balance"], row["credit"]) == ("0.00", "2.50")


def test_before_the_opening_entry_and_without_a_deal_the_figures_are_evidence() -> None:
    journal = Journal(NETTING)
    deposit = money_deal(50, "balance", "100.00")
    early = MoneySeen(D("250.00"), D("0.00"), "push", deal="50")
    assert journal.see(deposit, early) == ["deal.booked", "balance.reported"]
    journal.record([LedgerOpened(D("150.00"), D("0.00"))])
    assert journal.see(MoneySeen(D("251.00"), D("0.00"), "account")) == ["balance.reported"]
    removed = MoneySeen(D("252.00"), D("0.00"), "push", deal="77")  # a deal that does not count
    assert journal.see(removed) == ["balance.reported"]


@pytest.mark.parametrize(
    ("kind", "balance", "credit"),
    [
        ("balance", "100.00", "0.00"),
        ("credit", "0.00", "100.00"),
        ("bonus", "0.00", "100.00"),
        ("correction", "100.00", "0.00"),
        ("charge", "100.00", "0.00"),
        ("dividend", "100.00", "0.00"),
        ("commission_daily", "100.00", "0.00"),
        ("interest", "100.00", "0.00"),
        ("tax", "100.00", "0.00"),
        ("77", "100.00", "0.00"),  # a type that no table lists
    ],
)
def test_tc_p11_money_deals_move_money_alone(kind: str, balance: str, credit: str) -> None:
    journal = Journal(NETTING)
    journal.see(money_deal(1, kind, "100.00"))
    assert balances(journal) == (balance, credit)
    assert held(journal) == []
    assert journal.books.ledger.realised().trades == 0


def test_an_amended_deal_moves_the_difference_and_a_removed_one_all_of_it() -> None:
    journal = Journal(NETTING)
    journal.see(money_deal(50, "balance", "100.00"), *N1[:3])
    assert balances(journal) == ("143.07", "0.00")
    amended = deal(
        3,
        "sell",
        "0.15",
        "1.106",
        order="13",
        position="11",
        entry="out",
        profit="40.00",
        commission="-0.50",
        how=How.UPDATED,
    )
    journal.see(amended)
    assert balances(journal) == ("138.10", "0.00")
    journal.see(type(amended)(amended.record, How.REMOVED))
    assert balances(journal) == ("98.60", "0.00")
    assert journal.books.ledger.realised().trades == 2


def test_books_are_opening_plus_deals_plus_corrections() -> None:
    journal = Journal(NETTING)
    journal.see(money_deal(1, "balance", "100.00"))
    journal.record([LedgerOpened(D("900.55"), D("10.00"), deals=1)])
    journal.record([LedgerCorrected(D("-0.05"), D("5.00"), reason="broker mail of 3 May", by="anna")])
    assert balances(journal) == ("1000.50", "15.00")
    assert journal.books.ledger.opened


def test_an_amount_that_is_no_number_books_nothing() -> None:
    journal = Journal(NETTING)
    one = deal(1, "buy", "0.10", "1.1")
    from msgspec.structs import replace

    journal.see(type(one)(replace(one.record, profit=None, commission=D("-1.00")), How.ADDED))
    assert balances(journal) == ("-1.00", "0.00")


def test_sums_are_written_alike_whatever_led_there() -> None:
    plain, detour = Journal(NETTING), Journal(NETTING)
    odd = money_deal(2, "balance", "0.0000301")
    for journal in (plain, detour):
        journal.see(money_deal(1, "balance", "100.00"))
    detour.see(odd)
    assert balances(detour) == ("100.0000301", "0.00")
    detour.see(type(odd)(odd.record, How.REMOVED))
    assert balances(detour) == ("100.00", "0.00") == balances(plain)
