"""The official merge of ticks (docs/protocol.md 5.1) with statistics (5.2) into quotes.

Live and delayed quotes of a symbol are two states that never mix.  Nothing here reads a clock: the only
times are the venue's.  `apply_ticks` is the hottest loop of the project, hence the prices that it remembers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from .maths.rounding import normalize, scale_price
from .maths.spread import adjust_ask_extreme, adjust_bid_extreme, adjust_pair
from .records.market import Statistics

BID, ASK, LAST, VOLUME = 1, 2, 4, 8
DELAYED_TICK: Final = 512  # flag of a tick
DELAYED_STATISTICS: Final = 1  # flag of a statistics record

MOST_PRICES: Final = 1 << 16  # remembered, for each number of digits

# symbol_id, tick_time, fields, bid, ask, last, tick_volume, time_ms_delta, flags: a TICK as it was unpacked
TickRow = tuple[int, int, int, float, float, float, int, int, int]


NEVER: Final = -(2**63)  # before every time

# What wire prices come to, by digits: a market moves among few of them, whatever symbol or session.
_PRICES: Final[dict[int, dict[float, float]]] = {}


def _scaled(prices: dict[float, float], wire: float, digits: int) -> float:
    """A wire price that is not remembered yet."""
    if len(prices) >= MOST_PRICES:
        prices.clear()
    price = prices[wire] = scale_price(wire, digits)
    return price


@dataclass(slots=True)
class Quote:
    """The merged state of one symbol; None is "never set".  Times in ms of server time.

    A dataclass, because assigning to the fields of a msgspec.Struct costs ten times as much.
    """

    bid: float = 0.0  # shown
    ask: float = 0.0
    bid_last: float | None = None  # after the broker's spread adjustment
    ask_last: float | None = None
    bid_src: float | None = None  # before it
    ask_src: float | None = None
    last_last: float = 0.0
    vol_last: int = 0  # lots × 10^8
    fields: int = 0  # change bits of the last record applied
    tick_seconds: int = 0
    tick_time_ms: int = 0
    lasttime_bidask: int = NEVER
    lasttime_last: int = NEVER
    bid_high: float | None = None
    bid_low: float | None = None
    ask_high: float | None = None
    ask_low: float | None = None
    last_high: float | None = None
    last_low: float | None = None
    vol_high: int | None = None
    vol_low: int | None = None
    trade_buy_volume: int | None = None
    trade_sell_volume: int | None = None
    trade_buy_orders: int | None = None
    trade_sell_orders: int | None = None
    trade_deals: int | None = None
    trade_volume: int | None = None
    trade_turnover: int | None = None
    trade_interest: int | None = None
    price_open: float | None = None
    price_close: float | None = None
    price_aw: float | None = None
    price_change: float | None = None  # percent
    price_volatility: float | None = None
    price_theoretical: float | None = None
    price_greeks_delta: float | None = None
    price_greeks_theta: float | None = None
    price_greeks_gamma: float | None = None
    price_greeks_vega: float | None = None
    price_greeks_rho: float | None = None
    price_greeks_omega: float | None = None
    price_sensitivity: float | None = None

    @property
    def tick_time(self) -> int:
        """Time of the last record, in ms but whole seconds."""
        return self.tick_seconds * 1000


class QuoteTick(msgspec.Struct, frozen=True, gc=False):
    """What one applied tick left: the quote shown, and which of its fields the tick changed."""

    symbol_id: int
    time: int  # ms of server time
    bid: float
    ask: float
    last: float
    volume: int  # lots × 10^8
    fields: int
    delayed: bool


class SymbolQuotes:
    """How a symbol's wire prices are scaled, and its two states."""

    __slots__ = ("balance", "delayed", "digits", "live", "point", "prices", "spread_diff")

    def __init__(self, digits: int, point: float, spread_diff: int = 0, spread_diff_balance: int = 0) -> None:
        self.digits = digits
        self.prices = _PRICES.setdefault(digits, {})
        self.point = point
        self.spread_diff = spread_diff
        self.balance = spread_diff_balance
        self.live = Quote()
        self.delayed = Quote()


class StatisticsField(NamedTuple):
    """What a bit of a statistics record's `fields` brings, and the divisor of its wire value."""

    bit: int
    name: str
    divisor: float | None = None  # None: as it is; 0: a price, scaled by the symbol's digits


