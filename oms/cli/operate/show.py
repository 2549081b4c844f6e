"""What an operator's word came to, as tables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from oms.cli.printing import console, put_table
from oms.cli.state.fields import ACCOUNT, LIMITED, Field, standing, status
from oms.cli.state.tables import filled, limit_rows, records
from oms.cli.trade.show import COMMAND, REASON, named

Row = Mapping[str, Any]

STANDING: Final = (
    ACCOUNT,
    Field("status", look=status),
    Field("permission", look=standing),
    Field("equal"),
    Field("reason", cut=True),
)
DIFFERENCE: Final = (
    ACCOUNT,
    Field("subject"),
    Field("key"),
    Field("field"),
    Field("books"),
    Field("venue"),
)


def show(replies: Iterable[Row]) -> None:
    """A line for each account; why not; what differs; the commands of a panic, and their parts."""
    rows = [
        row for reply in replies for row in records(reply.get("accounts")) or [reply] if row.get("status")
    ]
    out = console()
    parts = (
        (STANDING, rows),
        ((ACCOUNT, *REASON), list(_parts(rows, "reasons"))),
        (DIFFERENCE, list(_parts(rows, "differences"))),
        ((ACCOUNT, *COMMAND), [named(one) for one in _commands(rows)]),
        (LIMITED, list(_limits(rows))),
    )
    first = True
    for fields, found in parts:
        if found:
            if not first:
                out.print()
            put_table(out, filled(fields, found))
            first = False


def _parts(rows: Iterable[Row], name: str) -> Iterator[Row]:
    for row in rows:
        for one in records(row.get(name)):
            yield {**one, "account": row.get("account")}


def _limits(rows: Iterable[Row]) -> Iterator[Row]:
    """A line for each limit in force."""
    for row in rows:
        yield from limit_rows(row.get("limits"), account=row.get("account"), client=row.get("client"))


def _commands(rows: Iterable[Row]) -> Iterator[Row]:
    for sweep in _parts(rows, "commands"):
        yield sweep
        yield from _parts([sweep], "children")
