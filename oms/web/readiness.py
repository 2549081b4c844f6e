"""What "healthy" and "ready" mean.

Healthy: the event loop turns, as the answer proves, and no journal is broken.  Who is not is to be restarted.

Ready: NATS is connected, unless the settings can do without, and every configured account's link is `ready`:
its books agree with its venue.  An account whose login was refused for good therefore keeps the daemon from
being ready until an operator has acted; one that is `read_only` or `halted` does not, since it does what it
may.  A restart helps nobody who is not ready.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

READY: Final = "ready"


class AccountStatus(msgspec.Struct, frozen=True):
    """One account as its supervisor sees it, in the words of docs/design.md 8."""

    account: str
    link: str  # connecting reconciling ready refused closed
    permission: str  # active reducing halted difference restored dirty read_only
    state: str  # the narrower of the two
    reason: str  # why it is not better; empty when there is nothing to say
    seq: int  # last event of its journal
    published: int  # last event that its stream acknowledged


class Readiness(msgspec.Struct, frozen=True):
    """Whether everything is there, and if not, what is missing."""

    ready: bool
    nats_connected: bool
    accounts: Sequence[AccountStatus]


class Health(msgspec.Struct, frozen=True):
    """Whether the daemon may go on."""

    healthy: bool
    broken: Sequence[str]  # accounts whose journal cannot be written


def readiness(
    accounts: Sequence[AccountStatus], *, nats_connected: bool, nats_required: bool = True
) -> Readiness:
    """The verdict on all accounts."""
    ready = (nats_connected or not nats_required) and all(account.link == READY for account in accounts)
    return Readiness(ready, nats_connected, accounts)


def health(broken: Sequence[str]) -> Health:
    """The verdict on the journals."""
    return Health(not broken, broken)
