"""docs/semantics.md 4: positions from deals alone, netting and hedging."""

from typing import Any

import pytest

from oms.domain.events import PositionAdopted
from oms.domain.observations import DealSeen, How, PositionSeen
from oms.domain.records import PositionRecord

from .journal import HEDGING, NETTING, D, Journal, deal, every_order, held

N1 = (
    deal(1, "buy", "0.10", "1.1", order="11", position="11", commission="-0.35"),
    deal(2, "buy", "0.30", "1.104", order="12", position="11", commission="-1.05"),
    deal(
        3, "sell", "0.15", "1.106", order="13", position="11", entry="out", profit="45.00", commission="-0.53"
    ),
    deal(
        4,
        "sell",
        "0.40",
        "1.102",
        order="14",
        position="11",
        entry="inout",
        profit="-25.00",
        commission="-1.40",
    ),
)


def test_tc_n1_netting_adds_reduces_reverses() -> None:
    journal = Journal(NETTING)
    seen = []
    for one in N1:
        journal.see(one)
        seen += held(journal)
    assert seen == [
        "11/11 buy 0.10 @ 1.1",
        "11/11 buy 0.40 @ 1.103",
        "11/11 buy 0.25 @ 1.103",
        "11/14 sell 0.15 @ 1.102",
    ]
    assert journal.books.ledger.realised().profit == D("20.00")


@pytest.mark.parametrize("deals", every_order(*N1))
def test_tc_n1_in_any_order_each_twice(deals: tuple[DealSeen, ...]) -> None:
    journal, straight = Journal(NETTING), Journal(NETTING)
    journal.see(*(one for each in deals for one in (each, each)))
    straight.see(*N1)
    assert held(journal) == ["11/14 sell 0.15 @ 1.102"]
    assert journal.books.state_hash() == straight.books.state_hash()


# The clock is put back behind the first of them: what was 04:00 is 03:00 again.
AUTUMN = "2026-10-25T03:{}:00.000+03:00"
TWICE = (
    deal(1, "buy", "0.10", "1.1", order="11", position="11", time=AUTUMN.format(50)),
    deal(2, "sell", "0.10", "1.2", order="12", position="11", entry="out", time=AUTUMN.format(10)),
    deal(3, "sell", "0.20", "1.2", order="13", position="13", time=AUTUMN.format(20)),
    deal(4, "buy", "0.05", "1.1", order="14", position="13", entry="out", time=AUTUMN.format(55)),
)


@pytest.mark.parametrize("mode", [NETTING, HEDGING])
@pytest.mark.parametrize("deals", every_order(*TWICE))
def test_in_the_hour_that_comes_twice_deals_stand_by_their_tickets(
    mode: str, deals: tuple[DealSeen, ...]
) -> None:
    journal = Journal(mode)
    journal.see(*deals)
    assert held(journal) == ["13/13 sell 0.15 @ 1.2"]
    assert journal.rebuilt().state_hash() == journal.books.state_hash()


def test_tc_n5_bought_and_sold_in_parts() -> None:
    journal = Journal(NETTING)
    journal.see(
        deal(1, "buy", "1.25", "1.1", order="11", position="11"),
        deal(2, "sell", "0.50", "1.1", order="12", position="11", entry="out"),
        deal(3, "sell", "0.60", "1.1", order="13", position="11", entry="out"),
    )
    assert held(journal) == ["11/11 buy 0.15 @ 1.1"]


H1 = (
    deal(1, "buy", "0.10", "1.1", order="1"),
    deal(2, "buy", "0.20", "1.101", order="2"),
    deal(3, "sell", "0.10", "1.1005", order="3"),
)


def test_tc_h1_hedging_opens_closes_closes_by() -> None:
    journal = Journal(HEDGING)
    journal.see(*H1)
    assert held(journal) == ["1/1 buy 0.10 @ 1.1", "2/2 buy 0.20 @ 1.101", "3/3 sell 0.10 @ 1.1005"]
    journal.see(deal(4, "sell", "0.05", "1.102", order="4", position="2", entry="out", profit="5.00"))
    assert held(journal)[1] == "2/2 buy 0.15 @ 1.101"
    journal.see(
        deal(5, "sell", "0.10", "1.1005", order="5", position="1", entry="out_by", profit="5.00"),
        deal(6, "buy", "0.10", "1.1005", order="5", position="3", entry="out_by"),
    )
    assert held(journal) == ["2/2 buy 0.15 @ 1.101"]


def test_tc_h4_redelivery_of_one_of_two_deals() -> None:
    journal = Journal(HEDGING)
    first = deal(1, "sell", "0.20", "1.1", order="11", position="11")
    second = deal(2, "sell", "0.30", "1.1", order="11", position="11")
    journal.see(first, first, first, second)
    assert held(journal) == ["11/11 sell 0.50 @ 1.1"]


