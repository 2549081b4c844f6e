"""An outcome says the same in both formats, exactly."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.commands import DealShown, Outcome, encoded
from oms.domain.categories import CATEGORIES
from oms.domain.events.command import JudgedMargin, JudgedQuote, Reason
from oms.payload import JSON, MSGPACK

D = Decimal

FILLED = Outcome(
    status="filled",
    final=True,
    command="7f3c",
    client="desk",
    account="main",
    verb="submit",
    seq=118,
    symbol="EURUSD",
    order="1023",
    position="1023",
    volume=D("0.10"),
    filled=D("0.10"),
    price=D("1.08002"),
    deals=(DealShown("2045", D("0.10"), D("1.08002")),),
    retcode=10009,
    times={"received": "2026-11-21T10:00:00.000000000Z"},
)


def test_an_outcome_is_as_the_contract_shows_it() -> None:
    assert json.loads(encoded(FILLED, JSON)) == {
        "status": "filled",
        "final": True,
        "command": "7f3c",
        "client": "desk",
        "account": "main",
        "verb": "submit",
        "seq": 118,
        "symbol": "EURUSD",
        "order": "1023",
        "position": "1023",
        "volume": "0.10",
        "filled": "0.10",
        "price": "1.08002",
        "deals": [{"deal": "2045", "volume": "0.10", "price": "1.08002"}],
        "retcode": 10009,
        "retcode_name": "DONE",
        "reasons": [],
        "times": {"received": "2026-11-21T10:00:00.000000000Z"},
        "children": [],
        "quote": None,
        "margin": None,
        "message": None,
        "verdict": None,
        "candidates": [],
        "anomaly": None,
    }


def test_fields_come_in_one_order() -> None:
    assert list(json.loads(encoded(Outcome(status="denied", final=True), JSON))) == [
        *("status", "final", "command", "client", "account", "verb", "seq", "symbol", "order", "position"),
        *("volume", "filled", "price", "deals", "retcode", "retcode_name", "reasons", "times", "children"),
        *("quote", "margin", "message", "verdict", "candidates", "anomaly"),
    ]


@pytest.mark.parametrize(
    ("retcode", "name"),
    [(10004, "REQUOTE"), (10014, "INVALID_VOLUME"), (0, "OK"), (99_999, None), (None, None)],
)
def test_a_retcode_has_its_name(retcode: int | None, name: str | None) -> None:
    outcome = Outcome(status="rejected", final=True, retcode=retcode, retcode_name="anything else")
    assert outcome.retcode_name == name


def test_decimals_have_no_exponent() -> None:
    quote = JudgedQuote(bid=D("1E-8"), ask=D("1E+3"), age=0.25)
    parent = Outcome(
        status="done", final=True, children=(msgspec.structs.replace(FILLED, price=D("1E-7")),), quote=quote
    )
    for found in (json.loads(encoded(parent, JSON)), msgspec.msgpack.decode(encoded(parent, MSGPACK))):
        assert found["children"][0]["price"] == "0.0000001"
        assert (found["quote"]["bid"], found["quote"]["ask"], found["quote"]["age"]) == (
            "0.00000001",
            "1000",
            0.25,
        )


FIGURES = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9)
EXACT = st.none() | FIGURES
WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
TEXT = st.none() | WORDS
TICKETS = st.none() | st.integers(1, 2**63 - 1).map(str)
DEALS = st.builds(DealShown, deal=st.integers(1, 2**63 - 1).map(str), volume=FIGURES, price=FIGURES)
ALONE: dict[str, Any] = {
    "status": st.sampled_from(["filled", "denied", "unknown"]),
    "final": st.booleans(),
    "command": TEXT,
    "seq": st.none() | st.integers(0, 2**53 - 1),
    "order": TICKETS,
    "volume": EXACT,
    "price": EXACT,
    "deals": st.lists(DEALS, max_size=2).map(tuple),
    "retcode": st.none() | st.integers(0, 2**32 - 1),
    "reasons": st.lists(st.builds(Reason, st.text(max_size=3), WORDS, TEXT, TEXT, TEXT), max_size=2).map(
        tuple
    ),
    "times": st.dictionaries(st.sampled_from(["received", "sending"]), st.text("0123Z", max_size=5)),
    "quote": st.none() | st.builds(JudgedQuote, bid=EXACT, ask=EXACT, age=st.floats(0, 1e6)),
    "margin": st.none() | st.builds(JudgedMargin, margin=EXACT, free=EXACT),
    "message": TEXT,
}
OUTCOMES = st.builds(Outcome, **ALONE, children=st.lists(st.builds(Outcome, **ALONE), max_size=2).map(tuple))


KINDS = {(name, kind.retry) for name, kind in CATEGORIES.items()}


@settings(max_examples=50)
@given(OUTCOMES)
def test_json_and_messagepack_say_the_same(outcome: Outcome) -> None:
    found = msgspec.msgpack.decode(encoded(outcome, MSGPACK))
    assert found == json.loads(encoded(outcome, JSON))
    assert found["volume"] == (None if outcome.volume is None else f"{outcome.volume:f}")
    for one in (found, *found["children"]):
        for reason in one["reasons"]:
            assert (reason.pop("category"), reason.pop("retry")) in KINDS
    assert msgspec.convert(found, Outcome) == outcome


def test_a_reason_says_what_kind_it_is_and_whether_asking_again_may_help() -> None:
    reasons = (Reason("volume_off_step", "off"), Reason("venue_unavailable", "away"))
    inner = Outcome(status="denied", final=True, reasons=reasons[1:])
    outcome = Outcome(status="denied", final=True, reasons=reasons, children=(inner,))
    said = json.loads(encoded(outcome, JSON))
    assert [(one["category"], one["retry"]) for one in said["reasons"]] == [
        *[("validation", "no"), ("connection", "yes")],
    ]
    assert said["children"][0]["reasons"][0]["category"] == "connection"
