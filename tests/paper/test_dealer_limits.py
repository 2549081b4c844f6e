"""What dealers write of deals and symbols: what cannot be is refused, and nobody else notices."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.paper.listing import SymbolSettings
from oms.paper.settings import Settings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Deal, HistoryRequest

from .running import HEDGE, NET, Quotes, Running, running
from .terminal import Terminal

pytestmark = pytest.mark.trio
OPENING = 105  # the deal of the first trade: the four accounts' deposits are 101 to 104


async def asked(venue: Running, **call: Any) -> dict[str, Any]:
    """The answer on the control port's own socket."""
    async with await trio.open_tcp_stream("127.0.0.1", venue.control_port) as stream:
        await stream.send_all(json.dumps(call).encode() + b"\n")
        with trio.fail_after(5):
            answer: dict[str, Any] = json.loads(await stream.receive_some())
    return answer


async def served(terminal: Terminal) -> list[Deal]:
    """Everything that shows a deal, a position or a symbol is answered, and trading goes on; the deals."""
    for command in (3, 4, 6):
        await terminal.ask(command)
    await terminal.ask(18, [1])
    await terminal.ask(22, [1])
    heard = len(terminal.heard)
    await terminal.buy(0.1)
    await terminal.settled()
    assert 19 in [one.command for one in terminal.heard[heard:]]
    deals: list[Deal] = (await terminal.ask(5, HistoryRequest())).deals
    return deals


# docs/protocol.md 4.3: each field one beyond what it has room for or lists; prices by 7.7.
NO_DEAL = [
    ("profit", 1e300),
    ("profit", 1_000_000_000_001.0),
    ("profit", float("nan")),
    ("commission", float("-inf")),
    ("storage", -1e13),
    ("commission_fee", 1e400),
    ("time_create", 2**32),
    ("time_create", 99_999_999_999),
    ("time_update", -1),
    ("time_create_msc", 2**31),
    ("trade_reason", -1),
    ("trade_reason", 19),
    ("entry", 4),
    ("entry", 77),
    ("trade_action", 19),
    ("trade_action", 2),
    ("digits", -1),
    ("digits_currency", 2**32),
    ("trade_volume", 10**17 + 1),
    ("trade_volume", 2**63),
    ("trade_volume", 2**64 - 1),
    ("trade_volume", 10**23),
    ("trade_volume", -1),
    ("price_open", 1e308),
    ("price_open", 1_000_000_001.0),
    ("price_open", -0.1),
    ("sl", float("nan")),
    ("rate_margin", float("nan")),
    ("rate_margin", -0.1),
    ("contract_size", float("inf")),
    ("expert", 2**63),
    ("comment", "c" * 33),
    ("comment", "\U0001f4c8" * 17),
    ("comment", "a\0b"),
    ("deal_id", "c" * 33),
]


@pytest.mark.parametrize(("field", "value"), NO_DEAL)
async def test_a_deal_that_cannot_be_is_refused(field: str, value: Any) -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(0.1)
        await terminal.settled()
        before = venue.control("truth")
        answer = await asked(venue, do="amend_deal", login=HEDGE, deal=OPENING, changes={field: value})
        assert answer["error"]["field"] == "changes"
        assert venue.control("truth") == before
        assert len(await served(terminal)) == 3


MOST = [
    ("profit", 1_000_000_000_000.0),
    ("time_create", 2**32 - 1),
    ("trade_reason", 18),
    ("entry", 3),
    ("digits", 2**32 - 1),
    ("trade_volume", 10**17),
    ("price_open", 1_000_000_000.0),
    ("rate_margin", 1_000_000_000_000.0),
    ("comment", "\U0001f4c8" * 16),
]


@pytest.mark.parametrize(("field", "value"), MOST)
async def test_the_most_that_a_deal_can_be_is_told_and_kept(tmp_path: Path, field: str, value: Any) -> None:
    state = str(tmp_path / "state")
    async with running(state=state) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(0.1)
        await terminal.settled()
        changes = {field: value}
        assert await asked(venue, do="amend_deal", login=HEDGE, deal=OPENING, changes=changes) == {"ok": None}
        (deal,) = [one for one in await served(terminal) if one.deal == OPENING]
        assert getattr(deal, field) == value
    async with running(state=state) as again, again.terminal(HEDGE) as terminal:
        (deal,) = [one for one in await served(terminal) if one.deal == OPENING]
        assert getattr(deal, field) == value


