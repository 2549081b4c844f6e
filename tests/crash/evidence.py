"""What there is when all is over: journals, streams, the venue's truth, the daemon's own words."""

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nats.aio.client import Client as Nats

from .clients import NO_REPLY, Asked
from .processes import LOGINS

Row = dict[str, Any]
PAGE: Final = 1000
ASK_S: Final = 20.0
PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class Stored:
    """An event on disk, or a message of the stream."""

    seq: int
    body: bytes
    hash: bytes


@dataclass(frozen=True)
class Evidence:
    """Everything about one account."""

    account: str
    login: int
    journal: Sequence[Stored]
    stream: Sequence[Stored]
    books: Mapping[str, Any]  # account, orders, deals, positions: as the daemon tells them
    truth: Mapping[str, Any]  # of the venue, all accounts
    asked: Sequence[Asked]
    last: Mapping[str, Row]  # by client/id: the reply when all was over, where somebody asked again


def journal(folder: Path, account: str) -> list[Stored]:
    """The rows of a journal, by SQLite alone."""
    with closing(sqlite3.connect(f"file:{folder}/journal/{account}.db?mode=ro", uri=True)) as file:
        rows = file.execute("SELECT seq, body, hash FROM event ORDER BY seq").fetchall()
    return [Stored(seq, bytes(body), bytes(hashed)) for seq, body, hashed in rows]


async def stream(bus: Nats, account: str) -> list[Stored]:
    """The messages of an account's stream, in their order."""
    jetstream = bus.jetstream(timeout=ASK_S)
    found: list[Stored] = []
    state = (await jetstream.stream_info(f"OMS_EVT_{account}")).state
    events = await jetstream.subscribe(f"oms.v1.evt.{account}.>", ordered_consumer=True)
    while len(found) < state.messages:
        message = await events.next_msg(PATIENCE_S)
        hashed = bytes.fromhex((message.headers or {})["Oms-Hash"])
        found.append(Stored(message.metadata.sequence.stream, message.data, hashed))
    await events.unsubscribe()
    return found


async def published(bus: Nats, account: str) -> int:
    """The last sequence of an account's stream."""
    return (await bus.jetstream(timeout=ASK_S).stream_info(f"OMS_EVT_{account}")).state.last_seq


async def queued(bus: Nats, account: str) -> int:
    """How many durable commands wait."""
    return (await bus.jetstream(timeout=ASK_S).stream_info(f"OMS_QUEUE_{account}")).state.messages


async def ask(bus: Nats, account: str, what: str, **fields: Any) -> Row:
    """A query's reply, as soon as somebody answers; TimeoutError where nobody does."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                message = await bus.request(
                    f"oms.v1.query.{account}.{what}", json.dumps(fields).encode(), timeout=ASK_S
                )
            except NO_REPLY:
                await asyncio.sleep(0.2)
            else:
                found: Row = json.loads(message.data)
                return found


async def pages(bus: Nats, account: str, what: str, **fields: Any) -> list[Row]:
    """All rows of a query that has pages."""
    rows: list[Row] = []
    after: str | None = None
    while True:
        more = {"after": after} if after else {}
        found = await ask(bus, account, what, limit=PAGE, **fields, **more)
        rows += found[what]
        after = found["next"]
        if after is None:
            return rows


async def books(bus: Nats, account: str) -> Row:
    """What the daemon knows of an account."""
    told: Row = {"account": await ask(bus, account, "account")}
    for what in ("orders", "deals", "positions"):
        told[what] = await pages(bus, account, what)
    return told


async def gathered(
    folder: Path, bus: Nats, truth: Mapping[str, Any], asked: Sequence[Asked], last: Mapping[str, Row]
) -> list[Evidence]:
    """All of it, of all accounts."""
    return [
        Evidence(
            account=account,
            login=login,
            journal=journal(folder, account),
            stream=await stream(bus, account),
            books=await books(bus, account),
            truth=truth,
            asked=[one for one in asked if one.account == account],
            last=last,
        )
        for account, login in LOGINS.items()
    ]
