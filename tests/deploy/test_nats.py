"""deploy/nats: the server starts with it, and each user may do what it needs and no more."""

import asyncio
import subprocess
from collections.abc import Coroutine, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import nats.errors
import nats.micro
import pytest
import trio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig
from nats.micro.request import Request

from oms.bus.bridge import bridged
from oms.bus.heads import publish_head, read_heads
from oms.bus.options import NatsOptions
from oms.bus.queue import Queued, Unreadable, consume
from oms.bus.queue_keeper import QueueState
from oms.bus.queue_stream import look
from oms.bus.replies import publish_reply
from oms.bus.service import Endpoint, serve
from oms.bus.told import LinkChange
from oms.commands.reading import Unreadable as UnreadableCommand
from oms.commands.reading import read
from oms.domain.commands import VERBS
from oms.domain.events.command import Reason
from tests.bus.scene import SOON_S, until
from tests.bus.test_service import Answer
from tests.nats import BINARY

from .server import PASSWORDS, VARIABLES, Wire, adapted, environment, running, settled, user

AUDIT = "audit.API"
EVENT = "oms.v1.evt.main.deal.booked.EURUSD"
MARKET = [f"oms.v1.{kind}.main.EURUSD" for kind in ("tick", "book", "stat")] + ["oms.v1.ticks.main"]

MAY_PUBLISH = {
    "oms": [EVENT, *MARKET, "oms.v1.head.main", "oms.v1.dead.main", "oms.v1.reply.desk.x", "_R_.x"],
    "trader": [
        *("oms.v1.cmd.main.submit.desk", "oms.v1.queue.net.close.desk", "$SRV.INFO.oms"),
        "oms.v1.ctl.main.alive.desk",
    ],
    "operator": [
        *("oms.v1.ctl.main.halt", "oms.v1.ctl._daemon.panic", "oms.v1.ctl.main.alive.desk", "$SRV.INFO.oms")
    ],
    "reader": ["oms.v1.query.main.positions", "$SRV.PING", "$SRV.STATS.oms"],
    "auditor": ["audit.API.CONSUMER.MSG.NEXT.OMS_EVT_main.replay"],
}
MAY_NOT_PUBLISH = {
    "oms": [
        *("oms.v1.cmd.main.submit", "oms.v1.queue.main.submit", "oms.v1.query.main.state", "elsewhere"),
        *("oms.v1.ctl.main.resume", "oms.v1.reply", "_INBOX.x"),
        *("$JS.API.STREAM.DELETE.OMS_EVT_main", "$JS.API.STREAM.PURGE.OMS_EVT_main"),
        *("$JS.API.STREAM.UPDATE.OMS_EVT_main", "$JS.API.STREAM.MSG.DELETE.OMS_EVT_main"),
        *("$JS.API.STREAM.PURGE.OMS_QUEUE_main", "$JS.API.CONSUMER.DELETE.OMS_QUEUE_main.opening"),
        "$JS.API.STREAM.DELETE.OMS_DEAD",
    ],
    "trader": [
        *(EVENT, *MARKET, "oms.v1.ctl.main.halt", "oms.v1.head.main", "oms.v1.query.main.state", "_INBOX.x"),
        *("oms.v1.cmd.main.submit.other", "oms.v1.queue.main.submit.other", "oms.v1.cmd.main.a.b.desk"),
        *("oms.v1.ctl.main.alive", "oms.v1.ctl.main.alive.other", "oms.v1.ctl.main.halt.desk"),
        *("oms.v1.cmd.main.submit", "oms.v1.queue.main.close"),  # whose client the payload would say
        *("oms.v1.reply.desk.x", "oms.v1.dead.main", "$SRV.PING.oms"),
        *("$JS.API.INFO", "$JS.API.STREAM.DELETE.OMS_EVT_main", "$SYS.REQ.SERVER.PING"),
    ],
    "operator": [
        *(EVENT, *MARKET, "oms.v1.cmd.main.submit", "oms.v1.queue.main.close", "oms.v1.query.main.state"),
        *("oms.v1.ctl.main", "oms.v1.ctl.main.halt.x.y", "oms.v1.dead.main", "$JS.API.INFO", "_INBOX.x"),
    ],
    "reader": [
        *(EVENT, *MARKET, "oms.v1.cmd.main.submit", "oms.v1.queue.main.submit", "oms.v1.ctl.main.halt"),
        *("oms.v1.cmd.main.submit.desk", "oms.v1.reply.desk.x", "oms.v1.dead.main"),
        *("$JS.API.INFO", "$JS.API.CONSUMER.CREATE.OMS_QUEUE_main", "_INBOX.x"),
    ],
    "auditor": [
        *(EVENT, *MARKET, "oms.v1.cmd.main.submit", "oms.v1.queue.main.submit", "oms.v1.query.main.state"),
        *("oms.v1.cmd.main.submit.desk", "oms.v1.ctl.main.halt", "oms.v1.dead.main"),
        *("$JS.API.INFO", "$JS.API.STREAM.DELETE.OMS_EVT_main", "_INBOX.x"),
    ],
}
MAY_SUBSCRIBE = {
    "oms": ["oms.v1.cmd.main.>", "oms.v1.ctl.main.>", "oms.v1.query.main.>", "$SRV.PING", "_INBOX.abc.*"],
    "trader": ["_INBOX.abc.*", "oms.v1.reply.desk.>", "oms.v1.reply.desk.7f3c"],
    "operator": ["_INBOX.abc.*", "oms.v1.dead.*", "oms.v1.dead.main"],
    "reader": [EVENT, "oms.v1.evt.>", *MARKET, "oms.v1.tick.>", "oms.v1.head.>", "_INBOX.abc.*"],
    "auditor": ["_INBOX.abc.*"],
}
MAY_NOT_SUBSCRIBE = {
    "oms": [">", "oms.v1.>", "$JS.>"],
    "trader": [
        *(">", "oms.v1.cmd.>", "oms.v1.queue.>", "oms.v1.evt.>", "oms.v1.tick.>", "$SRV.PING"),
        *("oms.v1.reply.>", "oms.v1.reply.other.>", "oms.v1.dead.>"),
    ],
    "operator": [">", "oms.v1.ctl.>", "oms.v1.cmd.>", "oms.v1.evt.>", "oms.v1.reply.>", "$SRV.PING"],
    "reader": [">", "oms.v1.>", "oms.v1.cmd.>", "oms.v1.query.>", "oms.v1.reply.>", "$SRV.PING"],
    "auditor": [">", "oms.v1.evt.>", "oms.v1.queue.>", "oms.v1.reply.>", "$JS.API.>"],
}
# What an auditor may say, and nothing answers to.
NOT_FOR_AUDITORS = [
    *("STREAM.CREATE.OTHER", "STREAM.UPDATE.OMS_EVT_main", "STREAM.DELETE.OMS_EVT_main"),
    *("STREAM.PURGE.OMS_EVT_main", "STREAM.MSG.DELETE.OMS_EVT_main", "STREAM.MSG.GET.OMS_QUEUE_main"),
    *("CONSUMER.CREATE.OMS_QUEUE_main.thief", "CONSUMER.DURABLE.CREATE.OMS_QUEUE_main.thief"),
    *("CONSUMER.MSG.NEXT.OMS_QUEUE_main.opening", "CONSUMER.DELETE.OMS_QUEUE_main.opening"),
    *("STREAM.DELETE.OMS_DEAD", "STREAM.PURGE.OMS_DEAD", "STREAM.MSG.DELETE.OMS_DEAD"),
]
USERS = sorted(MAY_PUBLISH)


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    with running(tmp_path) as ports:
        yield ports


