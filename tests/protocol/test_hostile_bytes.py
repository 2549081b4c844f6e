"""Whatever bytes come, reading them gives a value or a RemoteProtocolError, and nothing else."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.bodies import Body
from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.commands import COMMANDS, State
from protocol.drift import Drift
from protocol.errors import RemoteProtocolError
from protocol.frame import Direction, Frame, seal, unseal
from protocol.messages import Request
from protocol.session import Role, Session
from tests.protocol.conversation import (
    KEY,
    bootstrapped,
    closed,
    connected,
    initialised,
    logged_in,
    say,
)
from tests.protocol.golden import bodies
from tests.strategies import BODIES, damaged

PARTS = {"request": "request", "response": "answer", "push": "push"}
CORPUS: dict[str, list[bytes]] = {}
for _vector in bodies():
    _name = f"{PARTS[_vector['kind']]}-{_vector['command']}-{COMMANDS[_vector['command']].name}"
    CORPUS.setdefault(_name, []).append(bytes.fromhex(_vector["hex"]))


def seeds(name: str) -> list[bytes]:
    return CORPUS.get(name, [b"\0" * 2000])


@pytest.mark.parametrize(("name", "body"), BODIES.items(), ids=list(BODIES))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_body_decoder_gives_a_value_or_says_that_they_erred(
    name: str,
    body: Body[Any],
    data: st.DataObject,
) -> None:
    near = st.sampled_from(seeds(name)).flatmap(damaged)
    raw = data.draw(st.one_of(near, near, near, st.binary(max_size=400)))
    try:
        value, drift = body.decode(raw)
    except RemoteProtocolError as why:
        failed = why.code
    else:
        failed = ""
        assert isinstance(drift, Drift)
        assert 0 <= drift.unread <= max(len(raw), 64 * 2**20)  # inflated, it may be more
        repr(value)
    assert failed in ("", "truncated", "bad_value")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "body"), BODIES.items(), ids=list(BODIES))
def test_the_memory_of_a_decoder_is_bounded_by_what_it_reads(name: str, body: Body[Any]) -> None:
    """Counts of all ones wherever one may stand, behind which there is nothing."""
    longest = max(seeds(name), key=len)
    for at in range(0, min(len(longest), 2000), 2):
        raw = longest[:at] + b"\xff\xff\xff\x7f" + longest[at + 4 :][:2000]
        tracemalloc.start()
        try:
            body.decode(raw)
        except RemoteProtocolError:
            pass
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 1_000_000 + 50 * len(raw)  # the cache of repeated strings may grow meanwhile


@pytest.mark.parametrize("direction", Direction)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_unsealing_gives_a_frame_or_says_that_they_erred(direction: Direction, data: st.DataObject) -> None:
    sealed = seal(Frame(8, 0, b"12345678"), Encryptor(KEY))
    bare = st.binary(max_size=20).map(lambda inner: sealed[:8] + Encryptor(KEY).encrypt(inner))
    message = data.draw(st.one_of(damaged(sealed), bare, st.binary(max_size=64)))
    decryptor = Decryptor(KEY)
    try:
        frame = unseal(message, decryptor, direction)
    except RemoteProtocolError as why:
        failed = why.code
    else:
        failed = ""
        assert frame is None or isinstance(frame, Frame)
    assert failed in ("", "truncated", "decrypt")
    again = unseal(sealed, decryptor, Direction.ANSWER)
    assert again == Frame(8, 0, b"12345678", b"\0\0")


def busy() -> tuple[Session, Session]:
    """Logged in, requests on their way, one of them given up."""
    terminal, gateway = logged_in()
    for command, value in ((3, None), (4, None), (6, None), (7, [1]), (20, [1]), (34, None)):
        say(terminal, gateway, Request(command, value))
    lost = Request(18, [1])
    say(terminal, gateway, lost)
    terminal.declare_timeout(lost)
    return terminal, gateway


SITUATIONS: dict[str, tuple[Callable[[], tuple[Session, Session]], State]] = {
    "fresh": (connected, State.FRESH),
    "bootstrapped": (bootstrapped, State.BOOTSTRAPPED),
    "initialised": (initialised, State.INITIALISED),
    "logged-in": (logged_in, State.LOGGED_IN),
    "busy": (busy, State.LOGGED_IN),
    "closed": (closed, State.CLOSED),
}
COMMAND = st.sampled_from(sorted(COMMANDS)) | st.integers(0, 65535)
BODY = st.one_of(
    st.sampled_from(sorted(CORPUS)).flatmap(lambda name: st.sampled_from(CORPUS[name]).flatmap(damaged)),
    st.binary(max_size=60),
)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("situation", SITUATIONS)
@settings(max_examples=40, deadline=None)
@given(frames=st.lists(st.tuples(COMMAND, st.sampled_from([0, 0, 0, 1, 255]), BODY), max_size=6))
@example(frames=[(0, 0, bytes(98)), (28, 0, bytes(168)), (8, 0, b"x"), (2, 0, b""), (3, 0, b"")])
def test_a_session_reads_a_message_or_says_that_they_erred(
    situation: str, role: Role, frames: list[tuple[int, int, bytes]]
) -> None:
    make, state = SITUATIONS[situation]
    terminal, gateway = make()
    hearer, speaker = (terminal, gateway) if role is Role.TERMINAL else (gateway, terminal)
    assert hearer.state is state
    for command, code, body in frames:
        message = speaker.seal(command, code if role is Role.TERMINAL else None, body)
        received(hearer, message)


def received(session: Session, message: bytes) -> None:
    try:
        heard = session.receive(message)
    except RemoteProtocolError:
        return
    assert len(heard) <= 1
    repr(heard)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("situation", SITUATIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_session_survives_bytes_that_are_no_frame(situation: str, role: Role, data: st.DataObject) -> None:
    terminal, gateway = SITUATIONS[situation][0]()
    session = terminal if role is Role.TERMINAL else gateway
    key = INITIAL_KEY if situation == "fresh" else KEY
    sealed = seal(Frame(51, None, b""), Encryptor(key))
    inner = st.binary(max_size=8).map(lambda some: sealed[:8] + Encryptor(key).encrypt(some))
    received(session, data.draw(st.one_of(st.binary(max_size=64), damaged(sealed), inner)))


def test_the_corpus_reaches_most_bodies() -> None:
    """Without seeds the tests above would only ever see short garbage."""
    assert set(CORPUS) <= set(BODIES)
    assert len(CORPUS) == 49
    assert {name for name in set(BODIES) - set(CORPUS) if name.startswith("push")} == {"push-20-spreads"}
