"""The symbols that the venue has when nobody configures any, and how the feed moves each.

Every specification is made so that the formulas of docs/protocol.md 7 give sensible money: point is
10^-digits, the tick size is a multiple of it, the tick value is what one tick of one lot is worth in the
profit currency, all margin rates are 1.  Prices of pairs come from one table of currencies in dollars, so
that EURUSD × USDJPY is EURJPY at the start; their common factors keep it so.
"""

from collections.abc import Iterator
from enum import IntEnum
from math import hypot, sqrt
from typing import Any, Final

import msgspec

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
from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol, Schedule, Sessions

from . import hours
from .hours import week
from .model import LOT


class Instrument(msgspec.Struct, frozen=True):
    """A symbol as the wire knows it, and how the feed moves its price.

    The log of the price moves by volatility × √seconds × (Σ weight × factor + own), where the factors and its
    own part are independent with variance 1 and own makes the squares of all weights sum to 1.  Instruments
    that share a factor move together.
    """

    spec: FullSymbol
    start: float  # the price in the middle at the beginning
    volatility: float  # of the log price, per square root of a second
    spread_points: int  # the usual spread
    ticks_per_second: float  # on average, before the feed's rate; bursts come on top
    factors: tuple[tuple[str, float], ...] = ()  # name, weight; Σ weight² ≤ 1
    has_last: bool = False  # whether deals are quoted too: last and its volume
    depth_lots: tuple[int, ...] = (50 * LOT,)  # lots × 10^8 at each level of the book, best first


def quoted(spec: FullSymbol, server_seconds: int) -> bool:
    """Whether the symbol has prices at this time: in a quote session, started and not expired."""
    return _alive(spec, server_seconds) and hours.is_open(spec.schedule.quote_sessions, server_seconds)


def tradable(spec: FullSymbol, server_seconds: int) -> bool:
    """Whether its market is open at this time: in a trade session, started and not expired."""
    return _alive(spec, server_seconds) and hours.is_open(spec.schedule.trade_sessions, server_seconds)


def default_instruments() -> tuple[Instrument, ...]:
    """The default set; symbol ids are 1..n in its order."""
    return tuple(
        msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, symbol_id=symbol_id))
        for symbol_id, one in enumerate(_all(), 1)
    )


def next_quoted(spec: FullSymbol, server_seconds: int) -> int | None:
    """The first second not before this one in which the symbol is quoted; None if it never is again."""
    found = hours.opening(spec.schedule.quote_sessions, max(server_seconds, spec.time_start))
    return found if found is not None and _alive(spec, found) else None


def quoted_until(spec: FullSymbol, server_seconds: int) -> int:
    """When its quote session of this time ends, at the latest at midnight; the time itself if not quoted."""
    if not quoted(spec, server_seconds):
        return server_seconds
    end = hours.closing(spec.schedule.quote_sessions, server_seconds) or server_seconds
    return min(end, spec.time_expiration) if spec.time_expiration else end


def last_quoted(spec: FullSymbol, server_seconds: int) -> int | None:
    """The last second not after this one in which the symbol was quoted; None if it never was."""
    latest = min(server_seconds, spec.time_expiration - 1) if spec.time_expiration else server_seconds
    found = hours.last_open(spec.schedule.quote_sessions, latest)
    return found if found is not None and _alive(spec, found) else None


def _alive(spec: FullSymbol, server_seconds: int) -> bool:
    return server_seconds >= spec.time_start and (
        not spec.time_expiration or server_seconds < spec.time_expiration
    )


# Currencies: digits of their money, value in dollars, yearly volatility of their factor.

