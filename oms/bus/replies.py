"""Where the outcome of a durable command goes: to the subject in its header `Oms-Reply` (docs/nats.md).

The sender chooses that subject and we publish there with our rights: so nothing of ours, nor of the server's,
may be named.  The outcome is core NATS, for whoever listens at that moment; the events tell it too.
"""

import re
from collections.abc import Mapping
from typing import Final

from .bridge import Bridge
from .errors import BusError
from .subjects import PREFIX, replies

HEADER: Final = "Oms-Reply"
LONGEST: Final = 255
# Tokens of printable ASCII, without what means something to NATS in a subject.
_SUBJECT: Final = re.compile(r"[!-)+-\-/-=?-~]+(\.[!-)+-\-/-=?-~]+)*")
SERVERS_OWN: Final = ("$", "_R_.")  # its API, and the way back between its accounts


class BadReplySubject(BusError, ValueError):
    """No outcome can be sent there; the text says why, without what was given."""


def reply_subject(headers: Mapping[str, str], prefix: str = PREFIX) -> str | None:
    """Where a command asks its outcome to be sent; None where it does not.  Raises BadReplySubject."""
    subject = headers.get(HEADER)
    if not subject:
        return None
    if len(subject) > LONGEST:
        raise BadReplySubject(f"has {len(subject)} characters, at most {LONGEST}")
    if not _SUBJECT.fullmatch(subject):
        raise BadReplySubject("is no subject: tokens of printable ASCII with dots between, no blank, *, >")
    if subject.startswith(SERVERS_OWN):
        raise BadReplySubject("is a subject of the NATS server")
    if f"{subject}.".startswith(f"{prefix}.") and not subject.startswith(replies(prefix)):
        raise BadReplySubject(f"is a subject of ours: of those only {replies(prefix)}> can be asked for")
    return subject


def publish_reply(bridge: Bridge, subject: str, payload: bytes, headers: Mapping[str, str]) -> bool:
    """Send an outcome, in order, without waiting; `subject` is one that reply_subject returned.

    False where it cannot be sent: NATS is away, or the payload is larger than the server takes.  True says
    that it is on its way, not that somebody got it.
    """
    connection = bridge.present
    return connection is not None and connection.publish(subject, payload, dict(headers))
