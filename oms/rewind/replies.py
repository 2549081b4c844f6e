"""A query's whole answer about an account of then: all its pages as one."""

import json
from collections.abc import Mapping
from typing import Any, Final

from oms.queries import answer
from oms.queries.view import View

ROWS: Final = 1000  # of a page

Reply = dict[str, Any]


class NotAnswered(ValueError):
    """The query was refused; the text says why."""


async def reply(view: View, what: str, request: Mapping[str, Any] | None = None, rows: str = "") -> Reply:
    """What `query.<account>.<what>` says; `rows` is the field that comes in pages, "" where nothing does.

    Raises NotAnswered.
    """
    found: list[Any] = []
    given = dict(request or {}) | ({"limit": ROWS} if rows else {})
    while True:
        sent = await answer(view, what, {}, json.dumps(given).encode())
        told: Reply = json.loads(sent.payload)
        if sent.error is not None:
            raise NotAnswered(f"{view.account}: {what}: {told['error']['message']}")
        found += told.get(rows, [])
        if told.get("next") is None:
            return told | ({rows: found} if rows else {})
        given["after"] = told["next"]
