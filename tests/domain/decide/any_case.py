"""Any command beside any facts: wild ones, where everything may be odd, and likely ones, where little is.

Wild ones hardly ever come to anything but a denial; what is approved is reached by the likely ones.
"""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from oms.domain.commands import (
    Cancel,
    CancelAll,
    Check,
    Close,
    CloseAll,
    CloseBy,
    Expiry,
    Modify,
    Submit,
    Verb,
)
from oms.domain.decide import Facts, Policy
from oms.domain.events.command import JudgedMargin, JudgedQuote
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import AccountRecord, OrderRecord, PositionRecord, SymbolRecord

from .scene import ALWAYS, MODES, NETTING, account, facts, order, pending, position, submit, symbol

Strategy = st.SearchStrategy[Any]


def some(*values: Any) -> Strategy:
    return st.sampled_from(values)


def figures(*usual: str) -> Strategy:
    """Mostly one of these, or anything that a command can hold (docs/semantics.md TC-L9)."""
    wild = st.decimals(-(10**15), 10**15, places=10, allow_nan=False)
    return st.one_of(some(*map(Decimal, usual)), some(*map(Decimal, usual)), wild)


PRICES = figures(
    *("1.07000", "1.07500", "1.08000", "1.08001", "1.08002", "1.08003", "1.08050", "1.09", "1.090001", "0")
)
LOTS = figures("0.01", "0.02", "0.10", "0.015", "1", "500", "500.01", "0", "-1", "0.000000001")
LEVELS = st.none() | PRICES
TICKETS = some("1", "2", "3")
SYMBOLS = some("EURUSD", "EURUSD", "GBPUSD", "euro", "NONE")
WALLS = some(
    *(
        "2026-11-20 09:59:59",
        "2026-11-20 10:00:00",
        "2026-12-31 23:59:59",
        "2038-01-19 03:14:08",
        "1970-01-01 00:00:00",
    ),
    *("0001-01-01 00:00:00", "no time", "2026-02-30 00:00:00"),
)
EXPIRIES = st.builds(Expiry, server=WALLS) | st.builds(Expiry, utc_ns=st.integers(-(2**70), 2**70))
COMMENTS = st.text(max_size=3)
FILLINGS = st.none() | some("fok", "ioc", "return", "boc")
LIFETIMES = some("gtc", "day", "specified", "specified_day")
UNSET = st.just(msgspec.UNSET)
POINTS = st.none() | st.integers(0, 2**31 - 1)

OF_ORDER: dict[str, Strategy] = {
    "symbol": SYMBOLS,
    "side": some("buy", "sell"),
    "volume": LOTS,
    "type": some("market", "limit", "stop", "stop_limit"),
    "price": LEVELS,
    "limit_price": LEVELS,
    "sl": LEVELS,
    "tp": LEVELS,
    "filling": FILLINGS,
    "time_in_force": st.none() | LIFETIMES,
    "expires_at": st.none() | EXPIRIES,
    "deviation": POINTS,
    "deviation_advisory": st.booleans(),
    "comment": COMMENTS,
}
OF_MODIFY: dict[str, Strategy] = {
    "order": st.none() | TICKETS,
    "position": st.none() | TICKETS,
    "price": UNSET | PRICES,
    "limit_price": UNSET | PRICES,
    "sl": UNSET | LEVELS,
    "tp": UNSET | LEVELS,
    "time_in_force": UNSET | LIFETIMES,
    "expires_at": UNSET | st.none() | EXPIRIES,
}
OF_CLOSE: dict[str, Strategy] = {
    "position": st.none() | TICKETS,
    "symbol": st.none() | SYMBOLS,
    "volume": st.none() | LOTS,
    "filling": FILLINGS,
    "deviation": POINTS,
    "deviation_advisory": st.booleans(),
    "comment": COMMENTS,
}
WILD_VERBS: st.SearchStrategy[Verb] = st.one_of(
    st.builds(Submit, **OF_ORDER),
    st.builds(Check, **OF_ORDER),
    st.builds(Modify, **OF_MODIFY),
    st.builds(Cancel, order=st.none() | TICKETS, command=st.none() | some("a", "b")),
    st.builds(Close, **OF_CLOSE),
    st.builds(CloseBy, position=TICKETS, position_by=TICKETS),
    st.builds(CloseAll, symbol=st.none() | SYMBOLS, comment=COMMENTS),
    st.builds(CancelAll, symbol=st.none() | SYMBOLS),
)


