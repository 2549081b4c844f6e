"""The bridge against a real server that comes, goes, stands still."""

import threading
from pathlib import Path
from typing import Any, NoReturn

import nats.errors
import pytest
import trio
import trio.testing
from nats.aio.client import Client

from oms.bus import asyncio_thread
from oms.bus.bridge import bridged
from oms.bus.errors import NoResponders, NotConnected, TimedOut
from oms.bus.options import NatsOptions
from oms.bus.told import LinkChange, Message
from tests.bus.scene import QUICK, SOON_S, linked, plainly, until, what
from tests.nats import nats_server

pytestmark = pytest.mark.trio


async def test_messages_go_out_and_come_in_in_order(tmp_path: Path) -> None:
    heard: list[Message] = []
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("a.>", heard.extend):
            bridge.publish([("a.b", b"1"), ("a.c", b"2")])
            bridge.publish([("a.b", b"3")], {"Oms-Logged": "0"})
            await until(lambda: len(heard) == 3)
            assert bridge.backlog == bridge.dropped == 0
    assert heard == [
        Message("a.b", b"1", {}),
        Message("a.c", b"2", {}),
        Message("a.b", b"3", {"Oms-Logged": "0"}),
    ]


@pytest.mark.parametrize("shown", [True, False])
async def test_market_data_go_past_publish_where_nats_py_shows_its_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    published: list[bytes] = []
    publish = Client.publish

    async def noted(self: Client, subject: str, payload: bytes, *rest: Any) -> None:
        published.append(payload)
        await publish(self, subject, payload, *rest)

    monkeypatch.setattr(Client, "publish", noted)
    if not shown:
        monkeypatch.setattr(asyncio_thread, "stream_of", lambda client: None)
    heard: list[Message] = []
    payloads = [b"%d" % number for number in range(2 * asyncio_thread.FEW)]
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("a", heard.extend):
            for batch in (payloads[:5], payloads[5:]):  # few, many
                bridge.publish([("a", payload) for payload in batch])
                await until(lambda: bridge.backlog == 0)
            bridge.publish([("a", b"x")], {"Oms-Logged": "0"})
            bridge.publish([("a", b"y"), ("a", b"z")])
            await until(lambda: heard and heard[-1].payload == b"z")
    assert [one.payload for one in heard] == [*payloads, b"x", b"y", b"z"]
    assert b"x" in published  # headers are nats-py's affair
    assert set(published) >= {*payloads, b"y"} if not shown else not set(published) & set(payloads)


async def test_what_was_left_to_the_pump_is_not_overtaken(tmp_path: Path) -> None:
    many = 2 * asyncio_thread.FEW
    heard: list[Message] = []
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("a", heard.extend):

            async def hand_over(client: Client) -> None:
                for first, last in ((0, many), (many, many + 1), (many + 1, 2 * many)):
                    bridge.publish([("a", b"%d" % number) for number in range(first, last)])
                    bridge.there._pump_soon()  # as often as it may be called before the pump wakes up

            await (await bridge.connection()).run(hand_over)
            await until(lambda: len(heard) == 2 * many)
            assert bridge.backlog == 0
    assert [one.payload for one in heard] == [b"%d" % number for number in range(2 * many)]


async def test_a_payload_that_is_too_large_is_told_and_ends_nothing(tmp_path: Path) -> None:
    changes: list[LinkChange] = []
    heard: list[Message] = []
    with nats_server(tmp_path, "max_payload: 1000") as server:
        async with linked(server, changes) as bridge, bridge.subscribed("a", heard.extend):
            bridge.publish([("a", b"1"), ("a", b"2" * 1001), ("a", b"3")])
            bridge.publish([("a", b"4" * 1000)])
            await until(lambda: heard and heard[-1].payload == b"4" * 1000)
            assert (bridge.dropped, bridge.connections) == (2, 1)
    assert [one.payload for one in heard] == [b"1", b"4" * 1000]
    assert what(changes) == ["connected", "trouble", "disconnected"]


