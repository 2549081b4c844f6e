"""Prices: what a feed is, and the seeded random walk (files of ticks: replay.py).

A feed is pulled and reads no clock: it says when its next tick is due and gives what is due until a time.
What it gives depends on its arguments alone, never on how often it is asked.  Times are UTC milliseconds,
prices lie on the grid of their symbol, volumes are lots × 10^8.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from math import exp, isfinite, sqrt
from random import Random
from typing import Final, NamedTuple, Protocol

from .catalog import Instrument, last_quoted, next_quoted, quoted_until
from .model import LOT
from .zone import HOUR_MS, Zone

BATCH: Final = 10_000  # the most ticks of one take()


class Tick(NamedTuple):
    """A quote as the feed makes it."""

    symbol: str
    utc_ms: int
    bid: float
    ask: float
    last: float  # of the latest deal; 0 where the symbol has none
    volume: int  # of the deal that this tick brings, lots × 10^8; 0 = it brings none


class Feed(Protocol):
    """Where ticks come from."""

    def opening(self) -> list[Tick]:
        """The quotes that stood when the feed began, of symbols that are closed then too."""

    def next_utc_ms(self) -> int | None:
        """When the next tick is due; None when there will be none."""

    def take(self, until_utc_ms: int) -> list[Tick]:
        """The ticks due until then, that millisecond included, in order of time.

        At most BATCH of them: while next_utc_ms() is not later, there are more.
        """


_new: Final = tuple.__new__  # a NamedTuple's own call costs twice as much
_NEWS: Final = -1  # in the queue, beside the indices of symbols
_NEWS_EVERY_MS: Final = 600_000.0  # of one factor, on average
_BURST: Final = 4  # times as many ticks in a burst
_UNIFORM: Final = 0.012  # 12 / 1000: makes a uniform number's variance 1 per second, from milliseconds
_STILL_MS: Final = 1.0  # a path moves once a millisecond at most, which is as fine as the wire's time


class _Factor:
    """A Brownian path that instruments share: its level at the time it was last asked for."""

    __slots__ = ("at", "burst_until", "level")

    def __init__(self, at: float) -> None:
        self.at = at
        self.level = 0.0
        self.burst_until = 0.0


class _Mover:
    """One instrument on its way."""

    __slots__ = (
        "closes",
        "denominator",
        "factors",
        "gap_ms",
        "has_last",
        "last",
        "log",
        "pair",
        "per_tick",
        "shown",
        "spec",
        "spread",
        "spreads",
        "start",
        "symbol",
        "ticks",
        "volatility",
        "volume_step",
    )

    def __init__(self, one: Instrument, factors: list[tuple[_Factor, float]], rate: float) -> None:
        self.spec = one.spec
        self.symbol = one.spec.trade_symbol
        self.start = one.start
        self.volatility = one.volatility
        self.factors = factors
        self.gap_ms = 1000.0 / (one.ticks_per_second * rate)
        self.denominator = 10**one.spec.digits
        self.ticks = max(1, round(one.spec.trade_tick_size * self.denominator))  # tick size in points
        self.per_tick = self.denominator / self.ticks
        usual = max(1, -(-one.spread_points // self.ticks))
        # What a change of the spread chooses from, in ticks: mostly the usual one.
        self.spreads = tuple(max(1, round(usual * x)) for x in (1, 1, 1, 1, 1, 0.8, 1.25, 1.6))
        self.spread = usual
        self.log = 0.0  # of the price over its start, as last quoted
        self.shown = 0  # spread, as last quoted
        self.pair = (0.0, 0.0)  # bid and ask of that
        self.has_last = one.has_last
        self.last = 0.0
        self.volume_step = one.spec.trade.volume_step or LOT
        self.closes = 0.0  # UTC ms up to which it is known to be quoted


class RandomWalk:
    """Correlated prices from a seed: the same arguments give the same ticks.

    Ticks of a symbol come at 0.5 to 1.5 times the mean distance, so never less than two thirds of its rate in
    any second.  News, every ten minutes for one factor, move everything that hangs on it at once and make it
    quick and wide for some seconds; one in fifty is a gap.  News add some 15 % to the volatility.
    A symbol has no ticks outside its quote sessions, judged by the zone; what its factors did meanwhile is in
    the first price after them.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: int,
        start_utc_ms: int,
        rate: float = 1.0,
        *,
        zone: Zone | None = None,
    ) -> None:
        if not (isfinite(rate) and rate > 0):
            raise ValueError(f"rate: {rate} is not above 0")
        self._random = Random(f"ticks {seed}")  # noqa: S311 - reproducible is the point
        self._zone = zone or Zone()
        self._start = start_utc_ms
        names = sorted({name for one in instruments for name, _ in one.factors})
        self._factors = {name: _Factor(float(start_utc_ms)) for name in names}
        self._shared = [self._factors[name] for name in names]
        self._movers = [_Mover(one, self._paths(one), rate) for one in instruments]
        self._heap: list[tuple[float, int]] = [(self._news_after(float(start_utc_ms)), _NEWS)]
        for index, mover in enumerate(self._movers):
            at = self._when_quoted(mover, start_utc_ms + mover.gap_ms * self._random.random())
            if at is not None:
                self._heap.append((at, index))
        heapify(self._heap)

    def opening(self) -> list[Tick]:
        """The starting quotes, each stamped with the start or the end of its last session before it."""
        now = self._zone.moment(self._start).seconds
        ticks = []
        for mover in self._movers:
            if (quoted := last_quoted(mover.spec, now)) is not None:
                bid, ask = self._pair(mover, mover.start, mover.spread)
                last = bid if mover.has_last else 0.0
                ticks.append(Tick(mover.symbol, self._start - (now - quoted) * 1000, bid, ask, last, 0))
        return ticks

    def next_utc_ms(self) -> int | None:
        """When the next tick is due; None when every symbol has expired or has no sessions."""
        heap = self._heap
        while heap[0][1] == _NEWS and len(heap) > 1:
            self._break_news()
        return None if heap[0][1] == _NEWS else int(heap[0][0])

    def take(self, until_utc_ms: int) -> list[Tick]:
        """The ticks due until then, at most BATCH."""
        heap, movers, zone_end = self._heap, self._movers, until_utc_ms + 1
        random = self._random.random
        out: list[Tick] = []
        while len(out) < BATCH:
            at, index = heap[0]
            if at >= zone_end:
                break
            if index < 0:
                if len(heap) == 1:
                    break  # nobody is left to hear them
                self._break_news()
                continue
            m = movers[index]
            log, burst = 0.0, 1
            for factor, weight in m.factors:
                if at < factor.burst_until:
                    burst = _BURST
                if (passed := at - factor.at) >= _STILL_MS:
                    move = (random() - 0.5) * sqrt(passed * _UNIFORM)
                    factor.level += move * 2.0 if at < factor.burst_until else move
                    factor.at = at
                log += weight * factor.level
            if (chance := random()) < 0.3:
                m.spread = m.spreads[int(chance * 26.6)]
            spread = m.spread * 2 + 1 if burst > 1 else m.spread
            if log != m.log or spread != m.shown:
                m.log, m.shown = log, spread
                m.pair = self._pair(m, m.start * exp(m.volatility * log), spread)
            bid, ask = m.pair
            volume = 0
            if m.has_last:
                m.last = m.last or bid
                if (chance := random()) < 0.5:
                    m.last = bid if chance < 0.25 else ask
                    volume = m.volume_step * (1 + int(random() * 20))
            out.append(_new(Tick, (m.symbol, int(at), bid, ask, m.last, volume)))
            due = at + m.gap_ms * (0.5 + random()) / burst
            moved = due if due < m.closes else self._when_quoted(m, due)
            if moved is not None:
                heapreplace(heap, (moved, index))
            else:
                heappop(heap)
        return out

    @staticmethod
    def _pair(m: _Mover, middle: float, spread: int) -> tuple[float, float]:
        """Bid and ask around a price, `spread` ticks apart: whole numbers over a power of ten."""
        bid = max(1, int(middle * m.per_tick - spread / 2 + 0.5)) * m.ticks
        return bid / m.denominator, (bid + spread * m.ticks) / m.denominator

    def _paths(self, one: Instrument) -> list[tuple[_Factor, float]]:
        """Its factors with their weights, and last its own with what is left of the variance."""
        known = sum(weight * weight for _, weight in one.factors)
        if known > 1 + 1e-9:
            raise ValueError(f"{one.spec.trade_symbol}: factors: squared weights sum to {known}, above 1")
        paths = [(self._factors[name], weight) for name, weight in one.factors]
        if known < 1 - 1e-9:
            paths.append((_Factor(float(self._start)), sqrt(1 - known)))
        return paths

    def _news_after(self, at: float) -> float:
        return at + self._random.expovariate(max(1, len(self._shared)) / _NEWS_EVERY_MS)

    def _break_news(self) -> None:
        """Move one factor at once; what hangs on it goes quick and wide for a while."""
        at, random = self._heap[0][0], self._random
        if self._shared:
            factor = random.choice(self._shared)
            size = random.uniform(4, 12) * (8 if random.random() < 0.02 else 1)
            factor.level += size if random.random() < 0.5 else -size
            factor.burst_until = at + random.uniform(3_000, 20_000)
        heapreplace(self._heap, (self._news_after(at), _NEWS))

    def _when_quoted(self, m: _Mover, due: float) -> float | None:
        """The time itself if the symbol is quoted then, else one just after its next opening, else None.

        Looked up anew at least every hour, so that a clock that was moved is noticed.
        """
        while True:
            server = self._zone.moment(int(due)).server_ms
            seconds = server // 1000
            opens = next_quoted(m.spec, seconds)
            if opens is None:
                return None
            if opens == seconds:
                left_ms = quoted_until(m.spec, seconds) * 1000 - server
                m.closes = min(int(due) + left_ms, int(due) - int(due) % HOUR_MS + HOUR_MS)
                return due
            opening = float(self._zone.utc_ms(opens * 1000))
            if opening <= due:
                opening += HOUR_MS  # the second showing of an hour that the clock shows twice
            due = opening + m.gap_ms * self._random.random() % 1000
