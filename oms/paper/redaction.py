"""What a recorded message keeps: everything but its secrets.

Passwords, tickets, tokens, codes, keys and documents become zeros of the same length; what cannot be read
may hold any of them and becomes zeros altogether.  A session key is a secret as well: behind the bootstrap
everything is sealed anew with the key that its redacted answer gives, which is zeros, too.
"""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.commands import COMMANDS
from protocol.errors import ProtocolError, RemoteProtocolError
from protocol.frame import HEADER, Direction, Frame, seal, unseal
from protocol.layout import Record, secret_names
from protocol.records.access import BootstrapAnswer

# These carry passwords, tickets, tokens, codes, documents.
SECRET_COMMANDS: Final = frozenset({0, 24, 27, 28, 29, 30, 39, 40, 43})


class Seals(NamedTuple):
    """Of a key: opening what was said, closing what is recorded."""

    reader: Decryptor
    writer: Encryptor


class Redaction:
    """One conversation, as it is recorded."""

    def __init__(self) -> None:
        self._seals = [Seals(Decryptor(INITIAL_KEY), Encryptor(INITIAL_KEY))]  # the latest key first

    def of(self, direction: Direction, message: bytes) -> bytes:
        """The message without its secrets; its length and header stay."""
        head = message[: HEADER.size]
        for reader, writer in self._seals:
            try:
                frame = unseal(message, reader, direction)
            except RemoteProtocolError:
                continue
            return head if frame is None else head + seal(self._redacted(frame), writer)[HEADER.size :]
        return head + bytes(len(message) - len(head))

    def _redacted(self, frame: Frame) -> Frame:
        if frame.command not in SECRET_COMMANDS:
            return frame
        return replace(frame, body=self._without_secrets(frame).ljust(len(frame.body), b"\0"))

    def _without_secrets(self, frame: Frame) -> bytes:
        """The body; empty where nobody can tell what is in it."""
        command = COMMANDS[frame.command]
        body = command.request if frame.code is None else command.answer
        if frame.code or body is None:
            return b""
        try:
            value, _ = body.decode(frame.body)
            cleared = _cleared(value)
            plain = body.encode(cleared)
        except ProtocolError:
            return b""
        if isinstance(value, BootstrapAnswer):
            self._seals.insert(0, Seals(Decryptor(value.key), Encryptor(cleared.key)))
        return plain


def _cleared(value: Any) -> Any:
    """A value with nothing in its secret fields."""
    if isinstance(value, list):
        return [_cleared(one) for one in value]
    if not isinstance(value, msgspec.Struct):
        return value
    secret = secret_names(type(value)) if isinstance(value, Record) else frozenset()
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    return msgspec.structs.replace(
        value, **{name: _nothing(one) if name in secret else _cleared(one) for name, one in fields.items()}
    )


def _nothing(secret: Any) -> Any:
    """As long as the secret was, where it has a length."""
    return bytes(len(secret)) if isinstance(secret, bytes) else None if secret is None else type(secret)()
