"""Records of prices: ticks, statistics, bars, books (docs/protocol.md 4.6, 5.1, 5.2, 5.5)."""

from typing import Annotated

import msgspec

from ..enums import BookType, Timeframe
from ..layout import COUNTED, F64, I32, I64, IGNORED, U16, U32, U64, Layout, Record, text, u8, u16


class Tick(Record, frozen=True):
    """A change of quotes."""

    symbol_id: U32 = 0
    tick_time: I32 = 0  # server-time seconds
    fields: U32 = 0  # 1 bid, 2 ask, 4 last, 8 volume
    bid: F64 = 0.0  # price × 10^digits
    ask: F64 = 0.0  # price × 10^digits
    last: F64 = 0.0  # price × 10^digits
    tick_volume: I64 = 0  # volume of the last trade × 10^8
    time_ms_delta: U32 = 0  # milliseconds added to tick_time
    flags: U16 = 0  # 512 = delayed quote


TICK = Layout(Tick)


class Statistics(Record, frozen=True):
    """Statistics of the day."""

    symbol_id: U32 = 0
    fields: I64 = 0  # bit mask, §5.2
    lasttime: I32 = 0  # seconds
    digits: U32 = 0
    bid_last: F64 = 0.0  # × 10^digits (also all other prices)
    bid_high: F64 = 0.0
    bid_low: F64 = 0.0
    ask_last: F64 = 0.0
    ask_high: F64 = 0.0
    ask_low: F64 = 0.0
    last_last: F64 = 0.0
    last_high: F64 = 0.0
    last_low: F64 = 0.0
    vol_last: I64 = 0  # × 10^8
    vol_high: I64 = 0
    vol_low: I64 = 0
    trade_deals: U32 = 0
    trade_volume: U64 = 0
    trade_turnover: U32 = 0
    trade_interest: U32 = 0
    trade_buy_orders: U32 = 0
    trade_buy_volume: I64 = 0
    trade_sell_orders: U32 = 0
    trade_sell_volume: I64 = 0
    price_open: F64 = 0.0
    price_close: F64 = 0.0
    price_aw: F64 = 0.0
    price_change: F64 = 0.0  # percent × 100
    price_volatility: F64 = 0.0  # × 1000
    price_theoretical: F64 = 0.0  # × 10^digits
    lasttime_msc: I64 = 0  # milliseconds added to lasttime
    price_greeks_delta: I64 = 0  # × 10^5 (all greeks and sensitivity)
    price_greeks_theta: I64 = 0
    price_greeks_gamma: I64 = 0
    price_greeks_vega: I64 = 0
    price_greeks_rho: I64 = 0
    price_greeks_omega: I64 = 0
    price_sensitivity: I64 = 0
    flags: U16 = 0  # 1 = delayed quote


STATISTICS = Layout(Statistics)


class RatesRequest(Record, frozen=True):
    """Command 11."""

    trade_symbol: Annotated[str, text(64)] = ""
    period: Annotated[int, u16(Timeframe)] = 0  # timeframe code, §4.11
    from_: I32 = msgspec.field(name="from", default=0)  # server-time seconds (the UI has ms, floored)
    to: I32 = 0  # server-time seconds


RATES_REQUEST = Layout(RatesRequest)


class Rate(Record, frozen=True):
    """A bar."""

    time: I32 = 0  # bar open, server-time seconds, must be aligned to the period
    open: F64 = 0.0
    high: F64 = 0.0
    low: F64 = 0.0
    close: F64 = 0.0
    tick_volume: U32 = 0  # number of ticks
    real_volume: F64 = 0.0  # traded volume in lots (double)


RATE = Layout(Rate)


class BookLevel(Record, frozen=True):
    """A level of a book."""

    flag_mask: Annotated[U32, IGNORED] = 0  # stored, not used
    book_type: Annotated[int, u8(BookType)] = 0  # 0 reset, 1 sell, 2 buy, 3 sell market, 4 buy market
    price: I64 = 0  # price × 10^digits
    volume: I64 = 0  # volume in units × 10^8 (units = lots × contract size), signed


BOOK_LEVEL = Layout(BookLevel)


class Book(Record, frozen=True):
    """The book of one symbol, or what changed in it."""

    symbol_id: U32 = 0
    books_time: I32 = 0  # seconds
    time_msc: I32 = 0  # milliseconds
    flag_mask: Annotated[U32, IGNORED] = 0  # stored, not used
    books_flags: U32 = 0  # 2 = snapshot
    count: Annotated[U16, COUNTED] = 0  # levels that follow
    levels: list[BookLevel] = []  # count of them


BOOK_HEAD = Layout(Book)
