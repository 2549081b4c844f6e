"""The micro service, asked by plain nats-py clients."""

import json
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import nats.errors
import pytest
import trio
from nats.aio.client import Client
from nats.aio.msg import Msg

from oms.bus.bridge import Bridge
from oms.bus.errors import NoResponders
from oms.bus.service import Endpoint, serve
from tests.bus.scene import SOON_S, linked, plainly, until
from tests.nats import Server, nats_server

pytestmark = pytest.mark.trio


class Answer(NamedTuple):
    payload: bytes
    headers: dict[str, str] = {}
    error: tuple[int, str] | None = None


async def echo(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
    """Everything that a handler is given."""
    told = {"what": what, "headers": dict(headers), "payload": payload.decode()}
    return Answer(json.dumps(told).encode(), {"Content-Type": "application/json"})


async def serving(
    nursery: trio.Nursery, bridge: Bridge, endpoints: Sequence[Endpoint], **options: Any
) -> None:
    """Serve, and return when it is registered."""
    nursery.start_soon(partial(serve, bridge, endpoints, version="1.2.3", **options))
    with trio.fail_after(SOON_S):
        while True:
            try:
                await bridge.request("$SRV.PING.oms")
            except NoResponders:
                await trio.sleep(0.01)
            else:
                return


async def ask(server: Server, subject: str, payload: bytes = b"", **options: Any) -> Msg:
    async def use(client: Client) -> Msg:
        return await client.request(subject, payload, timeout=5, **options)

    return await plainly(server, use)


async def test_a_request_reaches_its_account_with_all_it_says(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", echo), Endpoint("cmd", "main", echo)])
            answer = await ask(server, "oms.v1.query.main.orders", b"{}", headers={"Content-Type": "x"})
            command = await ask(server, "oms.v1.cmd.main.submit.desk", b"[]")
            nursery.cancel_scope.cancel()
    assert json.loads(answer.data) == {"what": "orders", "headers": {"Content-Type": "x"}, "payload": "{}"}
    assert answer.headers == {"Content-Type": "application/json"}
    assert json.loads(command.data)["what"] == "submit.desk"


async def test_ping_info_and_stats_are_those_of_the_micro_protocol(tmp_path: Path) -> None:
    async def refuse(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        return Answer(b'{"error":"no"}', {"X": "y"}, (404, "unknown_symbol"))

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            endpoints = [Endpoint("query", "main", echo), Endpoint("query", "net-2", refuse)]
            await serving(nursery, bridge, endpoints, prefix="acme")
            for _ in range(3):
                await ask(server, "acme.query.main.orders")
            refused = await ask(server, "acme.query.net-2.orders")
            ping, info, stats = [
                json.loads((await ask(server, f"$SRV.{verb}.oms")).data) for verb in ("PING", "INFO", "STATS")
            ]
            nursery.cancel_scope.cancel()
    assert (ping["type"], ping["name"], ping["version"]) == ("io.nats.micro.v1.ping_response", "oms", "1.2.3")
    assert info["type"] == "io.nats.micro.v1.info_response"
    assert [(one["name"], one["subject"], one["metadata"]) for one in info["endpoints"]] == [
        ("query-main", "acme.query.main.>", {"kind": "query", "account": "main"}),
        ("query-net-2", "acme.query.net-2.>", {"kind": "query", "account": "net-2"}),
    ]
    main, net = stats["endpoints"]
    assert (main["num_requests"], main["num_errors"], main["data"]) == (3, 0, {"at_work": 0})
    assert main["processing_time"] >= 3 * main["average_processing_time"] > 0
    assert (net["num_requests"], net["num_errors"], net["last_error"]) == (1, 1, "unknown_symbol")
    assert (refused.data, refused.headers) == (
        b'{"error":"no"}',
        {"X": "y", "Nats-Service-Error": "unknown_symbol", "Nats-Service-Error-Code": "404"},
    )


async def test_an_account_that_nobody_holds_has_no_responder(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", echo)])
            with pytest.raises(nats.errors.NoRespondersError):
                await ask(server, "oms.v1.query.other.orders")
            with pytest.raises(nats.errors.NoRespondersError):
                await ask(server, "oms.v1.cmd.main.submit")
            nursery.cancel_scope.cancel()
        with pytest.raises(nats.errors.NoRespondersError):  # nor one that is not served any more
            await ask(server, "oms.v1.query.main.orders")


async def test_no_more_are_at_work_than_may_be(tmp_path: Path) -> None:
    at_work: list[int] = []
    working = 0
    go_on = trio.Event()

    async def slow(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        nonlocal working
        working += 1
        at_work.append(working)
        await go_on.wait()
        working -= 1
        return Answer(payload)

    answers: dict[bytes, Any] = {}

    async def request(bridge: Bridge, number: int) -> None:
        answer = await bridge.request("oms.v1.query.main.slow", b"%d" % number, 10.0)
        answers[b"%d" % number] = answer

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(
                nursery, bridge, [Endpoint("query", "main", slow), Endpoint("query", "b", echo)], most=3
            )
            for number in range(5):
                nursery.start_soon(request, bridge, number)
            await until(lambda: len(answers) == 2)
            for refused in answers.values():
                assert refused.headers["Nats-Service-Error"] == "busy"
                assert refused.headers["Nats-Service-Error-Code"] == "503"
                assert json.loads(refused.payload) == {
                    "error": {
                        "code": "busy",
                        "message": "3 requests are at work already",
                        "field": None,
                        "category": "connection",
                        "retry": "yes",
                    },
                    "account": "main",
                }
            assert (await bridge.request("oms.v1.query.b.x")).payload  # each account has its own bound
            go_on.set()
            await until(lambda: len(answers) == 5)
            assert (await bridge.request("oms.v1.query.main.slow", b"6")).payload == b"6"
            nursery.cancel_scope.cancel()
    assert max(at_work) == 3
    assert sum(answer.payload == number for number, answer in answers.items()) == 3


async def test_a_slow_request_does_not_hold_up_the_next(tmp_path: Path) -> None:
    async def slow(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        await trio.sleep(0 if what == "quick" else 1000)
        return Answer(b"done")

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", slow)])
            nursery.start_soon(bridge.request, "oms.v1.query.main.slow", b"", 1000.0)
            await trio.sleep(0.05)
            assert (await bridge.request("oms.v1.query.main.quick")).payload == b"done"
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("size", "refused"), [(65_536, False), (65_537, True), (1_000_000, True)])
async def test_a_payload_has_64_kb_at_most(tmp_path: Path, size: int, refused: bool) -> None:
    seen: list[int] = []

    async def count(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        seen.append(len(payload))
        return Answer(b"")

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", count)])
            answer = await ask(server, "oms.v1.query.main.x", b"x" * size)
            nursery.cancel_scope.cancel()
    assert seen == ([] if refused else [size])
    if refused:
        assert (answer.headers or {})["Nats-Service-Error-Code"] == "413"
        assert json.loads(answer.data)["error"]["message"] == f"the request has {size} bytes, at most 65536"


async def test_a_reply_that_nats_does_not_take_is_an_error(tmp_path: Path) -> None:
    async def large(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        return Answer(bytes(2_000_000))

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", large)])
            answer = await ask(server, "oms.v1.query.main.x")
            nursery.cancel_scope.cancel()
    assert json.loads(answer.data)["error"]["code"] == "too_large"


async def test_it_is_there_again_after_the_server_was_killed(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", echo)])
            await ask(server, "oms.v1.query.main.orders")
            server.kill()
            await trio.to_thread.run_sync(server.start)
            await until(lambda: bridge.connections == 2)
            answer = await ask(server, "oms.v1.query.main.orders")
            stats = json.loads((await ask(server, "$SRV.STATS.oms")).data)
            nursery.cancel_scope.cancel()
    assert json.loads(answer.data)["what"] == "orders"
    assert stats["endpoints"][0]["num_requests"] == 2  # its figures go on


async def test_requests_are_taken_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    taken: list[bytes] = []

    async def answered() -> Answer:
        return Answer(b"")

    def take(what: str, headers: Mapping[str, str], payload: bytes) -> Awaitable[Answer]:
        taken.append(payload)
        return answered()

    numbers = [b"%d" % number for number in range(200)]
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("cmd", "main", take)])
            bridge.publish([("oms.v1.cmd.main.submit", number) for number in numbers])
            await until(lambda: len(taken) == len(numbers))
            nursery.cancel_scope.cancel()
    assert taken == numbers


async def test_an_endpoint_refuses_in_its_own_words(tmp_path: Path) -> None:
    go_on = trio.Event()

    async def slow(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        await go_on.wait()
        return Answer(b"done")

    def refuse(what: str, code: str, text: str) -> Answer:
        return Answer(json.dumps({"status": "denied", "told": [what, code, text]}).encode(), {"X": "y"})

    answers: list[Any] = []

    async def request(bridge: Bridge) -> None:
        answers.append(await bridge.request("oms.v1.cmd.main.submit", b"", 10.0))

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            endpoints = [
                Endpoint("cmd", "main", slow, refuse, most=1),
                Endpoint("query", "main", slow, most=2),
            ]
            await serving(nursery, bridge, endpoints)
            nursery.start_soon(request, bridge)
            await until(lambda: endpoints[0].at_work == 1)
            busy = await bridge.request("oms.v1.cmd.main.submit.desk")
            large = await bridge.request("oms.v1.cmd.main.close", b"x" * 65_537)
            stats = json.loads((await bridge.request("$SRV.STATS.oms")).payload)
            go_on.set()
            await until(lambda: answers)
            assert (await bridge.request("oms.v1.query.main.x")).payload == b"done"
            nursery.cancel_scope.cancel()
    assert (busy.headers, large.headers) == ({"X": "y"}, {"X": "y"})  # no error of the micro protocol
    told = [json.loads(answer.payload)["told"] for answer in (busy, large)]
    assert told == [
        ["submit.desk", "busy", "1 requests are at work already"],
        ["close", "too_large", "the request has 65537 bytes, at most 65536"],
    ]
    figures = stats["endpoints"][0]
    assert (figures["num_requests"], figures["num_errors"], figures["last_error"]) == (3, 2, "too_large")
    assert answers[0].payload == b"done"


async def test_a_reply_that_is_too_large_is_never_told_as_a_refusal(tmp_path: Path) -> None:
    """What was asked for is done: who refuses it would lie."""

    async def large(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        return Answer(bytes(2_000_000))

    def refuse(what: str, code: str, text: str) -> Answer:
        return Answer(b"denied")

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("cmd", "main", large, refuse)])
            answer = await bridge.request("oms.v1.cmd.main.submit")
            nursery.cancel_scope.cancel()
    assert json.loads(answer.payload)["error"]["code"] == "too_large"
    assert answer.headers["Nats-Service-Error-Code"] == "500"


async def test_requests_without_a_reply_subject_are_worked_on(tmp_path: Path) -> None:
    seen: list[str] = []

    async def note(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        seen.append(what)
        return Answer(b"")

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("cmd", "main", note)])
            bridge.publish([("oms.v1.cmd.main.close", b""), ("oms.v1.cmd.main.x", b"x" * 70_000)])
            await until(lambda: seen)
            assert (await bridge.request("oms.v1.cmd.main.cancel")).payload == b""
            nursery.cancel_scope.cancel()
    assert seen == ["close", "cancel"]


async def test_what_a_handler_raises_ends_the_service(tmp_path: Path) -> None:
    async def fail(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        raise LookupError("a bug")

    with (
        nats_server(tmp_path) as server,
        pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="a bug"), flatten_subgroups=True),
    ):
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("query", "main", fail)])
            bridge.publish([("oms.v1.query.main.x", b"")])
            await trio.sleep(SOON_S)
