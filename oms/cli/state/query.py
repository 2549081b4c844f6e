"""One question to a daemon about one account, and its whole answer (docs/queries.md)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from oms.bus.bridge import Bridge
from oms.bus.errors import NoResponders, NotConnected, TimedOut
from oms.cli.ending import NOBODY, WRONG, Failure

ANSWER_S: Final = 10.0  # the daemon itself waits 5 s for a min_seq
ROWS: Final = 1000  # of a page, the most there may be
MOST_PAGES: Final = 1000
# Which list of a reply goes on where there is a `next`.
LISTS: Final = {
    "orders": "orders", "positions": "positions", "pnl": "positions", "quotes": "quotes", "symbols": "listed",
    "commands": "commands", "statement": "days",
}  # fmt: skip

Reply = dict[str, Any]


class Refused(Failure):
    """The daemon does not answer that: its own words."""

    def __init__(self, account: str, what: str, error: Mapping[str, Any]) -> None:
        field = f"{error['field']}: " if error.get("field") else ""
        told = f"{account}: {what}: {field}{error.get('message', '')} ({error.get('code', 'error')})"
        super().__init__(WRONG, told)


class Unheard(Failure):
    """Nobody answers for that account."""

    def __init__(self, why: str) -> None:
        super().__init__(NOBODY, why)


async def ask(bridge: Bridge, prefix: str, account: str, what: str, request: Mapping[str, Any]) -> Reply:
    """The reply, all pages of it as one; raises Refused, Unheard, Failure."""
    if what not in LISTS:
        return await page(bridge, prefix, account, what, request)
    rows: list[Any] = []
    reply: Reply = {"next": None}
    for _ in range(MOST_PAGES):
        on = {} if reply["next"] is None else {"after": reply["next"]}
        # What was named is there all at once, and takes no `after`.
        reply = await page(bridge, prefix, account, what, {"limit": ROWS, **request, **on})
        rows += reply[LISTS[what]]
        if reply["next"] is None:
            return {**reply, LISTS[what]: rows}
    raise Failure(WRONG, f"{account}: {what}: more than {MOST_PAGES} pages: ask for less")


async def page(bridge: Bridge, prefix: str, account: str, what: str, request: Mapping[str, Any]) -> Reply:
    """One reply; raises as `ask`."""
    subject = f"{prefix}.query.{account}.{what}"
    try:
        message = await bridge.request(subject, json.dumps(request).encode(), ANSWER_S)
    except NoResponders:
        raise Unheard(f"{account}: nobody answers {subject}") from None
    except TimedOut:
        raise Failure(NOBODY, f"{account}: no answer to {subject} within {ANSWER_S:g} s") from None
    except NotConnected as why:
        raise Failure(NOBODY, f"NATS went away: {why}") from None
    try:
        reply = json.loads(message.payload)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise Failure(NOBODY, f"{account}: what answers {subject} is no daemon of ours")
    if isinstance(error := reply.get("error"), dict):
        raise Refused(account, what, error)
    return reply