_CURRENCIES: Final[dict[str, tuple[int, float, float]]] = {
    "USD": (2, 1.0, 0.040),
    "EUR": (2, 1.08, 0.050),
    "GBP": (2, 1.27, 0.060),
    "JPY": (0, 1 / 150.0, 0.080),
    "CHF": (2, 1 / 0.885, 0.055),
    "AUD": (2, 0.66, 0.080),
    "CAD": (2, 1 / 1.365, 0.045),
    "NZD": (2, 0.605, 0.080),
    "SEK": (2, 1 / 10.45, 0.090),
    "NOK": (2, 1 / 10.60, 0.095),
    "PLN": (2, 1 / 3.98, 0.090),
    "MXN": (2, 1 / 17.1, 0.120),
    "ZAR": (2, 1 / 18.6, 0.140),
    "TRY": (2, 1 / 32.2, 0.100),
    "RUB": (2, 1 / 91.5, 0.120),
    "XAU": (3, 2350.0, 0.140),
    "XAG": (3, 28.0, 0.260),
    "XPT": (3, 980.0, 0.220),
}

_YEAR_S: Final = 365 * 86_400


def currency_digits(currency: str) -> int:
    """Digits that money of this currency has; 2 where it is not known."""
    return _CURRENCIES.get(currency, (2,))[0]


# Weeks, in server time.


def _forex_week(opens: int) -> Sessions:
    """Sunday 22:00 to Friday 22:00, with the first minutes as given."""
    return week(dict.fromkeys(range(1, 5), ((0, 1440),)) | {0: ((opens, 1440),), 5: ((0, 1320),)})


def _weekdays(*sessions: tuple[int, int]) -> Sessions:
    """The same sessions from Monday to Friday."""
    return week(dict.fromkeys(range(1, 6), sessions))


def _daily(*sessions: tuple[int, int]) -> Schedule:
    """The same, for quotes and trades."""
    return Schedule(_weekdays(*sessions), _weekdays(*sessions))


_ALWAYS: Final = Schedule(hours.ALWAYS, hours.ALWAYS)
_FOREX: Final = Schedule(_forex_week(1320), _forex_week(1325))  # quoted 5 minutes before it trades
_METALS: Final = _daily((60, 1435))
_INDEX: Final = _daily((60, 1335), (1350, 1435))
_XETRA: Final = _daily((135, 1380))
_LONDON: Final = _daily((180, 1380))
_TOKYO: Final = _daily((120, 555), (570, 1320))
_NASDAQ: Final = Schedule(_weekdays((985, 1385)), _weekdays((990, 1380)))
_FUTURES: Final = _daily((60, 1380))
_ENERGY: Final = _daily((180, 1440))

# What is the same for most; a symbol names only what is its own.

_ALL_TIMES: Final = int(TimeFlags.GTC | TimeFlags.DAY | TimeFlags.SPECIFIED | TimeFlags.SPECIFIED_DAY)
_ALL_ORDERS: Final = int(sum(OrderFlags))
_FILLS: Final = int(FillFlags.FOK | FillFlags.IOC)
_TRIPLE_WEDNESDAY: Final = (0.0, 1.0, 1.0, 3.0, 1.0, 1.0, 0.0)
_TRIPLE_FRIDAY: Final = (0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 0.0)
_EVERY_DAY: Final = (1.0,) * 7

_COMMON: Final[dict[str, Any]] = {
    "trade_mode": TradeMode.FULL,
    "trade_exemode": Execution.MARKET,
    "trade_fill_flags": _FILLS,
    "trade_time_flags": _ALL_TIMES,
    "trade_order_flags": _ALL_ORDERS,
    "trade_request_timeout": 10,
    "trade_instant_timeout": 10,
    "volume_min": LOT // 100,
    "volume_max": 100 * LOT,
    "volume_step": LOT // 100,
    "margin_rates_initial": (1.0,) * 8,
    "margin_rates_maintenance": (1.0,) * 8,
    "swap_mode": SwapMode.POINTS,
    "swap_rollover3days": Rollover.WEDNESDAY,
    "swap_rates": _TRIPLE_WEDNESDAY,
}

