"""Exit code 0 is for what worked alone; what is not known is never called a failure."""

import json
from typing import Any

import pytest

from oms.cli.doing import Answer
from oms.cli.trade.verdict import verdict
from tests.cli.desk import FILLED

LOOK = "Look there"
STATUSES = {
    **dict.fromkeys(("filled", "partially_filled", "working", "done"), 0),
    **dict.fromkeys(("denied", "rejected", "canceled", "expired", "conflict"), 1),
    **dict.fromkeys(("received", "sending", "accepted", "unknown", "cats", ""), 5),
}


def answer(said: Any, number: str | None = None) -> Answer:
    headers = {"Nats-Service-Error-Code": number} if number else {}
    return Answer(json.dumps(said).encode(), headers, said if isinstance(said, dict) else None)


def judged(said: Any, number: str | None = None, *, receipt: bool = False) -> tuple[int, str]:
    return verdict(answer(said, number), receipt=receipt, afterwards=LOOK)


@pytest.mark.parametrize(("status", "code"), STATUSES.items())
def test_a_final_status_decides(status: str, code: int) -> None:
    assert judged(FILLED | {"status": status, "filled": None})[0] == code


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("final", [{"final": False}, {}])
def test_what_is_not_final_is_not_known_yet(status: str, final: dict[str, bool]) -> None:
    code, words = judged({"status": status, **final})
    assert code == 5
    assert words.endswith(f". {LOOK}")


def test_what_is_under_way_is_told_with_its_status() -> None:
    assert judged({"status": "sending", "final": False}) == (5, "it is sending, not final yet. Look there")
    assert judged({"status": "unknown", "final": False}) == (5, "the outcome is not known. Look there")


@pytest.mark.parametrize(
    ("status", "final", "code"),
    [
        ("received", False, 0), ("sending", False, 0), ("accepted", False, 0), ("partially_filled", False, 0),
        ("filled", True, 0), ("denied", True, 1), ("rejected", True, 1), ("conflict", True, 1),
        ("unknown", False, 5), ("cats", False, 5),
    ],
)  # fmt: skip
def test_a_receipt_is_what_was_asked_for(status: str, final: bool, code: int) -> None:
    assert judged({"status": status, "final": final}, receipt=True)[0] == code


@pytest.mark.parametrize("status", ["canceled", "expired"])
def test_a_part_is_no_success_and_is_told(status: str) -> None:
    told = FILLED | {"status": status, "volume": "1.00", "filled": "0.80"}
    assert judged(told) == (1, f"only 0.80 of 1.00 was filled, the rest is {status}")
    assert judged(told | {"filled": "0.00"}) == (1, "")
    assert judged(told | {"filled": None}) == (1, "")


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([], (0, "")),
        ([("filled", True), ("done", True)], (0, "")),
        ([("filled", True), ("rejected", True)], (1, "1 of 2 did not work")),
        (
            [("filled", True), ("rejected", True), ("unknown", False)],
            (5, "2 of 3 did not work, or have no outcome yet. Look there"),
        ),
        ([("sending", False)], (5, "1 of 1 did not work, or have no outcome yet. Look there")),
    ],
)
def test_a_sweep_worked_when_all_of_it_did(
    children: list[tuple[str, bool]], expected: tuple[int, str]
) -> None:
    told = [{"status": status, "final": final} for status, final in children]
    assert judged({"status": "done", "final": True, "children": told}) == expected


def test_a_sweep_that_goes_on_is_not_done_with_the_children_that_are() -> None:
    told = {"status": "sending", "final": False, "children": [{"status": "filled", "final": True}]}
    assert judged(told) == (5, "it is sending, not final yet. Look there")


@pytest.mark.parametrize(
    "said", [None, [], 1, {}, {"status": 1}, {"stream": "OMS_QUEUE_main", "seq": 7}, {"final": True}]
)
def test_what_is_no_outcome_says_nothing(said: Any) -> None:
    assert judged(said) == (5, "the outcome is not known: what answered is no daemon of ours. Look there")


@pytest.mark.parametrize("number", ["400", "413", "429", "503"])
def test_an_error_that_took_nothing_is_a_refusal(number: str) -> None:
    error = {"error": {"code": "busy", "message": "256 are at work", "field": None}, "account": "main"}
    assert judged(error, number) == (1, "256 are at work (busy)")
    error["error"] = {"code": "bad_request", "message": "is missing", "field": "volume"}
    assert judged(error, number, receipt=True) == (1, "volume: is missing (bad_request)")


@pytest.mark.parametrize("number", ["500", "504", "x", "", None])
def test_any_other_error_says_nothing_about_what_was_done(number: str | None) -> None:
    error = {"error": {"code": "too_large", "message": "the reply has 2000000 bytes"}}
    told = "the outcome is not known: the reply has 2000000 bytes (too_large). Look there"
    assert judged(error, number) == (5, told)


def test_words_do_nothing_to_a_terminal() -> None:
    assert judged({"error": {"code": "\x1b[2J", "message": "a\x1bb", "field": "c\x07"}}, "400")[1] == (
        r"c\x07: a\x1bb (\x1b[2J)"
    )
    _, words = judged({"status": "canceled", "final": True, "filled": "1", "volume": "\x1b[2J"})
    assert "\x1b" not in words
