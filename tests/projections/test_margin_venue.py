"""The margin of books made of a venue's own records is the venue's own, which it computes by itself."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from oms.domain.decide.facts import Exposure
from oms.domain.events import LedgerOpened, OrderPlaced, PositionAdopted
from oms.domain.observations import AccountSeen, OpenOrderSeen, PositionSeen, SymbolSeen
from oms.domain.observe import observe
from oms.ingest.margins import Margins
from oms.paper.decimals import exact
from oms.paper.manners import Manners
from oms.paper.margin import required
from oms.paper.margin import totals as venue_totals
from oms.paper.model import LOT, Account
from oms.paper.model import Price as Quote
from oms.paper.money import Rates
from oms.paper.wire import Face, account_body
from oms.paper.zone import Zone
from oms.projections import Books
from oms.projections.margin import MarginView
from oms.projections.rates import Forex, Price
from oms.projections.specification import calc_mode
from oms.sessions import translate
from oms.sessions.translate import Terms
from protocol.enums import CalcMode, MarginMode, OrderState, OrderType, RangeMode, Side
from protocol.records.account import LeverageRule, LeverageTier, TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import OpenTrades, Order, Position
from tests.paper.venue_scene import START

ZONE = Zone(7200, "eu")
MOMENT = ZONE.moment(START)
TERMS = Terms(3 * 3600, 2)
EIGHT = st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0]), min_size=8, max_size=8).map(tuple)
NAMES = ("EURUSD", "EURJPY", "GOLD")
QUOTES = {
    "EURUSD": Quote(1.08312, 1.08324, 0.0, 0),
    "USDJPY": Quote(149.912, 149.934, 0.0, 0),
    "EURJPY": Quote(162.371, 162.398, 0.0, 0),
    "GOLD": Quote(1953.25, 1953.75, 0.0, 0),
}
# Forts futures are margined otherwise in netting; the rest of these have a formula of their own each.
MODES = (CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE, CalcMode.CFD, CalcMode.CFD_LEVERAGE, CalcMode.FUTURES)


def specification(name: str, currencies: tuple[str, str, str], mode: int, **trade: Any) -> FullSymbol:
    base, profit, margin = currencies
    return FullSymbol(
        trade_symbol=name,
        symbol_id=1 + list(QUOTES).index(name),
        currency_base=base,
        currency_profit=profit,
        currency_margin=margin,
        currency_base_digits=2,
        currency_profit_digits=2,
        digits=5,
        trade_calc_mode=mode,
        trade_contract_size=100.0 if name == "GOLD" else 10_000.0,
        trade_tick_value=0.5,
        trade_tick_size=0.25,
        trade=TradeSettings(symbol_path=f"Group\\{name}", **trade),
    )


SETTINGS = st.fixed_dictionaries(
    {
        "margin_flags": st.sampled_from([0, 4, 8]),
        "margin_initial": st.sampled_from([0.0, 1000.0]),
        "margin_maintenance": st.sampled_from([0.0, 500.0]),
        "margin_hedged": st.sampled_from([0.0, 50.0, 10_000.0]),
        "margin_rates_initial": EIGHT,
        "margin_rates_maintenance": EIGHT | st.just((0.0,) * 8),
    }
)
RULES = st.lists(
    st.builds(
        lambda mode, path, currency, rates: LeverageRule(
            path=path,
            range_mode=mode,
            range_currency=currency,
            range_currency_digits=2,
            tiers=[LeverageTier(0.0, 1.0, *rates[:2]), LeverageTier(1.0, 1e6, *rates[2:])],
        ),
        st.sampled_from([RangeMode.VOLUME_TOTAL, RangeMode.VOLUME_SYMBOL, RangeMode.VALUE_SYMBOL]),
        st.sampled_from(["*", "*,!*GOLD", "Group\\EUR*"]),
        st.sampled_from(["", "JPY"]),
        st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=4, max_size=4),
    ),
    max_size=2,
)
LOTS = st.integers(1, 500).map(lambda hundredths: hundredths * LOT // 100)


@st.composite
def prices(draw: st.DrawFn, name: str) -> float:
    """Near the quote, on its digits."""
    step = 0.01 if name == "GOLD" else 0.00001 if name == "EURUSD" else 0.001
    return round(QUOTES[name].bid + draw(st.integers(-500, 500)) * step, 5)


@st.composite
def positions(draw: st.DrawFn, ticket: int, name: str) -> Position:
    return Position(
        position_id=ticket,
        trade_order=ticket,
        trade_symbol=name,
        trade_action=draw(st.sampled_from(Side)),
        trade_volume=draw(LOTS),
        price_open=draw(prices(name)),
        rate_margin=draw(st.sampled_from([1.0, 1.08, 1.09357])),
        storage=draw(st.sampled_from([0.0, -1.5, 0.25])),
        digits=5,
        time_create=1000 + ticket,
    )


@st.composite
def orders(draw: st.DrawFn, ticket: int, name: str) -> Order:
    volume = draw(LOTS)
    price = draw(prices(name))
    return Order(
        trade_order=ticket,
        trade_symbol=name,
        order_type=draw(st.sampled_from([*OrderType])),
        order_state=OrderState.PLACED,
        volume_initial=volume,
        volume_current=volume,
        price_order=price,
        price_trigger=draw(prices(name)),
        margin_rate=draw(st.sampled_from([0.0, 1.0, 1.09357])),
        digits=5,
        time_setup=1000 + ticket,
    )


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    mode = draw(st.sampled_from([MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING]))
    several = st.lists(st.sampled_from(NAMES), max_size=5)
    names = draw(several)
    if mode == MarginMode.RETAIL_NETTING:
        names = list(dict.fromkeys(names))
    held = {ticket: draw(positions(ticket, name)) for ticket, name in enumerate(names, 1)}
    waiting = {ticket: draw(orders(ticket, name)) for ticket, name in enumerate(draw(several), 101)}
    return Account(
        login=1,
        name="",
        currency="USD",
        digits=2,
        margin_mode=mode,
        leverage=draw(st.sampled_from([30, 100, 500])),
        password="",
        investor_password="",
        balance=Decimal("10000.00"),
        margin_free_mode=draw(st.integers(0, 3)),
        commission_daily=Decimal("-3.50"),
        positions=held,
        orders=waiting,
    )


@st.composite
def specifications(draw: st.DrawFn) -> dict[str, FullSymbol]:
    currencies = {"EURUSD": ("EUR", "USD", "EUR"), "EURJPY": ("EUR", "JPY", "EUR"), "GOLD": ("USD",) * 3}
    made = {
        name: specification(name, codes, CalcMode.FOREX, **draw(SETTINGS))
        for name, codes in currencies.items()
    }
    made["GOLD"] = replace(made["GOLD"], trade_calc_mode=draw(st.sampled_from(MODES)))
    made["USDJPY"] = specification("USDJPY", ("USD", "JPY", "USD"), CalcMode.FOREX)
    return made


def differently_read(held: Account, asked: list[Order], rules: list[LeverageRule]) -> bool:
    """Where docs/protocol.md 7.4 leaves open at which rate orders in flight are measured by their value."""
    by_value = any(rule.range_mode == RangeMode.VALUE_SYMBOL for rule in rules)
    at_market = any(order.order_type in (OrderType.BUY, OrderType.SELL) for order in asked)
    return held.hedging and by_value and at_market


def view(held: Account, specs: dict[str, FullSymbol], rules: list[LeverageRule]) -> MarginView:
    """Books and inputs from answers 3, 4 and 18 of such an account."""
    books, margins = Books(), Margins()
    face = Face(Manners(), rules=tuple(rules))
    body = account_body(held, MOMENT, ZONE, face, symbols_count=len(specs))
    answer = OpenTrades(list(held.positions.values()), list(held.orders.values()))
    margins.account(body)
    margins.open_trades(answer)
    for seen in [*translate.account(body), *translate.symbols(specs.values(), TERMS)]:
        if isinstance(seen, AccountSeen | SymbolSeen):
            books.fold_all(observe(books, seen))
    books.fold(LedgerOpened(held.balance, held.credit))
    for seen in translate.open_trades(answer, TERMS):
        if isinstance(seen, PositionSeen):
            books.fold(PositionAdopted(**asdict(seen.record)))
            books.fold_all(observe(books, seen))
        elif isinstance(seen, OpenOrderSeen):
            books.fold(OrderPlaced(**asdict(seen.record)))
    quotes = {name: Price(one.bid, one.ask) for name, one in QUOTES.items()}
    forex = Forex((one.symbol, calc_mode(one)) for one in books.symbols)
    return MarginView(books, quotes.get, forex, margins.inputs)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(accounts(), specifications(), RULES)
def test_an_account_has_the_margin_and_the_money_that_the_venue_says(
    held: Account, specs: dict[str, FullSymbol], rules: list[LeverageRule]
) -> None:
    assume(not differently_read(held, list(held.orders.values()), rules))
    rates = Rates(specs, QUOTES)
    expected = venue_totals(held, specs, QUOTES, rates, rules)
    assume(expected is not None)
    assert expected is not None
    found = view(held, specs, rules).now()
    assert found.gaps == ()
    assert (found.margin, found.margin_free) == (expected.margin, expected.margin_free)
    if expected.margin_level is None:
        assert found.margin_level is None
    else:
        assert found.margin_level is not None
        assert abs(found.margin_level - expected.margin_level) <= Decimal("0.00000001")


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(accounts(), specifications(), RULES, st.data())
def test_an_order_adds_the_margin_that_the_venue_would_ask_for(
    held: Account, specs: dict[str, FullSymbol], rules: list[LeverageRule], data: st.DataObject
) -> None:
    rates = Rates(specs, QUOTES)
    order = replace(data.draw(orders(0, data.draw(st.sampled_from(NAMES)))), margin_rate=0.0)
    assume(not differently_read(held, [order, *held.orders.values()], rules))
    before = required(held, specs, QUOTES, rates, rules=rules)
    after = required(held, specs, QUOTES, rates, rules=rules, adding=order)
    assume(before is not None and after is not None)
    assert before is not None
    assert after is not None
    asked = Exposure(
        order.trade_symbol,
        OrderType(order.order_type).name.lower(),
        Decimal(order.volume_current) / LOT,
        exact(order.price_order),
        exact(order.price_trigger),
    )
    found = view(held, specs, rules).after(asked)
    assert (found.margin, found.added, found.gaps) == (after, after - before, ())
