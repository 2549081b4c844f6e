"""The load generator is a gateway that a terminal can log in to, and what it pushes are ticks."""

import time
from typing import Any

import pytest

from protocol.credentials import login
from protocol.messages import Answer, Push, Request
from protocol.records.access import BootstrapRequest
from protocol.session import Role, Session
from tests.bench.generator import Generator, Load, generating
from tests.bench.peer import Peer


class Terminal:
    def __init__(self, generator: Generator) -> None:
        self.peer = Peer.connect("127.0.0.1", generator.port)
        self.session = Session(Role.TERMINAL)
        self.ask(0, BootstrapRequest(bytes(64)))
        self.ask(28, login(1001, "paper"))

    def ask(self, command: int, value: Any = None) -> Any:
        frame = self.session.send(Request(command, value))
        assert frame is not None
        self.peer.send(frame)
        while not isinstance(answer := self.hear(), Answer):
            pass
        return answer.value

    def hear(self) -> Any:
        (message,) = self.session.receive(self.peer.receive())
        return message


@pytest.mark.parametrize("per_frame", [1, 5, 20])
def test_the_full_load_is_ticks_of_all_symbols(per_frame: int) -> None:
    with generating(Load(per_frame, symbols=50)) as generator:
        terminal = Terminal(generator)
        symbols = terminal.ask(6)
        assert [one.symbol_id for one in symbols] == list(range(1, 51))
        terminal.ask(7, [one.symbol_id for one in symbols])
        seen: list[int] = []
        for _ in range(200):
            push = terminal.hear()
            assert isinstance(push, Push)
            assert push.command == 8
            assert len(push.value) == per_frame
            seen += [tick.symbol_id for tick in push.value]
        assert seen == [number % 50 + 1 for number in range(200 * per_frame)]
        assert terminal.ask(51) is None  # requests are answered all the while
        terminal.peer.sock.close()


def test_a_rate_is_kept_and_stamped() -> None:
    with generating(Load(5, symbols=10, rate=1000)) as generator:
        terminal = Terminal(generator)
        start = time.monotonic_ns()
        terminal.ask(7, [1, 2, 3])
        stamps = []
        for _ in range(40):
            push = terminal.hear()
            assert [tick.tick_volume for tick in push.value[:-1]] == [0] * 4
            stamps.append(push.value[-1].tick_volume)
        taken = (time.monotonic_ns() - start) / 1e9
        assert taken > 40 * 5 / 1000 * 0.8
        assert stamps == sorted(stamps)
        assert start // 1000 < stamps[0] < stamps[-1] < time.monotonic_ns() // 1000
        terminal.peer.sock.close()


def test_trade_requests_are_noted() -> None:
    from protocol.records.trade import TradeRequest

    with generating(Load()) as generator:
        terminal = Terminal(generator)
        assert terminal.ask(12, TradeRequest(action_id=77)).retcode == 0
        assert [action for _, action in generator.heard] == [77]
        terminal.peer.sock.close()
