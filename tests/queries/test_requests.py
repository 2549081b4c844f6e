"""Requests: what is refused, with which field; both formats; nothing that arrives raises."""

import json
import re
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oms.queries import QUERIES
from tests.docs_main import QUERIES as DOCUMENT
from tests.docs_queries import EXAMPLES

from .scene import Account

MSGPACK = {"Content-Type": "application/msgpack"}
BAD = (400, "bad_request")


@pytest.mark.trio
@pytest.mark.parametrize(
    ("what", "payload", "field"),
    [
        ("orders", b'{"symbl": "EURUSD"}', "symbl"),
        ("orders", b'{"symbol": "EURUSD", "symbol": "EURUSD"}', "symbol"),
        ("orders", b'{"limit": NaN}', "limit"),
        ("orders", b'{"symbol": -Infinity}', "symbol"),
        ("quotes", b'{"symbols": [NaN]}', "symbols"),
        ("orders", b'{"limit": 10.0}', "limit"),
        ("orders", b'{"limit": 1e2}', "limit"),
        ("orders", b'{"limit": "10"}', "limit"),
        ("orders", b'{"limit": 0}', "limit"),
        ("orders", b'{"limit": 1001}', "limit"),
        ("orders", b'{"limit": true}', "limit"),
        ("orders", b'{"all": 1}', "all"),
        ("orders", b'{"order": "01023"}', "order"),
        ("orders", b'{"order": "1023\\n"}', "order"),
        ("orders", b'{"after": "' + b"9" * 20 + b'"}', "after"),
        ("orders", b'{"symbol": "\\ud800"}', "symbol"),
        ("orders", b'{"symbol": ""}', "symbol"),
        ("orders", b'{"symbol": "' + b"x" * 257 + b'"}', "symbol"),
        ("orders", b'{"symbol": {"symbol": "EURUSD"}}', "symbol"),
        ("orders", b'{"min_seq": -1}', "min_seq"),
        ("orders", b'{"min_seq": 9007199254740992}', "min_seq"),
        ("orders", b'{"min_seq": ' + b"9" * 5000 + b"}", None),
        ("orders", b'{"as_of": null, "as_of": 1}', "as_of"),
        ("orders", b'{"as_of": 1000}', "as_of"),
        ("orders", b'{"as_of": -1}', "as_of"),
        ("orders", b'{"as_of": "yesterday"}', "as_of"),
        ("orders", b'{"as_of": "2026-02-30T10:00:00Z"}', "as_of"),
        ("orders", b'{"as_of": 1.5}', "as_of"),
        ("orders", b"[]", None),
        ("orders", b"null", None),
        ("orders", b"{", None),
        ("orders", b"\xef\xbb\xbf{}", None),
        ("orders", b"\xff", None),
        ("orders", b"[" * 60_000, None),
        ("orders", b" " * 65_537, None),
        ("quotes", b'{"symbols": []}', "symbols"),
        ("quotes", b'{"symbols": ["EURUSD", 5]}', "symbols"),
        ("quotes", b'{"symbols": ["\\udfff"]}', "symbols"),
        ("quotes", b'{"symbols": {}}', "symbols"),
        ("quotes", b'{"symbol": "A", "symbols": ["B"]}', "symbols"),
        ("symbols", json.dumps({"symbols": ["A"] * 51}).encode(), "symbols"),
        ("symbols", b'{"symbol": "EURUSD", "mask": "*"}', "mask"),
        ("symbols", b'{"symbol": "EURUSD", "after": "A"}', "after"),
        ("rates", b"{}", "symbol"),
        ("rates", b'{"symbol": "EURUSD"}', "timeframe"),
        ("rates", b'{"symbol": "EURUSD", "timeframe": "M2"}', "timeframe"),
        ("rates", b'{"symbol": "EURUSD", "timeframe": "M1", "count": 5001}', "count"),
        ("rates", b'{"symbol": "EURUSD", "timeframe": "M1", "from": "2026-11-21"}', "from"),
        ("rates", b'{"symbol": "EURUSD", "timeframe": "M1", "from_": "2026-11-21 10:00:00"}', "from_"),
        ("rates", b'{"symbol": "EURUSD", "timeframe": "M1", "to": "2039-01-01 00:00:00"}', "to"),
        (
            "rates",
            b'{"symbol": "E", "timeframe": "M1", "from": "2026-11-21 10:00:00", "to": "2026-11-21 10:00:00"}',
            "from",
        ),
        ("history", b'{"after": "position:7"}', "after"),
        ("history", b'{"after": "order:\xd9\xa1"}', "after"),
        ("history", b'{"to": "2026-13-01 10:00:00"}', "to"),
        ("events", b'{"type": "deal.[ab]"}', "type"),
        ("events", b'{"types": ["deal.booked", "DEAL"]}', "types"),
        ("events", b'{"type": "a", "types": ["b"]}', "types"),
        ("events", b'{"since": "2026-11-21 10:00:00"}', "since"),  # events are recorded in UTC
        ("commands", b'{"after": "desk/7"}', "after"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_field(
    account: Account, what: str, payload: bytes, field: str | None
) -> None:
    assert await account.refused(what, payload) == (*BAD, field)


@pytest.mark.trio
@pytest.mark.parametrize("what", ["pnl", "quotes", "rates", "risk", "sessions"])
async def test_what_needs_more_than_the_journal_has_no_as_of(account: Account, what: str) -> None:
    assert await account.refused(what, {"as_of": 3}) == (*BAD, "as_of")


@pytest.mark.trio
async def test_an_unknown_query_is_told(account: Account) -> None:
    assert await account.refused("order") == (404, "unknown_query", None)


@pytest.mark.trio
@pytest.mark.parametrize("what", sorted(set(QUERIES) - {"rates"}))
async def test_nothing_asked_for_in_particular_is_answered(account: Account, what: str) -> None:
    reply = await account.ask(what)
    assert list(reply)[:2] == ["account", "seq"]
    assert (reply["account"], reply["seq"]) == ("main", 12)
    assert await account.ask(what, {}) == reply


@pytest.mark.trio
@pytest.mark.parametrize("what", sorted(set(QUERIES) - {"rates"}))
async def test_messagepack_is_a_view_of_the_same_fields(account: Account, what: str) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    packed = msgspec.msgpack.encode({"min_seq": 12})
    for name in ("Content-Type", "content-type"):
        reply = await account.asked(what, packed, **{name: "application/msgpack"})
        assert reply.headers == MSGPACK
        assert msgspec.msgpack.decode(reply.payload) == await account.ask(what)


@pytest.mark.trio
@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"\x82\xa5limit\x01\xa5limit\x01", "limit"),
        (b"\xde\x00\x02\xa5limit\x01\xa5limit\x01", "limit"),
        (b"\xdf\x00\x00\x00\x02\xa5limit\x01\xa5limit\x01", "limit"),
        (msgspec.msgpack.encode({"limit": 10.0}), "limit"),
        (msgspec.msgpack.encode({"limit": float("nan")}), "limit"),
        (msgspec.msgpack.encode({"symbol": b"EURUSD"}), "symbol"),
        (msgspec.msgpack.encode({"symbl": 1}), "symbl"),
        (msgspec.msgpack.encode({1: 1}), None),
        (msgspec.msgpack.encode([]), None),
        (b"\xdf\xff\xff\xff\xff", None),
        (b"\xde", None),
        (b"\x81", None),
        (b"\x81\xa5limit\x01\x01", None),  # a byte too many
        (b"\x81\xa5limit" + b"\x91" * 60_000, None),
        (b"\x81\xa1\xff\x01", None),
    ],
)
async def test_messagepack_is_read_as_strictly(account: Account, payload: bytes, field: str | None) -> None:
    reply = await account.asked("orders", payload, **MSGPACK)
    assert reply.error == BAD
    assert msgspec.msgpack.decode(reply.payload)["error"]["field"] == field


