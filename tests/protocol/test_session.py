"""A session: who may say what, whose answer is whose, what a lost answer does."""

import itertools
from typing import Any

import pytest

from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.commands import COMMANDS, State
from protocol.credentials import init, login
from protocol.drift import Drift, Skipped, Unlisted
from protocol.enums import Code
from protocol.errors import DecryptError, LocalProtocolError, RemoteProtocolError
from protocol.frame import HEADER, Direction, Frame, seal, unseal
from protocol.messages import Answer, Late, Push, Refused, Request, Unknown, Unsolicited
from protocol.records.access import INIT, BootstrapAnswer, BootstrapRequest, LoginAnswer, OtpSetup
from protocol.records.market import Tick
from protocol.records.symbols import SpreadGroup
from protocol.records.trade import HistoryRequest, OpenTrades, ServerLink, TradeAnswer, TradeRequest
from protocol.session import MOVES, Poisoned, QueueFull, Role, Session, UnreadableBody
from tests.protocol.conversation import KEY, TICKET, TOKEN, bootstrapped, connected, exchange, logged_in, say

PING = 51
TRADE = 12


def ask(number: int) -> Request:
    return Request(TRADE, TradeRequest(action_id=number))


# Start.


def test_a_conversation_starts_with_bootstrap_then_login() -> None:
    terminal, gateway = connected()
    assert (terminal.state, gateway.state) == (State.FRESH, State.FRESH)
    terminal, gateway = bootstrapped()
    assert (terminal.state, gateway.state) == (State.BOOTSTRAPPED, State.BOOTSTRAPPED)
    assert terminal.token == TOKEN
    terminal, gateway = logged_in()
    assert (terminal.state, gateway.state) == (State.LOGGED_IN, State.LOGGED_IN)
    assert (terminal.ticket, terminal.number) == (TICKET, 77)


@pytest.mark.parametrize("size", [16, 24, 32])
def test_the_key_of_the_bootstrap_answer_is_used_from_the_next_frame_on(size: int) -> None:
    key = bytes(range(size))
    terminal, gateway = bootstrapped(key)
    frame = terminal.send(Request(PING))
    assert frame is not None
    assert unseal(frame, Decryptor(key), Direction.REQUEST) == Frame(PING, None, b"", b"\0\0")
    with pytest.raises(DecryptError):
        unseal(frame, Decryptor(INITIAL_KEY), Direction.REQUEST)
    assert gateway.receive(frame)[0].command == PING


def test_both_frames_of_a_bootstrap_are_under_the_initial_key() -> None:
    terminal, gateway = connected()
    question = terminal.send(Request(0, BootstrapRequest(token=TOKEN)))
    assert question is not None
    assert unseal(question, Decryptor(INITIAL_KEY), Direction.REQUEST) == Frame(0, None, TOKEN, b"\0\0")
    (heard,) = gateway.receive(question)
    assert isinstance(heard, Request)
    assert heard.value == BootstrapRequest(token=TOKEN)
    reply = gateway.send(Answer(0, BootstrapAnswer(token=TOKEN, key=KEY)))
    assert reply is not None
    inner = unseal(reply, Decryptor(INITIAL_KEY), Direction.ANSWER)
    assert inner == Frame(0, 0, b"\0\0" + TOKEN + KEY, b"\xaa\xbb")


def test_a_session_without_an_account_is_for_onboarding() -> None:
    terminal, gateway = bootstrapped()
    exchange(terminal, gateway, 29, init())
    assert terminal.state is gateway.state is State.INITIALISED
    with pytest.raises(LocalProtocolError, match="not for a terminal to send while INITIALISED"):
        terminal.send(Request(4))
    assert terminal.send(Request(41)) is not None


def test_a_refused_login_leaves_the_state_and_says_why() -> None:
    terminal, gateway = bootstrapped()
    question = Request(28, login(1001, "wrong"))
    say(terminal, gateway, question)
    heard = say(gateway, terminal, Refused(28, 3))
    assert isinstance(heard, Refused)
    assert heard.reason is Code.INVALID_ACCOUNT_OR_PASSWORD
    assert heard.request is question
    assert terminal.state is gateway.state is State.BOOTSTRAPPED
    assert Refused(28, 77).reason is None


