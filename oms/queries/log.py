"""Queries of the journal itself: its events, what commands have come to."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
import trio

from oms.eventlog.errors import FileError
from oms.eventlog.reader import Reader, Wanted
from oms.payload import shown
from oms.projections.commands import Command

from .asked import Asked
from .past import unreadable
from .refusal import bad
from .reply import ROWS_BYTES, Head, Stored, paged
from .request import LARGEST, PastRequest, Rows, Seq, Text
from .times import utc_ns

PAGE: Final = 200
LOOKED_THROUGH: Final = 200_000  # events by one query, whatever it finds
READERS: Final = 2
_READING: Final = trio.CapacityLimiter(READERS)

# Tags have no other wildcard than the star.
Type = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.*]{1,64}\Z")]
Types = Annotated[list[Type], msgspec.Meta(min_length=1, max_length=50)]


class EventsRequest(PastRequest, frozen=True, kw_only=True):
    """Recorded events by their seq."""

    after: Seq = 0  # events behind this
    until: Seq = LARGEST  # and up to this
    type: Type | None = None  # a tag; `order.*` = all of orders
    types: Types | None = None  # several
    symbol: Text | None = None  # of `data.symbol`
    since: Text | None = None  # recorded then or later, RFC 3339
    before: Text | None = None  # recorded earlier, RFC 3339
    limit: Rows = PAGE


class EventsReply(Stored, frozen=True, kw_only=True):
    """Bodies as they are stored, hashed and published (docs/events.md)."""

    events: list[msgspec.Raw]  # envelopes
    next: int | None  # `after` of the next page, which may begin far behind; null: the end is reached


class CommandsRequest(PastRequest, frozen=True, kw_only=True):
    """Commands by when they came."""

    client: Text | None = None
    command: Text | None = None
    final: bool | None = None  # only those that are final, or are not
    status: Text | None = None  # only those of this status
    limit: Rows = PAGE
    after: Text | None = None  # `next` of the page before


class CommandsReply(Head, frozen=True, kw_only=True):
    """Commands, the oldest first."""

    commands: list[Command]
    next: str | None  # `after` of the next page; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


class Range(NamedTuple):
    """Which events."""

    after: int
    until: int
    wanted: Wanted
    limit: int


async def events(asked: Asked, request: EventsRequest) -> EventsReply:
    """The events of a range, read in a thread."""
    if request.type is not None and request.types is not None:
        raise bad("types", "and `type` are two ways to say it: give one")
    types = [request.type] if request.type is not None else request.types
    wanted = Wanted(
        tuple(types) if types else None,
        request.symbol,
        utc_ns("since", request.since) if request.since else None,
        utc_ns("before", request.before) if request.before else None,
    )
    span = Range(request.after, min(request.until, asked.seq), wanted, request.limit)
    found, after = await trio.to_thread.run_sync(_read, asked.view.path, span, limiter=_READING)
    return EventsReply(asked.view.account, asked.seq, events=found, next=after)


async def commands(asked: Asked, request: CommandsRequest) -> CommandsReply:
    """What commands have come to."""
    rows = (
        one
        for one in _behind(asked, request.after)
        if request.client in (None, one.client)
        and request.command in (None, one.command)
        and request.final in (None, one.final)
        and request.status in (None, one.status)
    )
    page = paged(rows, request.limit, _identity)
    return CommandsReply(asked.view.account, asked.seq, commands=page.rows, next=page.next, stale=asked.stale)


def _read(path: Path, span: Range) -> tuple[list[msgspec.Raw], int | None]:
    """Bodies, and where to go on; None at the end."""
    found: list[msgspec.Raw] = []
    room, after, most = ROWS_BYTES, span.after, span.after + LOOKED_THROUGH
    try:
        with closing(Reader(path)) as reader:
            while after < min(span.until, most):
                trio.from_thread.check_cancelled()
                rows, reached = reader.page(after, span.until, span.wanted)
                for row in rows:
                    room -= len(row.body) + 1
                    if found and (len(found) == span.limit or room < 0):
                        return found, after
                    found.append(msgspec.Raw(row.body))
                    after = row.seq
                after = reached
    except FileError as why:
        raise unreadable(why) from None
    return found, after if after < span.until else None


def _behind(asked: Asked, after: str | None) -> Iterator[Command]:
    known = iter(asked.books.commands)
    if after is None:
        return known
    for one in known:
        if _identity(one) == after:
            return known
    raise bad("after", f"{shown(after)} is no `next` of this query")


def _identity(command: Command) -> str:
    return f"{command.client}/{command.command}"
