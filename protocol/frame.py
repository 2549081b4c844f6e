"""Frames: one per WebSocket message, both ways (docs/protocol.md 1).

The outer header is clear, the rest is encrypted.  What a peer writes into the header is not believed, as
the official client does not: the message's own length counts, and a header that differs is told as drift.
"""

from enum import Enum
from struct import Struct
from typing import Final, NamedTuple

import msgspec

from .cipher import Decryptor, Encryptor
from .errors import Truncated

HEADER: Final = Struct("<II")
VERSION: Final = 1
REQUEST_HEAD: Final = Struct("<2sH")
ANSWER_HEAD: Final = Struct("<2sHB")
HEADER_BYTES, REQUEST_BYTES, ANSWER_BYTES = HEADER.size, REQUEST_HEAD.size, ANSWER_HEAD.size

CLIENT_PREFIX: Final = b"\x00\x00"
SERVER_PREFIX: Final = b"\xaa\xbb"


class Direction(Enum):
    """Who speaks."""

    REQUEST = "client-to-server"
    ANSWER = "server-to-client"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What a frame carries.  `code` is None in requests, which have none."""

    command: int
    code: int | None
    body: bytes
    prefix: bytes = b"\x00\x00"

    def __repr__(self) -> str:
        """Without the body, which may hold a password or a key."""
        return f"Frame(command={self.command}, code={self.code}, {len(self.body)} bytes)"


class Header(NamedTuple):
    """The clear part of a frame, as the peer wrote it."""

    body_length: int
    version: int


def header_of(message: bytes) -> Header:
    """The outer header; `Truncated` if there is none."""
    if len(message) < HEADER.size:
        raise Truncated(f"header: {len(message)} of {HEADER.size} bytes", field="header")
    return Header(*HEADER.unpack_from(message))


def seal(frame: Frame, encryptor: Encryptor) -> bytes:
    """The WebSocket message of a frame."""
    if frame.code is None:
        inner = REQUEST_HEAD.pack(frame.prefix, frame.command) + frame.body
    else:
        inner = ANSWER_HEAD.pack(frame.prefix, frame.command, frame.code) + frame.body
    body = encryptor.encrypt(inner)
    return HEADER.pack(len(body), VERSION) + body


def unseal(message: bytes, decryptor: Decryptor, direction: Direction) -> Frame | None:
    """The frame in a WebSocket message, None for the empty one; else `DecryptError` or `Truncated`."""
    return (unseal_request if direction is Direction.REQUEST else unseal_answer)(message, decryptor)


def unseal_request(message: bytes, decryptor: Decryptor) -> Frame | None:
    """As `unseal`, of a terminal's frame."""
    inner = _inner(message, decryptor, REQUEST_BYTES)
    if inner is None:
        return None
    prefix, command = REQUEST_HEAD.unpack_from(inner)
    return Frame(command, None, inner[REQUEST_BYTES:], prefix)


def unseal_answer(message: bytes, decryptor: Decryptor) -> Frame | None:
    """As `unseal`, of a gateway's frame."""
    inner = _inner(message, decryptor, ANSWER_BYTES)
    if inner is None:
        return None
    prefix, command, code = ANSWER_HEAD.unpack_from(inner)
    return Frame(command, code, inner[ANSWER_BYTES:], prefix)


def _inner(message: bytes, decryptor: Decryptor, least: int) -> bytes | None:
    """What is encrypted, if there is anything."""
    if len(message) <= HEADER_BYTES:
        header_of(message)
        return None
    inner = decryptor.decrypt(message[HEADER_BYTES:])
    if len(inner) < least:
        raise Truncated(f"frame: {len(inner)} of {least} bytes inside", field="frame")
    return inner


def header_fits(message: bytes) -> bool:
    """Whether the clear part says what the message is."""
    length, version = HEADER.unpack_from(message)
    return bool(version == VERSION and length == len(message) - HEADER_BYTES)