def test_a_short_login_answer_has_no_session_number() -> None:
    terminal, gateway = bootstrapped()
    heard = exchange(terminal, gateway, 28, login(1, "x"), LoginAnswer(TICKET, None))
    assert isinstance(heard, Answer)
    assert heard.value == LoginAnswer(TICKET, None)
    assert terminal.number == 0


# The table.


def test_what_the_table_does_not_hold_is_our_error_and_sends_nothing() -> None:
    for state, command in itertools.product(State, COMMANDS):
        for role in Role:
            if (state, role, command) in MOVES:
                continue
            session = Session(role)
            session.state = state
            message: Any = Request(command) if role is Role.TERMINAL else Push(command)
            with pytest.raises(LocalProtocolError):
                session.send(message)
            assert session.in_flight == {}


def test_what_the_table_does_not_hold_is_a_terminals_error() -> None:
    for state, command in itertools.product(State, COMMANDS):
        if (state, Role.TERMINAL, command) in MOVES:
            continue
        gateway = Session(Role.GATEWAY)
        gateway.state = state
        with pytest.raises(RemoteProtocolError, match=f"command {command}"):
            gateway.receive(seal(Frame(command, None, b""), Encryptor(INITIAL_KEY)))


def test_what_the_table_does_not_hold_is_unsolicited_from_a_gateway() -> None:
    for state, command in itertools.product(State, COMMANDS):
        if (state, Role.GATEWAY, command) in MOVES:
            continue
        terminal = Session(Role.TERMINAL)
        terminal.state = state
        frame = seal(Frame(command, 0, b"?"), Encryptor(INITIAL_KEY))
        if state is State.FRESH:  # nobody has a key yet: this is no gateway
            with pytest.raises(RemoteProtocolError, match=f"command {command}"):
                terminal.receive(frame)
        else:
            assert terminal.receive(frame) == [Unsolicited(command, 0, b"?")]
        assert terminal.state is state


@pytest.mark.parametrize(
    ("state", "command", "legal"),
    [
        (State.FRESH, 0, True),
        (State.FRESH, 28, False),
        (State.FRESH, 51, False),
        (State.BOOTSTRAPPED, 0, False),
        (State.BOOTSTRAPPED, 28, True),
        (State.BOOTSTRAPPED, 29, True),
        (State.BOOTSTRAPPED, 43, True),
        (State.BOOTSTRAPPED, 12, False),
        (State.INITIALISED, 30, True),
        (State.INITIALISED, 28, False),
        (State.LOGGED_IN, 12, True),
        (State.LOGGED_IN, 28, False),
        (State.LOGGED_IN, 30, False),
        (State.LOGGED_IN, 8, False),
        (State.CLOSED, 51, False),
    ],
)
def test_the_moves_of_a_terminal(state: State, command: int, legal: bool) -> None:
    assert ((state, Role.TERMINAL, command) in MOVES) is legal


def test_each_role_says_its_own_things_only() -> None:
    terminal, gateway = logged_in()
    with pytest.raises(LocalProtocolError, match="not a terminal's to say"):
        terminal.send(Push(8, []))
    with pytest.raises(LocalProtocolError, match="nobody asked"):
        terminal.send(Answer(51))
    with pytest.raises(LocalProtocolError, match="not a gateway's to say"):
        gateway.send(Request(51))


def test_a_gateway_answers_only_what_was_asked() -> None:
    _, gateway = logged_in()
    with pytest.raises(LocalProtocolError, match="nobody asked"):
        gateway.send(Answer(4, OpenTrades()))


def test_a_push_that_would_be_taken_for_an_answer_is_not_sent() -> None:
    terminal, gateway = logged_in()
    group = [SpreadGroup(ignored=5)]
    assert say(gateway, terminal, Push(20, group)) == Push(20, group, drift=_skipped("[0].ignored", 5))
    say(terminal, gateway, Request(20, [1]))
    with pytest.raises(LocalProtocolError, match="would be taken for the answer"):
        gateway.send(Push(20, group))
    heard = say(gateway, terminal, Answer(20, group))
    assert isinstance(heard, Answer)


def test_a_request_has_no_push_and_a_push_no_request() -> None:
    _, gateway = logged_in()
    with pytest.raises(LocalProtocolError, match="not for a gateway to send"):
        gateway.send(Push(4, OpenTrades()))


