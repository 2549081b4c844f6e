"""A look as tables, for a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from oms.cli.printing import BAD, plain
from oms.cli.state.fields import ORDERS, POSITIONS, QUOTES, SESSIONS, TOTALS, Field
from oms.cli.state.query import Reply
from oms.cli.state.tables import made, rows
from oms.cli.watch.looking import Look

SUMS: Final[Sequence[tuple[str, Sequence[Field]]]] = (("sessions", SESSIONS), ("pnl", TOTALS))
LISTS: Final[Sequence[tuple[str, Sequence[Field]]]] = (
    ("positions", POSITIONS),
    ("orders", ORDERS),
    ("quotes", QUOTES),
)
AROUND: Final = 3  # lines of a table beside its rows: title, head, the line behind it
LEAST: Final = 3  # rows of a list, however small the terminal


def screen(look: Look, height: int, trouble: str = "") -> RenderableType:
    """What fits into so many lines; sessions and sums are never cut."""
    parts: list[RenderableType] = [Text(plain(trouble), BAD)] if trouble else []
    for name, fields in SUMS:
        parts += _part(name, fields, _replies(look, name), None)
    errors = {plain(one["error"]["message"]): None for one in look.values() if "error" in one}
    parts += [Text(told, BAD) for told in errors]
    room = height - len(parts) - 2 * AROUND - 2 * len(look)
    share = max(LEAST, room // len(LISTS) - AROUND)
    for name, fields in LISTS:
        found = list(rows(name, _replies(look, name)))
        parts += _part(name, fields, found, share)
    return Group(*parts)


def _replies(look: Look, name: str) -> list[Reply]:
    return [answers[name] for answers in look.values() if name in answers]


def _part(
    name: str, fields: Sequence[Field], found: Sequence[Reply], share: int | None
) -> list[RenderableType]:
    if not found:
        return []
    shown = found if share is None else found[:share]
    more = f" ({len(found)}, the first {len(shown)})" if len(shown) < len(found) else ""
    return [made(fields, shown, name + more), Text()]
