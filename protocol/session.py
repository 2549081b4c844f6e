"""One end of a conversation: WebSocket messages in, typed messages out, no I/O, no clock.

`MOVES` says who may begin what in which state: requests and pushes.  What is not in it is a violation, ours
(`LocalProtocolError`, nothing was sent) or theirs (`RemoteProtocolError`).  The same table judges both
roles, so that neither end is lenient with itself.  While a request that may change the state is under way,
others must be allowed in both states, because nobody knows yet which of the two the peer is in.  An answer
to what was asked is always allowed, even after a logout; what nobody asked for is told as `Unsolicited`.

Answers carry no number of their own: they are matched by command.  So there is one request in flight per
command, a bounded queue behind it, and after a timeout the command is *poisoned*: it takes no further
request, because the next answer may still be that of the lost one.  Only a new session heals it.

The awkward moment: a body that cannot be read raises `UnreadableBody`, but the frame has been counted.  Its
request is no longer in flight, and the next message is read as if nothing had happened.
"""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

from .bodies import Body
from .cipher import INITIAL_KEY, Decryptor, Encryptor
from .commands import COMMANDS, PUSHED, State
from .drift import NO_DRIFT, Drift, Skipped
from .errors import LocalProtocolError, RemoteProtocolError
from .frame import (
    CLIENT_PREFIX,
    SERVER_PREFIX,
    Frame,
    header_fits,
    header_of,
    seal,
    unseal_answer,
    unseal_request,
)
from .messages import Answer, Late, Message, Push, Refused, Request, Unknown, Unsolicited
from .records.access import BootstrapAnswer, LoginAnswer


class Role(Enum):
    """Which end of the conversation."""

    TERMINAL = "terminal"
    GATEWAY = "gateway"


BOOTSTRAP: Final = 0
QUEUE_LIMIT: Final = 256  # requests of one command waiting at a terminal; of all, unanswered at a gateway
EMPTY: Final = COMMANDS[51].answer  # what an unknown command may be answered