# Values.


def test_requests_answers_pushes_arrive_as_typed_values() -> None:
    terminal, gateway = logged_in()
    period = HistoryRequest(from_=1, to=2)
    heard = say(terminal, gateway, Request(5, period))
    assert isinstance(heard, Request)
    assert (heard.command, heard.value) == (5, period)
    ticks = [Tick(symbol_id=1, bid=108000.0), Tick(symbol_id=2)]
    assert say(gateway, terminal, Push(8, ticks)) == Push(8, ticks)
    assert say(gateway, terminal, Push(15, ServerLink(3), code=1)) == Push(15, ServerLink(3), code=1)


@pytest.mark.parametrize("command", [TRADE, 7, 43])
@pytest.mark.parametrize("value", [None, 5, "x", TradeAnswer(), ["1"], {"a": 1}])
def test_a_value_that_is_none_of_its_command_is_our_error(command: int, value: Any) -> None:
    terminal, _ = logged_in()
    with pytest.raises(LocalProtocolError):
        terminal.send(Request(command, value))
    assert terminal.in_flight == {}


def test_an_empty_request_takes_no_value() -> None:
    terminal, _ = logged_in()
    with pytest.raises(LocalProtocolError, match="takes no value"):
        terminal.send(Request(4, 1))


def test_drift_comes_beside_the_message() -> None:
    terminal, gateway = logged_in()
    say(terminal, gateway, ask(1))
    heard = terminal.receive(gateway.seal(TRADE, 0, (99999).to_bytes(4, "little") + b"xy"))[0]
    assert isinstance(heard, Answer)
    assert heard.value == TradeAnswer(99999)
    assert (heard.drift.unread, heard.drift.unknown) == (2, (Unlisted("retcode", 99999),))


def test_a_header_that_lies_is_drift() -> None:
    terminal, gateway = logged_in()
    frame = gateway.send(Push(15, ServerLink(0)))
    assert frame is not None
    told = Drift(ignored=(Skipped("body_length", 7), Skipped("version", 2)))
    lie = HEADER.pack(7, 2) + frame[HEADER.size :]
    assert terminal.receive(lie) == [Push(15, ServerLink(0), drift=told)]
    assert terminal.receive(frame) == [Push(15, ServerLink(0))]


def test_a_lying_header_of_a_message_without_drift_changes_nothing() -> None:
    terminal, gateway = logged_in()
    frame = gateway.seal(4, 0, b"")
    (heard,) = terminal.receive(HEADER.pack(1, 1) + frame[HEADER.size :])
    assert heard == Unsolicited(4, 0, b"")


def test_the_empty_frame_says_nothing() -> None:
    terminal, _ = logged_in()
    assert terminal.receive(HEADER.pack(0, 1)) == []


def test_unknown_commands_are_told_not_raised() -> None:
    terminal, gateway = logged_in()
    assert terminal.receive(gateway.seal(99, 4, b"abc")) == [Unknown(99, 4, b"abc")]
    assert gateway.receive(terminal.seal(52, None, b"")) == [Unknown(52, None, b"")]


def test_an_unknown_request_can_be_answered() -> None:
    terminal, gateway = logged_in()
    for message in (Refused(52, 4, b"why"), Answer(52)):
        gateway.receive(terminal.seal(52, None, b"x"))
        frame = gateway.send(message)
        assert frame is not None
        code, body = (4, b"why") if isinstance(message, Refused) else (0, b"")
        assert terminal.receive(frame) == [Unknown(52, code, body)]
    with pytest.raises(LocalProtocolError, match="nobody asked"):
        gateway.send(Answer(52))


def test_a_push_that_is_an_error_event_may_have_any_body() -> None:
    terminal, gateway = logged_in()
    assert terminal.receive(gateway.seal(15, 7, b"abc")) == [Push(15, None, 7, Drift(unread=3))]
    assert terminal.receive(gateway.seal(15, 7, bytes(4))) == [Push(15, ServerLink(0), 7)]
    with pytest.raises(UnreadableBody):
        terminal.receive(gateway.seal(15, 0, b"abc"))


