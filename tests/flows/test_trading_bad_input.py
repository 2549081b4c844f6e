"""Bad input over NATS: a clear answer each, nothing sent, nothing half-done, and the daemon lives."""

import json
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client
from nats.errors import MaxPayloadError

from tests.flows.system import HEDGE, NET, NoRespondersError, System, until
from tests.flows.trader import Line, Row, Trader

pytestmark = pytest.mark.slow
MSGPACK = {"Content-Type": "application/msgpack"}
GOOD: Row = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}
K64 = 64 * 1024


def good(**changes: Any) -> bytes:
    """A market order, but for these."""
    return json.dumps({**GOOD, **changes}).encode()


def raw(volume: str) -> bytes:
    """A market order with a volume that is written so."""
    return b'{"symbol": "EURUSD", "side": "buy", "volume": %s}' % volume.encode()


def packed(**changes: Any) -> bytes:
    return msgspec.msgpack.encode({**GOOD, **changes})


# What is asked, payload, headers; then the first reason's code and field.
BAD: dict[str, tuple[str, bytes, dict[str, str], str, str | None]] = {
    "no JSON": ("submit", b"{", {}, "not_json", None),
    "text": ("submit", b"buy EURUSD", {}, "not_json", None),
    "no UTF-8": ("submit", b'{"symbol": "\xff"}', {}, "not_json", None),
    "a list": ("submit", b"[]", {}, "not_an_object", None),
    "null": ("submit", b"null", {}, "not_an_object", None),
    "nothing": ("submit", b"", {}, "missing_field", "symbol"),
    "zeros": ("submit", bytes(100), {}, "not_json", None),
    "ten thousand levels": ("submit", b"[" * 10_000, {}, "not_json", None),
    "a field twice": ("submit", good()[:-1] + b', "volume": "5"}', {}, "duplicate_field", "volume"),
    "an unknown field": ("submit", good(lots=1), {}, "unknown_field", "lots"),
    "the field of another verb": ("submit", good(position="1"), {}, "unknown_field", "position"),
    "true": ("submit", good(volume=True), {}, "bad_value", "volume"),
    "a list of volumes": ("submit", good(volume=[1]), {}, "bad_value", "volume"),
    "an object as volume": ("submit", good(volume={"lots": 1}), {}, "bad_value", "volume"),
    "null as volume": ("submit", good(volume=None), {}, "bad_value", "volume"),
    "a number as symbol": ("submit", good(symbol=1), {}, "bad_value", "symbol"),
    "an empty symbol": ("submit", good(symbol=""), {}, "bad_value", "symbol"),
    "a long symbol": ("submit", good(symbol="E" * 33), {}, "out_of_range", "symbol"),
    "a line in a symbol": ("submit", good(symbol="EUR\nUSD"), {}, "bad_value", "symbol"),
    "a lone surrogate": ("submit", good(comment="\ud83d"), {}, "bad_value", "comment"),
    "another side": ("submit", good(side="hold"), {}, "bad_value", "side"),
    "another type": ("submit", good(type="iceberg"), {}, "bad_value", "type"),
    "NaN": ("submit", raw("NaN"), {}, "bad_value", "volume"),
    "NaN as text": ("submit", good(volume="NaN"), {}, "bad_value", "volume"),
    "infinity": ("submit", raw("-Infinity"), {}, "bad_value", "volume"),
    "NaN as price": ("submit", good(type="limit", price="nan"), {}, "bad_value", "price"),
    "an exponent as text": ("submit", good(volume="1e-1"), {}, "bad_value", "volume"),
    "a volume beyond everything": ("submit", raw("1e400"), {}, "out_of_range", "volume"),
    "a volume of ten thousand digits": ("submit", raw("1" * 10_000), {}, "out_of_range", "volume"),
    "a volume finer than the wire": ("submit", good(volume="0.123456789"), {}, "out_of_range", "volume"),
    "an id of 10 kB": ("submit", good(id="x" * 10_000), {}, "bad_value", "id"),
    "an id with a space": ("submit", good(id="a b"), {}, "bad_value", "id"),
    "another client than the subject's": ("submit.desk", good(client="x"), {}, "client_mismatch", "client"),
    "no client": ("submit.a.b", good(), {}, "bad_value", "client"),
    "a deadline without a zone": ("submit", good(deadline="2030-01-01 00:00"), {}, "bad_value", "deadline"),
    "a wait of an hour": ("submit", good(wait=3600), {}, "out_of_range", "wait"),
    "another reply": ("submit", good(reply="no"), {}, "bad_value", "reply"),
    "a price at the market": ("submit", good(price="1.1"), {}, "conflicting_fields", "price"),
    "a limit without a price": ("submit", good(type="limit"), {}, "missing_field", "price"),
    "a ticket of 0": ("cancel", b'{"order": "0"}', {}, "out_of_range", "order"),
    "a ticket beyond 63 bits": ("cancel", b'{"order": 9223372036854775808}', {}, "out_of_range", "order"),
    "a fraction of a ticket": ("close", b'{"position": 1.5}', {}, "bad_value", "position"),
    "two names": ("close", b'{"position": "1", "symbol": "X"}', {}, "conflicting_fields", "symbol"),
    "no verb that is known": ("sumbit", good(), {}, "unknown_verb", "verb"),
    "another case": ("SUBMIT", good(), {}, "unknown_verb", "verb"),
    "JSON as MessagePack": ("submit", good(), MSGPACK, "not_an_object", None),
    "a double of MessagePack": ("submit", packed(volume=0.1), MSGPACK, "bad_value", "volume"),
    "bytes of MessagePack": ("submit", packed(symbol=b"EURUSD"), MSGPACK, "bad_value", "symbol"),
    "MessagePack that is cut off": ("submit", packed()[:-1], MSGPACK, "not_messagepack", None),
    "65 kB": ("submit", good(comment="x" * K64), {}, "too_large", None),
    "1 MB": ("submit", b"x" * 1_000_000, {}, "too_large", None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_by_name_and_nothing_is_done(standing: System, line: Line, name: str) -> None:
    what, payload, headers, code, field = BAD[name]
    trader = Trader(standing, line, HEDGE)
    before = trader.query("state")
    answer, told = line.request(f"oms.v1.cmd.{HEDGE}.{what}", payload, headers)
    reads = msgspec.msgpack.decode if headers and code != "too_large" else json.loads
    found = reads(answer)
    assert (found["status"], found["final"], found["account"]) == ("denied", True, HEDGE)
    reasons = [(one["code"], one["field"]) for one in found["reasons"]]
    assert (code, field) in reasons, found["reasons"]
    assert all(one["message"] for one in found["reasons"])
    assert told["Content-Type"] == headers.get("Content-Type", "application/json")
    assert trader.query("state") == before  # no event, the account as it was
    assert trader.arrived() == []


def test_all_that_is_wrong_is_told_at_once(standing: System, line: Line) -> None:
    found = Trader(standing, line, HEDGE).command(
        "submit", symbol=5, side="x", volume="NaN", type="stop_limit", tp=False, lots=1, id="?"
    )
    assert {(one["code"], one["field"]) for one in found["reasons"]} == {
        *((("bad_value", name)) for name in ("symbol", "side", "volume", "tp", "id")),
        *((("missing_field", name)) for name in ("price", "limit_price")),
        ("unknown_field", "lots"),
    }


def test_what_cannot_be_read_is_kept_with_the_reasons(standing: System, line: Line) -> None:
    """But for what is too large: nobody reads it."""
    kept = {name: one for name, one in BAD.items() if one[3] != "too_large"}
    for what, payload, headers, *_ in kept.values():
        line.request(f"oms.v1.cmd.{NET}.{what}", payload, headers)

    async def letters(client: Client) -> list[tuple[str, bytes, str]]:
        jetstream = client.jetstream()
        last = (await jetstream.stream_info("OMS_DEAD")).state.last_seq
        messages = [await jetstream.get_msg("OMS_DEAD", seq) for seq in range(1, last + 1)]
        return [
            (one.headers["Oms-Subject"], one.data or b"", json.loads(one.headers["Oms-Reason"])[0]["code"])
            for one in messages
            if one.subject == f"oms.v1.dead.{NET}" and one.headers
        ]

    until(lambda: len(line.use(letters)) >= len(kept))
    wanted = {(f"oms.v1.cmd.{NET}.{what}", payload) for what, payload, *_ in kept.values()}
    assert {(subject, body) for subject, body, _ in line.use(letters)} == wanted


def test_an_unknown_account_has_no_responders(line: Line) -> None:
    for subject in (
        "oms.v1.query.nobody.orders",
        "oms.v1.cmd.nobody.submit",
        "oms.v1.ctl.nobody.halt",
        f"oms.v1.cmd.{HEDGE}",
    ):
        with pytest.raises(NoRespondersError):
            line.request(subject, good())


def test_more_than_nats_takes_does_not_leave_the_client(line: Line) -> None:
    with pytest.raises(MaxPayloadError):
        line.request(f"oms.v1.cmd.{HEDGE}.submit", bytes(2**20 + 1))


def test_the_largest_payload_is_read(standing: System, line: Line) -> None:
    trader = Trader(standing, line, HEDGE)
    body = good(symbol="NOPE").ljust(K64)
    found = json.loads(line.request(f"oms.v1.cmd.{HEDGE}.submit", body)[0])
    assert [one["code"] for one in found["reasons"]] == ["unknown_symbol"]
    assert trader.arrived() == []


def test_what_is_read_and_denied_leaves_the_denial_alone(standing: System, line: Line) -> None:
    trader = Trader(standing, line, NET)
    before = trader.query("state")["seq"]
    for changes in ({"symbol": "NOPE"}, {"volume": "-1"}, {"volume": 0}, {"sl": "-1"}):
        found = trader.command("submit", **{**GOOD, **changes})
        assert (found["status"], found["final"]) == ("denied", True)
        assert found["reasons"][0]["field"] in changes
    events = [one["type"] for one in standing.daemon.journal(NET, before)]
    assert [one for one in events if one != "symbol.changed"] == ["command.received", "command.denied"] * 4
    assert trader.arrived() == []


def test_messagepack_is_answered_in_messagepack(standing: System, line: Line) -> None:
    trader = Trader(standing, line, HEDGE)
    trader.quote(1.1, 1.1001)
    body = packed(id="packed", volume="0.1")
    answer, told = line.request(f"oms.v1.cmd.{HEDGE}.submit.pack", body, MSGPACK)
    found = msgspec.msgpack.decode(answer)
    assert told["Content-Type"] == "application/msgpack"
    assert (found["status"], found["filled"], found["client"]) == ("filled", "0.10", "pack")
    same = line.ask(f"oms.v1.cmd.{HEDGE}.submit.pack", **{**GOOD, "id": "packed"})
    assert same == found
    assert len(trader.arrived()) == 1
    answer, _ = line.request(
        f"oms.v1.cmd.{HEDGE}.close", msgspec.msgpack.encode({"position": int(found["position"])}), MSGPACK
    )
    assert msgspec.msgpack.decode(answer)["status"] == "filled"


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_afterwards_it_trades_and_its_books_are_whole(standing: System, line: Line, account: str) -> None:
    trader = Trader(standing, line, account)
    trader.quote(1.1, 1.1001)
    opened = trader.submit("buy", "0.10")
    assert opened["status"] == "filled", opened
    assert trader.command("close", position=opened["position"])["status"] == "filled"
    trader.agrees()
    standing.check_stream(account)
    assert "Traceback" not in standing.daemon.log.read_text()
