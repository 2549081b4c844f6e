"""What can go wrong on the wire, and whose fault it was.

`LocalProtocolError`: we were about to break the protocol; nothing was sent.  `RemoteProtocolError`: the
peer broke it, or what arrived cannot be read.  No message of either holds bytes or text from a frame, so
that a password or a key never reaches a log by way of an error.
"""


class ProtocolError(Exception):
    """Either end broke the protocol.

    `code` is one of the codes of `oms wire` (docs/protocol.md 12), `field` the path of the field or None.
    """

    def __init__(self, message: str, *, code: str = "bad_value", field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class LocalProtocolError(ProtocolError):
    """We erred: a value that does not fit, or a message that this state does not allow."""


class RemoteProtocolError(ProtocolError):
    """They erred: bytes that are no frame, no body, or not allowed in this state."""


class Truncated(RemoteProtocolError):
    """A record, a list or a count that must be there is cut off."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, code="truncated", field=field)


class DecryptError(RemoteProtocolError):
    """A length or a padding that no AES-CBC ciphertext under this key has."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="decrypt")
