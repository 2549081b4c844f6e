"""What a session says: typed values, one class for each thing that a frame can mean."""

from typing import Any

import msgspec

from .drift import NO_DRIFT, Drift
from .enums import Code


class Request(msgspec.Struct, frozen=True, eq=False):
    """The terminal asks.  Two requests are the same only if they are the same object."""

    command: int
    value: Any = None
    drift: Drift = NO_DRIFT


class Answer(msgspec.Struct, frozen=True):
    """The gateway answers with code 0; at the terminal, `request` is the object that was sent."""

    command: int
    value: Any = None
    drift: Drift = NO_DRIFT
    request: Request | None = None


class Refused(msgspec.Struct, frozen=True):
    """The gateway answers with another code.  The body is kept unread: its layout is not known."""

    command: int
    code: int
    body: bytes = b""
    request: Request | None = None

    @property
    def reason(self) -> Code | None:
        """The code's name, None where docs/protocol.md 1 lists none."""
        return Code(self.code) if self.code in _CODES else None

    def __repr__(self) -> str:
        return _outline(self, self.command, self.code, self.body)


class Push(msgspec.Struct, frozen=True):
    """The gateway tells.  A code other than 0 is an error event; the value counts all the same."""

    command: int
    value: Any = None
    code: int = 0
    drift: Drift = NO_DRIFT


class Unsolicited(msgspec.Struct, frozen=True):
    """A frame of a request's command although no such request is in flight: evidence, never an answer."""

    command: int
    code: int
    body: bytes

    def __repr__(self) -> str:
        return _outline(self, self.command, self.code, self.body)


class Late(msgspec.Struct, frozen=True):
    """The answer of a request whose timeout was declared: evidence for `request`, for no later one."""

    command: int
    code: int
    body: bytes
    request: Request

    def __repr__(self) -> str:
        return _outline(self, self.command, self.code, self.body)


class Unknown(msgspec.Struct, frozen=True):
    """A command number that the table does not hold: drift; `code` is None in a request."""

    command: int
    code: int | None
    body: bytes

    def __repr__(self) -> str:
        return _outline(self, self.command, self.code, self.body)


Message = Request | Answer | Refused | Push | Unsolicited | Late | Unknown

_CODES = frozenset(Code)


def _outline(message: object, command: int, code: int | None, body: bytes) -> str:
    """A repr without the body, which may hold a ticket or a key."""
    return f"{type(message).__name__}(command={command}, code={code}, {len(body)} bytes)"
