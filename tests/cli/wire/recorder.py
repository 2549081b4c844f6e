"""Captures as `oms wire decode --pcap-lines` takes them, made by two sessions."""

from typing import Any

from oms.cli.wire.capture import decode_capture
from protocol.messages import Answer, Push, Refused, Request
from protocol.records.access import BootstrapAnswer, BootstrapRequest, Login, LoginAnswer
from protocol.session import Role, Session

TOKEN = bytes(range(64))


class Recorder:
    """Two sessions, and what went over their wire as lines of a capture."""

    def __init__(self, out: str = ">", back: str = "<", between: str = " ") -> None:
        self.arrows = {Role.TERMINAL: out, Role.GATEWAY: back}
        self.between = between
        self.lines: list[str] = []
        self.connect()

    def connect(self) -> None:
        self.terminal, self.gateway = Session(Role.TERMINAL), Session(Role.GATEWAY)

    def say(self, message: Request | Answer | Refused | Push) -> None:
        asks = isinstance(message, Request)
        speaker, hearer = (self.terminal, self.gateway) if asks else (self.gateway, self.terminal)
        sealed = speaker.send(message)
        assert sealed is not None
        hearer.receive(sealed)
        self.write(speaker.role, sealed.hex())

    def write(self, role: Role, digits: str) -> None:
        columns = (self.arrows[role], f"{len(self.lines)}.5", digits)
        self.lines.append(self.between.join(columns))

    def bootstrap(self, key: bytes, token: bytes = bytes(64)) -> None:
        self.say(Request(0, BootstrapRequest(token)))
        self.say(Answer(0, BootstrapAnswer(5687, TOKEN, key)))

    def login(self) -> None:
        self.say(Request(28, Login(login=1001, password="Secret#1")))  # noqa: S106
        self.say(Answer(28, LoginAnswer(b"t" * 160, 77)))


def decoded(talk: Recorder) -> list[dict[str, Any]]:
    """The lines of the command."""
    return [answer for answer, _ in decode_capture(line.encode() for line in talk.lines)]