@pytest.mark.parametrize("code", [-1, 256])
def test_the_code_of_a_push_is_a_byte(code: int) -> None:
    _, gateway = logged_in()
    with pytest.raises(LocalProtocolError, match=f"code {code}: 0 to 255"):
        gateway.send(Push(15, ServerLink(1), code))


def test_what_a_gateway_cannot_send_it_still_owes() -> None:
    terminal, gateway = logged_in()
    say(terminal, gateway, ask(1))
    wrong: Any = "text"
    with pytest.raises(LocalProtocolError, match="not bytes"):
        gateway.send(Refused(TRADE, 1, wrong))
    with pytest.raises(LocalProtocolError):
        gateway.send(Answer(TRADE, TradeAnswer(-1)))
    assert isinstance(say(gateway, terminal, Answer(TRADE, TradeAnswer(1))), Answer)


def test_an_unknown_command_before_bootstrap_is_a_violation() -> None:
    terminal, gateway = connected()
    with pytest.raises(RemoteProtocolError, match="FRESH"):
        gateway.receive(terminal.seal(52, None, b""))
    with pytest.raises(RemoteProtocolError, match="FRESH"):
        terminal.receive(gateway.seal(52, 0, b""))


def test_an_unreadable_answer_ends_its_request_and_keeps_the_evidence() -> None:
    terminal, gateway = logged_in()
    first, second = ask(1), ask(2)
    terminal.send(first)
    assert terminal.send(second) is None
    with pytest.raises(UnreadableBody, match="command 12: TradeAnswer: 3 of 4 bytes") as caught:
        terminal.receive(gateway.seal(TRADE, 0, b"abc"))
    assert (caught.value.request, caught.value.body, caught.value.code) == (first, b"abc", "truncated")
    assert (caught.value.command, caught.value.answer_code) == (TRADE, 0)
    assert terminal.in_flight == {TRADE: second}
    assert len(terminal.released()) == 1


def test_an_unreadable_request_can_be_refused() -> None:
    terminal, gateway = logged_in()
    with pytest.raises(UnreadableBody):
        gateway.receive(terminal.seal(TRADE, None, b"short"))
    assert gateway.send(Refused(TRADE, 1)) is not None


@pytest.mark.parametrize("code", [0, -1, 256])
def test_a_refusal_has_a_code(code: int) -> None:
    terminal, gateway = logged_in()
    say(terminal, gateway, Request(PING))
    with pytest.raises(LocalProtocolError, match=f"code {code}: 1 to 255"):
        gateway.send(Refused(PING, code))
    assert gateway.send(Answer(PING)) is not None


# Matching.


def test_one_request_of_a_command_is_in_flight_and_others_wait_in_order() -> None:
    terminal, gateway = logged_in()
    requests = [ask(number) for number in range(4)]
    first = terminal.send(requests[0])
    assert first is not None
    assert [terminal.send(request) for request in requests[1:]] == [None, None, None]
    frames, answered = [first], []
    while frames:
        (asked,) = gateway.receive(frames.pop())
        assert isinstance(asked, Request)
        reply = gateway.send(Answer(TRADE, TradeAnswer(asked.value.action_id)))
        assert reply is not None
        (heard,) = terminal.receive(reply)
        assert isinstance(heard, Answer)
        answered.append((heard.request, heard.value.retcode))
        frames += terminal.released()
    assert answered == [(request, number) for number, request in enumerate(requests)]
    assert terminal.released() == []


def test_different_commands_run_side_by_side() -> None:
    terminal, gateway = logged_in()
    assert terminal.send(ask(1)) is not None
    assert terminal.send(Request(4)) is not None
    assert sorted(terminal.in_flight) == [4, TRADE]
    assert terminal.receive(gateway.seal(4, 0, bytes(8)))[0].command == 4
    assert sorted(terminal.in_flight) == [TRADE]


def test_the_queue_is_bounded() -> None:
    terminal, _ = logged_in(queue_limit=2)
    for number in range(3):
        terminal.send(ask(number))
    with pytest.raises(QueueFull, match="2 requests wait"):
        terminal.send(ask(3))
    assert len(terminal.close().unsent) == 2


def test_a_gateway_bounds_what_it_owes() -> None:
    terminal, gateway = logged_in(queue_limit=3)
    ping = terminal.seal(PING, None, b"")
    for _ in range(3):
        gateway.receive(ping)
    with pytest.raises(RemoteProtocolError, match="unanswered already"):
        gateway.receive(ping)


