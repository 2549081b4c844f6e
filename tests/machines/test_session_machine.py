"""A terminal and a gateway over a wire that loses, delays, duplicates: they agree, or know that they do not.

Answers are matched by command number alone, so what can be promised depends on the wire.  On one that loses
and delays, in any order, no answer ever reaches another request than its own.  On one that duplicates as
well, the copy of an answer may be taken for the next one; then the next one itself arrives with nobody
waiting, or its request stays open: the terminal knows.  (A duplicate and a loss that cancel out on one
command cannot be seen by any client of this protocol, so the two machines are apart.
WebSocket does neither.)
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from protocol.commands import State
from protocol.credentials import init, login
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.messages import Answer, Late, Push, Refused, Request, Unknown, Unsolicited
from protocol.records.access import BootstrapAnswer, BootstrapRequest, LoginAnswer, OtpSetup
from protocol.records.trade import ServerLink, TradeAnswer, TradeRequest
from protocol.session import Role, Session
from tests.protocol.conversation import KEY, TICKET

TRADE, PING, LOGIN, BOOTSTRAP, LOGOUT, INIT, TWO_FACTOR = 12, 51, 28, 0, 2, 29, 43
ASKABLE = (BOOTSTRAP, LOGIN, TRADE, TRADE, TRADE, PING, LOGOUT, INIT, TWO_FACTOR)


class Conversation(RuleBasedStateMachine):
    """Both ends, and the messages under way."""

    duplicates = False

    def __init__(self) -> None:
        super().__init__()
        self.terminal, self.gateway = (
            Session(Role.TERMINAL, queue_limit=3),
            Session(Role.GATEWAY, queue_limit=8),
        )
        self.to_gateway: list[bytes] = []
        self.to_terminal: list[bytes] = []
        self.owed: list[Request] = []  # what the gateway has been asked and has not answered
        self.asked = 0
        self.answers: list[tuple[Request, Any]] = []
        self.refused_at_gateway = 0
        self.trouble = 0  # what told the terminal that something is wrong

    @initialize(start=st.booleans())
    def begin(self, start: bool) -> None:
        """Half the runs begin logged in, so that trades are reached."""
        if start:
            for command in (BOOTSTRAP, LOGIN):
                self.ask(command)
                self.deliver_to_gateway(0)
                self.answer(refuse=False)
                self.deliver_to_terminal(0)

    # What the ends do.

    @rule(command=st.sampled_from(ASKABLE))
    def ask(self, command: int) -> None:
        self.asked += 1
        value: Any = None
        if command == TRADE:
            value = TradeRequest(action_id=self.asked)
        elif command == LOGIN:
            value = login(self.asked, "x")
        elif command == BOOTSTRAP:
            value = BootstrapRequest()
        elif command == INIT:
            value = init()
        elif command == TWO_FACTOR:
            value = OtpSetup()
        try:
            frame = self.terminal.send(Request(command, value))
        except LocalProtocolError:
            return
        if frame is not None:
            self.to_gateway.append(frame)

    @precondition(lambda self: self.owed)
    @rule(refuse=st.booleans())
    def answer(self, refuse: bool) -> None:
        request = self.owed.pop(0)
        values: dict[int, Any] = {
            BOOTSTRAP: BootstrapAnswer(key=KEY),
            LOGIN: LoginAnswer(TICKET, request.value.login if request.command == LOGIN else 0),
            TRADE: TradeAnswer(request.value.action_id if request.command == TRADE else 0),
        }
        message = (
            Refused(request.command, 1) if refuse else Answer(request.command, values.get(request.command))
        )
        try:
            frame = self.gateway.send(message)
        except LocalProtocolError:  # a second bootstrap or login, meanwhile illegal
            self.refused_at_gateway += 1
            return
        if frame is not None:
            self.to_terminal.append(frame)

    @rule()
    def push(self) -> None:
        try:
            frame = self.gateway.send(Push(15, ServerLink(1)))
        except LocalProtocolError:
            return
        if frame is not None:
            self.to_terminal.append(frame)

    @rule(number=st.integers(0, 3))
    def declare_timeout(self, number: int) -> None:
        flying = list(self.terminal.in_flight.values())
        if number < len(flying):
            before = len(self.to_gateway)
            self.terminal.declare_timeout(flying[number])
            assert len(self.to_gateway) == before

    # What the wire does.

    @precondition(lambda self: self.to_gateway)
    @rule(number=st.integers(0, 9))
    def deliver_to_gateway(self, number: int) -> None:
        frame = self.to_gateway.pop(number % len(self.to_gateway))
        try:
            heard = self.gateway.receive(frame)
        except RemoteProtocolError:
            self.refused_at_gateway += 1
            return
        self.owed += [message for message in heard if isinstance(message, Request)]

    @precondition(lambda self: self.to_terminal)
    @rule(number=st.integers(0, 9))
    def deliver_to_terminal(self, number: int) -> None:
        frame = self.to_terminal.pop(number % len(self.to_terminal))
        try:
            heard = self.terminal.receive(frame)
        except RemoteProtocolError:
            self.trouble += 1
            return
        for message in heard:
            if isinstance(message, Answer) and message.request is not None:
                self.answers.append((message.request, message.value))
            elif isinstance(message, Unsolicited | Late | Unknown):
                self.trouble += 1
        self.to_gateway += self.terminal.released()

    @precondition(lambda self: self.to_gateway or self.to_terminal)
    @rule(copy_of=st.integers(0, 9), to_gateway=st.booleans())
    def disturb(self, copy_of: int, to_gateway: bool) -> None:
        frames = self.to_gateway if to_gateway else self.to_terminal
        if not frames:
            return
        at = copy_of % len(frames)
        if self.duplicates:
            frames.insert(at, frames[at])
        else:
            frames.pop(at)

    # What is promised.

    def mismatched(self) -> list[tuple[Request, Any]]:
        """Answers that are another request's."""
        return [
            (request, value)
            for request, value in self.answers
            if (request.command == TRADE and request.value.action_id != value.retcode)
            or (request.command == LOGIN and request.value.login != value.session)
        ]

    @invariant()
    def at_most_one_is_in_flight(self) -> None:
        assert all(request.command == command for command, request in self.terminal.in_flight.items())
        assert not set(self.terminal.in_flight) & set(self.terminal.poisoned)

    @invariant()
    def no_answer_is_given_to_another_request(self) -> None:
        if not self.duplicates:
            assert self.mismatched() == []

    def teardown(self) -> None:
        """Let everything arrive; then they agree, or know that they do not."""
        while self.to_gateway or self.to_terminal or self.owed:
            if self.to_gateway:
                self.deliver_to_gateway(0)
            elif self.owed:
                self.answer(refuse=False)
            else:
                self.deliver_to_terminal(0)
        knows = self.trouble or self.refused_at_gateway or self.terminal.in_flight or self.terminal.poisoned
        if not knows:
            assert self.mismatched() == []
            assert self.terminal.state is self.gateway.state
        if self.terminal.state is State.LOGGED_IN:
            assert self.gateway.state in (State.LOGGED_IN, State.CLOSED)


class Duplicating(Conversation):
    """The same on a wire that duplicates."""

    duplicates = True


@pytest.mark.slow
def test_on_a_wire_that_loses_or_delays_no_answer_is_given_to_another_request() -> None:
    run_state_machine_as_test(
        Conversation, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )


@pytest.mark.slow
def test_on_a_wire_that_duplicates_a_wrong_answer_is_known() -> None:
    run_state_machine_as_test(
        Duplicating, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )
