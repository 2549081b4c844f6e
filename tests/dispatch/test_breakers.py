"""A venue that answers nothing is asked no more, class by class; a close is kept from it by nothing else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.ingest.breakers import BreakerOpen
from oms.sessions.breaker import Limits as Breaking
from oms.sessions.link import Limits
from protocol.enums import Timeframe
from protocol.messages import Request
from protocol.records.market import RatesRequest
from tests.dispatch.desked import Desked, codes, desked, quicker
from tests.ingest.test_awkward_moments import full_for
from tests.paper.running import SERVER_START_S, Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]

LONG_S = 3600.0
CANDLES = Request(11, RatesRequest("EURUSD", Timeframe.M1, SERVER_START_S - 600, SERVER_START_S))


@pytest.fixture
async def trading(running: Running, tmp_path: Path) -> AsyncIterator[Desked]:
    """Two failures in a row open a breaker for an hour."""
    breaking = Breaking(failures=2, pause_s=LONG_S, limit_s=LONG_S)
    async with desked(running, tmp_path, breaking=breaking) as found:
        running.quote(1.1, 1.1001, "EURUSD.req")
        yield found


def states(trading: Desked) -> dict[str, str]:
    """Breakers that are not closed."""
    shown = trading.held.account.breakers.shown
    return {name: one.state for name, one in shown.items() if one.state != "closed"}


async def changes(trading: Desked, count: int) -> list[tuple[str, str, int]]:
    await trading.held.until(lambda: len(trading.held.events("breaker.changed")) >= count)
    told = trading.held.events("breaker.changed")
    return [(one["call_class"], one["state"], one["failures"]) for one in told]


async def unanswered(trading: Desked, verb: str = "submit", **fields: Any) -> None:
    """A command whose request is lost; afterwards the account trades again."""
    connection = trading.held.account.connection
    trading.fault("lose", on="request", command=12)
    usual = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"} if verb == "submit" else {}
    found = await trading.ask(verb, **(usual | fields))
    assert found["status"] in ("unknown", "rejected"), found
    await trading.held.until(lambda: trading.held.account.connection is not connection)
    await trading.until_ready()
    await trading.operate("resume")


async def test_openings_without_an_answer_are_held_back_and_closes_are_not(trading: Desked) -> None:
    position = (await trading.buy())["position"]
    await unanswered(trading)
    assert states(trading) == {}
    await unanswered(trading)
    assert states(trading) == {"opening": "open"}
    sent = len(trading.requests())
    denied = await trading.buy(id="again")
    assert (denied["status"], codes(denied)) == ("denied", ["breaker_open"])
    assert len(trading.requests()) == sent
    changed = await trading.ask("modify", position=position, sl="1.05")
    closed = await trading.ask("close", position=position)
    assert (changed["status"], closed["status"]) == ("done", "filled")
    assert await changes(trading, 1) == [("opening", "open", 2)]


async def test_a_denial_by_a_breaker_uses_no_id_up_and_a_reset_lets_it_through(trading: Desked) -> None:
    await unanswered(trading)
    await unanswered(trading)
    assert codes(await trading.buy(id="again")) == ["breaker_open"]
    assert codes(await trading.ask("check", symbol="EURUSD", side="buy", volume="0.10")) == ["breaker_open"]
    done = await trading.operate("reset", by="ann", comment="the broker is back", call_class="opening")
    assert (done["status"], done["permission"]) == ("done", "active")
    found = await trading.buy(id="again")
    assert (found["status"], found["filled"]) == ("filled", "0.10")
    assert await changes(trading, 2) == [("opening", "open", 2), ("opening", "closed", 2)]
    told = trading.held.events("breaker.changed")[-1]
    assert (told["by"], told["comment"], told["until"]) == ("ann", "the broker is back", None)


async def test_a_reset_of_another_class_changes_nothing(trading: Desked) -> None:
    await unanswered(trading)
    await unanswered(trading)
    assert (await trading.operate("reset", call_class="closing"))["status"] == "done"
    assert states(trading) == {"opening": "open"}
    wrong = await trading.operate("reset", call_class="everything")
    assert (wrong["status"], codes(wrong)) == ("denied", ["bad_value"])
    assert (await trading.operate("reset"))["status"] == "done"
    assert states(trading) == {}


async def test_one_trial_closes_it(running: Running, tmp_path: Path) -> None:
    breaking = Breaking(failures=1, pause_s=0.5, limit_s=60.0)
    async with desked(running, tmp_path, breaking=breaking) as trading:
        await unanswered(trading)
        assert states(trading) == {"opening": "open"}
        await trio.sleep(0.6)
        assert (await trading.buy())["status"] == "filled"
        assert await changes(trading, 3) == [
            *[("opening", "open", 1), ("opening", "half_open", 1), ("opening", "closed", 1)],
        ]


async def test_a_refusal_is_an_answer(trading: Desked) -> None:
    for channel in ("answer", "result"):
        for retcode in (10006, 10018, 10006):
            trading.venue.control("reject_next", retcode=retcode, channel=channel)
            assert (await trading.buy())["status"] == "rejected"
    assert states(trading) == {}
    assert all(one.failures == 0 for one in trading.held.account.breakers.shown.values())


async def test_a_code_that_says_nothing_is_none(trading: Desked) -> None:
    for _ in range(2):
        trading.fault("retcode", on="answer", command=12, retcode=10012)
        assert (await trading.buy())["status"] in ("unknown", "filled")  # its deal comes all the same
        await trading.operate("resume")
    assert states(trading) == {"opening": "open"}


async def test_prices_that_do_not_come_keep_no_close_from_the_venue(trading: Desked) -> None:
    """Not even one that has to ask for prices itself."""
    asked = {"symbol": "EURUSD.req"}
    position = (await trading.buy(**asked))["position"]
    await unanswered(trading, **asked)
    await unanswered(trading, **asked)
    assert states(trading) == {"prices": "open"}
    assert codes(await trading.buy(**asked)) == ["breaker_open"]
    assert (await trading.buy())["status"] == "filled"  # nothing to ask there
    closed = await trading.ask("close", position=position)
    assert (closed["status"], closed["position"]) == ("filled", position)


async def test_panic_asks_no_breaker(trading: Desked) -> None:
    one, other = [(await trading.buy())["position"] for _ in range(2)]
    await unanswered(trading, "close", position=one)
    await unanswered(trading, "close", position=other)
    assert states(trading) == {"closing": "open"}
    third = await trading.buy()
    assert codes(await trading.ask("close", position=third["position"])) == ["breaker_open"]
    done = await trading.operate("panic", wait=20)
    assert states(trading) == {"closing": "open"}
    left = {child["position"] for sweep in done["commands"] for child in sweep["children"]
            if child["status"] == "filled"}  # fmt: skip
    assert third["position"] in left, json.dumps(done)


async def test_candles_without_an_answer_open_data_alone(running: Running, tmp_path: Path) -> None:
    breaking = Breaking(failures=2, pause_s=LONG_S, limit_s=LONG_S)
    async with desked(running, tmp_path, breaking=breaking, limits=Limits(answer_s=0.3)) as trading:
        account = trading.held.account
        for _ in range(2):
            await trading.until_ready()
            connection = account.connection
            trading.fault("lose", on="request", command=11)
            with pytest.raises(Exception, match="no answer within"):
                await account.ask(CANDLES)
            await trading.held.until(lambda before=connection: account.connection is not before)  # type: ignore[misc]
        await trading.until_ready()
        assert states(trading) == {"data": "open"}
        connection = account.connection
        with pytest.raises(BreakerOpen, match="class data"):
            await account.ask(CANDLES)
        with pytest.raises(BreakerOpen):
            await account.specification("EURUSD.ins")
        # Not of the trade that needs a specification: no command waits for data.
        running.quote(1.1, 1.1001, "EURUSD.ins")
        found = await trading.buy(symbol="EURUSD.ins", deviation=100)
        assert found["status"] == "filled", found
        assert account.connection is connection
        assert await changes(trading, 1) == [("data", "open", 2)]


async def test_what_another_request_put_in_doubt_is_not_counted(running: Running, tmp_path: Path) -> None:
    """A close waits for its result when the session is ended, because an opening had no answer."""
    options = quicker(outcome_s=60.0)
    async with desked(running, tmp_path, options=options) as trading:
        position = (await trading.buy())["position"]
        trading.venue.control("dealer_delay", ms=60_000)
        closing = await trading.ask("close", position=position, wait=0.2)
        assert closing["status"] == "accepted"
        await unanswered(trading)
        reasons = {one["reason"] for one in trading.held.events("command.unknown")}
        assert reasons == {"session_ended", "answer_timeout"}
        shown = trading.held.account.breakers.shown
        assert (shown["closing"].failures, shown["opening"].failures) == (0, 1)


async def test_a_full_disk_delays_what_is_told(trading: Desked, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full_for(trading.held, full, "breaker.changed")
        await unanswered(trading)
        await unanswered(trading)
        assert states(trading) == {"opening": "open"}
        assert trading.held.events("breaker.changed") == []
        assert (await trading.operate("reset"))["reasons"][0]["code"] == "not_recorded"
        assert states(trading) == {"opening": "open"}
    assert await changes(trading, 1) == [("opening", "open", 2)]


async def test_a_trial_that_cannot_be_written_down_is_none(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The breaker is not left half open for ever by an order that was never sent."""
    breaking = Breaking(failures=1, pause_s=0.2, limit_s=60.0)
    async with desked(running, tmp_path, breaking=breaking) as trading:
        await unanswered(trading)
        await trio.sleep(0.3)
        with monkeypatch.context() as full:
            full_for(trading.held, full, "command.sending")
            await trading.buy(id="never", wait=0.1)
        assert states(trading) == {"opening": "open"}
        await trading.operate("resume")
        found = await trading.buy(id="then")
        assert (found["status"], states(trading)) == ("filled", {}), found


