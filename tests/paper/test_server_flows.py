"""Each row of docs/protocol.md 8 over real sockets: what the session that asked hears, and what another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from oms.paper.listing import SymbolSettings
from oms.paper.model import Effect
from oms.paper.settings import default
from protocol.messages import Answer, Message, Push
from protocol.records.trade import OrderTransaction, TradeAnswer

from .running import HEDGE, NET, Running, ToldClock, running
from .terminal import Terminal
from .venue_scene import line

pytestmark = pytest.mark.trio
BUY, SELL, BUY_LIMIT, BUY_STOP = 0, 1, 2, 4
OPEN = [
    "12 0",
    "10 {0,0} #1 buy placed 0.10/0.10",
    "10 {0,2} #1 buy filled 0.00/0.10",
    "10 {1,0} #1 buy filled 0.00/0.10",
    "10 {2,0} deal 105 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 10000.00",
    "19 10009 deal 105 order 1 0.10 @ 1.1001",
]


def said(messages: list[Message]) -> list[str]:
    return [told(one) for one in messages]


def told(message: Message) -> str:
    if isinstance(message, Answer) and isinstance(message.value, TradeAnswer):
        return f"12 {message.value.retcode}"
    assert isinstance(message, Push)
    if message.command == 14:
        return f"14 balance {message.value.main.balance:.2f}"
    return line(Effect(0, message.command, message.value))


class Pair:
    """A session that asks and one that only listens."""

    def __init__(self, venue: Running, asker: Terminal, listener: Terminal) -> None:
        self.venue, self.asker, self.listener = venue, asker, listener

    async def heard(self) -> list[str]:
        """What the asker heard since the last call; the listener hears the pushes 10 of it and no more."""
        mine, others = said(await self.asker.settled()), said(await self.listener.settled())
        assert others == [one for one in mine if not one.startswith(("12 ", "19 "))]
        return mine

    async def ask(self, action: int, kind: int, lots: float = 0.1, **more: Any) -> list[str]:
        await self.asker.trade(self.asker.request(action, kind, lots, **more))
        return await self.heard()

    async def buy(self, **more: Any) -> list[str]:
        return await self.ask(3, BUY, **({"type_filling": 1} | more))

    async def quote(self, bid: float, ask: float, symbol: str = "EURUSD") -> list[str]:
        self.venue.quote(bid, ask, symbol)
        return await self.heard()


@asynccontextmanager
async def pair(**settings: Any) -> AsyncIterator[Pair]:
    async with (
        running(**settings) as venue,
        venue.terminal(HEDGE) as asker,
        venue.terminal(HEDGE) as listener,
    ):
        yield Pair(venue, asker, listener)


async def test_market_order() -> None:
    async with pair() as two:
        assert await two.buy() == OPEN


async def test_close_in_part_and_in_full() -> None:
    async with pair() as two:
        await two.buy()
        await two.quote(1.1006, 1.1007)
        close = {"trade_position": 1, "type_flags": 3, "type_filling": 1, "price_order": 1.1006}
        assert await two.ask(3, SELL, 0.04, **close) == [
            "12 0",
            "10 {0,0} #2 sell placed 0.04/0.04",
            "10 {0,2} #2 sell filled 0.00/0.04",
            "10 {1,0} #2 sell filled 0.00/0.04",
            "10 {2,0} deal 106 sell out 0.04 @ 1.1006 2.00; position 1 buy 0.06 @ 1.1001; balance 10002.00",
            "19 10009 deal 106 order 2 0.04 @ 1.1006",
        ]
        assert await two.ask(3, SELL, 0.06, **close) == [
            "12 0",
            "10 {0,0} #3 sell placed 0.06/0.06",
            "10 {0,2} #3 sell filled 0.00/0.06",
            "10 {1,0} #3 sell filled 0.00/0.06",
            "10 {2,0} deal 107 sell out 0.06 @ 1.1006 3.00; position 1 buy 0.00 @ 1.1001; balance 10005.00",
            "19 10009 deal 107 order 3 0.06 @ 1.1006",
        ]


@pytest.mark.parametrize("code", [10008, 10009])
async def test_pending_placed_changed_removed(code: int) -> None:
    async with pair(trading={"pending_code": code}) as two:
        assert await two.ask(5, BUY_LIMIT, price_order=1.09, type_filling=2) == [
            "12 0",
            "10 {0,0} #1 buy_limit placed 0.10/0.10",
            f"19 {code} deal 0 order 1 0.10 @ 1.09",
        ]
        assert await two.ask(7, BUY_LIMIT, trade_order=1, price_order=1.08) == [
            "12 0",
            "10 {0,1} #1 buy_limit placed 0.10/0.10",
            "19 10009 deal 0 order 1 0.10 @ 1.08",
        ]
        assert await two.ask(8, BUY_LIMIT, trade_order=1, price_order=1.08) == [
            "12 0",
            "10 {0,2} #1 buy_limit canceled 0.10/0.10",
            "10 {1,0} #1 buy_limit canceled 0.10/0.10",
            "19 10009 deal 0 order 1 0.10 @ 1.08",
        ]


async def test_pending_filled() -> None:
    async with pair() as two:
        await two.ask(5, BUY_LIMIT, price_order=1.09, type_filling=2)
        assert await two.quote(1.0899, 1.09) == [
            "10 {0,2} #1 buy_limit filled 0.00/0.10",
            "10 {1,0} #1 buy_limit filled 0.00/0.10",
            "10 {2,0} deal 105 buy in 0.10 @ 1.09 0.00; position 1 buy 0.10 @ 1.09; balance 10000.00",
        ]


def shallow() -> dict[str, Any]:
    """EURUSD with a book of two levels: 0.5 and 0.3 lots."""
    return {"symbols": (SymbolSettings(name="EURUSD", depth=(Decimal("0.5"), Decimal("0.3"))),)}


async def test_partial_fill_of_a_market_request() -> None:
    async with pair(**shallow()) as two:
        assert await two.ask(3, BUY, 1.0, type_filling=1) == [
            "12 0",
            "10 {0,0} #1 buy placed 1.00/1.00",
            "10 {0,1} #1 buy partial 0.50/1.00",
            "10 {2,0} deal 105 buy in 0.50 @ 1.1001 0.00; position 1 buy 0.50 @ 1.1001; balance 10000.00",
            "10 {0,1} #1 buy partial 0.20/1.00",
            "10 {2,0} deal 106 buy in 0.30 @ 1.10011 0.00; "
            "position 1 buy 0.80 @ 1.10010375; balance 10000.00",
            "10 {0,2} #1 buy canceled 0.20/1.00",
            "10 {1,0} #1 buy canceled 0.20/1.00",
            "19 10010 deal 106 order 1 0.80 @ 1.10010375",
        ]


@pytest.mark.parametrize(
    ("stop", "quote", "price", "profit", "reason"),
    [
        ("price_sl", (1.0899, 1.09), "1.0899", "-102.00", "SL"),
        ("price_tp", (1.112, 1.1121), "1.112", "119.00", "TP"),
    ],
)
async def test_sl_and_tp_close(
    stop: str, quote: tuple[float, float], price: str, profit: str, reason: str
) -> None:
    level = {"price_sl": 1.0900, "price_tp": 1.1120}[stop]
    async with pair() as two:
        await two.buy(**{stop: level, "comment": "mine"})
        balance = f"{10_000 + float(profit):.2f}"
        assert await two.quote(*quote) == [
            "10 {1,0} #2 sell filled 0.00/0.10",
            f"10 {{2,0}} deal 106 sell out 0.10 @ {price} {profit} {reason}; "
            f"position 1 buy 0.00 @ 1.1001; balance {balance}",
        ]
        transactions = [one.value[0] for one in two.asker.heard if one.command == 10][-2:]  # type: ignore[union-attr]
        assert [transactions[0].order.comment, transactions[1].deal.comment] == ["", ""]


async def test_sl_and_tp_changed() -> None:
    async with pair() as two:
        await two.buy()
        change = {
            "trade_position": 1,
            "price_sl": 1.09,
            "price_tp": 1.12,
            "type_flags": 0,
            "price_order": 1.1,
        }
        assert await two.ask(6, BUY, **change) == [
            "12 0",
            "10 {2,1} no deal; position 1 buy 0.10 @ 1.1001; balance 10000.00",
            "19 10009 deal 0 order 0 0.10 @ 0",
        ]
        (record,) = next(one.value for one in reversed(two.asker.heard) if one.command == 10)  # type: ignore[union-attr]
        assert (record.position.sl, record.position.tp) == (1.09, 1.12)


async def test_close_by() -> None:
    async with pair() as two:
        await two.buy()
        await two.ask(3, SELL, 0.06, type_filling=1)
        heard = await two.ask(10, SELL, trade_position=1, position_by=2, type_flags=3, price_order=1.1)
        assert heard == [
            "12 0",
            "10 {1,0} #3 close_by filled 0.00/0.06",
            # bought at 1.1001, closed by a sell at 1.1: -0.6 USD in all, however split (TC-H1)
            "10 {2,0} deal 107 sell out_by 0.06 @ 1.1 -0.60; position 1 buy 0.04 @ 1.1001; balance 9999.40; "
            "deal 108 buy out_by 0.06 @ 1.1 0.00; position 2 sell 0.00 @ 1.1",
            "19 10009 deal 107 order 3 0.06 @ 1.1",
        ]


async def test_rejection_in_either_channel() -> None:
    async with pair() as two:
        assert await two.buy(trade_volume=1) == ["12 0", "19 10014 deal 0 order 0 0.00 @ 0"]
    async with pair(trading={"refuse_in": "answer"}) as two:
        assert await two.buy(trade_volume=1) == ["12 10014"]


async def test_requote_and_the_request_repeated_at_its_price() -> None:
    async with pair() as two:
        await two.quote(1.1, 1.1001, "EURUSD.ins")
        asked: dict[str, Any] = {"trade_symbol": "EURUSD.ins", "price_order": 1.1000}
        assert await two.ask(2, BUY, **asked) == ["12 0", "19 10004 deal 0 order 0 0.00 @ 0"]
        result = two.asker.heard[-2].value.result  # type: ignore[union-attr]
        assert (result.bid, result.ask) == (1.1, 1.1001)
        await two.quote(1.1005, 1.1006, "EURUSD.ins")
        heard = await two.ask(2, BUY, **(asked | {"price_order": 1.1001}))
        assert heard[-1] == "19 10009 deal 105 order 1 0.10 @ 1.1001"


async def test_price_request_and_the_deal_at_its_price() -> None:
    async with pair() as two:
        await two.quote(1.1, 1.1001, "EURUSD.req")
        asked: dict[str, Any] = {"trade_symbol": "EURUSD.req"}
        assert await two.ask(0, BUY, **asked) == ["12 0", "19 10005 deal 0 order 0 0.10 @ 0"]
        result = two.asker.heard[-2].value.result  # type: ignore[union-attr]
        assert (result.bid, result.ask) == (1.1, 1.1001)
        heard = await two.ask(1, BUY, **asked, price_order=1.1001)
        assert heard[-1] == "19 10009 deal 105 order 1 0.10 @ 1.1001"


async def test_deposit() -> None:
    async with pair() as two:
        two.venue.control("deposit", login=HEDGE, amount="250.50", comment="gift")
        assert await two.heard() == ["10 {2,0} deal 105 balance 250.50; no position; balance 10250.50"]


async def test_deal_amended_and_removed_by_the_dealer() -> None:
    async with pair() as two:
        await two.buy()
        two.venue.control("amend_deal", login=HEDGE, deal=105, changes={"commission": -1.5})
        assert await two.heard() == [
            "10 {2,1} deal 105 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 9998.50",
            "14 balance 9998.50",
        ]
        two.venue.control("remove_deal", login=HEDGE, deal=105)
        assert await two.heard() == [
            "10 {2,2} deal 105 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.00 @ 1.1001; balance 10000.00",
            "14 balance 10000.00",
        ]


@pytest.mark.parametrize(
    ("change", "daylight"), [(1_711_846_800_000, 1), (1_729_990_800_000, 0)], ids=["spring", "autumn"]
)
async def test_every_account_is_told_when_the_clock_changes(change: int, daylight: int) -> None:
    """2024-03-31 and 2024-10-27, 01:00 UTC."""
    async with pair(clock=ToldClock(change - 1)) as two, two.venue.terminal(NET) as stranger:
        assert (await stranger.ask(3)).main.daylightmode == 1 - daylight
        assert await two.heard() == []
        await two.venue.advance(1)
        assert await two.heard() == ["14 balance 10000.00"]
        for terminal in (two.asker, two.listener):
            body = next(one.value for one in reversed(terminal.heard) if one.command == 14)  # type: ignore[union-attr]
            assert (body.main.daylightmode, body.main.timezone_shift) == (daylight, 7200)
        assert (await stranger.push(14)).main.daylightmode == daylight
        await two.venue.advance(3_600_000)
        assert await two.heard() == []


@pytest.mark.parametrize(
    # 2024-05-15 10:00:00.123 in server time; as milliseconds 1715767200123, of which 32 bits are 2075249019
    ("unit", "res_time"),
    [("seconds", 1_715_767_200), ("milliseconds", 2_075_249_019)],
)
async def test_the_time_of_a_result_by_the_switch(unit: str, res_time: int) -> None:
    async with running(trading={"res_time": unit}) as venue, venue.terminal(HEDGE) as terminal:
        await venue.advance(123)
        await terminal.buy()
        assert (await terminal.push(19)).result.res_time == res_time


async def test_rights_and_specification_changed() -> None:
    async with pair() as two:
        two.venue.control("rights", login=HEDGE, rights=4)
        assert await two.heard() == ["14 balance 10000.00"]
        two.venue.control(
            "spec", symbol="EURUSD", changes={"trade_stops_level": 50, "trade_contract_size": 10.0}
        )
        assert await two.heard() == ["13"]
        (spec,) = next(one.value for one in reversed(two.asker.heard) if one.command == 13)  # type: ignore[union-attr]
        assert (spec.trade.trade_stops_level, spec.trade_contract_size) == (50, 10.0)


ORDERS = {
    "12 10 19": ["12", "10", "10", "10", "10", "19"],
    "12 19 10": ["12", "19", "10", "10", "10", "10"],
    "10 12 19": ["10", "10", "10", "10", "12", "19"],
    "10 19 12": ["10", "10", "10", "10", "19", "12"],
    "19 12 10": ["19", "12", "10", "10", "10", "10"],
    "19 10 12": ["19", "10", "10", "10", "10", "12"],
}


@pytest.mark.parametrize("order", ORDERS)
async def test_every_order_of_answer_and_pushes(order: str) -> None:
    async with pair(protocol={"told": order}) as two:
        assert [one.partition(" ")[0] for one in await two.buy()] == ORDERS[order]


@pytest.mark.parametrize("order", [order for order in ORDERS if order.startswith("12")])
async def test_every_order_behind_an_answer_that_came_long_before(order: str) -> None:
    async with pair(protocol={"told": order}, trading={"dealer_delay_ms": 50}) as two:
        assert await two.buy() == ["12 0"]
        await two.venue.advance(50)
        assert [one.partition(" ")[0] for one in await two.heard()] == ORDERS[order][1:]


async def test_transactions_in_one_message_with_mixed_masks() -> None:
    async with (
        running(protocol={"transactions": "batched"}) as venue,
        venue.terminal(HEDGE) as asker,
        venue.terminal(HEDGE) as listener,
    ):
        await asker.buy()
        for terminal in (asker, listener):
            heard = [one for one in await terminal.settled() if isinstance(one, Push) and one.command == 10]
            assert [len(one.value) for one in heard] == [3, 1]
            first: list[OrderTransaction] = heard[0].value
            assert [(one.flag_mask, one.transaction_type) for one in first] == [(0, 0), (0, 2), (1, 0)]


async def test_results_to_all_sessions() -> None:
    async with (
        running(trading={"results_to_all": True}) as venue,
        venue.terminal(HEDGE) as asker,
        venue.terminal(HEDGE) as listener,
    ):
        await asker.buy()
        assert said(await asker.settled()) == OPEN
        assert said(await listener.settled()) == OPEN[1:]


async def test_the_first_word_of_push_19() -> None:
    async with running(protocol={"result_word": 77}) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
        assert (await terminal.push(19)).code == 77
    assert default().protocol.result_word == 0


@pytest.mark.parametrize(
    ("where", "codes"), [("any", [0, 0, 0]), ("session", [0, 10013, 0]), ("account", [0, 10013, 10013])]
)
async def test_action_ids_used_twice(where: str, codes: list[int]) -> None:
    async with (
        running(protocol={"action_ids": where}) as venue,
        venue.terminal(HEDGE) as one,
        venue.terminal(HEDGE) as two,
    ):
        request = one.request(3, BUY, 0.1, type_filling=1)
        assert [await one.trade(request), await one.trade(request), await two.trade(request)] == codes


async def test_push_19_echoes_the_request() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        request = terminal.request(3, BUY, 0.1, type_filling=1, comment="note", price_sl=1.05)
        await terminal.trade(request)
        assert (await terminal.push(19)).request == request


async def test_a_slow_dealer_answers_12_at_once_and_the_rest_later() -> None:
    async with pair(trading={"dealer_delay_ms": 700}) as two:
        assert await two.buy() == ["12 0"]
        await two.venue.clock.advance(600)
        assert await two.heard() == []
        await two.venue.clock.advance(150)
        assert await two.heard() == OPEN[1:]


async def test_more_trade_requests_a_second_than_allowed() -> None:
    async with running(server={"max_requests_per_second": 2.0}) as venue, venue.terminal(HEDGE) as terminal:
        codes = [await terminal.buy() for _ in range(5)]
        assert codes.count(10024) >= 2  # a second may end once in between
        assert codes[:2] == [0, 0]
