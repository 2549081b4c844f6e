"""What margin takes from a session and no journal holds; with it an account's figures are the venue's own."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms.domain.decide.facts import Exposure
from oms.ingest import margins as module
from oms.ingest.margins import Margins
from oms.projections.margin import Figures
from protocol.account_body import Account
from protocol.maths import margin_input
from protocol.messages import Push
from protocol.records.account import AccountMain, LeverageRule, LeverageTier
from protocol.records.trade import (
    Deal,
    DealTransaction,
    OpenTrades,
    Order,
    OrderTransaction,
    Position,
)
from tests.ingest.held import Held, held
from tests.ingest.test_account import buy, outcome, sell
from tests.paper.running import EURO, HEDGE, NET, YEN, Running, running

D = Decimal
ADD, UPDATE, DELETE = 0, 1, 2
OPEN, HISTORY, DEALS = 0, 1, 2
LOT = 100_000_000


def position(ticket: int, rate: float, volume: int = LOT, **more: Any) -> Position:
    return Position(position_id=ticket, trade_symbol="EURUSD", trade_volume=volume, rate_margin=rate, **more)


def order(ticket: int, rate: float) -> Order:
    return Order(trade_order=ticket, trade_symbol="EURUSD", volume_current=LOT, margin_rate=rate)


def dealt(kind: int, *positions: Position, **more: Any) -> Push:
    """Push 10 of a deal that left these positions."""
    first, *rest = positions or (Position(),)
    return Push(10, [DealTransaction(DEALS, 0, kind, Deal(deal=9), first, positions=rest, **more)])


def ordered(mask: int, kind: int, *orders: Order) -> Push:
    return Push(10, [OrderTransaction(mask, 0, kind, one) for one in orders])


def rates(kept: Margins) -> tuple[dict[str, float], dict[str, float]]:
    return dict(kept.inputs.positions), dict(kept.inputs.orders)


class TestKept:
    def test_an_account_body_tells_rules_and_the_days_money(self) -> None:
        kept = Margins()
        before = kept.inputs
        rule = LeverageRule("Forex\\*", 2, "EUR", 2, tiers=[LeverageTier(0.0, 5.0, 1.5, 2.5)])
        main = AccountMain(commission_daily=-1.5, commission_monthly=-2.25, acc_profit=7.0)
        kept.account(Account(main, [], 0, 10, 0, [rule]))
        assert kept.inputs.rules == (
            margin_input.LeverageRule(
                path="Forex\\*",
                range_mode=2,
                range_currency="EUR",
                range_currency_digits=2,
                tiers=(margin_input.LeverageTier(0.0, 5.0, 1.5, 2.5),),
            ),
        )
        found = kept.inputs
        assert before.rules is None
        assert (found.commission_daily, found.commission_monthly, found.acc_profit) == (-1.5, -2.25, 7.0)
        kept.account(Account())  # it replaces everything
        replaced = kept.inputs
        assert replaced.rules == ()
        assert replaced.commission_daily == 0.0

    def test_answer_4_is_all_there_is(self) -> None:
        kept = Margins()
        kept.open_trades(OpenTrades([position(1, 1.1), position(2, 1.2)], [order(7, 1.3)]))
        assert rates(kept) == ({"1": 1.1, "2": 1.2}, {"7": 1.3})
        kept.open_trades(OpenTrades([position(2, 1.25)], [order(8, 1.4)]))
        assert rates(kept) == ({"2": 1.25}, {"8": 1.4})

    def test_a_position_without_an_identifier_goes_by_its_order(self) -> None:
        kept = Margins()
        kept.open_trades(OpenTrades([position(0, 1.1, trade_order=5), position(0, 1.2)], [order(0, 1.3)]))
        assert rates(kept) == ({"5": 1.1}, {})

    def test_deals_tell_of_the_positions_that_they_left(self) -> None:
        kept = Margins()
        kept.hear(dealt(ADD, position(1, 1.1), commission_daily=-3.5, acc_profit=12.0))
        assert rates(kept) == ({"1": 1.1}, {})
        assert (kept.inputs.commission_daily, kept.inputs.acc_profit) == (-3.5, 12.0)
        kept.hear(dealt(UPDATE, position(1, 1.15), commission_daily=-9.0))  # stops moved: no word of money
        assert (rates(kept)[0], kept.inputs.commission_daily) == ({"1": 1.15}, -3.5)
        # a close by: one is gone, the other is smaller
        kept.hear(dealt(ADD, position(1, 1.15, volume=0), position(2, 1.2)))
        assert rates(kept)[0] == {"2": 1.2}
        kept.hear(dealt(DELETE, position(2, 1.2, volume=0)))
        assert rates(kept)[0] == {}

    def test_orders_count_while_they_are_open(self) -> None:
        kept = Margins()
        kept.hear(ordered(OPEN, ADD, order(7, 1.3), order(8, 1.4)))
        kept.hear(ordered(OPEN, UPDATE, order(7, 1.35)))
        assert rates(kept)[1] == {"7": 1.35, "8": 1.4}
        kept.hear(ordered(OPEN, DELETE, order(7, 1.35)))
        kept.hear(ordered(HISTORY, ADD, order(8, 1.4)))
        assert rates(kept)[1] == {}

    def test_what_no_document_knows_changes_nothing(self) -> None:
        kept = Margins()
        kept.open_trades(OpenTrades([position(1, 1.1)], [order(7, 1.3)]))
        kept.hear(dealt(3, position(1, 9.9), commission_daily=-1.0))
        kept.hear(ordered(OPEN, 7, order(7, 9.9)))
        kept.hear(Push(15, None))
        assert rates(kept) == ({"1": 1.1}, {"7": 1.3})
        assert kept.inputs.commission_daily == 0.0

    def test_of_too_many_the_oldest_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST", 3)
        kept = Margins()
        kept.open_trades(OpenTrades([position(ticket, 1.0) for ticket in range(1, 6)], []))
        assert list(kept.inputs.positions) == ["3", "4", "5"]
        kept.hear(dealt(UPDATE, position(3, 1.1)))
        kept.hear(dealt(ADD, position(6, 1.2)))
        assert list(kept.inputs.positions) == ["5", "3", "6"]


def shown(main: Held) -> Figures:
    return main.account.margin(main.books).now()


def told(venue: Running, login: int) -> Figures:
    """The venue's own figures."""
    totals = venue.venue.totals(login)
    assert totals is not None
    level = None if totals.margin_level is None else round(totals.margin_level, 8).normalize()
    return Figures(totals.margin, totals.margin_free, level)