def test_tc_h5_the_same_deals_in_netting_and_hedging() -> None:
    netting, hedging = Journal(NETTING), Journal(HEDGING)
    for journal in (netting, hedging):
        journal.see(*H1)
    assert len(held(hedging)) == 3
    # 0.10 @ 1.1 and 0.20 @ 1.101 net to 0.30 @ 1.10066..., of which the sell takes 0.10 at no change of price
    (only,) = netting.books.positions
    assert (only.side, only.volume, only.position) == ("buy", D("0.20"), "1")
    assert only.price is not None
    assert abs(only.price - D("3.302") / D("3")) < D("1e-18")
    assert netting.books.ledger.state() == hedging.books.ledger.state()


def test_a_close_that_finds_nothing_opens_nothing() -> None:
    journal = Journal(NETTING)
    journal.see(deal(2, "sell", "0.15", "1.1", order="12", position="11", entry="out"))
    assert held(journal) == []
    journal.see(deal(1, "buy", "0.20", "1.1", order="11", position="11"))
    assert held(journal) == ["11/11 buy 0.05 @ 1.1"]


@pytest.mark.parametrize(
    "how",
    [How.UPDATED, How.LISTED],
)
def test_tc_r13_an_amended_and_a_removed_deal_refold_the_position(how: How) -> None:
    journal = Journal(NETTING)
    journal.see(*N1[:2])
    amended = deal(2, "buy", "0.30", "1.108", order="12", position="11", commission="-1.05", how=how)
    assert journal.see(amended) == ["deal.amended"]
    assert held(journal) == ["11/11 buy 0.40 @ 1.106"]
    assert [row["before"]["price"] for row in journal.kinds("deal.amended")] == ["1.104"]
    gone = DealSeen(N1[0].record, How.REMOVED)
    assert journal.see(gone, gone, N1[0]) == ["deal.removed"]
    assert held(journal) == ["11/12 buy 0.30 @ 1.108"]
    assert journal.books.ledger.balance == D("-1.05")
    assert journal.see(DealSeen(N1[0].record, How.LISTED)) == ["deal.booked"]
    assert held(journal) == ["11/11 buy 0.40 @ 1.106"]


def test_a_canceled_deal_no_longer_counts() -> None:
    journal = Journal(NETTING)
    journal.see(*N1[:2])
    canceled = deal(2, "buy_canceled", "0.30", "1.104", order="12", position="11", how=How.UPDATED)
    journal.see(canceled)
    assert held(journal) == ["11/11 buy 0.10 @ 1.1"]


# What the venue tells of a position.


def told(second: int, **more: Any) -> PositionRecord:
    usual: dict[str, Any] = {
        "position": "11",
        "ticket": "11",
        "symbol": "EURUSD",
        "side": "buy",
        "volume": D("0.10"),
        "price": D("1.1"),
        "digits": 5,
        "opened_at": "2026-11-21T10:00:01.000+02:00",
        "updated_at": f"2026-11-21T10:00:{second:02}.000+02:00",
    }
    return PositionRecord(**(usual | more))


def pushed(record: PositionRecord) -> PositionSeen:
    return PositionSeen(record, How.UPDATED)


def listed(record: PositionRecord) -> PositionSeen:
    return PositionSeen(record, How.LISTED)


MODES = pytest.mark.parametrize("mode", [NETTING, HEDGING])


@MODES
@pytest.mark.parametrize(
    "seen",
    every_order(N1[0], pushed(told(1)), pushed(told(5, sl=D("1.05"))), pushed(told(6, sl=D("1.06")))),
)
def test_stops_are_those_told_last_even_before_the_deal(mode: str, seen: tuple[DealSeen, ...]) -> None:
    journal = Journal(mode)
    journal.see(*seen, *seen)
    (position,) = journal.books.positions
    assert (position.sl, position.volume, position.price) == (D("1.06"), D("0.10"), D("1.1"))
    assert position.updated_at == "2026-11-21T10:00:06.000+02:00"


@MODES
@pytest.mark.parametrize(
    "seen",
    every_order(
        N1[0],
        pushed(told(2, sl=D("1.05"))),
        deal(3, "sell", "0.10", "1.2", order="13", position="11", entry="out"),
        pushed(told(3, volume=D("0.00"))),
    ),
)
def test_nothing_is_left_of_a_position_that_is_over(mode: str, seen: tuple[DealSeen, ...]) -> None:
    journal = Journal(mode)
    journal.see(*seen, *seen)
    assert held(journal) == []
    assert journal.books.positions.state()["positions"] == {}


@MODES
def test_accrued_swap_stands_with_the_position_and_books_nothing(mode: str) -> None:
    journal = Journal(mode)
    journal.see(N1[0])
    assert journal.see(pushed(told(9, swap=D("-0.18")))) == ["position.adjusted"]
    (position,) = journal.books.positions
    assert position.swap == D("-0.18")
    assert journal.books.ledger.balance == D("-0.35")


