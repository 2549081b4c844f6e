"""Replies: how they begin, how they are written, how many rows one takes.

Exact numbers are strings without an exponent, doubles are numbers, what is not known is null.  A reply has at
most 512 kB; lists that may grow stop before that, and `next` says where to go on.
"""

from collections.abc import Callable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from oms.domain.values import plain
from oms.payload import JSON, written

from .refusal import Refused

MOST_BYTES: Final = 512 * 1024
ROWS_BYTES: Final = 400 * 1024  # of a list's rows, measured roughly: the rest of a reply needs room as well

Row = TypeVar("Row")


class Reply(NamedTuple):
    """What goes back: the payload, its headers, the error's number and code where it is one."""

    payload: bytes
    headers: dict[str, str]
    error: tuple[int, str] | None = None


class Head(msgspec.Struct, frozen=True):
    """How every reply begins."""

    account: str
    seq: int  # the last event that is in the reply


class Stored(Head, frozen=True):
    """A reply whose rows are stored JSON, taken over letter by letter; it holds no decimals."""


class Error(msgspec.Struct, frozen=True):
    """Why there is no answer."""

    code: str  # see above
    message: str
    field: str | None = None  # of the request
    category: str = ""  # of the code: init, auth, breaker_open, timeout, data, connection, validation, state
    retry: str = ""  # yes, no, unknown: whether asking again may help


class ErrorReply(msgspec.Struct, frozen=True):
    """The reply of a query that is not answered."""

    error: Error
    account: str
    seq: int


class Page(NamedTuple, Generic[Row]):
    """Some rows, and where to go on; None: these were the last."""

    rows: list[Row]
    next: str | None


def paged(rows: Iterable[Row], limit: int, key: Callable[[Row], str]) -> Page[Row]:
    """As many of the first rows as a reply takes, at most `limit`; `next` is the key of the last of them."""
    found: list[Row] = []
    room = ROWS_BYTES
    for row in rows:
        room -= size(row)
        if found and (len(found) == limit or room < 0):
            return Page(found, key(found[-1]))
        found.append(row)
    return Page(found, None)


def size(row: object) -> int:
    """About how many bytes a row takes, a little too few for numbers that msgspec writes with an exponent."""
    return len(msgspec.json.encode(row)) + 1


def answered(reply: msgspec.Struct, content_type: str) -> Reply:
    """A reply as it is sent; raises Refused where it is too large all the same."""
    payload = _verbatim(reply, content_type) if isinstance(reply, Stored) else _exact(reply, content_type)
    if len(payload) > MOST_BYTES:
        raise Refused("too_large", f"would be {len(payload)} bytes, at most {MOST_BYTES}: ask for less")
    return Reply(payload, {"Content-Type": content_type})


def refused(why: Refused, account: str, seq: int, content_type: str) -> Reply:
    """A refusal as it is sent."""
    reply = ErrorReply(Error(why.code, why.message, why.field, why.category, why.retry), account, seq)
    payload = written(msgspec.to_builtins(reply), content_type)
    return Reply(payload, {"Content-Type": content_type}, (why.number, why.code))


def _exact(reply: msgspec.Struct, content_type: str) -> bytes:
    return written(plain(reply), content_type)


def _verbatim(reply: Stored, content_type: str) -> bytes:
    text = msgspec.json.encode(reply)
    return text if content_type == JSON else written(msgspec.json.decode(text), content_type)
