"""Frames: header, inner layout, what is not believed, what is cut off."""

from struct import pack

import pytest

from protocol.cipher import Decryptor, Encryptor
from protocol.errors import DecryptError, RemoteProtocolError, Truncated
from protocol.frame import Direction, Frame, Header, header_of, seal, unseal
from protocol.messages import Request
from protocol.records.access import Notify
from protocol.session import Role
from tests.protocol.conversation import KEY, logged_in

PING = Frame(51, None, b"", b"\1\2")
ANSWER = Frame(12, 3, b"body", b"\xaa\xbb")


def opened(message: bytes, direction: Direction = Direction.ANSWER) -> Frame | None:
    return unseal(message, Decryptor(KEY), direction)


def inner(message: bytes) -> bytes:
    return Decryptor(KEY).decrypt(message[8:])


def around(plaintext: bytes) -> bytes:
    ciphertext = Encryptor(KEY).encrypt(plaintext)
    return pack("<II", len(ciphertext), 1) + ciphertext


def test_a_request_is_prefix_command_payload() -> None:
    message = seal(Frame(7, None, b"\1\0\0\0", b"\x11\x22"), Encryptor(KEY))
    assert message[:8] == pack("<II", 16, 1)
    assert inner(message) == b"\x11\x22" + pack("<H", 7) + b"\1\0\0\0"
    assert opened(message, Direction.REQUEST) == Frame(7, None, b"\1\0\0\0", b"\x11\x22")


def test_an_answer_has_a_code_before_its_body() -> None:
    message = seal(ANSWER, Encryptor(KEY))
    assert inner(message) == b"\xaa\xbb" + pack("<HB", 12, 3) + b"body"
    assert opened(message) == ANSWER


def test_a_frame_may_end_behind_its_command_or_code() -> None:
    assert opened(around(b"\1\2\x33\0"), Direction.REQUEST) == PING
    assert opened(around(b"\1\2\x33\0\0")) == Frame(51, 0, b"", b"\1\2")


@pytest.mark.parametrize(
    ("size", "direction"), [(0, Direction.REQUEST), (3, Direction.REQUEST), (4, Direction.ANSWER)]
)
def test_a_frame_too_short_for_its_command_is_truncated(size: int, direction: Direction) -> None:
    with pytest.raises(Truncated, match=f"frame: {size} of") as caught:
        opened(around(bytes(size)), direction)
    assert caught.value.field == "frame"


@pytest.mark.parametrize("size", range(8))
def test_a_message_shorter_than_the_header_is_truncated(size: int) -> None:
    with pytest.raises(Truncated, match=f"header: {size} of 8 bytes"):
        opened(bytes(size))


def test_the_empty_frame_is_nothing() -> None:
    assert opened(pack("<II", 0, 1)) is None
    assert opened(b"\xff" * 8) is None


def test_the_header_is_told_and_not_believed() -> None:
    message = pack("<II", 99, 7) + seal(ANSWER, Encryptor(KEY))[8:]
    assert header_of(message) == Header(99, 7)
    assert opened(message) == ANSWER


def test_two_frames_in_one_message_cannot_be_read() -> None:
    two = seal(ANSWER, Encryptor(KEY))
    with pytest.raises(DecryptError):
        opened(two + two)
    with pytest.raises(RemoteProtocolError):
        opened(two[:-1])


def test_a_header_that_lies_is_drift_of_the_message() -> None:
    terminal, gateway = logged_in()
    assert (terminal.role, gateway.role) == (Role.TERMINAL, Role.GATEWAY)
    message = terminal.send(Request(42, Notify(1)))
    assert message is not None
    (heard,) = gateway.receive(pack("<II", 5, 2) + message[8:])
    assert isinstance(heard, Request)
    assert heard.value == Notify(1)
    assert {told.field: told.value for told in heard.drift.ignored} == {"body_length": 5, "version": 2}