async def agree(main: Held, venue: Running, login: int) -> None:
    await main.agrees(venue, login)
    await main.until(lambda: shown(main) == told(venue, login))


QUOTES = {
    "EURUSD": (1.1, 1.1001),
    "USDJPY": (150.0, 150.02),
    "EURJPY": (165.0, 165.03),
    "GBPUSD": (1.25, 1.2502),
}
RULES = (
    LeverageRule("Forex\\*", 0, tiers=[LeverageTier(0.0, 0.3, 1.0, 1.0), LeverageTier(0.3, 99.0, 1.5, 2.0)]),
)


@pytest.mark.trio
@pytest.mark.slow
@pytest.mark.parametrize("rules", [(), RULES], ids=["plain", "tiers"])
@pytest.mark.parametrize("login", [HEDGE, NET, EURO, YEN])
async def test_after_every_step_margin_and_money_are_the_venues(
    tmp_path: Path, login: int, rules: tuple[LeverageRule, ...]
) -> None:
    trading = {"leverage_rules": rules, "commission": "day"}
    async with running(trading=trading) as venue:
        for name, (bid, ask) in QUOTES.items():
            venue.quote(bid, ask, name)
        async with held(venue, tmp_path, login=login) as main, venue.terminal(login) as terminal:
            await main.ready()
            await agree(main, venue, login)
            for request in (
                buy(terminal, 0.3),
                buy(terminal, 0.2, trade_symbol="EURJPY", digits=3),
                sell(terminal, 0.1),
                terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2),
                terminal.request(5, 5, 0.1, price_order=1.2, type_filling=2, trade_symbol="GBPUSD"),
                sell(terminal, 0.4),
            ):
                await outcome(terminal, request)
                await agree(main, venue, login)
            venue.quote(1.0912, 1.0913)
            await agree(main, venue, login)
            assert shown(main).margin


@pytest.mark.trio
async def test_an_order_after_the_last_answer_has_its_rate(tmp_path: Path) -> None:
    """Rates come with pushes, are gone with what they are of, and with a new session are asked for."""
    async with running() as venue:
        async with held(venue, tmp_path) as main, venue.terminal(HEDGE) as terminal:
            await main.ready()
            await outcome(terminal, buy(terminal, 0.1))
            await agree(main, venue, HEDGE)
            (ticket,) = (one.position for one in main.books.positions)
            assert main.account.margins.inputs.positions == {ticket: 1.1001}
            # 0.1 lots at 1:100 and the order's own price
            assert shown(main).margin == D("110.01")
            found = main.account.margin(main.books).after(Exposure("EURUSD", "buy", D("0.20"), D("1.1")))
            assert (found.margin, found.added, found.gaps) == (D("330.01"), D("220.00"), ())
            await outcome(terminal, sell(terminal, 0.1, trade_position=int(ticket), type_flags=3))
            await agree(main, venue, HEDGE)
            assert main.account.margins.inputs.positions == {}
            await outcome(terminal, buy(terminal, 0.1))
            await agree(main, venue, HEDGE)
        async with held(venue, tmp_path) as main:
            assert shown(main).gaps[0] == "leverage_rules"  # the books are there, the session not yet
            await main.ready()
            await agree(main, venue, HEDGE)


@pytest.mark.trio
@pytest.mark.slow
async def test_an_answer_that_a_push_has_overtaken_forgets_nothing(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main, venue.terminal(HEDGE) as terminal:
        await main.ready()
        connection, talk = main.account.connection, main.account.conversation
        assert connection is not None
        assert talk is not None
        for command in (4, 5):  # both answers of the round are held back
            late = {"do": "delay", "on": "answer", "command": command, "seconds": 0.5}
            venue.control("fault", fault=late)
        talk.doubt("test")
        await main.until(lambda: 4 in connection.session.in_flight)
        await outcome(terminal, buy(terminal, 0.1))
        await main.agrees(venue)
        await venue.advance(500)
        await main.until(lambda: 5 in connection.session.in_flight)  # answer 4 came, without the position
        assert len(main.account.margins.inputs.positions) == 1
        await venue.advance(500)
        await main.until(lambda: 5 not in connection.session.in_flight)
        await agree(main, venue, HEDGE)
