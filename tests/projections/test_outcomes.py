"""docs/semantics.md 0, 2, 3: what becomes of commands by answers, results, deals and records."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.events import (
    AccountChanged,
    CommandAnswered,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandUnknown,
    Event,
    data_of,
    event_of,
    type_of,
)
from oms.domain.marker import marker_of
from oms.domain.observations import How, Observation, PositionSeen
from oms.domain.records import OrderRecord, PositionRecord
from oms.projections import Books
from oms.projections.commands import Command
from oms.projections.outcomes import proved
from oms.projections.snapshot import dumped, restored
from oms.recorder import Turn

from .journal import HEDGING, D, deal, every_order, opened, order, past

ME: dict[str, Any] = {"command": "7f3c", "client": "desk"}
MARKER = marker_of("main", "desk", "7f3c")
PLACED, DONE, PARTIAL, NO_MONEY, CLOSED, REQUOTE = 10008, 10009, 10010, 10019, 10018, 10004


class Way:
    """An account on its way: each step is a turn."""

    def __init__(self) -> None:
        self.books = Books()
        self.events: list[Event] = []
        self.step(AccountChanged(currency="USD", digits=2, margin_mode=HEDGING))

    def step(self, *happened: Event | Observation) -> list[Event]:
        """What comes of it."""
        turn = Turn(self.books)
        for one in happened:
            if hasattr(one, "__struct_config__") and one.__struct_config__.tag is not None:
                turn.add(one)  # type: ignore[arg-type]
            else:
                turn.see([one])  # type: ignore[list-item]
        turn.conclude()
        self.events += turn.events
        return turn.events

    def steps(self, happened: Iterable[Event | Observation]) -> None:
        for one in happened:
            self.step(one)

    @property
    def command(self) -> Command:
        found = self.books.commands.get("desk", "7f3c")
        assert found is not None
        return found

    def status(self) -> tuple[str, bool, Decimal | None]:
        return self.command.status, self.command.final, self.command.filled

    def outcomes(self) -> list[tuple[str, bool]]:
        return [(one.status, one.final) for one in self.events if isinstance(one, CommandOutcome)]

    def rebuilt(self) -> Books:
        books = Books()
        for one in self.events:
            books.fold(event_of(type_of(one), 1, json.loads(json.dumps(data_of(one)))))
        return books


def sent(verb: str = "submit", action: str = "deal_market", **more: Any) -> Way:
    """A command that was written down to be sent."""
    way = Way()
    usual: dict[str, Any] = {"symbol": "EURUSD", "type": "buy", "volume": D("1.00")}
    marker = MARKER if verb in ("submit", "close") else ""
    way.step(
        CommandReceived(**ME, verb=verb),
        CommandSending(**ME, action_id=17, action=action, marker=marker, **(usual | more)),
    )
    return way


def answered(retcode: int = 0, meaning: str = "accepted") -> CommandAnswered:
    return CommandAnswered(**ME, action_id=17, meaning=meaning, retcode=retcode)


def resulted(retcode: int, meaning: str, order: str | None = "7", **more: Any) -> CommandResult:
    return CommandResult(**ME, action_id=17, retcode=retcode, meaning=meaning, order=order, **more)


def mine(state: str, remaining: str = "1.00", **more: Any) -> OrderRecord:
    usual: dict[str, Any] = {"type": "buy", "comment": MARKER}
    return order(7, state, "1.00", remaining, **(usual | more))


def fill(ticket: int, volume: str, price: str = "1.2", **more: Any) -> Observation:
    return deal(ticket, "buy", volume, price, **({"order": "7", "position": "7"} | more))


FILLED = past(mine("filled", "0.00"))


# Market orders.


@pytest.mark.parametrize(
    "happened", every_order(answered(), resulted(DONE, "done"), fill(1, "0.40"), fill(2, "0.60"), FILLED)
)
def test_tc_o8_answer_result_deals_and_record_in_any_order(happened: tuple[Any, ...]) -> None:
    way = sent()
    way.steps(happened)
    assert way.status() == ("filled", True, D("1.00"))
    assert (way.command.order, way.command.position, way.command.price) == ("7", "7", D("1.2"))
    assert (set(way.command.deals), way.command.retcode) == ({"1", "2"}, DONE)
    assert way.outcomes()[-1] == ("filled", True)
    assert [one for one in way.outcomes() if one[1]] == [("filled", True)]
    assert way.rebuilt().state_hash() == way.books.state_hash()


def test_accepted_until_the_deal_is_seen() -> None:
    way = sent()
    way.step(answered())
    assert way.status() == ("accepted", False, None)
    way.step(resulted(DONE, "done"))
    assert way.status() == ("accepted", False, None)
    way.step(fill(1, "1.00"))
    assert way.status() == ("filled", True, D("1.00"))


def test_tc_o2_ioc_that_filled_in_part_is_never_filled() -> None:
    way = sent(filling="ioc")
    way.steps([answered(), fill(1, "0.50"), fill(2, "0.30"), resulted(PARTIAL, "partial")])
    way.step(past(mine("canceled", "0.20", filling="ioc")))
    assert way.status() == ("canceled", True, D("0.80"))
    assert "filled" not in {status for status, _ in way.outcomes()}
    assert [one.volume for one in way.books.positions] == [D("0.80")]


def test_tc_o4_placed_and_then_refused_is_one_rejection() -> None:
    way = sent()
    way.steps([answered(), resulted(PLACED, "placed", None), resulted(CLOSED, "refused", None)])
    assert way.status() == ("rejected", True, None)
    assert way.outcomes() == [("rejected", True)]
    assert [(one.code, one.retcode) for one in way.command.reasons] == [("venue_refused", CLOSED)]


def test_tc_o4_likewise_where_the_answer_said_placed() -> None:
    way = sent()
    way.steps([answered(PLACED, "awaited"), resulted(CLOSED, "refused", None)])
    assert way.outcomes() == [("rejected", True)]
    assert way.command.retcode == CLOSED


def test_an_answer_that_refuses_is_final() -> None:
    way = sent()
    way.step(answered(NO_MONEY, "refused"))
    assert way.status() == ("rejected", True, None)
    assert way.command.reasons[0].retcode == NO_MONEY


def test_a_requote_carries_its_prices() -> None:
    way = sent(action="deal_instant")
    way.steps([answered(), resulted(REQUOTE, "refused", None, bid=D("1.08"), ask=D("1.0803"))])
    assert (way.command.status, way.command.bid, way.command.ask) == ("rejected", D("1.08"), D("1.0803"))
    assert "1.08 / 1.0803" in way.command.reasons[0].message
    way = sent(action="deal_instant")
    way.steps([answered(), resulted(10007, "refused", None, bid=D("1.08"), ask=D("1.0803"))])
    assert (way.command.status, way.command.bid, way.command.ask) == ("rejected", None, None)


def test_a_deal_wins_over_a_refusal() -> None:
    way = sent()
    way.steps([answered(), resulted(NO_MONEY, "refused"), fill(1, "1.00")])
    assert way.status() == ("filled", True, D("1.00"))
    assert way.command.anomaly == "fill_after_terminal"
    assert way.outcomes() == [("rejected", True), ("filled", True)]


def test_a_proof_waits_for_the_result_unless_there_is_a_doubt() -> None:
    way = sent()
    way.steps([answered(), fill(1, "1.00"), FILLED])
    assert way.status() == ("accepted", False, None)
    events = way.step(CommandUnknown(**ME, reason="session_ended"))
    assert [type_of(one) for one in events] == ["command.unknown", "command.settled", "command.outcome"]
    assert way.status() == ("filled", True, D("1.00"))


def test_a_deal_settles_what_was_unknown() -> None:
    way = sent()
    way.steps([answered(), CommandUnknown(**ME, reason="outcome_timeout", accepted=True)])
    assert way.status() == ("unknown", False, None)
    events = way.step(fill(1, "1.00", comment=MARKER))
    assert [type_of(one) for one in events] == ["deal.booked", "command.settled", "command.outcome"]
    assert way.status() == ("filled", True, D("1.00"))
    assert way.step(FILLED)[1:] == []


def test_an_order_without_our_marker_is_not_ours() -> None:
    way = sent()
    foreign = mine("filled", "0.00", comment=marker_of("main", "desk", "another"))
    way.steps([answered(), fill(1, "1.00"), past(foreign)])
    way.step(CommandUnknown(**ME, reason="session_ended"))
    assert way.status() == ("unknown", False, None)
    assert way.books.commands.owner("7") is None


def test_less_than_was_asked_for_is_canceled() -> None:
    way = sent("close", position="7", volume=D("1.00"))
    record = order(9, "filled", "0.40", "0.00", type="sell", comment=MARKER)
    out = deal(3, "sell", "0.40", "1.3", order="9", position="7", entry="out")
    way.steps([fill(1, "0.40"), answered(), out, past(record), resulted(DONE, "done", "9")])
    assert way.status() == ("canceled", True, D("0.40"))


# Pending orders.


def test_tc_o3_a_pending_order_is_working_by_its_record_and_modified_and_canceled() -> None:
    way = sent(action="pending", type="buy_limit")
    resting = mine("placed", type="buy_limit", price=D("1.1"))
    way.steps([answered(), opened(resting)])
    assert way.status() == ("accepted", False, None)
    way.step(resulted(DONE, "done"))
    assert way.status() == ("working", True, D("0.00"))
    assert list(way.books.positions) == []
    way.step(
        CommandReceived("m1", "desk", "modify"),
        CommandSending(
            command="m1",
            client="desk",
            action_id=18,
            action="modify",
            symbol="EURUSD",
            order="7",
            price=D("1.1"),
            sl=D("1.05"),
        ),
    )
    changed = mine("placed", type="buy_limit", price=D("1.1"), sl=D("1.05"), time_in_force="gtc")
    way.step(CommandResult("m1", "desk", 18, DONE, "done"))
    assert status_of(way, "m1") == ("sending", False)
    way.step(opened(changed, How.UPDATED))
    assert status_of(way, "m1") == ("done", True)
    assert way.status() == ("working", True, D("0.00"))
    way.step(
        CommandReceived("c1", "desk", "cancel"),
        CommandSending(
            command="c1", client="desk", action_id=19, action="remove", symbol="EURUSD", order="7"
        ),
    )
    way.step(CommandResult("c1", "desk", 19, DONE, "done"))
    assert status_of(way, "c1") == ("sending", False)
    gone = mine("canceled", type="buy_limit", price=D("1.1"), sl=D("1.05"), time_in_force="gtc")
    way.step(opened(gone, How.REMOVED), past(gone))
    assert status_of(way, "c1") == ("done", True)
    assert way.status() == ("canceled", True, D("0.00"))


def test_a_working_order_that_fills_later_is_told_once_more() -> None:
    way = sent(action="pending", type="buy_limit")
    way.steps([answered(), opened(mine("placed", type="buy_limit")), resulted(DONE, "done")])
    way.steps([fill(1, "0.30"), fill(2, "0.70")])
    assert way.outcomes() == [
        *[("working", True), ("partially_filled", True), ("filled", True)],
    ]
    assert way.command.price == D("1.2")


def test_a_modify_that_changes_nothing_at_the_venue_is_done() -> None:
    way = sent("modify", "modify", order="7")
    way.steps([answered(), resulted(10025, "no_change")])
    assert way.status() == ("done", True, None)


def test_no_change_refuses_everything_else() -> None:
    way = sent()
    way.step(answered(10025, "no_change"))
    assert way.status() == ("rejected", True, None)


def test_tc_o6_a_fill_while_a_modify_is_on_its_way() -> None:
    way = sent(action="pending", type="buy_limit")
    way.steps([answered(), opened(mine("placed", type="buy_limit")), resulted(DONE, "done")])
    way.step(
        CommandReceived("m1", "desk", "modify"),
        CommandSending(
            command="m1", client="desk", action_id=18, action="modify", symbol="EURUSD", order="7"
        ),
    )
    way.steps([fill(1, "1.00"), past(mine("filled", "0.00", type="buy_limit"))])
    assert way.status() == ("filled", True, D("1.00"))
    way.step(CommandResult("m1", "desk", 18, 10036, "refused"))
    assert status_of(way, "m1") == ("rejected", True)
    assert way.status() == ("filled", True, D("1.00"))


def test_a_cancel_of_what_was_filled_is_rejected() -> None:
    way = sent("cancel", "remove", order="7")
    way.steps([opened(mine("placed")), answered(), fill(1, "1.00"), FILLED, resulted(DONE, "done")])
    assert way.status() == ("rejected", True, None)
    assert way.command.reasons[0].code == "order_over"


# Positions.


def position(**more: Any) -> PositionSeen:
    usual: dict[str, Any] = {"ticket": "7", "symbol": "EURUSD", "side": "buy", "volume": D("1.00")}
    record = PositionRecord("7", **(usual | more), updated_at="2026-11-21T11:00:00.000+02:00")
    return PositionSeen(record, How.UPDATED)


def test_stops_are_done_when_the_position_shows_them() -> None:
    way = sent("modify", "sltp", position="7", sl=D("1.05"), tp=None)
    way.steps([fill(1, "1.00"), answered(), resulted(DONE, "done", None)])
    assert way.status() == ("accepted", False, None)
    way.step(position(sl=D("1.05"), price=D("1.2")))
    assert way.status() == ("done", True, None)


def test_stops_of_a_position_that_is_gone_are_not_taken_for_moved() -> None:
    """What the result would say is missing: an interrupted command proves nothing by itself."""
    way = sent("modify", "sltp", position="7", sl=D("1.05"), tp=None)
    way.steps([fill(1, "1.00"), deal(2, "sell", "1.00", "1.2", order="8", position="7", entry="out")])
    assert proved(way.books, way.command) is None
    way.step(CommandUnknown(**ME, reason="restarted"))
    assert way.status() == ("unknown", False, None)


def test_an_order_that_ended_is_not_taken_for_modified() -> None:
    way = sent("modify", "modify", order="7", price=D("1.04"))
    way.steps(
        [opened(mine("placed", type="buy_limit", price=D("1.05"))), past(mine("canceled", price=D("1.05")))]
    )
    assert proved(way.books, way.command) is None


def test_in_doubt_the_new_values_settle_a_modify() -> None:
    way = sent("modify", "sltp", position="7", sl=D("1.05"), tp=None)
    way.steps([fill(1, "1.00"), CommandUnknown(**ME, reason="answer_timeout")])
    assert way.status() == ("unknown", False, None)
    way.step(position(sl=D("1.04"), price=D("1.2")))
    assert way.status() == ("unknown", False, None)
    way.step(position(sl=D("1.05"), price=D("1.2")))
    assert way.status() == ("done", True, None)


def test_close_by_is_done_with_both_deals() -> None:
    way = sent("close_by", "close_by", position="7", position_by="8")
    way.steps([answered(), resulted(DONE, "done", "9")])
    pair = [
        deal(3, "sell", "1.00", "1.2", order="9", position="7", entry="out_by"),
        deal(4, "buy", "1.00", "1.2", order="9", position="8", entry="out_by"),
    ]
    way.step(pair[0])
    assert way.status() == ("accepted", False, None)
    way.step(pair[1])
    assert way.status() == ("done", True, None)
    assert way.command.deals == ("3", "4")


# Sweeps.


def test_a_sweep_is_done_with_its_last_child() -> None:
    way = Way()
    way.step(
        CommandReceived("all", "desk", "close_all"),
        CommandReceived("all/1", "desk", "close", parent="all"),
        CommandReceived("all/2", "desk", "close", parent="all"),
    )
    way.step(CommandOutcome("all/1", "desk", "filled", True))
    assert status_of(way, "all") == ("received", False)
    way.step(CommandUnknown("all/2", "desk", "session_ended"))
    assert status_of(way, "all") == ("received", False)
    way.step(CommandOutcome("all/2", "desk", "rejected", True))
    assert status_of(way, "all") == ("done", True)
    assert way.books.commands.course(("desk", "all")).children == ("all/1", "all/2")


def status_of(way: Way, command: str) -> tuple[str, bool]:
    found = way.books.commands.get("desk", command)
    assert found is not None
    return found.status, found.final


# What a second look found.

REFUSED = resulted(10006, "refused")
LATER_PLACED = [answered(), opened(mine("placed")), resulted(PLACED, "placed"), resulted(CLOSED, "refused")]
REFUSALS = {
    "a started order": (answered(), opened(mine("started")), REFUSED),
    "a working order": (answered(), opened(mine("placed")), REFUSED),
    "a record behind it": (answered(), REFUSED, opened(mine("started"))),
    "a record with the marker behind it": (
        *(answered(), resulted(10006, "refused", None), opened(mine("started"))),
    ),
    "placed before": tuple(LATER_PLACED),
    "by the answer, then a record": (answered(NO_MONEY, "refused"), opened(mine("request_add"))),
    "a filled record without deals": (answered(), REFUSED, past(mine("filled", "0.00"))),
}


@pytest.mark.parametrize("happened", REFUSALS.values(), ids=REFUSALS)
def test_a_definite_refusal_is_the_end_whatever_a_record_says(happened: tuple[Any, ...]) -> None:
    way = sent()
    way.steps(happened)
    assert way.status()[:2] == ("rejected", True)
    assert way.outcomes().count(("rejected", True)) == 1
    way.step(opened(mine("placed")))
    assert way.status()[:2] == ("rejected", True)
    way.step(fill(1, "1.00"))
    assert way.status() == ("filled", True, D("1.00"))
    assert way.rebuilt().state_hash() == way.books.state_hash()


def test_what_was_final_stays_so_when_its_deal_is_taken_back() -> None:
    way = sent()
    way.steps([answered(), fill(1, "1.00"), FILLED, resulted(DONE, "done")])
    way.step(fill(1, "1.00", how=How.REMOVED))
    assert way.status() == ("filled", True, D("0.00"))
    assert way.command.anomaly == "fill_taken_back"
    assert way.books.commands.open() == []


def test_a_day_order_shows_its_new_price_whatever_its_record_says_of_its_end() -> None:
    way = Way()
    end = "2026-11-21T23:59:59.000+02:00"
    day: dict[str, Any] = {"time_in_force": "day", "expires_at": end, "comment": ""}
    way.step(opened(mine("placed", type="buy_limit", price=D("1.1"), **day)))
    way.step(
        CommandReceived(**ME, verb="modify"),
        CommandSending(
            **ME,
            action_id=17,
            action="modify",
            symbol="EURUSD",
            order="7",
            price=D("1.05"),
            time_in_force="day",
        ),
    )
    changed = mine("placed", type="buy_limit", price=D("1.05"), **day)
    way.steps([answered(), opened(changed, How.UPDATED), resulted(DONE, "done")])
    assert way.status()[:2] == ("done", True)


def test_a_ticket_told_with_prices_is_no_order_of_the_command() -> None:
    way = sent(action="request_prices")
    way.steps([answered(), resulted(10005, "prices", "99", bid=D("1.1"), ask=D("1.2"))])
    way.step(
        CommandSending(
            **ME,
            action_id=18,
            action="deal_request",
            marker=MARKER,
            symbol="EURUSD",
            type="buy",
            volume=D("1.00"),
        )
    )
    way.steps([answered(), fill(1, "1.00", comment=MARKER), FILLED, resulted(DONE, "done")])
    assert way.status() == ("filled", True, D("1.00"))


def test_close_by_is_done_by_its_pair_of_deals_without_a_ticket() -> None:
    way = sent("close_by", "close_by", position="7", position_by="8")
    way.steps([answered(), resulted(DONE, "done", None)])
    way.step(deal(3, "sell", "1.00", "1.2", order="9", position="7", entry="out_by"))
    way.step(deal(4, "buy", "1.00", "1.2", order="9", position="8", entry="out_by"))
    assert way.status()[:2] == ("done", True)
    assert way.command.order == "9"  # so that nobody takes its deals for another command's


POOL: list[Event | Observation] = [
    answered(),
    answered(NO_MONEY, "refused"),
    resulted(DONE, "done"),
    resulted(PLACED, "placed"),
    resulted(PARTIAL, "partial"),
    resulted(CLOSED, "refused", None),
    resulted(10025, "no_change"),
    fill(1, "0.40"),
    fill(2, "0.60"),
    fill(1, "0.40", how=How.REMOVED),
    fill(2, "0.30", how=How.UPDATED),
    FILLED,
    past(mine("canceled", "0.20")),
    opened(mine("placed")),
    opened(mine("started")),
    CommandUnknown(**ME, reason="session_ended"),
    fill(3, "0.10", entry="out_by"),
    fill(4, "0.10", entry="out_by"),
]
KINDS = [
    *[("submit", "deal_market", {}), ("submit", "pending", {}), ("close", "deal_market", {"position": "7"})],
    *[("modify", "modify", {"order": "7"}), ("cancel", "remove", {"order": "7"})],
    ("close_by", "close_by", {"position": "7", "position_by": "8"}),
]


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    kind=st.sampled_from(KINDS),
    turns=st.lists(st.lists(st.sampled_from(POOL), min_size=1, max_size=3), max_size=8),
    cut=st.integers(0, 8),
)
def test_whatever_a_command_hears_a_rebuild_gives_the_same_and_what_is_final_stays(
    kind: tuple[str, str, dict[str, Any]], turns: list[list[Event | Observation]], cut: int
) -> None:
    verb, action, more = kind
    way = sent(verb, action, **more)
    final = False
    for place, turn in enumerate(turns):
        if place == cut:
            way.books = restored(dumped(way.books))
        way.step(*turn)
        doubted = any(isinstance(one, CommandUnknown) for one in turn)
        assert way.command.final or not final or doubted
        final = way.command.final
    assert way.books.state_hash() == way.rebuilt().state_hash()
    assert restored(dumped(way.books)).state_hash() == way.books.state_hash()
