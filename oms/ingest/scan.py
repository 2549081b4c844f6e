"""Fresh lists of what is open, of what happened lately: where traces are looked for (docs/semantics.md 8).

They go past the books: an answer may be older than a push that came behind it.
"""

from contextlib import aclosing

from oms.domain.evidence import Lists, lists_of
from oms.domain.observations import Observation
from oms.sessions import translate
from oms.sessions.connection import Connection
from oms.sessions.history import HistoryPlan, read_history
from oms.sessions.opening import open_trades
from oms.sessions.translate import Terms


async def scan(connection: Connection, terms: Terms, plan: HistoryPlan, begin_s: int, now_s: int) -> Lists:
    """Orders, positions, and the history from `begin_s` on, server time.  Raises Outage."""
    # In this order: what leaves the open list meanwhile is found in the history behind it.
    seen: list[Observation] = translate.open_trades(await open_trades(connection), terms)
    async with aclosing(read_history(connection, plan, begin_s, now_s)) as parts:
        async for part in parts:
            seen += translate.history(part.history, terms)
    return lists_of(seen)
