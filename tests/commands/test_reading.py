"""Messages become typed commands, or every reason why not."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oms.commands import CODES, Unreadable, read
from oms.commands import codes as code_names
from oms.commands.reading import ENVELOPE, FIELDS
from oms.domain.commands import (
    VERBS,
    Cancel,
    CancelAll,
    Check,
    Close,
    CloseAll,
    CloseBy,
    CommandRequest,
    Expiry,
    Modify,
    Submit,
)
from oms.eventlog.canonical import canonical

from .scene import LEAST, LIMIT, PACKED, asked, packed, refused, unread

D = Decimal
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
NOON = "2026-11-21T10:00:00Z"
NOON_NS = 1_795_255_200_000_000_000  # by `date -u -d 2026-11-21T10:00:00Z +%s`
Reasons = list[tuple[str, str | None]]


# What is read.


@pytest.mark.parametrize(
    ("what", "verb"),
    [
        ("submit", Submit(symbol="EURUSD", side="buy", volume=D("0.10"))),
        ("check", Check(symbol="EURUSD", side="buy", volume=D("0.10"))),
        ("modify", Modify(position="1023", sl=D("1.075"))),
        ("cancel", Cancel(order="1024")),
        ("close", Close(position="1023")),
        ("close_by", CloseBy(position="1023", position_by="1031")),
        ("close_all", CloseAll()),
        ("cancel_all", CancelAll()),
    ],
)
def test_the_least_of_every_verb(what: str, verb: object) -> None:
    for found in (asked(what, LEAST[what]), packed(what, LEAST[what])):
        assert found.verb == verb
        assert type(found.verb) is VERBS[what]
        assert (found.client, found.id, found.deadline, found.deadline_ns) == ("default", None, None, None)
        assert (found.wait, found.receipt, found.trace) == (None, False, None)
        assert found.payload == LEAST[what]


MOST = """{
    "id": "7f3c", "client": "desk", "deadline": "2026-11-21T10:00:00Z", "wait": 2.5, "reply": "receipt",
    "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "symbol": "EURUSD", "side": "sell", "volume": 0.5, "type": "stop_limit", "price": "1.0700",
    "limit_price": 1.071, "sl": "1.08", "tp": null, "filling": "return", "deviation": 3,
    "time_in_force": "specified_day", "expires_at": {"server": "2026-11-22 23:59:59"},
    "deviation_advisory": true, "comment": "grün \U0001f600"
}"""
KEPT = """{
    "symbol": "EURUSD", "side": "sell", "volume": "0.5", "type": "stop_limit", "price": "1.0700",
    "limit_price": "1.071", "sl": "1.08", "tp": null, "filling": "return", "deviation": "3",
    "time_in_force": "specified_day", "expires_at": {"server": "2026-11-22 23:59:59"},
    "deviation_advisory": true, "comment": "grün \U0001f600"
}"""


def test_the_most_of_a_submit() -> None:
    found = asked("submit.desk", MOST, durable=True, require_client_subject=True)
    assert found.verb == Submit(
        symbol="EURUSD",
        side="sell",
        volume=D("0.50"),
        type="stop_limit",
        price=D("1.07"),
        limit_price=D("1.071"),
        sl=D("1.08"),
        filling="return",
        time_in_force="specified_day",
        expires_at=Expiry(server="2026-11-22 23:59:59"),
        deviation=3,
        deviation_advisory=True,
        comment="grün \U0001f600",
    )
    assert (found.id, found.client, found.deadline, found.deadline_ns) == ("7f3c", "desk", NOON, NOON_NS)
    assert (found.wait, found.receipt, found.trace) == (2.5, True, TRACE)
    assert found.payload == json.loads(KEPT)


def test_absent_leaves_as_it_is_and_null_takes_away() -> None:
    found = asked("modify", {"order": 7, "tp": None, "expires_at": None}).verb
    assert found == Modify(order="7", tp=None, expires_at=None)
    assert isinstance(found, Modify)
    assert (found.sl, found.price, found.time_in_force) == (msgspec.UNSET, msgspec.UNSET, msgspec.UNSET)


def test_null_is_absent_where_there_is_nothing_to_take_away() -> None:
    assert asked("submit", LEAST["submit"] | {"price": None, "expires_at": None, "id": None}).verb == Submit(
        symbol="EURUSD", side="buy", volume=D("0.10")
    )
    assert asked("cancel", {"order": None, "command": "7f3c"}).verb == Cancel(command="7f3c")


@pytest.mark.parametrize("name", ["symbol", "side", "volume", "type", "comment", "deviation_advisory"])
def test_what_always_has_a_value_cannot_be_null(name: str) -> None:
    assert refused("submit", LEAST["submit"] | {name: None}) == [("bad_value", name)]


@pytest.mark.parametrize("name", ["price", "limit_price", "time_in_force"])
def test_what_an_order_always_has_cannot_be_taken_away(name: str) -> None:
    assert refused("modify", {"order": "7", name: None}) == [("bad_value", name)]


def test_an_empty_payload_is_an_empty_object() -> None:
    assert asked("cancel_all", b"").verb == CancelAll()
    assert packed("close_all", b"").verb == CloseAll()
    assert refused("cancel", b"") == [("missing_field", "order")]


# What is refused.

EVERYTHING_WRONG = (
    '{"side": "by", "volume": NaN, "symbol": "", "id": "a b", "x": 1, "tp": 1, "tp": 2, "type": "limit",'
    ' "time_in_force": "specified", "wait": 61, "limit_price": "1"}'
)


def test_all_problems_are_told_at_once() -> None:
    why = unread("submit.de sk", EVERYTHING_WRONG, durable=True)
    assert [(reason.code, reason.field, reason.given, reason.retcode) for reason in why.reasons] == [
        ("bad_value", "side", "by", None),
        ("bad_value", "volume", "NaN", None),
        ("bad_value", "symbol", "", None),
        ("bad_value", "id", "a b", None),
        ("duplicate_field", "tp", None, None),
        ("out_of_range", "wait", "61", None),
        ("unknown_field", "x", "1", None),
        ("missing_field", "price", None, 10015),
        ("conflicting_fields", "limit_price", None, None),
        ("missing_field", "expires_at", None, 10022),
        ("missing_field", "deadline", None, None),
        ("bad_value", "client", "de sk", None),
    ]
    assert (why.verb, why.command, why.client) == ("submit", None, None)
    assert "side: must be one of buy, sell" in str(why)


def test_whatever_could_be_read_is_kept() -> None:
    why = unread("submit", {"id": "7f3c", "client": "desk", "volume": "x"})
    assert (why.verb, why.command, why.client) == ("submit", "7f3c", "desk")
    why = unread("sumbit.desk", {"id": "7f3c", "anything": 1})
    assert ([r.code for r in why.reasons], why.verb) == (["unknown_verb"], None)
    assert (why.command, why.client) == ("7f3c", "desk")
    why = unread("submit.desk", b"{")
    assert (why.verb, why.command, why.client) == ("submit", None, "desk")
    assert unread("submit", b"{").client is None  # it may have named one
    assert unread("submit", {"client": 5}).client is None
    assert unread("submit", {}).client == "default"
    assert unread("submit", '{"id": "a", "id": "b"}').command is None


CASES: list[tuple[str, dict[str, Any] | str | bytes, Reasons]] = [
    ("submit", b"[]", [("not_an_object", None)]),
    ("submit", b"not json", [("not_json", None)]),
    ("submit", b" " * 65_537, [("too_large", None)]),
    ("sumbit", {"symbol": "EURUSD"}, [("unknown_verb", "verb")]),
    ("", {}, [("unknown_verb", "verb")]),
    ("SUBMIT", LEAST["submit"], [("unknown_verb", "verb")]),
    ("\ud800", b"", [("unknown_verb", "verb")]),
    ("submit", {}, [("missing_field", "symbol"), ("missing_field", "side"), ("missing_field", "volume")]),
    ("submit", LEAST["submit"] | {"Symbol": "EURUSD"}, [("unknown_field", "Symbol")]),
    ("submit", LEAST["submit"] | {"action": "deal"}, [("unknown_field", "action")]),
    ("submit", LEAST["submit"] | {"verb": "submit"}, [("unknown_field", "verb")]),
    ("submit", LEAST["submit"] | {"x" * 100: 1}, [("unknown_field", "x" * 60 + "...")]),
    ("submit", LEAST["submit"] | {"side": "BUY"}, [("bad_value", "side")]),
    ("submit", LEAST["submit"] | {"side": 0}, [("bad_value", "side")]),
    ("submit", LEAST["submit"] | {"type": "buy_limit"}, [("bad_value", "type")]),
    ("submit", LEAST["submit"] | {"filling": ["fok"]}, [("bad_value", "filling")]),
    ("submit", LIMIT | {"time_in_force": "GTC"}, [("bad_value", "time_in_force")]),
    ("submit", LEAST["submit"] | {"deviation_advisory": 1}, [("bad_value", "deviation_advisory")]),
    ("submit", LEAST["submit"] | {"deviation_advisory": "true"}, [("bad_value", "deviation_advisory")]),
    # Text.
    ("submit", LEAST["submit"] | {"symbol": 5}, [("bad_value", "symbol")]),
    ("submit", LEAST["submit"] | {"symbol": "x" * 33}, [("out_of_range", "symbol")]),
    ("submit", LEAST["submit"] | {"symbol": "\U0001f600" * 17}, [("out_of_range", "symbol")]),
    ("submit", LEAST["submit"] | {"symbol": "EUR\x00USD"}, [("bad_value", "symbol")]),
    ("submit", LEAST["submit"] | {"symbol": "\ud800"}, [("bad_value", "symbol")]),
    ("close", {"position": "1", "comment": "x" * 257}, [("out_of_range", "comment")]),
    ("close", {"position": "1", "comment": "a\nb"}, [("bad_value", "comment")]),
    ("close", {"position": "1", "comment": "\x85"}, [("bad_value", "comment")]),
    ("close", {"position": "1", "comment": "\udfff"}, [("bad_value", "comment")]),
    ("close", '{"position": "1", "comment": "\\ud800"}', [("bad_value", "comment")]),
    ("close", {"position": "1", "comment": None}, [("bad_value", "comment")]),
    # Identity.
    ("cancel_all", {"id": ""}, [("bad_value", "id")]),
    ("cancel_all", {"id": "x" * 65}, [("bad_value", "id")]),
    ("cancel_all", {"id": "x" * 10_000}, [("bad_value", "id")]),
    ("cancel_all", {"id": "a/1"}, [("bad_value", "id")]),  # a child's
    ("cancel_all", {"id": "a\n"}, [("bad_value", "id")]),
    ("cancel_all", {"id": "ä"}, [("bad_value", "id")]),
    ("cancel_all", {"id": 7}, [("bad_value", "id")]),
    ("cancel_all", {"client": "x" * 33}, [("bad_value", "client")]),
    ("cancel_all", {"client": "a.b"}, [("bad_value", "client")]),
    ("cancel_all", {"client": ""}, [("bad_value", "client")]),
    ("cancel", {"command": "a b"}, [("bad_value", "command")]),
    ("cancel", {"command": 7}, [("bad_value", "command")]),
    # Deadline, wait, reply, trace.
    ("cancel_all", {"deadline": "2026-11-21 10:00:00"}, [("bad_value", "deadline")]),
    ("cancel_all", {"deadline": "2026-02-30T10:00:00Z"}, [("bad_value", "deadline")]),
    ("cancel_all", {"deadline": 1_795_255_200}, [("bad_value", "deadline")]),
    ("cancel_all", {"deadline": "1969-12-31T23:59:59Z"}, [("out_of_range", "deadline")]),
    ("cancel_all", {"deadline": "9999-12-31T23:59:59Z"}, [("out_of_range", "deadline")]),
    ("cancel_all", {"wait": 60.01}, [("out_of_range", "wait")]),
    ("cancel_all", {"wait": -1}, [("out_of_range", "wait")]),
    ("cancel_all", {"wait": "5"}, [("bad_value", "wait")]),
    ("cancel_all", {"wait": True}, [("bad_value", "wait")]),
    ("cancel_all", '{"wait": NaN}', [("bad_value", "wait")]),
    ("cancel_all", '{"wait": 1e999}', [("bad_value", "wait")]),
    ("cancel_all", {"reply": "outcome"}, [("bad_value", "reply")]),
    ("cancel_all", {"trace": "4bf92f3577b34da6"}, [("bad_value", "trace")]),
    ("cancel_all", {"trace": TRACE.upper()}, [("bad_value", "trace")]),
    ("cancel_all", {"trace": "ff" + TRACE[2:]}, [("bad_value", "trace")]),
    ("cancel_all", {"trace": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, [("bad_value", "trace")]),
    ("cancel_all", {"trace": f"{TRACE[:36]}{'0' * 16}-01"}, [("bad_value", "trace")]),
    # Prices where they belong.
    ("submit", LEAST["submit"] | {"price": "1.07"}, [("conflicting_fields", "price")]),
    ("submit", LEAST["submit"] | {"price": "x"}, [("bad_value", "price"), ("conflicting_fields", "price")]),
    ("submit", LEAST["submit"] | {"type": "limit"}, [("missing_field", "price")]),
    ("submit", LEAST["submit"] | {"type": "stop"}, [("missing_field", "price")]),
    ("submit", LIMIT | {"price": None}, [("missing_field", "price")]),
    ("submit", LIMIT | {"price": "x"}, [("bad_value", "price")]),
    ("submit", LIMIT | {"type": "x"}, [("bad_value", "type")]),
    ("submit", LIMIT | {"type": "x", "limit_price": "1"}, [("bad_value", "type")]),
    ("submit", LIMIT | {"limit_price": "1.0"}, [("conflicting_fields", "limit_price")]),
    ("submit", LIMIT | {"type": "stop_limit"}, [("missing_field", "limit_price")]),
    (
        "check",
        LEAST["submit"] | {"type": "stop_limit"},
        [("missing_field", "price"), ("missing_field", "limit_price")],
    ),
    ("submit", LEAST["submit"] | {"limit_price": "1"}, [("conflicting_fields", "limit_price")]),
    # Lifetime.
    ("submit", LEAST["submit"] | {"time_in_force": "gtc"}, [("conflicting_fields", "time_in_force")]),
    ("submit", LEAST["submit"] | {"expires_at": NOON}, [("conflicting_fields", "expires_at")]),
    (
        "submit",
        LEAST["submit"] | {"time_in_force": "specified"},
        [("conflicting_fields", "time_in_force")],
    ),
    ("submit", LIMIT | {"time_in_force": "specified"}, [("missing_field", "expires_at")]),
    ("submit", LIMIT | {"time_in_force": "specified_day"}, [("missing_field", "expires_at")]),
    (
        "submit",
        LIMIT | {"time_in_force": "gtc", "expires_at": NOON},
        [("conflicting_fields", "expires_at")],
    ),
    (
        "submit",
        LIMIT | {"time_in_force": "day", "expires_at": NOON},
        [("conflicting_fields", "expires_at")],
    ),
    ("submit", LIMIT | {"time_in_force": "x", "expires_at": NOON}, [("bad_value", "time_in_force")]),
    ("submit", LIMIT | {"expires_at": "tomorrow"}, [("bad_value", "expires_at")]),
    ("submit", LIMIT | {"expires_at": "2038-01-19T03:14:08Z"}, [("out_of_range", "expires_at")]),
    ("submit", LIMIT | {"expires_at": 1_795_255_200}, [("bad_value", "expires_at")]),
    ("submit", LIMIT | {"expires_at": {}}, [("missing_field", "expires_at.server")]),
    ("submit", LIMIT | {"expires_at": {"utc": NOON}}, [("unknown_field", "expires_at.utc")]),
    ("submit", LIMIT | {"expires_at": {"server": NOON}}, [("bad_value", "expires_at.server")]),
    ("submit", LIMIT | {"expires_at": {"server": 5}}, [("bad_value", "expires_at.server")]),
    (
        "submit",
        LIMIT | {"expires_at": {"server": "2026-02-30 10:00:00"}},
        [("bad_value", "expires_at.server")],
    ),
    (
        "submit",
        LIMIT | {"expires_at": {"server": "1970-01-01 00:00:00"}},
        [("out_of_range", "expires_at.server")],
    ),
    (
        "submit",
        json.dumps(LIMIT)[:-1] + ', "expires_at": {"server": "a", "server": "b"}}',
        [("duplicate_field", "expires_at.server")],
    ),
    # One of two.
    ("modify", {"sl": "1"}, [("missing_field", "order")]),
    ("modify", {"order": "1", "position": "2", "sl": "1"}, [("conflicting_fields", "position")]),
    ("modify", {"order": "1", "position": "2", "price": "1"}, [("conflicting_fields", "position")]),
    ("modify", {"order": "1"}, [("missing_field", None)]),
    ("modify", {"position": "2"}, [("missing_field", None)]),
    ("modify", {}, [("missing_field", "order"), ("missing_field", None)]),
    ("modify", {"order": "x", "sl": "y"}, [("bad_value", "order"), ("bad_value", "sl")]),
    (
        "modify",
        {"position": "1", "price": "1", "limit_price": "1", "time_in_force": "gtc", "expires_at": None},
        [
            ("conflicting_fields", "price"),
            ("conflicting_fields", "limit_price"),
            ("conflicting_fields", "time_in_force"),
            ("conflicting_fields", "expires_at"),
        ],
    ),
    (
        "modify",
        {"order": "1", "time_in_force": "gtc", "expires_at": NOON},
        [("conflicting_fields", "expires_at")],
    ),
    (
        "modify",
        {"order": "1", "time_in_force": "specified", "expires_at": None},
        [("conflicting_fields", "expires_at")],
    ),
    ("cancel", {}, [("missing_field", "order")]),
    ("cancel", {"order": "1", "command": "a"}, [("conflicting_fields", "command")]),
    ("close", {}, [("missing_field", "position")]),
    ("close", {"position": "1", "symbol": "EURUSD"}, [("conflicting_fields", "symbol")]),
    ("close_by", {"position": "1"}, [("missing_field", "position_by")]),
    # Who asks.
    ("cancel_all.desk", {"client": "other"}, [("client_mismatch", "client")]),
    ("cancel_all.", {}, [("bad_value", "client")]),
    ("cancel_all.a.b", {}, [("bad_value", "client")]),
]


@pytest.mark.parametrize(("what", "fields", "reasons"), CASES)
def test_what_cannot_be_meant_is_refused_with_its_field(
    what: str, fields: dict[str, Any] | str | bytes, reasons: Reasons
) -> None:
    assert refused(what, fields) == reasons


def test_messagepack_that_is_none_is_refused() -> None:
    with pytest.raises(Unreadable) as told:
        packed("submit", b"\x81")
    assert [reason.code for reason in told.value.reasons] == ["not_messagepack"]
    with pytest.raises(Unreadable) as told:
        packed("submit", LIMIT | {"expires_at": {"server": "2026-11-22 23:59:59", "x": 1}})
    assert [(r.code, r.field, r.given) for r in told.value.reasons] == [
        ("unknown_field", "expires_at.x", "an object")
    ]


def test_of_thousands_of_unknown_fields_some_are_told() -> None:
    fields = {f"x{n}": 0 for n in range(4000)} | LEAST["submit"]
    why = unread("submit", fields)
    assert {reason.code for reason in why.reasons} == {"unknown_field"}
    assert [reason.field for reason in why.reasons] == [f"x{n}" for n in range(16)]


def test_every_code_has_a_meaning_and_a_case() -> None:
    told = {code for _, _, reasons in CASES for code, _ in reasons}
    assert told | {"not_messagepack", "duplicate_field", "client_required"} == set(CODES)
    assert {value for name, value in vars(code_names).items() if name.isupper() and name != "CODES"} == set(
        CODES
    )
    assert all(code.meaning and code.meaning[0].islower() for code in CODES.values())


# Enumerations, text, times at their bounds.


@pytest.mark.parametrize("filling", ["fok", "ioc", "return", "boc"])
@pytest.mark.parametrize("lifetime", ["gtc", "day"])
def test_every_filling_and_lifetime_is_read(filling: str, lifetime: str) -> None:
    found = asked("submit", LIMIT | {"filling": filling, "time_in_force": lifetime}).verb
    assert isinstance(found, Submit)
    assert (found.filling, found.time_in_force) == (filling, lifetime)


@pytest.mark.parametrize("lifetime", [None, "specified", "specified_day"])
@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        (NOON, Expiry(utc_ns=NOON_NS)),
        ("2026-11-21T11:00:00+01:00", Expiry(utc_ns=NOON_NS)),
        ({"server": "2026-11-21 10:00:00"}, Expiry(server="2026-11-21 10:00:00")),
        ({"server": "2038-01-19 03:14:07"}, Expiry(server="2038-01-19 03:14:07")),
    ],
)
def test_an_expiry_is_utc_or_the_server_s_clock(lifetime: str | None, text: Any, expiry: Expiry) -> None:
    fields = LIMIT | {"expires_at": text, "time_in_force": lifetime}
    for found in (asked("submit", fields), packed("submit", fields)):
        assert isinstance(found.verb, Submit)
        assert (found.verb.expires_at, found.verb.time_in_force) == (expiry, lifetime)


@pytest.mark.parametrize(
    "fields",
    [
        {"symbol": "x" * 32, "comment": "y" * 256, "id": "z" * 64, "client": "c" * 32},
        {"symbol": "\U0001f600" * 16, "comment": "\U0001f600" * 256, "id": "Az0._:-", "client": "_-"},
        {"symbol": "#AAPL.O (x)", "comment": "", "id": "7", "client": "A"},
    ],
)
def test_text_at_its_bounds(fields: dict[str, str]) -> None:
    found = asked("submit", LEAST["submit"] | fields)
    assert isinstance(found.verb, Submit)
    assert (found.verb.symbol, found.verb.comment) == (fields["symbol"], fields["comment"])
    assert (found.id, found.client) == (fields["id"], fields["client"])


@pytest.mark.parametrize(
    ("text", "wait"), [("0", 0.0), ("60", 60.0), ("0.333333333333333", 0.333333333333333)]
)
def test_a_wait_is_seconds(text: str, wait: float) -> None:
    assert asked("cancel_all", f'{{"wait": {text}}}').wait == wait
    assert packed("cancel_all", {"wait": float(text)}).wait == wait


def test_a_modified_order_may_keep_its_expiry() -> None:
    assert asked("modify", {"order": "1", "time_in_force": "specified"}).verb == Modify(
        order="1", time_in_force="specified"
    )


# Who asks.


@pytest.mark.parametrize(
    ("what", "client", "found"),
    [
        ("cancel_all", None, "default"),
        ("cancel_all", "desk", "desk"),
        ("cancel_all.desk", None, "desk"),
        ("cancel_all.desk", "desk", "desk"),
    ],
)
def test_the_client_is_in_the_payload_or_the_subject(what: str, client: str | None, found: str) -> None:
    assert asked(what, {"client": client}).client == found


def test_only_the_subject_counts_where_it_is_required() -> None:
    assert asked("cancel_all.desk", {}, require_client_subject=True).client == "desk"
    assert asked("cancel_all.desk", {"client": "desk"}, require_client_subject=True).client == "desk"
    for fields in ({}, {"client": "desk"}):
        assert refused("cancel_all", fields, require_client_subject=True) == [("client_required", "client")]
    assert refused("cancel_all.desk", {"client": "default"}, require_client_subject=True) == [
        ("client_mismatch", "client")
    ]


def test_the_durable_queue_needs_id_and_deadline() -> None:
    whole = {"id": "a", "deadline": NOON}
    assert asked("cancel_all", whole, durable=True).id == "a"
    for name in whole:
        assert refused("cancel_all", {n: v for n, v in whole.items() if n != name}, durable=True) == [
            ("missing_field", name)
        ]
    assert refused("cancel_all", whole | {"deadline": "soon"}, durable=True) == [("bad_value", "deadline")]


@pytest.mark.parametrize(
    ("fields", "headers", "trace"),
    [
        ({}, {}, None),
        ({"trace": TRACE}, {}, TRACE),
        ({}, {"Traceparent": TRACE}, TRACE),
        ({"trace": TRACE}, {"traceparent": OTHER_TRACE}, TRACE),
        ({}, {"traceparent": "00-nonsense"}, None),  # what a tracer sends must not stop a trade
        ({}, {"tracestate": TRACE}, None),
    ],
)
def test_the_trace_is_in_the_payload_or_the_header(
    fields: dict[str, str], headers: dict[str, str], trace: str | None
) -> None:
    assert read("cancel_all", json.dumps(fields).encode(), headers).trace == trace


# Whatever arrives.

TEXTS = [
    "EURUSD",
    "buy",
    "0.10",
    "limit",
    "stop_limit",
    "1.07",
    "1023",
    NOON,
    "fok",
    "specified",
    "receipt",
    TRACE,
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.sampled_from(TEXTS)
    | st.just({"server": "2026-11-21 10:00:00"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["server", "x"]), inner),
    max_leaves=4,
)
NAMES = sorted({name for fields in FIELDS.values() for name in fields} | set(ENVELOPE))
LIKELY = st.dictionaries(st.sampled_from([*NAMES, "x", "Symbol"]), VALUES, max_size=8)
WHATS = st.sampled_from([*VERBS, *(f"{verb}.desk" for verb in VERBS)]) | st.text(max_size=5)
PAYLOADS: st.SearchStrategy[tuple[dict[str, str], bytes]] = (
    st.tuples(st.just({}), st.binary(max_size=64) | LIKELY.map(lambda one: json.dumps(one).encode()))
    | st.tuples(st.just(PACKED), st.binary(max_size=64) | LIKELY.map(msgspec.msgpack.encode))
    | st.tuples(st.just(PACKED), st.binary(max_size=12).map(lambda tail: b"\x81\xa5order" + tail))
)


def judged(what: str, payload: bytes, headers: dict[str, str], **how: bool) -> CommandRequest | None:
    """The request; None: refused, and properly so."""
    try:
        return read(what, payload, headers, **how)
    except Unreadable as caught:
        why = caught
    assert why.reasons
    for reason in why.reasons:
        assert reason.code in CODES
        assert reason.message.isprintable()
        canonical(msgspec.to_builtins(reason))
    assert why.verb is None or why.verb in VERBS
    return None


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(what=WHATS, case=PAYLOADS, durable=st.booleans(), required=st.booleans())
@example(
    what="cancel", case=(PACKED, b"\x81\xa5order\xd6\xff\xff\xff\xff\xff"), durable=False, required=False
)
@example(what="cancel", case=({}, b'{"order": "\\ud800", "\\ud800": 1}'), durable=False, required=False)
def test_whatever_arrives_is_a_command_or_refused(
    what: str, case: tuple[dict[str, str], bytes], durable: bool, required: bool
) -> None:
    headers, payload = case
    found = judged(what, payload, headers, durable=durable, require_client_subject=required)
    if found is not None:
        canonical(found.payload)
        assert len(found.payload_hash) == 64


@given(
    noise=st.binary(min_size=1, max_size=8),
    at=st.integers(0, 120),
    body=st.sampled_from([json.dumps, msgspec.msgpack.encode]),
)
def test_a_damaged_command_is_a_command_or_refused(
    noise: bytes, at: int, body: Callable[[Any], str | bytes]
) -> None:
    made = body(LIMIT | {"expires_at": {"server": "2026-11-21 10:00:00"}, "deviation": 5})
    whole = made.encode() if isinstance(made, str) else made
    judged("submit", whole[:at] + noise + whole[at + len(noise) :], PACKED if whole[0] != 123 else {})


def test_every_field_is_read_by_its_declaration() -> None:
    for kind in VERBS.values():
        assert tuple(FIELDS[kind]) == kind.__struct_fields__
        assert not set(FIELDS[kind]) & set(ENVELOPE)