# The book of most symbols, of which only a few show it.
_LEVELS: Final = tuple(lots * LOT for lots in (5, 10, 15, 20, 30))
_FRIDAY: Final[dict[str, Any]] = {"swap_rollover3days": Rollover.FRIDAY, "swap_rates": _TRIPLE_FRIDAY}
_BOOK: Final[dict[str, Any]] = {"permissions_flags": 1, "permissions_bookdepth": 5}


def _spec(
    name: str,
    path: str,
    description: str,
    *,
    money: tuple[str, str, str],
    digits: int,
    contract: float,
    mode: CalcMode,
    schedule: Schedule,
    ticks: int = 1,
    more: dict[str, Any] | None = None,
    **trade: Any,
) -> FullSymbol:
    """A specification; `money` is base, profit and margin currency, `ticks` the tick size in points."""
    base, profit, margin = money
    tick_size = ticks / 10**digits
    trade = {key: _plain(value) for key, value in (_COMMON | {"margin_hedged": contract} | trade).items()}
    fields: dict[str, Any] = {
        "trade_symbol": name,
        "symbol_description": description,
        "currency_base": base,
        "currency_profit": profit,
        "currency_margin": margin,
        "currency_base_digits": currency_digits(base),
        "currency_profit_digits": currency_digits(profit),
        "currency_margin_digits": currency_digits(margin),
        "digits": digits,
        "point": 1 / 10**digits,
        "symbol_multiply": 10.0**digits,
        "ticks_bookdepth": trade.get("permissions_bookdepth", 0),
        "trade_tick_size": tick_size,
        "trade_tick_value": round(contract * tick_size, 8),
        "trade_contract_size": contract,
        "trade_calc_mode": int(mode),
        "schedule": schedule,
        "trade": TradeSettings(symbol_path=f"{path}\\{name}", **trade),
    }
    return FullSymbol(**(fields | {key: _plain(value) for key, value in (more or {}).items()}))


def _plain(value: Any) -> Any:
    """A record holds plain numbers, as if it had been read from the wire."""
    return int(value) if isinstance(value, IntEnum) else value


def _pair(
    name: str,
    spread: int,
    rate: float,
    swaps: tuple[float, float],
    *,
    digits: int = 5,
    path: str = "Forex",
    mode: CalcMode = CalcMode.FOREX,
    schedule: Schedule = _FOREX,
    contract: float = 100_000.0,
    **trade: Any,
) -> Instrument:
    """A pair of currencies or a metal in dollars: its price is the ratio of two factors."""
    base, quote = name[:3], name[3:6]
    (_, base_value, base_sigma), (_, quote_value, quote_sigma) = _CURRENCIES[base], _CURRENCIES[quote]
    sigma = hypot(base_sigma, quote_sigma)
    # Only in forex is the margin in the base currency; a CFD is priced, so its margin is in the quote's.
    forex = mode in (CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE)
    money = (base, quote, base) if forex else (quote, quote, quote)
    long, short = swaps
    spec = _spec(
        name,
        path,
        f"{base} against {quote}",
        money=money,
        digits=digits,
        contract=contract,
        mode=mode,
        schedule=schedule,
        swap_long=long,
        swap_short=short,
        **trade,
    )
    return Instrument(
        spec=spec,
        start=round(base_value / quote_value, digits),
        volatility=sigma / sqrt(_YEAR_S),
        spread_points=spread,
        ticks_per_second=rate,
        factors=((base, base_sigma / sigma), (quote, -quote_sigma / sigma)),
        depth_lots=_LEVELS,
    )


def _index(
    name: str, start: float, spread: int, currency: str, factor: float, *, rate: float = 3.0, **spec: Any
) -> Instrument:
    """An index as CFD of one unit, moved by the world's equities and a part of its own."""
    swap: dict[str, Any] = {
        "swap_mode": SwapMode.INTEREST_CURRENT,
        "swap_long": -6.5,
        "swap_short": 1.5,
        **_FRIDAY,
    }
    money = (currency, currency, currency)
    return Instrument(
        spec=_spec(name, "Indices", f"Index {name}", money=money, contract=1.0, **(swap | spec)),
        start=start,
        volatility=0.16 / sqrt(_YEAR_S),
        spread_points=spread,
        ticks_per_second=rate,
        factors=(("EQUITY", factor), (name, sqrt(1 - factor**2))),
        depth_lots=tuple(4 * lots for lots in _LEVELS),
    )


