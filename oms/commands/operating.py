"""What a person says of an account or of one of its commands: read, and answered (docs/commands.md)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

import msgspec

from oms.domain.calls import CallClass
from oms.domain.commands import DEFAULT_CLIENT, ClientId, Comment, KnownId
from oms.domain.events.command import Reason
from oms.domain.events.reconcile import Difference
from oms.domain.limits import AccountLimits, Alive
from oms.domain.values import Ticket, plain
from oms.payload import BadPayload, format_of, pairs, written

from . import codes
from .envelope import client_of
from .fields import Field, fields_of, read_fields
from .kinds import Seconds
from .reading import FAULTS
from .reasons import classified
from .reply import Outcome

OperatorVerb = Literal["halt", "reduce", "resume", "panic", "limits", "alive", "reset", "settle", "reconcile"]
LIMITS: Final = "limits"
OPERATOR_VERBS: Final[tuple[str, ...]] = get_args(OperatorVerb)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it, and why; both go into the event."""

    by: Comment = ""  # who
    comment: Comment = ""  # why
    wait: Seconds | None = None  # how long the reply to a panic or reconcile waits for its end; absent: 5 s


class Reconciliation(Operation, frozen=True, kw_only=True):
    """A comparison of books and venue, now."""

    accept: Comment | None = None  # why: the books take over what differs; of one account, not of all


class Reset(Operation, frozen=True, kw_only=True):
    """Which requests are sent again that a breaker held back."""

    call_class: CallClass | None = None  # absent: all


class Settlement(Operation, frozen=True, kw_only=True):
    """What became of an unknown command."""

    command: KnownId  # its id
    client: ClientId = DEFAULT_CLIENT  # whose it is
    verdict: Literal["found", "not_found"]  # not_found: it was not executed, and is rejected
    order: Ticket | None = None  # that it made; needed where more than one may be it


class Restriction(Operation, frozen=True, kw_only=True):
    """Of the account, or of one client of it."""

    client: ClientId | None = None  # this client alone


class Limiting(Operation, frozen=True, kw_only=True):
    """Other limits: those that are given, beside them each that is meant (docs/configuration.md)."""

    client: ClientId | None = None  # of this client; absent: of the account
    limits: dict[str, Any] = {}  # by name, as read; None: no such limit any more


class AliveWord(Operation, frozen=True, kw_only=True):
    """Somebody is there."""

    client: ClientId | None = None  # this client; absent: an operator of the account
    within: Alive | None = None  # seconds until the next word; 0: not watched any more; absent: as before


class Operated(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may do now."""

    status: str  # done, denied; of a panic accepted: not over yet; rejected: something is left, or differs
    final: bool  # false: a panic is not over yet
    account: str
    verb: str
    seq: int  # of the journal's last event
    link: str | None = None  # connecting, reconciling, ready, refused, closed
    permission: str | None = None  # active, reducing, halted, difference, restored, dirty, read_only
    reason: str | None = None  # why the permission is what it is
    reasons: tuple[Reason, ...] = ()  # why not
    message: str | None = None  # for people
    equal: bool | None = None  # of a reconcile: whether books and venue agree now
    differences: tuple[Difference, ...] = ()  # of a reconcile, the first 100: what differs, or was accepted
    omitted: int = 0  # differences beyond these
    commands: tuple[Outcome, ...] = ()  # of a panic: each cancel_all and close_all; of settle: the command
    accounts: tuple["Operated", ...] = ()  # where all were meant
    client: str | None = None  # where one alone was meant; `permission` is then the client's
    limits: dict[str, Any] | None = None  # of limits: those in force now, of the account or that client


class UnreadableOperation(Exception):
    """It is none, for these reasons."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.message for reason in reasons))


def read_operation(what: str, payload: bytes, headers: Mapping[str, str]) -> Operation:
    """What an operator says; an empty payload is {}.  Raises UnreadableOperation.

    `what` is the subject behind the account: `verb`, or `verb.client` where it can be about a client: then
    it is about this one, and the permissions of NATS hold.
    """
    verb, dot, token = what.partition(".")
    if verb not in OPERATOR_VERBS or (dot and "client" not in _FIELDS[verb]):
        message = f"{what[:40]!r} is no verb: {', '.join(OPERATOR_VERBS)}"
        raise UnreadableOperation((Reason(codes.UNKNOWN_VERB, message, "verb", what[:40]),))
    try:
        sent = pairs(payload, format_of(headers), as_written=True) if payload else []
    except BadPayload as why:
        raise UnreadableOperation((Reason(FAULTS[why.fault], f"the payload {why.message}"),)) from None
    found = read_fields(_FIELDS[verb], sent)
    if dot:
        found.values["client"], refused = client_of(found, token, from_subject=True)
        found.reasons.extend(refused)
    if found.values.get("accept") == "":
        found.reasons.append(Reason(codes.BAD_VALUE, "accept: why is missing", "accept", ""))
    if found.reasons:
        raise UnreadableOperation(tuple(found.reasons))
    values = found.values
    if verb == LIMITS:
        limits = {name: values.pop(name) for name in LIMIT_FIELDS if name in values}
        return Limiting(**values, limits=limits)
    return FORMS.get(verb, Operation)(**values)


def encoded(operated: Operated, content_type: str) -> bytes:
    """The reply as it is sent."""
    return written(classified(plain(operated)), content_type)


# Verbs that have more to say than who does it, and why.
FORMS: Final[dict[str, type[Operation]]] = {
    "alive": AliveWord,
    "reset": Reset,
    "settle": Settlement,
    "reconcile": Reconciliation,
    **dict.fromkeys(("halt", "reduce", "resume", LIMITS), Restriction),
}
# null takes a limit away, which is something else than leaving it as it is.
LIMIT_FIELDS: Final[dict[str, Field]] = {
    name: field._replace(default=msgspec.UNSET) for name, field in fields_of(AccountLimits).items()
}
_FIELDS: Final[dict[str, dict[str, Field]]] = {
    verb: fields_of(FORMS.get(verb, Operation)) | (LIMIT_FIELDS if verb == LIMITS else {})
    for verb in OPERATOR_VERBS
}
