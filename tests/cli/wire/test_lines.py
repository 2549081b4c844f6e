"""Lines in process: every error code with its field, scalars at their edges, arbitrary JSON."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.cli.wire.lines import decode, encode, parse, serve
from oms.cli.wire.steps import STEP_TOPICS, check_line
from oms.cli.wire.values import WireError
from protocol.commands import COMMANDS
from protocol.errors import ProtocolError
from tests.protocol.golden import bodies

CODES = (
    *("bad_json", "bad_hex", "unknown_kind", "unknown_command", "missing", "out_of_range", "truncated"),
    *("bad_value", "decrypt"),
)
KEY = "00" * 16


def error(handle: Any, line: Any) -> tuple[str, str | None]:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    answer, message = serve(handle, raw, 7)
    assert answer["error"]["line"] == 7
    assert answer["error"]["message"] == message
    assert message
    field = answer["error"]["field"]
    assert field is None or field in message
    return answer["error"]["code"], field


def rq(command: Any, fields: Any) -> dict[str, Any]:
    return {"kind": "request", "command": command, "fields": fields}


def rs(command: Any, fields: Any) -> dict[str, Any]:
    return {"kind": "response", "command": command, "fields": fields}


def ps(command: Any, fields: Any) -> dict[str, Any]:
    return {"kind": "push", "command": command, "fields": fields}


def frame(**fields: Any) -> dict[str, Any]:
    return {"kind": "frame", "command": 51, "fields": {"direction": "client-to-server", "key": KEY, **fields}}


ENCODED: list[tuple[Any, str, str | None]] = [
    (b"{", "bad_json", None),
    (b"[]", "bad_json", None),
    (b'{"kind": NaN}', "bad_json", None),
    (b'{"kind": Infinity}', "bad_json", None),
    (b"\xff", "bad_json", None),
    ({}, "missing", "kind"),
    ({"kind": "request", "command": 2}, "missing", "fields"),
    ({"kind": "request", "fields": {}}, "missing", "command"),
    ({"kind": "cipher", "fields": {}}, "missing", "key"),
    ({"kind": "frame", "command": 1, "fields": {"key": KEY}}, "missing", "direction"),
    ({"kind": "frame", "fields": {"key": KEY, "direction": "client-to-server"}}, "missing", "command"),
    ({"kind": "requests"}, "unknown_kind", "kind"),
    ({"kind": None}, "unknown_kind", "kind"),
    ({"kind": ["request"]}, "unknown_kind", "kind"),
    (rq(1, {}), "unknown_command", "command"),
    (rq(8, {}), "unknown_command", "command"),
    (rs(8, {}), "unknown_command", "command"),
    (ps(3, {}), "unknown_command", "command"),
    (rq(-1, {}), "unknown_command", "command"),
    (rq(10**30, {}), "unknown_command", "command"),
    (rq(True, {}), "unknown_command", "command"),
    (rq("8", {}), "unknown_command", "command"),
    (rq("ping", {}), "unknown_command", "command"),
    (rq(None, {}), "unknown_command", "command"),
    (rq(42, {"notify": 2**32}), "out_of_range", "notify"),
    (rq(42, {"notify": -1}), "out_of_range", "notify"),
    (rq(42, {"notify": 1e300}), "out_of_range", "notify"),
    (rq(42, {"notify": "9" * 5000}), "out_of_range", "notify"),
    (rq(42, {"notify": "-1"}), "out_of_range", "notify"),
    (rq(42, {"notify": 1.5}), "bad_value", "notify"),
    (rq(42, {"notify": True}), "bad_value", "notify"),
    (rq(42, {"notify": None}), "bad_value", "notify"),
    (rq(42, {"notify": "1.0"}), "bad_value", "notify"),
    (rq(42, {"notify": " 1"}), "bad_value", "notify"),
    (rq(42, {"notify": "+1"}), "bad_value", "notify"),
    (rq(42, {"notify": "--1"}), "bad_value", "notify"),
    (rq(42, {"notify": ""}), "bad_value", "notify"),
    (rq(42, {"notify": "\u0663"}), "bad_value", "notify"),  # an Arabic three
    (rq(42, []), "bad_value", "fields"),
    (rq(51, None), "bad_value", "fields"),
    (rq(7, []), "bad_value", "fields"),
    (rq(7, {"ids": {}}), "bad_value", "ids"),
    (rq(7, {"ids": [0, 2**32]}), "out_of_range", "ids[1]"),
    (rq(7, {"ids": [True]}), "bad_value", "ids[0]"),
    (rq(0, {"token": "00" * 65}), "out_of_range", "token"),
    (rq(0, {"token": "0"}), "bad_hex", "token"),
    (rq(0, {"token": "0 "}), "bad_hex", "token"),
    (rq(0, {"token": 0}), "bad_value", "token"),
    (rq(12, {"trade_symbol": 5}), "bad_value", "trade_symbol"),
    (rq(43, {"password_ticket": "00" * 161}), "out_of_range", "password_ticket"),
    (rq(39, {"documents": [{}, {"front": "x"}]}), "bad_hex", "documents[1].front"),
    (rq(39, {"extension": {"birth_date": -11_644_473_600_001}}), "out_of_range", "extension.birth_date"),
    (rs(0, {"key": "00" * 17}), "bad_value", "key"),
    (rs(0, {}), "bad_value", "key"),
    (rs(3, {"main": {}, "trade_settings": [], "trade_flags": 1}), "bad_value", "trade_flags"),
    (rs(3, {"main": {}, "trade_settings": [{}], "trade_flags": 2**31}), "out_of_range", "trade_flags"),
    (rs(3, {"main": None}), "bad_value", "main"),
    (rs(3, {"main": {"rights": "x"}}), "bad_value", "main.rights"),
    (rs(4, {"orders": [{}, {}, {"digits": -1}]}), "out_of_range", "orders[2].digits"),
    (rs(4, {"orders": None}), "bad_value", "orders"),
    (rs(18, [{"trade": {"swap_rates": [1]}}]), "bad_value", "[0].trade.swap_rates"),
    (rs(18, [{"trade": {"swap_rates": [1, 2, 3, 4, 5, 6, True]}}]), "bad_value", "[0].trade.swap_rates[6]"),
    (rs(18, [{"schedule": {"quote_sessions": []}}]), "bad_value", "[0].schedule.quote_sessions"),
    (
        rs(18, [{"schedule": {"trade_sessions": [[[0, 65536]] * 16] * 7}}]),
        "out_of_range",
        "[0].schedule.trade_sessions[0][0][1]",
    ),
    (rs(18, [{"subscription": {"level": 256}}]), "out_of_range", "[0].subscription.level"),
    (rs(28, []), "bad_value", "fields"),
    (rs(28, [{}, {}]), "bad_value", "fields"),
    (rs(28, {}), "bad_value", "fields"),
    (rs(28, [{"session": 2**64}]), "out_of_range", "[0].session"),
    (rs(28, [{"session": -1}]), "out_of_range", "[0].session"),
    (ps(8, {}), "bad_value", "fields"),
    (ps(8, [{"bid": 10**400}]), "out_of_range", "[0].bid"),
    (b'{"kind": "push", "command": 8, "fields": [{}, {"bid": 1e999}]}', "out_of_range", "[1].bid"),
    (b'{"kind": "push", "command": 8, "fields": [{"bid": -1e999}]}', "out_of_range", "[0].bid"),
    (ps(8, [{"bid": "1.5"}]), "bad_value", "[0].bid"),
    (ps(8, [{"bid": True}]), "bad_value", "[0].bid"),
    (ps(8, [{"bid": "NaN"}]), "bad_value", "[0].bid"),
    (ps(8, [{"bid": "infinity"}]), "bad_value", "[0].bid"),
    (ps(10, [5]), "bad_value", "[0]"),
    (ps(10, [{"flag_mask": 2, "order": {}}]), "bad_value", "[0].order"),
    (ps(10, [{"flag_mask": 0}, {"flag_mask": 2, "deal": {}}]), "bad_value", "[1].deal"),
    (ps(10, [{"flag_mask": "x"}]), "bad_value", "[0].flag_mask"),
    (ps(10, [{"order": {"trade_order": 2**64}, "deal": {}}]), "out_of_range", "[0].order.trade_order"),
    (ps(23, [{"levels": [{"price": 2**63}]}]), "out_of_range", "[0].levels[0].price"),
    (frame(direction="up"), "bad_value", "direction"),
    (frame(direction=[]), "bad_value", "direction"),
    (frame(key="00" * 15), "bad_value", "key"),
    (frame(key="zz"), "bad_hex", "key"),
    (frame(prefix=[1]), "bad_value", "prefix"),
    (frame(prefix=[1, 256]), "out_of_range", "prefix[1]"),
    (frame(prefix=None), "bad_value", "prefix"),
    (frame(payload="0"), "bad_hex", "payload"),
    (frame(direction="server-to-client", code=256), "out_of_range", "code"),
    (frame(direction="server-to-client", body=1), "bad_value", "body"),
    ({**frame(), "command": 65536}, "out_of_range", "command"),
    ({**frame(), "fields": 1}, "bad_value", "fields"),
    ({"kind": "cipher", "fields": {"key": KEY, "iv": "01"}}, "bad_value", "iv"),
    ({"kind": "cipher", "fields": {"key": KEY, "plaintext": "x"}}, "bad_hex", "plaintext"),
    ({"kind": "record", "fields": {"unix_ms": -11_644_473_600_001}}, "out_of_range", "unix_ms"),
    ({"kind": "record", "fields": {"unix_ms": 1_833_029_933_770_956}}, "out_of_range", "unix_ms"),
    ({"kind": "record", "fields": []}, "bad_value", "fields"),
]


@pytest.mark.parametrize(("line", "code", "field"), ENCODED)
def test_what_cannot_be_encoded_names_code_and_field(line: Any, code: str, field: str | None) -> None:
    assert error(encode, line) == (code, field)


def hexed(kind: str, command: int, raw: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "command": command, "hex": raw, **more}


OPEN = {"fields": {"direction": "server-to-client", "key": KEY}}
DECODED: list[tuple[Any, str, str | None]] = [
    ({"kind": "request", "command": 51}, "missing", "hex"),
    ({"kind": "request", "hex": ""}, "missing", "command"),
    ({"kind": "frame", "hex": ""}, "missing", "fields"),
    ({"kind": "cipher", "hex": "", "fields": {}}, "missing", "key"),
    (hexed("request", 51, "0"), "bad_hex", "hex"),
    (hexed("request", 51, "0g"), "bad_hex", "hex"),
    (hexed("request", 51, " 00"), "bad_hex", "hex"),
    (hexed("request", 51, "\u0660\u0660"), "bad_hex", "hex"),
    ({"kind": "request", "command": 51, "hex": None}, "bad_value", "hex"),
    (hexed("ping", 51, ""), "unknown_kind", "kind"),
    (hexed("request", 15, ""), "unknown_command", "command"),
    (hexed("request", 42, "000000"), "truncated", None),
    (hexed("response", 4, "01000000"), "truncated", "positions"),
    (hexed("response", 28, "00" * 159), "truncated", "password_ticket"),
    (hexed("response", 0, "00" * 66), "truncated", "key"),
    (hexed("response", 0, "00" * 83), "bad_value", "key"),
    (hexed("response", 34, "00000000"), "truncated", None),
    (hexed("response", 34, "0000000000"), "truncated", None),
    (hexed("response", 34, "00000000ffff"), "bad_value", None),
    (hexed("push", 23, "0100000000"), "truncated", None),
    (hexed("record", 0, "00"), "truncated", None),
    (hexed("frame", 0, "", **OPEN), "truncated", "header"),
    (hexed("frame", 0, "00" * 9, **OPEN), "decrypt", None),
    (hexed("frame", 0, "00" * 24, **OPEN), "decrypt", None),
    (hexed("cipher", 0, "00" * 24, fields={"key": KEY}), "decrypt", None),
    (hexed("cipher", 0, "", fields={"key": KEY}), "decrypt", None),
    (hexed("cipher", 0, "", fields=[]), "bad_value", "fields"),
]


@pytest.mark.parametrize(("line", "code", "field"), DECODED)
def test_what_cannot_be_decoded_names_code_and_field(line: Any, code: str, field: str | None) -> None:
    assert error(decode, line) == (code, field)


def test_every_code_of_the_document_is_met() -> None:
    assert {code for _, code, _ in ENCODED + DECODED} == set(CODES)


STEPS: list[tuple[str, Any, str, str]] = [
    ("quote", {}, "missing", "fields"),
    ("quote", {"fields": []}, "bad_value", "fields"),
    ("quote", {"fields": {"digits": 5}}, "missing", "point"),
    ("quote", {"fields": {"digits": -1, "point": 1}}, "out_of_range", "digits"),
    ("quote", {"fields": {"digits": 5, "point": 1}, "steps": {}}, "bad_value", "steps"),
    ("quote", {"fields": {"digits": 5, "point": 1}, "steps": [1]}, "bad_value", "steps[0]"),
    ("quote", {"fields": {"digits": 5, "point": 1}, "steps": [{}]}, "missing", "steps[0].command"),
    (
        "quote",
        {"fields": {"digits": 5, "point": 1}, "steps": [{"command": 13}]},
        "unknown_command",
        "steps[0].command",
    ),
    ("quote", {"fields": {"digits": 5, "point": 1}, "steps": [{"command": 8}]}, "missing", "steps[0].hex"),
    (
        "quote",
        {"fields": {"digits": 5, "point": 1}, "steps": [{"command": 8, "hex": "0"}]},
        "bad_hex",
        "steps[0].hex",
    ),
    ("book", {"fields": {"digits": 5}}, "missing", "contract_size"),
    (
        "book",
        {"fields": {"digits": 5, "contract_size": 1}, "steps": [{}, {"levels": [{"price": True}]}]},
        "bad_value",
        "steps[1].levels[0].price",
    ),
    (
        "book",
        {"fields": {"digits": 5, "contract_size": 1}, "steps": [{"books_flags": -1}]},
        "out_of_range",
        "steps[0].books_flags",
    ),
    ("normalize", {"fields": {"value": 1}}, "missing", "digits"),
]


@pytest.mark.parametrize(("topic", "line", "code", "field"), STEPS)
def test_what_cannot_be_checked_names_code_and_field(topic: str, line: Any, code: str, field: str) -> None:
    assert error(lambda parsed: check_line(topic, parsed), line) == (code, field)


def test_a_quote_begins_unset() -> None:
    assert check_line("quote", {"fields": {"digits": 5, "point": 1e-5}}) == {
        "parsed": {
            **dict.fromkeys(("bid_last", "ask_last", "bid_src", "ask_src")),
            **dict.fromkeys(("bid_high", "bid_low", "ask_high", "ask_low")),
            **dict.fromkeys(("price_open", "price_close", "price_change")),
            **dict.fromkeys(("lasttime_bidask", "lasttime_last")),
            **dict.fromkeys(("bid", "ask", "last_last", "tick_time", "tick_time_ms", "fields"), 0),
            "vol_last": "0",
        }
    }


def raw_of(line: dict[str, Any]) -> str:
    return str(encode(line)["hex"])


def test_integers_are_taken_as_numbers_whole_floats_and_digits() -> None:
    for value in (5, 5.0, "5", "005"):
        assert raw_of(rq(42, {"notify": value})) == "05000000"
    assert raw_of(rq(5, {"from": "-1", "to": -1})) == "ff" * 8
    assert raw_of(rq(42, {"notify": 2**32 - 1})) == raw_of(rq(42, {"notify": str(2**32 - 1)})) == "ff" * 4


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (1 - 2**53, 1 - 2**53),
        (-(2**53), "-9007199254740992"),
        (2**63 - 1, "9223372036854775807"),
    ],
)
def test_integers_above_2_to_the_53_are_printed_as_digits(value: int, printed: Any) -> None:
    raw = value.to_bytes(8, "little", signed=True).hex() + "00" * 336
    line = decode(hexed("response", 4, "01000000" + raw + "00000000"))
    assert line["fields"]["positions"][0]["position_id"] == printed
    assert raw_of(rs(4, {"positions": [{"position_id": printed}]})) == "01000000" + raw + "00000000"


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("nan", "000000000000f87f"),
        ("inf", "000000000000f07f"),
        ("-inf", "000000000000f0ff"),
        (-0.0, "0000000000000080"),
        (1, "000000000000f03f"),
        (2**53 + 1, "0000000000004043"),
    ],
)
def test_doubles_are_written_bit_by_bit(value: Any, bits: str) -> None:
    assert raw_of(ps(8, [{"bid": value}]))[24:40] == bits
    shown = decode(hexed("push", 8, "00" * 12 + bits + "00" * 30))["fields"][0]["bid"]
    assert str(shown) == str(value) or float(shown) == float(value)


def test_counts_are_those_of_their_lists() -> None:
    assert raw_of(rq(7, {"count": "whatever", "ids": [1]})) == "0100000001000000"
    assert raw_of(ps(23, [{"count": 9, "levels": []}])) == raw_of(ps(23, [{}]))
    assert raw_of(rs(4, {})) == "00" * 8
    documents = [{"front_size": None, "front": "abcd", "back_size": "x"}]
    assert raw_of(rq(39, {"documents": documents})) == raw_of(rq(39, {"documents": [{"front": "abcd"}]}))
    rules = {"main": {}, "trade_settings": [], "trade_flags": 0, "symbols_count": 0, "leverage_flags": 0}
    assert raw_of(rs(3, {**rules, "leverage_rules": [{"tier_count": 1.5}]})).endswith("00000000")


def test_unknown_names_are_ignored_and_missing_ones_are_zero() -> None:
    assert raw_of(rq(12, {"nonsense": [1], "digits": 5})) == "00" * 80 + "05" + "00" * 167
    assert raw_of(rq(51, {"x": 1})) == ""
    assert raw_of(rq(28, {"url": "abc"})) == "00" * 480 + "610062006300" + "00" * 426  # no url_length


def test_drift_is_told_with_empty_parts_left_out() -> None:
    raw = raw_of(ps(19, {"code": 7, "request": {"trade_type": 9}})) + "abcd"
    assert decode(hexed("push", 19, raw))["drift"] == {
        "unread": 2,
        "unknown": [{"field": "request.trade_type", "value": 9}],
        "ignored": {"code": 7},
    }
    assert decode(hexed("push", 19, raw_of(ps(19, {}))))["drift"] == {}
    link = decode(hexed("response", 44, raw_of(rs(44, [{"icon": "00ff"}]))))
    assert link["drift"] == {"ignored": {"[0].icon": "00ff" + "00" * 254}}


def test_a_two_factor_request_shows_its_ticket_only_where_there_is_one() -> None:
    assert "password_ticket" not in decode(hexed("request", 43, "00" * 476))["fields"]
    assert decode(hexed("request", 43, "00" * 476 + "11" * 160))["fields"]["password_ticket"] == "11" * 160
    assert len(raw_of(rq(43, {"password_ticket": ""}))) == 2 * 476
    assert len(raw_of(rq(43, {"password_ticket": None}))) == 2 * 476


def test_a_login_answer_without_session_goes_both_ways() -> None:
    line = decode(hexed("response", 28, "11" * 160))
    assert line["fields"] == [{"password_ticket": "11" * 160, "session": None}]
    assert raw_of(line) == "11" * 160


def test_an_account_shows_missing_parts_as_null() -> None:
    fields = decode(hexed("response", 3, "00" * 816))["fields"]
    assert [name for name, value in fields.items() if value is None] == [
        *("trade_settings", "trade_flags", "symbols_count", "leverage_flags", "leverage_rules", "commissions")
    ]
    assert raw_of(rs(3, fields)) == "00" * 816
    quirk = decode(hexed("response", 3, "00" * 820 + "05000000"))["fields"]
    assert (quirk["trade_settings"], quirk["trade_flags"], quirk["symbols_count"]) == ([], 0, 5)
    assert raw_of(rs(3, quirk)) == "00" * 820 + "05000000"


def test_the_empty_frame_has_no_command() -> None:
    line = decode(hexed("frame", 0, "0000000001000000", **OPEN))
    assert line["command"] is None
    assert line["fields"] == {**OPEN["fields"], "body_length": 0, "version": 1}


def test_the_prefix_of_a_frame_has_a_default_for_each_direction() -> None:
    for direction, prefix in (("client-to-server", [0, 0]), ("server-to-client", [0xAA, 0xBB])):
        fields = {"direction": direction, "key": KEY}
        sealed = encode({"kind": "frame", "command": 51, "fields": fields})["hex"]
        opened = decode({"kind": "frame", "hex": sealed, "fields": fields})
        assert opened["fields"]["prefix"] == prefix
        assert opened["command"] == 51


# Arbitrary JSON.

NAMES = sorted(
    {name for vector in bodies() for name in json.dumps(vector["fields"]).split('"') if name.isidentifier()}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-2, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "nan", "-inf", "00" * 16, "00", "12", "-5", "\ud800", "9" * 30, "abcdef"]),
    st.text(max_size=5),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
WHOLE = [
    (vector["kind"], vector["command"], vector["fields"]) for vector in bodies() if len(vector["hex"]) < 9000
]


@st.composite
def tampered(draw: st.DrawFn, value: Any) -> Any:
    """A good value with one place replaced by anything."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(tampered(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], draw(tampered(value[at])), *value[at + 1 :]]
    return draw(JSON)


