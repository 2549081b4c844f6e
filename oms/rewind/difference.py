"""What changed in an account between two moments: rows that came, rows that went, fields that differ.

Both are the answers of queries, so a field is called as everywhere.  What follows from quotes is no change of
the account, and must not be in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from oms.queries.trades import order_row
from oms.queries.view import View

from .replies import reply

# Of the answer about the account: where it stands, and what depends on quotes or on who asks.
NOT_COMPARED: Final = frozenset(
    {"seq", "stale", "floating", "equity", "margin", "margin_free", "margin_level", "margin_gaps"}
)

Row = Mapping[str, Any]
Fields = dict[str, tuple[Any, Any]]  # before, after


class Change(NamedTuple):
    """An order, a position, or the account itself."""

    what: Literal["orders", "positions", "account"]
    name: str  # the ticket, or the account
    change: Literal["added", "removed", "changed"]
    fields: Fields  # that differ; of what came or went all that say something


async def difference(before: View, after: View) -> list[Change]:
    """From one state of an account to another; views without quotes.  Raises NotAnswered."""
    found: list[Change] = []
    found += changes("orders", "order", _orders(before), _orders(after))
    rows = [(await reply(view, "positions", rows="positions"))["positions"] for view in (before, after)]
    found += changes("positions", "position", *rows)
    told = [await reply(view, "account") for view in (before, after)]
    if fields := _differing(*told):
        found.append(Change("account", after.account, "changed", fields))
    return found


def _orders(view: View) -> list[Row]:
    """Open or ended, as `query.orders` has them; all its pages would take the square of the time."""
    found = map(view.books.orders.get, view.books.orders.tickets())
    return [msgspec.to_builtins(order_row(view.books, order)) for order in found if order is not None]


def changes(what: Any, key: str, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Change]:
    """Rows against rows, in the order of their names, which are numbers."""
    old, new = ({row[key]: row for row in rows} for rows in (before, after))
    for name in sorted(old.keys() | new.keys(), key=int):
        was, now = old.get(name), new.get(name)
        if fields := _differing(was or {}, now or {}):
            yield Change(
                what, name, "added" if was is None else "removed" if now is None else "changed", fields
            )


def _differing(before: Row, after: Row) -> Fields:
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if name not in NOT_COMPARED and (before.get(name) or None) != (after.get(name) or None)
    }