def test_no_second_login_waits_behind_the_first() -> None:
    terminal, _ = bootstrapped()
    terminal.send(Request(28, login(1, "a")))
    with pytest.raises(LocalProtocolError, match="not before a request under way is answered"):
        terminal.send(Request(28, login(1, "b")))


def test_while_the_state_may_change_only_what_both_states_allow_is_said() -> None:
    terminal, gateway = bootstrapped()
    say(terminal, gateway, Request(28, login(1, "a")))
    with pytest.raises(LocalProtocolError, match="under way"):
        terminal.send(Request(29, init()))
    with pytest.raises(RemoteProtocolError, match="under way"):
        gateway.receive(terminal.seal(29, None, INIT.dump(init())))
    say(terminal, gateway, Request(PING))
    say(terminal, gateway, Request(43, OtpSetup()))
    say(terminal, gateway, Request(2))
    with pytest.raises(LocalProtocolError, match="under way"):  # a logout may end everything
        terminal.send(Request(51))
    for command, value in ((2, None), (28, LoginAnswer(TICKET, 1)), (PING, None), (43, None)):
        heard = say(gateway, terminal, Answer(command, value))
        assert isinstance(heard, Answer)
        assert heard.request is not None
        assert terminal.state is gateway.state is State.CLOSED


def test_an_answer_counts_in_the_state_that_another_answer_made() -> None:
    """A two-factor request asked before a login, answered after it; links asked by a visitor as well."""
    terminal, gateway = bootstrapped()
    say(terminal, gateway, Request(43, OtpSetup()))
    exchange(terminal, gateway, 29, init())
    assert isinstance(say(gateway, terminal, Answer(43)), Answer)
    assert terminal.state is gateway.state is State.INITIALISED


def test_what_waits_behind_a_logout_is_not_released() -> None:
    terminal, gateway = logged_in()
    first, second = ask(1), ask(2)
    assert isinstance(say(terminal, gateway, first), Request)
    terminal.send(second)
    say(terminal, gateway, Request(2))
    say(gateway, terminal, Answer(TRADE, TradeAnswer(0)))
    assert terminal.released() == []
    say(gateway, terminal, Refused(2, 1))
    assert [type(heard) for raw in terminal.released() for heard in gateway.receive(raw)] == [Request]
    third = ask(3)
    terminal.send(third)
    exchange(terminal, gateway, 2)
    assert terminal.close() == ([second], [third])


def test_a_request_is_sent_once() -> None:
    terminal, _ = logged_in()
    first, second = ask(1), ask(2)
    for request in (first, second):
        terminal.send(request)
    for request in (first, second):
        with pytest.raises(LocalProtocolError, match="was sent already"):
            terminal.send(request)


def test_an_answer_nobody_asked_for_is_unsolicited() -> None:
    terminal, gateway = logged_in()
    assert terminal.receive(gateway.seal(TRADE, 0, bytes(4))) == [Unsolicited(TRADE, 0, bytes(4))]


def test_a_refused_answer_releases_the_next() -> None:
    terminal, gateway = logged_in()
    terminal.send(ask(1))
    terminal.send(ask(2))
    (heard,) = terminal.receive(gateway.seal(TRADE, 2, b"?"))
    assert isinstance(heard, Refused)
    assert (heard.code, heard.body) == (2, b"?")
    assert len(terminal.released()) == 1


# Timeouts.


def test_a_timeout_poisons_its_command_and_gives_back_what_waited() -> None:
    terminal, gateway = logged_in()
    first, second, third = ask(1), ask(2), ask(3)
    for request in (first, second, third):
        terminal.send(request)
    assert terminal.declare_timeout(first) == [second, third]
    with pytest.raises(Poisoned, match="command 12: poisoned"):
        terminal.send(ask(4))
    assert terminal.send(Request(4)) is not None  # other commands go on
    late = gateway.seal(TRADE, 0, bytes(4))
    assert terminal.receive(late) == [Late(TRADE, 0, bytes(4), first)]
    assert terminal.receive(late) == [Unsolicited(TRADE, 0, bytes(4))]
    with pytest.raises(Poisoned):
        terminal.send(ask(5))


