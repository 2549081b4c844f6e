"""A payload is what was written, or it is none."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oms.payload import (
    JSON,
    MOST_BYTES,
    MSGPACK,
    BadPayload,
    Number,
    Pairs,
    brief,
    format_of,
    pairs,
    storable,
)

DEEP = b"\x81\xa1a" * 30 + b"\xc0"


def opened(value: Any) -> Any:
    """What was read, to compare: Pairs and Number as a word and what they hold."""
    if isinstance(value, Pairs):
        return ("pairs", [(name, opened(inner)) for name, inner in value.items])
    if isinstance(value, Number):
        return ("number", value.text)
    if isinstance(value, list):
        return [opened(inner) for inner in value]
    return value


def read(payload: bytes, content_type: str = JSON, *, as_written: bool = False) -> Any:
    return [(name, opened(value)) for name, value in pairs(payload, content_type, as_written=as_written)]


@pytest.mark.parametrize("content_type", [JSON, MSGPACK])
def test_an_empty_payload_stands_for_an_empty_object(content_type: str) -> None:
    assert read(b"", content_type) == []


def test_equal_keys_are_both_there_on_every_level() -> None:
    inner = ("pairs", [("b", 1), ("b", 2)])
    assert read(b'{"a": {"b": 1, "b": 2}, "a": [{"b": 1, "b": 2}]}') == [("a", inner), ("a", [inner])]
    assert read(b"\x82\xa1a\x82\xa1b\x01\xa1b\x02\xa1a\x01", MSGPACK) == [("a", inner), ("a", 1)]


@pytest.mark.parametrize("head", [b"\x82", b"\xde\x00\x02", b"\xdf\x00\x00\x00\x02"])
def test_every_head_of_a_map_is_read(head: bytes) -> None:
    body = head + b"\xa1a\x01\xa1b\xa1x"
    assert read(body, MSGPACK) == [("a", 1), ("b", "x")]
    assert read(b"\x81\xa1c" + body, MSGPACK) == [("c", ("pairs", [("a", 1), ("b", "x")]))]


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "0.10", "1e3", "1E-7", "-12.50", "9" * 5000, "1e99999999999999999999", "NaN", "-Infinity"],
)
def test_numbers_of_json_are_the_letters_that_were_written(text: str) -> None:
    payload = f'{{"a": {text}, "b": [{text}], "c": {{"d": {text}}}}}'.encode()
    number = ("number", text)
    assert read(payload, as_written=True) == [
        ("a", number),
        ("b", [number]),
        ("c", ("pairs", [("d", number)])),
    ]


def test_otherwise_numbers_are_python_s() -> None:
    assert read(b'{"a": 10, "b": 0.5, "c": Infinity}') == [("a", 10), ("b", 0.5), ("c", float("inf"))]


@pytest.mark.parametrize(
    ("payload", "content_type", "fault", "message"),
    [
        (b"[]", JSON, "not_an_object", "is no object"),
        (b"1", JSON, "not_an_object", "is no object"),
        (b"{", JSON, "not_json", "is no JSON: Expecting property name"),
        (b"{} {}", JSON, "not_json", "is no JSON: Extra data"),
        (b'{"a": 01}', JSON, "not_json", "is no JSON: Expecting ','"),
        (b'{"a": +1}', JSON, "not_json", "is no JSON: Expecting value"),
        (b'{"a": "\x01"}', JSON, "not_json", "is no JSON: Invalid control character"),
        (b"\xef\xbb\xbf{}", JSON, "not_json", "is no JSON: "),
        (b'{"a": "\xff"}', JSON, "not_json", "is not UTF-8 from byte 7 on"),
        (b"[" * 60_000, JSON, "not_json", "is no JSON: maximum recursion depth"),
        (b" " * (MOST_BYTES + 1), JSON, "too_large", "a request may have 65536 bytes, this has 65537"),
        (b"\x80" * (MOST_BYTES + 1), MSGPACK, "too_large", "a request may have 65536 bytes"),
        (b"\x90", MSGPACK, "not_an_object", "is no map"),
        (b"{}", MSGPACK, "not_an_object", "is no map"),
        (b"\x81\x01\x01", MSGPACK, "not_an_object", "has a key that is no text"),
        (b"\x81\xa1a\x81\x01\x01", MSGPACK, "not_an_object", "has a key that is no text"),
        (b"\x81\xa1a", MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\x80\x01", MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\xdf\xff\xff\xff\xff", MSGPACK, "not_messagepack", "is cut off"),
        (b"\xde\x00", MSGPACK, "not_messagepack", "is cut off"),
        (b"\x81\xa1\xff\x01", MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\x81\xa1a\xa1\xff", MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\x81\xa1a\xc1", MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\x81\xa1a" + b"\x91" * 60_000, MSGPACK, "not_messagepack", "is no MessagePack"),
        (b"\x81\xa1a" * 20_000 + b"\xc0", MSGPACK, "not_messagepack", "is no MessagePack: maximum recursion"),
        (DEEP, MSGPACK, "not_messagepack", "has more than 16 levels"),
    ],
)
def test_what_is_no_object_is_told(payload: bytes, content_type: str, fault: str, message: str) -> None:
    with pytest.raises(BadPayload) as told:
        pairs(payload, content_type, as_written=True)
    assert told.value.fault == fault
    assert told.value.message.startswith(message)


def test_the_largest_payload_is_read() -> None:
    payload = b'{"a": 1}'.ljust(MOST_BYTES)
    assert len(payload) == 65_536
    assert read(payload) == [("a", 1)]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, JSON),
        ({"Content-Type": "application/json"}, JSON),
        ({"content-type": "application/msgpack"}, MSGPACK),
        ({"CONTENT-TYPE": " Application/MsgPack ; charset=x"}, MSGPACK),
        ({"Content-Type": "text/plain"}, JSON),
        ({"X-Content-Type": "application/msgpack"}, JSON),
    ],
)
def test_the_content_type_says_the_format(headers: dict[str, str], found: str) -> None:
    assert format_of(headers) == found


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
MAPS = st.recursive(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), VALUES, max_size=3),
    lambda inner: st.dictionaries(st.text("abc", max_size=2), VALUES | inner, max_size=3),
    max_leaves=5,
)


def as_pairs(value: dict[str, Any]) -> Any:
    return [
        (name, ("pairs", as_pairs(inner)) if isinstance(inner, dict) else inner)
        for name, inner in value.items()
    ]


@given(MAPS)
def test_both_formats_give_what_was_put_in(value: dict[str, Any]) -> None:
    assert read(json.dumps(value).encode()) == as_pairs(value)
    assert read(msgspec.msgpack.encode(value), MSGPACK) == as_pairs(value)


@given(st.binary(max_size=80), st.sampled_from([JSON, MSGPACK]), st.booleans())
@example(b"\x81\xa1a\xd6\xff\xff\xff\xff\xff", MSGPACK, True)
def test_whatever_arrives_is_read_or_refused(payload: bytes, content_type: str, as_written: bool) -> None:
    told, found = "", []
    try:
        found = pairs(payload, content_type, as_written=as_written)
    except BadPayload as why:
        told = why.message
    assert told.isprintable()
    assert all(isinstance(name, str) for name, _ in found)


def test_lone_surrogates_are_found_and_never_shown() -> None:
    [(name, value)] = pairs(b'{"\\udfff": "a\\ud800"}', JSON)
    assert not storable(name)
    assert not storable(value)
    assert storable("\U0001f600 ж")
    assert brief(value) == "a\\ud800"
    assert brief("x" * 61) == "x" * 60 + "..."
