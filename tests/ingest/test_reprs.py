"""No value that holds a secret shows it, nor does an error about it, nor what holds such a value."""

import traceback
from typing import Any

import pytest

from oms.bus.options import NatsOptions
from oms.config import Secret
from oms.ingest.conversation import Options
from oms.sessions.connection import Unread
from oms.sessions.login import Credentials, Keys
from oms.sessions.otp import Totp
from oms.sessions.outage import ConnectionEnded, Ended, Reason, RequestFailed, TimedOut
from protocol.credentials import login
from protocol.errors import RemoteProtocolError
from protocol.frame import Frame
from protocol.messages import Late, Request, Unknown, Unsolicited
from protocol.session import Role, Session, UnreadableBody

CANARY = "CANARY8PaSs"
SECRET = CANARY.encode()
WHO = Credentials(1001, CANARY, Totp("CANARYCANARYCANA"), b"", "")
LOGIN = Request(28, login(1001, CANARY, session=5, otp="CANARY", cid=b"", url="x"))
ENDED = Ended(Reason.LOST, detail="gone", unanswered=(LOGIN,), unsent=(LOGIN,))


def keyed() -> Session:
    """A session that knows a token and a ticket."""
    session = Session(Role.TERMINAL)
    session.token, session.ticket = SECRET, SECRET
    return session


HOLDERS: dict[str, Any] = {
    "credentials": WHO,
    "keys": Keys(SECRET, SECRET, 5, "ticket"),
    "options": Options("wss://localhost/terminal", WHO),
    "login": LOGIN.value,
    "request": LOGIN,
    "end": ENDED,
    "session": keyed(),
    "secret": Secret(CANARY, "variable X"),
    "nats": NatsOptions(user="oms", password=CANARY),
    "nats token": NatsOptions(token=CANARY),
    "unread": Unread(RemoteProtocolError("no frame"), SECRET),
    "late": Late(28, 0, SECRET, LOGIN),
    "unsolicited": Unsolicited(28, 0, SECRET),
    "unknown": Unknown(99, 0, SECRET),
    "failed": RequestFailed(LOGIN, "why", sent=True),
    "timed out": TimedOut(LOGIN, "no answer", sent=True),
    "ended": ConnectionEnded(LOGIN, ENDED, sent=True),
    "unreadable": UnreadableBody(RemoteProtocolError("too short"), Frame(28, 0, SECRET), LOGIN),
}


def shows(value: Any) -> str:
    """Everything that a log could make of it."""
    told = [repr(value), str(value), f"{value}", repr([value]), repr({"a": (value,)})]
    if isinstance(value, Exception):
        told += traceback.format_exception(value)
    return "\n".join(told)


@pytest.mark.parametrize("name", HOLDERS)
def test_no_repr_and_no_text_of_what_holds_a_secret_shows_it(name: str) -> None:
    said = shows(HOLDERS[name])
    assert said
    for form in ("CANARY", SECRET.hex(), "Q0FOQVJZ"):
        assert form not in said
