"""What nobody knew, and how it was found out (docs/semantics.md 8)."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.dispatch.desked import QUICK, D, Desked, desked, quicker
from tests.paper.running import HEDGE, NET, Running

pytestmark = pytest.mark.trio

MINUTE_MS = 60_000  # of the venue's clock, by which its dealers think
PACE = QUICK.pace  # of the looks, in real time: a second where it is a minute


def status(trading: Desked, command: str, client: str = "default") -> str:
    known = trading.desk.recorder.books.commands.get(client, command)
    return known.status if known else ""


async def until(trading: Desked, command: str, *wanted: str) -> None:
    await trading.held.until(lambda: status(trading, command) in wanted)


def executed_but_not_told(trading: Desked) -> None:
    """The connection breaks when the next trade request would be answered: nothing of it is heard."""
    trading.fault("abort", on="answer", command=12)


async def scanned(trading: Desked, scans: int, command: str = "7f3c") -> list[dict[str, Any]]:
    """The first looks that were recorded of a command, as soon as there are so many."""

    def looks() -> list[dict[str, Any]]:
        return [one for one in trading.held.events("command.scanned") if one["command"] == command]

    await trading.held.until(lambda: len(looks()) >= scans)
    return looks()


async def test_tc_u1_an_executed_order_whose_answer_was_lost_is_found(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        executed_but_not_told(trading)
        found = await trading.buy(id="7f3c", wait=10)
        assert (found["status"], found["final"], found["filled"]) == ("filled", True, "0.10")
        assert trading.types()[-2:] == ["command.settled", "command.outcome"]
        (settled,) = trading.held.events("command.settled")
        assert (settled["verdict"], settled["order"]) == ("found", found["order"])
        again = await trading.buy(id="7f3c")
        assert {**again, "times": 0} == {**found, "times": 0}
        assert len(trading.requests()) == len(running.control("truth")["orders"]) == 1


async def test_tc_u2_a_request_that_never_arrived_was_not_executed(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("lose", on="request", command=12)
        began = trio.current_time()
        assert (await trading.buy(id="7f3c", wait=0.9))["status"] == "unknown"
        looks = await scanned(trading, 2)
        assert [(one["good"], one["verdict"]) for one in looks] == [(True, "nothing")] * 2
        (unknown,) = trading.held.events("command.unknown")
        assert unknown["accepted"] is False
        await until(trading, "7f3c", "rejected")
        assert trio.current_time() - began >= PACE.last_s
        found = await trading.buy(id="7f3c")
        assert (found["status"], found["final"]) == ("rejected", True)
        assert [one["code"] for one in found["reasons"]] == ["not_executed"]
        (settled,) = trading.held.events("command.settled")
        assert (settled["verdict"], settled["evidence"]) == ("not_found", "two_scans")
        assert running.control("truth")["orders"] == []
        assert (await trading.buy(id="7f3d"))["status"] == "filled"


async def test_tc_u3_a_late_answer_is_nobody_elses(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(answer_s=1.5)) as trading:
        trading.fault("delay", on="answer", command=12, seconds=3.0)
        for command in (10, 19):
            trading.fault("lose", on="push", command=command)
        assert (await trading.buy(id="a", wait=0.1))["final"] is False
        await trading.held.until(lambda: bool(trading.held.events("session.ended")))
        assert [one["reason"] for one in trading.held.events("session.ended")] == ["poisoned"]
        await trading.until_ready()
        trading.fault("delay", on="answer", command=12, seconds=0.8)  # a's comes while b's is waited for
        found = await trading.buy("0.20", id="b", wait=10)
        assert (found["status"], found["filled"]) == ("filled", "0.20")
        await until(trading, "a", "filled")
        assert len(trading.requests()) == 2
        await trading.held.until(lambda: bool(trading.held.events("command.answered")))
        answered = [(one["command"], one["retcode"]) for one in trading.held.events("command.answered")]
        assert answered == [("b", 0)]


async def test_tc_u4_one_order_that_looks_like_it_is_probable(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("cut_comment", on="request", command=12, bytes=0)
        executed_but_not_told(trading)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        look = (await scanned(trading, 1))[0]
        assert (look["verdict"], look["candidates"]) == ("probable", ["1"])
        await trio.sleep(PACE.accepted_s + 0.5)
        assert status(trading, "7f3c") == "unknown"  # an operator has to say
        told = await trading.operate("settle", command="7f3c", verdict="found", by="ann", comment="seen")
        assert (told["status"], told["commands"][0]["status"]) == ("done", "filled")
        (settled,) = trading.held.events("command.settled")
        assert settled["evidence"] == "operator"
        assert (settled["by"], settled["comment"], settled["order"]) == ("ann", "seen", "1")
        found = await trading.buy(id="7f3c")
        assert (found["status"], found["order"], found["filled"]) == ("filled", "1", "0.10")


async def test_tc_u4_a_cut_marker_is_probable(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        async with running.terminal(HEDGE) as other:
            await other.trade(other.request(3, 0, 0.1, type_filling=1))  # looks like it, but for the mark
        trading.fault("cut_comment", on="request", command=12, bytes=8)
        executed_but_not_told(trading)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        look = (await scanned(trading, 1))[0]
        assert (look["verdict"], look["candidates"]) == ("probable", ["2"])


async def test_tc_u4_two_orders_that_look_like_it_are_ambiguous(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        async with running.terminal(HEDGE) as other:
            await other.trade(other.request(3, 0, 0.1, type_filling=1))
        trading.fault("cut_comment", on="request", command=12, bytes=0)
        executed_but_not_told(trading)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        look = (await scanned(trading, 1))[0]
        assert (look["verdict"], sorted(look["candidates"])) == ("ambiguous", ["1", "2"])
        await trading.held.until(lambda: bool(trading.held.events("command.unsettled")))
        warning = trading.held.events("command.unsettled")[0]
        assert (warning["verdict"], sorted(warning["candidates"])) == ("ambiguous", ["1", "2"])
        denied = await trading.operate("settle", command="7f3c", verdict="found")
        assert [one["code"] for one in denied["reasons"]] == ["order_needed"]
        told = await trading.operate("settle", command="7f3c", verdict="found", order="2")
        assert (told["status"], told["commands"][0]["order"]) == ("done", "2")


async def test_tc_u5_while_no_look_succeeds_it_stays_unknown_and_is_told(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        trading.fault("lose", on="request", command=12)
        trading.fault("refuse", on="request", command=5, code=2, times=0)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        await trading.held.until(lambda: len(trading.held.events("command.unsettled")) == 3)
        assert status(trading, "7f3c") == "unknown"
        assert trading.desk.recorder.books.commands.unknown == 1  # the metric
        assert trading.held.events("command.settled") == []
        warned = trading.held.events("command.unsettled")
        assert [one["scans"] for one in warned] == [0] * 3
        ages = [one["age"] for one in warned]
        assert ages[1] >= 2 * ages[0] >= 2 * PACE.warning_s  # each twice as late as the last
        assert ages[2] >= 2 * ages[1]
        assert [text for what, text in trading.held.told if what == "unknown still"]
        running.control("clear_faults")
        await until(trading, "7f3c", "rejected")


@pytest.mark.parametrize("late_s", [0.0, PACE.last_s + 0.5])
async def test_tc_u6_what_is_executed_after_a_look_is_found_by_its_push(
    running: Running, tmp_path: Path, late_s: float
) -> None:
    async with desked(running, tmp_path) as trading:
        running.control("dealer_delay", ms=MINUTE_MS)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        await scanned(trading, 2)
        await trio.sleep(late_s)
        assert status(trading, "7f3c") == "unknown"  # it had been accepted: five minutes, not one
        await running.advance(MINUTE_MS)
        await until(trading, "7f3c", "filled")
        outcomes = [one["status"] for one in trading.held.events("command.outcome")]
        assert outcomes == ["filled"]
        assert len(running.control("truth")["orders"]) == 1


async def test_tc_u7_a_stored_intent_is_unknown_whether_or_not_it_was_written_to_the_socket(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(flight: object) -> None:
        await trio.sleep_forever()

    async with desked(running, tmp_path) as trading:
        running.control("dealer_delay", ms=MINUTE_MS)
        assert (await trading.buy(id="b", wait=0.1))["final"] is False
        await trading.held.until(lambda: bool(trading.held.events("command.answered")))
        monkeypatch.setattr(trading.desk.flights, "send", never)
        assert (await trading.buy(id="a", wait=0.1))["status"] == "sending"
    async with desked(running, tmp_path) as again:
        assert (status(again, "a"), status(again, "b")) == ("unknown", "unknown")
        reasons = {one["command"]: one["reason"] for one in again.held.events("command.unknown")}
        assert reasons == {"a": "restarted", "b": "session_ended"}  # the end was told to the venue
        await running.advance(MINUTE_MS + 1000)  # the dealer has done his
        await until(again, "b", "filled")
        await until(again, "a", "rejected")
        assert len(again.requests()) == len(running.control("truth")["orders"]) == 1


async def test_tc_u10_a_result_of_another_session_changes_nothing(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        running.control("dealer_delay", ms=1000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_bought, trading)
            await trading.held.until(lambda: bool(trading.held.events("command.answered")))
            (sending,) = trading.held.events("command.sending")
            running.control("dealer_delay", ms=0)
            async with running.terminal(HEDGE) as other:
                foreign = other.request(3, 0, 0.2, type_filling=1, action_id=sending["action_id"])
                await other.trade(foreign)
                await trading.held.until(lambda: len(trading.held.books.deals) == 1 + DEPOSITS)
                assert status(trading, "7f3c") == "accepted"
                assert trading.held.events("command.result") == []
                await running.advance(1000)
        assert status(trading, "7f3c") == "filled"


DEPOSITS = 1  # a deal of the account before the first trade


async def _bought(trading: Desked) -> None:
    found = await trading.buy(id="7f3c", wait=10)
    assert (found["status"], found["filled"]) == ("filled", "0.10")


# docs/semantics.md TC-U11: every verb, lost once before and once after it was executed.

Make = Callable[[Desked], Awaitable[dict[str, Any]]]


async def _pending(trading: Desked) -> dict[str, Any]:
    found = await trading.buy(type="limit", price="1.0500")
    return {"order": found["order"]}


async def _position(trading: Desked) -> dict[str, Any]:
    return {"position": (await trading.buy())["position"]}


async def _pair(trading: Desked) -> dict[str, Any]:
    bought, sold = await trading.buy(), await trading.buy(side="sell")
    return {"position": bought["position"], "position_by": sold["position"]}


async def _nothing(trading: Desked) -> dict[str, Any]:
    return {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}


LOST: dict[str, tuple[str, Make, dict[str, Any], str]] = {
    "market": ("submit", _nothing, {}, "filled"),
    "pending": ("submit", _nothing, {"type": "limit", "price": "1.0500"}, "working"),
    "close": ("close", _position, {}, "filled"),
    "part": ("close", _position, {"volume": "0.05"}, "filled"),
    "close_by": ("close_by", _pair, {}, "done"),
    "order": ("modify", _pending, {"price": "1.0400", "sl": "1.0300"}, "done"),
    "stops": ("modify", _position, {"sl": "1.0500"}, "done"),
    "cancel": ("cancel", _pending, {}, "done"),
}


@pytest.mark.slow
@pytest.mark.parametrize("on", ["request", "answer"])
@pytest.mark.parametrize("name", LOST)
async def test_tc_u11_every_verb_lost_before_and_after_it_was_executed(
    running: Running, tmp_path: Path, name: str, on: str
) -> None:
    verb, make, fields, worked = LOST[name]
    async with desked(running, tmp_path) as trading:
        named = await make(trading)
        before = len(trading.requests())
        trading.fault("lose" if on == "request" else "abort", on=on, command=12)
        await trading.ask(verb, id="7f3c", wait=0.1, **named, **fields)
        if on == "answer":
            await until(trading, "7f3c", worked)
        else:
            await scanned(trading, 2)
            await until(trading, "7f3c", "rejected")
        assert len(trading.requests()) == before + (on == "answer")
        await trading.held.agrees(running)
        again = await trading.ask(verb, id="7f3c", **named, **fields)
        assert (again["status"], again["final"]) == (worked if on == "answer" else "rejected", True)


async def test_tc_u11_a_netting_close_lost_after_it_was_executed(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, login=NET) as trading:
        assert (await trading.buy())["status"] == "filled"
        executed_but_not_told(trading)
        found = await trading.ask("close", symbol="EURUSD", id="7f3c", wait=10)
        assert (found["status"], found["filled"]) == ("filled", "0.10")
        assert list(trading.held.books.positions) == []


async def test_what_a_lost_close_by_closed_is_not_taken_for_a_later_close(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        bought, sold = await trading.buy(), await trading.buy(side="sell", volume="0.04")
        pair = {"position": bought["position"], "position_by": sold["position"]}
        trading.fault("abort", on="answer", command=12)
        await trading.ask("close_by", id="pair", wait=0.1, **pair)
        await until(trading, "pair", "done")
        trading.fault("lose", on="request", command=12)
        await trading.ask("close", id="rest", wait=0.1, position=bought["position"])
        await until(trading, "rest", "rejected")
        (left,) = trading.held.books.positions
        assert (left.position, left.volume) == (bought["position"], Decimal("0.06"))


# Beside these.


async def test_a_modify_that_somebody_replaced_at_once_is_not_called_rejected(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        order = (await trading.buy(type="limit", price="1.0500"))["order"]
        async with running.terminal(HEDGE) as other:
            trading.fault("lose", on="push", command=10)
            executed_but_not_told(trading)
            running.control("dealer_delay", ms=0)
            await trading.ask("modify", id="7f3c", order=order, price="1.0400", wait=0.01)
            again = other.request(7, 2, 0.1, trade_order=int(order), price_order=1.03)
            assert await other.trade(again) == 0
            looks = await scanned(trading, 2)
        assert [one["verdict"] for one in looks] == ["unclear", "unclear"]
        assert [one.status for one in trading.held.books.commands.doubtful()] == ["unknown"]


async def test_the_deal_that_closed_a_position_tells_which_stops_it_had(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        bought = await trading.buy()
        executed_but_not_told(trading)
        running.control("dealer_delay", ms=0)
        await trading.ask("modify", id="7f3c", position=bought["position"], sl="1.0500", wait=0.01)
        async with running.terminal(HEDGE) as other:
            closing = other.request(3, 1, 0.1, type_filling=1, trade_position=int(bought["position"]))
            await other.trade(closing)
            await until(trading, "7f3c", "done")
        await trading.held.until(lambda: any(one.entry == "out" for one in trading.held.books.deals))
        (deal,) = [one for one in trading.held.books.deals if one.entry == "out"]
        assert deal.sl == D("1.05")


async def test_without_markers_what_is_found_is_probable(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(marker=False)) as trading:
        opened = await trading.buy()
        executed_but_not_told(trading)
        await trading.ask("close", id="7f3c", position=opened["position"], wait=0.1)
        look = (await scanned(trading, 1))[0]
        assert (look["verdict"], len(look["candidates"])) == ("probable", 1)


async def test_a_ticket_that_a_late_result_names_is_enough(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(marker=False)) as trading:
        trading.fault("delay", on="push", command=19, seconds=1.0)
        trading.fault("lose", on="push", command=10)
        assert (await trading.buy(id="7f3c", wait=0.8))["status"] == "unknown"
        await until(trading, "7f3c", "filled")
        (evidence,) = trading.held.events("command.evidence")
        assert (evidence["kind"], evidence["command"], evidence["order"]) == ("late_result", "7f3c", "1")
        (settled,) = trading.held.events("command.settled")
        assert settled["evidence"] == "ticket"


async def test_a_sweeps_child_is_settled_by_its_own_id(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        await trading.buy(id="7f3c")
        trading.fault("cut_comment", on="request", command=12, bytes=0)
        executed_but_not_told(trading)
        await trading.ask("close_all", id="all", wait=1)
        await scanned(trading, 1, "all/1")
        wrong = await trading.operate("settle", command="all/", verdict="found")
        assert wrong["reasons"][0]["field"] == "command"
        told = await trading.operate("settle", command="all/1", verdict="found")
        assert (told["status"], told["commands"][0]["status"]) == ("done", "filled")
        assert status(trading, "all") == "done"


async def test_an_operators_not_found_is_overturned_by_a_deal(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        running.control("dealer_delay", ms=MINUTE_MS)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        told = await trading.operate("settle", command="7f3c", verdict="not_found")
        assert (told["status"], told["commands"][0]["status"]) == ("done", "rejected")
        await running.advance(MINUTE_MS + 1000)
        await until(trading, "7f3c", "filled")
        assert trading.held.events("command.outcome")[-1]["anomaly"] == "fill_after_terminal"


async def test_what_is_not_unknown_cannot_be_settled(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        assert (await trading.buy(id="7f3c"))["status"] == "filled"
        for command, code in (("7f3c", "not_unknown"), ("none", "unknown_command")):
            told = await trading.operate("settle", command=command, verdict="not_found")
            assert (told["status"], [one["code"] for one in told["reasons"]]) == ("denied", [code])
        missing = await trading.operate("settle", verdict="maybe")
        assert {one["field"] for one in missing["reasons"]} == {"verdict", "command"}


async def test_a_settle_names_no_order_of_another(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        assert (await trading.buy(id="other"))["order"] == "1"
        trading.fault("lose", on="request", command=12)
        assert (await trading.buy(id="7f3c", wait=1))["status"] == "unknown"
        for order in ("1", "99"):
            told = await trading.operate("settle", command="7f3c", verdict="found", order=order)
            assert [one["code"] for one in told["reasons"]] == ["unknown_order"]
        assert status(trading, "7f3c") == "unknown"


async def test_what_is_new_does_not_wait_for_what_is_old(running: Running, tmp_path: Path) -> None:
    """One that only an operator can settle is looked at ever more seldom."""
    slow = PACE._replace(again_s=600.0)
    async with desked(running, tmp_path, options=quicker(pace=slow)) as trading:
        trading.fault("cut_comment", on="request", command=12, bytes=0)
        executed_but_not_told(trading)
        await trading.buy(id="old", wait=0.1)
        await scanned(trading, 2, "old")
        await trading.until_ready()
        trading.fault("lose", on="request", command=12)
        await trading.buy("0.20", id="7f3c", wait=0.1)
        await until(trading, "7f3c", "rejected")
        assert status(trading, "old") == "unknown"
