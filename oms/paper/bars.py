"""Bars from ticks, and the answer of command 11 (docs/protocol.md 4.6, 4.11).

Three series of a symbol are kept, of minutes, hours and days; M5 to M30 are made from the first, H4 from the
second, W1 and MN1 from the third.  So every longer bar is exactly what its shorter ones say.

Before a symbol's first tick there is a past that never was, made from the seed and ending at that tick's
price, so that a chart is not empty: one day of minutes, twenty of hours, thirteen months of days.

Times are server-time seconds.  Bars begin where their period does in server time: W1 on a Sunday, MN1 on the
1st.  A clock set back makes no bar twice: the newest bar goes on until the clock has caught up with it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from math import exp, sqrt
from random import Random
from typing import Final

from protocol.enums import ChartMode, Timeframe
from protocol.records.market import Rate

from .catalog import Instrument
from .feed import Tick
from .hours import DAY, is_open, weekday
from .model import LOT

MINUTE: Final = 60
HOUR: Final = 3600

KEPT: Final = {MINUTE: 2880, HOUR: 1440, DAY: 2000}  # bars of each series, past included

# How long the past is: whole days, so that every longer bar made of it is whole too.
_PAST_MINUTES: Final = 1  # days
_PAST_HOURS: Final = 20  # days
_PAST_MONTHS: Final = 13


@dataclass(slots=True)
class _Bar:
    time: int
    open: float
    high: float
    low: float
    close: float
    ticks: int
    volume: int  # lots × 10^8

    def absorb(self, later: "_Bar") -> None:
        """Go on with a bar that follows inside the same period."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.ticks += later.ticks
        self.volume += later.volume


def _month(seconds: int) -> int:
    day = datetime.fromtimestamp(seconds, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp())


def _week(seconds: int) -> int:
    return seconds - seconds % DAY - weekday(seconds) * DAY


def _every(length: int) -> Callable[[int], int]:
    return lambda seconds: seconds - seconds % length


# By period: the series it is made from, where the bar of a time begins.
_PERIODS: Final[dict[int, tuple[int, Callable[[int], int]]]] = {
    Timeframe.M1: (MINUTE, _every(MINUTE)),
    Timeframe.M5: (MINUTE, _every(5 * MINUTE)),
    Timeframe.M15: (MINUTE, _every(15 * MINUTE)),
    Timeframe.M30: (MINUTE, _every(30 * MINUTE)),
    Timeframe.H1: (HOUR, _every(HOUR)),
    Timeframe.H4: (HOUR, _every(4 * HOUR)),
    Timeframe.D1: (DAY, _every(DAY)),
    Timeframe.W1: (DAY, _week),
    Timeframe.MN1: (DAY, _month),
}


class _Chart:
    """The three series of one symbol, and the minute that is not over."""

    __slots__ = ("began", "by_last", "complete", "current", "instrument", "series")

    def __init__(self, instrument: Instrument) -> None:
        mode = instrument.spec.ticks_chart_mode
        self.instrument = instrument
        self.by_last = mode == ChartMode.LAST or (mode == ChartMode.AUTOMATIC and instrument.has_last)
        self.series = {length: deque[_Bar](maxlen=kept) for length, kept in KEPT.items()}
        self.current: _Bar | None = None
        self.began: tuple[int, float] | None = None  # server time and price of the first tick
        self.complete = False  # the past lies in front of what was heard

    def close_minute(self, minute: _Bar) -> None:
        """Put a minute that is over into the three series."""
        for length, bars in self.series.items():
            begin = minute.time - minute.time % length
            if bars and bars[-1].time == begin:
                bars[-1].absorb(minute)
            else:
                bars.append(_copy(minute, begin))


class Bars:
    """The charts of all symbols; bounded, see KEPT."""

    def __init__(self, instruments: Iterable[Instrument], seed: int, start_server_s: int) -> None:
        """Begin at a server time, with what the seed says was before."""
        self._seed = seed
        self._start = start_server_s
        self._charts = {one.spec.trade_symbol: _Chart(one) for one in instruments}

    def add(self, tick: Tick, server_ms: int) -> None:
        """Count a tick: at its bid, or its last where the symbol's chart is by last.

        Ticks of symbols that are not known, and those without that price, leave no trace.
        """
        chart = self._charts.get(tick.symbol)
        if chart is None:
            return
        price = tick.last if chart.by_last else tick.bid
        if price <= 0:
            return
        bar = chart.current
        seconds = server_ms // 1000
        if bar is not None and seconds < bar.time + MINUTE:  # also where the clock was set back
            if price > bar.high:
                bar.high = price
            if price < bar.low:
                bar.low = price
            bar.close = price
            bar.ticks += 1
            bar.volume += tick.volume
            return
        if bar is not None:
            chart.close_minute(bar)
        else:
            chart.began = (seconds, price)
        chart.current = _Bar(seconds - seconds % MINUTE, price, price, price, price, 1, tick.volume)

    def rates(self, symbol: str, period: int, from_s: int, to_s: int) -> list[Rate]:
        """The bars that open within [from_s, to_s], oldest first; the last one may not be over yet.

        None for a symbol or a period that is not known.
        """
        chart = self._charts.get(symbol)
        if chart is None or period not in _PERIODS or from_s > to_s:
            return []
        length, begins = _PERIODS[period]
        if chart.began is not None:
            self._complete(chart, *chart.began)
            bars: Iterable[_Bar] = chart.series[length]
        else:  # nothing was heard yet: the past stands alone, before the starting price
            bars = _past(chart.instrument, self._seed, self._start, chart.instrument.start)[length]
        if chart.current is not None:
            bars = chain(bars, (chart.current,))
        return [_rate(bar) for bar in _grouped(bars, begins, from_s, to_s)]

    def _complete(self, chart: _Chart, seconds: int, price: float) -> None:
        """Lay the past under the first tick, once somebody looks: it takes 20 ms a symbol."""
        if chart.complete:
            return
        chart.complete = True
        for length, past in _past(chart.instrument, self._seed, seconds, price).items():
            heard = chart.series[length]
            bars = chart.series[length] = deque(past, maxlen=heard.maxlen)
            if bars and heard and bars[-1].time == heard[0].time:  # the hour or day that began before
                bars[-1].absorb(heard.popleft())
            bars.extend(heard)


