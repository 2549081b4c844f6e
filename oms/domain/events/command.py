"""Events of commands: from receipt to outcome, nothing sent that is not written down before."""

from decimal import Decimal
from typing import Any

import msgspec

from ..intent import Intent, Replaced
from .fact import Fact


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that stands against a command."""

    code: str
    message: str = ""
    field: str | None = None
    given: str | None = None
    limit: str | None = None
    retcode: int | None = None  # what the venue would have said


class JudgedQuote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The quote that a decision was made on, kept so that replaying it needs no ticks."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    time: str | None = None  # server time
    age: float | None = None  # seconds: the larger of that by its time and that since its receipt
    delayed: bool = False


class JudgedMargin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money as it would stand with the order; account currency.  None: there is no figure, `gaps` say why."""

    margin: Decimal | None = None  # all of the account's, the order in it
    free: Decimal | None = None  # margin left
    level: Decimal | None = None  # percent; None also where the margin is 0
    added: Decimal | None = None  # to the margin by the order
    gaps: tuple[str, ...] = ()  # why: no_rate EURUSD, calc_mode X, ...


class JudgedRisk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The moment of a decision, and what limits were compared with: by limit its figure, "unknown" for none.

    With the limits of that number the figures are all that a decision about risk was made on; with the books
    before it, quote and margin the whole is all that the decision was made on.
    """

    at: str = ""  # server time of the decision, RFC 3339 with the offset in force
    limits: int = 0  # which risk.limits of the journal, counted from 1; 0: there were none
    account: dict[str, str] = {}  # the account's limits
    client: dict[str, str] = {}  # those of the command's client
    equity: Decimal | None = None  # where a limit asks for it
    link: str = "ready"
    restrictions: dict[str, str] = {}  # permission -> why
    reached: bool = True  # there was a session, and the venue's trade server was reachable
    nats_away: bool = False  # NATS was required, and not there
    refusing: dict[str, str] = {}  # classes of requests that were not let through -> until when
    policy: dict[str, str] = {}  # settings other than the usual, the limits' quote_age in them
    lot_values: dict[str, Decimal] = {}  # by symbol, where a limit asks: a lot's worth per unit of its price
    prices: dict[str, Decimal] = {}  # by symbol, likewise: the larger of bid and ask


class CommandReceived(Fact, frozen=True, tag="command.received"):
    """A command came in, its identity (client, command) is taken for ever."""

    command: str
    client: str
    verb: str
    payload: dict[str, Any] = {}  # as given, defaults not filled in
    payload_hash: str = ""  # SHA-256 of what makes it the same command
    symbol: str = ""
    received_at: str | None = None  # UTC, RFC 3339; it may have waited since
    deadline: str | None = None  # RFC 3339
    channel: str = "request"  # request, queue, parent, operator
    parent: str | None = None
    queued_at: str | None = None  # when the durable queue took it, UTC, RFC 3339


class CommandConflict(Fact, frozen=True, tag="command.conflict"):
    """A known identity came with another payload: nothing was done."""

    command: str
    client: str
    verb: str
    known_hash: str
    given_hash: str


class CommandDenied(Fact, frozen=True, tag="command.denied"):
    """We refused it; nothing was sent."""

    command: str
    client: str
    reasons: tuple[Reason, ...] = ()
    symbol: str = ""
    quote: JudgedQuote | None = None
    margin: JudgedMargin | None = None
    risk: JudgedRisk | None = None


class CommandSending(Intent, frozen=True, tag="command.sending", tag_field="event", kw_only=True):
    """The intent: committed before a byte of it is sent, never sent twice."""

    command: str
    client: str
    action_id: int
    marker: str = ""  # in the comment
    replaces: Replaced | None = None  # by a modify
    quote: JudgedQuote | None = None
    margin: JudgedMargin | None = None
    risk: JudgedRisk | None = None


class CommandAnswered(Fact, frozen=True, tag="command.answered"):
    """The venue answered the request itself (12): accepted for processing or refused, never an outcome."""

    command: str
    client: str
    action_id: int
    meaning: str = "unknown"  # accepted, awaited, refused, no_change, unknown
    retcode: int | None = None  # None: unreadable
    name: str = ""
    code: int = 0  # the answer's code byte


class CommandResult(Fact, frozen=True, tag="command.result"):
    """The venue told what became of the request (19); a hint about fills, which only deals make."""

    command: str
    client: str
    action_id: int
    retcode: int
    meaning: str = "unknown"  # waiting, prices, done, placed, partial, no_change, refused, unknown
    name: str = ""
    deal: str | None = None
    order: str | None = None
    volume: Decimal | None = None
    price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    comment: str = ""


class CommandOutcome(Fact, frozen=True, tag="command.outcome"):
    """The command's status from now on; final says that no later one is expected."""

    command: str
    client: str
    status: str  # rejected, accepted, working, partially_filled, filled, canceled, expired, done
    final: bool
    symbol: str = ""
    order: str | None = None
    position: str | None = None
    volume: Decimal | None = None
    filled: Decimal | None = None
    price: Decimal | None = None
    deals: tuple[str, ...] = ()
    retcode: int | None = None
    reasons: tuple[Reason, ...] = ()
    bid: Decimal | None = None  # of a requote: the new prices
    ask: Decimal | None = None
    anomaly: str = ""


class CommandUnknown(Fact, frozen=True, tag="command.unknown"):
    """What became of it is not known: capacity stays reserved, it is never resent, evidence is looked for."""

    command: str
    client: str
    reason: str  # answer_timeout, outcome_timeout, session_ended, retcode, undecodable, known_marker
    symbol: str = ""
    retcode: int | None = None
    accepted: bool = False  # answer 12 had accepted it


class CommandEvidence(Fact, frozen=True, tag="command.evidence"):
    """A message that came too late or unasked: kept, moves nothing."""

    kind: str  # late_answer, late_result, unsolicited, foreign_result
    command: str | None = None
    client: str | None = None
    action_id: int | None = None
    retcode: int | None = None
    raw: str = ""  # the body in base64
    order: str | None = None  # the ticket that a late result of the command names


class CommandScanned(Fact, frozen=True, tag="command.scanned"):
    """The resolver looked for an unknown command's traces."""

    command: str
    client: str
    scan: int
    good: bool  # fresh answers of orders and history, both successful
    verdict: str = ""  # found, probable, ambiguous, nothing, unclear; "" where it was not good
    candidates: tuple[str, ...] = ()  # tickets of orders
    detail: str = ""  # why it was not good


class CommandUnsettled(Fact, frozen=True, tag="command.unsettled"):
    """A warning, again and again: nobody knows yet what became of it."""

    command: str
    client: str
    age: int  # seconds since it was sent
    scans: int  # good ones
    symbol: str = ""
    verdict: str = ""  # of the last good scan; probable and ambiguous wait for an operator
    candidates: tuple[str, ...] = ()


class CommandSettled(Fact, frozen=True, tag="command.settled"):
    """An unknown command is unknown no longer."""

    command: str
    client: str
    verdict: str  # found, probable, ambiguous, not_found
    symbol: str = ""
    order: str | None = None
    deals: tuple[str, ...] = ()
    evidence: str = ""  # marker, ticket, values, deals, two_scans, operator
    by: str = ""
    comment: str = ""