def mostly(base: Any, fields: dict[str, Strategy], most: int = 2) -> Strategy:
    """A value with at most so many fields otherwise."""

    def otherwise(names: list[str]) -> Strategy:
        chosen = st.fixed_dictionaries({name: fields[name] for name in names})
        return chosen.map(lambda changes: replace(base, **changes))

    return st.lists(some(*sorted(fields)), max_size=most, unique=True).flatmap(otherwise)


LIKELY_VERBS: st.SearchStrategy[Verb] = st.one_of(
    *(mostly(submit(side), OF_ORDER) for side in ("buy", "sell")),
    *(mostly(pending(kind), OF_ORDER) for kind in ("buy_limit", "sell_stop", "buy_stop_limit")),
    mostly(Check(symbol="EURUSD", side="buy", volume=Decimal("0.10")), OF_ORDER),
    mostly(Modify(order="1"), {name: one for name, one in OF_MODIFY.items() if name != "position"}),
    mostly(Modify(position="1"), {"sl": LEVELS, "tp": LEVELS, "position": TICKETS}),
    mostly(Close(position="1"), OF_CLOSE),
    some(Close(symbol="EURUSD"), Cancel(order="1"), Cancel(command="a"), CloseAll(), CancelAll()),
    some(CloseBy(position="1", position_by="2"), CloseAll(symbol="EURUSD"), CancelAll(symbol="EURUSD")),
)
VERBS = st.one_of(WILD_VERBS, *[LIKELY_VERBS] * 5)

