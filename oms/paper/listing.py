"""Symbols as the settings file writes them: new ones, and changes to those that are there.

A new symbol is like another one, with what it says of its own.  Volumes are written in lots, times of day as
"HH:MM-HH:MM" of server time, modes by the names of docs/protocol.md 6 in small letters.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, IntFlag
from math import sqrt
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec.structs import replace

from protocol.enums import (
    CalcMode,
    ChartMode,
    Execution,
    FillFlags,
    GtcMode,
    OrderFlags,
    Rollover,
    SwapMode,
    TimeFlags,
    TradeMode,
)
from protocol.records.symbols import Schedule, Sessions

from .catalog import Instrument, currency_digits
from .contradictions import DEEPEST, contradictions
from .hours import ALWAYS, week
from .model import LOT
from .toml_text import LARGEST, Strict

YEAR_S: Final = 365 * 86_400

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=31, pattern=r"^[^\s\\,*!]+$")]
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=15)]
Points = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e12)]
Natural = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
Volatility = Annotated[float, msgspec.Meta(ge=0, le=100)]  # more makes no prices
Depth = Annotated[tuple[Decimal, ...], msgspec.Meta(max_length=1000)]
Week = Literal["always"] | dict[str, tuple[str, ...]]

CalcWord = Literal[
    "forex",
    "futures",
    "cfd",
    "cfd_index",
    "cfd_leverage",
    "forex_no_leverage",
    "exch_stocks",
    "exch_futures",
    "exch_futures_forts",
    "exch_options",
    "exch_options_margin",
    "exch_bonds",
    "exch_stocks_moex",
    "exch_bonds_moex",
    "collateral",
]
SwapWord = Literal[
    "disabled",
    "points",
    "currency_base",
    "currency_margin",
    "currency_deposit",
    "interest_current",
    "interest_open",
    "reopen_close_price",
    "reopen_bid",
]
DayWord = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "disabled"]


class SymbolSettings(Strict, frozen=True):
    """One `[[symbols]]` table; what is not given stays as it is in the symbol that this one is like."""

    name: Name
    like: str | None = None  # absent: the symbol of this name itself
    remove: bool = False  # take a default symbol away
    # the specification
    folder: str | None = None  # in front of the name in the path, parts separated by a backslash
    description: str | None = None
    digits: Annotated[int, msgspec.Meta(ge=0, le=8)] | None = None
    tick_size: Positive | None = None  # in price
    tick_value: Natural | None = None  # of a lot, in profit currency
    contract_size: Positive | None = None
    currency_base: Currency | None = None
    currency_profit: Currency | None = None
    currency_margin: Currency | None = None
    calc_mode: CalcWord | None = None
    chart: Literal["bid", "last", "automatic"] | None = None
    gtc_mode: Literal["gtc", "today_with_stops", "today_without_stops"] | None = None
    trade_mode: Literal["disabled", "long_only", "short_only", "close_only", "full"] | None = None
    execution: Literal["request", "instant", "market", "exchange"] | None = None
    fills: tuple[Literal["fok", "ioc", "boc"], ...] | None = None
    times: tuple[Literal["gtc", "day", "specified", "specified_day"], ...] | None = None
    orders: tuple[Literal["market", "limit", "stop", "stop_limit", "sl", "tp", "close_by"], ...] | None = None
    stops_level: Points | None = None
    freeze_level: Points | None = None
    request_timeout_s: Points | None = None
    instant_timeout_s: Points | None = None
    instant_volume: Decimal | None = None
    volume_min: Decimal | None = None
    volume_max: Decimal | None = None
    volume_step: Decimal | None = None
    volume_limit: Decimal | None = None
    price_limit_min: Natural | None = None
    price_limit_max: Natural | None = None
    margin_initial: Natural | None = None
    margin_maintenance: Natural | None = None
    margin_hedged: Natural | None = None
    margin_flags: Points | None = None
    margin_rates: tuple[float, float, float, float, float, float, float, float] | None = None
    margin_rates_maintenance: tuple[float, float, float, float, float, float, float, float] | None = None
    swap_mode: SwapWord | None = None
    swap_long: float | None = None
    swap_short: float | None = None
    swap_triple: DayWord | None = None
    swap_rates: tuple[float, float, float, float, float, float, float] | None = None  # from Sunday
    book_depth: Annotated[int, msgspec.Meta(ge=0, le=DEEPEST)] | None = None  # levels a side; 0 = no book
    quote_sessions: Week | None = None  # "always" or { weekdays = ["00:00-24:00"], sunday = [...] }
    trade_sessions: Week | None = None
    expiration: datetime | None = None  # server time, written without a zone
    # the feed
    start: Positive | None = None
    volatility: Volatility | None = None  # of the log price, per year: 0.08 is 8 %
    spread: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None  # points
    ticks_per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    factors: dict[str, float] | None = None
    has_last: bool | None = None
    depth: Depth | None = None  # lots at each level of the book, best first


def listed(defaults: Iterable[Instrument], changes: Sequence[SymbolSettings]) -> tuple[Instrument, ...]:
    """The symbols after all changes, in order, with ids 1..n.

    Raises ValueError("symbols.<index>.<field>: what") for the first change that makes no sensible symbol.
    """
    known = {one.spec.trade_symbol: one for one in defaults}
    for index, change in enumerate(changes):
        try:
            if change.remove:
                _known(known, change.name, "name")
                del known[change.name]
            else:
                base = _known(known, *((change.like, "like") if change.like else (change.name, "name")))
                known[change.name] = _checked(_changed(base, change))
        except ValueError as why:
            raise ValueError(f"symbols.{index}.{why}") from None
    if not known:
        raise ValueError("symbols: every symbol was removed")
    return tuple(
        replace(one, spec=replace(one.spec, symbol_id=number)) for number, one in enumerate(known.values(), 1)
    )


def _known(known: Mapping[str, Instrument], name: str, field: str) -> Instrument:
    if name not in known:
        hint = "" if field == "like" else "; a new one says which symbol it is like"
        raise ValueError(f"{field}: there is no symbol {name}{hint}")
    return known[name]


def _changed(base: Instrument, change: SymbolSettings) -> Instrument:
    spec = base.spec
    digits = spec.digits if change.digits is None else change.digits
    ticks = round(spec.trade_tick_size * 10**spec.digits)
    tick_size = change.tick_size or ticks / 10**digits
    contract = change.contract_size or spec.trade_contract_size
    # A new tick or contract has a new value, unless that is given too.
    same = tick_size == spec.trade_tick_size and contract == spec.trade_contract_size
    tick_value = spec.trade_tick_value if same else round(contract * tick_size, 8)
    hedged = spec.trade.margin_hedged
    hedged = contract if hedged == spec.trade_contract_size else hedged
    folder = (
        spec.trade.symbol_path.rpartition("\\")[0] if change.folder is None else change.folder.strip("\\")
    )
    path = f"{folder}\\{change.name}" if folder else change.name
    depth = change.book_depth
    trade = replace(
        spec.trade,
        **_given(
            symbol_path=path,
            trade_mode=_value(TradeMode, change.trade_mode),
            trade_exemode=_value(Execution, change.execution),
            trade_fill_flags=_flags(FillFlags, change.fills),
            trade_time_flags=_flags(TimeFlags, change.times),
            trade_order_flags=_flags(OrderFlags, change.orders),
            trade_stops_level=change.stops_level,
            trade_freeze_level=change.freeze_level,
            trade_request_timeout=change.request_timeout_s,
            trade_instant_timeout=change.instant_timeout_s,
            trade_instant_volume=_maybe_lots("instant_volume", change.instant_volume),
            volume_min=_maybe_lots("volume_min", change.volume_min),
            volume_max=_maybe_lots("volume_max", change.volume_max),
            volume_step=_maybe_lots("volume_step", change.volume_step),
            volume_limit=_maybe_lots("volume_limit", change.volume_limit),
            margin_initial=change.margin_initial,
            margin_maintenance=change.margin_maintenance,
            margin_hedged=hedged if change.margin_hedged is None else change.margin_hedged,
            margin_flags=change.margin_flags,
            margin_rates_initial=change.margin_rates,
            margin_rates_maintenance=change.margin_rates_maintenance,
            swap_mode=_value(SwapMode, change.swap_mode),
            swap_long=change.swap_long,
            swap_short=change.swap_short,
            swap_rollover3days=_value(Rollover, change.swap_triple),
            swap_rates=change.swap_rates,
            permissions_flags=None if depth is None else int(depth > 0),
            permissions_bookdepth=depth,
        ),
    )
    schedule = Schedule(
        _sessions("quote_sessions", change.quote_sessions) or spec.schedule.quote_sessions,
        _sessions("trade_sessions", change.trade_sessions) or spec.schedule.trade_sessions,
    )
    spec = replace(
        spec,
        **_given(
            trade_symbol=change.name,
            symbol_description=change.description,
            digits=digits,
            point=1 / 10**digits,
            symbol_multiply=10.0**digits,
            trade_tick_size=tick_size,
            trade_tick_value=tick_value if change.tick_value is None else change.tick_value,
            trade_contract_size=contract,
            **_currencies(change),
            trade_calc_mode=_value(CalcMode, change.calc_mode),
            ticks_chart_mode=_value(ChartMode, change.chart),
            ticks_bookdepth=depth,
            trade_gtc_mode=_value(GtcMode, change.gtc_mode),
            trade_price_limit_min=change.price_limit_min,
            trade_price_limit_max=change.price_limit_max,
            time_expiration=_seconds("expiration", change.expiration),
            trade=trade,
            schedule=schedule,
        ),
    )
    return replace(
        base,
        spec=spec,
        **_given(
            start=change.start,
            volatility=None if change.volatility is None else change.volatility / sqrt(YEAR_S),
            spread_points=change.spread,
            ticks_per_second=change.ticks_per_second,
            factors=None if change.factors is None else tuple(change.factors.items()),
            has_last=change.has_last,
            depth_lots=None
            if change.depth is None
            else tuple(wire_lots("depth", one) for one in change.depth),
        ),
    )


def _checked(one: Instrument) -> Instrument:
    """The instrument itself; raises ValueError("field: what") where it makes no sense."""
    for field, message in contradictions(one):
        raise ValueError(f"{_written(field)}: {message}")
    return one


# Fields that these settings call otherwise, beside those that only have "trade_" in front.
_WORDS: Final = {
    "trade_symbol": "name",
    "symbol_path": "folder",
    "symbol_description": "description",
    "trade_exemode": "execution",
    "trade_fill_flags": "fills",
    "margin_rates_initial": "margin_rates",
    "permissions_bookdepth": "book_depth",
    "depth_lots": "depth",
}


def _written(field: str) -> str:
    """How these settings call a field of the records."""
    own = field if field in SymbolSettings.__struct_fields__ else field.removeprefix("trade_")
    return _WORDS.get(field, own)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _value(values: type[IntEnum], word: str | None) -> int | None:
    return None if word is None else int(values[word.upper()])


def _flags(values: type[IntFlag], words: Iterable[str] | None) -> int | None:
    return None if words is None else int(sum({values[word.upper()] for word in words}))


def wire_lots(field: str, lots: Decimal) -> int:
    """Lots × 10^8; raises ValueError("field: what") for what the wire cannot hold."""
    if not lots.is_finite() or not 0 <= lots <= LARGEST or (scaled := lots * LOT) != int(scaled):
        raise ValueError(f"{field}: {lots} is below 0, too large or has more than 8 digits")
    return int(scaled)


def _maybe_lots(field: str, lots: Decimal | None) -> int | None:
    return None if lots is None else wire_lots(field, lots)


def _currencies(change: SymbolSettings) -> dict[str, Any]:
    names = {kind: getattr(change, f"currency_{kind}") for kind in ("base", "profit", "margin")}
    given = {kind: name for kind, name in names.items() if name is not None}
    return {f"currency_{kind}": name for kind, name in given.items()} | {
        f"currency_{kind}_digits": currency_digits(name) for kind, name in given.items()
    }


def _seconds(field: str, moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is not None:
        raise ValueError(f"{field}: is server time and takes no zone")
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    if not 0 < seconds < 2**31:
        raise ValueError(f"{field}: the wire holds 1970 to 2038")
    return seconds


_DAYS: Final = [day.name.lower() for day in Rollover if day != Rollover.DISABLED]
_SESSION: Final = re.compile(r"^(\d\d):([0-5]\d)-(\d\d):([0-5]\d)$")


def _sessions(field: str, given: Week | None) -> Sessions | None:
    """A week of sessions; `weekdays` and `every` stand for several days, a day's own name wins."""
    if given is None:
        return None
    if given == "always":
        return ALWAYS
    days: dict[int, list[tuple[int, int]]] = {}
    for words, numbers in (("every", range(7)), ("weekdays", range(1, 6))):
        if words in given:
            days |= {number: [_session(field, text) for text in given[words]] for number in numbers}
    for word, texts in given.items():
        if word in _DAYS:
            days[_DAYS.index(word)] = [_session(field, text) for text in texts]
        elif word not in ("every", "weekdays"):
            raise ValueError(f"{field}.{word}: is none of every, weekdays, {', '.join(_DAYS)}")
    try:
        return week(days)
    except ValueError as why:
        raise ValueError(f"{field}: {why}") from None


def _session(field: str, text: str) -> tuple[int, int]:
    found = _SESSION.match(text)
    if found is None:
        raise ValueError(f"{field}: {text!r} is not HH:MM-HH:MM")
    hours_from, minutes_from, hours_to, minutes_to = map(int, found.groups())
    return hours_from * 60 + minutes_from, hours_to * 60 + minutes_to
