"""What every command may say beside its content: who asks, under which id, how it is to be answered."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from oms.domain.commands import DEFAULT_CLIENT, ClientId, CommandId
from oms.domain.events.command import Reason
from oms.payload import brief, shown

from .codes import BAD_VALUE, CLIENT_MISMATCH, CLIENT_REQUIRED
from .fields import Found
from .kinds import Deadline, Seconds, Traceparent, is_client, is_traceparent

TRACEPARENT: Final = "traceparent"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of every command."""

    id: CommandId | None = None  # names the command for ever, within its client; absent: one is made
    client: ClientId | None = None  # who asks; also the subject's last token; absent: `default`
    deadline: Deadline | None = None  # not sent by then: not sent at all; absent: 10 s from the receipt
    wait: Seconds | None = None  # how long the reply waits for the outcome; absent: 5 s
    reply: Literal["receipt"] | None = None  # answered at once, not with the outcome
    trace: Traceparent | None = None  # of W3C Trace Context; absent: the header `traceparent`


def client_of(found: Found, token: str | None, *, from_subject: bool) -> tuple[str | None, list[Reason]]:
    """Who asks, by the payload and the subject's last token; None where that is not known.

    The two may not differ.  `from_subject`: the token has to be there, for it is what NATS permissions hold
    (docs/nats.md).
    """
    said = found.known("client", None)
    if token is None:
        if from_subject:
            return None, [Reason(CLIENT_REQUIRED, "the subject must end with the client", "client")]
        unreadable = "client" in found.given and said is None
        return None if unreadable else said or DEFAULT_CLIENT, []
    if not is_client(token):
        message = f"the subject ends with {shown(token)}, which is no client"
        return None, [Reason(BAD_VALUE, message, "client", brief(token))]
    if said is not None and said != token:
        return None, [Reason(CLIENT_MISMATCH, f"the subject says {token}", "client", said)]
    return token, []


def trace_of(found: Found, headers: Mapping[str, str]) -> str | None:
    """The payload's trace, else the header's; what is none there is passed over, as the standard has it."""
    said: str | None = found.known("trace", None)
    if said is not None:
        return said
    for name, value in headers.items():
        if name.lower() == TRACEPARENT and is_traceparent(value):
            return value
    return None
