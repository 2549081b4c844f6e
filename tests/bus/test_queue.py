"""The durable queue against a real server: nothing lost, one at a time, in order, whatever ends meanwhile."""

import json
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import nats.errors
import pytest
import trio
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from oms.bus.bridge import Bridge
from oms.bus.queue import NotNow, Queued, Unreadable, consume
from oms.bus.queue_keeper import Pace, QueueState
from oms.domain.events.command import Reason
from tests.bus.scene import SOON_S, Stored, linked, plainly, stored, until
from tests.nats import Server, nats_server

pytestmark = [pytest.mark.trio, pytest.mark.slow]
PACE = Pace(ack_wait_s=30.0, every_s=0.2, longest_pause_s=0.2)
STREAM = "OMS_QUEUE_main"
QUEUE = "oms.v1.queue.main"
CLOSING = ("cancel", "cancel_all", "close", "close_all", "close_by")
OPENING = ("modify", "submit")


class Door:
    """A gate that a test opens and closes."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self._moved = trio.Event()

    def move(self, *, closed: bool) -> None:
        self.closed = closed
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def open(self) -> None:
        while self.closed:
            await self._moved.wait()


class Came(NamedTuple):
    """What a handler was given."""

    what: str
    payload: bytes
    reply_to: str | None = None
    redelivered: bool = False
    headers: Mapping[str, str] = {}


class Desk:
    """A handler that notes what came, and then does what a test says."""

    def __init__(self, then: Callable[[Came], Awaitable[None]] | None = None) -> None:
        self.came: list[Came] = []
        self.done: list[Came] = []
        self.times: list[str] = []
        self.at_work = {"closing": 0, "opening": 0}
        self.most = dict(self.at_work)
        self.states: list[QueueState] = []
        self.opening, self.closing = Door(), Door()
        self._then = then

    @property
    def whats(self) -> list[str]:
        return [one.what for one in self.came]

    @property
    def payloads(self) -> list[bytes]:
        return [one.payload for one in self.came]

    @property
    def state(self) -> QueueState:
        return self.states[-1] if self.states else QueueState()

    async def handle(self, queued: Queued) -> None:
        self.times.append(queued.queued_at)
        kind = "closing" if queued.what.partition(".")[0] in CLOSING else "opening"
        self.at_work[kind] += 1
        self.most[kind] = max(self.most[kind], self.at_work[kind])
        came = Came(*(queued.what, queued.payload, queued.reply_to, queued.redelivered), dict(queued.headers))
        self.came.append(came)
        try:
            if self._then is not None:
                await self._then(came)
        finally:
            self.at_work[kind] -= 1
        self.done.append(came)


@asynccontextmanager
async def working(
    bridge: Bridge, desk: Desk, pace: Pace = PACE, *, prefix: str = "oms.v1"
) -> AsyncIterator[None]:
    """The queue of account main at work, from when it stands."""
    gates = {"opening": desk.opening, "closing": desk.closing}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            partial(
                consume,
                bridge,
                "main",
                desk.handle,
                gates=gates,
                prefix=prefix,
                told=desk.states.append,
                pace=pace,
            )
        )
        await until(lambda: desk.states)
        yield
        nursery.cancel_scope.cancel()


async def send(server: Server, *commands: tuple[str, bytes], **options: Any) -> None:
    """What a trader does: publish, and have each acknowledged by the stream."""

    async def use(client: Client) -> None:
        for what, payload in commands:
            await client.jetstream().publish(f"{QUEUE}.{what}", payload, **options)

    await plainly(server, use)


async def send_anew(server: Server, *commands: tuple[str, bytes]) -> None:
    """The same to a stream that was made a moment ago.

    The server may swallow what comes while it takes down the one before, so what is not acknowledged is said
    again under its name, as traders do.
    """
    for what, payload in commands:
        named = {"headers": {"Nats-Msg-Id": payload.decode()}, "timeout": 2.0}
        acknowledged = False
        with trio.fail_after(SOON_S):
            while not acknowledged:
                with suppress(nats.errors.TimeoutError):
                    await send(server, (what, payload), **named)
                    acknowledged = True


async def waiting(server: Server) -> int:
    """Commands that the stream still holds."""

    async def use(client: Client) -> int:
        return (await client.jetstream().stream_info(STREAM)).state.messages

    return await plainly(server, use)


async def until_it(ask: Callable[[], Awaitable[object]], says: object) -> None:
    """Wait until somebody who is asked says so."""
    with trio.fail_after(SOON_S):
        while await ask() != says:  # noqa: ASYNC110 - of a server
            await trio.sleep(0.01)


async def gone(server: Server) -> None:
    """The stream holds no command."""
    await until_it(lambda: waiting(server), 0)


def commands(what: str, *numbers: int) -> list[tuple[str, bytes]]:
    return [(what, b"%d" % number) for number in numbers]


def given(numbers: range) -> list[bytes]:
    return [b"%d" % number for number in numbers]


async def test_commands_come_in_their_order_with_all_they_say(tmp_path: Path) -> None:
    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", *range(20)))
            headers = {"Oms-Reply": "desk.outcomes", "Content-Type": "application/json"}
            await send(server, ("modify.desk", b"{}"), headers=headers)
            await gone(server)
    assert desk.payloads == [*given(range(20)), b"{}"]
    assert {(one.what, one.reply_to, one.redelivered) for one in desk.came[:20]} == {("submit", None, False)}
    assert desk.came[20] == Came("modify.desk", b"{}", "desk.outcomes", False, headers)
    assert desk.most["opening"] == 1
    assert [state for state in desk.states if state.ready] == [QueueState(ready=True)]


async def test_a_command_says_when_the_stream_took_it(tmp_path: Path) -> None:
    async def stored_at(client: Client) -> list[str]:
        found = []
        for seq in range(1, 11):
            answer = await client.request(f"$JS.API.STREAM.MSG.GET.{STREAM}", b'{"seq":%d}' % seq)
            found.append(json.loads(answer.data)["message"]["time"])
        return found

    desk = Desk()
    desk.opening.move(closed=True)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", *range(10)))
            times = await plainly(server, stored_at)
            desk.opening.move(closed=False)
            await gone(server)
    # Go leaves zeros at the end out.
    assert desk.times == [f"{one.rstrip('Z'):0<29}Z" for one in times]
    assert desk.times == sorted(desk.times)


async def test_what_takes_risk_away_overtakes(tmp_path: Path) -> None:
    go_on = trio.Event()

    async def wait(came: Came) -> None:
        if came.what == "submit":
            await go_on.wait()

    desk = Desk(wait)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1, 2), *[(f"{verb}.desk", b"") for verb in CLOSING])
            await until(lambda: len(desk.done) == len(CLOSING))
            assert sorted(desk.whats) == sorted(["submit", *(f"{verb}.desk" for verb in CLOSING)])
            assert [what for what in desk.whats if what != "submit"] == [f"{verb}.desk" for verb in CLOSING]
            go_on.set()
            await gone(server)
    assert [one.payload for one in desk.came if one.what == "submit"] == [b"1", b"2"]
    assert desk.most == {"closing": 1, "opening": 1}


async def test_a_command_is_acknowledged_when_its_handler_returns(tmp_path: Path) -> None:
    go_on = trio.Event()

    async def wait(came: Came) -> None:
        await go_on.wait()

    desk = Desk(wait)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1, 2))
            await until(lambda: desk.came)
            await trio.sleep(0.1)
            assert (await waiting(server), desk.payloads) == (2, [b"1"])  # and the second is not in hand
            go_on.set()
            await gone(server)
    assert desk.payloads == [b"1", b"2"]


DAEMON = """
import sys, trio
from oms.bus.bridge import bridged
from oms.bus.options import NatsOptions
from oms.bus.queue import consume
from oms.bus.queue_keeper import Pace

