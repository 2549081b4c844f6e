"""Frames taken apart: the same from any pieces, every violation found, memory bounded."""

import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oms.sessions.deframer import Deframer, Violation

from .gateway import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, cut, frame

LIMIT = 1 << 17
SIZES = st.one_of(st.integers(0, 130), st.sampled_from([125, 126, 127, 65_535, 65_536, 70_000]))


def taken(pieces: Iterable[bytes], limit: int = LIMIT) -> tuple[list[bytes], bytes, Violation | None]:
    deframer, messages, passed = Deframer(limit), [], b""
    for piece in pieces:
        found = deframer.feed(piece)
        messages += found.messages
        passed += found.passed
    return messages, passed, deframer.violation


@given(st.lists(SIZES, max_size=6), st.lists(st.integers(1, 70_000), min_size=1, max_size=4), st.data())
def test_whole_messages_come_out_of_any_pieces(
    lengths: list[int], pieces: list[int], data: st.DataObject
) -> None:
    if sum(lengths) > 2000:
        pieces = [size + 200 for size in pieces]  # not a hundred thousand of them
    messages = [bytes([number]) * length for number, length in enumerate(lengths)]
    between = data.draw(
        st.lists(st.sampled_from([b"", frame(PING, b"p"), frame(PONG)]), min_size=6, max_size=6)
    )
    stream = b"".join(
        frame(BINARY, message) + extra for message, extra in zip(messages, between, strict=False)
    )
    assert taken(cut(stream, pieces)) == (messages, b"".join(between[: len(messages)]), None)


@given(
    st.binary(max_size=300),
    st.lists(st.integers(0, 300), max_size=5),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.booleans(),
)
def test_fragments_are_joined_and_keep_their_place(
    payload: bytes, cuts: list[int], pieces: list[int], text: bool
) -> None:
    """Before them a message, after them a message, between them pings."""
    marks = [0, *sorted(min(mark, len(payload)) for mark in cuts), len(payload)]
    parts = [payload[start:end] for start, end in pairwise(marks)]
    frames = [
        frame((TEXT if text else BINARY) if number == 0 else CONTINUATION, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    ping = frame(PING, b"alive")
    stream = frame(BINARY, b"before") + ping.join(frames) + frame(BINARY, b"after")
    messages, passed, violation = taken(cut(stream, pieces))
    assert violation is None
    if text:
        assert messages == [b"before", b"after"]
        assert passed == ping.join(frames)
    else:
        assert messages == [b"before", payload, b"after"]
        assert passed == ping * (len(frames) - 1)


BROKEN = {
    "masked": frame(BINARY, b"abcd", mask=b"1234"),
    "masked ping": frame(PING, b"", mask=b"1234"),
    **{f"rsv {bits}": frame(BINARY, b"abcd", rsv=bits) for bits in range(1, 8)},
    **{f"opcode {opcode}": frame(opcode, b"abcd") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "long in two": frame(BINARY, b"x" * 125, width=2),
    "long in eight": frame(BINARY, b"x" * 65_535, width=8),
    "top bit": bytes((0x82, 127)) + (1 << 63).to_bytes(8, "big"),
    "fragmented ping": frame(PING, b"", fin=False),
    "long ping": frame(PING, b"x" * 126),
    "long close": frame(CLOSE, b"x" * 126),
    "continuation of nothing": frame(CONTINUATION, b"abcd"),
    "binary in text": frame(TEXT, b"", fin=False) + frame(BINARY, b"abcd"),
    "text in binary": frame(BINARY, b"", fin=False) + frame(TEXT, b"abcd"),
    "binary in binary": frame(BINARY, b"", fin=False) + frame(BINARY, b"abcd", fin=False),
}


@pytest.mark.parametrize("piece", [1, 3, 100_000])
@pytest.mark.parametrize("name", BROKEN)
def test_a_violation_ends_it_behind_what_came_before(name: str, piece: int) -> None:
    stream = frame(BINARY, b"before") + frame(PING, b"p") + BROKEN[name] + frame(BINARY, b"after")
    messages, passed, violation = taken(cut(stream, [piece]))
    assert messages == [b"before"]
    assert passed.startswith(frame(PING, b"p"))
    assert violation is not None
    assert violation.code == 1002


@pytest.mark.parametrize(
    "stream",
    [
        frame(BINARY, b"x" * 101),
        frame(BINARY, b"x" * 101, fin=False),
        frame(TEXT, b"x" * 101),
        frame(BINARY, b"x" * 60, fin=False) + frame(CONTINUATION, b"x" * 41),
        frame(TEXT, b"x" * 60, fin=False) + frame(PING) + frame(CONTINUATION, b"x" * 41),
        bytes((0x82, 126)) + (200).to_bytes(2, "big"),  # announced, and not a byte of it
        bytes((0x82, 127)) + (1 << 62).to_bytes(8, "big"),
        frame(BINARY, b"x" * 100, fin=False) + bytes((0x80, 1)),
    ],
)
@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_a_message_beyond_the_limit_is_refused_at_its_header(stream: bytes, piece: int) -> None:
    messages, _, violation = taken(cut(frame(BINARY, b"y" * 100) + stream, [piece]), 100)
    assert (messages, violation) == ([b"y" * 100], Violation(1009, "a message of more than 100 bytes"))


def test_a_message_of_the_limit_is_taken_in_fragments_too() -> None:
    stream = frame(BINARY, b"x" * 60, fin=False) + frame(CONTINUATION, b"x" * 40)
    assert taken([stream, stream], 100) == ([b"x" * 100] * 2, b"", None)


def test_an_announced_message_costs_no_memory_before_it_comes() -> None:
    deframer = Deframer(1 << 26)
    tracemalloc.start()
    try:
        deframer.feed(bytes((0x82, 127)) + (1 << 26).to_bytes(8, "big") + b"x")
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_fragments_without_a_byte_cost_no_memory() -> None:
    deframer = Deframer(100)
    deframer.feed(frame(BINARY, b"x", fin=False))
    flood = frame(CONTINUATION, b"", fin=False) * 100
    tracemalloc.start()
    try:
        for _ in range(1000):
            deframer.feed(flood)
        assert tracemalloc.get_traced_memory()[0] < 10_000
    finally:
        tracemalloc.stop()
    assert deframer.feed(frame(CONTINUATION, b"y")).messages == [b"xy"]


def test_nothing_behind_a_close_is_read() -> None:
    deframer = Deframer(LIMIT)
    found = deframer.feed(frame(BINARY, b"one") + close(1000, b"bye") + frame(BINARY, b"two"))
    assert (found.messages, bytes(found.passed)) == ([b"one"], close(1000, b"bye"))
    later = deframer.feed(frame(BINARY, b"three") + BROKEN["masked"])
    assert (later.messages, bytes(later.passed)) == ([], b"")
    assert (deframer.close_code, deframer.violation) == (1000, None)


@given(st.binary(max_size=200), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@example(b"\x82", [1])
def test_arbitrary_bytes_give_the_same_whole_and_in_pieces(data: bytes, pieces: list[int]) -> None:
    assert taken([data], 100) == taken(cut(data, pieces), 100)