async def test_deals_that_would_make_a_position_too_large_are_refused() -> None:
    """Each amended volume fits; together, in one netting position, they do not."""
    async with running() as venue, venue.terminal(NET) as terminal:
        for _ in range(2):
            await terminal.buy(0.1)
        await terminal.settled()
        large = {"trade_volume": 6 * 10**16}
        assert "ok" in await asked(venue, do="amend_deal", login=NET, deal=OPENING, changes=large)
        answer = await asked(venue, do="amend_deal", login=NET, deal=OPENING + 1, changes=large)
        assert "trade_volume" in answer["error"]["message"]
        await served(terminal)


# docs/protocol.md 4.2, 4.5.
NO_SYMBOL = [
    ("trade_contract_size", float("nan")),
    ("trade_contract_size", 1e308),
    ("trade_contract_size", 0.0),
    ("trade_contract_size", 1e11),  # 50 lots of it are 5 × 10^20 on the wire of a book: more than an i64
    ("trade_tick_size", 0.0),
    ("trade_tick_size", 1e-320),
    ("trade_tick_size", 0.000015),
    ("trade_tick_value", float("nan")),
    ("trade_tick_value", -1.0),
    ("trade_calc_mode", 99),
    ("trade_exemode", 9),
    ("trade_mode", 5),
    ("trade_gtc_mode", 3),
    ("swap_mode", 9),
    ("swap_long", 1e300),
    ("swap_rollover3days", 8),
    ("volume_step", 0),
    ("volume_step", 2_000_000),  # of 0.02 lots, where the least volume is 0.01
    ("volume_min", 200 * 10**8),  # above the most
    ("volume_max", 10**18),
    ("trade_stops_level", -5),
    ("trade_freeze_level", 2**31),
    ("margin_initial", -1.0),
    ("margin_hedged", float("inf")),
    ("margin_rates_initial", [1.0] * 7),
    ("margin_rates_initial", [-1.0] * 8),
    ("margin_rates_maintenance", [float("nan")] * 8),
    ("swap_rates", [1.0] * 8),
    ("permissions_bookdepth", 33),
    ("currency_profit", "X" * 17),
    ("time_expiration", 2**31),
    ("digits", 3),
    ("digits", 20),
    ("point", 0.0),
    ("spread_diff", 10),
    ("spread_diff_balance", 1),
    ("schedule", {}),
]


@pytest.mark.parametrize(("field", "value"), NO_SYMBOL)
async def test_a_symbol_that_cannot_be_is_refused(field: str, value: Any) -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        before = await terminal.ask(18, [1])
        call = {"symbol": "EURUSD", "changes": {field: value}}
        answer = await asked(venue, do="spec", **call)
        assert answer["error"]["field"] == "changes"
        assert field in answer["error"]["message"]
        answer = await asked(venue, do="fault", fault={"do": "spec", **call})
        assert answer["error"]["field"] in ("fault", "fault.changes")
        assert venue.control("faults") == []
        assert await terminal.ask(18, [1]) == before
        await served(terminal)


