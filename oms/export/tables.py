"""The tables: which columns they have, and their rows out of a data folder.

What is exact stays exact: money, volumes, prices and tickets are decimal text, as events have them.  Market
data are floats.  Events and ticks are read page by page; deals and orders come from the books, which have to
be made first, as of the end or of a seq.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import merge
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from oms.domain.events.market import QuoteTicked
from oms.domain.records import DealRecord
from oms.domain.times import utc_ns
from oms.eventlog.envelope import Recorded, rfc3339
from oms.eventlog.errors import Damaged
from oms.eventlog.reader import Reader, Wanted
from oms.ingest.market_replay import LATEST, Retold, replayed
from oms.past import books_at, seq_at
from oms.projections import Books
from oms.queries.trades import OrderRow, order_row

Kind = Literal["text", "integer", "float", "boolean", "json"]
Row = Sequence[Any]


class Column(NamedTuple):
    """One of a table; `json` holds a list or an object."""

    name: str
    kind: Kind = "text"


class Table(NamedTuple):
    """Columns, and rows that have a value or None for each of them."""

    columns: tuple[Column, ...]
    rows: Iterator[Row]


class Chosen(NamedTuple):
    """Which rows; None = all.  Times are nanoseconds of UTC."""

    after: int = 0  # events behind this seq
    until: int | None = None  # up to this seq; of deals and orders: as the books stood then
    types: tuple[str, ...] | None = None  # of events
    symbol: str | None = None
    since: int | None = None
    before: int | None = None


EVENTS: Final = (
    Column("account"), Column("seq", "integer"), Column("type"), Column("version", "integer"),
    Column("recorded_at"), Column("venue_time"), Column("cause"), Column("trace"), Column("part", "integer"),
    Column("parts", "integer"), Column("data", "json"), Column("hash"),
)  # fmt: skip
TICKS: Final = (
    Column("account"), Column("received_at"), Column("symbol"), Column("time", "integer"),
    Column("bid", "float"), Column("ask", "float"), Column("last", "float"), Column("volume", "float"),
    Column("delayed", "boolean"),
)  # fmt: skip


def events_of(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Table:
    """Events as they are stored, a row each; of several accounts by time.  Raises FileError."""
    wanted = Wanted(chosen.types, chosen.symbol, chosen.since, chosen.before)
    each = [_events(journals / f"{account}.db", chosen, wanted) for account in accounts]
    return Table(EVENTS, merge(*each, key=_recorded_at) if len(each) > 1 else each[0])


def deals_of(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Table:
    """The deals that count, by ticket, with what was amended; `since` and `before` are about their own time.

    Raises FileError, past.NotRecorded.
    """
    return Table((Column("account"), *_columns(DealRecord)), _deals(journals, accounts, chosen))


def orders_of(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Table:
    """All orders, open or ended, by ticket, with what deals make of them; times are those of their placing.

    Raises FileError, past.NotRecorded.
    """
    return Table((Column("account"), *_columns(OrderRow)), _orders(journals, accounts, chosen))


def ticks_of(market: Path, account: str | None, chosen: Chosen) -> Table:
    """Quotes as they were merged when they were received; raises FileError."""
    found = replayed(
        market,
        since=chosen.since or 0,
        before=LATEST if chosen.before is None else chosen.before,
        account=account,
    )
    return Table(TICKS, (_tick(one, one.event) for one in found if _wanted_tick(one, chosen)))


def _events(path: Path, chosen: Chosen, wanted: Wanted) -> Iterator[Row]:
    reader = Reader(path)
    try:
        for row in reader.read(chosen.after, chosen.until, wanted):
            yield _event(path, row)
    finally:
        reader.close()


def _event(path: Path, row: Recorded) -> Row:
    try:
        told = row.envelope()
    except ValueError as why:
        raise Damaged(path, f"seq {row.seq}: {why}") from None
    cause = None if told.cause is None else str(told.cause)
    return (
        *(told.account, told.seq, told.type, told.version, told.recorded_at, told.venue_time, cause),
        *(told.trace, told.part, told.parts, told.data, row.hash.hex()),
    )


def _recorded_at(row: Row) -> Any:
    return row[4]


def _books(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Iterator[tuple[str, Books]]:
    for account in accounts:
        until = seq_at(journals / f"{account}.db", chosen.until, None)
        yield account, books_at(journals, account, until).books


def _deals(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Iterator[Row]:
    for account, books in _books(journals, accounts, chosen):
        for deal in sorted(books.deals, key=lambda one: int(one.deal)):
            if _wanted(chosen, deal.symbol, deal.time):
                yield account, *_values(deal)


def _orders(journals: Path, accounts: Sequence[str], chosen: Chosen) -> Iterator[Row]:
    for account, books in _books(journals, accounts, chosen):
        for ticket in sorted(books.orders.tickets(), key=int):
            order = books.orders.get(ticket)
            row = None if order is None else order_row(books, order)
            if row is not None and _wanted(chosen, row.symbol, row.setup_at):
                yield account, *_values(row)


def _wanted(chosen: Chosen, symbol: str, time: str | None) -> bool:
    """What has no time is of no period."""
    if chosen.symbol not in (None, symbol):
        return False
    if chosen.since is None and chosen.before is None:
        return True
    at = None if time is None else utc_ns(time)
    return at is not None and (chosen.since or 0) <= at < (LATEST if chosen.before is None else chosen.before)


def _wanted_tick(one: Retold, chosen: Chosen) -> bool:
    return isinstance(one.event, QuoteTicked) and chosen.symbol in (None, one.event.symbol)


def _tick(one: Retold, tick: Any) -> Row:
    at = rfc3339(one.push.received_at)
    prices = (tick.bid, tick.ask, tick.last, tick.volume)
    return one.push.account, at, tick.symbol, tick.time, *prices, tick.delayed


def _columns(kind: type[msgspec.Struct]) -> tuple[Column, ...]:
    hints = get_type_hints(kind)
    return tuple(Column(name, _kind(hints[name])) for name in kind.__struct_fields__)


def _kind(hint: Any) -> Kind:
    """What is exact is text."""
    options = {one for one in (get_args(hint) or (hint,)) if one is not type(None)}
    if options <= {bool}:
        return "boolean"
    if options <= {int}:
        return "integer"
    return (
        "text" if all(isinstance(one, type) and issubclass(one, str | Decimal) for one in options) else "json"
    )


def _values(row: msgspec.Struct) -> Iterator[Any]:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        yield str(value) if isinstance(value, Decimal) else value
