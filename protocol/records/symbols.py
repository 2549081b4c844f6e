"""Records of symbols: lists, full specifications, spreads (docs/protocol.md 4.4, 4.5, 4.8)."""

from struct import Struct
from typing import Annotated

from ..enums import CalcMode, ChartMode, GtcMode, OptionMode, SpreadMargin, SpreadMode
from ..layout import F64, I32, IGNORED, U8, U16, U32, Kind, Layout, Record, nested, text, u32
from .account import TRADE_SETTINGS, TradeSettings

# 7 days from Sunday × 16 × (from, to) in minutes of the day.
Sessions = tuple[tuple[tuple[int, int], ...], ...]
NO_SESSIONS: Sessions = (((0, 0),) * 16,) * 7
_WEEK = Struct("<224H")


class Schedule(Record, frozen=True):
    """When a symbol is quoted, when it trades; unused sessions are (0, 0), `to` is not part of one."""

    quote_sessions: Sessions = NO_SESSIONS
    trade_sessions: Sessions = NO_SESSIONS


def _load_week(body: bytes, offset: int) -> Sessions:
    minutes = _WEEK.unpack_from(body, offset)
    pairs = tuple(zip(minutes[::2], minutes[1::2], strict=True))
    return tuple(pairs[day : day + 16] for day in range(0, 112, 16))


def _load_schedule(body: bytes) -> Schedule:
    return Schedule(_load_week(body, 0), _load_week(body, _WEEK.size))


def _dump_schedule(schedule: Schedule) -> bytes:
    weeks = (schedule.quote_sessions, schedule.trade_sessions)
    return b"".join(_WEEK.pack(*(m for day in week for pair in day for m in pair)) for week in weeks)


SCHEDULE = Kind("bytes 896", "896s", _load_schedule, _dump_schedule)


class Symbol(Record, frozen=True):
    """A line of the symbol list."""

    trade_symbol: Annotated[str, text(64)] = ""
    symbol_description: Annotated[str, text(128)] = ""
    digits: U32 = 0
    symbol_id: U32 = 0
    symbol_path: Annotated[str, text(256)] = ""  # categories, then the symbol, by \\
    trade_calc_mode: Annotated[int, u32(CalcMode)] = 0
    basis: Annotated[str, text(64)] = ""
    sector: U16 = 0  # numeric sector code


SYMBOL = Layout(Symbol)


class SymbolGroup(Record, frozen=True):
    """A group of symbols, by name."""

    group_name: Annotated[str, text(256)] = ""


SYMBOL_GROUP = Layout(SymbolGroup)


class Subscription(Record, frozen=True):
    """How the quotes of a symbol are paid for."""

    delay: U32 = 0  # minutes
    status: U8 = 0  # 1 unsubscribed, 2 subscribed; other values are no subscription at all
    level: U8 = 0  # 0 with status 1 or 2 = delayed quotes
    reserved: U16 = 0


SUBSCRIPTION = Layout(Subscription)


class FullSymbol(Record, frozen=True):
    """The specification of a symbol."""

    trade_symbol: Annotated[str, text(64)] = ""
    isin: Annotated[str, text(32)] = ""
    symbol_description: Annotated[str, text(128)] = ""
    international: Annotated[str, text(128)] = ""
    basis: Annotated[str, text(64)] = ""
    symbol_source: Annotated[str, text(64)] = ""
    symbol_page: Annotated[str, text(512)] = ""
    category: Annotated[str, text(128)] = ""
    trade_exchange: Annotated[str, text(128)] = ""
    cfi: Annotated[str, text(16)] = ""
    sector: U16 = 0
    industry: U16 = 0
    country: Annotated[str, text(8)] = ""
    currency_base: Annotated[str, text(32)] = ""
    currency_profit: Annotated[str, text(32)] = ""
    currency_margin: Annotated[str, text(32)] = ""
    currency_base_digits: U32 = 0
    currency_profit_digits: U32 = 0
    currency_margin_digits: U32 = 0
    symbol_color: U32 = 0
    color_background: U32 = 0
    digits: U32 = 0
    point: F64 = 0.0
    symbol_multiply: F64 = 0.0
    symbol_id: U32 = 0
    ticks_flags: U32 = 0  # 8 = negative prices allowed
    ticks_bookdepth: U32 = 0
    ticks_chart_mode: Annotated[int, u32(ChartMode)] = 0  # 0 bid, 1 last, 255 automatic
    trade_flags: U32 = 0  # 1 = conversion by profit sign even for forex
    trade_spread: I32 = 0  # points; 0 = floating
    trade_spread_balance: I32 = 0
    trade_tick_value: F64 = 0.0
    trade_tick_size: F64 = 0.0
    trade_contract_size: F64 = 0.0
    trade_gtc_mode: Annotated[int, u32(GtcMode)] = 0  # 0 GTC, 1 today incl. SL/TP, 2 today excl. SL/TP
    trade_calc_mode: Annotated[int, u32(CalcMode)] = 0  # §6.6
    trade_price_settle: F64 = 0.0
    trade_price_limit_min: F64 = 0.0
    trade_price_limit_max: F64 = 0.0
    trade_price_strike: F64 = 0.0
    trade_option_mode: Annotated[int, u32(OptionMode)] = 0  # 0, 1 european call, put; 2, 3 american
    trade_face_value: F64 = 0.0
    trade_accrued_interest: F64 = 0.0
    time_flags: U32 = 0
    time_start: I32 = 0  # server-time seconds
    time_expiration: I32 = 0  # server-time seconds
    trade: Annotated[TradeSettings, nested(TRADE_SETTINGS)] = TradeSettings()  # how it may be traded
    schedule: Annotated[Schedule, SCHEDULE] = Schedule()  # quote week, then trade week
    subscription: Annotated[Subscription, nested(SUBSCRIPTION)] = Subscription()  # §6.6


FULL_SYMBOL = Layout(FullSymbol)


class SpreadLeg(Record, frozen=True):
    """One leg of a spread."""

    spread_mode: Annotated[int, u32(SpreadMode)] = 0  # 0 match by symbol name, 1 by basis and expiry window
    flag_mask: U32 = 0
    trade_symbol: Annotated[str, text(64)] = ""
    time_from: U32 = 0  # 0 = open
    time_to: U32 = 0  # 0 = open
    spread_ratio: F64 = 0.0


SPREAD_LEG = Layout(SpreadLeg)


class Spread(Record, frozen=True):
    """Symbols whose positions need less margin together."""

    spread_id: U32 = 0  # 0 = no legs follow, record dropped
    flag_mask: U32 = 0
    margin_initial: F64 = 0.0
    margin_maintenance: F64 = 0.0
    margin_type: Annotated[int, u32(SpreadMargin)] = 0  # 0 fixed, 1 max leg, 2 percent, 3 difference
    legs_a: list[SpreadLeg] = []  # behind a u32 count; only where spread_id is not 0
    legs_b: list[SpreadLeg] = []  # the same


SPREAD = Layout(Spread)


class SpreadGroup(Record, frozen=True):
    """The spreads of one symbol."""

    ignored: Annotated[U32, IGNORED] = 0  # ignored by the client
    spreads: list[Spread] = []  # behind a u32 count


SPREAD_GROUP = Layout(SpreadGroup)