def test_a_waiting_request_given_up_was_never_sent() -> None:
    terminal, _ = logged_in()
    first, second = ask(1), ask(2)
    terminal.send(first)
    terminal.send(second)
    assert terminal.declare_timeout(second) == [second]
    assert terminal.poisoned == {}
    assert terminal.close() == ([first], [])


def test_a_request_that_is_not_pending_cannot_time_out() -> None:
    terminal, _ = logged_in()
    terminal.send(ask(1))
    with pytest.raises(LocalProtocolError, match="neither in flight nor waiting"):
        terminal.declare_timeout(ask(1))


def test_a_late_push_of_a_poisoned_command_is_the_lost_answer_first() -> None:
    terminal, gateway = logged_in()
    request = Request(20, [1])
    terminal.send(request)
    terminal.declare_timeout(request)
    (first,) = terminal.receive(gateway.seal(20, 0, b""))
    (second,) = terminal.receive(gateway.seal(20, 0, b""))
    assert isinstance(first, Late)
    assert second == Push(20, [])


# End.


def test_logout_ends_the_conversation_for_both() -> None:
    terminal, gateway = logged_in()
    exchange(terminal, gateway, 2)
    assert terminal.state is gateway.state is State.CLOSED
    assert terminal.receive(gateway.seal(15, 0, bytes(4))) == [Unsolicited(15, 0, bytes(4))]
    with pytest.raises(LocalProtocolError, match="CLOSED"):
        gateway.send(Push(15, ServerLink(1)))
    with pytest.raises(RemoteProtocolError, match="CLOSED"):
        gateway.receive(terminal.seal(PING, None, b""))


def test_closing_tells_what_is_in_doubt_and_what_never_left() -> None:
    terminal, _ = logged_in()
    first, second, other = ask(1), ask(2), Request(4)
    for request in (first, second, other):
        terminal.send(request)
    ended = terminal.close()
    assert (ended.unanswered, ended.unsent) == ([first, other], [second])
    assert terminal.close() == ([], [])
    with pytest.raises(LocalProtocolError, match="CLOSED"):
        terminal.send(Request(PING))


# Prefixes, reprs.


def test_prefixes_come_from_the_source_that_was_given() -> None:
    drawn = iter([b"\x01\x02", b"\x03\x04", b"\x05\x06"])
    terminal, _ = connected(prefix=lambda: next(drawn))
    frame = terminal.send(Request(0, BootstrapRequest()))
    assert frame is not None
    sent = unseal(frame, Decryptor(INITIAL_KEY), Direction.REQUEST)
    assert sent is not None
    assert sent.prefix == b"\x01\x02"


def test_a_gateway_may_echo_the_prefix_of_the_request() -> None:
    _, gateway = logged_in(echo_prefix=True)
    encryptor, decryptor = Encryptor(KEY), Decryptor(KEY)
    gateway.receive(seal(Frame(PING, None, b"", b"\x07\x08"), encryptor))
    gateway.receive(seal(Frame(PING, None, b"", b"\x09\x0a"), encryptor))
    for prefix in (b"\x07\x08", b"\x09\x0a"):
        reply = gateway.send(Answer(PING))
        assert reply is not None
        assert unseal(reply, decryptor, Direction.ANSWER) == Frame(PING, 0, b"", prefix)


def test_no_repr_shows_a_secret() -> None:
    terminal, gateway = bootstrapped()
    canary = "canary-Pa55"
    question = Request(28, login(1001, canary, otp="canary-otp"))
    heard = say(terminal, gateway, question)
    answer = say(gateway, terminal, Answer(28, LoginAnswer(TICKET, 424242)))
    shown = " ".join(map(repr, (question, heard, answer, terminal, gateway, terminal.in_flight)))
    bodies = [
        Unsolicited(28, 0, TICKET),
        Late(28, 0, TICKET, question),
        Unknown(99, 0, TICKET),
        Refused(28, 3, TICKET),
    ]
    shown += " ".join(map(repr, bodies))
    for secret in (canary, "canary-otp", repr(TICKET)[2:20], "424242", repr(KEY)[2:20], repr(TOKEN)[2:20]):
        assert secret not in shown


def _skipped(field: str, value: int) -> Drift:
    return Drift(ignored=(Skipped(field, value),))
