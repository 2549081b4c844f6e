"""docs/semantics.md 0, 3, 8, 9: what commands come to, by their events."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.events import (
    CommandAnswered,
    CommandConflict,
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    Event,
    data_of,
    event_of,
    type_of,
)
from oms.domain.events.command import Reason
from oms.domain.records import DealRecord
from oms.projections import Books
from oms.projections.columns import Rows, packed
from oms.projections.commands import Command, Commands
from tests.domain.event_values import event_of_kind

from .hashing import state_hash

D = Decimal
ME = ("7f3c", "desk")
RECEIVED = CommandReceived(*ME, "submit", symbol="EURUSD")
SENDING = CommandSending(
    command="7f3c", client="desk", action_id=17, action="deal_market", symbol="EURUSD", volume=D("0.10")
)
FILLED = CommandOutcome(
    *ME, "filled", True, order="1023", volume=D("0.10"), filled=D("0.10"), price=D("1.08"), deals=("2045",)
)


def after(*events: Event) -> Command:
    books = Books()
    books.fold_all(events)
    (command,) = books.commands
    assert books.commands.get("desk", "7f3c") == command
    return command


def status(*events: Event) -> tuple[str, bool]:
    command = after(*events)
    return command.status, command.final


def test_from_receipt_to_outcome() -> None:
    assert status(RECEIVED) == ("received", False)
    assert status(RECEIVED, SENDING) == ("sending", False)
    command = after(RECEIVED, SENDING, FILLED)
    assert (command.status, command.final, command.verb, command.symbol) == (
        *("filled", True, "submit", "EURUSD"),
    )
    assert (command.order, command.filled, command.deals) == ("1023", D("0.10"), ("2045",))


@pytest.mark.parametrize(
    ("hint", "status"),
    [
        (CommandAnswered(*ME, 17, "accepted", 0, "OK"), "accepted"),
        (CommandAnswered(*ME, 17, "awaited", 10009, "DONE"), "accepted"),
        (CommandResult(*ME, 17, 10009, "done", "DONE", volume=D("0.10")), "sending"),
    ],
)
def test_a_retcode_never_makes_an_outcome(hint: CommandAnswered | CommandResult, status: str) -> None:
    command = after(RECEIVED, SENDING, hint)
    assert (command.status, command.final, command.filled, command.retcode) == (
        *(status, False, None, hint.retcode),
    )


def test_denied_has_its_reasons() -> None:
    reason = Reason("volume_off_step", field="volume")
    command = after(RECEIVED, CommandDenied(*ME, (reason,)))
    assert (command.status, command.final, command.reasons) == ("denied", True, (reason,))


def test_unknown_until_it_is_settled() -> None:
    doubt = CommandUnknown(*ME, "answer_timeout")
    assert status(RECEIVED, SENDING, doubt) == ("unknown", False)
    assert status(RECEIVED, SENDING, doubt, CommandSettled(*ME, "not_found")) == ("rejected", True)
    found = CommandSettled(*ME, "found", order="1023", deals=("2045",))
    assert status(RECEIVED, SENDING, doubt, found) == ("unknown", False)
    assert after(RECEIVED, SENDING, doubt, found).order == "1023"
    assert status(RECEIVED, SENDING, doubt, found, FILLED) == ("filled", True)


def test_a_conflict_leaves_the_known_command_as_it_is() -> None:
    assert status(RECEIVED, FILLED, CommandConflict(*ME, "submit", "a", "b")) == ("filled", True)


def test_tc_d7_two_clients_may_use_one_id() -> None:
    books = Books()
    books.fold_all([RECEIVED, CommandReceived("7f3c", "bot", "close"), FILLED])
    assert [(one.client, one.status) for one in books.commands] == [("desk", "filled"), ("bot", "received")]
    assert {client: list(names) for client, names in books.state()["commands"].items()} == {
        "desk": ["7f3c"],
        "bot": ["7f3c"],
    }


@pytest.mark.slow
@settings(deadline=None)
@given(events=st.lists(event_of_kind("command.outcome"), max_size=5))
def test_what_is_dumped_goes_on_as_if_it_had_been_folded(events: list[Event]) -> None:
    books, again = Books(), Commands()
    books.fold_all(events)
    again.restore(msgspec.Raw(books.commands.dumped({})), Rows(DealRecord, packed(DealRecord, [])))
    assert list(again) == list(books.commands)
    assert msgspec.json.encode(again.state()) == msgspec.json.encode(books.commands.state())


KINDS = ["command.received", "command.sending", "command.outcome", "command.settled", "command.denied"]


@pytest.mark.slow
@settings(deadline=None)
@given(events=st.lists(st.sampled_from(KINDS).flatmap(event_of_kind), max_size=10))
def test_no_recorded_command_can_fail_and_a_rebuild_gives_the_same(events: list[Event]) -> None:
    live, again = Books(), Books()
    for one in events:
        live.fold(one)
        assert live.state_hash() == state_hash(live)
    again.fold_all(event_of(type_of(one), 1, json.loads(json.dumps(data_of(one)))) for one in events)
    assert again.state_hash() == live.state_hash()
    assert msgspec.json.encode(live.state())
