"""Replies as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from oms.cli.printing import table
from oms.cli.state.fields import (
    ACCOUNTS,
    BOOKED,
    COMMANDS,
    DAYS,
    DOUBTED,
    LIMITED,
    LISTED,
    ORDERS,
    POSITIONS,
    QUOTES,
    RISK,
    SESSIONS,
    SPECIFICATIONS,
    STATEMENTS,
    TOTALS,
    WORTH,
    Field,
)
from oms.cli.state.query import LISTS, Reply

FIELDS: Final[Mapping[str, Sequence[Field]]] = {
    "orders": ORDERS, "positions": POSITIONS, "account": ACCOUNTS, "quotes": QUOTES, "sessions": SESSIONS,
    "commands": COMMANDS,
}  # fmt: skip


def tables(what: str, replies: Sequence[Reply]) -> list[Table]:
    """One table of all accounts, or two where there are sums as well."""
    match what:
        case "unknown":
            return [made(DOUBTED, rows("commands", replies))]
        case "pnl":
            return [made(TOTALS, replies), made(WORTH, rows("positions", replies))]
        case "statement":
            kinds, days = rows("kinds", replies), rows("days", replies)
            return [made(STATEMENTS, replies), made(BOOKED, kinds), made(DAYS, days)]
        case "risk":
            return [made(RISK, replies), made(LIMITED, _limits(replies))]
        case "symbols":  # where some were named their specifications, else the list
            named = list(rows("symbols", replies))
            return [made(SPECIFICATIONS, named) if named else made(LISTED, rows("listed", replies))]
    return [made(FIELDS[what], rows(what, replies) if what in LISTS else replies)]


def rows(name: str, replies: Iterable[Reply]) -> Iterable[dict[str, Any]]:
    """The rows of a list in the replies, each with its account."""
    for reply in replies:
        for row in reply.get(name, ()):
            yield {**row, "account": reply.get("account")}


def _limits(replies: Iterable[Reply]) -> Iterable[dict[str, Any]]:
    """A row for each limit of each account, and of each of its clients."""
    for reply in replies:
        clients = reply.get("clients")
        own = clients if isinstance(clients, Mapping) else {}
        yield from limit_rows(reply.get("limits"), account=reply.get("account"))
        for client, told in own.items():
            yield from limit_rows(told.get("limits"), account=reply.get("account"), client=client)


def limit_rows(limits: Any, **whose: Any) -> Iterable[dict[str, Any]]:
    """A row for each limit."""
    for name, value in limits.items() if isinstance(limits, Mapping) else ():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield {**whose, "limit": name, "value": shown}


def made(fields: Sequence[Field], found: Iterable[Mapping[str, Any]], title: str = "") -> Table:
    """A table of these fields."""
    cells = ([field.cell(row) for field in fields] for row in found)
    return table([field.column for field in fields], cells, title)


def filled(fields: Sequence[Field], found: Sequence[Mapping[str, Any]]) -> Table:
    """Likewise, without the columns in which nothing would stand."""
    return made([one for one in fields if any(str(one.cell(row)) for row in found)], found)


def records(value: Any) -> list[Mapping[str, Any]]:
    """Those of a list that may not be there."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