# (state, who speaks, command): what may be begun.  Answers are judged by whether somebody asked.
MOVES: Final = frozenset(
    [(state, Role.TERMINAL, number) for number, command in COMMANDS.items() for state in command.states]
    + [
        (state, Role.GATEWAY, number)
        for number, command in COMMANDS.items()
        if command.push
        for state in PUSHED
    ]
)
# The part of it that pushes are judged by; by the state's number, for an enum's own hash is slow.
PUSHES: Final = {
    state._value_: {
        number: command.push
        for number, command in COMMANDS.items()
        if command.push is not None and (state, Role.GATEWAY, number) in MOVES
    }
    for state in State
}
# Of these, the ones that nobody can have asked for: every tick is one.
TOLD: Final = {
    state: {number: body for number, body in pushes.items() if COMMANDS[number].request is None}
    for state, pushes in PUSHES.items()
}


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
        self._is_gateway = role is Role.GATEWAY  # an enum's members are slow to reach
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
        self._allow(Role.TERMINAL, command, self._in_flight, LocalProtocolError)
        if command in self.poisoned:
            raise Poisoned(f"command {command}: poisoned by a timeout in this session")
        body = self._body(COMMANDS[command].request, request)
        if command not in self._in_flight:
            self._in_flight[command] = request
            return self.seal(command, None, body)
        queue = self._queues.setdefault(command, deque())
        if self._in_flight[command] is request or any(waiting is request for waiting, _ in queue):
            raise LocalProtocolError(f"command {command}: this request was sent already")
        if len(queue) >= self._limit:
            raise QueueFull(f"command {command}: {len(queue)} requests wait already")
        queue.append((request, body))
        return None

    def _reply(self, message: Answer | Refused) -> bytes:
        command = message.command
        owed = self._asked.get(command)
        if not owed:
            raise LocalProtocolError(f"command {command}: nobody asked")
        if isinstance(message, Refused):
            code, body = _code_of(message, 1), message.body
            if not isinstance(body, bytes):
                raise LocalProtocolError("body: not bytes", field="body")
        else:
            spec = COMMANDS.get(command)
            code, body = 0, self._body(spec.answer if spec else EMPTY, message)
        frame = self.seal(command, code, body, owed[0] if self._echo else None)
        owed.popleft()
        if not owed:
            del self._asked[command]
        if isinstance(message, Answer):
            self._accepted(message)
        return frame

    def _tell(self, push: Push) -> bytes:
        command = push.command
        self._allow(Role.GATEWAY, command, (), LocalProtocolError)
        if command in self._asked:
            raise LocalProtocolError(f"command {command}: asked for, so a push would be taken for the answer")
        code = _code_of(push, 0)
        return self.seal(command, code, self._body(COMMANDS[command].push, push))

    # Listening.

    def receive(self, message: bytes) -> list[Message]:
        """What a WebSocket message says, as `read`: nothing or one message."""
        heard = self.read(message)
        return [] if heard is None else [heard]

    def read(self, message: bytes) -> Message | None:
        """What a WebSocket message says; None for the empty frame.

        `RemoteProtocolError` when it is no frame, not allowed now, or its body cannot be read
        (`UnreadableBody`); the session goes on as if the frame had not come, but for what the module
        docstring says of unreadable bodies.
        """
        heard: Message
        if self._is_gateway:
            frame = unseal_request(message, self._decryptor)
            if frame is None:
                return None
            heard = self._heard_by_gateway(frame)
        else:
            frame = unseal_answer(message, self._decryptor)
            if frame is None:
                return None
            body = TOLD[self.state._value_].get(frame.command)
            heard = self._heard_by_terminal(frame) if body is None else _pushed(frame, body)
        return heard if header_fits(message) else _with_header_drift(heard, message)

    def _heard_by_gateway(self, frame: Frame) -> Message:
        command = frame.command
        known = command in COMMANDS
        if known or self.state not in PUSHED:
            self._allow(Role.TERMINAL, command, self._asked, RemoteProtocolError)
        unanswered = sum(map(len, self._asked.values()))
        if unanswered >= self._limit:
            raise RemoteProtocolError(f"command {command}: {unanswered} requests are unanswered already")
        self._asked.setdefault(command, deque()).append(frame.prefix)
        if not known:
            return Unknown(command, None, frame.body)
        value, drift = self._value(COMMANDS[command].request, frame, None)
        return Request(command, value, drift)

    def _heard_by_terminal(self, frame: Frame) -> Message:
        command, code = frame.command, frame.code or 0
        if (request := self._in_flight.get(command)) is not None:
            return self._answered(frame, request)
        if self.state is State.FRESH:
            self._allow(Role.GATEWAY, command, (), RemoteProtocolError)
        if (late := self.poisoned.get(command)) is not None:
            self.poisoned[command] = None
            return Late(command, code, frame.body, late)
        if command not in COMMANDS:
            return Unknown(command, code, frame.body)
        if (body := PUSHES[self.state._value_].get(command)) is not None:
            return _pushed(frame, body)
        return Unsolicited(command, code, frame.body)

    def _answered(self, frame: Frame, request: Request) -> Message:
        command = frame.command
        del self._in_flight[command]
        try:
            if frame.code:
                return Refused(command, frame.code, frame.body, request)
            value, drift = self._value(COMMANDS[command].answer, frame, request)
            answer = Answer(command, value, drift, request)
            self._accepted(answer)
            return answer
        finally:
            self._release()

    def _release(self) -> None:
        """Send what waited and may go now."""
        for command, queue in self._queues.items():
            if queue and command not in self._in_flight and self._allowed(command, self._in_flight):
                request, body = queue.popleft()
                self._in_flight[command] = request
                self._released.append(self.seal(command, None, body))

    # The rules.

    def _allowed(self, command: int, under_way: Iterable[int]) -> bool:
        """Whether a terminal may ask this now, whatever becomes of the requests that are under way."""
        states = {self.state} | {COMMANDS[other].becomes for other in under_way if other in COMMANDS}
        return all((state, Role.TERMINAL, command) in MOVES for state in states if state is not None)

    def _allow(
        self,
        who: Role,
        command: int,
        under_way: Iterable[int],
        fault: type[LocalProtocolError | RemoteProtocolError],
    ) -> None:
        if fault is LocalProtocolError and who is not self.role:
            raise fault(f"command {command}: not a {self.role.value}'s to say that")
        if (self.state, who, command) not in MOVES:
            raise fault(f"command {command}: not for a {who.value} to send while {self.state.name}")
        if who is Role.TERMINAL and not self._allowed(command, under_way):
            raise fault(
                f"command {command}: not before a request under way is answered: it may end this state"
            )

    def _accepted(self, answer: Answer) -> None:
        self._learn(answer.value)
        becomes = COMMANDS[answer.command].becomes if answer.command in COMMANDS else None
        if becomes is not None and self.state is not State.CLOSED:  # nothing follows a logout
            self.state = becomes

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


def _pushed(frame: Frame, body: Body[Any]) -> Push:
    """Every tick passes here: so a body is decoded without `_value`."""
    code = frame.code or 0
    try:
        value, drift = body.decode(frame.body)
    except RemoteProtocolError as why:
        if not code:
            raise UnreadableBody(why, frame, None) from why
        # An error event: what its body holds is not known, and the code is what it tells.
        value, drift = None, Drift(unread=len(frame.body))
    return Push(frame.command, value, code, drift)


def _code_of(message: Refused | Push, least: int) -> int:
    if not least <= message.code <= 255:
        raise LocalProtocolError(f"code {message.code!r}: {least} to 255", field="code")
    return message.code


def _with_header_drift(message: Message, raw: bytes) -> Message:
    """The same message, its drift telling the header's numbers: the official client ignores them."""
    if not isinstance(message, Request | Answer | Push):
        return message
    header = header_of(raw)
    drift = NO_DRIFT.merged(message.drift)
    skipped = (Skipped("body_length", header.body_length), Skipped("version", header.version))
    return msgspec.structs.replace(message, drift=drift.merged(Drift(ignored=skipped)))
