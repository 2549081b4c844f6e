"""The tap under trio-websocket: what arrives is what the library alone would have said, from any pieces."""

from itertools import pairwise

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import memory_stream_pair
from trio_websocket import wrap_client_stream

from oms.sessions.handshake import HandshakeReader
from oms.sessions.tap import HandshakeCut, Tap

from .gateway import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Outcome,
    accept,
    close,
    converse,
    frame,
    tapped_client,
    unmasked,
)

PAYLOADS = st.binary(max_size=150) | st.sampled_from([b"x" * 126, b"y" * 65_536])
TEXTS = st.text(max_size=40).map(str.encode)


def fragmented(opcode: int, payload: bytes, marks: list[int], between: bytes) -> bytes:
    places = [0, *sorted({min(mark, len(payload)) for mark in marks}), len(payload)]
    frames = [
        frame(opcode if start == 0 and number == 0 else CONTINUATION, payload[start:end], fin=False)
        for number, (start, end) in enumerate(pairwise(places))
    ]
    return between.join([*frames, frame(CONTINUATION)])


GOOD = st.one_of(
    PAYLOADS.map(lambda payload: frame(BINARY, payload)),
    TEXTS.map(lambda payload: frame(TEXT, payload)),
    st.binary(max_size=125).map(lambda payload: frame(PING, payload)),
    st.binary(max_size=125).map(lambda payload: frame(PONG, payload)),
    st.builds(
        fragmented,
        st.just(BINARY),
        st.binary(max_size=60),
        st.lists(st.integers(0, 60), max_size=3),
        st.sampled_from([b"", frame(PING, b"in between")]),
    ),
    st.builds(
        fragmented,
        st.just(TEXT),
        TEXTS,
        st.lists(st.integers(0, 60), max_size=3),
        st.sampled_from([b"", frame(PING, b"in between")]),
    ),
)
ENDS = st.sampled_from(
    [
        b"",  # the stream just ends
        close(1000, b"bye"),
        close(4000),
        frame(CLOSE),
        frame(BINARY, b"abcd", mask=b"1234"),
        frame(BINARY, b"abcd", rsv=4),
        frame(BINARY, b"abcd", width=2),
        frame(BINARY, b"abcd", width=8),
        frame(11, b"abcd"),
        frame(3, b"abcd"),
        frame(PING, b"abcd", fin=False),
        frame(PING, b"x" * 126),
        frame(CONTINUATION, b"abcd"),
        frame(TEXT, b"", fin=False) + frame(BINARY, b"abcd"),
        frame(BINARY, b"", fin=False) + frame(TEXT, b"abcd"),
        frame(CLOSE, b"x"),
        close(1005),
    ]
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(GOOD, max_size=8), ENDS, st.lists(st.integers(1, 300), min_size=1, max_size=4), st.binary())
def test_what_arrives_is_what_trio_websocket_says(
    frames: list[bytes], end: bytes, sizes: list[int], behind: bytes
) -> None:
    script = b"".join(frames) + end + (behind if end else b"")
    # A long script in single bytes takes longer than a conversation has.
    sizes = [max(size, len(script) // 5000) for size in sizes]

    async def both() -> tuple[Outcome, Outcome]:
        tapped = await converse(sizes, script, tapped=True)
        return tapped, await converse([1 << 20], script, tapped=False)

    tapped, plain = trio.run(both)
    assert tapped.binary == plain.binary
    assert tapped.text == plain.text
    assert tapped.code == plain.code
    pongs = [one for one in tapped.said if one[0] == PONG]
    assert pongs == [one for one in plain.said if one[0] == PONG]


@pytest.mark.trio
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (frame(BINARY, b"abcd", mask=b"1234"), 1002),
        (frame(BINARY, b"abcd", rsv=1), 1002),
        (frame(BINARY, b"x" * 1001), 1009),
        (frame(TEXT, b"x" * 1001), 1009),
        (bytes((0x82, 127)) + (1 << 40).to_bytes(8, "big"), 1009),
    ],
)
async def test_the_peer_is_told_of_its_violation(bad: bytes, code: int) -> None:
    """trio-websocket alone closes without a word about a broken frame."""
    script = frame(BINARY, b"before") + bad + frame(BINARY, b"after")
    outcome = await converse([7], script, tapped=True, limit=1000)
    assert outcome.binary == [b"before"]
    assert outcome.code == code
    ((opcode, payload),) = outcome.said
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)


@pytest.mark.trio
async def test_frames_behind_the_handshake_wait_for_the_library() -> None:
    heard: list[list[bytes]] = []
    async with tapped_client(frame(BINARY, b"one") + frame(BINARY, b"two"), heard.append) as (
        _,
        tap,
        gateway,
    ):
        await gateway.send_all(frame(BINARY, b"three"))
        await trio.testing.wait_all_tasks_blocked()
        assert heard == [[b"one", b"two"], [b"three"]]
        assert tap.frames == 3


