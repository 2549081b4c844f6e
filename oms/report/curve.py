"""What an account was worth over some days: balance and credit as they were booked, equity as it was marked.

Equity is what the journal says of it (`equity.mark`: a mark now and then while positions are open), never
computed again.  Of many points a bounded number is kept: the lowest and the highest of each span, so that no
fall is hidden.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from oms.domain.values import wall
from oms.eventlog.reader import Reader, Wanted
from oms.eventlog.reading import events_of

SPANS: Final = 400  # of a curve, two points in each
MARK: Final = "equity.mark"


class Point(NamedTuple):
    """What stood there."""

    at: float  # seconds of the server's clock, since 1970 by it
    value: Decimal


class Curve(NamedTuple):
    """From the beginning of the first day to the end of the last."""

    begins: float
    ends: float
    money: list[Point]  # balance + credit: each holds until the next
    equity: list[Point]
    fall: Decimal | None  # the deepest of equity below the highest before it; None without marks


class Marks:
    """The marks of a journal up to a seq."""

    def __init__(self, path: Path, seq: int) -> None:
        self._path, self._seq = path, seq

    def curve(self, first: str, behind: str, opening: Decimal, money: Sequence[tuple[str, Decimal]]) -> Curve:
        """Of the days from `first` to before `behind`, with what stood in the books behind each booking."""
        begins, ends = seconds(first), seconds(behind)
        booked = [Point(begins, opening), *(Point(min(seconds(at), ends), value) for at, value in money)]
        falling = _Falling()
        marks = [Point(*one) for one in falling.told(self._marks(first, behind))]
        return Curve(
            begins, ends, thinned(booked, begins, ends), thinned(marks, begins, ends), falling.deepest
        )

    def _marks(self, first: str, behind: str) -> Iterator[Point]:
        with closing(Reader(self._path)) as reader:
            for event in events_of(reader, until=self._seq, wanted=Wanted((MARK,))):
                told: dict[str, Any] = event.data
                if told.get("equity") is not None and first <= wall(told["at"]) < behind:
                    yield Point(seconds(wall(told["at"])), Decimal(told["equity"]))


class _Falling:
    """How deep it fell, of points that pass by."""

    def __init__(self) -> None:
        self.deepest: Decimal | None = None

    def told(self, points: Iterable[Point]) -> Iterator[Point]:
        highest: Decimal | None = None
        for one in points:
            highest = one.value if highest is None else max(highest, one.value)
            self.deepest = max(self.deepest or Decimal(0), highest - one.value)
            yield one


def thinned(points: Sequence[Point], begins: float, ends: float) -> list[Point]:
    """The same curve: of each span its first, lowest, highest and last point, in their order."""
    if len(points) <= 2 * SPANS:
        return list(points)
    spans: dict[int, list[Point]] = {}
    for one in points:
        spans.setdefault(int((one.at - begins) / max(ends - begins, 1) * SPANS), []).append(one)
    return [one for span in spans.values() for one in _told(span)]


def _told(span: list[Point]) -> list[Point]:
    places = range(len(span))
    low = min(places, key=lambda place: span[place].value)
    high = max(places, key=lambda place: span[place].value)
    return [span[place] for place in sorted({0, low, high, len(span) - 1})]


def seconds(at: str) -> float:
    """Of a day or a time of the server's clock; the end of its day where `~` stands behind it."""
    if at.endswith("~"):
        return seconds(at[:-1]) + 86_399
    return datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
