"""Tables show only what the daemon tells: each field is one of the typed replies."""

from typing import Any, get_args, get_type_hints

import pytest

from oms.cli.operate.operating import Result
from oms.cli.operate.show import STANDING
from oms.cli.state.fields import Field
from oms.cli.statuses import IN_VAIN, UNDER_WAY, UNKNOWN, WORKED
from oms.cli.trade import show, verdict
from oms.commands.envelope import Envelope
from oms.commands.operating import OPERATOR_VERBS, AliveWord, Operated, Operation, Reset, Restriction
from oms.commands.reply import DealShown, Outcome
from oms.domain.events.command import Reason

KINDS = [
    (show.OUTCOME, Outcome),
    (show.COMMAND, Outcome),
    (show.REASON, Reason),
    (show.DEAL, DealShown),
    (STANDING, Operated),
]
BESIDE = {"quote", "margin", "message", "children", "reasons", "deals", "times", "retcode_name"}


@pytest.mark.parametrize(("fields", "kind"), KINDS)
def test_a_reply_has_what_is_shown(fields: tuple[Field, ...], kind: Any) -> None:
    assert {field.path for field in fields} <= get_type_hints(kind).keys()


def test_a_reply_has_what_stands_beside_its_table() -> None:
    assert get_type_hints(Outcome).keys() >= BESIDE
    assert {"reasons", "commands", "accounts"} <= get_type_hints(Operated).keys()


@pytest.mark.parametrize(("read", "told"), [(verdict.Outcome, Outcome), (Result, Operated)])
def test_a_reply_has_what_decides(read: Any, told: Any) -> None:
    assert get_type_hints(read).keys() <= get_type_hints(told).keys()


def test_a_command_may_say_what_is_sent() -> None:
    hints = get_type_hints(Envelope)
    assert hints.keys() >= {"id", "client", "deadline", "wait", "reply"}
    assert "receipt" in get_args(get_args(hints["reply"])[0])


def test_an_operator_may_say_what_is_sent() -> None:
    assert {"by", "comment", "wait"} <= get_type_hints(Operation).keys()
    assert "call_class" in get_type_hints(Reset)
    assert {"client", "within"} <= get_type_hints(AliveWord).keys()
    assert "client" in get_type_hints(Restriction)
    sent = ("halt", "reduce", "resume", "panic", "limits", "alive", "reset", "settle", "reconcile")
    assert sent == OPERATOR_VERBS


def test_each_status_says_one_thing() -> None:
    # As docs/semantics.md 3 lists them.
    listed = (
        "received denied sending unknown rejected accepted working partially_filled filled canceled expired "
        "done conflict"
    )
    known = [*WORKED, *UNDER_WAY, *IN_VAIN, UNKNOWN]
    assert sorted(known) == sorted(listed.split())
