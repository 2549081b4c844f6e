"""Whether the symbol is traded now: its life, its trade sessions (docs/protocol.md 4.5).

Server time, compared as wall clocks.  Taking an order away is not judged: the venue has the last word.
"""

from collections.abc import Iterator
from datetime import datetime

from ..commands import Cancel
from ..events.command import Reason
from ..records import SymbolRecord
from .case import Case
from .reasons import reason

SECONDS = 19  # letters of a time down to its seconds
Week = tuple[tuple[tuple[int, int], ...], ...]


def symbol_is_traded_now(case: Case) -> Iterator[Reason]:
    """The venue answers 10018 outside the symbol's life and sessions."""
    symbol = case.symbol
    if symbol is None or isinstance(case.verb, Cancel):
        return
    now = case.facts.server_now[:SECONDS]
    code, message = _closed(symbol, now)
    if code:
        yield reason(code, message, field=case.field("symbol"), given=symbol.symbol)


def _closed(symbol: SymbolRecord, now: str) -> tuple[str, str]:
    starts, ends = (symbol.starts_at or "")[:SECONDS], (symbol.expires_at or "")[:SECONDS]
    if starts and now < starts:
        return "symbol_not_started", f"{symbol.symbol} is traded from {starts} on"
    if ends and now >= ends:
        return "symbol_expired", f"{symbol.symbol} is traded until {ends}"
    if not is_open(symbol.trade_sessions, now):
        return "market_closed", f"{symbol.symbol} is not traded at {now} server time"
    return "", ""


def is_open(week: Week, now: str) -> bool:
    """Whether a session (from, to) in minutes of the day, `to` not in it, holds this wall clock.

    Days are counted from Sunday; one without sessions is closed.  Of a symbol without any week, which no
    venue sent, nothing is known: open.
    """
    if not week:
        return True
    at = datetime.fromisoformat(now)
    day = at.isoweekday() % 7
    minute = at.hour * 60 + at.minute
    return day < len(week) and any(begin <= minute < end for begin, end in week[day])