def _all() -> Iterator[Instrument]:
    """Every default symbol, ids not yet given."""
    yield from _rehearsal()
    yield from _majors_and_crosses()
    yield from _metals_and_energy()
    yield from _indices()
    yield from _exchange()
    yield from _crypto()


def _rehearsal() -> Iterator[Instrument]:
    """EURUSD in the four execution modes, otherwise alike and always open (docs of the venue: design 8)."""
    modes = {
        "EURUSD": (Execution.MARKET, _FILLS),
        "EURUSD.req": (Execution.REQUEST, _FILLS),
        "EURUSD.ins": (Execution.INSTANT, _FILLS),
        "EURUSD.exc": (Execution.EXCHANGE, _FILLS | FillFlags.BOC),
    }
    for name, (execution, fills) in modes.items():
        yield _pair(
            name,
            8,
            8.0,
            (-7.2, 2.9),
            schedule=_ALWAYS,
            trade_exemode=execution,
            trade_fill_flags=int(fills),
            **_BOOK,
        )


def _majors_and_crosses() -> Iterator[Instrument]:
    yield _pair("GBPUSD", 12, 5.0, (-3.4, -2.1))
    yield _pair("USDJPY", 10, 5.0, (14.6, -27.9), digits=3)
    yield _pair("USDCHF", 14, 4.0, (6.2, -11.3))
    yield _pair("AUDUSD", 10, 4.0, (-3.1, 0.4))
    yield _pair("USDCAD", 14, 4.0, (1.9, -6.8))
    yield _pair("NZDUSD", 15, 3.0, (-1.2, -2.3))
    yield _pair("EURGBP", 12, 3.0, (-5.1, 1.0))
    yield _pair("EURJPY", 16, 4.0, (10.8, -22.4), digits=3)
    yield _pair("GBPJPY", 22, 4.0, (19.7, -38.2), digits=3)
    yield _pair("EURCHF", 16, 2.0, (2.1, -7.7))
    yield _pair("AUDJPY", 16, 3.0, (8.1, -17.2), digits=3)
    yield _pair("CHFJPY", 20, 2.0, (2.0, -12.6), digits=3)
    yield _pair("CADJPY", 18, 2.0, (7.9, -16.5), digits=3)
    yield _pair("EURAUD", 20, 2.0, (-8.8, 2.2))
    yield _pair("EURCAD", 20, 2.0, (-6.4, 0.9))
    yield _pair("GBPCHF", 22, 2.0, (7.0, -14.1))
    yield _pair("AUDNZD", 22, 1.0, (-3.9, -1.8))
    # Interest in currency instead of points: of the base, of the margin, of the deposit.
    yield _pair("USDSEK", 380, 1.0, (5.0, -12.0), swap_mode=SwapMode.CURRENCY_BASE)
    yield _pair("USDPLN", 210, 1.0, (-4.5, 1.5), swap_mode=SwapMode.CURRENCY_MARGIN)
    yield _pair("USDMXN", 450, 1.0, (-30.0, 12.0), swap_mode=SwapMode.CURRENCY_DEPOSIT)
    yield _pair("EURNOK", 420, 1.0, (-9.5, 1.2), swap_mode=SwapMode.REOPEN_BID)
    # Stops must keep 1 000 points away, and what is nearer than 200 is frozen.
    yield _pair("USDZAR", 900, 1.0, (-190.0, 80.0), trade_stops_level=1000, trade_freeze_level=200)
    yield _pair("USDTRY", 600, 1.0, (-450.0, 120.0), mode=CalcMode.FOREX_NO_LEVERAGE)
    yield _pair("USDRUB", 900, 1.0, (-60.0, 10.0), digits=4, trade_mode=TradeMode.CLOSE_ONLY)


