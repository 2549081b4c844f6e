"""Queries of how things stand: state, risk, sessions."""

from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import trio

from oms.eventlog.errors import FileError
from oms.eventlog.reader import Reader

from .asked import Asked, narrower
from .past import unreadable
from .reply import Head
from .request import PastRequest, Request
from .view import Breaker

_READING: Final = trio.CapacityLimiter(1)


class StateRequest(PastRequest, frozen=True, kw_only=True):
    """What the account can do, and what proves its books."""

    state_hash: bool = True  # false: leave it out; with `as_of` it costs some milliseconds per thousand deals


class StateReply(Head, frozen=True, kw_only=True):
    """Standing and proof."""

    link: str | None  # connecting, reconciling, ready, refused, closed
    permission: str | None  # active, reducing, halted, difference, restored, dirty, read_only
    state: str | None  # the narrower of the two
    reason: str | None  # why it changed last
    epoch: str | None  # which journal this is
    head: str | None  # hash of the event `seq`, in hex; null before the first
    state_hash: str | None  # of all that follows from the journal up to `seq`


class RiskRequest(Request, frozen=True, kw_only=True):
    """What is allowed."""


class RiskReply(Head, frozen=True, kw_only=True):
    """Permission and limits."""

    permission: str
    limits: dict[str, str]  # by rule; empty: none are configured


class SessionsRequest(Request, frozen=True, kw_only=True):
    """The connection to the venue."""


class SessionsReply(Head, frozen=True, kw_only=True):
    """How it is."""

    connected: bool
    authenticated: bool
    feed_live: bool  # quotes come, as they should while trading sessions of watched symbols are open
    degraded: bool  # round trips of our ping have been too long for some time
    breakers: dict[str, Breaker]  # by class of requests: opening, changing, closing, prices, data
    link: str  # connecting, reconciling, ready, refused, closed
    permission: str  # active, reducing, halted, difference, restored, dirty, read_only
    state: str  # the narrower of the two
    reason: str
    since: str | None  # when the link became what it is, RFC 3339, UTC
    round_trip: float | None  # seconds of the last ping
    reconnects: int  # since the daemon started
    drift: dict[str, int]  # what the documents do not know, by kind
    last_error: str
    subscribed: int  # symbols whose quotes are asked for
    url: str


async def state(asked: Asked, request: StateRequest) -> StateReply:
    """Standing and proof, of now or of then."""
    books, standing = asked.books, asked.standing
    state_hash = books.state_hash() if request.state_hash else None
    epoch = books.terms.opened.epoch if books.terms.opened else None
    if asked.past:
        head = await trio.to_thread.run_sync(_head, asked.view.path, asked.seq, limiter=_READING)
    else:
        head = asked.view.head
    return StateReply(
        asked.view.account,
        asked.seq,
        link=standing.link if standing else None,
        permission=standing.permission if standing else None,
        state=narrower(standing.link, standing.permission) if standing else None,
        reason=standing.reason if standing else None,
        epoch=epoch,
        head=head,
        state_hash=state_hash,
    )


async def risk(asked: Asked, request: RiskRequest) -> RiskReply:
    """The permission of this moment; no limit can be configured yet."""
    return RiskReply(asked.view.account, asked.seq, permission=asked.view.standing.permission, limits={})


async def sessions(asked: Asked, request: SessionsRequest) -> SessionsReply:
    """The connection of this moment."""
    health, standing = asked.view.health, asked.view.standing
    return SessionsReply(
        asked.view.account,
        asked.seq,
        **msgspec.structs.asdict(health) | {"drift": dict(health.drift), "breakers": dict(health.breakers)},
        link=standing.link,
        permission=standing.permission,
        state=narrower(standing.link, standing.permission),
        reason=standing.reason,
    )


def _head(path: Path, seq: int) -> str | None:
    try:
        with closing(Reader(path)) as reader:
            row = reader.get(seq)
    except FileError as why:
        raise unreadable(why) from None
    return row.hash.hex() if row else None
