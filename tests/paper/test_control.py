"""The control port: its words, its refusals, its socket."""

import json
from typing import Any

import pytest
import trio

from oms.paper.feed import RandomWalk
from oms.paper.settings import Settings
from protocol.messages import Push, Refused, Request
from protocol.records.access import Login

from .running import HEDGE, NET, SERVER_START_S, START, Running, running

pytestmark = pytest.mark.trio


async def asked(venue: Running, *lines: bytes) -> list[Any]:
    """The answers of one connection to these lines."""
    async with await trio.open_tcp_stream("127.0.0.1", venue.control_port) as stream:
        await stream.send_all(b"".join(lines))
        received = b""
        with trio.fail_after(5):
            while received.count(b"\n") < sum(line.count(b"\n") for line in lines):
                received += await stream.receive_some()
    return [json.loads(line) for line in received.splitlines()]


async def test_lines_are_answered_in_order() -> None:
    async with running() as venue:
        answers = await asked(
            venue,
            b'{"do": "clock"}\n{"do": "connections"}\n{"do":',
            b' "deposit", "login": 1001, "amount": "1.10"}\n{"do": "faults"}\n',
        )
    assert answers == [
        {"ok": {"utc_ms": START, "server_ms": SERVER_START_S * 1000}},
        {"ok": []},
        {"ok": None},
        {"ok": []},
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"{", "line"),
        (b"[]", "line"),
        (b"[" * 100_000, "line"),
        (b"\xff", "line"),
        (b"{}", "do"),
        (b'{"do": "fly"}', "do"),
        (b'{"do": ["truth"]}', "do"),
        (b'{"do": "truth", "login": 1}', "login"),
        (b'{"do": "deposit", "login": 1001}', "amount"),
        (b'{"do": "deposit", "login": 9, "amount": "1"}', "login"),
        (b'{"do": "deposit", "login": "1001", "amount": "1"}', "login"),
        (b'{"do": "deposit", "login": 1001, "amount": "1e15"}', "amount"),
        (b'{"do": "deposit", "login": 1001, "amount": "nan"}', "amount"),
        (b'{"do": "deposit", "login": 1001, "amount": "x"}', "amount"),
        (b'{"do": "deposit", "login": 1001, "amount": "1", "deal_type": 1}', "deal_type"),
        (b'{"do": "amend_deal", "login": 1001, "deal": 9, "changes": {}}', "changes"),
        (b'{"do": "amend_deal", "login": 1001, "deal": 101, "changes": {"deal": 7}}', "changes"),
        (b'{"do": "amend_deal", "login": 1001, "deal": 101, "changes": {"profit": "much"}}', "changes"),
        (b'{"do": "amend_deal", "login": 1001, "deal": 101, "changes": {"login": 7}}', "changes"),
        (b'{"do": "remove_deal", "login": 1001, "deal": 9}', "deal"),
        (b'{"do": "rights", "login": 1001, "rights": -1}', "rights"),
        (b'{"do": "spec", "symbol": "NOPE", "changes": {}}', "changes"),
        (b'{"do": "tick", "symbol": "NOPE", "bid": 1, "ask": 2}', "symbol"),
        (b'{"do": "tick", "symbol": "EURUSD", "bid": 2, "ask": 1}', "ask"),
        (b'{"do": "tick", "symbol": "EURUSD", "bid": 0, "ask": 1}', "bid"),
        (b'{"do": "tick", "symbol": "EURUSD", "bid": NaN, "ask": 1}', "bid"),
        (b'{"do": "tick", "symbol": "EURUSD", "bid": 1.123456, "ask": 1.2}', "bid"),
        (b'{"do": "key_length", "length": 20}', "length"),
        (b'{"do": "dealer_delay", "ms": -1}', "ms"),
        (b'{"do": "reject_next", "retcode": 10006, "channel": "both"}', "channel"),
        (b'{"do": "fault", "fault": {"do": "zap"}}', "fault.do"),
        (b'{"do": "fault", "fault": {"do": "lose", "chance": 2}}', "fault.chance"),
        (b'{"do": "fault", "fault": {"do": "lose", "onn": "push"}}', "fault.onn"),
        (b'{"do": "fault", "fault": {"do": "swap", "on": "request"}}', "fault.on"),
        (b'{"do": "fault", "fault": {"do": "action_id", "command": 12}}', "fault.command"),
        (b'{"do": "fault", "fault": {"do": "spec", "symbol": "NOPE"}}', "fault"),
        (b'{"do": "refuse_tickets", "on": 1}', "on"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_done(line: bytes, field: str) -> None:
    async with running() as venue:
        before = venue.control("truth")
        answer = venue.paper.control.answer(line)
        assert answer["error"]["field"] == field
        assert answer["error"]["message"]
        assert venue.control("truth") == before
        assert venue.control("faults") == []


async def test_a_line_without_end_is_cut_off() -> None:
    async with (
        running() as venue,
        await trio.open_tcp_stream("127.0.0.1", venue.control_port) as stream,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(stream.send_all, b"x" * (1024 * 1024 + 100_000))
        with trio.fail_after(5):
            error = json.loads(await stream.receive_some())["error"]
        assert error["field"] == "line"
        nursery.cancel_scope.cancel()


async def test_an_asker_that_goes_away_disturbs_nobody() -> None:
    async with running() as venue:
        for data in (b"", b'{"do": "truth"}\n' * 200):
            stream = await trio.open_tcp_stream("127.0.0.1", venue.control_port)
            await stream.send_all(data)
            await stream.aclose()
        assert await asked(venue, b'{"do": "faults"}\n') == [{"ok": []}]


async def test_the_truth() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(comment="mine\ud83d")
        await terminal.trade(terminal.request(5, 2, 0.2, price_order=1.09, type_filling=2))
        (answer,) = await asked(venue, b'{"do": "truth"}\n')
        truth = answer["ok"]
        assert [(one["login"], float(one["balance"])) for one in truth["accounts"]] == [
            (1001, 10_000), (1002, 10_000), (1003, 10_000), (1004, 1_000_000),
        ]  # fmt: skip
        assert [(one["trade_order"], one["open"], one["comment"]) for one in truth["orders"]] == [
            (2, True, ""),
            (1, False, "mine\ud83d"),
        ]
        mine = [one for one in truth["deals"] if one["login"] == HEDGE]
        assert [(one["deal"], one["trade_action"], one["comment"]) for one in mine] == [
            (101, 2, ""),
            (105, 0, "mine\ud83d"),
        ]
        assert [(one["login"], one["position_id"], one["trade_volume"]) for one in truth["positions"]] == [
            (HEDGE, 1, 10_000_000)
        ]
        trade = truth["requests"][2]
        assert (trade["command"], trade["login"], trade["session"], trade["utc_ms"]) == (12, HEDGE, 1, START)
        assert len(trade["hex"]) == 2 * 248
        assert bytes.fromhex(trade["hex"])[164:174] == "mine\ud83d".encode("utf-16-le", "surrogatepass")
        assert not [one for one in truth["accounts"] if "password" in one]


async def test_reject_next_slow_next_and_requote_next() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        venue.control("reject_next", retcode=10006, channel="answer")
        venue.control("reject_next", retcode=10018, channel="result")
        assert await terminal.buy() == 10006
        assert await terminal.buy() == 0
        assert (await terminal.push(19)).result.retcode == 10018
        venue.control("slow_next", ms=300)
        assert await terminal.buy() == 0
        await venue.clock.advance(350)
        assert (await terminal.push(19)).result.retcode == 10009
        venue.quote(1.1, 1.1001, "EURUSD.ins")
        venue.control("requote_next")
        instant: dict[str, Any] = {"trade_symbol": "EURUSD.ins", "price_order": 1.1001}
        assert await terminal.trade(terminal.request(2, 0, 0.1, **instant)) == 0
        assert (await terminal.push(19)).result.retcode == 10004


async def test_the_dealers_delay() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        venue.control("dealer_delay", ms=500)
        await terminal.buy()
        assert [one.command for one in await terminal.settled()] == [12]
        await venue.clock.advance(500)
        assert len(await terminal.settled()) == 5


async def test_link_and_tickets_and_key_length() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        venue.control("link", state=1)
        assert (await terminal.push(15)).state == 1
        assert await terminal.buy() == 10031
        venue.control("link", state=0)
        assert (await terminal.push(15)).state == 0
        assert await terminal.buy() == 0
        ticket = terminal.session.ticket
        venue.control("refuse_tickets")
        venue.control("key_length", length=16)
        async with venue.terminal() as other:
            assert [len(one.value.key) for one in other.heard if one.command == 0] == [16]  # type: ignore[union-attr]
            refused = await other.reply(28, Login(login=HEDGE, password_ticket=ticket))
            assert isinstance(refused, Refused)
            assert refused.code == 3
            venue.control("refuse_tickets", on=False)
            await other.login(HEDGE, "", password_ticket=ticket)


async def test_breaking_one_session_an_account_or_all() -> None:
    async with (
        running() as venue,
        venue.terminal(HEDGE),
        venue.terminal(HEDGE),
        venue.terminal(NET),
        venue.terminal(),
    ):
        assert [one["login"] for one in venue.control("connections")] == [HEDGE, HEDGE, NET, None]
        assert venue.control("abort", session=2) == 1
        await venue.gone(3)
        assert venue.control("close", login=HEDGE) == 1
        await venue.gone(2)
        assert venue.control("half_open", login=9) == 0
        assert venue.control("close") == 2
        await venue.gone()


async def test_abort_after_so_many_more_bytes() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        assert venue.control("abort", bytes=10) == 1
        assert len(venue.server.connections) == 1
        await terminal.send(Request(51))
        await venue.gone()


async def test_a_jump_of_the_zone_is_told_to_every_account() -> None:
    async with running() as venue, venue.terminal(HEDGE) as one, venue.terminal(NET) as two:
        venue.control("zone_jump", hours=1)
        for terminal in (one, two):
            (push,) = await terminal.settled()
            assert isinstance(push, Push)
            assert (push.command, push.value.main.timezone_shift) == (14, 10_800)
        assert venue.control("clock") == {"utc_ms": START, "server_ms": SERVER_START_S * 1000 + 3_600_000}


async def test_a_feed_switched_off_leaves_the_quotes_to_the_caller() -> None:
    instruments = Settings().instruments()
    async with running(feed=RandomWalk(instruments, 1, START)) as venue:
        quoted = venue.venue.prices["EURUSD"]
        await venue.clock.advance(3000)
        moved = venue.venue.prices["EURUSD"]
        assert moved.server_ms > quoted.server_ms
        venue.control("feed", on=False)
        await venue.clock.advance(3000)
        assert venue.venue.prices["EURUSD"] == moved
        venue.quote(1.5, 1.6)
        assert venue.venue.prices["EURUSD"].bid == 1.5
        venue.control("feed", on=True)
        await venue.clock.advance(3000)
        assert venue.venue.prices["EURUSD"].bid != 1.5
