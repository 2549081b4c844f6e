"""Events of the comparison of the books with the venue."""

from decimal import Decimal

import msgspec

from .fact import Fact


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that books and venue say differently."""

    subject: str  # order, position, balance, credit
    key: str = ""  # ticket or identifier
    field: str = ""
    books: str | None = None  # None: not there
    venue: str | None = None


class ReconcileReport(Fact, frozen=True, tag="reconcile.report"):
    """One comparison, quiet or not; rows beyond the first 1000 are counted only."""

    cause: str  # start, reconnect, timer, account, balance, unread, clock, unknown, operator
    equal: bool
    quiet: bool = True  # no push of trades or account came meanwhile; else nothing is proved
    round: int = 1
    history_from: str | None = None  # server's wall clock; None = everything
    history_to: str | None = None  # server's wall clock: deals until then are known
    deals_new: tuple[str, ...] = ()  # tickets found by the history
    deals_amended: tuple[str, ...] = ()
    deals_removed: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    omitted: int = 0  # rows left out of the lists above
    balance: Decimal | None = None  # the venue's
    credit: Decimal | None = None
    state_hash: str = ""  # of the books, after; before this report itself
    state_version: int = 0  # of what that hash is made of; hashes of another version say nothing