@pytest.mark.trio
async def test_the_long_heads_of_messagepack_maps_are_read(account: Account) -> None:
    for head in (b"\x81", b"\xde\x00\x01", b"\xdf\x00\x00\x00\x01"):
        reply = await account.asked("orders", head + b"\xa5limit\x01", **MSGPACK)
        assert reply.error is None


@pytest.mark.trio
async def test_an_error_says_what_field_and_how_far_the_journal_is(account: Account) -> None:
    reply = await account.asked("orders", {"limit": 0})
    assert reply.headers == {"Content-Type": "application/json"}
    assert json.loads(reply.payload) == {
        "error": {
            "code": "bad_request",
            "message": "Expected `int` >= 1",
            "field": "limit",
            "category": "validation",
            "retry": "no",
        },
        "account": "main",
        "seq": 12,
    }


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.sampled_from(["EURUSD", "H1", "1002", "2026-11-21T10:00:00Z", "2026-11-21 12:00:00", "deal.*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=5,
)
FIELDS = sorted({name for query in QUERIES.values() for name in query.request.__struct_encode_fields__})
# Waiting for a seq that never comes has a test of its own.
REQUESTS = st.dictionaries(st.sampled_from(sorted(set(FIELDS) - {"min_seq"})), VALUES, max_size=4)
JSON_PAYLOADS = st.binary(max_size=64) | REQUESTS.map(lambda one: json.dumps(one).encode())
PACKED_PAYLOADS = st.binary(max_size=64) | REQUESTS.map(msgspec.msgpack.encode)
CASES: st.SearchStrategy[tuple[dict[str, str], bytes]] = st.tuples(st.just({}), JSON_PAYLOADS) | st.tuples(
    st.just(MSGPACK), PACKED_PAYLOADS
)


@pytest.mark.slow
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=st.sampled_from(sorted(QUERIES)) | st.text(max_size=4), case=CASES)
@example(what="events", case=({}, b'{"types": ["account.*", "ledger.opened"]}'))
@example(what="\ud800", case=({}, b""))
def test_whatever_arrives_is_answered_or_refused(
    account: Account, what: str, case: tuple[dict[str, str], bytes]
) -> None:
    headers, payload = case
    reply = trio.run(lambda: account.asked(what, payload, **headers))
    found = msgspec.msgpack.decode(reply.payload) if headers else json.loads(reply.payload)
    if reply.error is None:
        assert list(found)[:2] == ["account", "seq"]
    else:
        number, code = reply.error
        assert number in (400, 404)
        assert found["error"]["code"] == code
        assert found["error"]["message"].isprintable()