@pytest.fixture
def url(ports: dict[str, list[str]]) -> str:
    (url,) = ports["nats"]
    return url


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 20))


@pytest.mark.parametrize("name", USERS)
def test_what_a_user_may_and_may_not(name: str, url: str) -> None:
    publish = [*MAY_PUBLISH[name], *MAY_NOT_PUBLISH[name]]
    subscribe = [*MAY_SUBSCRIBE[name], *MAY_NOT_SUBSCRIBE[name]]
    with Wire(url, name, PASSWORDS[name]) as wire:
        published = {subject: wire.publish(subject) for subject in publish}
        subscribed = {subject: wire.subscribe(subject) for subject in subscribe}
    assert [subject for subject, refused in published.items() if not refused] == MAY_PUBLISH[name]
    assert [subject for subject, refused in subscribed.items() if not refused] == MAY_SUBSCRIBE[name]
    refusals = [refused for refused in (*published.values(), *subscribed.values()) if refused]
    assert all(refused.startswith("'Permissions Violation for ") for refused in refusals)


def refused_all(url: str, name: str, subjects: list[str]) -> bool:
    """Whether the server refuses a user each of them."""
    with Wire(url, name, PASSWORDS[name]) as wire:
        return all(wire.publish(one).startswith("'Permissions Violation for Publish") for one in subjects)


