"""Two payloads are the same command when they ask for the same."""

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.commands import content, digest
from oms.domain.commands import CloseAll, CloseBy, Expiry, Modify, Submit, Verb

from .scene import LEAST, LIMIT, asked, packed

D = Decimal
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def hash_of(fields: dict[str, Any] | str, what: str = "submit") -> str:
    return asked(what, fields).payload_hash


def sha(said: dict[str, Any]) -> str:
    return sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (
            Submit(symbol="EURUSD", side="buy", volume=D("0.10"), sl=D("1.075"), deviation=5, comment="ä"),
            {
                "symbol": "EURUSD",
                "side": "buy",
                "volume": "0.10",
                "sl": "1.075",
                "deviation": "5",
                "comment": "ä",
            },
        ),
        (Modify(order="7", sl=None, price=D("0.0000001")), {"order": "7", "sl": None, "price": "0.0000001"}),
        (
            Modify(order="7", expires_at=Expiry(utc_ns=1_795_255_200_000_000_000)),
            {"order": "7", "expires_at": {"utc_ns": "1795255200000000000"}},
        ),
        (Modify(order="7", expires_at=None), {"order": "7", "expires_at": None}),
        (CloseBy(position="1", position_by="2"), {"position": "1", "position_by": "2"}),
        (CloseAll(), {}),
    ],
)
def test_the_hash_is_that_of_the_verb_and_its_content_in_canonical_json(
    verb: Verb, said: dict[str, Any]
) -> None:
    assert content(verb) == said
    assert digest(verb) == sha({"verb": verb.verb} | said)


@pytest.mark.parametrize(
    "written",
    [
        '{"symbol": "EURUSD", "side": "buy", "volume": "0.1"}',
        '{"volume": 0.10, "symbol": "EURUSD", "side": "buy"}',
        '{"volume": 1e-1, "symbol": "EURUSD", "side": "buy", "type": "market", "sl": null}',
        '{"volume": "0.1000000000", "symbol": "EUR\\u0055SD", "side": "buy", "comment": ""}',
        '{"volume": "00.10", "symbol": "EURUSD", "side": "buy", "deviation_advisory": false}',
    ],
)
def test_how_a_command_is_written_makes_no_difference(written: str) -> None:
    assert hash_of(written) == hash_of(LEAST["submit"])


@pytest.mark.parametrize(
    "apart",
    [
        {"deadline": "2026-11-21T10:00:00Z"},
        {"wait": 5},
        {"reply": "receipt"},
        {"trace": TRACE},
        {"id": "7f3c"},
        {"client": "desk"},
    ],
)
def test_tc_d8_deadline_wait_reply_and_trace_make_no_difference(apart: dict[str, Any]) -> None:
    found, without = asked("submit", LEAST["submit"] | apart), asked("submit", LEAST["submit"])
    assert (found.payload_hash, found.payload) == (without.payload_hash, without.payload)


@pytest.mark.parametrize(
    "other",
    [
        {"volume": "0.11"},
        {"symbol": "EURUSd"},
        {"side": "sell"},
        {"price": "1.0701"},
        {"type": "stop"},
        {"sl": "1.0"},
        {"tp": "1.0"},
        {"filling": "return"},
        {"time_in_force": "gtc"},
        {"expires_at": "2026-11-21T10:00:00Z"},
        {"expires_at": {"server": "2026-11-21 10:00:00"}},
        {"deviation": 0},
        {"deviation_advisory": True},
        {"comment": " "},
    ],
)
def test_tc_d2_another_content_is_another_command(other: dict[str, Any]) -> None:
    assert hash_of(LIMIT | other) != hash_of(LIMIT)


def test_another_verb_is_another_command() -> None:
    assert hash_of(LIMIT, "check") != hash_of(LIMIT)
    assert hash_of({}, "close_all") != hash_of({}, "cancel_all")


def test_taking_away_is_not_leaving_as_it_is() -> None:
    one, other = {"position": "1", "sl": "1.0"}, {"position": "1", "sl": "1.0", "tp": None}
    assert hash_of(one, "modify") != hash_of(other, "modify")


def test_a_moment_is_the_same_in_every_zone() -> None:
    fields = [
        LIMIT | {"expires_at": f"2026-11-21T{at}"} for at in ("10:00:00Z", "11:00:00+01:00", "10:00:00.000z")
    ]
    assert len({hash_of(one) for one in fields}) == 1


AMOUNTS = st.decimals(min_value="-99999", max_value="99999", places=5).map(lambda one: f"{one:f}")
WHOLE = st.integers(0, 10**6)
SUBMITS = st.fixed_dictionaries(
    {
        "symbol": st.text(
            st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8
        ),
        "side": st.sampled_from(["buy", "sell"]),
        "volume": AMOUNTS | WHOLE,
        "type": st.sampled_from(["limit", "stop"]),
        "price": AMOUNTS | WHOLE,
    },
    optional={
        "sl": AMOUNTS | WHOLE | st.none(),
        "expires_at": st.sampled_from(["2026-11-21T10:00:00Z", {"server": "2026-11-21 10:00:00"}]),
        "deviation": WHOLE,
        "deviation_advisory": st.booleans(),
        "comment": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
        "id": st.from_regex(r"\A[A-Za-z0-9._:-]{1,64}\Z"),
        "wait": st.integers(0, 60) | st.floats(0, 60),
    },
)


@given(SUBMITS, st.randoms())
def test_tc_l9_both_formats_give_the_same_command(fields: dict[str, Any], chance: Any) -> None:
    names = list(fields)
    chance.shuffle(names)
    assert packed("submit", {name: fields[name] for name in names}) == asked("submit", fields)


def test_a_resend_in_the_other_format_is_the_same_command() -> None:
    one = packed("close.desk", {"id": "a", "position": 7, "volume": "0.5", "reply": "receipt"})
    other = asked("close", {"id": "a", "client": "desk", "position": "7", "volume": 0.5})
    assert (one.client, one.id, one.payload_hash) == (other.client, other.id, other.payload_hash)
