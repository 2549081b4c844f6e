"""Events of an account's journal, its terms, what it may do."""

from ..records import AccountRecord
from .fact import Fact


class AccountOpened(Fact, frozen=True, tag="account.opened"):
    """The first event of every journal: which journal this is."""

    epoch: str  # 128 random bits in hex; another epoch is another journal
    format: str
    login: str = ""
    server: str = ""


class AccountChanged(AccountRecord, frozen=True, tag="account.changed", tag_field="event"):
    """The account's terms as the venue states them, whole; also the first time."""


class AccountState(Fact, frozen=True, tag="account.state"):
    """What the account can do from now on: the narrower of link and permission rules."""

    link: str  # connecting, reconciling, ready, refused, closed
    permission: str  # active, reducing, halted, difference, restored, dirty, read_only
    reason: str = ""  # why the permission is what it is
    by: str = ""  # who, where a person did it
    comment: str = ""
    also: dict[str, str] = {}  # other permissions that hold beside the narrowest, with their reasons


class ClientState(Fact, frozen=True, tag="client.state"):
    """What one client of the account may do from now on, within what the account may."""

    client: str
    permission: str  # active, reducing, halted
    reason: str = ""
    by: str = ""  # who, where a person did it
    comment: str = ""
