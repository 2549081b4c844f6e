"""docs/semantics.md 3: orders by their records and deals."""

import pytest

from oms.domain.events import ReconcileReport
from oms.domain.lifecycle import Order
from oms.domain.observations import DealSeen, How

from .journal import D, Journal, deal, every_order, held, opened, order, past

TICKET = "7"


def state(journal: Journal) -> Order:
    found = journal.books.order(TICKET)
    assert found is not None
    return found


def fill(ticket: int, volume: str, price: str = "1.2", **more: str) -> DealSeen:
    return deal(ticket, "buy", volume, price, **({"order": TICKET, "position": TICKET} | more))


LIMIT = order(7, "placed", "1.00", "1.00")
THREE = (fill(1, "0.30", "1.2"), fill(2, "0.50", "1.1999"), fill(3, "0.20", "1.1998"))


def test_tc_o1_after_two_deals() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), *THREE[:2])
    found = state(journal)
    assert (found.state, found.filled, found.price) == ("partially_filled", D("0.80"), D("1.1999375"))
    assert found.remaining == D("0.20")
    assert held(journal) == ["7/7 buy 0.80 @ 1.1999375"]


@pytest.mark.parametrize("deals", every_order(*THREE))
def test_tc_o1_three_deals_in_any_order_each_twice(deals: tuple[DealSeen, ...]) -> None:
    journal = Journal()
    journal.see(opened(LIMIT), *(one for each in deals for one in (each, each)))
    found = state(journal)
    assert (found.state, found.filled, found.price) == ("filled", D("1.00"), D("1.19991"))
    assert found.anomalies == ()
    assert held(journal) == ["7/7 buy 1.00 @ 1.19991"]
    assert len(journal.kinds("deal.booked")) == 3
    straight = Journal()
    straight.see(opened(LIMIT), *THREE)
    assert journal.books.state_hash() == straight.books.state_hash()


def test_tc_o2_ioc_that_filled_in_part_is_canceled() -> None:
    journal = Journal()
    canceled = past(order(7, "canceled", "1.00", "0.20", type="buy", filling="ioc"))
    journal.see(fill(1, "0.50"), fill(2, "0.30"), canceled)
    found = state(journal)
    assert (found.state, found.filled, found.remaining) == ("canceled", D("0.80"), D("0.00"))
    assert (found.anomalies, found.missing) == ((), D("0.00"))
    assert held(journal) == ["7/7 buy 0.80 @ 1.2"]


def test_tc_o3_pending_placed_modified_canceled() -> None:
    journal = Journal()
    assert journal.see(opened(LIMIT)) == ["order.placed"]
    assert (state(journal).state, state(journal).filled) == ("working", D("0.00"))
    changed = order(7, "placed", "1.00", "1.00", sl=D("1.1"))
    assert journal.see(opened(changed, How.UPDATED)) == ["order.updated"]
    assert state(journal).state == "working"
    gone = order(7, "canceled", "1.00", "1.00", sl=D("1.1"))
    assert journal.see(opened(gone, How.REMOVED), past(gone)) == ["order.ended"]
    assert (state(journal).state, state(journal).remaining) == ("canceled", D("0.00"))
    assert held(journal) == []


def test_tc_o5_a_fill_after_the_cancel_is_applied_and_a_late_record_reopens_nothing() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), past(order(7, "canceled", "1.00", "1.00")))
    assert journal.see(fill(1, "0.10")) == ["deal.booked", "anomaly.seen"]
    assert journal.kinds("anomaly.seen")[0]["kind"] == "fill_after_terminal"
    found = state(journal)
    assert (found.state, found.filled, found.anomalies) == (
        "partially_filled",
        D("0.10"),
        ("fill_after_terminal",),
    )
    assert held(journal) == ["7/7 buy 0.10 @ 1.2"]
    before = journal.books.state_hash()
    assert journal.see(opened(LIMIT), opened(LIMIT, How.LISTED)) == []
    assert journal.books.state_hash() == before


def test_a_replay_gives_the_same_anomaly() -> None:
    journal = Journal()
    journal.see(past(order(7, "canceled", "1.00", "1.00")), fill(1, "0.10"))
    again = journal.rebuilt().order(TICKET)
    assert again == state(journal)
    assert again.anomalies == ("fill_after_terminal",)


