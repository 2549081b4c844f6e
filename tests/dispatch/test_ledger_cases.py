"""docs/semantics.md 4, 5: money and positions of a running account, deal by deal, against the venue."""

from decimal import Decimal
from pathlib import Path

import pytest

from oms.paper.settings import AccountSettings
from tests.dispatch.desked import D, Desked, desked
from tests.dispatch.quoted import held, query, quoted, trade
from tests.paper.running import HEDGE, NET, Quotes, Running, ToldClock, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]

COSTLY = AccountSettings(login=NET, margin_mode="netting", commission_per_lot=D("3.50"))


def money(desk: Desked) -> Decimal:
    return desk.held.books.ledger.balance


async def n1(desk: Desked) -> list[tuple[str, str, Decimal | None]]:
    """The four trades of TC-N1; the position after each."""
    seen = []
    trades = (("buy", "0.10", 1.1), ("buy", "0.30", 1.104), ("sell", "0.15", 1.106), ("sell", "0.40", 1.102))
    for side, volume, price in trades:
        await trade(desk, side, volume, price)
        (held,) = desk.held.books.positions
        seen.append((held.side, str(held.volume), held.price))
    return seen


async def test_tc_n1_n2_n3_trade_by_trade(tmp_path: Path) -> None:
    async with running(accounts=(COSTLY,)) as venue, desked(venue, tmp_path, login=NET) as desk:
        assert await n1(desk) == [
            *(("buy", "0.10", D("1.1")), ("buy", "0.40", D("1.103"))),
            *(("buy", "0.25", D("1.103")), ("sell", "0.15", D("1.102"))),
        ]
        realised = desk.held.books.ledger.realised()
        # -0.525 of 0.15 lots: this venue rounds it half up, away from nothing
        assert (realised.profit, realised.trades) == (D("20.00"), 4)
        booked = [(deal.profit, deal.commission) for deal in desk.held.books.deals if deal.trades]
        assert [profit for profit, _ in booked] == [D("0.00"), D("0.00"), D("45.00"), D("-25.00")]
        assert realised.net == sum(
            (one + other for one, other in booked if one is not None and other is not None), D(0)
        )
        assert money(desk) == 10_000 + realised.net == venue.venue.accounts[NET].balance

        await quoted(desk, 1.10095, 1.101)
        (valued,) = desk.held.account.margin(desk.held.books).valued
        assert (valued.profit, valued.price) == (D("15.00"), 1.101)  # a short one at the ask
        assert desk.held.events("ledger.difference") == []


async def test_tc_n5_bought_and_sold_in_parts(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path, login=NET) as desk:
        for side, volume in (("buy", "1.25"), ("sell", "0.50"), ("sell", "0.60")):
            await trade(desk, side, volume, 1.1)
        assert held(desk) == [("buy", "0.15", "1.1")]
        await desk.held.agrees(venue, NET)


async def test_tc_n3_a_withheld_deal_is_told_by_how_much_and_recovered(tmp_path: Path) -> None:
    async with running(accounts=(COSTLY,)) as venue, desked(venue, tmp_path, login=NET) as desk:
        await trade(desk, "buy", "0.40", 1.103)
        desk.fault("lose", on="push", command=10, after=0, times=1)
        server = venue.server
        server.apply(venue.venue.deposit(server.moment, NET, D("44.47"), 2))  # its push is lost
        server.apply(venue.venue.deposit(server.moment, NET, D("-26.40"), 2))
        await desk.held.until(lambda: bool(desk.held.events("ledger.difference")))
        (row,) = desk.held.events("ledger.difference")
        assert (row["balance"], row["credit"]) == ("44.47", "0.00")
        await desk.held.agrees(venue, NET)
        assert (
            money(desk) == venue.venue.accounts[NET].balance == D("10016.67")
        )  # 10 000 - 1.40 + 44.47 - 26.40
        await desk.held.until(lambda: desk.held.events("reconcile.report")[-1]["cause"] == "balance")
        report = desk.held.events("reconcile.report")[-1]
        assert (report["equal"], len(report["deals_new"])) == (True, 1)
        assert desk.held.account.standing.permission == "active"