_PRICE, _GREEK = 0.0, 1e5
# Bits whose fields are copied, scaled.  The current prices (0, 3, 6, 9) and the high and low of bid and ask
# (1, 2, 4, 5), which the spread adjustment moves, have code of their own.
STATISTICS_FIELDS: Final = (
    StatisticsField(7, "last_high", _PRICE),
    StatisticsField(8, "last_low", _PRICE),
    StatisticsField(10, "vol_high"),
    StatisticsField(11, "vol_low"),
    StatisticsField(12, "trade_buy_volume"),
    StatisticsField(13, "trade_sell_volume"),
    StatisticsField(14, "trade_buy_orders"),
    StatisticsField(15, "trade_sell_orders"),
    StatisticsField(16, "trade_deals"),
    StatisticsField(17, "trade_volume"),
    StatisticsField(18, "trade_turnover"),
    StatisticsField(19, "trade_interest"),
    StatisticsField(20, "price_open", _PRICE),
    StatisticsField(21, "price_close", _PRICE),
    StatisticsField(22, "price_aw", _PRICE),
    StatisticsField(24, "price_volatility", 1e3),
    StatisticsField(25, "price_theoretical", _PRICE),
    StatisticsField(34, "price_greeks_delta", _GREEK),
    StatisticsField(35, "price_greeks_theta", _GREEK),
    StatisticsField(36, "price_greeks_gamma", _GREEK),
    StatisticsField(37, "price_greeks_vega", _GREEK),
    StatisticsField(38, "price_greeks_rho", _GREEK),
    StatisticsField(39, "price_greeks_omega", _GREEK),
    StatisticsField(40, "price_sensitivity", _GREEK),
)


class Quotes:
    """All symbols of one session, by the ids that this session gave them."""

    def __init__(self) -> None:
        self._symbols: dict[int, SymbolQuotes] = {}

    def add(self, symbol_id: int, symbol: SymbolQuotes) -> None:
        """From now on records of this id are merged; without it they are ignored."""
        self._symbols[symbol_id] = symbol

    def symbol(self, symbol_id: int) -> SymbolQuotes | None:
        """The symbol of an id."""
        return self._symbols.get(symbol_id)

    def apply_ticks(self, ticks: Iterable[TickRow]) -> list[QuoteTick]:
        """Merge ticks in order; one result for each that was not dropped (docs/protocol.md 5.1).

        `ticks` are rows as `Batch.rows` gives them: building a `Tick` first would cost a quarter more.
        """
        applied: list[QuoteTick] = []
        append = applied.append
        symbols = self._symbols
        for symbol_id, seconds, bits, bid, ask, last, volume, delta, flags in ticks:
            try:
                symbol = symbols[symbol_id]
            except KeyError:
                continue
            delayed = flags & DELAYED_TICK
            quote = symbol.delayed if delayed else symbol.live
            time = seconds * 1000 + delta
            if bits & 3 and time < quote.lasttime_bidask != 0:
                continue
            if bits & LAST and time < quote.lasttime_last != 0:
                continue
            quote.tick_seconds = seconds
            quote.tick_time_ms = time
            shown = quote.bid
            fields, prices = 0, symbol.prices
            if bits & BID and bid:
                try:
                    bid = prices[bid]
                except KeyError:
                    bid = _scaled(prices, bid, symbol.digits)
                quote.bid_src = bid
                fields = BID
            else:
                bid = quote.bid_src or 0.0  # a side that was never set is shown as 0
            if bits & ASK and ask:
                try:
                    ask = prices[ask]
                except KeyError:
                    ask = _scaled(prices, ask, symbol.digits)
                quote.ask_src = ask
                fields |= ASK
            else:
                ask = quote.ask_src or 0.0
            if fields:
                quote.lasttime_bidask = time
            if bits & LAST and last:
                quote.last_last = scale_price(last, symbol.digits)
                quote.lasttime_last = time
                fields |= LAST
            if bits & VOLUME:
                quote.vol_last = volume
                fields |= VOLUME
            if symbol.spread_diff and bid and ask:
                bid, ask = _show_adjusted(symbol, quote, bid, ask)
            else:
                quote.bid = quote.bid_last = bid
                quote.ask = quote.ask_last = ask
            quote.fields = fields
            if quote.price_close and fields & BID:
                quote.price_change = normalize((shown - quote.price_close) / quote.price_close * 100, 2)
            append(
                QuoteTick(symbol_id, time, bid, ask, quote.last_last, quote.vol_last, fields, delayed != 0)
            )
        return applied

    def apply_statistics(self, records: Iterable[Statistics]) -> list[Quote]:
        """Merge statistics in order; the states they changed (docs/protocol.md 5.2)."""
        return [
            _apply_statistics(symbol, record)
            for record in records
            if (symbol := self._symbols.get(record.symbol_id)) is not None
        ]