def test_tc_o7_a_stop_limit_activates_works_and_fills() -> None:
    journal = Journal()
    placed = order(7, "placed", "0.20", "0.20", type="buy_stop_limit", price=D("1.3"), limit_price=D("1.29"))
    journal.see(opened(placed))
    assert state(journal).state == "working"
    active = order(7, "placed", "0.20", "0.20", type="buy_limit", price=D("1.29"), activation="stop_limit")
    assert journal.see(opened(active, How.UPDATED)) == ["order.updated"]
    assert journal.see(opened(placed, How.UPDATED)) == []  # late: it was activated since
    assert state(journal).state == "working"
    done = order(7, "filled", "0.20", "0.00", type="buy_limit", price=D("1.29"), activation="stop_limit")
    journal.see(opened(done, How.REMOVED), past(done), fill(1, "0.20", "1.29"))
    assert (state(journal).state, state(journal).price) == ("filled", D("1.29"))


def test_tc_o7_an_order_that_the_server_made_for_a_stop_loss_names_its_position() -> None:
    journal = Journal()
    journal.see(fill(1, "0.20"))
    stop = order(8, "filled", "0.20", "0.00", type="sell", reason="sl", position="7")
    out = deal(2, "sell", "0.20", "1.1", order="8", position="7", entry="out", reason="sl")
    journal.see(past(stop), out)
    found = journal.books.order("8")
    assert found is not None
    assert found.record is not None
    assert (found.state, found.record.reason, found.record.position) == ("filled", "sl", "7")
    assert held(journal) == []


@pytest.mark.parametrize("events", every_order(opened(LIMIT), *THREE))
def test_tc_o8_a_deal_before_the_order_it_fills(events: tuple[DealSeen, ...]) -> None:
    journal = Journal()
    journal.see(*events)
    assert (state(journal).state, state(journal).filled) == ("filled", D("1.00"))


def test_how_much_of_an_unknown_order_is_filled_cannot_be_told() -> None:
    journal = Journal()
    journal.see(fill(1, "0.30"))
    assert (state(journal).state, state(journal).record) == ("partially_filled", None)


def test_tc_o9_an_order_expires_by_its_record_alone() -> None:
    journal = Journal()
    day = {"time_in_force": "specified_day", "expires_at": "2026-11-20T23:59:59.000+02:00"}
    journal.see(opened(order(7, "placed", "1.00", "1.00", **day)))
    assert state(journal).state == "working"
    journal.see(past(order(7, "expired", "1.00", "1.00", **day)))
    assert (state(journal).state, state(journal).remaining) == ("expired", D("0.00"))


def test_tc_o10_ten_deals_of_a_tenth_make_one() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), *(fill(ticket, "0.10") for ticket in range(1, 11)))
    found = state(journal)
    assert (found.filled, str(found.filled), found.state) == (D("1.00000000"), "1.00", "filled")


def test_an_overfill_is_accepted_and_told_once() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), *THREE)
    assert journal.see(fill(4, "0.10")) == ["deal.booked", "anomaly.seen"]
    assert journal.see(fill(5, "0.10")) == ["deal.booked"]
    found = state(journal)
    assert (found.state, found.filled, found.remaining) == ("filled", D("1.20"), D("0.00"))
    assert found.anomalies == ("overfill",)


def test_fills_that_the_server_claims_are_missing_until_their_deals_come() -> None:
    journal = Journal()
    journal.see(past(order(7, "filled", "1.00", "0.00")))
    assert (state(journal).state, state(journal).missing) == ("accepted", D("1.00"))
    journal.see(THREE[0])
    assert (state(journal).state, state(journal).missing) == ("partially_filled", D("0.70"))
    journal.see(*THREE[1:])
    assert (state(journal).state, state(journal).missing) == ("filled", D("0.00"))


def test_a_close_by_counts_its_pair_once_and_cancels_what_was_not_shared() -> None:
    journal = Journal()
    journal.see(past(order(7, "filled", "0.20", "0.10", type="close_by")))
    assert state(journal).missing == D("0.20")
    pair = [
        deal(1, "sell", "0.10", "1.1", order="7", position="1", entry="out_by"),
        deal(2, "buy", "0.10", "1.1", order="7", position="2", entry="out_by"),
    ]
    journal.see(pair[0])
    assert (state(journal).state, state(journal).filled) == ("partially_filled", D("0.10"))
    journal.see(pair[1])
    found = state(journal)
    assert (found.state, found.filled, found.missing, found.anomalies) == (
        "canceled",
        D("0.10"),
        D("0.00"),
        (),
    )


