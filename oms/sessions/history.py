"""Asking for an account's history: whole, and in slices where that proved too much (docs/semantics.md 7).

A gateway sends a whole history in one message.  Where that did not come in time, or was larger than a message
may be, the sessions after it ask for slices, backwards from now, each kept as it comes.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from protocol.records.trade import History, HistoryRequest, Order

from .connection import Connection
from .opening import value_of
from .outage import ConnectionEnded, TimedOut

HISTORY: Final = 5
DAY_S: Final = 24 * 3600
LATEST_S: Final = 2**31 - 1  # what an i32 of seconds holds
MONTH_DAYS: Final = 31
EMPTY_SLICES: Final = 24  # in a row; what is older is taken for nothing
TOO_BIG: Final = 1009  # the close code of a message above the limit (RFC 6455 7.4)


@dataclass
class HistoryPlan:
    """How much is asked for at once; lasts longer than a session, because too much ends it."""

    days: int | None = None  # None: everything in one answer

    def too_much(self) -> None:
        """From now on less at once, a day at the least."""
        self.days = MONTH_DAYS if self.days is None else max(1, self.days // 2)


class Part(NamedTuple):
    """What an answer held, all of it from `begin_s` on, server time."""

    begin_s: int
    history: History


def history_begin(since_s: int, orders: Iterable[Order]) -> int:
    """Where to begin, server time, for deals since then and what became of these orders; 0 = everything."""
    if since_s <= 0:
        return 0
    return min([since_s, LATEST_S, *(order.time_setup for order in orders)])


async def read_history(
    connection: Connection, plan: HistoryPlan, begin_s: int, now_s: int
) -> AsyncGenerator[Part, None]:
    """The history from `begin_s` on, server time, in one or several parts, the latest first.

    After a long silence what is older is taken for nothing.  Raises Outage; where the answer was too much the
    plan knows it then.
    """
    until, end, empty = 0, now_s, 0
    begin = begin_s
    try:
        while True:
            start = begin if plan.days is None else max(begin, end - plan.days * DAY_S)
            part: History = await value_of(connection, HISTORY, HistoryRequest(start, until))
            yield Part(start, part)
            empty = 0 if part.deals or part.orders else empty + 1
            if start <= begin or empty == EMPTY_SLICES:
                return
            until = end = start
    except TimedOut:
        plan.too_much()
        raise
    except ConnectionEnded as why:
        if why.ended.code == TOO_BIG:
            plan.too_much()
        raise