async def test_nats_that_is_away_at_start_is_waited_for(tmp_path: Path) -> None:
    changes: list[LinkChange] = []
    with nats_server(tmp_path) as server:
        server.stop()
        async with bridged(NatsOptions(urls=(server.url,)), changes.append, limits=QUICK) as bridge:
            await until(lambda: changes)
            bridge.publish([("a", b"1"), ("a", b"2")])
            assert (bridge.connected, bridge.dropped) == (False, 2)
            with pytest.raises(NotConnected, match="Connect call failed"):
                await bridge.request("a", within_s=0.05)
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(SOON_S):
                await bridge.connection()
            assert bridge.connected
    assert what(changes) == ["failed", "connected", "disconnected"]  # the same failure was told once
    assert f"127.0.0.1:{server.port}" in changes[0].text


async def test_a_killed_server_is_told_and_subscriptions_come_back(tmp_path: Path) -> None:
    changes: list[LinkChange] = []
    heard: list[Message] = []
    with nats_server(tmp_path) as server:
        async with linked(server, changes) as bridge, bridge.subscribed("a", heard.extend):
            first = await bridge.connection()
            server.kill()
            with trio.fail_after(SOON_S):
                await first.over.wait()
            assert not bridge.connected
            with pytest.raises(NotConnected):
                await first.run(Client.flush)
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(SOON_S):
                second = await bridge.connection()
            assert second is not first
            bridge.publish([("a", b"again")])
            await until(lambda: heard)
        assert bridge.connections == 2
    assert [message.payload for message in heard] == [b"again"]
    assert [change for change in what(changes) if change != "failed"] == [
        *("connected", "disconnected", "connected", "disconnected")
    ]


