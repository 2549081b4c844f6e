"""The load generator is a gateway that a terminal can log in to, and what it sends are ticks."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.enums import Filling, OrderType, Retcode, TradeAction, TypeFlags
from protocol.messages import Answer, Push
from protocol.records.trade import HistoryRequest, TradeOutcome, TradeRequest
from tests.bench import load
from tests.bench.child import AROUND, Child
from tests.bench.terminal import Terminal

pytestmark = pytest.mark.slow
ACCOUNTS = 3
SYMBOLS = 12


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Child, int]]:
    folder = tmp_path_factory.mktemp("generator")
    given = [f"--accounts={ACCOUNTS}", f"--symbols={SYMBOLS}", "--trips=10", "--until=1700000000"]
    child = Child.module("generator", *given, core=AROUND, folder=folder)
    yield child, child.hear()["port"]
    child.stop()


@pytest.fixture
def terminals(generator: tuple[Child, int]) -> Iterator[list[Terminal]]:
    """One of each account, subscribed."""
    child, port = generator
    found = [Terminal(port, 1001 + number) for number in range(ACCOUNTS)]
    assert child.ask(do="sessions") == {"sessions": 0}
    for terminal in found:
        assert terminal.subscribe() == list(range(1, SYMBOLS + 1))
    assert child.ask(do="sessions") == {"sessions": ACCOUNTS}
    yield found
    for terminal in found:
        terminal.peer.sock.close()
    while child.ask(do="sessions") != {"sessions": 0}:
        time.sleep(0.01)


def pushed(terminal: Terminal) -> Push:
    message = terminal.hear()
    assert isinstance(message, Push)
    assert message.command == 8
    return message


@pytest.mark.parametrize("per_frame", [1, 5, 20])
def test_a_flood_is_ticks_of_all_symbols(
    generator: tuple[Child, int], terminals: list[Terminal], per_frame: int
) -> None:
    child, _ = generator
    before = time.monotonic_ns()
    sent = child.ask(do="flood", per_frame=per_frame, frames=1000)
    assert sent["frames"] == 1002  # as many for each session
    assert before < sent["first_ns"] < time.monotonic_ns()
    for terminal in terminals:
        ticks = [tick for _ in range(334) for tick in pushed(terminal).value]
        assert [tick.symbol_id for tick in ticks] == [
            number % SYMBOLS + 1 for number in range(334 * per_frame)
        ]
        assert len({(tick.tick_time, tick.time_ms_delta) for tick in ticks}) == 1
        assert terminal.ask(51) is None  # and nothing was behind the last tick


def test_requests_are_answered_during_a_flood(
    generator: tuple[Child, int], terminals: list[Terminal]
) -> None:
    child, _ = generator
    frames = 40_000  # of each session
    child.tell(do="flood", per_frame=5, frames=ACCOUNTS * frames)
    terminals[0].begin(3)
    sizes = received(terminals[0], frames + 1)
    answers = [place for place, size in enumerate(sizes) if size != sizes[-1]]
    assert len(answers) == 1
    assert answers[0] < frames // 2
    for terminal in terminals[1:]:
        assert len(set(received(terminal, frames))) == 1
    assert child.hear()["frames"] == ACCOUNTS * frames


def received(terminal: Terminal, messages: int) -> list[int]:
    """The sizes of so many messages."""
    sizes: list[int] = []
    while len(sizes) < messages:
        sizes += map(len, terminal.peer.receive_many())
    assert len(sizes) == messages
    return sizes


def test_a_pace_is_kept_and_every_frame_names_its_time(
    generator: tuple[Child, int], terminals: list[Terminal]
) -> None:
    child, _ = generator
    start = time.monotonic()
    paced = paced_by(child, per_frame=5, rate=1500, frames=90)
    taken = time.monotonic() - start
    assert paced["frames"] == 90
    assert 0.95 * 90 * 5 / 1500 < taken < 3
    everything = []
    for number, terminal in enumerate(terminals):
        sent = paced["sent"][str(1001 + number)]
        assert len(sent) == 30
        assert sent == sorted(sent)
        everything += sent
        for frame in range(30):
            for tick in pushed(terminal).value:
                assert tick.tick_time * 1000 + tick.time_ms_delta == paced["moment_ms"] + frame
    gaps = [
        later - earlier for earlier, later in zip(sorted(everything), sorted(everything)[1:], strict=False)
    ]
    assert sum(gaps) / len(gaps) == pytest.approx(5 / 1500 * 1e9, rel=0.1)


def paced_by(child: Child, **how: Any) -> dict[str, Any]:
    """A whole pace."""
    assert child.ask(do="pace", **how) == {}
    return child.hear()


def test_no_tick_goes_back_in_time(generator: tuple[Child, int], terminals: list[Terminal]) -> None:
    child, _ = generator
    moments = []
    for _ in range(2):
        paced_by(child, per_frame=1, rate=1_000_000, frames=ACCOUNTS * 500)
        child.ask(do="flood", per_frame=1, frames=ACCOUNTS)
        for _ in range(501):
            (tick,) = pushed(terminals[0]).value
            moments.append(tick.tick_time * 1000 + tick.time_ms_delta)
    assert moments == sorted(moments)
    assert len(moments) == 1002


def test_every_session_has_a_key_of_its_own(generator: tuple[Child, int], terminals: list[Terminal]) -> None:
    child, _ = generator
    child.ask(do="flood", per_frame=1, frames=ACCOUNTS)
    raw = {terminal.peer.receive()[8:] for terminal in terminals}
    assert len(raw) == ACCOUNTS


def test_accounts_are_empty_but_for_the_past_of_the_first(
    generator: tuple[Child, int], terminals: list[Terminal]
) -> None:
    first, second = terminals[:2]
    for terminal in (first, second):
        assert terminal.ask(3).main.balance == 0.0
        trades = terminal.ask(4)
        assert (trades.positions, trades.orders) == ([], [])
    assert second.ask(5, HistoryRequest()).deals == []
    history = first.ask(5, HistoryRequest())
    assert [one.deal for one in history.deals] == list(range(1, 21))
    assert len(history.orders) == 20
    assert sum(one.profit for one in history.deals) == 0
    assert history.deals[-1].time_create == 1_700_000_000


def order(number: int, side: OrderType = OrderType.BUY) -> TradeRequest:
    return TradeRequest(
        action_id=number,
        trade_action=TradeAction.DEAL_MARKET,
        trade_symbol="EURUSD",
        trade_volume=1_000_000,
        digits=5,
        trade_type=side,
        type_filling=Filling.IOC,
        type_flags=TypeFlags.MARKET,
        comment=f"order {number}",
    )


def test_trade_requests_are_noted(generator: tuple[Child, int], terminals: list[Terminal]) -> None:
    child, _ = generator
    before = time.monotonic_ns()
    terminals[1].begin(12, order(77))
    messages = [terminals[1].hear(), terminals[1].hear()]
    assert outcomes(messages) == [(77, Retcode.NO_MONEY)]  # accounts are empty
    ((at_ns, *request),) = child.ask(do="heard")["heard"]
    assert request == [1002, 77, "order 77"]
    assert before < at_ns < time.monotonic_ns()
    assert child.ask(do="heard") == {"heard": []}


def outcomes(messages: list[Any]) -> list[tuple[int, int]]:
    """Number and code of what pushes 19 among them say."""
    told = [one.value for one in messages if isinstance(one, Push) and one.command == 19]
    assert all(isinstance(one, TradeOutcome) for one in told)
    return [(one.request.action_id, one.result.retcode) for one in told]


@pytest.fixture
def dealing(tmp_path: Path) -> Iterator[tuple[Child, Terminal]]:
    """A gateway whose accounts trade, and one of them, subscribed."""
    child = Child.module("generator", "--accounts=1", "--trading", core=AROUND, folder=tmp_path)
    terminal = Terminal(child.hear()["port"], 1001)
    terminal.subscribe()
    yield child, terminal
    terminal.peer.sock.close()
    child.stop()


def dealt(terminal: Terminal, request: TradeRequest) -> list[Any]:
    """The answer to an order and the pushes up to its result."""
    terminal.begin(12, request)
    messages: list[Any] = []
    while not outcomes(messages):
        messages.append(terminal.hear())
    return messages


def test_accounts_that_trade_are_dealt_with_and_net(dealing: tuple[Child, Terminal]) -> None:
    _, terminal = dealing
    assert terminal.ask(3).main.balance == 1_000_000.0
    for number, side in enumerate((OrderType.BUY, OrderType.SELL, OrderType.SELL), 1):
        messages = dealt(terminal, order(number, side))
        assert isinstance(messages[0], Answer)
        assert messages[0].value.retcode == 0
        assert outcomes(messages) == [(number, Retcode.DONE)]
    history = terminal.ask(5, HistoryRequest())
    assert [(one.trade_action, one.price_open) for one in history.deals[1:]] == [
        (0, 1.08003),
        (1, 1.08000),
        (1, 1.08000),
    ]
    (position,) = terminal.ask(4).positions
    assert (position.trade_action, position.trade_volume) == (1, 1_000_000)


def test_orders_are_dealt_with_in_a_pace(dealing: tuple[Child, Terminal]) -> None:
    child, terminal = dealing
    child.ask(do="pace", per_frame=1, rate=10, frames=5)  # a frame each 100 ms
    began = time.monotonic()
    for number in range(1, 6):
        dealt(terminal, order(number))
    assert time.monotonic() - began < 0.3  # whoever were answered between frames only would wait for 0.5 s
    assert child.hear()["frames"] == 5


def test_a_trade_request_is_noted_by_when_the_system_had_it(dealing: tuple[Child, Terminal]) -> None:
    child, terminal = dealing
    child.process.send_signal(signal.SIGSTOP)
    try:
        before = time.monotonic_ns()
        terminal.begin(12, order(1))
        sent = time.monotonic_ns()
        time.sleep(0.2)
    finally:
        child.process.send_signal(signal.SIGCONT)
    while not outcomes([terminal.hear()]):
        pass
    ((at_ns, *_),) = child.ask(do="heard")["heard"]
    assert before - 1_000_000 < at_ns < sent + 50_000_000  # it was read 200 ms later


def test_a_terminal_that_errs_is_dropped_and_no_other(
    generator: tuple[Child, int], terminals: list[Terminal]
) -> None:
    _, port = generator
    bad = Terminal(port, 1001)
    bad.peer.send(b"\x10\0\0\0\1\0\0\0" + bytes(17))  # no ciphertext
    with pytest.raises(ConnectionError):
        bad.hear()
    bad.peer.sock.close()
    assert terminals[0].ask(51) is None


def test_writes_hold_every_frame_in_order() -> None:
    frames = [bytes([number]) * 300 for number in range(250)]
    for count in (1, 249, 250, 251, 1000):
        joined = b"".join(load.writes(frames, count))
        assert joined == b"".join(frames[number % 250] for number in range(count))
    assert max(map(len, load.writes(frames, 1000))) <= load.WRITE_BYTES