def _metals_and_energy() -> Iterator[Instrument]:
    metal: dict[str, Any] = {"path": "Metals", "mode": CalcMode.CFD_LEVERAGE, "schedule": _METALS}
    yield _pair("XAUUSD", 25, 6.0, (-38.5, 17.6), digits=2, contract=100.0, **metal, **_BOOK)
    # Above 5 lots an order goes by the dealer; no more than 20 lots on one side.
    yield _pair(
        "XAGUSD",
        25,
        3.0,
        (-3.7, 1.1),
        digits=3,
        contract=5000.0,
        trade_exemode=Execution.INSTANT,
        trade_instant_volume=5 * LOT,
        volume_limit=20 * LOT,
        **metal,
    )
    yield _pair(
        "XPTUSD", 300, 1.0, (-21.0, 4.0), digits=2, contract=100.0, trade_mode=TradeMode.LONG_ONLY, **metal
    )
    yield Instrument(
        spec=_spec(
            "BRN.dec30.x",
            "Energy\\Oil",
            "Brent, December 2030",
            money=("USD", "USD", "USD"),
            digits=2,
            contract=1000.0,
            mode=CalcMode.CFD_LEVERAGE,
            schedule=_ENERGY,
            more={"basis": "BRN", "time_start": 1_577_836_800, "time_expiration": 1_919_635_200},
            trade_exemode=Execution.INSTANT,
            swap_mode=SwapMode.DISABLED,
            swap_rollover3days=Rollover.DISABLED,
            swap_rates=(0.0,) * 7,
        ),
        start=78.40,
        volatility=0.32 / sqrt(_YEAR_S),
        spread_points=3,
        ticks_per_second=3.0,
        factors=(("OIL", 0.97), ("USD", -0.1)),
        depth_lots=_LEVELS,
    )
    yield Instrument(
        spec=_spec(
            "NGAS",
            "Energy",
            "Natural gas",
            money=("USD", "USD", "USD"),
            digits=3,
            contract=10_000.0,
            mode=CalcMode.CFD_LEVERAGE,
            schedule=_ENERGY,
            more={"trade_gtc_mode": GtcMode.TODAY_WITHOUT_STOPS},
            trade_mode=TradeMode.SHORT_ONLY,
            swap_long=-9.0,
            swap_short=-2.0,
        ),
        start=2.850,
        volatility=0.60 / sqrt(_YEAR_S),
        spread_points=5,
        ticks_per_second=2.0,
        factors=(("OIL", 0.3),),
        depth_lots=_LEVELS,
    )


def _indices() -> Iterator[Instrument]:
    leverage: dict[str, Any] = {"mode": CalcMode.CFD_LEVERAGE, "schedule": _INDEX, "digits": 1}
    # The larger leg alone is charged, in place of the hedged formula.
    yield _index("US500", 5200.0, 5, "USD", 0.9, rate=5.0, margin_flags=4, **leverage)
    yield _index("US100", 18_100.0, 12, "USD", 0.85, rate=5.0, **leverage)
    yield _index("US30", 39_100.0, 24, "USD", 0.88, rate=4.0, trade_exemode=Execution.INSTANT, **leverage)
    yield _index(
        "DE40", 18_000.5, 10, "EUR", 0.8, mode=CalcMode.CFD_INDEX, schedule=_XETRA, digits=1, ticks=5
    )
    yield _index("UK100", 8100.0, 10, "GBP", 0.75, mode=CalcMode.CFD, schedule=_LONDON, digits=1)
    yield _index(
        "JP225",
        39_500.0,
        10,
        "JPY",
        0.7,
        mode=CalcMode.CFD_INDEX,
        schedule=_TOKYO,
        digits=0,
        ticks=5,
        swap_mode=SwapMode.INTEREST_OPEN,
    )