# What a record may hold: numbers are finite and fit a double, words may be digits of a number without a name.
NUMBERS = st.one_of(
    some(*map(Decimal, ("0", "0.00001", "0.01", "1.08", "100"))),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda double: Decimal(repr(double))),
)
MAYBE = st.none() | NUMBERS
HELD = some(*map(Decimal, ("0.00", "0.01", "0.10", "0.015", "1.00")))
SIDES = some("buy", "sell", "7")
TYPES = some(
    *("buy", "sell", "buy_limit", "sell_limit", "buy_stop", "sell_stop"),
    *("buy_stop_limit", "sell_stop_limit", "close_by", "9"),
)
TIMES = st.none() | some(
    "2026-11-20T09:59:59.000+02:00", "2026-11-20T10:00:00.000+02:00", "2026-12-31T00:00:00.000+03:00"
)
SMALL = st.integers(0, 200)
OF_SYMBOL: dict[str, Strategy] = {
    "symbol": some("EURUSD", "GBPUSD"),
    "digits": some(5, 5, 5, 0, 8),
    "point": some(Decimal("0.00001"), Decimal("0.00001"), None, Decimal(0)),
    "tick_size": some(Decimal("0.00001"), Decimal("0.0005"), None, Decimal(0), Decimal(repr(0.1 + 0.2))),
    "trade_mode": some("full", "full", "full", "disabled", "long_only", "short_only", "close_only", "9"),
    "execution": some("request", "instant", "market", "exchange", "9"),
    "filling_flags": some(3, 3, 7, 0, 1, 2),
    "time_flags": some(15, 15, 1, 0),
    "order_flags": some(127, 127, 127, 0, 63, 1),
    "volume_min": some(Decimal("0.01"), Decimal("0.01"), Decimal("0.10"), None),
    "volume_max": some(Decimal("500.00"), Decimal("500.00"), Decimal(0), None),
    "volume_step": some(Decimal("0.01"), Decimal("0.01"), Decimal(0), None),
    "volume_limit": some(Decimal("0.00"), Decimal("0.10"), None),
    "instant_volume": some(Decimal("0.00"), Decimal("0.05"), None),
    "stops_level": some(0, 0, 50, -1),
    "freeze_level": some(0, 0, 50, -1),
    "price_limit_min": MAYBE,
    "price_limit_max": MAYBE,
    "tick_flags": some(0, 0, 8),
    "trade_sessions": some((), ALWAYS, ALWAYS, ((),) * 7, (((600, 601),),)),
    "starts_at": some(None, None, "2026-11-21T00:00:00.000+02:00"),
    "expires_at": some(None, None, "2026-11-20T00:00:00.000+02:00"),
}
WILD_SYMBOLS = st.builds(SymbolRecord, **OF_SYMBOL)
LIKELY_SYMBOLS = st.one_of(*(mostly(symbol(execution=mode), OF_SYMBOL) for mode in MODES))
ACCOUNTS = st.builds(
    AccountRecord,
    margin_mode=some("retail_hedging", "retail_netting", "exchange", "9"),
    rights=some(0, 0, 0, 4, 8, 512, 1024, 1036),
    trade_allowed=some(True, True, False),
    investor=some(False, False, True),
)
POSITIONS = st.builds(
    PositionRecord,
    position=TICKETS,
    ticket=st.none() | TICKETS,
    symbol=some("EURUSD", "EURUSD", "GBPUSD"),
    side=some("buy", "sell", "buy", "sell", "7"),
    volume=HELD,
    sl=MAYBE,
    tp=MAYBE,
)
ORDER_RECORDS = st.builds(
    OrderRecord,
    order=TICKETS,
    symbol=some("EURUSD", "EURUSD", "GBPUSD"),
    type=TYPES,
    state=some("placed", "partial", "filled"),
    volume=st.none() | HELD,
    remaining=st.none() | HELD,
    price=MAYBE,
    limit_price=MAYBE,
    sl=MAYBE,
    tp=MAYBE,
    time_in_force=some("gtc", "day", "specified", "specified_day", "", "9"),
    expires_at=TIMES,
    activation=some("none", "pending", "stop_limit", "", "9"),
    digits=some(5, 0),
    comment=COMMENTS,
)
ORDERS = st.builds(
    Order,
    order=TICKETS,
    state=some("accepted", "working", "working", "partially_filled", "filled", "canceled"),
    record=st.none() | ORDER_RECORDS | ORDER_RECORDS,
    ended=some(False, False, True),
    remaining=HELD,
)
INTENTS = st.builds(
    Intent,
    action=some("request_prices", "deal_market", "deal_instant", "pending", "close_by", "sltp", "remove"),
    symbol=some("EURUSD", "GBPUSD"),
    type=TYPES,
    volume=HELD,
    position=st.none() | TICKETS,
    position_by=st.none() | TICKETS,
    flags=some(0, 2, 3),
)
QUOTES = st.builds(
    JudgedQuote,
    bid=some(Decimal("1.08001"), Decimal("1.08001"), None, Decimal(0), Decimal(-1)),
    ask=some(Decimal("1.08003"), Decimal("1.08003"), None, Decimal(0), Decimal("1E+15")),
    age=some(0.1, 0.1, 11.0, None),
    delayed=some(False, False, True),
)
MARGINS = st.builds(
    JudgedMargin,
    free=some(Decimal(100), Decimal(100), Decimal(-1), None),
    added=st.none() | some(Decimal(10), Decimal(-10)),
    gaps=some((), (), ("spreads",), ("no_rate EURUSD",)),
)
RESTRICTIONS = st.dictionaries(
    some("halted", "read_only", "difference", "restored", "dirty", "reducing", "embargo"),
    COMMENTS,
    max_size=2,
)
OF_FACTS: dict[str, Strategy] = {
    "server_now": some("2026-11-20T10:00:00.000+02:00", "2026-11-20T10:00:00+02:00"),
    "offset": some(7200, 0, -19_800, 45, 10**6),
    "link": some("ready", "ready", "ready", "reconciling", "connecting", "refused", "closed"),
    "restrictions": st.just({}) | RESTRICTIONS,
    "venue_reached": some(True, True, True, False),
    "nats_away": some(False, False, True),
    "account": some(None) | ACCOUNTS | ACCOUNTS,
    "symbol": st.none() | WILD_SYMBOLS | LIKELY_SYMBOLS,
    "quote": st.none() | QUOTES | QUOTES,
    "position": st.none() | POSITIONS | POSITIONS,
    "position_by": st.none() | POSITIONS | POSITIONS,
    "never_held": st.frozensets(TICKETS, max_size=1),
    "order": st.none() | ORDERS | ORDERS,
    "positions": st.lists(POSITIONS, max_size=2).map(tuple),
    "orders": st.lists(ORDERS, max_size=2).map(tuple),
    "in_flight": st.lists(INTENTS, max_size=2).map(tuple),
    "margin": st.none() | MARGINS | MARGINS,
    "policy": st.builds(
        Policy,
        deviation=some(20, 0),
        margin_check=some("client", "server"),
        reduce_while_reconciling=st.booleans(),
    ),
}
WILD_FACTS = st.builds(Facts, **OF_FACTS)
LONG, SHORT = position("1"), position("2", "sell")
LIKELY = facts(
    position=LONG,
    position_by=SHORT,
    order=order(order="1"),
    positions=(LONG, SHORT),
    orders=(order(order="1"),),
)
LIKELY_FACTS = st.builds(
    replace,
    mostly(LIKELY, {name: one for name, one in OF_FACTS.items() if name != "symbol"}),
    symbol=LIKELY_SYMBOLS,
    account=some(account(), account(), NETTING) | ACCOUNTS,
)
FACTS: st.SearchStrategy[Facts] = st.one_of(WILD_FACTS, *[LIKELY_FACTS] * 5)
