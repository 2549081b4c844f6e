"""A connection to the real paper venue: asking, hearing, and every way it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from oms.sessions.address import Address
from oms.sessions.connection import Connection, Heard, Unread
from oms.sessions.link import Limits, connected
from oms.sessions.outage import (
    AnswerUnreadable,
    ConnectionEnded,
    Ended,
    Reason,
    RequestFailed,
    Stranded,
    TimedOut,
)
from protocol.errors import LocalProtocolError
from protocol.messages import Answer, Late, Push, Refused, Request
from protocol.records.access import BootstrapRequest, Login
from protocol.records.trade import HistoryRequest, ServerLink, TradeRequest
from protocol.session import Poisoned, Role, Session
from tests.paper.running import HEDGE, Running, running

pytestmark = pytest.mark.trio
PAPER = "paper"
SOON_S = 5.0  # nothing here takes so long
BUY = TradeRequest(
    action_id=7, trade_action=3, trade_symbol="EURUSD", trade_volume=10**7, digits=5, type_filling=1
)


class Scene:
    """A connection that is logged in, and all that it heard."""

    def __init__(self, connection: Connection, heard: list[Heard]) -> None:
        self.connection, self.heard = connection, heard

    async def ask(self, command: int, value: Any = None, timeout_s: float = SOON_S) -> Any:
        reply = await self.connection.ask(Request(command, value), timeout_s)
        assert isinstance(reply, Answer), reply
        return reply.value

    async def fails(self, command: int, value: Any = None, timeout_s: float = SOON_S) -> RequestFailed:
        """How a request fails that must not be answered."""
        with pytest.raises(RequestFailed) as caught:
            await self.connection.ask(Request(command, value), timeout_s)
        return caught.value

    async def end(self) -> Ended:
        with trio.fail_after(SOON_S):
            return await self.connection.ended()

    def commands(self) -> list[int]:
        return [one.command for one in self.heard if not isinstance(one, Unread)]


@asynccontextmanager
async def scene(
    venue: Running, *faults: dict[str, Any], limits: Limits | None = None, login: int | None = HEDGE
) -> AsyncIterator[Scene]:
    heard: list[Heard] = []
    async with connected(
        Address.of(venue.url), Session(Role.TERMINAL), heard.extend, limits=limits
    ) as connection:
        one = Scene(connection, heard)
        await one.ask(0, BootstrapRequest())
        if login is not None:
            await one.ask(28, Login(login=login, password=PAPER))
            await one.ask(51)
        heard.clear()
        for fault in faults:
            venue.control("fault", fault=fault)
        yield one


# Asking and hearing.


async def test_answers_go_to_their_askers_and_pushes_to_the_listener() -> None:
    async with running() as venue, scene(venue) as one:
        async with trio.open_nursery() as nursery:
            for command in (3, 4, 6, 9, 51):
                nursery.start_soon(one.ask, command)
        assert one.heard == []
        assert (await one.ask(12, BUY)).retcode == 0
        await one.ask(51)
        assert one.commands() == [10, 10, 10, 10, 19]
        assert all(isinstance(message, Push) for message in one.heard)
        assert one.connection.tap.frames == 2 + 1 + 5 + 1 + 5 + 1
        assert one.connection.tap.bytes > one.connection.tap.frames * 24
        assert one.connection.round_trip_s is not None
        assert 0 < one.connection.round_trip_s < 1


async def test_what_came_with_an_answer_is_heard_before_its_asker_runs() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        gateway.say(Push(15, ServerLink(1)))  # waits for the writer, and goes out with the answer
        request = Request(51)
        answered = trio.Event()

        async def ask() -> None:
            await one.connection.ask(request)
            assert one.commands() == [15]
            answered.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            with trio.fail_after(SOON_S):
                await answered.wait()


async def test_a_request_is_on_the_wire_before_anything_else_runs() -> None:
    async with running() as venue, scene(venue) as one:
        senders: list[trio.lowlevel.Task] = []
        send_all = one.connection.tap.send_all

        async def watched(data: bytes | bytearray | memoryview) -> None:
            senders.append(trio.lowlevel.current_task())
            await send_all(data)

        one.connection.tap.send_all = watched  # type: ignore[method-assign]
        await one.ask(51)
        assert senders == [trio.lowlevel.current_task()]  # the asker itself, not a task that it wakes


async def test_a_venue_that_reads_nothing_ends_the_connection_and_cuts_no_frame() -> None:
    async with running() as venue, scene(venue) as one:

        async def stuck(data: bytes | bytearray | memoryview) -> None:
            await trio.sleep_forever()

        one.connection.tap.send_all = stuck  # type: ignore[method-assign]
        began = trio.current_time()
        with trio.move_on_after(0.05):  # who is cancelled while asking waits for the frame's end
            await one.connection.ask(Request(3), 0.3)
        assert trio.current_time() - began > 0.25
        assert (await one.end()).reason == Reason.SILENT


async def test_requests_of_one_command_take_turns() -> None:
    async with running() as venue, scene(venue) as one:
        found: dict[int, int] = {}

        async def ask(number: int) -> None:
            history = await one.ask(5, HistoryRequest(0, 0))
            found[number] = len(history.deals)

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(ask, number)
        assert found == dict.fromkeys(range(100), 1)  # the deposit


async def test_a_refusal_is_an_answer() -> None:
    fault = {"do": "refuse", "on": "request", "command": 9, "code": 2}
    async with running() as venue, scene(venue, fault) as one:
        reply = await one.connection.ask(Request(9))
        assert isinstance(reply, Refused)
        assert reply.code == 2


async def test_what_the_session_does_not_allow_is_not_sent() -> None:
    async with running() as venue, scene(venue, login=None) as one:
        with pytest.raises(LocalProtocolError):
            await one.connection.ask(Request(4))
        await one.ask(51)
        told = [entry["command"] for entry in venue.control("truth")["requests"]]
        assert told == [0]  # pings are not listed


async def test_a_lost_answer_poisons_its_command_and_strands_what_waited() -> None:
    async with running() as venue, scene(venue, {"do": "lose", "on": "answer", "command": 4}) as one:
        failures: list[RequestFailed] = []

        async def ask(timeout_s: float) -> None:
            failures.append(await one.fails(4, timeout_s=timeout_s))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, 0.2)
            await wait_all_tasks_blocked()
            nursery.start_soon(ask, SOON_S)
        assert {(type(failure), failure.sent) for failure in failures} == {
            (TimedOut, True),
            (Stranded, False),
        }
        with pytest.raises(Poisoned):
            await one.connection.ask(Request(4))
        await one.ask(3)  # the others go on
        one.connection.end(Reason.POISONED)
        end = await one.end()
        assert (end.reason, [request.command for request in end.unanswered], end.unsent) == (
            Reason.POISONED,
            [4],
            (),
        )


async def test_a_request_that_waits_in_vain_was_not_sent() -> None:
    async with running() as venue, scene(venue, {"do": "lose", "on": "answer", "command": 4}) as one:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.fails, 4, None, 0.4)
            await wait_all_tasks_blocked()
            failure = await one.fails(4, timeout_s=0.1)
        assert isinstance(failure, TimedOut)
        assert not failure.sent


@pytest.mark.slow
async def test_a_late_answer_is_heard_and_answers_nobody() -> None:
    async with (
        running() as venue,
        scene(venue, {"do": "delay", "on": "answer", "command": 4, "seconds": 0.4}) as one,
    ):
        assert isinstance(await one.fails(4, timeout_s=0.1), TimedOut)
        await trio.sleep(0.5)
        (late,) = one.heard
        assert isinstance(late, Late)
        assert (late.command, one.connection.counters.late) == (4, 1)


async def test_an_answer_whose_asker_has_gone_is_heard() -> None:
    async with (
        running() as venue,
        scene(venue, {"do": "delay", "on": "answer", "command": 4, "seconds": 0.3}) as one,
    ):
        with trio.move_on_after(0.1):
            await one.connection.ask(Request(4))
        await one.ask(4)  # waits for its turn
        (answer,) = one.heard
        assert isinstance(answer, Answer)
        assert answer.command == 4


async def test_a_truncated_body_fails_its_asker_with_the_evidence() -> None:
    async with (
        running() as venue,
        scene(venue, {"do": "truncate", "on": "answer", "command": 4, "bytes": 3}) as one,
    ):
        failure = await one.fails(4)
        assert isinstance(failure, AnswerUnreadable)
        assert failure.__cause__.body == b"\0\0\0"  # type: ignore[union-attr]
        assert one.connection.counters.unread == 1
        await one.ask(4)


async def test_a_truncated_push_is_heard_as_unread() -> None:
    async with (
        running() as venue,
        scene(venue, {"do": "truncate", "on": "push", "command": 14, "bytes": 9}) as one,
    ):
        venue.control("rights", login=HEDGE, rights=4)
        await one.ask(51)
        (unread,) = one.heard
        assert isinstance(unread, Unread)
        assert one.connection.counters.unread == 1


async def test_garbage_disturbs_nothing() -> None:
    fault = {"do": "garbage", "on": "answer", "command": 3, "bytes": 1000}
    async with running() as venue, scene(venue, fault) as one:
        await one.ask(3)
        (unread,) = one.heard
        assert isinstance(unread, Unread)
        assert len(unread.frame) == 1000
        assert one.connection.counters.unread == 1


async def test_drift_is_counted() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        before = one.connection.counters.drift
        await gateway.transmit(gateway.session.seal(15, 0, bytes(4) + b"more"))
        await gateway.transmit(gateway.session.seal(99, 0, b"what"))
        await gateway.transmit(gateway.session.seal(6, 0, bytes(4)))
        await one.ask(51)
        counters = one.connection.counters
        assert (counters.drift - before, counters.unknown, counters.unsolicited) == (1, 1, 1)
        assert one.commands() == [15, 99, 6]


async def test_a_large_answer_and_text_beside_it() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        await gateway._websocket.send_message("a text")
        await gateway.transmit(gateway.session.seal(8, 0, bytes(50 * 100_000)))
        await one.ask(51)
        (push,) = one.heard
        assert isinstance(push, Push)
        assert len(push.value) == 100_000
        assert one.connection.counters.text == 1


# Every way it ends.


async def ends(one: Scene, command: int, value: Any = None) -> Ended:
    """Ask what ends the connection; the asker is told so."""
    failure = await one.fails(command, value)
    assert isinstance(failure, ConnectionEnded)
    assert failure.sent
    end = await one.end()
    assert end is failure.ended
    assert failure.request in end.unanswered
    later = await one.fails(51)
    assert isinstance(later, ConnectionEnded)
    assert not later.sent
    return end


async def test_the_gateway_closes_with_1000() -> None:
    async with running() as venue, scene(venue, {"do": "close", "on": "request", "command": 4}) as one:
        end = await ends(one, 4)
        assert (end.reason, end.code) == (Reason.CLOSED, 1000)
        await venue.gone()


async def test_the_gateway_resets() -> None:
    async with running() as venue, scene(venue, {"do": "abort", "on": "request", "command": 4}) as one:
        assert (await ends(one, 4)).reason is Reason.LOST


@pytest.mark.parametrize("size", [1, 2, 30, 1000])
async def test_the_connection_breaks_within_a_frame(size: int) -> None:
    fault = {"do": "abort_after", "on": "answer", "command": 6, "bytes": size}
    async with running() as venue, scene(venue, fault) as one:
        assert (await ends(one, 6)).reason is Reason.LOST


async def test_a_half_open_connection_is_noticed() -> None:
    limits = Limits(ping_s=0.1, silence_s=0.5)
    async with (
        running() as venue,
        scene(venue, {"do": "half_open", "on": "request", "command": 4}, limits=limits) as one,
    ):
        begin = trio.current_time()
        end = await ends(one, 4)
        assert end.reason is Reason.SILENT
        assert 0.4 < trio.current_time() - begin < 1.5


async def test_an_unanswered_ping_is_silence_whatever_else_is_heard() -> None:
    limits = Limits(ping_s=0.1, silence_s=0.4)
    fault = {"do": "lose", "on": "answer", "command": 51}
    async with running() as venue, scene(venue, fault, limits=limits) as one:

        async def chatter() -> None:
            while True:
                await one.ask(3)
                await trio.sleep(0.05)

        async with trio.open_nursery() as nursery:

            async def until_it_ends() -> None:
                with pytest.raises(ConnectionEnded):
                    await chatter()

            nursery.start_soon(until_it_ends)
            end = await one.end()
        assert (end.reason, end.detail) == (Reason.SILENT, "a ping had no answer for 0.4 s")


@pytest.mark.slow
async def test_pings_keep_a_quiet_connection() -> None:
    limits = Limits(ping_s=0.1, silence_s=0.3)
    async with running() as venue, scene(venue, limits=limits) as one:
        await trio.sleep(1)
        assert one.connection.over is None
        assert 9 <= one.connection.tap.frames - 3 <= 11


async def test_a_trade_without_an_answer_ends_the_session_at_once() -> None:
    async with running() as venue, scene(venue, {"do": "lose", "on": "answer", "command": 12}) as one:
        failure = await one.fails(12, BUY, timeout_s=0.2)
        assert isinstance(failure, TimedOut)
        assert failure.sent
        end = await one.end()
        assert end.reason is Reason.POISONED
        assert end.unanswered == (failure.request,)
        await venue.gone()


async def test_what_is_no_websocket_ends_it_and_is_told() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        await gateway._stream.send_all(b"\x83\x00")
        end = await one.end()
        assert (end.reason, end.code, end.detail) == (Reason.VIOLATION, 1002, "the reserved opcode 3")
        assert gateway._websocket.closed is not None
        assert gateway._websocket.closed.code == 1002
        await venue.gone()


async def test_a_message_too_big_ends_it() -> None:
    async with running() as venue, scene(venue, limits=Limits(max_message_bytes=1000)) as one:
        end = await ends(one, 6)
        assert (end.reason, end.code) == (Reason.VIOLATION, 1009)


async def test_bad_text_is_the_gateways_fault_too() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        await gateway._stream.send_all(b"\x81\x01\xff")
        end = await one.end()
        assert (end.reason, end.code) == (Reason.VIOLATION, 1007)


async def test_a_poisoned_ping_is_silence() -> None:
    fault = {"do": "lose", "on": "answer", "command": 51}
    async with running() as venue, scene(venue, fault, limits=Limits(ping_s=0.3)) as one:
        assert isinstance(await one.fails(51, timeout_s=0.1), TimedOut)
        assert (await one.end()).reason is Reason.SILENT


async def test_no_ping_overtakes_a_logout() -> None:
    fault = {"do": "delay", "on": "request", "command": 2, "seconds": 0.3}
    async with running() as venue, scene(venue, fault, limits=Limits(ping_s=0.1)) as one:
        await one.ask(2)
        await trio.sleep(0.2)
        assert (await one.end()).reason is Reason.CLOSED  # the venue hangs up behind its answer


async def test_nothing_is_heard_behind_the_end() -> None:
    async with running() as venue, scene(venue) as one:
        (gateway,) = venue.server.connections.values()
        before = one.connection.tap.frames
        one.connection.end()
        await gateway.transmit(gateway.session.seal(15, 0, bytes(4)))
        await venue.gone()
        assert (one.heard, one.connection.tap.frames) == ([], before + 1)


async def test_leaving_is_a_clean_close() -> None:
    async with running() as venue:
        async with scene(venue) as one:
            (gateway,) = venue.server.connections.values()
        end = await one.end()
        assert end == Ended(Reason.LEFT)
        assert gateway._websocket.closed is not None
        assert gateway._websocket.closed.code == 1000
        await venue.gone()


async def test_who_is_cancelled_still_says_goodbye() -> None:
    async with running() as venue:
        with trio.move_on_after(0.2):
            async with scene(venue):
                (gateway,) = venue.server.connections.values()
                await trio.sleep_forever()
        assert gateway._websocket.closed is not None
        assert gateway._websocket.closed.code == 1000
        await venue.gone()


async def test_a_gateway_that_does_not_take_part_in_the_close_is_left_behind() -> None:
    limits = Limits(farewell_s=0.2)
    async with running() as venue:
        async with scene(venue, {"do": "half_open", "on": "request", "command": 4}, limits=limits) as one:
            await one.fails(4, timeout_s=0.1)
            begin = trio.current_time()
        assert trio.current_time() - begin < 1
        await venue.gone()


async def test_a_listener_that_fails_stops_everything() -> None:
    class Bug(Exception):
        pass

    def fail(heard: list[Heard]) -> None:
        raise Bug

    async with running() as venue:
        session = Session(Role.TERMINAL)
        connection: Connection | None = None
        with pytest.RaisesGroup(Bug, flatten_subgroups=True):
            async with connected(Address.of(venue.url), session, fail) as connection:
                await connection.ask(Request(0, BootstrapRequest()))
                (gateway,) = venue.server.connections.values()
                await gateway.transmit(gateway.session.seal(15, 0, bytes(4)))
                await trio.sleep_forever()
        assert connection is not None
        assert connection.over is not None
        await venue.gone()


async def test_the_unsent_are_told_apart_from_the_unanswered() -> None:
    async with running() as venue, scene(venue, {"do": "lose", "on": "request", "command": 5}) as one:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(one.fails, 5, HistoryRequest(0, 0))
            await wait_all_tasks_blocked(0.05)
            one.connection.end()
        end = await one.end()
        assert (end.reason, len(end.unanswered), len(end.unsent)) == (Reason.LEFT, 1, 2)
