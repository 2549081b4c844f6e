"""Limits, permissions, switches and marks of an account that trades against a venue over a real socket."""

from pathlib import Path
from typing import Any

import pytest
import trio

from oms.dispatch.limits import adopt, of_config
from oms.dispatch.marks import Marks, Until
from oms.dispatch.options import Pace
from oms.domain.decide.limiting import broken
from oms.domain.limits import AccountLimits, Limits, read_limits
from oms.projections.restraint import limits_in_force
from tests.dispatch.desked import D, Desked, codes, desked, quicker
from tests.paper.running import EURO, HEDGE, NET, Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
HOUR_MS = 3600 * 1000


def waiting(price: str = "1.09000", **fields: Any) -> dict[str, Any]:
    return {"symbol": "EURUSD", "side": "buy", "volume": "0.10", "type": "limit", "price": price, **fields}


# Limits by ctl.


async def test_limits_hold_from_the_moment_they_are_set(trading: Desked) -> None:
    said = await trading.operate("limits", by="anna", max_volume_per_order="0.10", symbols=["Forex\\*"])
    assert (said["status"], said["limits"]) == (
        "done",
        {"max_volume_per_order": "0.1", "symbols": ["Forex\\*"]},
    )
    assert (await trading.buy("0.10"))["status"] == "filled"
    denied = await trading.buy("0.11")
    assert (denied["status"], codes(denied)) == ("denied", ["risk_order_volume"])
    (event,) = trading.held.events("risk.limits")
    assert (event["by"], event["limits"]["max_volume_per_order"]) == ("anna", "0.1")
    said = await trading.operate("limits", max_volume_per_order=None)
    assert said["limits"] == {"symbols": ["Forex\\*"]}
    assert (await trading.buy("0.11"))["status"] == "filled"


async def test_a_limit_that_is_none_changes_nothing(trading: Desked) -> None:
    for wrong in ('"NaN"', '"-0"', "-1", "1e400", "true", '"Infinity"', "[]"):
        payload = f'{{"max_volume_per_order": {wrong}}}'.encode()
        reply = (await trading.operators.request("limits", {}, payload)).payload.decode()
        assert '"status":"denied"' in reply.replace(" ", ""), wrong
        assert "max_volume_per_order" in reply
    said = await trading.operate("limits", client="desk", max_drawdown="1")
    assert codes(said) == ["bad_limits"]
    assert "risk.limits" not in trading.held.types()


async def test_limits_survive_a_restart_until_the_configuration_changes(
    running: Running, tmp_path: Path
) -> None:
    of_file = of_config(read_limits(AccountLimits, {"max_orders": 1}), {})
    async with desked(running, tmp_path) as trading:
        for _ in range(2):
            await trading.held.recorder.write(lambda turn: adopt(of_file, turn))
        assert trading.held.types().count("risk.limits") == 1
        await trading.operate("limits", max_orders="2", by="config")
    async with desked(running, tmp_path) as again:
        await again.held.recorder.write(lambda turn: adopt(of_file, turn))
        read = limits_in_force(again.held.books)
        assert read.account is not None
        assert read.account.max_orders == 2
        other = of_config(read_limits(AccountLimits, {"max_orders": 3}), {"desk": read_limits(Limits, {})})
        await again.held.recorder.write(lambda turn: adopt(other, turn))
        read = limits_in_force(again.held.books)
        assert read.account is not None
        assert read.account.max_orders == 3


async def test_a_client_has_its_own_limits(trading: Desked) -> None:
    await trading.operate("limits", client="desk", max_positions=1, max_orders="0")
    assert (await trading.buy(client="other"))["status"] == "filled"
    assert (await trading.buy(client="desk"))["status"] == "filled"
    assert codes(await trading.buy(client="desk")) == ["risk_positions"]
    assert codes(await trading.ask("submit", **waiting(client="desk"))) == ["risk_orders", "risk_positions"]
    assert (await trading.buy(client="other"))["status"] == "filled"


async def test_what_is_unknown_counts(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(pace=Pace(spacing_s=60.0))) as trading:
        await trading.operate("limits", max_volume_per_symbol="0.25")
        trading.fault("lose", on="request", command=12)  # neither answer nor order
        assert (await trading.buy("0.10", id="lost", wait=2))["status"] == "unknown"
        await trading.held.until(lambda: bool(trading.held.events("session.ended")))
        await trading.until_ready()
        await trading.held.until(lambda: trading.held.account.feed.board.get("EURUSD") is not None)
        denied = await trading.buy("0.20")
        assert codes(denied) == ["risk_symbol_volume"]
        assert denied["reasons"][0]["given"] == "0.30"


