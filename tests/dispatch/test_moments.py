"""The awkward moments of commands: prices that do not come, sessions that end, lines that are long."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from oms.dispatch.line import Line, Place
from oms.dispatch.options import Options
from oms.domain.marker import marker_of
from oms.eventlog.errors import JournalFull
from oms.recorder import Recorder
from tests.dispatch.desked import QUICK, Desked, desked, quicker
from tests.paper.running import Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]


@pytest.fixture
async def trading(running: Running, tmp_path: Path) -> AsyncIterator[Desked]:
    async with desked(running, tmp_path) as found:
        running.quote(1.1, 1.1001, "EURUSD.req")
        yield found


async def asked_prices(trading: Desked, **fields: Any) -> dict[str, Any]:
    """A market order in request execution."""
    return await trading.buy(symbol="EURUSD.req", **fields)


# Request execution (docs/protocol.md 6.5; docs/semantics.md 0).


async def test_prices_are_asked_for_and_then_the_order_is_sent_at_them(trading: Desked) -> None:
    found = await asked_prices(trading, id="7f3c")
    assert (found["status"], found["filled"]) == ("filled", "0.10")
    sending = trading.held.events("command.sending")
    assert [(one["action"], one["price"]) for one in sending] == [
        *[("request_prices", None), ("deal_request", "1.1001")],
    ]
    assert sending[1]["action_id"] == sending[0]["action_id"] + 1
    assert [one["meaning"] for one in trading.held.events("command.result")] == ["prices", "done"]


async def test_no_answer_to_a_question_for_prices_is_a_refusal_and_ends_the_session(trading: Desked) -> None:
    connection = trading.held.account.connection
    trading.fault("lose", on="request", command=12)
    found = await asked_prices(trading, id="7f3c")
    assert (found["status"], found["final"], found["reasons"][0]["code"]) == (
        *("rejected", True, "no_prices"),
    )
    await trading.held.until(lambda: trading.held.account.connection is not connection)
    await trading.until_ready()
    assert trading.held.account.standing.permission == "active"
    assert trading.types("command.unknown") == []


async def test_prices_that_never_come_are_a_refusal_and_end_the_session(trading: Desked) -> None:
    connection = trading.held.account.connection
    assert connection is not None
    trading.fault("lose", on="push", command=19)
    found = await asked_prices(trading, id="7f3c")
    assert (found["status"], found["reasons"][0]["code"]) == ("rejected", "no_prices")
    assert connection.over is not None
    assert connection.over.reason.value == "poisoned"
    assert trading.held.account.standing.permission == "active"


async def test_prices_that_have_moved_too_far_are_denied(trading: Desked) -> None:
    trading.venue.control("dealer_delay", ms=1000)
    replies: list[dict[str, Any]] = []

    async def ask() -> None:
        replies.append(await asked_prices(trading, id="7f3c", deviation=5))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trading.held.until(lambda: len(trading.requests()) == 1)
        trading.venue.quote(1.1010, 1.1011, "EURUSD.req")
        await trading.venue.advance(1500)
        await trading.held.until(lambda: bool(replies) or len(trading.requests()) > 1)
    assert (replies[0]["status"], replies[0]["reasons"][0]["code"]) == ("denied", "price_moved")
    assert len(trading.requests()) == 1


async def test_a_restart_before_the_prices_came_is_a_refusal(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(outcome_s=60)) as trading:
        running.quote(1.1, 1.1001, "EURUSD.req")
        trading.venue.control("dealer_delay", ms=60_000)
        assert (await asked_prices(trading, id="7f3c", wait=0.2))["final"] is False
    async with desked(running, tmp_path) as again:
        found = await asked_prices(again, id="7f3c", wait=0)
        assert (found["status"], found["reasons"][0]["code"]) == ("rejected", "no_prices")
        assert again.held.account.standing.permission == "active"


# The venue is not there, or not ready.


async def test_a_trade_server_that_is_away_is_told_and_uses_no_id_up(trading: Desked) -> None:
    trading.venue.control("link", state=1)
    talk = trading.held.account.conversation
    assert talk is not None
    await trading.held.until(lambda: not talk.following.server_reached)
    found = await trading.buy(id="7f3c")
    assert (found["status"], [one["code"] for one in found["reasons"]]) == ("denied", ["venue_unavailable"])
    assert trading.types() == []
    trading.venue.control("link", state=0)
    await trading.held.until(lambda: talk.following.server_reached)
    assert (await trading.buy(id="7f3c"))["status"] == "filled"


async def test_without_a_session_nothing_is_sent_and_the_id_is_free(trading: Desked) -> None:
    trading.fault("refuse", on="request", command=28, code=2, times=0)
    trading.venue.control("abort")
    await trading.held.until(lambda: trading.held.account.standing.link != "ready")
    found = await trading.buy(id="7f3c")
    assert (found["status"], found["reasons"][0]["code"]) == ("denied", "venue_unavailable")
    trading.venue.control("clear_faults")
    await trading.until_ready()
    assert (await trading.buy(id="7f3c"))["status"] == "filled"


async def test_closes_pass_while_the_books_are_compared(trading: Desked) -> None:
    opened = await trading.buy()
    trading.held.account.standing.fall("reconciling")
    denied = await trading.buy(id="7f3c")
    assert [one["code"] for one in denied["reasons"]] == ["reconciling"]
    closed = await trading.ask("close", position=opened["position"])
    assert closed["status"] == "filled"


# Waiting.


async def test_what_waits_past_its_deadline_is_denied(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(answer_s=5, outcome_s=5)) as trading:
        trading.fault("delay", on="answer", command=12, seconds=2)
        replies: dict[str, dict[str, Any]] = {}

        async def ask(name: str, **fields: Any) -> None:
            replies[name] = await trading.buy(id=name, **fields)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "first")
            await trading.held.until(lambda: len(trading.requests()) == 1)
            nursery.start_soon(ask, "second")
            await wait_all_tasks_blocked(0.01)
            await trading.venue.advance(11_000)
        assert replies["first"]["status"] == "filled"
        assert replies["second"]["reasons"][0]["code"] == "past_deadline"
        assert len(trading.requests()) == 1


async def test_a_sweep_overtakes_and_calls_off_what_the_same_client_has_waiting(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path, options=quicker(answer_s=5, outcome_s=5)) as trading:
        trading.fault("delay", on="answer", command=12, seconds=1)
        replies: dict[str, dict[str, Any]] = {}

        async def ask(name: str, verb: str, **fields: Any) -> None:
            order: dict[str, Any] = (
                {"symbol": "EURUSD", "side": "buy", "volume": "0.10"} if verb == "submit" else {}
            )
            replies[name] = await trading.ask(verb, id=name, **order, **fields)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(ask, "first", "submit", client="a"))
            await trading.held.until(lambda: len(trading.requests()) == 1)
            for client in ("a", "b"):
                nursery.start_soon(partial(ask, f"of-{client}", "submit", client=client))
                await wait_all_tasks_blocked(0.01)
            nursery.start_soon(partial(ask, "all", "close_all", client="a"))
            await wait_all_tasks_blocked(0.01)
            await trading.venue.advance(1500)
        assert replies["of-a"]["reasons"][0]["code"] == "overtaken"
        assert replies["of-b"]["status"] == "filled"
        assert replies["all"]["status"] == "done"


async def test_the_line_lets_the_urgent_go_first_and_equals_in_their_order() -> None:
    line, order = Line(), []

    async def speak(place: Place, name: str) -> None:
        async with place:
            order.append(name)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        first = line.join(2)
        for rank, name in ((2, "c"), (1, "b"), (2, "d"), (0, "a")):
            nursery.start_soon(speak, line.join(rank), name)
        line.join(0).leave()
        with trio.move_on_after(0):
            await speak(line.join(0), "cancelled")
        await wait_all_tasks_blocked()
        assert order == []
        first.leave()
        first.leave()
    assert order == ["a", "b", "c", "d"]
    async with line.join(5):
        pass


# What is written on the order.


async def test_the_marker_stands_behind_the_comment_which_is_cut_at_a_letter(trading: Desked) -> None:
    await trading.buy(id="7f3c", client="desk", comment="nineteen letters...😀 and more")
    (sending,) = trading.held.events("command.sending")
    marker = marker_of("main", "desk", "7f3c")
    assert sending["comment"] == "nineteen letters..." + marker
    assert len(sending["comment"].encode("utf-16-le")) // 2 == 30
    (deal,) = [one for one in trading.held.events("deal.booked") if one["order"]]
    assert deal["comment"] == sending["comment"]


async def test_without_markers_the_comment_is_the_users(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(marker=False)) as trading:
        found = await trading.buy(id="7f3c", comment="mine")
        assert found["status"] == "filled"
        (sending,) = trading.held.events("command.sending")
        assert (sending["comment"], sending["marker"]) == ("mine", "")


async def test_an_order_that_already_carries_the_marker_is_never_sent_again(
    running: Running, tmp_path: Path
) -> None:
    """The journal was restored from before: the id is forgotten, the venue has the order."""
    async with desked(running, tmp_path / "one") as first:
        assert (await first.buy(id="7f3c"))["status"] == "filled"
    async with desked(running, tmp_path / "two") as again:
        found = await again.buy(id="7f3c")
        assert (found["status"], found["order"], found["filled"]) == ("filled", "1", "0.10")
        assert [one["reason"] for one in again.held.events("command.unknown")] == ["known_marker"]
        assert len(again.requests()) == 1


async def test_orders_of_others_are_told_from_ours(trading: Desked) -> None:
    ours = await trading.buy(id="7f3c", client="desk")
    async with trading.venue.terminal(1001) as other:
        await other.trade(other.request(3, 0, 0.1, type_filling=1))
        await other.push(19)
    await trading.held.until(lambda: len(list(trading.held.books.positions)) == 2)
    commands = trading.held.books.commands
    owners = {one.order: commands.owner(one.order) for one in trading.held.books.orders}
    known = owners.pop(ours["order"])
    assert known is not None
    assert known.key == ("desk", "7f3c")
    assert set(owners.values()) == {None}


# The disk.


async def test_a_journal_without_room_denies_and_sends_nothing(
    trading: Desked, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Recorder.write

    async def full(self: Recorder, *args: object, **kwargs: object) -> object:
        raise JournalFull(self.path, "the disk is full")

    monkeypatch.setattr(Recorder, "write", full)
    found = await trading.intake.request(
        "submit", {}, b'{"id":"7f3c","reply":"receipt","symbol":"EURUSD","side":"buy","volume":"0.1"}'
    )
    assert b"not_recorded" in found.payload
    monkeypatch.setattr(Recorder, "write", write)
    assert trading.requests() == []
    assert (await trading.buy(id="7f3c", volume="0.1"))["status"] == "filled"


async def test_defaults_are_those_of_the_documents() -> None:
    """docs/design.md: defaults and bounds."""
    usual = Options()
    assert (usual.deadline_s, usual.wait_s, usual.skew_s, usual.waiting) == (10, 5, 2, 256)
    assert (usual.answer_s, usual.outcome_s, usual.rate, usual.burst) == (30, 60, 10, 20)
    pace = usual.pace
    assert (pace.spacing_s, pace.last_s, pace.accepted_s, pace.warning_s) == (5, 60, 300, 60)
    assert usual != QUICK