@pytest.mark.parametrize("name", ["reader", "auditor", "operator"])
def test_a_reader_cannot_trade(name: str, url: str) -> None:
    """Nor can anybody else but a trader, by any verb, directly or through the queue."""
    commands = [f"oms.v1.{way}.main.{verb}{client}" for way in ("cmd", "queue") for verb in VERBS
                for client in ("", ".desk", f".{name}")]  # fmt: skip
    assert refused_all(url, name, commands)


def test_a_trader_cannot_speak_for_another_client(url: str) -> None:
    """By the subject; and by the payload neither: without a client in the subject nothing is let through."""
    clients = ("", ".other", ".default", ".desk.other")
    ways = [f"oms.v1.{way}.{account}.{verb}{client}" for way in ("cmd", "queue") for verb in VERBS
            for account in ("main", "net") for client in clients]  # fmt: skip
    assert refused_all(url, "trader", ways)
    said = b'{"symbol": "EURUSD", "side": "buy", "volume": "0.10", "client": "other"}'
    with pytest.raises(UnreadableCommand) as caught:
        read("submit.desk", said, {}, require_client_subject=False)
    assert [one.code for one in caught.value.reasons] == ["client_mismatch"]


@pytest.mark.parametrize("name", [one for one in USERS if one != "oms"])
def test_nobody_but_the_daemon_publishes_events(name: str, url: str) -> None:
    """Nor market data, heads and outcomes; what goes into a stream or out of it is the daemon's alone."""
    subjects = [EVENT, "oms.v1.evt.main.x", "oms.v1.evt._daemon.daemon.started", *MARKET, "oms.v1.head.main"]
    outcomes = ["oms.v1.reply.desk.x", "oms.v1.dead.main"]
    streams = [f"$JS.API.STREAM.{do}.OMS_EVT_main" for do in ("CREATE", "UPDATE", "DELETE", "PURGE")]
    assert refused_all(url, name, [*subjects, *outcomes, *streams])


@pytest.mark.parametrize(("name", "password"), [("oms", "wrong"), ("trader", PASSWORDS["oms"]), ("", "")])
def test_only_those_who_know_a_password_come_in(name: str, password: str, url: str) -> None:
    with Wire(url, name, password) as wire:
        assert wire.connect() == "'Authorization Violation'"


def test_questions_are_answered_across_accounts_and_nobody_there_is_told_at_once(url: str) -> None:
    async def scene() -> None:
        async with (
            user(url, "oms") as (oms, oms_refused),
            user(url, "trader") as (trader, trader_refused),
            user(url, "reader") as (reader, reader_refused),
        ):
            service = await nats.micro.add_service(oms, name="oms", version="1.0.0")

            async def answer(request: Request) -> None:
                await request.respond(request.subject.encode())

            await service.add_endpoint(name="cmd-main", subject="oms.v1.cmd.main.>", handler=answer)
            await service.add_endpoint(name="query-main", subject="oms.v1.query.main.>", handler=answer)
            await settled(oms)
            submitted = await trader.request("oms.v1.cmd.main.submit.desk", b"{}", timeout=5)
            asked = await reader.request("oms.v1.query.main.state", b"{}", timeout=5)
            pinged = await reader.request("$SRV.PING.oms", timeout=5)
            assert submitted.data == b"oms.v1.cmd.main.submit.desk"
            assert asked.data == b"oms.v1.query.main.state"
            assert b'"name":"oms"' in pinged.data.replace(b" ", b"")
            for who, subject in ((trader, "cmd.nobody.submit.desk"), (reader, "query.nobody.state")):
                with pytest.raises(nats.errors.NoRespondersError):
                    await who.request(f"oms.v1.{subject}", b"{}", timeout=5)
            await service.stop()
            assert oms_refused == trader_refused == reader_refused == []

    run(scene())


async def streams_made(oms: Client) -> None:
    """Those of events and of commands, as the daemon makes them."""
    events = StreamConfig(
        name="OMS_EVT_main", subjects=["oms.v1.evt.main.>"], deny_delete=True, deny_purge=True
    )
    await oms.jetstream().add_stream(events)
    await look(oms, "oms.v1", "main", 1, None, ack_wait_s=10.0, within_s=5.0)