KINDS: list[tuple[int, str, str]] = [
    *((2, "balance", "balance"), (3, "credit", "credit"), (4, "charge", "balance")),
    *((5, "correction", "balance"), (6, "bonus", "credit"), (7, "commission", "balance")),
    *((8, "commission_daily", "balance"), (9, "commission_monthly", "balance")),
    *((10, "agent_daily", "balance"), (11, "agent_monthly", "balance"), (12, "interest", "balance")),
    *((15, "dividend", "balance"), (16, "dividend_franked", "balance"), (17, "tax", "balance")),
    (18, "18", "balance"),
]


async def test_tc_p11_every_type_of_deal_moves_its_money_and_nothing_else(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        expected = {"balance": D("10000.00"), "credit": D("0.00")}
        for number, (kind, _, moves) in enumerate(KINDS, 1):
            amount = D(number * 111) / 100 * (-1 if number % 2 else 1)
            venue.control("deposit", login=HEDGE, amount=str(amount), deal_type=kind)
            expected[moves] += amount
            await desk.held.until(lambda: len(desk.held.books.deals) == number + 1)  # noqa: B023
            ledger = desk.held.books.ledger
            assert {"balance": ledger.balance, "credit": ledger.credit} == expected
        truth = venue.venue.accounts[HEDGE]
        assert expected == {"balance": truth.balance, "credit": truth.credit}
        assert list(desk.held.books.positions) == []
        assert desk.held.books.ledger.realised().trades == 0
        assert len({deal.type for deal in desk.held.books.deals}) == len(KINDS)


@pytest.mark.parametrize(
    ("side", "number", "canceled"), [("buy", 13, "buy_canceled"), ("sell", 14, "sell_canceled")]
)
async def test_a_deal_that_the_dealer_cancels_is_no_fill_any_more(
    tmp_path: Path, side: str, number: int, canceled: str
) -> None:
    async with running(accounts=(COSTLY,)) as venue, desked(venue, tmp_path, login=NET) as desk:
        await trade(desk, side, "0.10", 1.1)
        await trade(desk, side, "0.30", 1.104)
        last = list(desk.held.books.deals)[-1]
        changes = {"trade_action": number, "commission": 0.0}
        venue.control("amend_deal", login=NET, deal=int(last.deal), changes=changes)
        await desk.held.until(lambda: bool(desk.held.events("deal.amended")))
        await desk.held.agrees(venue, NET)
        assert held(desk) == [(side, "0.10", "1.1")]
        (row,) = desk.held.events("deal.amended")
        assert (row["before"]["type"], row["after"]["type"]) == (side, canceled)
        assert (money(desk), desk.held.books.ledger.realised().trades) == (D("9999.65"), 1)
        day = (last.time or "")[:10]
        kinds = (await query(desk, "statement", **{"from": day}))["kinds"]
        assert [(one["type"], one["deals"], one["volume"], one["net"]) for one in kinds] == [
            *(("balance", 1, "0.00", "10000.00"), (side, 1, "0.10", "-0.35"), (canceled, 1, "0.00", "0.00")),
        ]


def reasons(desk: Desked) -> dict[str | None, str]:
    """Why each closing deal was made, and how each pending order ended."""
    deals: dict[str | None, str] = {
        deal.position: deal.reason for deal in desk.held.books.deals if deal.entry == "out"
    }
    return deals | {one.order: one.state for one in desk.held.books.orders if one.ended and not one.deals}


async def stops(venue: Running, desk: Desked, bid: float) -> None:
    await quoted(desk, bid, round(bid + 0.0001, 5))
    await desk.held.agrees(venue, desk.held.account.options.who.login)


async def test_why_a_position_was_closed_and_an_order_ended_is_told(tmp_path: Path) -> None:
    """Stop loss, take profit, stop-out, roll-over, expiration: in the deals, the orders and the events."""
    async with running() as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        lost = await desk.buy("0.10", sl="1.09500", tp="1.20000")
        won = await desk.buy("0.10", side="sell", sl="1.20000", tp="1.09400")
        ends = {"server": "2024-05-15 12:00:00"}
        waits = await desk.buy(
            "0.10", type="limit", price="1.05000", time_in_force="specified", expires_at=ends
        )
        await stops(venue, desk, 1.0949)
        await stops(venue, desk, 1.0935)
        await venue.advance(2 * 3600 * 1000 + 1000)
        await stops(venue, desk, 1.0936)
        ruined = await desk.buy("8.00")
        assert ruined["status"] == "filled", ruined
        await stops(venue, desk, 1.0860)
        await venue.advance(1000)
        await stops(venue, desk, 1.0859)
        found = reasons(desk)
        assert [found[one["position"]] for one in (lost, won, ruined)] == ["sl", "tp", "so"]
        told = [row["reason"] for row in desk.held.events("deal.booked") if row["entry"] == "out"]
        assert told == ["sl", "tp", "so"]
        ended = {row["order"]: row["state"] for row in desk.held.events("order.ended")}
        assert (found[waits["order"]], ended[waits["order"]]) == ("expired", "expired")


async def test_a_roll_over_is_an_adjustment_that_books_nothing(tmp_path: Path) -> None:
    """Swap accrues at the server's midnight, is booked by the closing deal."""
    async with running() as venue, desked(venue, tmp_path, login=HEDGE) as desk:
        opened = await desk.buy("0.10")
        before = money(desk)
        await venue.advance(24 * 3600 * 1000)
        await desk.held.until(lambda: bool(desk.held.events("position.adjusted")))
        (held,) = desk.held.books.positions
        # Wednesday's night counts three days: 3 × 0.10 lots × 7.2 points of 1.00 a lot
        assert (held.swap, money(desk)) == (D("-2.16"), before)
        await quoted(desk, 1.1, 1.1001)
        await desk.ask("close", position=opened["position"])
        last = list(desk.held.books.deals)[-1]
        assert last.swap == D("-2.16")
        assert money(desk) == venue.venue.accounts[HEDGE].balance


async def test_commissions_of_the_day_are_in_equity_before_a_deal_books_them(tmp_path: Path) -> None:
    """docs/protocol.md 7.3: what the venue has gathered for the end of the day is gone already."""
    costly = AccountSettings(login=HEDGE, commission_per_lot=D("3.50"))
    async with (
        running(accounts=(costly,), trading={"commission": "day"}) as venue,
        desked(venue, tmp_path, login=HEDGE) as desk,
    ):
        await trade(desk, "buy", "2.00", 1.1)
        reply = await query(desk, "account")
        # 2 x 100 000 / 100 of margin; 10 000 - 7.00; (10 000 - 7.00) / 2200
        assert (reply["balance"], reply["floating"]) == ("10000.00", "0.00")
        assert (reply["equity"], reply["margin_free"]) == ("9993.00", "7793.00")
        assert reply["margin_level"] == "454.22727273"
        await venue.advance(24 * 3600 * 1000)
        await desk.held.agrees(venue)
        assert money(desk) == D("9993.00")


AUTUMN = 1_792_888_200_000  # 2026-10-25 00:30 UTC: 03:30 at the venue; at 01:00 UTC summer time ends


@pytest.mark.parametrize("login", [HEDGE, NET])
async def test_a_trade_over_the_hour_that_comes_twice_is_the_venues(tmp_path: Path, login: int) -> None:
    """Bought at 03:50, closed at 03:10 of the same hour again: nothing differs, nobody has to accept it."""
    clock = ToldClock(AUTUMN)
    quotes = Quotes({"EURUSD": (1.1, 1.1001)}, clock.now)
    async with (
        running(clock=clock, feed=quotes) as venue,
        desked(venue, tmp_path, login=login) as desk,
    ):
        await venue.advance(20 * 60_000)
        opened = await trade(desk, "buy", "0.20", 1.1)
        await venue.advance(20 * 60_000)
        venue.quote(1.1005, 1.1005)  # docs/protocol.md 5.1: a tick with an earlier time changes no quote
        closed = await desk.ask("close", position=opened["position"], volume="0.15")
        assert closed["status"] == "filled", closed
        times = [deal.time[11:16] for deal in desk.held.books.deals if deal.time and deal.trades]
        assert times == ["03:50", "03:10"]
        await desk.held.agrees(venue, login)
        assert held(desk) == [("buy", "0.05", "1.1")]
        assert desk.held.events("ledger.difference") == []
        assert (await desk.operate("reconcile"))["equal"] is True
        assert desk.held.account.standing.state == "active"