def _show_adjusted(symbol: SymbolQuotes, quote: Quote, bid: float, ask: float) -> tuple[float, float]:
    """Step 7 with a spread_diff: the adjusted pair is shown; a crossed one is not, but the raw values."""
    new_bid, new_ask = adjust_pair(bid, ask, symbol.point, symbol.digits, symbol.spread_diff, symbol.balance)
    if new_bid > new_ask:
        quote.bid, quote.ask = bid, ask
    else:
        quote.bid, quote.ask = quote.bid_last, quote.ask_last = new_bid, new_ask
    return quote.bid, quote.ask


def _apply_statistics(symbol: SymbolQuotes, record: Statistics) -> Quote:
    quote = symbol.delayed if record.flags & DELAYED_STATISTICS else symbol.live
    bits, digits = record.fields, symbol.digits
    quote.fields = 0
    if bits & 1:
        quote.bid = quote.bid_src = quote.bid_last = scale_price(record.bid_last, digits)
        quote.fields |= BID
    if bits & 1 << 3:
        quote.ask = quote.ask_src = quote.ask_last = scale_price(record.ask_last, digits)
        quote.fields |= ASK
    if bits & 1 << 6:
        quote.last_last = scale_price(record.last_last, digits)
        quote.fields |= LAST
    if bits & 1 << 9:
        quote.vol_last = record.vol_last
        quote.fields |= VOLUME
    _apply_extremes(symbol, quote, record)
    for bit, name, divisor in STATISTICS_FIELDS:
        if bits & 1 << bit:
            value = getattr(record, name)
            if divisor is not None:
                value = value / divisor if divisor else scale_price(value, digits)
            setattr(quote, name, value)
    if bits & 1 << 23:
        quote.price_change = normalize(record.price_change / 100, 2)
    if symbol.spread_diff and (record.bid_last or record.ask_last):
        _adjust_last(symbol, quote)
    lasttime = record.lasttime
    quote.tick_seconds = max(quote.tick_seconds, lasttime) if quote.tick_seconds else lasttime
    time = lasttime * 1000 + record.lasttime_msc
    quote.tick_time_ms = max(quote.tick_time_ms, time) if quote.tick_time_ms else time
    return quote


def _apply_extremes(symbol: SymbolQuotes, quote: Quote, record: Statistics) -> None:
    """High and low of both sides, moved by the spread adjustment."""
    adjusting = (symbol.point, symbol.digits, symbol.spread_diff, symbol.balance)
    bits, digits = record.fields, symbol.digits
    if bits & 1 << 1:
        quote.bid_high = adjust_bid_extreme(scale_price(record.bid_high, digits), *adjusting)
    if bits & 1 << 2:
        quote.bid_low = adjust_bid_extreme(scale_price(record.bid_low, digits), *adjusting)
    if bits & 1 << 4:
        quote.ask_high = adjust_ask_extreme(scale_price(record.ask_high, digits), *adjusting)
    if bits & 1 << 5:
        quote.ask_low = adjust_ask_extreme(scale_price(record.ask_low, digits), *adjusting)


def _adjust_last(symbol: SymbolQuotes, quote: Quote) -> None:
    """bid_last and ask_last from the raw pair; bid and ask stay raw."""
    if not quote.bid_last or not quote.ask_last or quote.bid_src is None or quote.ask_src is None:
        return
    bid, ask = quote.bid_src, quote.ask_src
    new_bid, new_ask = adjust_pair(bid, ask, symbol.point, symbol.digits, symbol.spread_diff, symbol.balance)
    quote.bid_last, quote.ask_last = (bid, ask) if new_bid > new_ask else (new_bid, new_ask)