async def test_requests_fail_by_name(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("deaf", lambda messages: None):
            with pytest.raises(NoResponders):
                await bridge.request("nobody.there")
            with pytest.raises(TimedOut, match=r"deaf: no answer within 0\.05 s"):
                await bridge.request("deaf", within_s=0.05)


async def test_what_runs_over_there_ends_with_its_connection(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            connection = await bridge.connection()

            async def never(client: Client) -> NoReturn:
                while True:
                    subscription = await client.subscribe("nothing")
                    await subscription.next_msg(timeout=1000)

            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def ask() -> None:
                    with pytest.raises(NotConnected):
                        await connection.run(never)

                await trio.testing.wait_all_tasks_blocked()
                server.kill()


async def test_results_and_errors_come_back(tmp_path: Path) -> None:
    async def double(client: Client, number: int) -> int:
        assert threading.current_thread() is not threading.main_thread()
        return number * 2

    async def fail(client: Client) -> NoReturn:
        raise LookupError("over there")

    async def refuse(client: Client) -> NoReturn:
        raise nats.errors.BadSubjectError

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            connection = await bridge.connection()
            assert await connection.run(double, 21) == 42
            with pytest.raises(LookupError, match="over there"):
                await connection.run(fail)
            with pytest.raises(nats.errors.BadSubjectError):
                await connection.run(refuse)


async def test_who_is_cancelled_does_not_wait_and_it_is_cancelled_over_there(tmp_path: Path) -> None:
    ended = threading.Event()

    async def never(client: Client) -> None:
        subscription = await client.subscribe("nothing")
        try:
            await subscription.next_msg(timeout=1000)
        finally:
            ended.set()

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            connection = await bridge.connection()
            with trio.move_on_after(0.05) as scope:
                await connection.run(never)
            assert scope.cancelled_caught
            await until(ended.is_set)


@pytest.mark.slow
async def test_what_was_handed_over_is_sent_before_the_end(tmp_path: Path) -> None:
    count = 20_000

    async def listen(client: Client) -> int:
        subscription = await client.subscribe("a")
        await client.flush()
        ready.set()
        for number in range(count):
            assert (await subscription.next_msg(10)).data == b"%d" % number
        return count

    ready = threading.Event()
    got: list[int] = []
    with nats_server(tmp_path) as server:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def hear() -> None:
                got.append(await plainly(server, listen))

            await until(ready.is_set)
            async with linked(server) as bridge:
                for first in range(0, count, 100):
                    bridge.publish([("a", b"%d" % number) for number in range(first, first + 100)])
            assert bridge.backlog == 0
    assert got == [count]


async def test_room_is_waited_for(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            bridge.publish([("a", b"x" * 100)] * 50_000)
            assert bridge.backlog == 50_000
            with trio.fail_after(SOON_S):
                await bridge.room(1_000)
            assert bridge.backlog < 1_000


async def test_requests_overtake_what_waits(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            with pytest.raises(NoResponders):
                await bridge.request("nobody")  # so that its inbox is there
            for _ in range(400):  # together less than what nats-py would stop for by itself
                bridge.publish([("a", b"0123456789")] * 100)
            with pytest.raises(NoResponders):
                await bridge.request("nobody", within_s=SOON_S)
            assert bridge.backlog > 10_000


@pytest.mark.slow
async def test_a_server_that_stands_still_is_left_and_the_end_is_bounded(tmp_path: Path) -> None:
    changes: list[LinkChange] = []
    with nats_server(tmp_path) as server:
        with trio.fail_after(SOON_S):
            async with linked(server, changes) as bridge:
                server.pause()
                for _ in range(200):
                    bridge.publish([("a", b"x" * 1000)] * 100)
                await until(lambda: bridge.there.done > 0)
        server.resume()
        assert bridge.backlog == 0
        assert bridge.dropped > 0
    assert what(changes) == ["connected", "disconnected"]


@pytest.mark.slow
async def test_a_server_that_stands_still_is_noticed(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        options, limits = NatsOptions(urls=(server.url,)), QUICK._replace(ping_s=1, connect_s=1)
        async with bridged(options, limits=limits) as bridge:
            connection = await bridge.connection()
            server.pause()
            for _ in range(200):  # more than goes into the socket: closing it in order cannot work
                bridge.publish([("a", b"x" * 1000)] * 100)
            with trio.fail_after(SOON_S):
                await connection.over.wait()
            await until(lambda: bridge.backlog == 0)
            assert bridge.dropped > 0
            server.resume()
            with trio.fail_after(SOON_S):
                assert await bridge.connection() is not connection


@pytest.mark.slow
async def test_what_a_callback_raises_ends_the_bridge(tmp_path: Path) -> None:
    def fail(messages: list[Message]) -> None:
        raise LookupError("a bug")

    with (
        nats_server(tmp_path) as server,
        pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="a bug"), flatten_subgroups=True),
    ):
        async with linked(server) as bridge, bridge.subscribed("a", fail):
            bridge.publish([("a", b"")])
            await trio.sleep(SOON_S)


async def test_several_servers_are_tried_in_turn(tmp_path: Path) -> None:
    with nats_server(tmp_path / "one") as one, nats_server(tmp_path / "two") as two:
        changes: list[LinkChange] = []
        options = NatsOptions(urls=(one.url, two.url))
        async with bridged(options, changes.append, limits=QUICK) as bridge:
            await bridge.connection()
            one.kill()
            await until(lambda: bridge.connections == 2 and bridge.connected)
        connected = [change.text for change in changes if change.what == "connected"]
        assert connected == [f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"]


async def test_what_the_server_does_not_permit_is_told_and_harms_nothing_else(tmp_path: Path) -> None:
    users = (
        'no_auth_user: u\nauthorization { users: [{user: u, password: p, permissions: {publish: "ok.>"}}] }'
    )
    changes: list[LinkChange] = []
    with nats_server(tmp_path, users) as server:
        async with linked(server, changes) as bridge:
            bridge.publish([("forbidden", b"")])
            await until(lambda: len(changes) == 2)
            assert bridge.connected
            assert bridge.connections == 1
    assert what(changes) == ["connected", "trouble", "disconnected"]
    assert 'permissions violation for publish to "forbidden"' in changes[1].text
