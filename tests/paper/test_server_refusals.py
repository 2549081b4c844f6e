"""Every refusal of docs/protocol.md 7.7, and those of 6.8 that it leaves to servers, over a real socket.

The market is 1.10000 / 1.10010; what is asked is 0.10 lots of EURUSD in market execution unless a row says
otherwise.  A refusal comes by answer 12 or by push 19, as a switch has it, and changes nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from math import nan
from typing import Any, NamedTuple

import pytest

from oms.paper.listing import SymbolSettings
from protocol.messages import Message, Push
from protocol.records.trade import TradeAnswer, TradeRequest

from .running import HEDGE, NET, Quotes, Running, ToldClock, running
from .terminal import Terminal

pytestmark = pytest.mark.trio

BUY, SELL, BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP, BUY_STOP_LIMIT, SELL_STOP_LIMIT = range(8)
FOK, IOC, RETURN = 0, 1, 2
PRICES, DEAL, INSTANT, EXCHANGE, PENDING, SLTP, MODIFY, REMOVE, CLOSE_BY = 0, 3, 2, 4, 5, 6, 7, 8, 10
EURUSD = (1.10000, 1.10010)
LOT = 10**8


class Asked(NamedTuple):
    """A request before its action_id."""

    action: int
    kind: int
    fields: dict[str, Any]


class Ordered(NamedTuple):
    """A word of the control port."""

    do: str
    fields: dict[str, Any]


class Row(NamedTuple):
    """What is refused, and why."""

    code: int
    asked: Asked
    symbol: dict[str, Any] = {}  # EURUSD otherwise than usual
    before: tuple[Asked | Ordered, ...] = ()
    login: int = HEDGE
    trading: dict[str, Any] = {}
    investor: bool = False


def deal(kind: int = BUY, **fields: Any) -> Asked:
    return Asked(fields.pop("action", DEAL), kind, {"type_filling": IOC} | fields)


def pending(kind: int, price: float, **fields: Any) -> Asked:
    return Asked(PENDING, kind, {"type_filling": RETURN, "price_order": price} | fields)


def close(**fields: Any) -> Asked:
    return deal(SELL, **({"trade_position": 1, "type_flags": 3} | fields))


def stops(**fields: Any) -> Asked:
    return Asked(SLTP, BUY, {"trade_position": 1, "type_flags": 0} | fields)


def change(action: int, kind: int = BUY_LIMIT, **fields: Any) -> Asked:
    return Asked(action, kind, {"trade_order": 1, "price_order": 1.09} | fields)


LIMIT = pending(BUY_LIMIT, 1.09)
LEVEL = {"stops_level": 50}
FROZEN = {"freeze_level": 100}
BY = Asked(CLOSE_BY, SELL, {"trade_position": 1, "position_by": 2, "type_flags": 3})

ROWS = {
    "symbol not loaded": Row(10013, deal(trade_symbol="NONE")),
    "trade mode disabled": Row(10017, deal(), {"trade_mode": "disabled"}),
    "long only": Row(10042, deal(SELL), {"trade_mode": "long_only"}),
    "short only": Row(10043, deal(), {"trade_mode": "short_only"}),
    "close only": Row(10044, deal(), {"trade_mode": "close_only"}),
    "volume zero": Row(10014, deal(trade_volume=0)),
    "volume above the maximum": Row(10014, deal(trade_volume=3 * LOT), {"volume_max": Decimal(2)}),
    "volume off the step": Row(10014, deal(trade_volume=LOT // 200 * 3)),
    "volume below the minimum": Row(10014, deal(), {"volume_min": Decimal("0.2")}),
    "a close larger than its position": Row(10014, close(trade_volume=LOT // 5), before=(deal(),)),
    "a pending order of no volume": Row(10014, pending(BUY_LIMIT, 1.09, trade_volume=0)),
    "volume limit": Row(10034, deal(), {"volume_limit": Decimal("0.15")}, (deal(),)),
    "volume limit with an order": Row(10034, LIMIT, {"volume_limit": Decimal("0.15")}, (deal(),)),
    "no money": Row(10019, deal(trade_volume=10 * LOT)),
    "no money for a pending order": Row(10019, pending(BUY_LIMIT, 1.09, trade_volume=10 * LOT)),
    "price not a number": Row(10015, pending(BUY_LIMIT, nan)),
    "price too large": Row(10015, pending(SELL_LIMIT, 2e9)),
    "price negative": Row(10015, pending(BUY_LIMIT, -1.0)),
    "price off the tick size": Row(10015, pending(BUY_LIMIT, 1.09005), {"tick_size": 0.0001}),
    "stop loss not a number": Row(10016, deal(price_sl=nan)),
    "take profit off the digits": Row(10016, pending(BUY_LIMIT, 1.09, price_tp=1.123456)),
    "market orders not allowed": Row(10035, deal(), {"orders": ("limit",)}),
    "limit orders not allowed": Row(10035, LIMIT, {"orders": ("market",)}),
    "stop loss not allowed": Row(10035, deal(price_sl=1.09), {"orders": ("market", "tp")}),
    "a pending type in a deal": Row(10035, deal(BUY_LIMIT)),
    "RETURN in market execution": Row(10030, deal(type_filling=RETURN)),
    "FOK without its flag": Row(10030, deal(type_filling=FOK), {"fills": ("ioc",)}),
    "IOC without its flag": Row(10030, deal(), {"fills": ("fok",)}),
    "FOK for a pending in instant execution": Row(
        10030, pending(BUY_LIMIT, 1.09, type_filling=FOK), {"execution": "instant"}
    ),
    "lifetime not allowed": Row(10022, pending(BUY_LIMIT, 1.09, type_time=1), {"times": ("gtc",)}),
    "expiration absent": Row(10022, pending(BUY_LIMIT, 1.09, type_time=2)),
    "expiration in the past": Row(10022, pending(BUY_LIMIT, 1.09, type_time=2, time_expiration=1)),
    "no tick yet": Row(10021, deal(trade_symbol="GBPUSD")),
    "limit above the ask": Row(10015, pending(BUY_LIMIT, 1.10011)),
    "limit within the stops level": Row(10015, pending(BUY_LIMIT, 1.09961), LEVEL),
    "limit to sell within the level": Row(10015, pending(SELL_LIMIT, 1.10049), LEVEL),
    "stop within the stops level": Row(10015, pending(BUY_STOP, 1.10059), LEVEL),
    "stop to sell within the level": Row(10015, pending(SELL_STOP, 1.09951), LEVEL),
    "activation of a stop-limit": Row(10015, pending(BUY_STOP_LIMIT, 1.10059, price_trigger=1.09), LEVEL),
    "limit of a stop-limit": Row(10015, pending(SELL_STOP_LIMIT, 1.09950, price_trigger=1.09999), LEVEL),
    "stop loss of a pending": Row(10016, pending(BUY_LIMIT, 1.09, price_sl=1.08951), LEVEL),
    "take profit of a pending": Row(10016, pending(SELL_LIMIT, 1.12, price_tp=1.11951), LEVEL),
    "stop loss of a stop-limit": Row(
        10016, pending(BUY_STOP_LIMIT, 1.12, price_trigger=1.11, price_sl=1.10951), LEVEL
    ),
    "stop loss of a deal": Row(10016, deal(price_sl=1.09951), LEVEL),
    "take profit of a deal": Row(10016, deal(SELL, price_tp=1.09961), LEVEL),
    "stop loss of a position": Row(10016, stops(price_sl=1.09951), LEVEL, (deal(),)),
    "stops as they are": Row(10025, stops(price_sl=1.09), before=(deal(price_sl=1.09),)),
    "pending as it is": Row(10025, change(MODIFY), before=(LIMIT,)),
    "close by of one side": Row(10013, BY, before=(deal(), deal())),
    "close by not allowed": Row(10035, BY, {"orders": ("market",)}, (deal(), deal(SELL))),
    "close by in netting": Row(10013, BY, before=(deal(),), login=NET),
    "price limits": Row(10015, pending(BUY_LIMIT, 1.04), {"price_limit_min": 1.05}),
    "trading disabled": Row(10017, deal(), before=(Ordered("rights", {"login": HEDGE, "rights": 4}),)),
    "read only": Row(10017, deal(), before=(Ordered("rights", {"login": HEDGE, "rights": 512}),)),
    "an investor": Row(10017, deal(), investor=True),
    "an investor without permission": Row(8, deal(), investor=True, trading={"permission_code": 8}),
    "market closed": Row(10018, deal(), {"trade_sessions": {"sunday": ("00:00-24:00",)}}),
    "an action of nobody": Row(10013, deal(action=11)),
    "an action of another mode": Row(10013, deal(action=INSTANT)),
    "prices asked for in market execution": Row(10013, deal(action=PRICES)),
    "no price named to a dealer": Row(
        10015, deal(action=INSTANT, type_filling=FOK), {"execution": "instant"}
    ),
    "a position frozen": Row(10029, close(), FROZEN, (deal(price_sl=1.09900),)),
    "stops frozen": Row(10029, stops(price_tp=1.2), FROZEN, (deal(price_sl=1.09900),)),
    "an order frozen": Row(10029, change(REMOVE, price_order=1.0991), FROZEN, (pending(BUY_LIMIT, 1.0991),)),
    "order limit": Row(10033, LIMIT, before=(LIMIT,), trading={"max_orders": 1}),
    "position limit": Row(10040, deal(), before=(deal(),), trading={"max_positions": 1}),
    "an order that is not there": Row(10035, change(REMOVE)),
    "an order of another type": Row(10013, change(MODIFY, SELL_LIMIT, price_order=1.08), before=(LIMIT,)),
    "a pending of another volume": Row(
        10014, change(MODIFY, price_order=1.08, trade_volume=LOT // 5), before=(LIMIT,)
    ),
    "a position that is closed": Row(10036, close(), before=(deal(), close())),
    "stops of a closed position": Row(10036, stops(price_sl=1.09), before=(deal(), close())),
    "a position that never was": Row(10013, close(trade_position=99)),
    "a second close": Row(
        10039, close(), before=(deal(), Ordered("slow_next", {"ms": 60_000}), close())
    ),
}  # fmt: skip


@asynccontextmanager
async def scene(row: Row, refuse_in: str) -> AsyncIterator[tuple[Running, Terminal]]:
    """The terminal after what came before its request."""
    clock = ToldClock()
    symbols = (SymbolSettings(name="EURUSD", **row.symbol),) if row.symbol else ()
    async with (
        running(
            symbols=symbols,
            trading=row.trading | {"refuse_in": refuse_in},
            clock=clock,
            feed=Quotes({"EURUSD": EURUSD}, clock.now),
        ) as venue,
        venue.terminal(row.login, "look" if row.investor else "paper") as terminal,
    ):
        for step in row.before:
            if isinstance(step, Ordered):
                venue.control(step.do, **step.fields)
            else:
                assert await terminal.trade(request(terminal, step)) == 0
                await venue.advance(1000)
        await terminal.settled()
        yield venue, terminal


def request(terminal: Terminal, asked: Asked) -> TradeRequest:
    return terminal.request(asked.action, asked.kind, 0.1, **asked.fields)


def books(venue: Running) -> list[Any]:
    truth = venue.control("truth")
    return [truth[name] for name in ("accounts", "orders", "deals", "positions")]


def told(messages: list[Message]) -> list[str]:
    """Answers 12 and pushes 19 with their codes, other messages by their command."""
    found = []
    for one in messages:
        value = getattr(one, "value", None)
        if isinstance(value, TradeAnswer):
            found.append(f"12 {value.retcode}")
        elif isinstance(one, Push) and one.command == 19:
            found.append(f"19 {one.value.result.retcode}")
        else:
            found.append(f"{one.command}")
    return found


@pytest.mark.parametrize("name", ROWS)
async def test_refused_by_answer_12(name: str) -> None:
    row = ROWS[name]
    async with scene(row, "answer") as (venue, terminal):
        before = books(venue)
        await terminal.trade(request(terminal, row.asked))
        assert told(await terminal.settled()) == [f"12 {row.code}"]
        assert books(venue) == before


@pytest.mark.parametrize("name", ROWS)
async def test_refused_by_push_19(name: str) -> None:
    row = ROWS[name]
    async with scene(row, "result") as (venue, terminal):
        before = books(venue)
        asked = request(terminal, row.asked)
        await terminal.trade(asked)
        assert told(await terminal.settled()) == ["12 0", f"19 {row.code}"]
        (outcome,) = [one.value for one in terminal.heard[-3:] if isinstance(one, Push) and one.command == 19]
        assert outcome.request.action_id == asked.action_id
        assert (outcome.result.deal, outcome.result.trade_order, outcome.result.volume) == (0, 0, 0)
        assert books(venue) == before


async def test_the_rows_have_every_code_that_a_rule_gives() -> None:
    codes = {8, *range(10013, 10020), 10021, 10022, 10025, 10029, 10030, *range(10033, 10037), 10039}
    assert {row.code for row in ROWS.values()} == codes | {10040, 10042, 10043, 10044}


# What the dealer answers to a request that no rule refuses comes by push 19, whatever the switch.


@pytest.mark.parametrize("refuse_in", ["answer", "result"])
@pytest.mark.parametrize(
    ("code", "asked", "symbol"),
    [
        (10004, deal(action=INSTANT, type_filling=FOK, price_order=1.09990), {"execution": "instant"}),
        (10020, deal(action=1, type_filling=FOK, price_order=1.10010), {"execution": "request"}),
        (10007, deal(type_filling=FOK, trade_volume=LOT), {"depth": (Decimal("0.5"),)}),
        (10007, deal(action=EXCHANGE, type_filling=3), {"execution": "exchange", "fills": ("boc",)}),
    ],
    ids=["requote", "price changed", "not all of it to be had", "book or cancel that crosses"],
)
async def test_refused_by_the_dealer(refuse_in: str, code: int, asked: Asked, symbol: dict[str, Any]) -> None:
    row = Row(code, asked, symbol)
    async with scene(row, refuse_in) as (venue, terminal):
        await terminal.trade(request(terminal, asked))
        heard = told(await terminal.settled())
        assert (heard[0], heard[-1]) == ("12 0", f"19 {code}")
        assert venue.control("truth")["positions"] == []
        assert [one for one in venue.control("truth")["orders"] if one["open"]] == []


# docs/protocol.md 6.8: all that a server may say, ordered by the control port.
CODES = (
    *(2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 1025),
    *range(10001, 10032),
    *(10033, 10034, 10035, 10036, *range(10039, 10046), 11001),
)


async def test_every_code_can_be_ordered_in_either_channel() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        before = books(venue)
        for code in CODES:
            venue.control("reject_next", retcode=code, channel="answer")
            venue.control("reject_next", retcode=code, channel="result")
            assert await terminal.buy() == code
            assert await terminal.buy() == 0
            assert told(await terminal.settled()) == [f"12 {code}", "12 0", f"19 {code}"]
        assert books(venue) == before