def _copy(bar: _Bar, time: int) -> _Bar:
    return _Bar(time, bar.open, bar.high, bar.low, bar.close, bar.ticks, bar.volume)


def _rate(bar: _Bar) -> Rate:
    return Rate(bar.time, bar.open, bar.high, bar.low, bar.close, bar.ticks, bar.volume / LOT)


def _grouped(bars: Iterable[_Bar], begins: Callable[[int], int], from_s: int, to_s: int) -> Iterator[_Bar]:
    """Bars of a longer period that open within [from_s, to_s], from shorter ones.

    Those of the first period are left out unless they begin with it: older ones have been forgotten.
    """
    group: _Bar | None = None
    whole = False
    for bar in bars:
        begin = begins(bar.time)
        if group is not None and begin == group.time:
            group.absorb(bar)
            continue
        if group is not None and whole and from_s <= group.time <= to_s:
            yield group
        whole = group is not None or begin == bar.time
        group = _copy(bar, begin)
    if group is not None and whole and from_s <= group.time <= to_s:
        yield group


# The past that never was.


def _past(instrument: Instrument, seed: int, before_s: int, price: float) -> dict[int, list[_Bar]]:
    """Bars of the three series up to the minute of a time, the last one closing at a price."""
    spec = instrument.spec
    sessions = spec.schedule.quote_sessions
    random = Random(f"past {seed} {spec.trade_symbol}")  # noqa: S311 - reproducible is the point
    today = before_s - before_s % DAY
    minutes_from = today - _PAST_MINUTES * DAY
    hours_from = today - _PAST_HOURS * DAY
    first = datetime.fromtimestamp(hours_from, UTC)
    year, month = divmod(first.year * 12 + first.month - 1 - _PAST_MONTHS, 12)
    days_from = int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp())

    open_minutes = [
        t for t in range(minutes_from, before_s - before_s % MINUTE, MINUTE) if is_open(sessions, t)
    ]
    open_hours = [t for t in range(hours_from, minutes_from, HOUR) if _any_open(sessions, t, HOUR)]
    open_days = [t for t in range(days_from, hours_from, DAY) if _any_open(sessions, t, DAY)]

    minutes, price = _walk(instrument, random, open_minutes, MINUTE, price)
    hours, price = _walk(instrument, random, open_hours, HOUR, price)
    days, _ = _walk(instrument, random, open_days, DAY, price)
    hours += _grouped(minutes, _PERIODS[Timeframe.H1][1], 0, before_s)
    days += _grouped(hours, _PERIODS[Timeframe.D1][1], 0, before_s)
    return {MINUTE: minutes, HOUR: hours, DAY: days}


def _any_open(sessions: Sequence[Sequence[tuple[int, int]]], begin: int, length: int) -> bool:
    """Whether a session touches the stretch that begins there and lies within one day."""
    low, high = begin % DAY // 60, (begin % DAY + length) // 60
    return any(opens < high and closes > low for opens, closes in sessions[weekday(begin)])


def _walk(
    instrument: Instrument, random: Random, times: Sequence[int], length: int, close: float
) -> tuple[list[_Bar], float]:
    """Bars at these times, made backwards from the close of the last; and the open of the first."""
    spec = instrument.spec
    tick = spec.trade_tick_size or spec.point
    sigma = instrument.volatility * sqrt(length)
    step = spec.trade.volume_step if instrument.has_last else 0

    def on_grid(value: float) -> float:
        return round(max(1, round(value / tick)) * tick, spec.digits)

    bars = []
    close = on_grid(close)
    for time in reversed(times):
        opens = on_grid(close * exp(random.gauss(0, sigma)))
        high = on_grid(max(opens, close) * exp(abs(random.gauss(0, sigma / 2))))
        low = on_grid(min(opens, close) * exp(-abs(random.gauss(0, sigma / 2))))
        ticks = max(1, round(instrument.ticks_per_second * length * random.uniform(0.6, 1.4)))
        bars.append(_Bar(time, opens, high, low, close, ticks, step * ticks * 5))
        close = opens
    bars.reverse()
    return bars, close
