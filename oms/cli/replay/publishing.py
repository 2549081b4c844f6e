"""`oms replay nats`: the past once more, under subjects of its own."""

import re
import secrets
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import trio

from oms.bus.bridge import Connection
from oms.bus.errors import BusError
from oms.bus.handing import hand_over
from oms.cli.asking import asking, where_else
from oms.cli.ending import FAILED, NOBODY, OK, WRONG, Failure
from oms.cli.lasting import until_ended
from oms.cli.log.places import Place, reader, reading
from oms.cli.nats_options import Said
from oms.cli.printing import print_json, put_line
from oms.cli.replay.moments import Until, moment_of
from oms.domain.times import utc_ns
from oms.eventlog.envelope import rfc3339
from oms.rewind import Message, Pace, Send, Sent, Span, messages, pace_of, republish

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Published(NamedTuple):
    """Where to, how fast, and what of it."""

    config: Path | None
    said: Said
    name: str | None
    speed: str
    since: str | None
    quotes: bool
    json: bool


def publish(place: Place, until: Until, how: Published) -> int:
    """Publish it all; Failure, in groups."""
    name = secrets.token_hex(4) if how.name is None else how.name
    if not NAME.fullmatch(name):
        raise Failure(WRONG, "--id: 1 to 32 of the letters A-Z a-z 0-9 _ -")
    try:
        pace = pace_of(how.speed)
    except ValueError as why:
        raise Failure(WRONG, f"--speed: {why}") from None
    reach = where_else(how.config, how.said)
    root = f"{reach.prefix}.replay.{name}"
    accounts = until.accounts(place)
    span = _span(place, until, accounts, moment_of("--since", how.since) or 0)
    found = messages(place.data, accounts, root, span, quotes=how.quotes)

    troubles: list[str] = []

    async def run() -> None:
        async with asking(reach.options, troubles.append) as bridge:
            connection = await bridge.connection()
            with reading():
                sent = await _all(partial(_taken, connection, troubles), found, root, pace)
            _tell(root, sent, json=how.json)

    until_ended(run)
    return OK


def _span(place: Place, until: Until, accounts: list[str], since: int) -> Span:
    """Market data end when the last event was recorded, where that is what was said."""
    if until.time_ns is not None:
        return Span(since, until.time_ns + 1)
    if until.seq is None:
        return Span(since)
    with closing(reader(place, accounts[0])) as journal, reading():
        row = journal.get(until.seq)
    if row is None:
        raise Failure(WRONG, f"--until: {accounts[0]}: {until.seq} is not recorded")
    return Span(since, utc_ns(row.recorded_at) + 1, until.seq)


async def _taken(connection: Connection, troubles: list[str], batch: list[Message]) -> None:
    """Handed over; Failure where NATS does not pass it on: it answers, and drops what we may not publish."""
    await hand_over(connection, batch)
    await trio.lowlevel.checkpoint()  # what it said came before its answer
    if troubles:
        raise Failure(FAILED, f"NATS passes it not on: {troubles[0]}")


async def _all(send: Send, found: Iterable[Message], root: str, pace: Pace) -> Sent:
    try:
        sent = await republish(found, send, pace)
        done = msgspec.json.encode({"events": sent.events, "quotes": sent.quotes})
        await send([Message(0, f"{root}.done", done, {})])
    except BusError as why:
        raise Failure(NOBODY, f"NATS went away: {why}") from None
    return sent


def _tell(root: str, sent: Sent, *, json: bool) -> None:
    if json:
        last = rfc3339(sent.last_ns) if sent.messages else None
        print_json({"root": root, "events": sent.events, "quotes": sent.quotes, "last": last})
    else:
        put_line(f"{root}: {sent.events} events, {sent.quotes} of market data")
