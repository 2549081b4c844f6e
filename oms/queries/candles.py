"""The query of candles: bars of any timeframe and window, asked of the venue.

The wire takes a window, and answers with all bars in it; so a window is asked for in spans that hold about
as many bars as are wanted, and never more than a few times.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Annotated, Final, Literal

import msgspec

from oms.payload import shown
from protocol.enums import Timeframe
from protocol.records.market import Rate

from .asked import Asked
from .refusal import UNAVAILABLE, Refused, bad, not_found
from .reply import ROWS_BYTES, Head, size
from .request import Request, Text
from .times import MOST, server_ms, server_text
from .view import UnknownSymbol, VenueUnavailable

MOST_BARS: Final = 5000
PAGE: Final = 500
ASKED_AT_MOST: Final = 4  # times for one query
DAY_S: Final = 86_400
MINUTE_S: Final = 60
# What the market's pauses take: a span is half as long again as its bars, and some days.
PAUSES_S: Final = 4 * DAY_S
WIDER: Final = 4  # each further span than the one before

PERIODS: Final[dict[Timeframe, int]] = {
    Timeframe.M1: MINUTE_S,
    Timeframe.M5: 5 * MINUTE_S,
    Timeframe.M15: 15 * MINUTE_S,
    Timeframe.M30: 30 * MINUTE_S,
    Timeframe.H1: 60 * MINUTE_S,
    Timeframe.H4: 240 * MINUTE_S,
    Timeframe.D1: DAY_S,
    Timeframe.W1: 7 * DAY_S,
    Timeframe.MN1: 31 * DAY_S,
}


class RatesRequest(Request, frozen=True, kw_only=True):
    """Candles: from a time on, or, without `from`, the last ones."""

    symbol: Text
    timeframe: Literal["M1", "M5", "M15", "M30", "H1", "H4", "D1", "W1", "MN1"]
    from_: Text | None = msgspec.field(name="from", default=None)  # RFC 3339, or server YYYY-MM-DD HH:MM:SS
    to: Text | None = None  # the same; bars that open before it; absent = now
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_BARS)] = PAGE


class Candle(msgspec.Struct, frozen=True):
    """A bar; prices null where the venue sent no number."""

    time: str  # when it opens, RFC 3339 with the server's offset
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    tick_volume: int  # ticks
    real_volume: float | None  # lots


class RatesReply(Head, frozen=True, kw_only=True):
    """Candles by time."""

    symbol: str
    timeframe: str
    rates: list[Candle]
    next_from: str | None  # with `from`: where the next page begins; null: nothing is left of the window
    next_to: str | None  # without: where the page before ends; null: nothing was found before


class Window:
    """What is asked for, in seconds of server time; `start` None = the last ones before `end`."""

    def __init__(self, asked: Asked, request: RatesRequest) -> None:
        offset = asked.view.offset
        now = int(asked.view.moment().utc) + offset
        self.start = _seconds("from", request.from_, offset)
        # The bar of this moment is wanted as well, and our clock may be a little behind.
        end = _seconds("to", request.to, offset)
        self.end = min(MOST, now + DAY_S) if end is None else end
        self.asked = asked
        self.symbol, self.timeframe = request.symbol, Timeframe[request.timeframe]
        if self.start is not None and self.start >= self.end:
            raise bad("from", "is not before the end of the window")

    async def bars(self, start: int, end: int) -> list[Rate]:
        """What opens in a span, by time, each once; raises Refused."""
        try:
            found = await self.asked.view.rates(self.symbol, self.timeframe, start, end)
        except UnknownSymbol:
            raise not_found(
                "unknown_symbol", "symbol", f"the venue has no symbol {shown(self.symbol)}"
            ) from None
        except VenueUnavailable as why:
            raise Refused(why.code, str(why), None, UNAVAILABLE) from None
        within = {bar.time: bar for bar in found if start <= bar.time < end}
        return [within[time] for time in sorted(within)]


async def rates(asked: Asked, request: RatesRequest) -> RatesReply:
    """Candles of a window."""
    window = Window(asked, request)
    span = PERIODS[window.timeframe] * request.count * 3 // 2 + PAUSES_S
    if window.start is None:
        bars, before = await _last(window, request.count, span)
        return _reply(asked, request, bars, next_to=before)
    bars, behind = await _first(window, window.start, request.count, span)
    return _reply(asked, request, bars, next_from=behind)


async def _first(window: Window, start: int, count: int, span: int) -> tuple[list[Rate], int | None]:
    """The first bars from a time on, and from where there may be more."""
    found: list[Rate] = []
    at = start
    for _ in range(ASKED_AT_MOST):
        found += await window.bars(at, min(at + span, window.end))
        at = min(at + span, window.end)
        if at == window.end or len(found) >= count:
            break
        span *= WIDER
    kept = found[: _fitting(window, found[:count])]
    if len(kept) < len(found):
        return kept, found[len(kept)].time
    return kept, None if at == window.end else at


async def _last(window: Window, count: int, span: int) -> tuple[list[Rate], int | None]:
    """The last bars before the end, and before when there may be more."""
    found: list[Rate] = []
    at = window.end
    for _ in range(ASKED_AT_MOST):
        start = max(0, at - span)
        more = await window.bars(start, at)
        found, at = more + found, start
        if not at or len(found) >= count:
            break
        span *= WIDER
    newest_first = found[::-1][:count]
    kept = newest_first[: _fitting(window, newest_first)][::-1]
    if len(kept) < len(found):
        return kept, kept[0].time
    # The widest span without a bar: the venue has none that are older.
    return kept, (at or None) if more else None


def _fitting(window: Window, bars: Sequence[Rate]) -> int:
    """How many of them, from the first on, a reply takes."""
    room = ROWS_BYTES
    for place, bar in enumerate(bars):
        room -= size(_candle(bar, window.asked.view.offset))
        if room < 0:
            return place
    return len(bars)


def _reply(
    asked: Asked,
    request: RatesRequest,
    bars: list[Rate],
    next_from: int | None = None,
    next_to: int | None = None,
) -> RatesReply:
    offset = asked.view.offset
    return RatesReply(
        asked.view.account,
        asked.seq,
        symbol=request.symbol,
        timeframe=request.timeframe,
        rates=[_candle(bar, offset) for bar in bars],
        next_from=None if next_from is None else server_text(next_from, offset),
        next_to=None if next_to is None else server_text(next_to, offset),
    )


def _candle(bar: Rate, offset: int) -> Candle:
    return Candle(
        server_text(bar.time, offset),
        _number(bar.open),
        _number(bar.high),
        _number(bar.low),
        _number(bar.close),
        bar.tick_volume,
        _number(bar.real_volume),
    )


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def _seconds(field: str, text: str | None, offset: int) -> int | None:
    return None if text is None else -(-server_ms(field, text, offset) // 1000)