@pytest.mark.slow
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(min_size=1, max_size=16), at=st.integers(0, 60), packed=st.booleans())
def test_a_damaged_request_is_answered_or_refused(
    account: Account, noise: bytes, at: int, packed: bool
) -> None:
    request = {"symbol": "EURUSD", "limit": 5, "from": "2026-11-21 12:00:00"}
    whole = msgspec.msgpack.encode(request) if packed else json.dumps(request).encode()
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    reply = trio.run(lambda: account.asked("deals", damaged, **(MSGPACK if packed else {})))
    assert reply.error in (None, BAD)


def test_the_document_is_as_declared(tmp_path: Path) -> None:
    assert DOCUMENT.check() == []
    copy = tmp_path / "queries.md"
    copy.write_text(DOCUMENT.path.read_text("utf-8").replace("| decimal? |", "| number |", 1), "utf-8")
    assert "make docs" in DOCUMENT.check(copy)[-1]
    assert DOCUMENT.write(copy) == []
    assert copy.read_bytes() == DOCUMENT.path.read_bytes()


def test_the_document_has_an_example_of_every_query_and_all_its_types() -> None:
    assert set(EXAMPLES) == set(QUERIES)
    text = DOCUMENT.path.read_text("utf-8")
    for name in re.findall(r"\]\(#(\w+)\)", text):
        assert re.search(rf"^### {name}$", text, re.MULTILINE | re.IGNORECASE), name


def test_every_type_has_a_schema_of_its_own() -> None:
    kinds = [kind for query in QUERIES.values() for kind in (query.request, query.reply)]
    schemas, _ = msgspec.json.schema_components(kinds)
    assert len(schemas) == len(kinds) == 30
