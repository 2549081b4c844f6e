"""What was published then, as messages of a root of its own: events as they are stored, market data merged.

Whoever listens under `oms.v1` hears a replay under another prefix, `oms.v1.replay.<id>`.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import astuple

from oms.bus.event_messages import ZERO, EventMessages
from oms.bus.market import BookNow, Statistics, Tick, TickOfPush, Ticks
from oms.bus.subjects import market, ticks
from oms.domain.events import BookChanged, MarketEvent, QuoteTicked, StatisticsChanged
from oms.domain.times import utc_ns
from oms.eventlog.envelope import Recorded
from oms.eventlog.reader import Reader, Wanted
from oms.ingest.market_replay import LATEST, replayed

# Of the fence and of the server's own doubles: a replay may be published as often as somebody wants.
OF_THE_STREAM: Final = frozenset({"Nats-Msg-Id", "Nats-Expected-Last-Sequence"})
REPLAYED: Final = "Oms-Replayed"  # when it was recorded, or received, UTC

_encode = msgspec.json.Encoder().encode


class Message(NamedTuple):
    """Something that was published."""

    at_ns: int  # when it was recorded, or received; nanoseconds of UTC
    subject: str
    body: bytes
    headers: dict[str, str]


class Span(NamedTuple):
    """Which part of an account's past; nanoseconds of UTC, seqs of its journal."""

    since: int = 0
    before: int = LATEST
    until: int | None = None  # the last event; None: the end as it is now


def messages(
    data: Path, accounts: Iterable[str], root: str, span: Span, *, quotes: bool = True
) -> Iterator[Message]:
    """All of them in the order of their times; of one account events in that of their seqs.

    `quotes`: market data too.  Raises what reading the files raises, while they are read.
    """
    sources = [_events(data / "journal" / f"{account}.db", account, root, span) for account in accounts]
    if quotes:
        sources += [_market(data / "market", account, root, span) for account in accounts]
    return merge(*sources, key=lambda message: message.at_ns)


def _events(path: Path, account: str, root: str, span: Span) -> Iterator[Message]:
    with closing(Reader(path)) as reader:
        made = EventMessages(root, account, reader)
        wanted = Wanted(since=span.since or None, before=None if span.before == LATEST else span.before)
        latest, previous = 0, Recorded(0, "", b"", ZERO)
        for row in reader.read(0, span.until, wanted):
            if previous.seq != row.seq - 1:  # the span begins here
                previous = reader.get(row.seq - 1) or previous
            (message,) = made.of([row], previous.hash)
            previous = row
            recorded = row.recorded_at
            latest = max(latest, utc_ns(recorded))  # a clock that was set back does not change the order
            headers = {name: value for name, value in message.headers.items() if name not in OF_THE_STREAM}
            yield Message(latest, message.subject, message.body, headers | {REPLAYED: recorded})


def _market(folder: Path, account: str, root: str, span: Span) -> Iterator[Message]:
    """A message for each tick, book, statistic, and behind those of a push one with all its ticks."""
    latest = 0
    found = replayed(folder, since=span.since, before=span.before, account=account)
    for _, push in groupby(found, key=lambda one: (one.push.received_at, one.push.seq)):
        batch: list[TickOfPush] = []
        for one in push:
            latest = max(latest, one.push.received_at)
            told, kind = _told(one.event, account)
            yield Message(latest, market(root, kind, account, one.event.symbol), _encode(told), {})
            if isinstance(told, Tick):
                batch.append(TickOfPush(*astuple(told)[1:]))
        if batch:
            yield Message(latest, ticks(root, account), _encode(Ticks(account, batch)), {})


def _told(event: MarketEvent, account: str) -> tuple[msgspec.Struct, str]:
    """The payload, as the daemon publishes it (oms/bus/market.py), and the word of its subject."""
    match event:
        case QuoteTicked() as tick:
            prices = (tick.bid or 0.0, tick.ask or 0.0, tick.last or 0.0, tick.volume or 0.0)
            return Tick(account, tick.symbol, tick.time, *prices, tick.delayed), "tick"
        case BookChanged() as book:
            return BookNow(account, book.symbol, book.time, book.bids, book.asks), "book"
        case StatisticsChanged() as stat:
            return Statistics(account, stat.symbol, stat.time, stat.values, stat.delayed), "stat"