@MODES
def test_a_push_never_changes_volume_or_price(mode: str) -> None:
    journal = Journal(mode)
    journal.see(N1[0], pushed(told(9, volume=D("0.30"), price=D("1.2"), sl=D("1.0"))))
    assert held(journal) == ["11/11 buy 0.10 @ 1.1"]


@MODES
def test_an_answer_with_another_price_reprices_and_later_deals_work_on_it(mode: str) -> None:
    journal = Journal(mode)
    journal.see(N1[0])
    assert journal.see(listed(told(1))) == []
    assert journal.see(listed(told(1, price=D("1.10001")))) == []  # within a point
    assert journal.see(listed(told(1, price=D("1.2")))) == ["position.adjusted"]
    assert journal.see(listed(told(1, price=D("1.2")))) == []
    journal.see(deal(20, "buy", "0.10", "1.3", order="20", position="11"))
    assert held(journal) == ["11/11 buy 0.20 @ 1.25"]


@MODES
def test_an_answer_with_another_symbol_renames(mode: str) -> None:
    journal = Journal(mode)
    journal.see(N1[0], pushed(told(1, sl=D("1.05"))))
    renamed = told(1, symbol="EURUSD.new", sl=D("1.05"))
    assert journal.see(listed(renamed)) == ["position.renamed"]
    assert journal.see(listed(renamed)) == []
    journal.see(deal(20, "buy", "0.10", "1.3", order="20", position="11", symbol="EURUSD.new"))
    (position,) = journal.books.positions
    assert (position.symbol, position.volume, position.price, position.sl) == (
        "EURUSD.new",
        D("0.20"),
        D("1.2"),
        D("1.05"),
    )


@MODES
def test_an_answer_with_another_volume_is_no_observation(mode: str) -> None:
    journal = Journal(mode)
    journal.see(N1[0], listed(told(1)))
    assert journal.see(listed(told(1, volume=D("0.30")))) == []


@MODES
def test_an_adopted_position_is_what_later_deals_work_on(mode: str) -> None:
    journal = Journal(mode)
    adopted = told(30, volume=D("0.50"), price=D("1.15"), swap=D("-2.00"))
    fields = {name: getattr(adopted, name) for name in adopted.__struct_fields__}
    journal.record([PositionAdopted(**fields)])
    assert held(journal) == ["11/11 buy 0.50 @ 1.15"]
    journal.see(deal(3, "buy", "0.50", "1.0", order="13", position="11"))  # older: in it already
    journal.see(deal(40, "sell", "0.20", "1.2", order="40", position="11", entry="out"))
    assert held(journal) == ["11/11 buy 0.30 @ 1.15"]
    assert journal.rebuilt().state_hash() == journal.books.state_hash()


@MODES
def test_an_account_learns_its_margin_mode_late(mode: str) -> None:
    late, straight = Journal(HEDGING), Journal(mode)
    late.see(*H1)
    straight.see(*H1)
    late.record(straight.events()[:1])
    assert sorted(held(late)) == sorted(held(straight))
    assert late.books.state_hash() == straight.books.state_hash()


def test_positions_are_found_by_identifier_and_by_symbol() -> None:
    for mode in (NETTING, HEDGING):
        journal = Journal(mode)
        journal.see(N1[0])
        found = journal.books.positions.get("11")
        assert found is not None
        assert [found] == journal.books.positions.of_symbol("EURUSD")
        assert journal.books.positions.get("12") is None


def test_what_is_told_of_positions_that_are_not_open_is_bounded() -> None:
    journal = Journal(HEDGING)
    journal.see(N1[0], pushed(told(1, sl=D("1.05"))))
    for number in range(100, 1200):
        journal.see(pushed(told(1, position=str(number), ticket=str(number))))
    positions = journal.books.positions
    assert positions.standing(told(1, position="199")).told is None
    assert positions.standing(told(1, position="200")).told is not None
    (position,) = positions
    assert position.sl == D("1.05")


@MODES
def test_what_is_told_of_open_positions_is_kept_however_old(mode: str) -> None:
    journal = Journal(mode)
    for ticket in (1, 2, 3):
        number, symbol = str(10 + ticket), f"SYM{ticket}"
        journal.see(deal(ticket, "buy", "0.10", "1.1", order=number, position=number, symbol=symbol))
        journal.see(pushed(told(5, position=number, ticket=number, symbol=symbol, sl=D("1.05"))))
    for other in map(str, range(100, 1200)):
        journal.see(pushed(told(1, position=other, ticket=other, symbol=f"X{other}")))
    assert [one.sl for one in journal.books.positions] == [D("1.05")] * 3
    forgotten = [journal.books.standing(told(1, position=other)).told for other in ("100", "199", "200")]
    assert [one and one.position for one in forgotten] == [None, None, "200"]