async def test_rates_and_duplicates_outlive_a_restart(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        await trading.operate("limits", max_orders_per_minute=2, duplicate_window=5)
        assert (await trading.buy("0.10"))["status"] == "filled"
    async with desked(running, tmp_path) as again:
        assert codes(await again.buy("0.10", id="1")) == ["risk_duplicate"]
        assert (await again.buy("0.20", id="2"))["status"] == "filled"
        assert codes(await again.buy("0.30", id="3")) == ["risk_rate_minute"]
        position = next(iter(again.held.books.positions)).position
        assert (await again.ask("close", id="5", position=position))["status"] == "filled"
        await running.advance(60_000)
        running.quote(1.1, 1.1001)
        assert (await again.buy("0.10", id="4"))["status"] == "filled"


async def test_every_decision_can_be_decided_again_from_the_log(trading: Desked) -> None:
    await trading.operate("limits", max_gross_exposure="0.25", max_notional="30000", max_orders=1)
    await trading.operate("limits", client="desk", max_volume_per_order="0.05")
    for volume, fields in (("0.10", {}), ("0.10", {}), ("0.10", {"client": "desk"}), ("0.05", {})):
        await trading.buy(volume, **fields)
    limits: list[Any] = []
    denied = sent = 0
    for kind, data in zip(trading.held.types(), trading.held.events(), strict=True):
        if kind == "risk.limits":
            limits.append(data)
        if kind not in ("command.sending", "command.denied"):
            continue
        risk = data["risk"]
        told = limits[risk["limits"] - 1]
        again = [*broken(read_limits(AccountLimits, told["limits"]), risk.get("account", {}))]
        own = told["clients"].get(data["client"], {})
        again += broken(read_limits(Limits, own), risk.get("client", {}))
        denied += kind == "command.denied"
        sent += kind == "command.sending"
        assert bool(again) is (kind == "command.denied"), data
    assert (sent, denied) == (3, 1)
    # 0.20 bought at 1.1001: 0.20 x 100000 x 1.1001.
    last = [one for one in trading.held.events("command.sending") if one["risk"]["account"]][-1]
    figures = last["risk"]["account"]
    assert D(figures["max_notional"]) == D(figures["max_gross_exposure"]) * 100_000 * D("1.1001")


# Permissions of a client.


async def test_a_client_is_halted_alone_also_after_a_restart(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        said = await trading.operate("halt", client="desk", by="anna", comment="wild")
        assert (said["status"], said["client"], said["permission"]) == ("done", "desk", "halted")
        assert codes(await trading.buy(client="desk")) == ["client_halted"]
        assert (await trading.buy(client="other"))["status"] == "filled"
    async with desked(running, tmp_path) as again:
        assert codes(await again.buy(client="desk")) == ["client_halted"]
        assert codes(await again.ask("close_all", client="desk")) == ["client_halted"]
        await again.operate("resume", client="desk")
        await again.operate("reduce", client="desk")
        assert codes(await again.buy(client="desk")) == ["client_reducing"]
        assert (await again.ask("close_all", client="desk"))["status"] == "done"
        await again.operate("resume", client="desk")
        assert (await again.buy(client="desk"))["status"] == "filled"
        assert again.held.account.standing.permission == "active"


# Dead-man's switches.


async def test_a_silent_clients_orders_are_canceled_and_nobody_elses(trading: Desked) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trading.alive.run)
        mine = await trading.ask("submit", **waiting(client="desk"))
        other = await trading.ask("submit", **waiting("1.08000", client="other"))
        assert codes(await trading.operate("alive", client="desk")) == ["within_needed"]
        assert (await trading.operate("alive", client="desk", within="1"))["status"] == "done"
        books = trading.held.books

        def state(order: str) -> str:
            found = books.orders.get(order)
            return found.state if found else ""

        await trading.held.until(lambda: state(mine["order"]) == "canceled")
        assert state(other["order"]) == "working"
        assert [one["action"] for one in trading.held.events("alive.missed")] == ["cancel"]
        # He is not watched any more; his next word changes that.
        again = await trading.ask("submit", **waiting("1.07000", client="desk"))
        assert again["status"] == "working"
        await trading.operate("alive", client="desk")
        await trading.held.until(lambda: state(again["order"]) == "canceled")
        nursery.cancel_scope.cancel()


async def test_a_silent_operator_leaves_an_account_that_only_reduces(trading: Desked) -> None:
    standing = trading.held.account.standing
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trading.alive.run)
        await trading.operate("alive", within=1)
        await trading.held.until(lambda: standing.permission == "reducing")
        assert standing.reason == "alive"
        assert codes(await trading.buy()) == ["reducing"]
        assert (await trading.operate("resume"))["permission"] == "active"
        assert (await trading.buy())["status"] == "filled"
        assert (await trading.operate("alive", within=0))["status"] == "done"
        assert trading.held.books.risk.armed == {}
        nursery.cancel_scope.cancel()


# What was lost.


def marks_of(trading: Desked, until: Until = "resume") -> Marks:
    venue = trading.venue
    return Marks(trading.held.account, lambda: venue.clock.now * 1_000_000, lambda *_: None, until)


async def moved(trading: Desked, bid: float, ask: float) -> None:
    trading.venue.quote(bid, ask)
    board = trading.held.account.feed.board

    def there() -> bool:
        shown = board.get("EURUSD")
        return shown is not None and shown.bid == bid

    await trading.held.until(there)