def _exchange() -> Iterator[Instrument]:
    """What has a last price: traded in whole units, charts by last."""
    common: dict[str, Any] = {
        "digits": 2,
        "trade_exemode": Execution.EXCHANGE,
        "trade_fill_flags": int(_FILLS | FillFlags.BOC),
        "volume_min": LOT,
        "volume_step": LOT,
        "permissions_flags": 1,
        "permissions_bookdepth": 10,
    }
    yield Instrument(
        spec=_spec(
            "AAPL",
            "Stocks\\NASDAQ",
            "Apple Inc.",
            money=("USD", "USD", "USD"),
            contract=1.0,
            mode=CalcMode.EXCH_STOCKS,
            schedule=_NASDAQ,
            more={
                "isin": "US0378331005",
                "trade_exchange": "NASDAQ",
                "country": "US",
                "ticks_chart_mode": ChartMode.LAST,
            },
            volume_max=10_000 * LOT,
            swap_mode=SwapMode.DISABLED,
            swap_rollover3days=Rollover.DISABLED,
            swap_rates=(0.0,) * 7,
            **common,
        ),
        start=190.50,
        volatility=0.25 / sqrt(_YEAR_S),
        spread_points=2,
        ticks_per_second=4.0,
        factors=(("EQUITY", 0.65),),
        has_last=True,
        depth_lots=tuple(lots * LOT for lots in (100, 150, 200, 300, 400, 500, 600, 800, 900, 1000)),
    )
    yield Instrument(
        spec=_spec(
            "MES.dec30",
            "Futures",
            "Micro E-mini of US500, December 2030",
            money=("USD", "USD", "USD"),
            contract=5.0,
            mode=CalcMode.EXCH_FUTURES,
            schedule=_FUTURES,
            ticks=25,
            more={
                "basis": "MES",
                "trade_exchange": "CME",
                "ticks_chart_mode": ChartMode.LAST,
                "time_start": 1_577_836_800,  # 2020-01-01
                "time_expiration": 1_924_009_200,  # Friday 2030-12-20 15:00
                "trade_price_settle": 5200.0,
            },
            margin_initial=1200.0,
            margin_maintenance=1000.0,
            margin_hedged=600.0,  # an amount, because the margin is one (docs/protocol.md 7.4)
            swap_mode=SwapMode.DISABLED,
            swap_rollover3days=Rollover.DISABLED,
            swap_rates=(0.0,) * 7,
            **common,
        ),
        start=5200.0,
        volatility=0.16 / sqrt(_YEAR_S),
        spread_points=25,
        ticks_per_second=4.0,
        factors=(("EQUITY", 0.9), ("US500", sqrt(1 - 0.9**2))),  # moves with US500
        has_last=True,
        depth_lots=tuple(lots * LOT for lots in (10, 15, 20, 25, 30, 40, 50, 60, 70, 80)),
    )


def _crypto() -> Iterator[Instrument]:
    """Open around the clock, swap on every day alike."""
    for name, title, start, spread, sigma in (
        ("BTCUSD", "Bitcoin", 64_000.0, 1800, 0.55),
        ("ETHUSD", "Ether", 3100.0, 150, 0.70),
    ):
        yield Instrument(
            spec=_spec(
                name,
                "Crypto",
                f"{title} against USD",
                money=("USD", "USD", "USD"),
                digits=2,
                contract=1.0,
                mode=CalcMode.CFD_LEVERAGE,
                schedule=_ALWAYS,
                swap_mode=SwapMode.INTEREST_CURRENT,
                swap_long=-18.0,
                swap_short=-4.0,
                swap_rollover3days=Rollover.DISABLED,
                swap_rates=_EVERY_DAY,
            ),
            start=start,
            volatility=sigma / sqrt(_YEAR_S),
            spread_points=spread,
            ticks_per_second=3.0,
            factors=(("CRYPTO", 0.85),),
            depth_lots=tuple(lots // 5 for lots in _LEVELS),
        )
