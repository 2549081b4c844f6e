"""The outbox: a journal and its stream are the same, whatever happens between them."""

import hashlib
import json
from functools import partial
from pathlib import Path

import pytest
import trio
from nats.aio.client import Client

from oms.bus.bridge import Bridge, bridged
from oms.bus.options import NatsOptions
from oms.bus.outbox import OutboxState, Pace, publish_journal
from oms.eventlog.envelope import Draft, Recorded
from oms.eventlog.reader import Reader
from tests.bus.scene import QUICK, SOON_S, Writer, linked, plainly, stored, until, writer
from tests.eventlog.scene import draft, drafts
from tests.nats import Server, nats_server

pytestmark = pytest.mark.trio
PACE = Pace(patience_s=1.0, longest_pause_s=0.2)


class Outbox:
    """An outbox at work, and what it told."""

    def __init__(self, nursery: trio.Nursery, bridge: Bridge, source: Writer, pace: Pace = PACE) -> None:
        self.states: list[OutboxState] = []
        self._source = source
        nursery.start_soon(partial(publish_journal, bridge, source, told=self.states.append, pace=pace))

    @property
    def state(self) -> OutboxState:
        return self.states[-1] if self.states else OutboxState()

    async def empty(self) -> None:
        """Everything is in the stream."""
        await until(lambda: self.state.caught_up and self.state.published == self._source.seq)


def rows(path: Path) -> list[Recorded]:
    reader = Reader(path)
    try:
        return list(reader.read())
    finally:
        reader.close()


async def assert_same(server: Server, source: Writer) -> None:
    """The stream holds what the journal holds, byte by byte, sequence by sequence."""
    found = await stored(server, f"OMS_EVT_{source.account}")
    assert [(one.seq, one.data) for one in found] == [(row.seq, row.body) for row in rows(source.path)]
    chain = bytes(32)
    for one in found:
        assert one.headers["Oms-Prev"] == chain.hex()
        chain = hashlib.sha256(chain + one.data).digest()
        assert one.headers["Oms-Hash"] == chain.hex()


async def test_each_event_is_a_message_with_its_headers(tmp_path: Path) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await outbox.empty()
            source.write(Draft("deal.booked", 1, {"symbol": "EURUSD.req"}, None, "7f3c", trace))
            source.write(draft(5))
            await outbox.empty()
            nursery.cancel_scope.cancel()
        await assert_same(server, source)
        opened, deal, plain = await stored(server, "OMS_EVT_main")
        envelopes = [json.loads(one.data) for one in (opened, deal, plain)]
        epoch = envelopes[0]["data"]["epoch"]
        assert [one.subject for one in (opened, deal, plain)] == [
            "oms.v1.evt.main.account.opened",
            "oms.v1.evt.main.deal.booked.EURUSD%2Ereq",
            "oms.v1.evt.main.deal.booked",
        ]
        hashes = [hashlib.sha256(bytes(32) + opened.data)]
        hashes.append(hashlib.sha256(hashes[0].digest() + deal.data))
        assert deal.headers == {
            "Nats-Msg-Id": f"{epoch}.2",
            "Nats-Expected-Last-Sequence": "1",
            "Oms-Seq": "2",
            "Oms-Type": "deal.booked",
            "Oms-Hash": hashes[1].hexdigest(),
            "Oms-Prev": hashes[0].hexdigest(),
            "Content-Type": "application/json",
            "traceparent": trace,
            "ce-specversion": "1.0",
            "ce-id": f"{epoch}.2",
            "ce-source": "/oms.v1/main",
            "ce-type": "deal.booked",
            "ce-time": envelopes[1]["recorded_at"],
            "ce-subject": "EURUSD%2Ereq",
        }
        assert not {"traceparent", "ce-subject"} & set(plain.headers)


async def test_the_stream_keeps_everything_and_lets_nothing_be_removed(tmp_path: Path) -> None:
    async def look(client: Client) -> object:
        return (await client.jetstream().stream_info("OMS_EVT_main")).config.as_dict()

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await Outbox(nursery, bridge, source).empty()
            nursery.cancel_scope.cancel()
        config = await plainly(server, look)
    assert isinstance(config, dict)
    wanted = {
        "subjects": ["oms.v1.evt.main.>"],
        "retention": "limits",
        "storage": "file",
        "deny_delete": True,
        "deny_purge": True,
        **dict.fromkeys(("max_msgs", "max_bytes", "max_msgs_per_subject"), -1),
        "max_age": 0,
    }
    assert {name: config[name] for name in wanted} == wanted


