"""What is told of a command: receipt and outcome in one shape (docs/commands.md)."""

from decimal import Decimal

import msgspec

from oms.domain.events.command import JudgedMargin, JudgedQuote, Reason
from oms.domain.retcodes import name_of
from oms.domain.values import Ticket, plain
from oms.payload import written

from .reasons import classified


class DealShown(msgspec.Struct, frozen=True):
    """A deal that filled some of it."""

    deal: Ticket
    volume: Decimal  # lots
    price: Decimal


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it stands."""

    status: str  # see above
    final: bool  # no later status of the command is expected; a working order is final
    command: str | None = None  # its id
    client: str | None = None
    account: str | None = None
    verb: str | None = None
    seq: int | None = None  # of its last event; where it has none, of the journal's
    symbol: str | None = None
    order: Ticket | None = None  # that it made, or is about
    position: Ticket | None = None  # likewise
    volume: Decimal | None = None  # lots asked for
    filled: Decimal | None = None  # lots
    price: Decimal | None = None  # average of the deals
    deals: tuple[DealShown, ...] = ()
    retcode: int | None = None  # what the venue said, or would have said
    retcode_name: str | None = None  # of MQL5, without TRADE_RETCODE_
    reasons: tuple[Reason, ...] = ()  # why not
    times: dict[str, str] = {}  # stage -> UTC, RFC 3339
    children: tuple["Outcome", ...] = ()  # of close_all and cancel_all
    quote: JudgedQuote | None = None  # that it was judged against
    margin: JudgedMargin | None = None  # as it would stand with the order
    message: str | None = None  # for people
    verdict: str | None = None  # while it is unknown: probable, ambiguous, nothing, unclear, by the last look
    candidates: tuple[str, ...] = ()  # while it is unknown: tickets of orders that may be its
    anomaly: str | None = None  # what contradicts another fact: overfill, close_reversed, ...

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "retcode_name", name_of(self.retcode) or None)


def encoded(outcome: Outcome, content_type: str) -> bytes:
    """An outcome as it is sent: exact numbers are text without an exponent, JSON or MessagePack alike."""
    return written(classified(plain(outcome)), content_type)
