"""From the bytes of a message to a typed command; what cannot be read is refused, all that is wrong at once.

Nothing is guessed: no unknown field, no field twice, no number but exactly what was written, no two fields
that contradict each other.  Whether account, market and symbol allow the command is decided elsewhere
(oms/domain/decide).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from oms.domain.commands import VERBS, CommandRequest, Verb
from oms.domain.events.command import Reason
from oms.payload import BadPayload, brief, format_of, pairs, shown

from . import codes
from .envelope import Envelope, client_of, trace_of
from .fields import Field, Found, fields_of, needed, read_fields
from .identity import as_given, digest
from .rules import judged

ENVELOPE: Final[dict[str, Field]] = fields_of(Envelope)
FIELDS: Final[dict[type[Verb], dict[str, Field]]] = {kind: fields_of(kind) for kind in VERBS.values()}
_ALL: Final = {kind: ENVELOPE | own for kind, own in FIELDS.items()}
_UNREAD: Final = Found(frozenset(ENVELOPE), {}, [])  # whatever it says cannot be read
FAULTS: Final = {
    "too_large": codes.TOO_LARGE,
    "not_json": codes.NOT_JSON,
    "not_messagepack": codes.NOT_MESSAGEPACK,
    "not_an_object": codes.NOT_AN_OBJECT,
}


class Unreadable(Exception):
    """It is no command, for these reasons: an answer, not a fault.  What could be read of it is kept."""

    def __init__(
        self, reasons: Sequence[Reason], command: str | None, client: str | None, verb: str | None
    ) -> None:
        self.reasons = tuple(reasons)
        self.command = command  # its id
        self.client = client
        self.verb = verb
        super().__init__("; ".join(reason.message for reason in reasons))


def read(
    what: str,
    payload: bytes,
    headers: Mapping[str, str],
    *,
    require_client_subject: bool = False,
    durable: bool = False,
) -> CommandRequest:
    """The command in a message; raises Unreadable, and nothing else.

    `what` is the subject behind the account: `verb` or `verb.client`.  `require_client_subject`: the subject
    has to name the client.  `durable`: it waits in a stream, so id and deadline are required.
    """
    name, dot, token = what.partition(".")
    kind = VERBS.get(name)
    reasons = [] if kind else [_unknown_verb(name)]
    sent: list[tuple[str, Any]] = []
    try:
        sent = pairs(payload, format_of(headers), as_written=True)
    except BadPayload as why:
        reasons.append(Reason(FAULTS[why.fault], f"the payload {why.message}"))
        found = _UNREAD
    else:
        found = read_fields(_ALL[kind] if kind else ENVELOPE, sent, strict=kind is not None)
        reasons += found.reasons
        reasons += judged(kind, found) if kind else []
        reasons += [needed(name) for name in ("id", "deadline") if durable and name not in found.given]
    client, refused = client_of(found, token if dot else None, from_subject=require_client_subject)
    reasons += refused
    if kind is None or client is None or reasons:
        raise Unreadable(reasons, found.values.get("id"), client, name if kind else None)
    return _request(kind, client, found, sent, headers)


def _request(
    kind: type[Verb],
    client: str,
    found: Found,
    sent: Sequence[tuple[str, Any]],
    headers: Mapping[str, str],
) -> CommandRequest:
    verb = kind(**{name: value for name, value in found.values.items() if name in FIELDS[kind]})
    deadline = found.known("deadline", None)
    return CommandRequest(
        verb=verb,
        client=client,
        id=found.known("id", None),
        deadline=deadline and deadline.text,
        deadline_ns=deadline and deadline.ns,
        wait=found.known("wait", None),
        receipt=found.known("reply", None) is not None,
        trace=trace_of(found, headers),
        payload=as_given([(name, value) for name, value in sent if name in FIELDS[kind]]),
        payload_hash=digest(verb),
    )


def _unknown_verb(name: str) -> Reason:
    return Reason(codes.UNKNOWN_VERB, f"{shown(name)} is no verb: {', '.join(VERBS)}", "verb", brief(name))