async def test_a_days_loss_reduces_until_somebody_resumes(trading: Desked) -> None:
    """Bought 1 lot at 1.1001 with 10 000 USD: at a bid of 1.0950 510.00 are lost."""
    await trading.operate("limits", max_daily_loss="500")
    denied = await trading.buy("1")
    assert [(one["code"], one["limit"]) for one in denied["reasons"]] == [("risk_unknown", "max_daily_loss")]
    marks, standing = marks_of(trading), trading.held.account.standing
    await marks.look()
    kinds = [one["kind"] for one in trading.held.events("equity.mark")]
    assert kinds == ["day_start", "peak", "sample"]
    equity = D(trading.held.events("equity.mark")[0]["equity"])
    assert (await trading.buy("1"))["status"] == "filled"
    await moved(trading, 1.0952, 1.0953)  # 490 lost
    await marks.look()
    assert standing.permission == "active"
    await moved(trading, 1.0950, 1.0951)
    denied = await trading.buy("0.01")  # before anybody looked
    assert codes(denied) == ["risk_daily_loss"]
    found = trading.held.events("command.denied")[-1]
    assert D(found["risk"]["equity"]) == equity - 510
    await marks.look()
    assert (standing.permission, standing.reason) == ("reducing", "risk: max_daily_loss")
    (breach,) = trading.held.events("risk.breached")
    assert (breach["rule"], D(breach["value"]), D(breach["limit"])) == ("max_daily_loss", D(510), D(500))
    await marks.look()
    assert trading.held.types().count("risk.breached") == 1
    assert (await trading.operate("resume"))["permission"] == "active"
    await marks.look()  # who resumes has accepted the loss
    await marks.look()
    assert standing.permission == "active"
    assert trading.held.books.risk.peak == equity - 510
    assert (await trading.buy("0.01"))["status"] == "filled"


async def test_a_breach_may_last_for_the_day(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, login=NET) as trading:
        await trading.operate("limits", max_drawdown="500", max_daily_loss="100000")
        marks, standing = marks_of(trading, "next_day"), trading.held.account.standing
        await marks.look()
        assert (await trading.buy("1"))["status"] == "filled"
        await moved(trading, 1.0950, 1.0951)
        await marks.look()
        assert standing.reason == "risk: max_drawdown"
        await running.advance(13 * HOUR_MS)  # 23:00 server time
        await moved(trading, 1.0951, 1.0952)
        await marks.look()
        assert standing.permission == "reducing"
        await running.advance(1 * HOUR_MS)
        await moved(trading, 1.0950, 1.0951)
        await trading.until_ready()
        await marks.look()
        assert standing.permission == "active"
        await marks.look()
        assert standing.permission == "active"


async def test_money_paid_in_or_out_is_no_gain_and_no_loss(trading: Desked) -> None:
    await trading.operate("limits", max_drawdown="500", max_daily_loss="500")
    marks = marks_of(trading)
    await marks.look()
    risk, money = trading.held.books.risk, trading.held.books.money
    before, peak = money().balance, risk.peak
    assert peak is not None
    trading.venue.control("deposit", login=HEDGE, amount="-2000")
    await trading.held.until(lambda: money().balance == before - 2000)
    await marks.look()
    assert trading.held.account.standing.permission == "active"
    assert risk.peak == peak - 2000
    assert (await trading.buy())["status"] == "filled"


async def test_a_day_that_nobody_saw_begin_began_before_all_that_it_booked(trading: Desked) -> None:
    """A charge of 300 is a loss of this day; what was paid in is none of its gains."""
    money = trading.held.books.money
    for amount, kind in (("-300", 4), ("-1.50", 8), ("50", 2)):
        trading.venue.control("deposit", login=HEDGE, amount=amount, deal_type=kind)
    await trading.held.until(lambda: money().balance == D("9748.50"))
    await trading.operate("limits", max_daily_loss="500")
    await marks_of(trading).look()
    (start,) = [one for one in trading.held.events("equity.mark") if one["kind"] == "day_start"]
    assert D(start["equity"]) == D(start["balance"]) == D("10050.00")


async def test_a_mark_tells_what_converted_its_profits(running: Running, tmp_path: Path) -> None:
    """Euros, 0.10 lots bought at 1.1001: a buy's dollars are worth 1 / bid (docs/protocol.md 7.2)."""
    async with desked(running, tmp_path, login=EURO) as trading:
        assert (await trading.buy("0.10"))["status"] == "filled"
        await trading.operate("limits", max_daily_loss="500")
        await marks_of(trading).look()
        mark = trading.held.events("equity.mark")[-1]
        # -1.00 USD / 1.1
        assert D(mark["floating"]) == D("-0.91")
        assert mark["rates"] == [
            {
                "pair": "EURUSD",
                "side": "bid",
                "price": "1.1",
                "inverse": True,
                "time": "2024-05-15T10:00:00.000+03:00",
            }
        ]
