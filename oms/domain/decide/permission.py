"""Whether the account may act at all: its link, what restricts it, its rights (docs/semantics.md 7).

    link or restriction             risk        change      reduce
    connecting, refused, closed,
    trade server not reached        no          no          no
    reconciling                     no          no          what is known (reduce_while_reconciling)
    halted, read_only               no          no          no
    difference, restored, dirty     no          no          yes
    reducing, NATS away             no          yes         yes

What restricts a client alone is like it, for that client's commands.

A change of stops or prices brings no new volume, and is how a position is protected: so it goes while an
account only reduces.  Where the books are in doubt it does not, for what it would change may not be so.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from protocol.enums import Rights

from ..commands import Cancel, Close, CloseBy, Submit
from ..events.command import Reason
from ..records import AccountRecord
from .case import Case, Need
from .codes import NATS_AWAY, RECONCILING, VENUE_UNAVAILABLE
from .facts import Facts
from .reasons import reason
from .resolve import PRICED

READY: Final = "ready"
HALTED: Final = "halted"
ACTIVE: Final = "active"

# As numbers: flags of the standard library take a microsecond each time.
_LOOKS: Final = int(Rights.INVESTOR | Rights.READ_ONLY)
_NO_TRADE: Final = int(Rights.TRADE_DISABLED)
_PASSWORD: Final = int(Rights.PASSWORD_CHANGE)
_ALL: Final = frozenset[Need]({"risk", "change", "reduce"})
_IN_DOUBT: Final = frozenset[Need]({"risk", "change"})
_RISK: Final = frozenset[Need]({"risk"})
DENIES: Final[dict[str, frozenset[Need]]] = {
    HALTED: _ALL,
    "read_only": _ALL,
    "difference": _IN_DOUBT,
    "restored": _IN_DOUBT,
    "dirty": _IN_DOUBT,
    "reducing": _RISK,
}


def account_is_reached(case: Case) -> Iterator[Reason]:
    """There is a session, and the account is ready; what only takes risk away need not wait for that."""
    yield from link(case.facts, case.need, known=_known(case))


def nothing_restricts(case: Case) -> Iterator[Reason]:
    """None of the account's restrictions stands against it."""
    yield from restrictions(case.facts, case.need)


def account_may_trade(case: Case) -> Iterator[Reason]:
    """The account's rights allow trading (docs/protocol.md 4.2)."""
    yield from rights(case.facts.account)


def link(facts: Facts, need: Need, *, known: bool) -> Iterator[Reason]:
    """How the session stands; `known`: what is named is among the books."""
    if facts.link not in (READY, RECONCILING):
        yield reason(VENUE_UNAVAILABLE, f"there is no session with the venue: {facts.link}")
    elif not facts.venue_reached:
        yield reason(VENUE_UNAVAILABLE, "the venue has lost its trade server")
    elif facts.account is None:
        yield reason(RECONCILING, "the account's terms are not known yet")
    elif facts.link == RECONCILING and not (
        known and need == "reduce" and facts.policy.reduce_while_reconciling
    ):
        yield reason(RECONCILING, "books and venue are being compared")


def restrictions(facts: Facts, need: Need) -> Iterator[Reason]:
    """What account and client are restricted to, and that NATS is away where it has to be there."""
    yield from restricted(facts.restrictions, need)
    yield from client_restricted(facts.client, facts.risk.client_permission, facts.risk.client_reason, need)
    if facts.nats_away and need == "risk":
        yield reason(NATS_AWAY, "NATS is away: nothing that adds risk is sent")


def restricted(restrictions: Mapping[str, str], need: Need) -> Iterator[Reason]:
    """Those restrictions, with their reasons, that stand against it; one without a name here halts."""
    for name, why in restrictions.items():
        if need in DENIES.get(name, _ALL):
            told = f"the account is {name.replace('_', ' ')}" + (f": {why}" if why else "")
            yield reason(name if name in DENIES else HALTED, told)


def client_restricted(client: str, permission: str, why: str, need: Need) -> Iterator[Reason]:
    """What the client alone is restricted to, with the reason for it."""
    if need in DENIES.get(permission, _ALL if permission != ACTIVE else frozenset()):
        told = f"the client {client} is {permission}" + (f": {why}" if why else "")
        yield reason("client_reducing" if permission == "reducing" else "client_halted", told)


def rights(account: AccountRecord | None) -> Iterator[Reason]:
    """What the account may not do."""
    if account is None:
        return
    looks = account.investor or account.rights & _LOOKS
    if looks:
        yield reason("account_read_only", "the login may look and not trade")
    if account.rights & _NO_TRADE or not (account.trade_allowed or looks):
        yield reason("account_trade_disabled", "the broker disabled trading for this account")
    if account.rights & _PASSWORD:
        yield reason("password_change_required", "the password of the account must be changed first")


def _known(case: Case) -> bool:
    """Whether what the command works on is open in the books, and quoted where it has to name a price."""
    named = case.named
    match case.verb:
        case Close() | Submit():
            return named.position is not None and _priced(case)
        case CloseBy():
            return named.position is not None and named.position_by is not None
        case Cancel():
            return named.order is not None
    return False


def _priced(case: Case) -> bool:
    quoted = case.bid is not None and case.ask is not None
    return quoted or case.intent is None or case.intent.action not in PRICED