@pytest.mark.parametrize(
    ("server", "state_", "flags"),
    [
        ("started", "accepted", (False, False)),
        ("request_add", "accepted", (False, False)),
        ("placed", "working", (False, False)),
        ("partial", "partially_filled", (False, False)),
        ("request_modify", "working", (True, False)),
        ("request_cancel", "working", (False, True)),
    ],
)
def test_states_of_the_server(server: str, state_: str, flags: tuple[bool, bool]) -> None:
    journal = Journal()
    journal.see(opened(order(7, server, "1.00", "1.00")))
    found = state(journal)
    assert (found.state, (found.pending_modify, found.pending_cancel)) == (state_, flags)


def test_a_refused_cancel_returns_to_the_state_before() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), opened(order(7, "request_cancel", "1.00", "1.00"), How.UPDATED))
    journal.see(opened(LIMIT, How.UPDATED))
    assert (state(journal).state, state(journal).pending_cancel) == ("working", False)


def test_an_order_rejected_by_its_record() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), past(order(7, "rejected", "1.00", "1.00")))
    assert (state(journal).state, state(journal).remaining) == ("rejected", D("0.00"))


def test_tc_r9_a_past_order_in_a_state_without_a_name_says_only_what_deals_say() -> None:
    journal = Journal()
    journal.see(past(order(7, "17", "1.00", "1.00")))
    assert (state(journal).state, state(journal).anomalies) == ("accepted", ())
    journal.see(THREE[0])
    assert (state(journal).state, state(journal).anomalies) == ("partially_filled", ())


def test_an_order_that_left_the_list_without_saying_how_has_not_ended() -> None:
    journal = Journal()
    journal.see(opened(LIMIT))
    assert journal.see(opened(LIMIT, How.REMOVED)) == []
    assert state(journal).state == "working"


def test_an_order_taken_out_of_the_history_stays_out_until_an_answer_holds_it() -> None:
    journal = Journal()
    gone = order(7, "canceled", "1.00", "1.00")
    journal.see(past(gone))
    assert journal.see(past(gone, How.REMOVED), past(gone, How.REMOVED), past(gone)) == ["order.removed"]
    assert journal.books.order(TICKET) is None
    assert journal.see(past(gone, How.LISTED)) == ["order.ended"]


def test_open_orders_are_those_that_no_record_ended() -> None:
    journal = Journal()
    journal.see(*(opened(order(n, "placed", "1.00", "1.00")) for n in (7, 8, 9)))
    journal.see(past(order(8, "canceled", "1.00", "1.00")))
    assert [one.order for one in journal.books.orders.open()] == ["7", "9"]
    assert [one.order for one in journal.books.orders] == ["7", "8", "9"]


def test_an_amended_deal_refolds_its_order() -> None:
    journal = Journal()
    journal.see(opened(LIMIT), *THREE)
    assert journal.see(fill(3, "0.20", "1.2", how=How.UPDATED)) == ["deal.amended"]  # type: ignore[arg-type]
    # 0.30 @ 1.2 + 0.50 @ 1.1999 + 0.20 @ 1.2
    assert state(journal).price == D("1.19995")
    canceled = fill(3, "0.20", "1.2", how=How.UPDATED, type="buy_canceled")  # type: ignore[arg-type]
    assert journal.see(canceled) == ["deal.amended"]
    assert (state(journal).state, state(journal).filled) == ("partially_filled", D("0.80"))
    assert journal.see(fill(2, "0.50", how=How.REMOVED)) == ["deal.removed"]  # type: ignore[arg-type]
    assert state(journal).filled == D("0.30")
    assert held(journal) == ["7/7 buy 0.30 @ 1.2"]


def test_a_fill_that_nobody_saw_is_at_stake_until_it_is_seen_or_venue_and_books_agree() -> None:
    for seen in (deal(1, "buy", "0.30", "1.1"), None):
        journal = Journal()
        journal.see(opened(order(1001, "placed", "0.50", "0.50")))
        journal.see(past(order(1001, "canceled", "0.50", "0.20")))
        assert [one.missing for one in journal.books.orders.at_stake()] == [D("0.30")]
        if seen is not None:
            journal.see(seen)
        else:
            journal.record([ReconcileReport("timer", True, quiet=False)])
            assert list(journal.books.orders.at_stake()) != []
            journal.record([ReconcileReport("timer", True)])
        assert list(journal.books.orders.at_stake()) == []
