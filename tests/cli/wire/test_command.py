"""`oms wire` from outside: lines in, lines out, stderr, exit codes (docs/protocol.md 12)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wire.command import wire
from tests.protocol.golden import difference, vectors

PING = {"kind": "request", "command": 51, "fields": {}}


def test_good_lines_are_answered_in_order_with_their_names_and_exit_code_0() -> None:
    ids = [{"kind": "request", "command": 7, "fields": {"ids": [n]}, "name": f"n{n}"} for n in range(5)]
    ran = wire("encode", given=[*ids, PING])
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [
        *({"name": f"n{n}", "kind": "request", "command": 7, "hex": f"010000000{n}000000"} for n in range(5)),
        {"kind": "request", "command": 51, "hex": ""},
    ]


def test_a_bad_line_is_answered_in_its_place_and_the_others_all_the_same() -> None:
    good = b'{"kind": "request", "command": 51, "hex": ""}'
    stdin = b"\n".join(
        [
            good,
            b"",
            b"  \t \r",
            b'{"name": "no hex", "kind": "request", "command": 51}',
            good,
            b"\xff\xfe\xfd",
            b'{"name": "odd", "kind": "request", "command": 51, "hex": "0"}',
            good,  # without a newline at its end
        ]
    )
    ran = wire("decode", given=stdin)
    assert ran.code == 1
    answer = {"kind": "request", "command": 51, "fields": {}, "drift": {}}
    assert [ran.lines[n] for n in (0, 2, 5)] == [answer] * 3
    told = [
        (line.get("name"), line["error"]["line"], line["error"]["code"])
        for line in ran.lines
        if "error" in line
    ]
    assert told == [("no hex", 4, "missing"), (None, 6, "bad_json"), ("odd", 7, "bad_hex")]
    assert ran.errors == [line["error"]["message"] for line in ran.lines if "error" in line]
    assert len(ran.lines) == 6


def test_lines_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text('{"kind": "request", "command": 51, "hex": ""}\n')
    ran = wire("decode", str(file))
    assert (ran.code, len(ran.lines)) == (0, 1)


def test_nothing_in_gives_nothing_out() -> None:
    assert wire("decode") == wire("encode", given=b"\n\n") == (0, [], "", "")


@pytest.mark.slow
def test_lone_surrogates_pass_both_ways() -> None:
    rates = {"trade_symbol": "a\ud83d", "period": 1, "from": 0, "to": 0}
    encoded = wire("encode", given=[{"name": "\udc00", "kind": "request", "command": 11, "fields": rates}])
    assert (encoded.code, encoded.err) == (0, "")
    (line,) = encoded.lines
    assert line["name"] == "\udc00"
    assert line["hex"].startswith("61003dd80000")
    decoded = wire("decode", given=[line])
    assert decoded.code == 0
    assert decoded.lines[0]["fields"] == rates
    assert "\\ud83d" in decoded.out


def test_what_json_allows_and_this_command_does_not() -> None:
    lines = [
        b'{"kind": "request", "command": 51, "fields": {"x": NaN}}',
        b'{"kind": "request", "command": 51, "fields": {"x": -Infinity}}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"kind": "request", "command": 51, "fields": {"x": "\xff"}}',
        b'"text"',
        b"[1]",
        b"null",
        b'{"kind": "request"',
        b"{} {}",
    ]
    ran = wire("encode", given=b"\n".join(lines))
    assert ran.code == 1
    assert [line["error"]["code"] for line in ran.lines] == ["bad_json"] * len(lines)
    assert [line["error"]["line"] for line in ran.lines] == [*range(1, len(lines) + 1)]
    assert len(ran.errors) == len(lines)


def test_an_integer_of_any_length_is_out_of_range() -> None:
    lines = [
        b'{"kind": "request", "command": 42, "fields": {"notify": ' + sign + b"9" * 5000 + b"}}"
        for sign in (b"", b"-")
    ]
    ran = wire("encode", given=b"\n".join(lines))
    assert [line["error"]["code"] for line in ran.lines] == ["out_of_range"] * 2
    assert [line["error"]["field"] for line in ran.lines] == ["notify"] * 2


def test_names_of_any_shape_are_echoed_as_json() -> None:
    names = [None, 5, "x", ["y", {"z": 1.5}], 10**400]
    ran = wire("encode", given=[{**PING, "name": name} for name in names])
    assert [line["name"] for line in ran.lines] == names


def test_names_too_deep_or_too_large_for_json_do_not_stop_the_command() -> None:
    rest = b', "kind": "request", "command": 51, "fields": {}}'
    depths = (400, *range(960, 1000))
    deep = [b'{"name": ' + b"[" * n + b"]" * n + rest for n in depths]
    ran = wire("encode", given=b"\n".join([*deep, b'{"name": -1e999' + rest]), parsed=False)
    lines = ran.out.splitlines()
    assert len(lines) == len(depths) + 1
    assert '"hex": ""' in lines[0]
    assert all('"hex": ""' in line or '"code": "bad_json"' in line for line in lines)
    assert json.loads(lines[-1])["name"] == -(10**400)


def test_vectors_go_through_the_real_command() -> None:
    chosen = [
        *vectors(lambda v: v["name"] in ("orders-only", "more-strings-lone-high", "frame-ping", "filetime-0"))
    ]
    assert len(chosen) == 4
    decoded = wire("decode", given=chosen)
    assert (decoded.code, decoded.err) == (0, "")
    for vector, line in zip(chosen, decoded.lines, strict=True):
        given = {name: v for name, v in line["fields"].items() if name not in ("body_length", "version")}
        assert difference(given, vector["fields"]) is None
        assert line["name"] == vector["name"]
    encoded = wire("encode", given=chosen)
    assert [line["hex"] for line in encoded.lines] == [vector["hex"] for vector in chosen]


@pytest.mark.slow
def test_check_answers_lines_of_its_topic() -> None:
    lines: list[Any] = [
        {"name": "a", "fields": {"digits": 0, "contract_size": 1}, "steps": []},
        {"name": "b", "fields": {"digits": 0}},
    ]
    ran = wire("check", "book", given=lines)
    assert ran.code == 1
    assert ran.lines[0] == {"name": "a", "parsed": {"sell": [], "buy": []}}
    assert ran.lines[1]["name"] == "b"
    assert ran.lines[1]["error"]["field"] == "contract_size"
    assert wire("check", "normalize", given=[{"fields": {"value": 1.25, "digits": 1}}]).lines == [
        {"parsed": {"value": 1.3}}
    ]


@pytest.mark.parametrize(
    "arguments", [("check", "nonsense"), ("check",), ("decode", "--pcap-lines", "/no/such")]
)
def test_a_command_line_that_makes_no_sense_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    ran = wire(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


@pytest.mark.slow
def test_a_table_shows_every_field_and_keeps_errors_as_lines() -> None:
    order: dict[str, Any] = {"trade_order": 77, "trade_symbol": "[b]EUR\ud83d\x1b[31m", "order_state": 42}
    fields = {"positions": [], "orders": [order]}
    (body,) = wire("encode", given=[{"kind": "response", "command": 4, "fields": fields}]).lines
    ran = wire("decode", "--table", given=[{"name": "t\ud83d", **body}, {"name": "bad"}], parsed=False)
    assert ran.code == 1
    assert "t\\ud83d response 4 positions" in ran.out
    assert "orders[0].trade_order" in ran.out
    assert "77" in ran.out
    assert "[b]EUR\\ud83d\\x1b[31m" in ran.out
    assert "\x1b" not in ran.out
    assert "drift unknown[0].field" in ran.out
    assert "orders[0].order_state" in ran.out
    assert ran.out.splitlines()[-1].startswith('{"name": "bad", "error"')
    assert ran.errors == ["kind: missing"]
