"""Tables show only what the daemon tells: each field is one of the typed replies."""

from typing import Any, get_args, get_type_hints

import pytest

from oms.cli.state.fields import (
    ACCOUNTS,
    COMMANDS,
    LISTED,
    ORDERS,
    POSITIONS,
    QUOTES,
    SESSIONS,
    SPECIFICATIONS,
    TOTALS,
    WORTH,
    Field,
)
from oms.cli.state.query import LISTS
from oms.queries import QUERIES

ROWS = [
    ("orders", "orders", ORDERS),
    ("positions", "positions", POSITIONS),
    ("pnl", "positions", WORTH),
    ("quotes", "quotes", QUOTES),
    ("symbols", "listed", LISTED),
    ("symbols", "symbols", SPECIFICATIONS),
    ("commands", "commands", COMMANDS),
]


def is_told(kind: Any, path: str) -> bool:
    first, _, rest = path.partition(".")
    hints = get_type_hints(kind)
    return first in hints and (not rest or is_told(hints[first], rest))


def missing(kind: Any, fields: tuple[Field, ...]) -> list[str]:
    return [
        field.path for field in fields[1:] if not is_told(kind, field.path)
    ]  # the account is put in front


@pytest.mark.parametrize(("what", "name", "fields"), ROWS)
def test_a_row_has_them(what: str, name: str, fields: tuple[Field, ...]) -> None:
    (kind,) = get_args(get_type_hints(QUERIES[what].reply)[name])
    assert missing(kind, fields) == []


def test_a_list_that_goes_on_is_one_of_the_reply() -> None:
    assert [what for what, name in LISTS.items() if name not in get_type_hints(QUERIES[what].reply)] == []


@pytest.mark.parametrize(("what", "fields"), [("account", ACCOUNTS), ("pnl", TOTALS), ("sessions", SESSIONS)])
def test_a_reply_has_them(what: str, fields: tuple[Field, ...]) -> None:
    assert missing(QUERIES[what].reply, fields) == []


def test_a_field_that_nobody_tells_is_found() -> None:
    assert missing(QUERIES["pnl"].reply, (Field("account"), Field("floating.cats"), Field("cats"))) == [
        "floating.cats",
        "cats",
    ]
