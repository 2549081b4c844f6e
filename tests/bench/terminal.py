"""A terminal at its barest: a blocking socket, `protocol.Session`, one request at a time."""

from typing import Any

from protocol.credentials import login
from protocol.messages import Answer, Message, Request
from protocol.records.access import BootstrapRequest
from protocol.session import Role, Session
from tests.bench.gateway import PASSWORD
from tests.bench.peer import Peer, masked


class Terminal:
    """Logged in from the start."""

    def __init__(self, port: int, number: int) -> None:
        self.peer = Peer.connect("127.0.0.1", port)
        self._session = Session(Role.TERMINAL)
        self.ask(0, BootstrapRequest(bytes(64)))
        self.ask(28, login(number, PASSWORD))

    def ask(self, command: int, value: Any = None) -> Any:
        """What the answer holds; pushes before it are passed over."""
        self.begin(command, value)
        while not isinstance(answer := self.hear(), Answer):
            pass
        return answer.value

    def begin(self, command: int, value: Any = None) -> None:
        """Send a request."""
        self.peer.sock.sendall(self.sealed(command, value))

    def sealed(self, command: int, value: Any = None) -> bytes:
        """A request as the bytes to be sent, which must be sent next."""
        message = self._session.send(Request(command, value))
        assert message is not None
        return masked(message)

    def hear(self) -> Message:
        """The next message."""
        (message,) = self._session.receive(self.peer.receive())
        return message

    def hear_many(self) -> list[Message]:
        """All that one read brings, nothing where that was no whole message."""
        return [message for raw in self.peer.receive_many() for message in self._session.receive(raw)]

    def subscribe(self) -> list[int]:
        """To all symbols; their ids."""
        ids = [symbol.symbol_id for symbol in self.ask(6)]
        self.ask(7, ids)
        return ids
