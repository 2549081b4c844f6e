"""The instruments of commands: what is timed happened, and what is counted was filled."""

import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from protocol.enums import Side
from tests.bench import commands
from tests.bench.bus import Server, nats_server
from tests.bench.child import AROUND, Child
from tests.bench.commands import Raw, Times, at, desk, written
from tests.bench.gateway import MONEY
from tests.bench.terminal import Terminal


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    with nats_server(tmp_path, tmp_path / "jetstream") as server:
        yield server


@pytest.fixture
def requester(nats: Server, tmp_path: Path) -> Iterator[Child]:
    """With a responder to `echo`."""
    where = (nats.host, str(nats.port))
    children = [
        Child.module("responder", *where, "echo", core=AROUND, folder=tmp_path),
        Child.module("requester", *where, core=AROUND, folder=tmp_path),
    ]
    for child in children:
        assert child.hear() == {}
    yield children[-1]
    for child in children:
        child.stop()


@pytest.mark.slow
def test_requests_are_timed_one_by_one(requester: Child) -> None:
    before = time.monotonic_ns()
    told = requester.ask(do="ask", requests=[["echo", f"{n}"] for n in range(50)], pause_s=0.002, seconds=30)
    assert told["replies"] == ["{}"] * 50
    pairs = zip(told["asked"], told["answered"], strict=True)
    moments = [before, *(moment for pair in pairs for moment in pair), time.monotonic_ns()]
    assert moments == sorted(moments)
    pauses = [asked - answered for answered, asked in zip(told["answered"], told["asked"][1:], strict=False)]
    assert 0 < sum(pauses) / len(pauses) < 4_000_000  # half of 2 ms, and what a sleep takes longer


@pytest.mark.slow
def test_no_request_is_begun_when_time_is_over(requester: Child) -> None:
    began = time.monotonic()
    told = requester.ask(do="ask", requests=[["echo", ""]] * 1000, pause_s=0.05, seconds=0.3)
    assert time.monotonic() - began < 5
    assert 1 < len(told["asked"]) == len(told["answered"]) == len(told["replies"]) < 1000
    assert (told["asked"][-1] - told["asked"][0]) / 1e9 < 0.4


@pytest.mark.slow
def test_a_bare_commit_is_a_row_on_disk_and_a_bare_trade_is_filled(tmp_path: Path) -> None:
    gateway = Child.module("generator", "--accounts=2", "--trading", core=AROUND, folder=tmp_path)
    port = gateway.hear()["port"]
    file = tmp_path / "bare.db"
    bare = Child.module("bare", str(port), "1002", str(file), core=AROUND, folder=tmp_path)
    try:
        assert bare.hear() == {}
        took = bare.ask(do="commit", count=7, size=1200, pause_s=0)["took"]
        assert len(took) == 7
        assert min(took) > 0
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        assert [size for (size,) in connection.execute("SELECT length(body) FROM event")] == [1200] * 7
        assert connection.pragma("journal_mode") == "wal"
        connection.close()
        traded = [bare.ask(do="trade", count=count, pause_s=0.001) for count in (2, 1)]
        heard = gateway.ask(do="heard")["heard"]
        assert [(login, number) for _, login, number, _ in heard] == [(1002, 1), (1002, 2), (1002, 3)]
        for number, (at_ns, *_) in enumerate(heard):
            one, place = traded[number // 2], number % 2
            assert one["sent"][place] - 1_000_000 < at_ns < one["told"][place]
        terminal = Terminal(port, 1002)
        (position,) = terminal.ask(4).positions
        assert (position.trade_action, position.trade_volume) == (Side.SELL, 1_000_000)  # sell, buy, sell
        assert terminal.ask(3).main.balance <= float(MONEY)
        terminal.peer.sock.close()
    finally:
        bare.stop()
        gateway.stop()


def test_what_a_command_writes_before_it_is_sent_is_added_up(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal", "a00", kind="inline", ballast_bytes=0)
    recorded = journal.write(
        [
            Draft("command.received", 1, {"payload": "x" * 100}, cause="c1"),
            Draft("command.sending", 1, {"comment": "y" * 50}, cause="c1"),
            Draft("command.outcome", 1, {}, cause="c1"),
            Draft("command.received", 1, {}, cause="c2"),
        ]
    )
    journal.close()
    sizes = [len(row.body) for row in recorded]
    assert sizes[0] > 100
    assert written(tmp_path, "a00") == [sizes[0] + sizes[1], sizes[3]]


def test_a_quantile_is_the_time_within_which_so_many_are() -> None:
    times = [float(one) for one in range(200, 0, -1)]
    assert (at(times, 50), at(times, 99), at(times, 0)) == (101.0, 199.0, 1.0)
    assert at([7.0], 99) == 7.0


def test_a_latency_stands_beside_the_sum_of_its_raw_parts() -> None:
    raw = [
        Raw(round_trip=[300.0 * n], commit=[100.0 * n], send=[10.0 * n], trade=[900.0 * n]) for n in (1, 9, 2)
    ]
    found = [Times(wire=[1000.0 * n], reply=[4000.0 * n]) for n in (1, 1, 8)]
    busy = {one.name: one for one in commands.latency_rows("", found, raw)}
    assert list(busy) == ["command_wire_p50", "command_reply_p50", "command_wire_p99", "command_reply_p99"]
    wire, reply = busy["command_wire_p50"], busy["command_reply_p50"]
    assert (wire.value, wire.reference, wire.must, wire.goal) == (1000.0, 820.0, 2.5, 1.5)  # medians, summed
    assert wire.met is True
    assert (reply.value, reply.reference, reply.must) == (4000.0, 2600.0, None)
    idle = list(commands.latency_rows("_idle", [Times([2100.0], [1.0])], raw))
    assert [one.name for one in idle][:1] == ["command_wire_p50_idle"]
    assert [one.must for one in idle] == [None] * 4
    slow = next(commands.latency_rows("", [Times([2100.0], [1.0])], raw))
    assert slow.met is False  # 2.56 times the sum


@pytest.mark.slow
def test_the_daemon_trades_between_its_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "COMMANDS", 40)
    monkeypatch.setattr(commands, "WARM_COMMITS", 10)
    monkeypatch.setattr(commands, "CROWD_S", 0.5)
    with desk() as one:
        one.warm()
        for rate in (0.0, 1000.0):
            found = one.commands(rate)
            assert 1 < len(found.wire) == len(found.reply) <= 40
            for wire, reply in zip(found.wire, found.reply, strict=True):
                assert 0 < wire < reply
        parts = one.raw()
        assert all(us > 0 for part in parts for us in part)
        assert all(send < trade for send, trade in zip(parts.send, parts.trade, strict=True))
        per_s, cpu_us = one.crowd("crowd")
        assert per_s > 1
        assert cpu_us > 0
        names = [*one.names(), *one.names()]
        assert len(set(names)) == 80
        monkeypatch.setattr(commands, "subject", lambda account: f"oms.v1.cmd.{account}.check")
        with pytest.raises(RuntimeError, match="not filled"):  # a check is `done`
            one.commands()
        with pytest.raises(RuntimeError, match="not all commands are filled"):
            one.crowd("check")