@pytest.mark.trio
async def test_frames_behind_a_handshake_that_is_refused_are_not_heard() -> None:
    heard: list[list[bytes]] = []
    client, gateway = memory_stream_pair()

    async def greet() -> None:
        answer = await accept(gateway)
        await gateway.send_all(answer.replace(b"Accept: ", b"Accept: x") + frame(BINARY, b"one"))

    async def connect() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(greet)
            await wrap_client_stream(nursery, Tap(client, heard.append), "test", "/")  # type: ignore[arg-type]

    with pytest.raises(ExceptionGroup):  # of what kind is the library's affair
        await connect()
    assert heard == []


@pytest.mark.trio
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", None),
        (b"HTTP/1.1 101 Sw", 101),
        (b"HTTP/1.1 502 Bad\r\nConnection: close\r\n\r\nhalf a bo", 502),
    ],
)
async def test_a_stream_that_ends_in_the_handshake_is_told(answer: bytes, status: int | None) -> None:
    """trio-websocket alone would wait for ever."""
    client, gateway = memory_stream_pair()

    async def greet() -> None:
        await accept(gateway)
        await gateway.send_all(answer)
        await gateway.send_eof()

    with trio.fail_after(2), pytest.RaisesGroup(pytest.RaisesExc(HandshakeCut)) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(greet)
            await wrap_client_stream(nursery, Tap(client, print), "test", "/")  # type: ignore[arg-type]
    (cut,) = caught.value.exceptions
    assert isinstance(cut, HandshakeCut)
    assert cut.status == status


@pytest.mark.trio
async def test_reading_in_small_pieces_gives_the_same_bytes() -> None:
    """A stream's contract: never more than asked for."""
    client, gateway = memory_stream_pair()
    tap = Tap(client, print)
    head = b"HTTP/1.1 101 Switching\r\nA: b\r\n\r\n"
    await gateway.send_all(head + frame(PING, b"p" * 100) + frame(TEXT, b"t" * 100))
    await gateway.send_eof()
    read = b""
    while data := await tap.receive_some(7):
        assert len(data) <= 7
        read += data
    assert read == head + frame(PING, b"p" * 100) + frame(TEXT, b"t" * 100)


@pytest.mark.trio
async def test_every_byte_is_counted_and_dated(autojump_clock: trio.testing.MockClock) -> None:
    heard: list[bytes] = []
    async with tapped_client(b"", heard.extend) as (_, tap, gateway):
        await trio.testing.wait_all_tasks_blocked()
        before = tap.bytes
        await trio.sleep(7)
        await gateway.send_all(frame(BINARY, b"12345") + frame(PING))
        await trio.testing.wait_all_tasks_blocked()
        assert (tap.bytes - before, tap.frames) == (9, 1)
        assert tap.heard_at == 7
        await trio.sleep(1)
        assert tap.heard_at == 7


def test_a_head_without_an_end_is_not_kept_for_ever() -> None:
    reader = HandshakeReader()
    reader.feed(b"HTTP/1.1 101 Switching\r\nA: " + b"x" * 70_000)
    assert reader.feed(b"\r\n\r\n" + frame(BINARY, b"abcd")) == b""
    assert (reader.status, reader.switched) == (101, False)


@pytest.mark.trio
async def test_messages_past_the_library_are_whole_frames_between_its_own() -> None:
    heard: list[list[bytes]] = []
    client, gateway = trio.testing.lockstep_stream_pair()  # a write lasts until it is read
    tap = Tap(client, heard.append)
    assert [tap.free] == [False]  # it is no WebSocket yet
    async with trio.open_nursery() as nursery:

        async def greet() -> None:
            await gateway.send_all(await accept(gateway))

        nursery.start_soon(greet)
        websocket = await wrap_client_stream(nursery, tap, "test", "/")  # type: ignore[arg-type]
        assert [tap.free] == [True]
        nursery.start_soon(tap.send_message, b"one")
        await trio.testing.wait_all_tasks_blocked()
        assert [tap.free] == [False]
        nursery.start_soon(tap.send_message, b"two")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(websocket.send_message, b"three")
        await trio.testing.wait_all_tasks_blocked()
        said = b""
        while len(said) < 3 * 6 + len("onetwothree"):
            said += await gateway.receive_some(5)
        assert unmasked(said) == [(BINARY, b"one"), (BINARY, b"two"), (BINARY, b"three")]
        await gateway.send_all(close(1000))
        await trio.testing.wait_all_tasks_blocked()
        assert [tap.free] == [False]
        nursery.cancel_scope.cancel()
