"""Getting in: bootstrap and login, with what an earlier session left (docs/protocol.md 2.2, 4.1).

A ticket is tried first.  One that is refused is forgotten, and the password tried once; a venue that only
says that it is not there (codes 1, 2, 100) has refused nothing, and the ticket is kept.  A one-time code goes
with the password where a secret is configured; a ticket stands for both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from protocol.credentials import login
from protocol.enums import Code
from protocol.messages import Answer, Refused, Request
from protocol.records.access import BootstrapRequest

from .connection import Connection
from .otp import Otp
from .outage import Outage

BOOTSTRAP, LOGIN = 0, 28
# Refusals that trying again does not heal, and might lock the account: docs/design.md 6.
TERMINAL: Final = frozenset(
    {
        Code.INVALID_ACCOUNT_OR_PASSWORD,
        Code.REFUSED,
        Code.ONE_TIME_CODE_REQUIRED,
        Code.TWO_FACTOR_MUST_BE_ENABLED,
        Code.CERTIFICATE_NOT_SUPPORTED,
        Code.INVALID_ONE_TIME_CODE,
    }
)
AWAY: Final = frozenset({Code.INTERNAL_ERROR, Code.TRADE_SERVER_NOT_AVAILABLE, Code.NO_CONNECTION})


class Unavailable(Outage):
    """The venue refused a request with a code that may be another the next time."""

    def __init__(self, refused: Refused) -> None:
        name = f" ({refused.reason.name.lower()})" if refused.reason is not None else ""
        super().__init__(f"command {refused.command}: refused with code {refused.code}{name}")
        self.command = refused.command
        self.code = refused.code


@dataclass(frozen=True)
class Credentials:
    """Who an account is to its venue; `cid` and `url` as in docs/protocol.md 4.1."""

    login: int
    password: str = field(repr=False)
    otp: Otp | None = field(default=None, repr=False)
    cid: bytes = b""
    url: str = ""


@dataclass
class Keys:
    """What the last session of an account left for the next; in memory only."""

    token: bytes = field(default=b"", repr=False)
    ticket: bytes = field(default=b"", repr=False)
    number: int = field(default=0, repr=False)
    by: str = ""  # what let the last one in: password, ticket


async def log_in(
    connection: Connection, who: Credentials, keys: Keys, wall_s: Callable[[], float]
) -> Refused | None:
    """Bootstrap and log in; None, or the refusal that nothing but the user can heal.

    `keys` holds afterwards what the next session needs.  Unavailable for any other refusal.
    """
    await _bootstrap(connection, keys)
    if keys.ticket:
        reply = await _try(connection, who, keys, keys.ticket.hex())
        if reply is None:
            keys.by = "ticket"
            return None
        keys.ticket, keys.number = b"", 0
    code = who.otp(wall_s()) if who.otp else ""
    refused = await _try(connection, who, keys, who.password, code)
    keys.by = "password"
    if refused is None or refused.code in TERMINAL:
        return refused
    raise Unavailable(refused)


async def _bootstrap(connection: Connection, keys: Keys) -> None:
    reply = await connection.ask(Request(BOOTSTRAP, BootstrapRequest(keys.token)))
    if isinstance(reply, Refused):
        keys.token = b""  # it may be the token that is not liked
        raise Unavailable(reply)
    keys.token = connection.session.token


async def _try(
    connection: Connection, who: Credentials, keys: Keys, password: str, otp: str = ""
) -> Refused | None:
    """One login; the refusal, None where it is let in.  Unavailable where the venue is away."""
    value = login(who.login, password, session=keys.number, otp=otp, cid=who.cid, url=who.url)
    reply = await connection.ask(Request(LOGIN, value))
    if isinstance(reply, Answer):
        session = connection.session
        keys.ticket = session.ticket if any(session.ticket) else b""
        keys.number = session.number
        return None
    if reply.code in AWAY:
        raise Unavailable(reply)
    return reply
