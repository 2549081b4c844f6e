"""Opening an account: from a fresh connection to its first snapshot (docs/protocol.md 2.3).

In this order: bootstrap, login, ping, account, symbols, positions and orders.  Whether the snapshot agrees
with the books is judged elsewhere; from the login answer on the connection's listener must keep what is
pushed, because it may be older or newer than what is asked for here.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from protocol.account_body import Account
from protocol.enums import Rights
from protocol.messages import Refused, Request
from protocol.records.symbols import Symbol
from protocol.records.trade import OpenTrades

from .connection import PING, Connection
from .login import Credentials, Keys, Unavailable, log_in
from .outage import AnswerUnreadable

ACCOUNT, OPEN_TRADES, SYMBOLS, SYMBOLS_COMPRESSED = 3, 4, 6, 34
COMPRESS_ABOVE: Final = 256  # symbols; fewer are asked for as they are


class Opened(msgspec.Struct, frozen=True):
    """An account as it was found."""

    account: Account
    symbols: list[Symbol]
    open_trades: OpenTrades


class TurnedAway(msgspec.Struct, frozen=True):
    """The venue will not have this account as it is configured: trying again would only hammer it."""

    code: int | None  # of the login's refusal; None: the password must be changed first

    def __str__(self) -> str:
        if self.code is None:
            return "the password must be changed before the account can be used"
        return f"the login was refused with code {self.code}"


async def _nothing() -> None:
    """Nobody wants to know."""


async def open_account(
    connection: Connection,
    who: Credentials,
    keys: Keys,
    *,
    wall_s: Callable[[], float] = time.time,
    entered: Callable[[], Awaitable[None]] = _nothing,
) -> Opened | TurnedAway:
    """Everything up to the snapshot.

    `wall_s` tells the time for one-time codes; `entered` is awaited as soon as the login is accepted.
    Raises Outage for everything that the next attempt may heal.
    """
    refused = await log_in(connection, who, keys, wall_s)
    if refused is not None:
        return TurnedAway(refused.code)
    await entered()
    await value_of(connection, PING)
    account = await account_of(connection)
    if account.main.rights & Rights.PASSWORD_CHANGE:
        return TurnedAway(None)
    symbols = await symbols_of(connection, account)
    return Opened(account, symbols, await open_trades(connection))


async def account_of(connection: Connection) -> Account:
    """Terms and money, as they are now."""
    account: Account = await value_of(connection, ACCOUNT)
    return account


async def open_trades(connection: Connection) -> OpenTrades:
    """Positions and orders, as they are now."""
    trades: OpenTrades = await value_of(connection, OPEN_TRADES)
    return trades


async def symbols_of(connection: Connection, account: Account) -> list[Symbol]:
    """The symbols; compressed where there are many, plain where that cannot be had."""
    if (account.symbols_count or 0) > COMPRESS_ABOVE:
        try:
            found: list[Symbol] = await value_of(connection, SYMBOLS_COMPRESSED)
        except (Unavailable, AnswerUnreadable):
            pass  # as the official client does where it cannot inflate (docs/protocol.md 4.4)
        else:
            return found
    plain: list[Symbol] = await value_of(connection, SYMBOLS)
    return plain


async def value_of(connection: Connection, command: int, value: Any = None) -> Any:
    """What the answer holds; Unavailable where it is a refusal."""
    reply = await connection.ask(Request(command, value))
    if isinstance(reply, Refused):
        raise Unavailable(reply)
    return reply.value
