"""One end of a conversation: WebSocket messages in, typed messages out, no I/O, no clock.

`MOVES` says who may send which command in which state; what is not in it is a violation, ours
(`LocalProtocolError`, nothing was sent) or theirs (`RemoteProtocolError`).  The same table judges both
roles, so that neither end is lenient with itself.

Answers carry no number of their own: they are matched by command.  So there is one request in flight per
command, a bounded queue behind it, and after a timeout the command is *poisoned*: it takes no further
request, because the next answer may still be that of the lost one.  Only a new session heals it.

The awkward moment: a body that cannot be read raises `UnreadableBody`, but the frame has been counted.  Its
request is no longer in flight, and the next message is read as if nothing had happened.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

from .bodies import Body
from .cipher import INITIAL_KEY, Decryptor, Encryptor
from .commands import COMMANDS, PUSHED, State
from .drift import NO_DRIFT, Drift, Skipped
from .errors import LocalProtocolError, RemoteProtocolError
from .frame import CLIENT_PREFIX, HEADER, SERVER_PREFIX, VERSION, Direction, Frame, header_of, seal, unseal
from .messages import Answer, Late, Message, Push, Refused, Request, Unknown, Unsolicited
from .records.access import BootstrapAnswer, LoginAnswer


class Role(Enum):
    """Which end of the conversation."""

    TERMINAL = "terminal"
    GATEWAY = "gateway"


BOOTSTRAP: Final = 0
QUEUE_LIMIT: Final = 256  # requests of one command waiting here, or unanswered at a gateway


def _moves() -> dict[tuple[State, Role, int], State]:
    moves: dict[tuple[State, Role, int], State] = {}
    for number, command in COMMANDS.items():
        if command.push:
            moves |= {(state, Role.GATEWAY, number): state for state in PUSHED}
        for state in command.states:
            moves[state, Role.TERMINAL, number] = state
            moves[state, Role.GATEWAY, number] = command.becomes or state
    return moves


# (state, who speaks, command) -> the state after it.  An answer that refuses changes no state.
MOVES: Final = _moves()


class Poisoned(LocalProtocolError):
    """The command had a timeout in this session; only a new session can ask it again."""


class QueueFull(LocalProtocolError):
    """Too many requests of this command wait already."""


class UnreadableBody(RemoteProtocolError):
    """A body that is no body of its command; `body` is the evidence, `request` what it answered, if any."""

    def __init__(self, why: RemoteProtocolError, frame: Frame, request: Request | None) -> None:
        super().__init__(f"command {frame.command}: {why}", code=why.code, field=why.field)
        self.command = frame.command
        self.answer_code = frame.code
        self.body = frame.body
        self.request = request


class Ended(NamedTuple):
    """What a closed session leaves behind."""

    unanswered: list[Request]  # sent: nobody knows what became of them
    unsent: list[Request]  # waited in a queue: no byte of them left


class Session:
    """A terminal's or a gateway's end.

    `prefix` draws the two bytes that begin a frame; without it they are constant.  A gateway with
    `echo_prefix` answers with the prefix of the request.
    """

    def __init__(
        self,
        role: Role,
        *,
        prefix: Callable[[], bytes] | None = None,
        echo_prefix: bool = False,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.role = role
        self.state = State.FRESH
        self.token = b""  # for the next bootstrap
        self.ticket = b""  # stands for the password at the next login
        self.number = 0  # of the session, for the next login
        self.poisoned: dict[int, Request | None] = {}  # None once its late answer has come
        self._prefix = prefix or (lambda: CLIENT_PREFIX if role is Role.TERMINAL else SERVER_PREFIX)
        self._echo = echo_prefix
        self._limit = queue_limit
        self._in_flight: dict[int, Request] = {}
        self._queues: dict[int, deque[tuple[Request, bytes]]] = {}
        self._asked: dict[int, deque[bytes]] = {}  # prefixes of the requests that a gateway owes an answer
        self._released: list[bytes] = []
        self._use_key(INITIAL_KEY)

    def __repr__(self) -> str:
        waiting = sum(map(len, self._queues.values()))
        flying = f"in flight {sorted(self._in_flight)}, {waiting} waiting"
        return f"<Session {self.role.value} {self.state.name} {flying}>"

    @property
    def in_flight(self) -> dict[int, Request]:
        """The request in flight of each command."""
        return dict(self._in_flight)

    # Speaking.

    def send(self, message: Request | Answer | Refused | Push) -> bytes | None:
        """The WebSocket message to send, or None: the request waits until `released()` has it.

        `LocalProtocolError` when the message does not fit its layout or this state: nothing has changed.
        """
        if isinstance(message, Request):
            return self._ask(message)
        if isinstance(message, Push):
            return self._tell(message)
        return self._reply(message)

    def released(self) -> list[bytes]:
        """The messages of queued requests whose turn has come since the last call, in order."""
        released, self._released = self._released, []
        return released

    def declare_timeout(self, request: Request) -> list[Request]:
        """Give a request up.  Returns those that were never sent and never will be.

        In flight: its command is poisoned, and all that waited behind it comes back.  Still waiting: it
        comes back itself, nothing else changes.
        """
        command = request.command
        if self._in_flight.get(command) is request:
            del self._in_flight[command]
            self.poisoned[command] = request
            return [waiting for waiting, _ in self._queues.pop(command, ())]
        queue = self._queues.get(command, deque())
        for entry in queue:
            if entry[0] is request:
                queue.remove(entry)
                return [request]
        raise LocalProtocolError(f"command {command}: this request is neither in flight nor waiting")

    def close(self) -> Ended:
        """End the conversation: no message may be sent or received any more."""
        ended = Ended(
            [*self._in_flight.values()],
            [request for queue in self._queues.values() for request, _ in queue],
        )
        self.state = State.CLOSED
        self._in_flight, self._queues, self._asked, self._released = {}, {}, {}, []
        return ended

    def seal(self, command: int, code: int | None, body: bytes, prefix: bytes | None = None) -> bytes:
        """A frame that no rule is asked about: for a venue that plays faults, for tests."""
        return seal(Frame(command, code, body, self._prefix() if prefix is None else prefix), self._encryptor)

    def _ask(self, request: Request) -> bytes | None:
        command = request.command
        self._advance(Role.TERMINAL, command, LocalProtocolError, mine=True)
        if command in self.poisoned:
            raise Poisoned(f"command {command}: poisoned by a timeout in this session")
        body = self._body(COMMANDS[command].request, request)
        if command not in self._in_flight:
            self._in_flight[command] = request
            return self.seal(command, None, body)
        if COMMANDS[command].becomes:
            raise LocalProtocolError(
                f"command {command}: one is in flight, and its answer decides what may follow"
            )
        queue = self._queues.setdefault(command, deque())
        if len(queue) >= self._limit:
            raise QueueFull(f"command {command}: {len(queue)} requests wait already")
        queue.append((request, body))
        return None

    def _reply(self, message: Answer | Refused) -> bytes:
        command = message.command
        state = self._advance(Role.GATEWAY, command, LocalProtocolError, mine=True)
        owed = self._asked.get(command)
        if not owed:
            raise LocalProtocolError(f"command {command}: nobody asked")
        if isinstance(message, Refused):
            if not 0 < message.code < 256:
                raise LocalProtocolError(f"code {message.code}: a refusal has 1 to 255", field="code")
            code, body, state = message.code, message.body, self.state
        else:
            code, body = 0, self._body(COMMANDS[command].answer, message)
        prefix = owed.popleft()
        frame = self.seal(command, code, body, prefix if self._echo else None)
        if isinstance(message, Answer):
            self._learn(message.value)
        self._enter(state)
        return frame

    def _tell(self, push: Push) -> bytes:
        command = push.command
        self._advance(Role.GATEWAY, command, LocalProtocolError, mine=True)
        if self._asked.get(command):
            raise LocalProtocolError(f"command {command}: asked for, so a push would be taken for the answer")
        return self.seal(command, push.code, self._body(COMMANDS[command].push, push))

    # Listening.

    def receive(self, message: bytes) -> list[Message]:
        """What a WebSocket message says: nothing (the empty frame) or one message.

        `RemoteProtocolError` when it is no frame, not allowed now, or its body cannot be read
        (`UnreadableBody`); the session goes on as if the frame had not come, but for what the module
        docstring says of unreadable bodies.
        """
        gateway = self.role is Role.GATEWAY
        frame = unseal(message, self._decryptor, Direction.REQUEST if gateway else Direction.ANSWER)
        if frame is None:
            return []
        heard = self._heard_by_gateway(frame) if gateway else self._heard_by_terminal(frame)
        return [heard if _header_fits(message) else _with_header_drift(heard, message)]

    def _heard_by_gateway(self, frame: Frame) -> Message:
        command = frame.command
        if command not in COMMANDS and self.state not in (State.FRESH, State.CLOSED):
            return Unknown(command, None, frame.body)
        self._advance(Role.TERMINAL, command, RemoteProtocolError)
        owed = self._asked.setdefault(command, deque())
        if len(owed) >= self._limit:
            raise RemoteProtocolError(f"command {command}: {len(owed)} requests are unanswered already")
        owed.append(frame.prefix)
        value, drift = self._value(COMMANDS[command].request, frame, None)
        return Request(command, value, drift)

    def _heard_by_terminal(self, frame: Frame) -> Message:
        command, code = frame.command, frame.code or 0
        spec = COMMANDS.get(command)
        if spec is None and self.state not in (State.FRESH, State.CLOSED):
            return Unknown(command, code, frame.body)
        state = self._advance(Role.GATEWAY, command, RemoteProtocolError)
        request = self._in_flight.get(command)
        if request is not None:
            return self._answered(frame, request, state)
        if (late := self.poisoned.get(command)) is not None:
            self.poisoned[command] = None
            return Late(command, code, frame.body, late)
        if spec is not None and spec.push is not None:
            value, drift = self._value(spec.push, frame, None)
            return Push(command, value, code, drift)
        return Unsolicited(command, code, frame.body)

    def _answered(self, frame: Frame, request: Request, state: State) -> Message:
        command = frame.command
        del self._in_flight[command]
        try:
            if frame.code:
                return Refused(command, frame.code, frame.body, request)
            value, drift = self._value(COMMANDS[command].answer, frame, request)
            self._learn(value)
            self._enter(state)
            return Answer(command, value, drift, request)
        finally:
            self._release(command)

    def _release(self, command: int) -> None:
        if queue := self._queues.get(command):
            request, body = queue.popleft()
            self._in_flight[command] = request
            self._released.append(self.seal(command, None, body))

    # The rules.

    def _advance(
        self,
        who: Role,
        command: int,
        fault: type[LocalProtocolError | RemoteProtocolError],
        *,
        mine: bool = False,
    ) -> State:
        if mine and who is not self.role:
            raise fault(f"command {command}: not a {self.role.value}'s to say that")
        try:
            return MOVES[self.state, who, command]
        except KeyError:
            raise fault(f"command {command}: not for a {who.value} to send while {self.state.name}") from None

    def _enter(self, state: State) -> None:
        if state is State.CLOSED:
            self.close()
        self.state = state

    def _learn(self, value: Any) -> None:
        """Keep what an answer gives for later: the key from now on, ticket and token for the next session."""
        if isinstance(value, BootstrapAnswer):
            self.token = value.token
            self._use_key(value.key)
        elif isinstance(value, LoginAnswer):
            self.ticket, self.number = value.password_ticket, value.session or 0

    def _use_key(self, key: bytes) -> None:
        self._encryptor, self._decryptor = Encryptor(key), Decryptor(key)

    def _body(self, body: Body[Any] | None, message: Request | Answer | Push) -> bytes:
        if body is None:
            raise LocalProtocolError(f"command {message.command}: has no such body")
        try:
            return body.encode(message.value)
        except LocalProtocolError:
            raise
        except (TypeError, AttributeError):
            kind = type(message.value).__name__
            raise LocalProtocolError(f"command {message.command}: cannot be a {kind}") from None

    def _value(self, body: Body[Any] | None, frame: Frame, request: Request | None) -> tuple[Any, Drift]:
        if body is None:  # a gateway speaks of it only in pushes
            raise RemoteProtocolError(f"command {frame.command}: has no such body")
        try:
            return body.decode(frame.body)
        except RemoteProtocolError as why:
            raise UnreadableBody(why, frame, request) from why


def _header_fits(message: bytes) -> bool:
    return HEADER.unpack_from(message) == (len(message) - HEADER.size, VERSION)


def _with_header_drift(message: Message, raw: bytes) -> Message:
    """The same message, its drift telling the header's numbers: the official client ignores them."""
    if not isinstance(message, Request | Answer | Push):
        return message
    header = header_of(raw)
    drift = NO_DRIFT.merged(message.drift)
    skipped = (Skipped("body_length", header.body_length), Skipped("version", header.version))
    return msgspec.structs.replace(message, drift=drift.merged(Drift(ignored=skipped)))