@pytest.mark.slow
async def test_what_was_written_while_nats_was_away_follows(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        server.stop()
        options = NatsOptions(urls=(server.url,))
        async with bridged(options, limits=QUICK) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            for number in range(50):
                source.write(*drafts(*range(number * 100, number * 100 + 100)))
            assert outbox.state == OutboxState()
            await trio.to_thread.run_sync(server.start)
            await outbox.empty()
            nursery.cancel_scope.cancel()
        assert outbox.state.published == 5001
        await assert_same(server, source)


async def test_another_start_goes_on_where_the_stream_ends(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server:
        for numbers in ((1, 2), (3,), ()):
            with writer(tmp_path) as source:
                source.write(*drafts(*numbers))
                async with linked(server) as bridge, trio.open_nursery() as nursery:
                    await Outbox(nursery, bridge, source).empty()
                    nursery.cancel_scope.cancel()
        await assert_same(server, source)


async def test_a_stream_that_was_lost_is_filled_again(tmp_path: Path) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_stream("OMS_EVT_main")

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*drafts(1, 2, 3))
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await outbox.empty()
            assert await plainly(server, delete)
            source.write(draft(4))
            await outbox.empty()
            nursery.cancel_scope.cancel()
        await assert_same(server, source)
        assert not outbox.state.failed


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_disordered_while_the_server_is_killed(tmp_path: Path) -> None:
    times = 5
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)

            @nursery.start_soon
            async def write() -> None:
                for first in range(0, 20_000, 20):
                    source.write(*drafts(*range(first, first + 20)))
                    await trio.sleep(0.001)

            for _ in range(times):
                enough = outbox.state.published + 500
                await until(lambda: outbox.state.published > enough)  # noqa: B023 - waited for here
                await trio.to_thread.run_sync(server.kill)
                await trio.to_thread.run_sync(server.start)
            await until(lambda: source.seq == 20_001)
            await outbox.empty()
            nursery.cancel_scope.cancel()
        assert bridge.connections == times + 1
        await assert_same(server, source)
    assert {state.failed for state in outbox.states} == {""}


async def test_a_server_that_stands_still_is_waited_for(tmp_path: Path) -> None:
    pace = PACE._replace(patience_s=0.1, longest_pause_s=0.1)
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source, pace)
            await outbox.empty()
            server.pause()
            source.write(*drafts(1, 2, 3))
            late = "event 2 was not acknowledged within 0.1 s"
            await until(lambda: any(late in state.text for state in outbox.states))
            assert not outbox.state.caught_up
            server.resume()
            await outbox.empty()
            assert outbox.state.text == ""
            nursery.cancel_scope.cancel()
        await assert_same(server, source)


async def test_no_more_than_the_window_is_under_way(tmp_path: Path) -> None:
    """With a server that stands still: what it got is seen when it goes on."""
    pace = PACE._replace(window=7, patience_s=30.0)
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source, pace)
            await outbox.empty()
            heard: list[int] = []
            async with bridge.subscribed("oms.v1.evt.main.>", lambda came: heard.append(len(came))):
                server.pause()
                source.write(*drafts(*range(100)))
                await trio.sleep(0.2)
                outbox_sent = outbox.state.published
                server.resume()
                await outbox.empty()
            nursery.cancel_scope.cancel()
        assert outbox_sent == 1
        assert max(heard) <= 7
        await assert_same(server, source)


async def test_without_jetstream_it_says_what_it_waits_for(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats", jetstream=False) as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await until(lambda: outbox.state.text)
            nursery.cancel_scope.cancel()
    assert outbox.state == OutboxState(text="OMS_EVT_main: JetStream does not answer")


async def test_accounts_have_streams_of_their_own(tmp_path: Path) -> None:
    with (
        nats_server(tmp_path / "nats") as server,
        writer(tmp_path, "one") as one,
        writer(tmp_path, "two") as two,
    ):
        one.write(*drafts(1, 2))
        two.write(draft(3))
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outboxes = [Outbox(nursery, bridge, source) for source in (one, two)]
            for outbox in outboxes:
                with trio.fail_after(SOON_S):
                    await outbox.empty()
            nursery.cancel_scope.cancel()
        await assert_same(server, one)
        await assert_same(server, two)
