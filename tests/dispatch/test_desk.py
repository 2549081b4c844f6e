"""Commands from their receipt to their outcome, against a venue over a real socket."""

from pathlib import Path

import pytest
import trio

from tests.dispatch.desked import D, Desked, desked, quicker
from tests.paper.running import NET, Running

pytestmark = pytest.mark.trio


async def test_a_market_order_is_written_down_sent_answered_filled(trading: Desked) -> None:
    found = await trading.buy(id="7f3c", client="desk")
    assert (found["status"], found["final"], found["command"], found["client"]) == (
        *("filled", True, "7f3c", "desk"),
    )
    assert (found["volume"], found["filled"], found["retcode"], found["retcode_name"]) == (
        *("0.10", "0.10", 10009, "DONE"),
    )
    assert found["order"] == found["position"]
    assert [deal["volume"] for deal in found["deals"]] == ["0.10"]
    assert trading.types() == [
        *("command.received", "command.sending", "command.answered", "command.result", "command.outcome"),
    ]
    events = trading.held.events()
    sending = next(one for one in events if "action_id" in one and "digits" in one)
    assert sending["quote"]["ask"] == "1.1001"
    assert 2**20 <= sending["action_id"] < 2**31
    assert len(trading.requests()) == 1


async def test_what_is_denied_tells_every_reason_and_sends_nothing(trading: Desked) -> None:
    found = await trading.buy("0.015", type="limit", price="1.2000001")
    assert (found["status"], found["final"]) == ("denied", True)
    codes = {one["code"]: one for one in found["reasons"]}
    assert {"volume_off_step", "price_off_tick", "price_too_near"} <= codes.keys()
    assert codes["volume_off_step"] == {
        "code": "volume_off_step",
        "field": "volume",
        "message": "0.015 is not a multiple of 0.01",
        "given": "0.015",
        "limit": "0.01",
        "retcode": 10014,
        "category": "validation",
        "retry": "no",
    }
    assert trading.types() == ["command.received", "command.denied"]
    assert trading.requests() == []


# docs/semantics.md 9.


