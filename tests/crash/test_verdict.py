"""Whatever is wrong is seen: evidence that is sound, then broken in one place after the other."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from .clients import Asked
from .evidence import Evidence, Stored
from .verdict import duplicates, lost, state_differences, stream_gaps, unknown_left

Row = dict[str, Any]
ME: Row = {"client": "ann", "command": "ann-1"}
MARKER = "~ABCDEFGH23"
LOGIN = 1001
REPLY: Row = {
    **ME,
    "status": "filled",
    "final": True,
    "seq": 6,
    "order": "9",
    "filled": "0.10",
    "reasons": [],
    "deals": [{"deal": "5"}],
}
EVENTS: Sequence[tuple[str, Row]] = (
    ("account.opened", {}),
    ("command.received", ME),
    ("command.sending", {**ME, "action": "deal_market", "marker": MARKER, "position_by": None}),
    ("order.ended", {"order": "9"}),
    ("deal.booked", {"deal": "5"}),
    ("command.outcome", {**ME, "status": "filled", "final": True}),
)
ORDER: Row = {
    "login": LOGIN,
    "open": False,
    "trade_order": 9,
    "order_type": 0,
    "type_reason": 0,
    "comment": f"x{MARKER}",
}
DEAL: Row = {"login": LOGIN, "deal": 5, "trade_order": 9, "trade_volume": 10_000_000, "position_id": 9}
POSITION: Row = {
    "login": LOGIN,
    "position_id": 9,
    "trade_symbol": "EURUSD",
    "trade_action": 0,
    "trade_volume": 10_000_000,
    "price_open": 1.1,
    "sl": 0.0,
    "tp": 1.2,
}
REQUEST: Row = {"login": LOGIN, "command": 12, "hex": "01000000ff"}
TRUTH: Row = {
    "accounts": [{"login": LOGIN, "balance": "99.50", "credit": "0.00"}],
    "orders": [ORDER],
    "deals": [DEAL],
    "positions": [POSITION],
    "requests": [REQUEST],
}
HELD: Row = {
    "position": "9",
    "symbol": "EURUSD",
    "side": "buy",
    "volume": "0.10",
    "price": "1.10",
    "sl": None,
    "tp": "1.2",
}
BOOKS: Row = {
    "account": {"balance": "99.50", "credit": "0.00"},
    "orders": [],
    "deals": [{"deal": "5"}],
    "positions": [HELD],
}


def chained(events: Sequence[tuple[str, Row]]) -> list[Stored]:
    rows, link = [], bytes(32)
    for seq, (kind, data) in enumerate(events, 1):
        body = json.dumps({"seq": seq, "type": kind, "data": data}).encode()
        link = sha256(link + body).digest()
        rows.append(Stored(seq, body, link))
    return rows


def logged(*events: tuple[str, Row]) -> Evidence:
    """Sound, with this log and a stream that holds it."""
    rows = chained(events)
    asked = Asked("hedge", "ann", "ann-1", "submit", {}, replies=[REPLY], kept=True)
    return Evidence("hedge", LOGIN, rows, rows, BOOKS, TRUTH, [asked], {"hedge/ann/ann-1": REPLY})


SOUND = logged(*EVENTS)
ASKED = SOUND.asked[0]


def at_venue(**rows: list[Row]) -> Evidence:
    return replace(SOUND, truth={**TRUTH, **rows})


def told(last: Row, *replies: Row) -> Evidence:
    found = replace(ASKED, replies=[*replies])
    return replace(SOUND, asked=[found], last={"hedge/ann/ann-1": last})


def without(kind: str, **changes: Any) -> Evidence:
    """Its event is another one; what was asked may be other as well."""
    found = logged(*(("anomaly.seen", {}) if event[0] == kind else event for event in EVENTS))
    return replace(found, asked=[replace(ASKED, **changes)])


def bent(rows: Sequence[Stored]) -> list[Stored]:
    return [*rows[:3], replace(rows[3], body=rows[3].body + b" "), *rows[4:]]


Look = Callable[[Evidence], Iterator[str]]
CONFLICT: Row = {**REPLY, "status": "conflict"}
BROKEN: dict[str, tuple[Look, Evidence]] = {
    "an order made twice": (duplicates, at_venue(orders=[ORDER, {**ORDER, "trade_order": 10}])),
    "an order of nobody": (duplicates, at_venue(orders=[ORDER, {**ORDER, "comment": ""}])),
    "an order of no command": (duplicates, at_venue(orders=[ORDER, {**ORDER, "comment": "~ZZZZZZZZZZ"}])),
    "positions joined unasked": (
        duplicates,
        at_venue(orders=[ORDER, {**ORDER, "comment": "", "order_type": 8}]),
    ),
    "a request sent twice": (duplicates, at_venue(requests=[REQUEST, REQUEST])),
    "an intent twice": (duplicates, logged(*EVENTS, EVENTS[2])),
    "a command received twice": (duplicates, logged(*EVENTS, EVENTS[1])),
    "a deal booked twice": (duplicates, logged(*EVENTS, EVENTS[4])),
    "another payload was taken": (duplicates, replace(SOUND, asked=[replace(ASKED, contradicted=[REPLY])])),
    "a deal not in the log": (lost, without("deal.booked")),
    "an order not in the log": (lost, without("order.ended")),
    "a command not in the log": (lost, without("command.received", kept=False)),
    "a queued command not in the log": (lost, without("command.received", replies=[])),
    "an answer from behind the log": (lost, told(REPLY, {**REPLY, "seq": 7})),
    "a bent log": (lost, replace(SOUND, journal=bent(SOUND.journal))),
    "a gap in the log": (
        lost,
        replace(SOUND, journal=[*SOUND.journal[:2], *SOUND.journal[3:]], asked=[]),
    ),
    "an unknown command": (unknown_left, logged(*EVENTS[:5], ("command.unknown", ME))),
    "a command under way": (unknown_left, logged(*EVENTS[:5])),
    "a message missing": (stream_gaps, replace(SOUND, stream=SOUND.stream[:-1])),
    "a message too many": (stream_gaps, replace(SOUND, stream=[*SOUND.stream, SOUND.stream[-1]])),
    "another message": (stream_gaps, replace(SOUND, stream=bent(SOUND.stream))),
    "another balance": (
        state_differences,
        replace(SOUND, books={**BOOKS, "account": {"balance": "99.49", "credit": "0.00"}}),
    ),
    "another volume": (
        state_differences,
        replace(SOUND, books={**BOOKS, "positions": [{**HELD, "volume": "0.11"}]}),
    ),
    "another stop": (state_differences, replace(SOUND, books={**BOOKS, "positions": [{**HELD, "tp": None}]})),
    "a deal not in the books": (state_differences, replace(SOUND, books={**BOOKS, "deals": []})),
    "told otherwise before": (state_differences, told(REPLY, {**REPLY, "status": "rejected"})),
    "told otherwise than logged": (state_differences, told({**REPLY, "status": "canceled"})),
    "told of other fills": (state_differences, told({**REPLY, "filled": "0.20"})),
    "told of other deals": (state_differences, told({**REPLY, "deals": []})),
}


@pytest.mark.parametrize("look", [duplicates, lost, unknown_left, stream_gaps, state_differences])
def test_what_is_sound_is_not_complained_of(look: Look) -> None:
    assert list(look(SOUND)) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told(name: str) -> None:
    look, evidence = BROKEN[name]
    assert len(list(look(evidence))) == 1


@pytest.mark.parametrize(
    "reply",
    [
        {**REPLY, "status": "unknown", "final": False},
        {**REPLY, "status": "denied", "filled": None, "reasons": [{"code": "reconciling"}]},
        CONFLICT,
    ],
)
def test_what_may_change_may_have_been_told(reply: Row) -> None:
    assert list(state_differences(told(REPLY, reply))) == []


def test_a_working_order_goes_on() -> None:
    working = {**REPLY, "status": "working", "filled": "0.00", "deals": []}
    assert list(state_differences(told(REPLY, working))) == []
    assert list(state_differences(told(REPLY, {**working, "order": "8"}))) != []
