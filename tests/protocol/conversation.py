"""A terminal and a gateway joined without a wire."""

from typing import Any

from protocol.credentials import login
from protocol.messages import Answer, Message, Push, Refused, Request
from protocol.records.access import BootstrapAnswer, BootstrapRequest, Init, LoginAnswer
from protocol.session import Role, Session

KEY = bytes(range(32))
TOKEN = bytes(range(64))
TICKET = bytes(range(160))


def say(speaker: Session, listener: Session, message: Request | Answer | Refused | Push) -> Message:
    """What the listener makes of a message that may be sent at once."""
    frame = speaker.send(message)
    assert frame is not None
    (heard,) = listener.receive(frame)
    return heard


def exchange(
    terminal: Session, gateway: Session, command: int, asked: Any = None, answered: Any = None
) -> Message:
    """What the terminal makes of the answer."""
    say(terminal, gateway, Request(command, asked))
    return say(gateway, terminal, Answer(command, answered))


def connected(**options: Any) -> tuple[Session, Session]:
    """Both ends, nothing said."""
    return Session(Role.TERMINAL, **options), Session(Role.GATEWAY, **options)


def bootstrapped(key: bytes = KEY, **options: Any) -> tuple[Session, Session]:
    """Both ends, the session key agreed."""
    terminal, gateway = connected(**options)
    answer = BootstrapAnswer(server_word=5687, token=TOKEN, key=key)
    exchange(terminal, gateway, 0, BootstrapRequest(token=bytes(64)), answer)
    return terminal, gateway


def logged_in(**options: Any) -> tuple[Session, Session]:
    """Both ends, an account logged in."""
    terminal, gateway = bootstrapped(**options)
    exchange(terminal, gateway, 28, login(1001, "Secret#1"), LoginAnswer(TICKET, 77))
    return terminal, gateway


def initialised() -> tuple[Session, Session]:
    """Both ends, all agreed that comes before a login."""
    terminal, gateway = bootstrapped()
    exchange(terminal, gateway, 29, Init())
    return terminal, gateway


def closed() -> tuple[Session, Session]:
    """Both ends, which said goodbye."""
    terminal, gateway = logged_in()
    terminal.close()
    gateway.close()
    return terminal, gateway