def test_the_auditor_replays_what_the_daemon_wrote_and_the_reader_hears_it(url: str) -> None:
    async def scene() -> None:
        async with (
            user(url, "oms") as (oms, oms_refused),
            user(url, "auditor") as (auditor, auditor_refused),
            user(url, "reader") as (reader, reader_refused),
        ):
            await streams_made(oms)
            heard: list[Msg] = []

            async def hear(message: Msg) -> None:
                heard.append(message)

            await reader.subscribe("oms.v1.evt.main.>", cb=hear)
            await settled(reader)
            for seq in (1, 2, 3):
                body, fence = b'{"seq":%d}' % seq, {"Nats-Expected-Last-Sequence": str(seq - 1)}
                ack = await oms.jetstream().publish(EVENT, body, headers=fence)
                assert ack.seq == seq
            last = await oms.jetstream().get_msg("OMS_EVT_main", 3)
            assert last.data == b'{"seq":3}'

            wanted = [b'{"seq":1}', b'{"seq":2}', b'{"seq":3}']
            js = auditor.jetstream(prefix=AUDIT)
            pull = await js.pull_subscribe("oms.v1.evt.main.>", durable="replay", stream="OMS_EVT_main")
            pulled = await pull.fetch(3, timeout=5)
            for message in pulled:
                await message.ack_sync(timeout=5)
            assert [message.data for message in pulled] == wanted
            assert (await js.get_msg("OMS_EVT_main", 2)).data == wanted[1]
            assert [message.data for message in heard] == wanted
            await js.delete_consumer("OMS_EVT_main", "replay")
            assert oms_refused == auditor_refused == reader_refused == []

    run(scene())


def test_a_queued_command_is_taken_by_nobody_but_the_daemon(url: str) -> None:
    async def scene() -> None:
        async with (
            user(url, "oms") as (oms, oms_refused),
            user(url, "trader") as (trader, trader_refused),
            user(url, "auditor") as (auditor, auditor_refused),
        ):
            await streams_made(oms)
            ack = await trader.request("oms.v1.queue.main.submit.desk", b"command", timeout=5)
            assert b'"stream":"OMS_QUEUE_main"' in ack.data
            with pytest.raises(nats.errors.NoRespondersError):
                await trader.request("oms.v1.queue.main.sumbit.desk", b"mistyped", timeout=5)
            for call in NOT_FOR_AUDITORS:
                with pytest.raises(nats.errors.NoRespondersError):
                    await auditor.request(f"{AUDIT}.{call}", b"{}", timeout=5)
            assert (await oms.jetstream().stream_info("OMS_QUEUE_main")).state.messages == 1
            assert trader_refused == oms_refused == auditor_refused == []

    run(scene())