async def test_a_connection_that_ends_is_one_failure_whatever_was_on_it(
    running: Running, tmp_path: Path
) -> None:
    breaking = Breaking(failures=2, pause_s=LONG_S, limit_s=LONG_S)
    async with desked(running, tmp_path, breaking=breaking, options=quicker(outcome_s=30)) as trading:
        held = [(await trading.buy())["position"] for _ in range(3)]
        running.control("dealer_delay", ms=60_000)
        for position in held:
            await trading.ask("close", position=position, reply="receipt")
        await trading.held.until(lambda: len(trading.held.events("command.answered")) == 6)
        connection = trading.held.account.connection
        trading.fault("abort", on="push", command=10)
        await running.advance(60_000)
        await trading.held.until(lambda: trading.held.account.connection is not connection)
        await trading.until_ready()
        assert states(trading) == {}
        assert trading.held.account.breakers.shown["closing"].failures <= 1


async def test_a_trial_that_is_taken_on_lets_the_closes_behind_it_through(
    running: Running, tmp_path: Path
) -> None:
    breaking = Breaking(failures=1, pause_s=0.5, limit_s=60.0)
    async with desked(running, tmp_path, breaking=breaking) as trading:
        held = [(await trading.buy())["position"] for _ in range(4)]
        await unanswered(trading, "close", position=held[0])
        assert states(trading) == {"closing": "open"}
        await trio.sleep(0.6)
        trading.fault("delay", on="push", command=19, seconds=0.2)
        swept = await trading.ask("close_all", wait=10)
        codes_met = {code for child in swept["children"] for code in codes(child)}
        assert "breaker_open" not in codes_met
        statuses = [child["status"] for child in swept["children"]]
        assert statuses.count("filled") >= 3  # the first may still be in doubt
