"""Opening an account: from a fresh connection to its first snapshot (docs/protocol.md 2.3).

In this order: bootstrap, login, ping, account, symbols, positions and orders, history.  Whether the snapshot
agrees with the books is judged elsewhere; from the login answer on the connection's listener must keep what
is pushed, because it may be older or newer than what is asked for here.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from protocol.account_body import Account
from protocol.enums import Rights
from protocol.messages import Refused, Request
from protocol.records.symbols import Symbol
from protocol.records.trade import History, HistoryRequest, OpenTrades

from .connection import PING, Connection
from .login import Credentials, Keys, Unavailable, log_in
from .outage import AnswerUnreadable

ACCOUNT, OPEN_TRADES, HISTORY, SYMBOLS, SYMBOLS_COMPRESSED = 3, 4, 5, 6, 34
COMPRESS_ABOVE: Final = 256  # symbols; fewer are asked for as they are
LATEST_S: Final = 2**31 - 1  # what an i32 of seconds holds


class Opened(msgspec.Struct, frozen=True):
    """An account as it was found; its history begins at `history_from_s`, server time, 0 = everything."""

    account: Account
    symbols: list[Symbol]
    open_trades: OpenTrades
    history: History
    history_from_s: int


class TurnedAway(msgspec.Struct, frozen=True):
    """The venue will not have this account as it is configured: trying again would only hammer it."""

    code: int | None  # of the login's refusal; None: the password must be changed first

    def __str__(self) -> str:
        if self.code is None:
            return "the password must be changed before the account can be used"
        return f"the login was refused with code {self.code}"


async def open_account(
    connection: Connection,
    who: Credentials,
    keys: Keys,
    *,
    since_s: int = 0,
    wall_s: Callable[[], float] = time.time,
) -> Opened | TurnedAway:
    """Everything up to the snapshot.

    `since_s` is the server time from which deals matter (0 = all); older is asked for where an open order is.
    `wall_s` tells the time for one-time codes.  Raises Outage for everything that the next attempt may heal.
    """
    refused = await log_in(connection, who, keys, wall_s)
    if refused is not None:
        return TurnedAway(refused.code)
    await _value(connection, PING)
    account: Account = await _value(connection, ACCOUNT)
    if account.main.rights & Rights.PASSWORD_CHANGE:
        return TurnedAway(None)
    symbols = await symbols_of(connection, account)
    trades: OpenTrades = await _value(connection, OPEN_TRADES)
    begin_s = _history_begin(since_s, trades)
    history: History = await _value(connection, HISTORY, HistoryRequest(begin_s, 0))
    return Opened(account, symbols, trades, history, begin_s)


async def symbols_of(connection: Connection, account: Account) -> list[Symbol]:
    """The symbols; compressed where there are many, plain where that cannot be had."""
    if (account.symbols_count or 0) > COMPRESS_ABOVE:
        try:
            found: list[Symbol] = await _value(connection, SYMBOLS_COMPRESSED)
        except (Unavailable, AnswerUnreadable):
            pass  # as the official client does where it cannot inflate (docs/protocol.md 4.4)
        else:
            return found
    plain: list[Symbol] = await _value(connection, SYMBOLS)
    return plain


def _history_begin(since_s: int, trades: OpenTrades) -> int:
    if since_s <= 0:
        return 0
    return min([since_s, LATEST_S, *(order.time_setup for order in trades.orders)])


async def _value(connection: Connection, command: int, value: Any = None) -> Any:
    """What the answer holds; Unavailable where it is a refusal."""
    reply = await connection.ask(Request(command, value))
    if isinstance(reply, Refused):
        raise Unavailable(reply)
    return reply.value
