"""Every fault over real sockets, armed by the script of the settings and by the control port alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed

from oms.paper.faults import Fault
from protocol.errors import RemoteProtocolError
from protocol.messages import Answer, Push, Refused, Request
from protocol.records.access import Login
from protocol.records.trade import HistoryRequest, TradeOutcome

from .running import EURO, HEDGE, SERVER_START_S, START, Quotes, Running, running
from .terminal import Terminal, connected

pytestmark = pytest.mark.trio
WAYS = pytest.mark.parametrize("way", ["script", "control"])


@asynccontextmanager
async def faulty(way: str, *faults: dict[str, Any], **settings: Any) -> AsyncIterator[Running]:
    """A venue with these faults armed from its first message on."""
    script = msgspec.convert(faults, tuple[Fault, ...]) if way == "script" else ()
    async with running(faults=script, **settings) as venue:
        if way == "control":
            for number, fault in enumerate(faults, 1):
                assert venue.control("fault", fault=fault) == number
        yield venue


async def silence(terminal: Terminal, seconds: float = 0.1) -> None:
    """Nothing comes."""
    with trio.move_on_after(seconds):
        message = await terminal.websocket.get_message()
        pytest.fail(f"{message!r} came")


async def end(terminal: Terminal) -> int:
    """How the connection ends: the close code, 1006 for a reset."""
    try:
        while True:
            await terminal.receive()
    except ConnectionClosed as why:
        return why.reason.code if why.reason else 0


def commands(terminal: Terminal) -> list[int]:
    return [one.command for one in terminal.heard]


def executed(venue: Running) -> int:
    return len(venue.venue.accounts[HEDGE].positions)


# To the connection.


@WAYS
async def test_abort_loses_the_request(way: str) -> None:
    async with (
        faulty(way, {"do": "abort", "on": "request", "command": 12}) as venue,
        venue.terminal(HEDGE) as one,
    ):
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        assert await end(one) == 1006
        assert executed(venue) == 0
        await venue.gone()


@WAYS
async def test_abort_at_the_answer_of_an_executed_request(way: str) -> None:
    async with (
        faulty(way, {"do": "abort", "on": "answer", "command": 12}) as venue,
        venue.terminal(HEDGE) as one,
    ):
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        assert await end(one) == 1006
        assert executed(venue) == 1


@WAYS
async def test_abort_after_so_many_bytes(way: str) -> None:
    fault = {"do": "abort_after", "on": "answer", "command": 6, "bytes": 1000}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        received = 0
        inner = one.websocket._stream.receive_some

        async def counted(size: int | None = None) -> bytes | bytearray:
            nonlocal received
            data = await inner(size)
            received += len(data)
            return data

        one.websocket._stream.receive_some = counted  # type: ignore[method-assign, assignment]
        await one.ask(51)  # the reader waits in the uncounted one until something comes
        received = 0
        await one.send(Request(6))
        assert await end(one) == 1006
        assert received == 1000


@WAYS
async def test_a_clean_close(way: str) -> None:
    async with (
        faulty(way, {"do": "close", "on": "request", "command": 4}) as venue,
        venue.terminal(HEDGE) as one,
    ):
        await one.send(Request(4))
        assert await end(one) == 1000
        await venue.gone()


@WAYS
async def test_half_open(way: str) -> None:
    fault = {"do": "half_open", "on": "request", "command": 4}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one, venue.terminal(HEDGE) as two:
        await one.send(Request(4))
        await silence(one)
        await one.send(Request(51))
        venue.control("deposit", login=HEDGE, amount="1")
        await silence(one)
        assert (await two.push(10))[0].balance == 10_001
        assert len(venue.server.connections) == 2
        await one.websocket._stream.aclose()
        await venue.gone(1)


# To the message.


@WAYS
async def test_a_lost_request_is_not_executed(way: str) -> None:
    async with (
        faulty(way, {"do": "lose", "on": "request", "command": 12}) as venue,
        venue.terminal(HEDGE) as one,
    ):
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        await one.ask(51)
        assert (commands(one)[-1], executed(venue)) == (51, 0)
        requests = venue.control("truth")["requests"]
        assert [(one["command"], one["lost"]) for one in requests] == [(0, False), (28, False), (12, True)]


@WAYS
async def test_a_lost_answer_of_an_executed_request(way: str) -> None:
    async with (
        faulty(way, {"do": "lose", "on": "answer", "command": 12}) as venue,
        venue.terminal(HEDGE) as one,
    ):
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        assert (await one.push(19)).result.retcode == 10009
        assert 12 not in commands(one)
        assert executed(venue) == 1


@WAYS
async def test_a_missing_push(way: str) -> None:
    fault = {"do": "lose", "on": "push", "command": 10, "after": 3}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        assert [m.command for m in await one.settled()] == [12, 10, 10, 10, 19]
        assert len((await one.ask(4)).positions) == 1


@WAYS
async def test_a_late_answer(way: str) -> None:
    fault = {"do": "delay", "on": "answer", "command": 12, "seconds": 0.2}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        start = trio.current_time()
        await one.buy()
        assert 0.2 <= trio.current_time() - start < 2
        assert commands(one)[-6:] == [10, 10, 10, 10, 19, 12]


@WAYS
async def test_a_late_request(way: str) -> None:
    fault = {"do": "delay", "on": "request", "command": 4, "seconds": 0.2}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        late = Request(4)
        await one.send(late)
        await one.ask(51)  # is not held up
        start = trio.current_time()
        answer = await one.receive()
        assert isinstance(answer, Answer)
        assert answer.request is late
        assert trio.current_time() - start > 0.1


@WAYS
async def test_a_slow_login_and_a_refused_one(way: str) -> None:
    slow = {"do": "delay", "on": "request", "command": 28, "seconds": 0.2}
    refused = {"do": "refuse", "on": "request", "command": 28, "code": 2}
    async with faulty(way, slow, refused) as venue, venue.terminal() as one:
        start = trio.current_time()
        await one.login(HEDGE)
        assert trio.current_time() - start >= 0.2
        async with venue.terminal() as two:
            reply = await two.reply(28, Login(login=HEDGE, password="paper"))  # noqa: S106
            assert isinstance(reply, Refused)
            assert reply.code == 2
            await two.login(HEDGE)


@WAYS
async def test_a_duplicate_push(way: str) -> None:
    fault = {"do": "duplicate", "on": "push", "command": 10, "after": 3}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        heard = await one.settled()
        assert [m.command for m in heard] == [12, 10, 10, 10, 10, 10, 19]
        assert isinstance(heard[4], Push)
        assert isinstance(heard[5], Push)
        assert heard[4].value == heard[5].value


@WAYS
async def test_a_late_duplicate_of_an_answer(way: str) -> None:
    fault = {"do": "duplicate", "on": "answer", "command": 4, "seconds": 0.1}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.ask(4)
        await one.ask(51)
        again = await one.receive()
        assert (again.command, type(again).__name__) == (4, "Unsolicited")


@WAYS
async def test_two_pushes_out_of_order(way: str) -> None:
    fault = {"do": "swap", "on": "push", "command": 10, "after": 1, "times": 2}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        kinds = [
            (record.flag_mask, record.transaction_type)
            for m in await one.settled()
            if isinstance(m, Push) and m.command == 10
            for record in m.value
        ]
        # (0,2) goes behind (1,0), which goes behind what follows it; nothing is lost
        assert sorted(kinds) == [(0, 0), (0, 2), (1, 0), (2, 0)]
        assert kinds != [(0, 0), (0, 2), (1, 0), (2, 0)]


@WAYS
async def test_a_short_answer(way: str) -> None:
    fault = {"do": "truncate", "on": "answer", "command": 12, "bytes": 3}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        with pytest.raises(RemoteProtocolError):
            await one.receive()
        assert (one.frames[-1].command, one.frames[-1].code, len(one.frames[-1].body)) == (12, 0, 3)
        assert executed(venue) == 1


@WAYS
async def test_a_short_push_of_ticks(way: str) -> None:
    fault = {"do": "truncate", "on": "push", "command": 8, "bytes": 49}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        (euro,) = [line.symbol_id for line in await one.ask(6) if line.trade_symbol == "EURUSD"]
        await one.ask(7, [euro])
        venue.quote(1.1002, 1.1003)
        venue.quote(1.1003, 1.1004)
        await one.push(8)
        assert len(one.frames[-1].body) == 49
        assert len(await one.push(8)) == 1


@WAYS
async def test_garbage_in_front_of_an_answer(way: str) -> None:
    fault = {"do": "garbage", "on": "answer", "command": 4, "bytes": 37}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.send(Request(4))
        noise = await one.websocket.get_message()
        assert len(noise) == 37
        assert isinstance(await one.receive(), Answer)


@WAYS
async def test_an_answer_that_goes_to_another_session(way: str) -> None:
    fault = {"do": "astray", "on": "answer", "command": 12, "seconds": 0.1}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one, venue.terminal(HEDGE) as two:
        await one.send(Request(12, one.request(3, 0, 0.1, type_filling=1)))
        assert (await one.push(19)).result.retcode == 10009
        stray = await two.until(lambda message: message.command == 12)
        assert type(stray).__name__ == "Unsolicited"
        assert two.frames[-1].body == bytes(4)
        await silence(one)


@WAYS
async def test_what_has_nobody_to_go_astray_to_is_lost(way: str) -> None:
    fault = {"do": "astray", "on": "push", "command": 19}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one, venue.terminal(EURO) as stranger:
        await one.buy()
        assert [m.command for m in await one.settled()] == [12, 10, 10, 10, 10]
        assert await stranger.settled() == []


@WAYS
async def test_a_foreign_action_id_late(way: str) -> None:
    fault = {"do": "action_id", "action_id": 777, "seconds": 0.1}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        assert [m.command for m in await one.settled()] == [12, 10, 10, 10, 10]
        outcome: TradeOutcome = await one.push(19)
        assert (outcome.request.action_id, outcome.result.retcode) == (777, 10009)


@WAYS
async def test_a_code_byte_in_an_answer_and_in_a_push(way: str) -> None:
    answer = {"do": "refuse", "on": "answer", "command": 12, "code": 2}
    push = {"do": "refuse", "on": "push", "command": 19, "code": 4}
    async with faulty(way, answer, push) as venue, venue.terminal(HEDGE) as one:
        request = Request(12, one.request(3, 0, 0.1, type_filling=1))
        await one.send(request)
        refused = await one.receive()
        assert isinstance(refused, Refused)
        assert (refused.code, executed(venue)) == (2, 1)
        result = await one.until(lambda message: message.command == 19)
        assert isinstance(result, Push)
        assert (result.code, result.value.result.retcode) == (4, 10009)


@WAYS
@pytest.mark.parametrize("retcode", [7, 10008, 10012, 10031, 99999])
async def test_odd_retcodes_in_either_channel(way: str, retcode: int) -> None:
    first = {"do": "retcode", "on": "answer", "retcode": retcode}
    second = {"do": "retcode", "on": "push", "retcode": retcode, "after": 1}
    async with faulty(way, first, second) as venue, venue.terminal(HEDGE) as one:
        assert await one.buy() == retcode
        assert (await one.push(19)).result.retcode == 10009
        assert await one.buy() == 0
        assert (await one.push(19)).result.retcode == retcode
        assert executed(venue) == 2


@WAYS
async def test_a_comment_cut_for_good(way: str) -> None:
    fault = {"do": "cut_comment", "on": "request", "bytes": 6}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.buy(comment="note~ABCDEFGHIJ")
        history = await one.ask(5, HistoryRequest())
        assert {history.orders[-1].comment, history.deals[-1].comment} == {"note~A"}
        assert (await one.ask(4)).positions[0].comment == "note~A"


@WAYS
async def test_a_comment_cut_on_the_way(way: str) -> None:
    pushed = {"do": "cut_comment", "on": "push", "bytes": 3, "times": 0}
    read = {"do": "cut_comment", "on": "answer", "bytes": 0, "times": 2}
    async with faulty(way, pushed, read) as venue, venue.terminal(HEDGE) as one:
        await one.buy(comment="note")
        records = [m.value[0] for m in await one.settled() if isinstance(m, Push) and m.command == 10]
        assert [record.order.comment for record in records[:3]] == ["not"] * 3
        assert (records[3].deal.comment, records[3].position.comment) == ("not", "not")
        assert (await one.ask(4)).positions[0].comment == ""
        assert (await one.ask(5, HistoryRequest())).deals[-1].comment == ""
        assert (await one.ask(5, HistoryRequest())).deals[-1].comment == "note"


# To what a request does.


@WAYS
async def test_a_slow_dealer_once(way: str) -> None:
    async with faulty(way, {"do": "slow_dealer", "seconds": 2.0}) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        await venue.clock.advance(1500)
        assert [m.command for m in await one.settled()] == [12]
        await venue.clock.advance(600)
        assert [m.command for m in await one.settled()] == [10, 10, 10, 10, 19]
        await one.buy()
        assert len(await one.settled()) == 6


@WAYS
async def test_pushes_before_the_answer(way: str) -> None:
    async with faulty(way, {"do": "push_first"}) as venue, venue.terminal(HEDGE) as one:
        await one.buy()
        assert [m.command for m in await one.settled()] == [10, 10, 10, 10, 19, 12]


@WAYS
async def test_a_ticket_refused(way: str) -> None:
    async with faulty(way, {"do": "refuse_ticket", "after": 1}) as venue:
        async with venue.terminal(HEDGE) as one:
            ticket = one.session.ticket
        async with venue.terminal() as two:
            reply = await two.reply(28, Login(login=HEDGE, password_ticket=ticket))
            assert isinstance(reply, Refused)
            assert reply.code == 3
            await two.login(HEDGE, "", password_ticket=ticket)


@WAYS
async def test_another_key_length_from_the_second_session_on(way: str) -> None:
    async with faulty(way, {"do": "key_length", "length": 24, "after": 1}) as venue:
        for length in (32, 24, 24):
            async with connected(venue.url) as one:
                assert len((await one.bootstrap()).key) == length
                await one.login(HEDGE)


# To the venue.


@WAYS
async def test_the_trade_server_goes_away_and_comes_back(way: str) -> None:
    fault = {"do": "link", "command": 12, "state": 3, "seconds": 0.2}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one, venue.terminal(EURO) as two:
        assert await one.buy() == 10031
        assert (await two.push(15)).state == 3
        assert (await two.push(15)).state == 0
        assert await one.buy() == 0
        assert executed(venue) == 1


@WAYS
async def test_a_jump_of_the_servers_clock(way: str) -> None:
    fault = {"do": "zone_jump", "command": 51, "hours": -1}
    async with faulty(way, fault) as venue, venue.terminal() as one:
        await one.login(HEDGE)
        assert (await one.ask(3)).main.timezone_shift == 7200
        await one.send(Request(51))
        assert (await one.push(14)).main.timezone_shift == 3600
        await one.buy()
        assert (await one.push(19)).result.res_time == SERVER_START_S - 3600
        # to = 0 leaves out nothing, although the opening deal is an hour ahead of the clock
        assert len((await one.ask(5, HistoryRequest())).deals) == 2


@WAYS
async def test_a_specification_changed(way: str) -> None:
    fault = {"do": "spec", "command": 4, "symbol": "EURUSD", "changes": {"volume_min": 50_000_000}}
    async with faulty(way, fault) as venue, venue.terminal(HEDGE) as one:
        await one.send(Request(4))
        (spec,) = await one.push(13)
        assert (spec.trade_symbol, spec.trade.volume_min) == ("EURUSD", 50_000_000)
        await one.buy(0.1)
        assert (await one.push(19)).result.retcode == 10014


@pytest.mark.parametrize(
    "changes", [{"nope": 1}, {"digits": "five"}, {"symbol_id": 7}, {"volume_min": -1}, {"point": 0.1}]
)
async def test_a_change_of_specification_that_makes_no_sense(changes: dict[str, Any]) -> None:
    fault = {"do": "spec", "symbol": "EURUSD", "changes": changes}
    async with running() as venue:
        assert venue.refused("fault", fault=fault)["field"] == "fault"
        assert venue.refused("spec", symbol="EURUSD", changes=changes)["field"] == "changes"
        assert venue.control("faults") == []
    with pytest.raises(ValueError, match=next(iter(changes))):
        async with faulty("script", fault):
            pass


async def test_a_change_of_specification_that_no_longer_makes_sense_is_void() -> None:
    """Armed while the most was 100 lots; since then it is 0.1."""
    changes = {"volume_min": 50_000_000}
    async with running() as venue, venue.terminal(HEDGE) as one:
        venue.control("fault", fault={"do": "spec", "command": 4, "symbol": "EURUSD", "changes": changes})
        venue.control("spec", symbol="EURUSD", changes={"volume_max": 10_000_000})
        await one.ask(4)
        (spec,) = await one.ask(18, [1])
        assert (spec.trade.volume_min, spec.trade.volume_max) == (1_000_000, 10_000_000)
        assert venue.control("faults") == []


# When.


@WAYS
async def test_faults_count_choose_and_wait(way: str) -> None:
    """After two pings of 1003, twice, and never for 1001."""
    fault = {"do": "lose", "on": "answer", "command": 51, "login": EURO, "after": 2, "times": 2}
    async with faulty(way, fault) as venue, venue.terminal() as one, venue.terminal() as two:
        await one.login(EURO)
        await two.login(HEDGE)
        for _ in range(4):
            await one.websocket.send_message(one.session.seal(51, None, b""))
            await two.ask(51)
        await one.ask(4)
        assert commands(one).count(51) == 2
        assert venue.control("faults") == []


async def test_chance_is_the_same_under_the_same_seed() -> None:
    async def lost(seed: int) -> list[int]:
        fault = {"do": "lose", "on": "answer", "command": 51, "times": 0, "chance": 0.5}
        async with faulty("script", fault, seed=seed) as venue, venue.terminal() as one:
            await one.login(HEDGE)
            found = []
            for number in range(40):
                before = commands(one).count(51)
                await one.websocket.send_message(one.session.seal(51, None, b""))
                await one.ask(4)
                if commands(one).count(51) == before:
                    found.append(number)
            return found

    first = await lost(5)
    assert 5 < len(first) < 35
    assert await lost(5) == first
    assert await lost(6) != first


async def test_what_dealers_do_by_chance_comes_from_the_one_seed() -> None:
    """Half of the deals are requoted: which ones, the seed of all settings says."""

    async def codes(seed: int) -> list[int]:
        quotes = Quotes({"EURUSD": (1.1, 1.1001), "EURUSD.ins": (1.1, 1.1001)}, START)
        async with (
            running(seed=seed, feed=quotes, trading={"requote_chance": 0.5}) as venue,
            venue.terminal(HEDGE) as one,
        ):
            for _ in range(24):
                request = one.request(2, 0, 0.1, trade_symbol="EURUSD.ins", price_order=1.1001)
                await one.trade(request)
                await one.settled()
            return [
                push.value.result.retcode
                for push in one.heard
                if isinstance(push, Push) and push.command == 19
            ]

    first = await codes(5)
    assert set(first) == {10004, 10009}
    assert await codes(5) == first != await codes(6)


async def test_noise_is_the_same_under_the_same_seed() -> None:
    async def noise(seed: int) -> str | bytes:
        fault = {"do": "garbage", "on": "answer", "command": 4, "bytes": 64}
        async with faulty("script", fault, seed=seed) as venue, venue.terminal(HEDGE) as one:
            await one.send(Request(4))
            return await one.websocket.get_message()

    first = await noise(5)
    assert await noise(5) == first != await noise(6)
