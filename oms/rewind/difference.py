"""What changed in an account between two moments: rows that came, rows that went, fields that differ.

Both are the answers of queries, so a field is called as everywhere.  What follows from quotes is no change of
the account, and must not be in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from oms.queries.view import View

from .replies import reply

# Of the answer about the account: where it stands, and what depends on quotes or on who asks.
NOT_COMPARED: Final = frozenset(
    {"seq", "stale", "floating", "equity", "margin", "margin_free", "margin_level", "margin_gaps"}
)
LISTS: Final = {"orders": "order", "positions": "position"}  # and what a row is known by

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
    for what, key in LISTS.items():
        request = {"all": True} if what == "orders" else {}
        rows = [(await reply(view, what, request, what))[what] for view in (before, after)]
        found += changes(what, key, *rows)
    told = [await reply(view, "account") for view in (before, after)]
    if fields := _differing(*told):
        found.append(Change("account", after.account, "changed", fields))
    return found


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