class Open:
    """A gate that is never closed."""

    closed = False

    async def open(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.mark.trio
async def test_the_daemon_can_do_all_that_commands_need(url: str) -> None:
    """Its own code with its own user: answer, take from the queue, send outcomes, write dead letters."""
    changes: list[LinkChange] = []
    told: list[QueueState] = []

    async def answer(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        return Answer(what.encode())

    async def trade() -> None:
        async with (
            user(url, "trader") as (trader, trader_refused),
            user(url, "operator") as (operator, operator_refused),
            user(url, "auditor") as (auditor, auditor_refused),
        ):
            outcomes = await trader.subscribe("oms.v1.reply.desk.>")
            dead = await operator.subscribe("oms.v1.dead.*")
            await settled(trader)
            await settled(operator)
            done = await trader.request("oms.v1.cmd.main.submit.desk", b"", timeout=5)
            halted = await operator.request("oms.v1.ctl.main.halt", b"", timeout=5)
            alive = await trader.request("oms.v1.ctl.main.alive.desk", b"", timeout=5)
            assert (done.data, halted.data, alive.data) == (b"submit.desk", b"halt", b"alive.desk")
            for client in (trader, operator):
                info = await client.request("$SRV.INFO.oms", timeout=5)
                assert b"oms.v1.cmd.main.>" in info.data
            for verb, payload in (("submit", b"1"), ("submit", b"{"), ("close", b"2")):
                subject = f"oms.v1.queue.main.{verb}.desk"
                headers = {"Oms-Reply": f"oms.v1.reply.desk.{verb}"}
                ack = await trader.request(subject, payload, timeout=5, headers=headers)
                assert b'"stream":"OMS_QUEUE_main"' in ack.data
            heard = sorted([(await outcomes.next_msg(5)).subject, (await outcomes.next_msg(5)).subject])
            assert heard == ["oms.v1.reply.desk.close", "oms.v1.reply.desk.submit"]
            letter = await dead.next_msg(5)
            assert (letter.subject, letter.data) == ("oms.v1.dead.main", b"{")
            js = auditor.jetstream(prefix=AUDIT)
            pull = await js.pull_subscribe("oms.v1.dead.*", durable="read", stream="OMS_DEAD")
            (read,) = await pull.fetch(1, timeout=5)
            await read.ack_sync(timeout=5)
            assert (read.data, (await js.get_msg("OMS_DEAD", 1)).data) == (b"{", b"{")
            await js.delete_consumer("OMS_DEAD", "read")
            assert trader_refused == operator_refused == auditor_refused == []

    options = NatsOptions(urls=(url,), user="oms", password=PASSWORDS["oms"])
    async with bridged(options, changes.append) as bridge, trio.open_nursery() as nursery:

        async def handle(queued: Queued) -> None:
            if queued.payload == b"{":
                raise Unreadable([Reason("malformed")])
            assert queued.reply_to is not None
            assert publish_reply(bridge, queued.reply_to, b"outcome", {})

        gates = {"opening": Open(), "closing": Open()}
        nursery.start_soon(partial(consume, bridge, "main", handle, gates=gates, told=told.append))
        endpoints = [Endpoint("cmd", "main", answer), Endpoint("ctl", "main", answer)]
        nursery.start_soon(partial(serve, bridge, endpoints, version="1.2.3"))
        await until(lambda: told)  # the service was begun before the queue stood
        with trio.fail_after(SOON_S):
            await trio.to_thread.run_sync(run, trade())
        nursery.cancel_scope.cancel()
    assert told == [QueueState(ready=True)]
    assert [change.what for change in changes] == ["connected", "disconnected"]  # and no refusal between


@pytest.mark.trio
async def test_heads_that_the_daemon_publishes_are_read_by_the_auditor(url: str) -> None:
    said = [NatsOptions(urls=(url,), user=name, password=PASSWORDS[name]) for name in ("oms", "auditor")]
    changes: list[LinkChange] = []
    async with bridged(said[0], changes.append) as daemon, bridged(said[1], changes.append) as auditor:
        with trio.fail_after(SOON_S):
            for line in (b"1", b"2"):
                await publish_head(await daemon.connection(), "main", line)
            assert await read_heads(await auditor.connection(), api=AUDIT) == [b"1", b"2"]
    assert {change.what for change in changes} == {"connected", "disconnected"}  # and no refusal between


def test_no_answer_can_be_led_into_the_stream_of_events(url: str) -> None:
    """A user who names a subject of the stream as the place to answer to: it is one of its own account."""

    async def scene() -> None:
        async with (
            user(url, "oms") as (oms, _),
            user(url, "trader") as (trader, _),
            user(url, "reader") as (reader, _),
            user(url, "auditor") as (auditor, _),
        ):
            await streams_made(oms)
            asked: asyncio.Queue[Msg] = asyncio.Queue()

            async def answer(request: Msg) -> None:
                await request.respond(b"answer")
                asked.put_nowait(request)

            await oms.subscribe("oms.v1.cmd.main.>", cb=answer)
            await oms.subscribe("oms.v1.query.main.>", cb=answer)
            await settled(oms)
            before = (await oms.jetstream().stream_info("OMS_EVT_main")).state.last_seq
            await trader.publish("oms.v1.queue.main.submit.desk", b"{}", reply=EVENT)
            await trader.publish("oms.v1.cmd.main.submit.desk", b"{}", reply=EVENT)
            await reader.publish("oms.v1.query.main.state", b"{}", reply=EVENT)
            await auditor.publish(f"{AUDIT}.STREAM.INFO.OMS_EVT_main", b"", reply=EVENT)
            for client in (trader, reader, auditor):
                await settled(client)
            assert {(await asked.get()).subject, (await asked.get()).subject} == {
                "oms.v1.cmd.main.submit.desk",
                "oms.v1.query.main.state",
            }
            await settled(oms)
            await asyncio.sleep(0.1)
            assert (await oms.jetstream().stream_info("OMS_EVT_main")).state.last_seq == before

    run(scene())


def test_it_listens_on_this_machine_only(ports: dict[str, list[str]]) -> None:
    for urls in (ports["nats"], ports["monitoring"]):
        assert [one.rpartition(":")[0].rpartition("/")[2] for one in urls] == ["127.0.0.1"]


@pytest.mark.parametrize("missing", sorted(VARIABLES))
def test_without_one_of_the_passwords_it_does_not_start(missing: str, tmp_path: Path) -> None:
    environ = {name: value for name, value in environment().items() if name != missing}
    command: list[str | Path] = [BINARY, "-t", "-c", adapted(tmp_path)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert missing in done.stderr
