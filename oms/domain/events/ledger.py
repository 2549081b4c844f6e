"""Events of the ledger beside deals."""

from decimal import Decimal

from ..values import Ticket
from .fact import Fact


class LedgerOpened(Fact, frozen=True, tag="ledger.opened"):
    """What the loaded history does not explain of balance and credit, booked once, when adopted."""

    balance: Decimal
    credit: Decimal
    deals: int = 0  # that were loaded
    since: str | None = None  # server's wall clock: the time of the first of them


class LedgerCorrected(Fact, frozen=True, tag="ledger.corrected"):
    """An operator accepted a difference: the books take it over, signed."""

    balance: Decimal  # to be added: the venue's minus ours
    credit: Decimal
    reason: str
    by: str = ""
    signature: str = ""  # SHA-256 in hex that binds it to journal and place: docs/design.md 8
    at: str | None = None  # server's wall clock: the day of a statement that it belongs to


class LedgerDifference(Fact, frozen=True, tag="ledger.difference"):
    """After a deal the venue's figures are not those of the books: a deal is missing here, or one too many.

    Not told where the venue's figures are merely older than what the books have by now.
    """

    deal: Ticket  # the last one that the venue's figures are said to hold
    balance: Decimal  # by how much: the venue's less the books', as they were after that deal
    credit: Decimal
    reported_balance: Decimal  # the venue's
    reported_credit: Decimal


class BalanceReported(Fact, frozen=True, tag="balance.reported"):
    """The venue's own figures, where the books say otherwise: evidence, not truth."""

    balance: Decimal | None
    credit: Decimal | None
    booked_balance: Decimal | None = None  # None before the books were opened
    booked_credit: Decimal | None = None
    source: str = ""  # push, account