class Open:
    closed = False
    async def open(self): await trio.sleep(0)

async def handle(queued):
    print(queued.what, queued.payload.decode(), queued.redelivered, flush=True)
    await trio.sleep_forever()

async def main():
    async with bridged(NatsOptions(urls=(sys.argv[1],))) as bridge:
        gates = {"opening": Open(), "closing": Open()}
        await consume(bridge, "main", handle, gates=gates, pace=Pace(ack_wait_s=1.0))

trio.run(main)
"""


@pytest.mark.slow
async def test_tc_d3_what_was_in_hand_when_the_daemon_was_killed_comes_again(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server:
        (tmp_path / "daemon.py").write_text(textwrap.dedent(DAEMON))
        root = str(Path(__file__).parent.parent.parent)
        daemon = subprocess.Popen(  # noqa: ASYNC220 - it is only begun here
            [sys.executable, tmp_path / "daemon.py", server.url],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": root},
        )
        try:
            assert daemon.stdout is not None
            with trio.fail_after(SOON_S):
                while True:
                    try:
                        await send(server, *commands("submit", 1, 2))
                    except NoStreamResponseError:
                        await trio.sleep(0.05)
                    else:
                        break
                assert await trio.to_thread.run_sync(daemon.stdout.readline) == b"submit 1 False\n"
        finally:
            daemon.kill()
            daemon.communicate()
        desk = Desk()
        async with linked(server) as bridge, working(bridge, desk, PACE._replace(ack_wait_s=1.0)):
            await gone(server)
    assert desk.came == [Came("submit", b"1", redelivered=True), Came("submit", b"2")]


async def test_what_is_in_hand_at_the_end_is_given_back_at_once(tmp_path: Path) -> None:
    async def never(came: Came) -> None:
        await trio.sleep_forever()

    first, second = Desk(never), Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, first):
            await send(server, *commands("submit", 1, 2))
            await until(lambda: first.came)
        async with linked(server) as bridge, working(bridge, second):  # 30 s it would be otherwise
            await gone(server)
    assert second.came == [Came("submit", b"1", redelivered=True), Came("submit", b"2")]


@pytest.mark.slow
async def test_while_a_handler_works_nobody_else_gets_its_command(tmp_path: Path) -> None:
    go_on = trio.Event()

    async def wait(came: Came) -> None:
        await go_on.wait()

    async def steal(client: Client) -> list[bytes]:
        pull = await client.jetstream().pull_subscribe_bind("opening", stream=STREAM)
        try:
            return [message.data for message in await pull.fetch(1, timeout=2)]
        except nats.errors.TimeoutError:
            return []

    desk = Desk(wait)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk, PACE._replace(ack_wait_s=0.6)):
            await send(server, *commands("submit", 1))
            await until(lambda: desk.came)
            assert await plainly(server, steal) == []
            go_on.set()
            await gone(server)
    assert desk.came == [Came("submit", b"1")]


async def test_a_handler_goes_on_when_the_server_dies_and_is_acknowledged_afterwards(tmp_path: Path) -> None:
    go_on = trio.Event()

    async def wait(came: Came) -> None:
        await go_on.wait()

    desk = Desk(wait)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1, 2))
            await until(lambda: desk.came)
            server.kill()
            await until(lambda: not bridge.connected)
            await until(lambda: desk.state == QueueState(text="NATS is away"))
            go_on.set()
            await until(lambda: desk.done)
            await trio.to_thread.run_sync(server.start)
            await gone(server)
            assert desk.state == QueueState(ready=True)
    assert desk.came == [Came("submit", b"1"), Came("submit", b"2")]


@pytest.mark.slow
async def test_nothing_is_lost_or_disordered_while_the_server_is_killed(tmp_path: Path) -> None:
    async def work(came: Came) -> None:
        await trio.sleep(0.005)

    desk, count = Desk(work), 100
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk, PACE._replace(ack_wait_s=1.0)):
            await send(server, *commands("submit", *range(count)))
            for enough in (20, 40, 60):
                await until(lambda: len(desk.done) > enough)  # noqa: B023 - waited for here
                await trio.to_thread.run_sync(server.kill)
                await trio.to_thread.run_sync(server.start)
            await gone(server)
    firsts = list(dict.fromkeys(desk.payloads))
    assert firsts == given(range(count))
    # What was in hand or acknowledged just before a kill: the server had not written that down either.
    assert len(desk.came) - count <= 15


async def test_a_closed_gate_lets_nothing_through_and_the_other_works(tmp_path: Path) -> None:
    desk = Desk()
    desk.opening.move(closed=True)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1), *commands("close", 2))
            await until(lambda: desk.done)
            await trio.sleep(0.1)
            assert desk.whats == ["close"]
            desk.opening.move(closed=False)
            await gone(server)
    assert desk.came == [Came("close", b"2"), Came("submit", b"1")]


async def test_a_gate_that_closes_while_the_server_is_asked_lets_nothing_through(tmp_path: Path) -> None:
    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 0))
            await until(lambda: desk.done)
            await trio.sleep(0.05)  # the next is asked for
            desk.opening.move(closed=True)
            await send(server, *commands("submit", 1, 2))
            await trio.sleep(0.1)
            assert desk.payloads == [b"0"]
            assert await waiting(server) == 2
            desk.opening.move(closed=False)
            await gone(server)
    assert desk.payloads == [b"0", b"1", b"2"]


async def test_what_cannot_be_done_now_comes_again_before_what_follows(tmp_path: Path) -> None:
    times: list[float] = []

    async def twice(came: Came) -> None:
        times.append(trio.current_time())
        if not came.redelivered and came.payload == b"1":
            raise NotNow(0.2)

    desk = Desk(twice)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1, 2))
            await gone(server)
    assert desk.came == [Came("submit", b"1"), Came("submit", b"1", redelivered=True), Came("submit", b"2")]
    assert times[1] - times[0] >= 0.2


async def test_a_stream_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_stream(STREAM)

    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1))
            await gone(server)
            assert await plainly(server, delete)
            await until(lambda: len(desk.states) > 2 and desk.state.ready)
            await send_anew(server, *commands("submit", 2), *commands("close", 3))
            await gone(server)
    assert sorted(desk.payloads) == [b"1", b"2", b"3"]


async def test_a_stream_that_was_deleted_behind_closed_gates_is_made_anew(tmp_path: Path) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_stream(STREAM)

    async def there(client: Client) -> bool:
        try:
            for name in ("opening", "closing"):
                await client.jetstream().consumer_info(STREAM, name)
        except NotFoundError:
            return False
        return True

    desk = Desk()
    desk.opening.move(closed=True)
    desk.closing.move(closed=True)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            assert await plainly(server, delete)
            await until_it(partial(plainly, server, there), True)
            await send_anew(server, *commands("submit", 1), *commands("close", 2))
            desk.opening.move(closed=False)
            desk.closing.move(closed=False)
            await gone(server)
    assert sorted(desk.payloads) == [b"1", b"2"]


async def test_an_acknowledgement_is_not_said_to_another_stream(tmp_path: Path) -> None:
    """Sequence 1 of the new one is another command, which somebody else has in hand."""
    go_on = trio.Event()

    async def wait(came: Came) -> None:
        await go_on.wait()

    async def delete(client: Client) -> None:
        await client.jetstream().delete_stream(STREAM)

    async def take(client: Client) -> list[bytes]:
        pull = await client.jetstream().pull_subscribe_bind("opening", stream=STREAM)
        return [message.data for message in await pull.fetch(1, timeout=5)]

    desk = Desk(wait)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, ("submit", b"old"))
            await until(lambda: desk.came)
            await plainly(server, delete)
            await until(lambda: len(desk.states) > 2 and desk.state.ready)
            await send_anew(server, ("submit", b"new"))
            assert await plainly(server, take) == [b"new"]
            go_on.set()
            await until(lambda: desk.done)
            await trio.sleep(0.1)
            assert await waiting(server) == 1


async def test_a_consumer_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_consumer(STREAM, "opening")

    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            assert await plainly(server, delete)
            await send(server, *commands("submit", 1))
            await gone(server)
    assert desk.came == [Came("submit", b"1")]
    assert any("opening" in state.text for state in desk.states)


async def test_only_the_verbs_have_somebody_who_takes_them(tmp_path: Path) -> None:
    async def ask(client: Client) -> dict[str, bool]:
        found = {}
        for what in (*OPENING, *CLOSING, "check", "sumbit", "submit.desk", "submit.a.b", "halt"):
            try:
                await client.request(f"{QUEUE}.{what}", b"", timeout=5)
            except nats.errors.NoRespondersError:
                found[what] = False
            else:
                found[what] = True
        return found

    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            taken = await plainly(server, ask)
    assert {what for what, there in taken.items() if there} == {*OPENING, *CLOSING, "submit.desk"}


async def test_the_stream_and_its_consumers_are_those_of_the_contract(tmp_path: Path) -> None:
    async def look(client: Client) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        info = json.loads((await client.request(f"$JS.API.STREAM.INFO.{STREAM}")).data)
        found = {}
        for name in ("opening", "closing"):
            answer = await client.request(f"$JS.API.CONSUMER.INFO.{STREAM}.{name}")
            found[name] = json.loads(answer.data)["config"]
        return info["config"], found

    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk, prefix="acme"):
            stream, consumers = await plainly(server, look)
    both = {
        kind: {f"acme.queue.main.{verb}{end}" for verb in verbs for end in ("", ".*")}
        for kind, verbs in (("closing", CLOSING), ("opening", OPENING))
    }
    assert set(stream["subjects"]) == both["closing"] | both["opening"]
    wanted = {
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "max_age": 24 * 3600 * 10**9,
        "max_msgs": 100_000,
        "max_msg_size": 80 * 1024,
    }
    assert {name: stream[name] for name in wanted} == wanted
    for kind, config in consumers.items():
        assert set(config["filter_subjects"]) == both[kind]
        one = {"ack_policy": "explicit", "max_ack_pending": 1, "max_deliver": -1, "ack_wait": 30 * 10**9}
        assert {name: config[name] for name in one} == one


SUBJECTS = [f"{QUEUE}.{verb}{end}" for verb in (*CLOSING, *OPENING) for end in ("", ".*")]
FIT: dict[str, Any] = {
    "subjects": SUBJECTS,
    "retention": RetentionPolicy.WORK_QUEUE,
    "storage": StorageType.FILE,
}


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"subjects": [f"{QUEUE}.>"]}, f"its subjects are {QUEUE}.>, and have to be {QUEUE}.cancel, "),
        ({"retention": RetentionPolicy.LIMITS}, "its retention is limits, and has to be workqueue"),
        ({"storage": StorageType.MEMORY}, "its storage is memory, and has to be file"),
        ({"max_age": 3600.0}, "max_age is 3600 s, and has to be 86400 or more"),
        ({"max_msgs": 10}, "max_msgs is 10 and discard is old: commands would be lost"),
        ({"max_bytes": 10_000}, "max_bytes is 10000 and discard is old"),
        ({"max_msgs_per_subject": 1}, "max_msgs_per_subject is 1 and discard is old"),
    ],
)
async def test_a_stream_that_loses_commands_is_not_used(
    tmp_path: Path, config: dict[str, Any], text: str
) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name=STREAM, **(FIT | config)))

    async def mend(client: Client) -> None:
        await client.jetstream().delete_stream(STREAM)

    desk = Desk()
    with nats_server(tmp_path) as server:
        await plainly(server, make)
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, *commands("submit", 1))
            assert not desk.state.ready
            assert desk.state.text.startswith(f"{STREAM}: {text}")
            await trio.sleep(0.1)
            assert desk.came == []
            await plainly(server, mend)
            await until(lambda: desk.state == QueueState(ready=True))
            await send_anew(server, *commands("submit", 2))
            await gone(server)
    assert desk.payloads == [b"2"]


@pytest.mark.parametrize(
    "config",
    [{}, {"max_msgs": 10, "discard": DiscardPolicy.NEW}, {"max_age": 7 * 86_400.0, "description": "x"}],
)
async def test_a_stream_made_by_an_operator_is_used(tmp_path: Path, config: dict[str, Any]) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name=STREAM, **(FIT | config)))

    desk = Desk()
    with nats_server(tmp_path) as server:
        await plainly(server, make)
        await send(server, *commands("submit", 1))
        async with linked(server) as bridge, working(bridge, desk):
            await gone(server)
    assert (desk.payloads, desk.state) == ([b"1"], QueueState(ready=True))


async def test_the_first_of_a_message_id_is_the_one_that_counts(tmp_path: Path) -> None:
    """tc_d4: a publisher tries again inside the window."""
    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            for _ in range(2):
                await send(server, ("submit", b"1"), headers={"Nats-Msg-Id": "7f3c"})
            await send(server, ("submit", b"2"))
            await gone(server)
    assert desk.payloads == [b"1", b"2"]


# What cannot be read.


def reasons(letter: Stored) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(letter.headers["Oms-Reason"])
    return found


async def test_what_cannot_be_read_is_a_dead_letter_and_holds_nothing_up(tmp_path: Path) -> None:
    async def read(came: Came) -> None:
        if came.payload == b"{":
            raise Unreadable([Reason("malformed", "no JSON", field="payload")])

    desk = Desk(read)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, ("submit.desk", b"{"), ("submit", b"2"))
            await gone(server)
            (letter,) = await stored(server, "OMS_DEAD")
    assert [one.payload for one in desk.done] == [b"2"]
    assert (letter.subject, letter.data) == ("oms.v1.dead.main", b"{")
    assert letter.headers["Oms-Subject"] == f"{QUEUE}.submit.desk"
    assert reasons(letter) == [{"code": "malformed", "message": "no JSON", "field": "payload"}]


async def test_a_command_stays_until_its_dead_letter_is_written(tmp_path: Path) -> None:
    async def obstruct(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="OMS_DEAD", subjects=["elsewhere"]))

    async def clear(client: Client) -> None:
        await client.jetstream().delete_stream("OMS_DEAD")

    async def refuse(came: Came) -> None:
        raise Unreadable([Reason("malformed")])

    desk = Desk(refuse)
    with nats_server(tmp_path) as server:
        await plainly(server, obstruct)
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, ("submit", b"{"))
            await until(lambda: len(desk.came) > 1)
            assert await waiting(server) == 1
            assert any(
                state.text == "OMS_DEAD: its subjects are elsewhere, not oms.v1.dead.main"
                for state in desk.states
            )
            await plainly(server, clear)
            await gone(server)
            assert [one.data for one in await stored(server, "OMS_DEAD")] == [b"{"]
            await until(lambda: desk.state == QueueState(ready=True))


async def test_a_command_above_64_kb_is_none(tmp_path: Path) -> None:
    async def refused(client: Client) -> str:
        with pytest.raises(APIError) as caught:
            await client.jetstream().publish(f"{QUEUE}.submit", b"x" * 1_000_000)
        return str(caught.value.description)

    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            assert await plainly(server, refused) == "message size exceeds maximum allowed"
            await send(server, ("submit", b"x" * 65_536), ("submit", b"x" * 65_537))
            await gone(server)
            (letter,) = await stored(server, "OMS_DEAD")
    assert [len(one.payload) for one in desk.came] == [65_536]
    assert (len(letter.data), letter.headers["Oms-Size"]) == (65_536, "65537")
    assert reasons(letter) == [{"code": "too_large", "message": "the command has 65537 bytes, at most 65536"}]


async def test_an_outcome_that_cannot_be_sent_is_refused_beforehand(tmp_path: Path) -> None:
    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            await send(server, ("submit", b"1"), headers={"Oms-Reply": "oms.v1.cmd.main.close_all"})
            await send(server, ("submit", b"2"), headers={"Oms-Reply": "oms.v1.reply.desk.7f3c"})
            await gone(server)
            (letter,) = await stored(server, "OMS_DEAD")
    assert desk.came == [
        Came("submit", b"2", "oms.v1.reply.desk.7f3c", False, {"Oms-Reply": "oms.v1.reply.desk.7f3c"})
    ]
    (reason,) = reasons(letter)
    assert (reason["code"], reason["field"], letter.data) == ("bad_reply", "Oms-Reply", b"1")
    assert letter.headers["Oms-Reply"] == "oms.v1.cmd.main.close_all"


def publish_raw(server: Server, *lines: bytes) -> None:
    """Bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", server.port)) as wire, wire.makefile("rb") as answers:
        answers.readline()
        wire.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n' + b"".join(lines) + b"PING\r\n")
        assert answers.readline() == b"PONG\r\n"


