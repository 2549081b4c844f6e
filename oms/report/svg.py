"""A curve as SVG within a page: no script, no image, drawn in the colours of the page."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from oms.html_page import text

from .curve import Curve, Point

WIDTH, HEIGHT = 1000, 300
LEFT, BELOW, ABOVE = 90, 24, 10  # room for what is written
LINES: Final = 4  # across
STYLE: Final = """
svg.curve { width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg.curve text { fill: currentColor; opacity: .7 } svg.curve .grid { stroke: currentColor; opacity: .15 }
.money { fill: none; stroke: #607080; stroke-width: 1.5 }
.equity { fill: none; stroke: #2762a8; stroke-width: 1.5 } .other { color: #a83232 }
"""


def drawn(curve: Curve) -> list[str]:
    """The drawing, and in words what it shows."""
    plane = _Plane(curve)
    money = " ".join(plane.steps(curve.money))
    equity = " ".join(plane.at(one) for one in curve.equity)
    parts = [
        *plane.grid(),
        f'<polyline class="money" points="{money}"/>',
        *([f'<polyline class="equity" points="{equity}"/>'] if equity else []),
    ]
    return [
        f'<svg class="curve" role="img" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>',
        f"<p>{text(_words(curve))}</p>",
    ]


def _words(curve: Curve) -> str:
    said = "Grey: balance and credit, as booked. "
    if curve.fall is None:
        return said + "Equity was not marked in these days: a limit of losses does that."
    return (
        said + f"Blue: equity, as it was marked; at the deepest it was {curve.fall} below its highest before."
    )


class _Plane:
    """Where things stand on it."""

    def __init__(self, curve: Curve) -> None:
        values = [float(one.value) for one in (*curve.money, *curve.equity)]
        low, high = min(values), max(values)
        room = (high - low) * 0.05 or max(abs(high) * 0.01, 1.0)
        self._low, self._high = low - room, high + room
        self._begins, self._ends = curve.begins, curve.ends

    def at(self, point: Point) -> str:
        """A point, as SVG writes it."""
        return f"{self._x(point.at):.1f},{self._y(float(point.value)):.1f}"

    def steps(self, points: Iterable[Point]) -> Iterator[str]:
        """Each holds until the next, the last to the end."""
        before: Point | None = None
        for one in points:
            if before is not None:
                yield self.at(before._replace(at=one.at))
            yield self.at(one)
            before = one
        if before is not None:
            yield self.at(before._replace(at=self._ends))

    def grid(self) -> Iterator[str]:
        """Lines across with what they stand for, and the days at both ends."""
        for number in range(LINES + 1):
            value = self._low + (self._high - self._low) * number / LINES
            y = self._y(value)
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>'
        for at, x, anchor in ((self._begins, LEFT, "start"), (self._ends - 1, WIDTH, "end")):
            told = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
            yield f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{told}</text>'

    def _x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT) * (at - self._begins) / (self._ends - self._begins)

    def _y(self, value: float) -> float:
        return ABOVE + (HEIGHT - BELOW - ABOVE) * (self._high - value) / (self._high - self._low)