async def test_tc_d1_one_id_twice_at_once_is_one_order(trading: Desked) -> None:
    replies = []

    async def ask() -> None:
        replies.append(await trading.buy(id="7f3c"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert len(trading.requests()) == 1
    assert all(one == replies[0] for one in replies)
    assert replies[0]["status"] == "filled"


async def test_tc_d1_one_id_a_day_later_is_one_order(trading: Desked) -> None:
    first = await trading.buy(id="7f3c")
    await trading.venue.advance(26 * 3600 * 1000)
    assert await trading.buy(id="7f3c", deadline="2024-05-16T00:00:00Z", wait=1, reply="receipt") == first
    assert len(trading.requests()) == 1


async def test_tc_d1_one_id_after_a_restart_is_one_order(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        first = await trading.buy(id="7f3c")
    async with desked(running, tmp_path) as again:
        assert await again.buy(id="7f3c") == first
        assert len(again.requests()) == 1
        assert (await again.buy(id="7f3d"))["order"] != first["order"]


async def test_tc_d2_one_id_with_another_volume_is_a_conflict(trading: Desked) -> None:
    first = await trading.buy(id="7f3c")
    found = await trading.buy("0.20", id="7f3c")
    assert (found["status"], found["final"], found["reasons"][0]["code"]) == ("conflict", True, "conflict")
    assert len(trading.requests()) == 1
    (conflict,) = trading.held.events("command.conflict")
    assert conflict["known_hash"] != conflict["given_hash"]
    assert {len(conflict["known_hash"]), len(conflict["given_hash"])} == {64}
    assert await trading.buy(id="7f3c") == first


async def test_tc_d7_two_clients_may_use_one_id(trading: Desked) -> None:
    one, other = await trading.buy(id="7f3c", client="a"), await trading.buy(id="7f3c", client="b")
    assert one["order"] != other["order"]
    assert len(trading.requests()) == 2


async def test_tc_d8_past_its_deadline_it_is_denied(trading: Desked) -> None:
    found = await trading.buy(id="7f3c", deadline="2024-05-15T06:59:57Z")
    assert (found["status"], found["reasons"][0]["code"]) == ("denied", "past_deadline")
    assert trading.requests() == []
    again = await trading.buy(id="7f3c", deadline="2024-05-15T08:00:00Z")
    assert again == found  # equal payloads but for the deadline: the stored result
    within_skew = await trading.buy(id="7f3d", deadline="2024-05-15T06:59:59Z")
    assert within_skew["status"] == "filled"


async def test_an_id_is_made_where_none_is_given(trading: Desked) -> None:
    one, other = await trading.buy(), await trading.buy()
    assert len({one["command"], other["command"]}) == 2
    assert len(one["command"]) == 16


async def test_a_receipt_comes_at_once_and_is_written_down(trading: Desked) -> None:
    trading.fault("delay", on="answer", command=12, seconds=0.3)
    found = await trading.buy(id="7f3c", reply="receipt")
    assert (found["status"], found["final"]) == ("received", False)
    assert found["seq"] is not None
    await trading.venue.advance(400)
    later = await trading.buy(id="7f3c")
    assert later["status"] == "filled"
    assert len(trading.requests()) == 1


async def test_a_wait_that_is_over_tells_the_status_as_it_stands(trading: Desked) -> None:
    trading.venue.control("dealer_delay", ms=1000)
    found = await trading.buy(id="7f3c", wait=0.05)
    assert (found["status"], found["final"]) in [("sending", False), ("accepted", False)]


async def test_more_than_may_wait_are_busy_and_their_ids_free(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(waiting=2)) as trading:
        trading.venue.control("dealer_delay", ms=1000)
        trading.fault("delay", on="answer", command=12, seconds=0.2, times=0)
        replies: dict[int, str] = {}

        async def ask(number: int) -> None:
            found = await trading.buy(id=f"c{number}", wait=0.01)
            replies[number] = found["reasons"][0]["code"] if found["reasons"] else found["status"]

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(ask, number)
                await trio.testing.wait_all_tasks_blocked(0.001)
        assert list(replies.values()).count("busy") == 1
        (late,) = [number for number, told in replies.items() if told == "busy"]
        assert trading.desk.recorder.books.commands.get("default", f"c{late}") is None


# docs/semantics.md 0, 2: doubts.


DOUBTS = {
    "10012": {"do": "retcode", "on": "answer", "retcode": 10012},
    "10031": {"do": "retcode", "on": "answer", "retcode": 10031},
    "7": {"do": "retcode", "on": "answer", "retcode": 7},
    "99999": {"do": "retcode", "on": "answer", "retcode": 99999},
    "code byte 2": {"do": "refuse", "on": "answer", "code": 2},
    "three bytes": {"do": "truncate", "on": "answer", "bytes": 3},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", DOUBTS.values(), ids=DOUBTS)
async def test_tc_u9_an_answer_that_says_neither_is_never_a_rejection(
    running: Running, tmp_path: Path, fault: dict[str, object]
) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault(**{"command": 12, **fault})  # type: ignore[arg-type]
        found = await trading.buy(id="7f3c")
        assert (found["status"], found["filled"]) == ("filled", "0.10")  # its marker was found
        (unknown,) = trading.held.events("command.unknown")
        assert unknown["reason"] == ("undecodable" if fault["do"] == "truncate" else "retcode")
        assert [one["status"] for one in trading.held.events("command.outcome")] == ["filled"]
        assert (await trading.buy(id="7f3d"))["status"] == "filled"  # others go on
        assert len(trading.requests()) == 2


@pytest.mark.slow
async def test_a_lost_answer_is_unknown_and_never_sent_again(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("lose", on="request", command=12)
        found = await trading.buy(id="7f3c", wait=0.9)
        assert (found["status"], found["final"]) == ("unknown", False)
        (unknown,) = trading.held.events("command.unknown")
        assert (unknown["reason"], unknown["accepted"]) == ("answer_timeout", False)
        assert (await trading.buy(id="7f3c", wait=10))["status"] == "rejected"
        assert trading.requests() == []


@pytest.mark.slow
async def test_an_executed_order_whose_answer_was_lost_is_found_by_its_marker(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("lose", on="answer", command=12)
        found = await trading.buy(id="7f3c", wait=5)
        assert (found["status"], found["final"], found["filled"]) == ("filled", True, "0.10")
        assert len(trading.requests()) == 1


@pytest.mark.slow
async def test_a_session_that_breaks_after_the_send_leaves_a_doubt(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("abort", on="request", command=12)
        found = await trading.buy(id="7f3c", wait=1)
        assert found["status"] in ("unknown", "filled")
        assert [one["reason"] for one in trading.held.events("command.unknown")] == ["session_ended"]
        assert trading.held.account.standing.permission == "active"


async def test_a_restart_makes_what_was_sent_unknown(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.venue.control("dealer_delay", ms=60_000)
        found = await trading.buy(id="7f3c", wait=0.1)
        assert found["final"] is False
    async with desked(running, tmp_path) as again:
        found = await again.buy(id="7f3c", wait=0.05)
        assert found["status"] == "unknown"
        assert again.held.account.standing.permission == "active"
        assert len(again.requests()) == 1


async def test_tc_o4_placed_and_then_refused(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("retcode", on="answer", command=12, retcode=10008)
        trading.venue.control("reject_next", retcode=10018)
        found = await trading.buy(id="7f3c")
        assert (found["status"], found["retcode"]) == ("rejected", 10018)
        assert [one["status"] for one in trading.held.events("command.outcome")] == ["rejected"]


# Changing, closing.


async def test_a_close_within_and_beyond_its_position(trading: Desked) -> None:
    opened = await trading.buy("0.30")
    part = await trading.ask("close", position=opened["position"], volume="0.10")
    assert (part["status"], part["filled"], part["position"]) == ("filled", "0.10", opened["position"])
    beyond = await trading.ask("close", position=opened["position"], volume="0.30")
    assert (beyond["status"], beyond["reasons"][0]["retcode"]) == ("denied", 10014)
    rest = await trading.ask("close", position=opened["position"])
    assert (rest["status"], rest["filled"]) == ("filled", "0.20")
    gone = await trading.ask("close", position=opened["position"])
    assert (gone["status"], gone["reasons"][0]["retcode"]) == ("denied", 10036)
    assert list(trading.held.books.positions) == []


async def test_a_pending_order_lives(trading: Desked) -> None:
    placed = await trading.buy(type="limit", price="1.0500", id="p1")
    assert (placed["status"], placed["final"], placed["filled"]) == ("working", True, "0.00")
    changed = await trading.ask("modify", order=placed["order"], price="1.0400", sl="1.0300")
    assert changed["status"] == "done"
    same = await trading.ask("modify", order=placed["order"], price="1.0400", sl="1.0300")
    assert (same["status"], same["retcode"]) == ("done", 10025)
    assert len(trading.requests()) == 2
    gone = await trading.ask("cancel", command="p1")
    assert (gone["status"], gone["order"]) == ("done", placed["order"])
    assert (await trading.buy(type="limit", price="1.0500", id="p1"))["status"] == "canceled"
    nothing = await trading.ask("cancel", command="p9")
    assert (nothing["status"], nothing["reasons"][0]["code"]) == ("denied", "unknown_command")


async def test_sweeps_have_a_child_for_each(trading: Desked) -> None:
    await trading.buy()
    await trading.buy("0.20")
    await trading.buy(type="limit", price="1.0500")
    closed = await trading.ask("close_all", id="all")
    assert (closed["status"], closed["final"]) == ("done", True)
    assert [(one["command"], one["status"], one["filled"]) for one in closed["children"]] == [
        *[("all/1", "filled", "0.10"), ("all/2", "filled", "0.20")],
    ]
    canceled = await trading.ask("cancel_all")
    assert [one["status"] for one in canceled["children"]] == ["done"]
    assert (await trading.ask("cancel_all"))["children"] == []
    assert list(trading.held.books.positions) == []
    assert list(trading.held.books.orders.open()) == []


async def test_netting_closes_by_symbol(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, login=NET) as trading:
        await trading.buy("0.30")
        part = await trading.ask("close", symbol="EURUSD", volume="0.10")
        assert (part["status"], part["filled"]) == ("filled", "0.10")
        (left,) = trading.held.books.positions
        assert left.volume == D("0.20")
        sold = await trading.buy("0.20", side="sell")
        assert sold["status"] == "filled"
        assert list(trading.held.books.positions) == []


async def test_check_sends_nothing_and_remembers_nothing(trading: Desked) -> None:
    found = await trading.ask("check", symbol="EURUSD", side="buy", volume="1.00", id="c1")
    assert (found["status"], found["final"], found["reasons"]) == ("done", True, [])
    # 1 lot of 100 000 EUR at 1:100 and 1.1001.
    assert found["margin"]["added"] == "1100.10"
    assert trading.types() == []
    denied = await trading.ask("check", symbol="EURUSD", side="buy", volume="50")
    assert (denied["status"], denied["reasons"][0]["code"]) == ("denied", "no_money")


# Operators.


async def test_halted_reduced_resumed(trading: Desked) -> None:
    opened = await trading.buy()
    told = await trading.operate("reduce", by="anna", comment="lunch")
    assert (told["status"], told["permission"]) == ("done", "reducing")
    assert (await trading.buy())["reasons"][0]["code"] == "reducing"
    assert (await trading.ask("close", position=opened["position"], volume="0.05"))["status"] == "filled"
    assert (await trading.operate("halt"))["permission"] == "halted"
    assert (await trading.ask("close", position=opened["position"]))["reasons"][0]["code"] == "halted"
    assert (await trading.operate("resume"))["permission"] == "active"
    assert (await trading.buy())["status"] == "filled"
    states = trading.held.events("account.state")
    assert ("reducing", "operator", "anna", "lunch") in [
        (one["permission"], one["reason"], one["by"], one["comment"]) for one in states
    ]


async def test_a_halt_survives_a_restart(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        await trading.operate("halt")
    async with desked(running, tmp_path) as again:
        assert again.held.account.standing.permission == "halted"
        assert (await again.buy())["reasons"][0]["code"] == "halted"


async def test_panic_leaves_nothing_open_and_halts(trading: Desked) -> None:
    await trading.buy()
    await trading.buy(type="limit", price="1.0500")
    told = await trading.operate("panic", by="anna")
    assert (told["status"], told["final"], told["permission"]) == ("done", True, "halted")
    assert [one["verb"] for one in told["commands"]] == ["cancel_all", "close_all"]
    assert list(trading.held.books.positions) == []
    assert list(trading.held.books.orders.open()) == []
    assert (await trading.buy())["reasons"][0]["code"] == "halted"


async def test_panic_closes_what_is_halted(trading: Desked) -> None:
    await trading.buy()
    await trading.operate("halt")
    told = await trading.operate("panic")
    assert (told["status"], told["permission"]) == ("done", "halted")
    assert list(trading.held.books.positions) == []


async def test_an_operator_who_says_something_else_is_told(trading: Desked) -> None:
    told = await trading.operate("explode")
    assert (told["status"], told["reasons"][0]["code"]) == ("denied", "unknown_verb")
    told = await trading.operate("halt", why="x")
    assert (told["status"], told["reasons"][0]["code"]) == ("denied", "unknown_field")
    assert trading.held.account.standing.permission == "active"


# What cannot be read.


async def test_what_is_no_command_is_denied_by_name_and_kept(trading: Desked) -> None:
    found = await trading.ask("submit", b'{"id": "x", "symbol": "EURUSD", "volume": NaN}')
    assert (found["status"], found["command"]) == ("denied", "x")
    assert [one["field"] for one in found["reasons"] if one["code"] == "bad_value"] == ["volume"]
    found = await trading.ask("submit", id="x" * 10_000)
    assert "id" in {one["field"] for one in found["reasons"]}
    assert [what for what, _ in trading.dead] == ["submit", "submit"]
    assert trading.types() == []
    assert trading.held.account.standing.permission == "active"
