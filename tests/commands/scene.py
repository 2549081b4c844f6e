"""Commands as they are sent, for the tests."""

import json
from typing import Any

import msgspec
import pytest

from oms.commands import Unreadable, read
from oms.domain.commands import CommandRequest
from oms.domain.events.command import Reason

PACKED = {"Content-Type": "application/msgpack"}

# The least that each verb needs.
LEAST: dict[str, dict[str, Any]] = {
    "submit": {"symbol": "EURUSD", "side": "buy", "volume": "0.10"},
    "modify": {"position": "1023", "sl": "1.0750"},
    "cancel": {"order": "1024"},
    "close": {"position": "1023"},
    "close_by": {"position": "1023", "position_by": "1031"},
    "close_all": {},
    "cancel_all": {},
    "check": {"symbol": "EURUSD", "side": "buy", "volume": "0.10"},
}
LIMIT = LEAST["submit"] | {"type": "limit", "price": "1.0700"}


def json_of(fields: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(fields, bytes):
        return fields
    return (fields if isinstance(fields, str) else json.dumps(fields)).encode("utf-8", "surrogatepass")


def asked(what: str, fields: dict[str, Any] | str | bytes, /, **how: Any) -> CommandRequest:
    """A command that came as JSON."""
    return read(what, json_of(fields), {}, **how)


def packed(what: str, fields: dict[str, Any] | bytes, /, **how: Any) -> CommandRequest:
    """A command that came as MessagePack."""
    body = fields if isinstance(fields, bytes) else msgspec.msgpack.encode(fields)
    return read(what, body, PACKED, **how)


def unread(what: str, fields: dict[str, Any] | str | bytes, /, **how: Any) -> Unreadable:
    """Why a command that came as JSON cannot be read."""
    with pytest.raises(Unreadable) as told:
        asked(what, fields, **how)
    return told.value


def refused(what: str, fields: dict[str, Any] | str | bytes, /, **how: Any) -> list[tuple[str, str | None]]:
    """Code and field of each reason."""
    return codes(unread(what, fields, **how).reasons)


def packed_refused(what: str, fields: dict[str, Any] | bytes, /) -> list[tuple[str, str | None]]:
    """Likewise, of MessagePack."""
    with pytest.raises(Unreadable) as told:
        packed(what, fields)
    return codes(told.value.reasons)


def codes(reasons: tuple[Reason, ...]) -> list[tuple[str, str | None]]:
    return [(reason.code, reason.field) for reason in reasons]