NUMBERS: st.SearchStrategy[Any] = (
    st.integers(-(2**65), 2**65)
    | st.floats()
    | st.sampled_from([0, 1, -1, 2**31, 2**32, 2**63, 2**64, 1e9, 1e12, 1e308, 5e-324])
)
DEAL_FIELDS = st.sampled_from(Deal.__struct_fields__)
SYMBOL_FIELDS = st.sampled_from([*FullSymbol.__struct_fields__, *FullSymbol().trade.__struct_fields__])
CALLS = st.lists(
    st.builds(
        lambda field, value: {"do": "amend_deal", "login": HEDGE, "deal": OPENING, "changes": {field: value}},
        DEAL_FIELDS,
        NUMBERS,
    )
    | st.builds(
        lambda field, value: {"do": "spec", "symbol": "EURUSD", "changes": {field: value}},
        SYMBOL_FIELDS,
        NUMBERS | st.lists(NUMBERS, min_size=7, max_size=8),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS)
async def test_whatever_dealers_write_the_venue_goes_on(calls: list[dict[str, Any]]) -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(0.1)
        await terminal.settled()
        for call in calls:
            answer = venue.paper.control.answer(json.dumps(call).encode())
            assert answer.keys() <= {"ok", "error"}
            await served(terminal)
            venue.quote(1.1002, 1.1003)
            await venue.advance(1000)


async def test_what_a_sold_future_needs_may_be_less_than_nothing() -> None:
    """docs/protocol.md 7.4, row 34: far above its settlement price a sale has earned more than it needs."""
    future = SymbolSettings(
        name="FUT", like="EURUSD", calc_mode="exch_futures_forts", chart="last", margin_initial=1.0,
        has_last=True,
    )  # fmt: skip
    quotes = Quotes({"EURUSD": (1.1, 1.1001)}, 0)
    async with running(Settings(symbols=(future,)), feed=quotes) as venue, venue.terminal(NET) as terminal:
        venue.control("tick", symbol="FUT", bid=1.1, ask=1.1001, last=1.1, volume=10**8)
        await terminal.trade(terminal.request(3, 1, 0.1, trade_symbol="FUT", type_filling=1))
        assert (await terminal.push(19)).result.retcode == 10009
        await served(terminal)


# Deposits, quotes, orders about requests to come.


@pytest.mark.parametrize(
    ("login", "amount"),
    [
        (HEDGE, "0.12345"),
        (HEDGE, "0.005"),
        (HEDGE, "0"),
        (HEDGE, "-0.00"),
        (HEDGE, "1e-999999"),
        (HEDGE, "1e12"),
        (1004, "0.5"),
    ],
)
async def test_money_that_the_account_does_not_have_is_refused(login: int, amount: str) -> None:
    async with running() as venue:
        before = venue.control("truth")
        assert venue.refused("deposit", login=login, amount=amount)["field"] == "amount"
        assert venue.control("truth") == before
        venue.control("deposit", login=HEDGE, amount="0.01")
        assert Decimal(venue.control("truth")["accounts"][0]["balance"]) == Decimal("10000.01")


async def test_a_comment_that_does_not_fit_is_refused() -> None:
    async with running() as venue:
        call = {"login": HEDGE, "amount": "1"}
        assert venue.refused("deposit", comment="\U0001f4c8" * 17, **call)["field"] == "comment"
        venue.control("deposit", comment="\U0001f4c8" * 16, **call)
        comments = [one["comment"] for one in venue.control("truth")["deals"] if one["login"] == HEDGE]
        assert comments == ["", "\U0001f4c8" * 16]


async def test_a_quote_is_on_the_tick_size() -> None:
    """Where a tick is ten points, to be on the digits is not enough."""
    symbol = SymbolSettings(name="TEN", like="EURUSD", tick_size=0.0001)
    async with running(symbols=(symbol,)) as venue:
        refused = venue.refused("tick", symbol="TEN", bid=1.10005, ask=1.1002)
        assert (refused["field"], refused["message"]) == (
            "bid",
            "is no multiple of the symbol's tick size 0.00010",
        )
        assert venue.refused("tick", symbol="TEN", bid=1.1, ask=1.10011)["field"] == "ask"
        assert venue.refused("tick", symbol="TEN", bid=1.1, ask=1.1001, last=1.10001)["field"] == "last"
        assert venue.refused("tick", symbol="TEN", bid=1.1, ask=1_000_000_001.0)["field"] == "ask"
        venue.control("tick", symbol="TEN", bid=1.1001, ask=1.1002, last=1.1001)
        assert venue.venue.prices["TEN"][:3] == (1.1001, 1.1002, 1.1001)


async def test_more_volume_in_a_day_than_the_wire_holds_is_told_as_the_most() -> None:
    """trade_volume of docs/protocol.md 5.2 is a u64: 185 × 10^17 are more."""
    async with running(protocol={"statistics_seconds": 1}) as venue, venue.terminal(HEDGE) as terminal:
        for _ in range(185):
            venue.control("tick", symbol="EURUSD", bid=1.1, ask=1.1001, last=1.1, volume=10**17)
        await terminal.ask(7, [1])
        await venue.advance(1000)
        assert (await terminal.push(17))[0].trade_volume == 2**64 - 1


async def test_a_thousand_orders_about_requests_to_come_and_no_more() -> None:
    async with running() as venue:
        venue.control("slow_next", ms=1, count=999)
        assert venue.refused("slow_next", ms=1, count=2)["field"] == "count"
        venue.control("slow_next", ms=1)
        for _ in range(1000):
            venue.control("reject_next", retcode=10006)
        assert venue.refused("reject_next", retcode=10006)["field"] == "retcode"
