"""`oms log stats`: how much there is of what, and when it came."""

from typing import Any, Final

from rich.text import Text

from oms.cli.log.info import segments_in
from oms.cli.log.places import Place, reading
from oms.cli.printing import Column, console, print_json, put_table, table
from oms.domain.times import utc_ns
from oms.eventlog.statistics import Statistics, counted

NS: Final = 1_000_000_000
TYPES: Final = (
    Column("type"), Column("events", number=True), Column("bytes", number=True),
    Column("each", number=True), Column(""),
)  # fmt: skip
MARKET: Final = (
    Column("market log"), Column("pushes", number=True), Column("bytes", number=True),
    Column("each", number=True), Column("a second", number=True), Column(""),
)  # fmt: skip
BAR: Final = 30  # letters of the longest
EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
HEIGHTS: Final = " ▁▂▃▄▅▆▇█"

Told = dict[str, Any]


def stats(place: Place, account: str | None, span: tuple[int | None, int | None], *, json: bool) -> None:
    """Show it; Failure."""
    with reading():
        found = {name: counted(place.journal(name), *span) for name in place.chosen(account)}
    market = [] if account or span != (None, None) else [_rated(one) for one in segments_in(place.market)]
    if json:
        print_json({"accounts": [_told(name, one) for name, one in found.items()], "market": market})
        return
    out = console()
    for name, one in found.items():
        _print(name, one)
        out.print()
    if market:
        most = max((one.get("bytes", 0) for one in market), default=0)
        put_table(out, table(MARKET, ([*_market_row(one), bar(one["bytes"], most)] for one in market)))


def bar(value: float, most: float, width: int = BAR) -> str:
    """A bar of plain characters, `width` of them where the value is the greatest."""
    eighths = round(8 * width * value / most) if most else 0
    whole, rest = divmod(max(eighths, 1 if value else 0), 8)
    return EIGHTHS[8] * whole + (EIGHTHS[rest] if rest else "")


def plot(values: list[int]) -> str:
    """A letter for each value, the higher the more; something is never shown as nothing."""
    most = max(values, default=0)
    return "".join(HEIGHTS[-(-8 * value // most)] if value else " " for value in values)


def _print(name: str, one: Statistics) -> None:
    out = console()
    out.print(Text(name, style="bold"))
    if not one.events or one.first_at is None or one.last_at is None:
        out.print("no events")
        return
    out.print(
        f"{one.events} events, {one.bytes} bytes, {one.first_at[:19]}Z to {one.last_at[:19]}Z; "
        f"{_rate(one):.3g} a second, at most {one.busiest} in one ({one.busiest_at})"
    )
    out.print(f"|{plot(one.spans)}|  {max(one.spans)} in {one.span_s:.4g} s at most")
    out.print()
    most = one.types[0].events
    rows = (
        [kind.type, kind.events, kind.bytes, round(kind.bytes / kind.events), bar(kind.events, most)]
        for kind in one.types
    )
    put_table(out, table(TYPES, rows))


def _told(name: str, one: Statistics) -> Told:
    types = [kind._asdict() for kind in one.types]
    return {"account": name} | one._asdict() | {"types": types, "rate": _rate(one)}


def _rate(one: Statistics) -> float:
    """Events a second from the first to the last."""
    return _a_second(one.events, one.first_at, one.last_at)


def _a_second(count: int, first: str | None, last: str | None) -> float:
    if first is None or last is None:
        return 0.0
    return count / max(1.0, (utc_ns(last) - utc_ns(first)) / NS)


def _rated(segment: Told) -> Told:
    return segment | {"rate": _a_second(segment.get("pushes", 0), segment.get("first"), segment.get("last"))}


def _market_row(one: Told) -> list[object]:
    pushes = one.get("pushes", 0)
    each = round(one["bytes"] / pushes) if pushes else ""
    return [one["segment"], pushes, one["bytes"], each, f"{one['rate']:.3g}"]
