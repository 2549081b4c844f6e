"""The benchmark's own instruments: what is counted was sent, and the plain client publishes what it heard."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms.domain.events import event_of
from oms.eventlog.reader import Reader
from oms.projections import Books
from oms.sessions.translate import Terms
from tests.bench.bus import nats_server
from tests.bench.child import AROUND, Child
from tests.bench.past import write_journal
from tests.bench.rig import PLAIN, Setting, rig
from tests.bench.subscriber import taken_apart


@pytest.mark.slow
def test_nothing_is_lost_on_the_way_through_the_plain_client() -> None:
    with rig(PLAIN, Setting(sessions=3)) as one:
        flood = one.flood(per_frame=5, ticks=3_001)
        assert flood.ticks == 3_015  # as many frames for each session
        assert flood.seconds > 0
        found = one.latencies(per_frame=5, rate=3_000, seconds=0.3)
        assert len(found) == 900
        assert 0 < found[0] <= found[-1] < 5_000
        one.load(per_frame=5, rate=3_000, seconds=0.1)
        assert one.candidate.rss_mb > 1


@pytest.mark.slow
def test_the_plain_client_publishes_one_message_per_push() -> None:
    with rig(PLAIN, Setting(sessions=2, ticks="batch")) as one:
        assert one.flood(per_frame=20, ticks=4_000).ticks == 4_000


@pytest.mark.slow
def test_a_candidate_that_has_gone_is_an_error() -> None:
    with rig(PLAIN, Setting(sessions=1)) as one:
        one.candidate.process.kill()
        one.candidate.process.wait()
        with pytest.raises(RuntimeError, match="has ended"):
            one.flood(per_frame=5, ticks=5)


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[socket.socket, Child]]:
    """A publisher, and a subscriber to its ticks."""
    with nats_server(tmp_path, tmp_path / "jetstream") as nats:
        where = (nats.host, str(nats.port), "oms.v1.tick.>")
        subscriber = Child.module("subscriber", *where, core=AROUND, folder=tmp_path)
        assert subscriber.hear() == {}
        with socket.create_connection((nats.host, nats.port)) as publisher:
            publisher.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n')
            yield publisher, subscriber
        subscriber.stop()


TICK = b'{"account":"a01","time":%d}'


def test_the_subscriber_counts_and_keeps_what_it_hears(heard: tuple[socket.socket, Child]) -> None:
    publisher, subscriber = heard
    for keep in (False, True):
        assert subscriber.ask(do="expect", messages=100, keep=keep) == {}
        before = time.monotonic_ns()
        for number in range(100):
            tick = TICK % (1_700_000_000_000 + number)
            publisher.sendall(b"PUB oms.v1.tick.a01.EURUSD %d\r\n%b\r\n" % (len(tick), tick))
            publisher.sendall(b"PUB oms.v1.ticks.a01 2\r\n{}\r\n")  # another subject
        found = subscriber.hear()
        assert found["messages"] == 100
        assert before < found["last_ns"] < time.monotonic_ns()
        if keep:
            assert [(name, at) for name, at, _ in found["ticks"]] == [
                ("a01", 1_700_000_000_000 + number) for number in range(100)
            ]
            times = [ns for *_, ns in found["ticks"]]
            assert times == sorted(times)
            assert before < times[0] <= times[-1] == found["last_ns"]


def test_the_subscriber_tells_of_what_is_lost(heard: tuple[socket.socket, Child]) -> None:
    publisher, subscriber = heard
    subscriber.ask(do="expect", messages=3, idle_s=0.2)
    publisher.sendall(b"PUB oms.v1.tick.a01.EURUSD 2\r\n{}\r\n" * 2)
    assert subscriber.hear()["messages"] == 2
    publisher.sendall(b"PUB oms.v1.tick.a01.EURUSD 2\r\n{}\r\n")
    with pytest.raises(RuntimeError, match="nobody expected"):
        subscriber.hear()


def test_messages_are_taken_apart_wherever_they_were_cut() -> None:
    plain = b'{"account":"a01","time":1700000000007,"bid":1.5}'
    data = (
        b"MSG oms.v1.tick.a01.EURUSD 1 48\r\n" + plain + b"\r\n"
        b"HMSG oms.v1.tick.a01.EURUSD%2Ereq 1 30 78\r\nNATS/1.0\r\nOms-Logged: 0\r\n\r\n" + plain + b"\r\n"
        b"PING\r\n"
        b'MSG oms.v1.tick.b-2.X 1 30\r\n{"time": 5, "account": "b-2"}\r\n'
    )
    for size in (1, 7, 50, len(data)):
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        found = taken_apart(chunks, [number * size for number in range(len(chunks))])
        assert [(account, time) for account, time, _ in found] == [
            ("a01", 1700000000007),
            ("a01", 1700000000007),
            ("b-2", 5),
        ]
        ends = [data.find(plain) + 50, data.rfind(plain) + 50, len(data)]
        assert [at for *_, at in found] == [(end - 1) // size * size for end in ends]


def test_a_past_is_a_journal_whose_account_holds_nothing(tmp_path: Path) -> None:
    path = write_journal(tmp_path, "main", 1001, 10, 1_700_000_000, Terms(7200))
    reader, books = Reader(path), Books()
    kinds = []
    for one in reader.read():
        envelope = one.envelope()
        kinds.append(envelope.type)
        books.fold(event_of(envelope.type, envelope.version, envelope.data))
    reader.close()
    trip = ["order.placed", "deal.booked", "order.ended"] * 2
    assert kinds == ["account.opened", "account.changed", "ledger.opened", *trip * 10]
    assert not list(books.positions)
    assert books.ledger.balance == 0
    assert books.ledger.realised().trades == 20
    assert books.ledger.realised().profit == 0