def with_headers(subject: bytes, headers: bytes, payload: bytes) -> bytes:
    sizes = (len(headers), len(headers) + len(payload))
    return b"HPUB %s %d %d\r\n%s%s\r\n" % (subject, *sizes, headers, payload)


async def test_no_bytes_in_subject_or_headers_hold_the_queue_up(tmp_path: Path) -> None:
    """A message that ends our reading would come again on each connection, for ever."""
    subject = f"{QUEUE}.submit".encode()
    desk = Desk()
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, working(bridge, desk):
            publish_raw(
                server,
                b"PUB %s.\xff\xfe 1\r\n1\r\n" % subject,
                b"PUB %s.a\x0bb 1\r\n2\r\n" % subject,
                with_headers(subject, b"NATS/1.0", b"3"),
                with_headers(subject, b"NATS/1.0\r\nStatus: 408\r\n\r\n", b"4"),
                with_headers(subject, b"NATS/1.0 \xff\r\n\xfe: \xff\r\nOms-Reply: a.b\r\n\r\n", b"5"),
                b"PUB %s 1\r\n6\r\n" % subject,
            )
            await gone(server)
            assert bridge.connections == 1
    assert [(one.what, one.payload, one.reply_to) for one in desk.came] == [
        ("submit.\\xff\\xfe", b"1", None),
        ("submit.a\x0bb", b"2", None),
        ("submit", b"3", None),
        ("submit", b"4", None),
        ("submit", b"5", "a.b"),
        ("submit", b"6", None),
    ]


# The end.


async def test_what_a_handler_raises_ends_it_and_its_command_comes_again(tmp_path: Path) -> None:
    async def fail(came: Came) -> None:
        raise LookupError("a bug")

    first, second = Desk(fail), Desk()
    with nats_server(tmp_path) as server:
        with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="a bug"), flatten_subgroups=True):
            async with linked(server) as bridge, working(bridge, first):
                await send(server, *commands("submit", 1))
                await trio.sleep(SOON_S)
        async with linked(server) as bridge, working(bridge, second):
            await gone(server)
    assert second.came == [Came("submit", b"1", redelivered=True)]


@pytest.mark.slow
async def test_without_jetstream_it_says_so_and_asks_seldom(tmp_path: Path) -> None:
    async def sent(client: Client) -> int:
        return int(client.stats["out_msgs"])

    desk = Desk()
    with nats_server(tmp_path, jetstream=False) as server:
        async with linked(server) as bridge, working(bridge, desk):
            connection = await bridge.connection()
            before = await connection.run(sent)
            await trio.sleep(1)
            asked = await connection.run(sent) - before
    assert desk.states == [QueueState(text=f"{STREAM}: JetStream does not answer")]
    assert 1 <= asked <= 6  # after pauses of 0.1 s, then 0.2 s
