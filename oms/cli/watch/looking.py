"""One look at some accounts: what a refresh shows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import trio

from oms.bus.bridge import Bridge
from oms.cli.ending import Failure
from oms.cli.state.query import Reply, page

# The first page of each is what a screen holds, by far.
QUESTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sessions": {},
    "account": {},
    "pnl": {"limit": 1},
    "positions": {"limit": 100},
    "orders": {"limit": 100},
    "quotes": {"limit": 100},
}

Look = dict[str, dict[str, Reply]]  # by account, by question; of an account that did not answer: an error


async def look(bridge: Bridge, prefix: str, accounts: Sequence[str]) -> Look:
    """Everything, asked at once."""
    found: Look = {account: {} for account in accounts}

    async def answer(account: str, what: str) -> None:
        try:
            found[account][what] = await page(bridge, prefix, account, what, QUESTIONS[what])
        except Failure as why:
            found[account]["error"] = {"message": str(why)}

    async with trio.open_nursery() as nursery:
        for account in accounts:
            for what in QUESTIONS:
                nursery.start_soon(answer, account, what)
    return found
