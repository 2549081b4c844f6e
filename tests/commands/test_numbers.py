"""TC-L9: numbers are exactly what was written, or refused with the field's name."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain.commands import Cancel, Submit

from .scene import LEAST, LIMIT, asked, packed, packed_refused, refused, unread

D = Decimal
LARGEST_LOTS = "184467440737.09551615"  # (2^64 - 1) / 10^8


def submit(**more: Any) -> dict[str, Any]:
    return LIMIT | more


def with_number(name: str, text: str) -> str:
    """A limit order with a number as it stands there."""
    return ", ".join([f'{{"{name}": {text}', *(f'"{n}": "{v}"' for n, v in LIMIT.items() if n != name)]) + "}"


def price_of(fields: dict[str, Any] | str) -> Decimal:
    verb = asked("submit", fields).verb
    assert isinstance(verb, Submit)
    assert verb.price is not None
    return verb.price


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", "0.1"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.07e0", "1.07"),
        ("1e-10", "0.0000000001"),
        ("0.10000000000000000", "0.1"),
        ("100000000000000000e-5", "1000000000000"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        ("-0", None),
        ("-0.0", None),
        ("-0e3", None),
        ("0e99", "0"),
        ("999999999999999.9999999999", "999999999999999.9999999999"),
        ("0.30000000000000004", None),
    ],
)
def test_tc_l9_json_numbers_are_exactly_what_was_written(text: str, value: str | None) -> None:
    if value is None:  # more than ten decimals, a negative zero: not rounded, refused
        assert refused("submit", with_number("price", text)) == [("out_of_range", "price")]
    else:
        assert f"{price_of(with_number('price', text)):f}" == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.08002", "1.08002"),
        ("1.0750000000", "1.075"),
        ("-1.5", "-1.5"),
        ("000000000000001", "1"),
        ("999999999999999.9999999999", "999999999999999.9999999999"),
    ],
)
def test_tc_l9_text_is_exactly_what_was_written(text: str, value: str) -> None:
    assert str(price_of(submit(price=text))) == value
    assert str(packed("submit", submit(price=text)).verb.price) == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            (text, "bad_value")
            for text in ("", " 1", "1 ", "1\n", "+1", ".5", "1.", "1e3", "0x1", "1,5", "1_0")
        ),
        *((text, "bad_value") for text in ("NaN", "nan", "Infinity", "-inf", "sNaN", "١", "--1", "1.2.3")),
        ("1" * 16, "out_of_range"),
        ("0" * 16, "out_of_range"),
        ("1.12345678901", "out_of_range"),
        ("1.00000000000", "out_of_range"),
        ("9" * 60_000, "out_of_range"),
    ],
)
@pytest.mark.parametrize("name", ["price", "sl", "volume"])
def test_tc_l9_text_of_another_form_is_refused(name: str, text: str, code: str) -> None:
    assert refused("submit", submit(**{name: text})) == [(code, name)]
    assert packed_refused("submit", submit(**{name: text})) == [(code, name)]


@pytest.mark.parametrize("name", ["price", "tp", "volume"])
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "true", "false", "[1]", "{}", '{"a": 1}'])
def test_tc_l9_what_is_no_number_is_refused(name: str, text: str) -> None:
    assert refused("submit", with_number(name, text)) == [("bad_value", name)]


@pytest.mark.parametrize("name", ["price", "volume", "sl"])
@pytest.mark.parametrize(
    "text",
    [
        "1e15",
        "-1e15",
        "1e-11",
        "1.00000000001",
        "1" * 16,
        "1e999999",
        "1e-999999",
        "1e99999999999999999999",
        "9" * 5000,
    ],
)
def test_tc_l9_numbers_beyond_the_bounds_are_refused(name: str, text: str) -> None:
    assert refused("submit", with_number(name, text)) == [("out_of_range", name)]


@pytest.mark.parametrize("value", [0.1, 1.0, float("nan"), float("inf"), True, b"1", [1], {"a": 1}])
@pytest.mark.parametrize("name", ["price", "volume", "sl"])
def test_tc_l9_doubles_of_messagepack_are_refused_and_what_is_no_number(name: str, value: object) -> None:
    assert packed_refused("submit", submit(**{name: value})) == [("bad_value", name)]


def test_tc_l9_integers_of_messagepack_are_exact() -> None:
    verb = packed("submit", submit(price=2, volume=3)).verb
    assert isinstance(verb, Submit)
    assert (str(verb.price), str(verb.volume)) == ("2", "3.00")
    assert packed_refused("submit", submit(price=10**15)) == [("out_of_range", "price")]


@given(
    st.decimals(min_value="-999999999999999.9999999999", max_value="999999999999999.9999999999", places=10)
)
def test_tc_l9_every_price_within_the_bounds_is_read_exactly(value: Decimal) -> None:
    text = f"{value:f}"
    assert price_of(submit(price=text)) == value
    assert price_of(with_number("price", text)) == value
    assert price_of(with_number("price", f"{value:E}")) == value


@pytest.mark.parametrize(
    ("text", "lots"),
    [
        ("0.1", "0.10"),
        ("0.00000001", "0.00000001"),
        ("0.1000000000", "0.10"),
        ("2", "2.00"),
        ("-0.10", "-0.10"),
        ("0", "0.00"),
        (LARGEST_LOTS, LARGEST_LOTS),
    ],
)
def test_a_volume_is_lots_that_the_wire_can_count(text: str, lots: str) -> None:
    for fields in (submit(volume=text), with_number("volume", text)):
        verb = asked("submit", fields).verb
        assert isinstance(verb, Submit)
        assert f"{verb.volume:f}" == lots


@pytest.mark.parametrize("text", ["0.000000001", "184467440737.09551616", "-184467440737.09551616", "1e12"])
def test_a_volume_that_the_wire_cannot_count_has_the_venue_s_retcode(text: str) -> None:
    why = unread("submit", with_number("volume", text))
    [reason] = why.reasons
    assert (reason.code, reason.field, reason.given, reason.retcode) == (
        "out_of_range",
        "volume",
        text,
        10014,
    )


@pytest.mark.parametrize(
    ("name", "retcode"), [("price", 10015), ("sl", 10016), ("tp", 10016), ("limit_price", 10015)]
)
def test_a_price_beyond_the_bounds_has_the_venue_s_retcode(name: str, retcode: int) -> None:
    fields = LIMIT | {"type": "stop_limit", "limit_price": "1.0"} | {name: "1" * 16}
    assert [reason.retcode for reason in unread("submit", fields).reasons] == [retcode]


# Tickets.


@pytest.mark.parametrize("ticket", ["1", "1023", "9223372036854775807"])
def test_tc_l9_a_ticket_is_text_or_an_integer(ticket: str) -> None:
    found = Cancel(order=ticket)
    assert asked("cancel", f'{{"order": "{ticket}"}}').verb == found
    assert asked("cancel", f'{{"order": {ticket}}}').verb == found
    assert packed("cancel", {"order": ticket}).verb == found
    assert packed("cancel", {"order": int(ticket)}).verb == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1e3", "bad_value"),
        ("1.0", "bad_value"),
        ("true", "bad_value"),
        ("NaN", "bad_value"),
        ('""', "bad_value"),
        ('"01023"', "bad_value"),
        ('"1023 "', "bad_value"),
        ('"1023\\n"', "bad_value"),
        ('"+1"', "bad_value"),
        ('"1.0"', "bad_value"),
        ('"١"', "bad_value"),
        ("0", "out_of_range"),
        ('"0"', "out_of_range"),
        ("-1", "out_of_range"),
        ("9223372036854775808", "out_of_range"),
        ('"9223372036854775808"', "out_of_range"),
        ("9" * 5000, "out_of_range"),
    ],
)
def test_tc_l9_what_is_no_ticket_is_refused(text: str, code: str) -> None:
    assert refused("cancel", f'{{"order": {text}}}') == [(code, "order")]


@pytest.mark.parametrize(
    ("value", "code"), [(1.0, "bad_value"), (True, "bad_value"), (2**63, "out_of_range")]
)
def test_tc_l9_what_is_no_ticket_of_messagepack_is_refused(value: object, code: str) -> None:
    assert packed_refused("cancel", {"order": value}) == [(code, "order")]


# Points.


@pytest.mark.parametrize("points", [0, 20, 2**31 - 1])
def test_a_deviation_is_whole_points(points: int) -> None:
    for found in (
        asked("close", LEAST["close"] | {"deviation": points}),
        packed("close", LEAST["close"] | {"deviation": points}),
    ):
        assert found.verb.deviation == points  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "bad_value") for text in ("0.5", "1.0", "1e1", "true", '"20"', "NaN", "Infinity", "[]")),
        *((text, "out_of_range") for text in ("-1", "2147483648", "9" * 5000)),
    ],
)
def test_what_is_no_whole_points_is_refused(text: str, code: str) -> None:
    assert refused("close", f'{{"position": "1", "deviation": {text}}}') == [(code, "deviation")]
    if text == "1.0":
        assert packed_refused("close", {"position": "1", "deviation": 1.0}) == [(code, "deviation")]


def test_tc_l9_a_field_that_is_there_twice_is_refused() -> None:
    assert refused("cancel", '{"order": "1", "order": "1"}') == [("duplicate_field", "order")]
    assert refused("cancel", '{"order": 1, "id": "a", "order": NaN, "id": "a"}') == [
        ("duplicate_field", "order"),
        ("duplicate_field", "id"),
    ]
    body = b"\x82" + 2 * (msgspec.msgpack.encode("order") + msgspec.msgpack.encode("1"))
    assert packed_refused("cancel", body) == [("duplicate_field", "order")]


def test_tc_l9_a_field_that_nobody_knows_is_refused() -> None:
    assert refused("cancel", {"order": "1", "ticket": "1"}) == [("unknown_field", "ticket")]
    assert packed_refused("cancel", {"order": "1", "Order": "1"}) == [("unknown_field", "Order")]
    assert refused("close_all", {"volume": "1"}) == [("unknown_field", "volume")]