GOOD = st.sampled_from(WHOLE).flatmap(
    lambda whole: st.fixed_dictionaries(
        {"kind": st.just(whole[0]), "command": st.just(whole[1]), "fields": tampered(whole[2])}
    )
)
KEYED = st.fixed_dictionaries(
    {}, optional={"key": st.just(KEY), "plaintext": JSON, "prefix": JSON, "code": JSON}
)
ANY = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["request", "response", "push", "frame", "cipher", "record"]) | JSON,
        "command": st.sampled_from(sorted(COMMANDS)) | JSON,
        "fields": JSON | KEYED,
        "hex": JSON,
        "name": JSON,
    },
)


def served(handle: Any, line: Any) -> None:
    """An answer that is JSON, or one of the two errors."""
    try:
        answer = handle(line)
    except (WireError, ProtocolError) as why:
        told = why.code
        json.dumps([why.code, str(why), why.field], allow_nan=False)
    else:
        told = "served"
        json.dumps(answer, allow_nan=False)
    assert told in (*CODES, "served")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(GOOD | ANY)
def test_any_json_is_encoded_or_refused(line: Any) -> None:
    served(encode, line)


@settings(max_examples=150, deadline=None)
@given(ANY)
def test_any_json_is_decoded_or_refused(line: Any) -> None:
    served(decode, line)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(STEP_TOPICS)),
    st.fixed_dictionaries(
        {"fields": st.fixed_dictionaries({"digits": SCALARS, "point": SCALARS, "contract_size": SCALARS})},
        optional={
            "steps": st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "command": st.sampled_from([8, 17]),
                        "hex": st.binary(min_size=50, max_size=300).map(bytes.hex),
                        "books_flags": st.integers(0, 3),
                        "levels": st.lists(
                            st.fixed_dictionaries(
                                {
                                    "book_type": st.integers(0, 5),
                                    "price": st.integers(-(2**63), 2**63 - 1),
                                    "volume": st.integers(-(2**63), 2**63 - 1),
                                }
                            ),
                            max_size=3,
                        ),
                    },
                ),
                max_size=3,
            )
            | JSON
        },
    ),
)
def test_any_steps_are_merged_or_refused(topic: str, line: Any) -> None:
    served(lambda given: check_line(topic, given), line)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_line_is_an_object_or_bad_json(raw: bytes) -> None:
    try:
        told = type(parse(raw)).__name__
    except WireError as why:
        told = why.code
    assert told in ("dict", "bad_json")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(WHOLE))
def test_decoding_what_was_encoded_gives_the_same_line_again(whole: tuple[str, int, Any]) -> None:
    kind, command, fields = whole
    first = encode({"kind": kind, "command": command, "fields": fields})
    again = encode(decode(first))
    assert again == first
