"""`oms log info`: what is in a data folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from oms.cli.ending import FAILED, OK
from oms.cli.log.places import Place
from oms.cli.printing import BAD, GOOD, POOR, Column, console, print_json, put_table, table
from oms.eventlog.envelope import Recorded, rfc3339
from oms.eventlog.errors import LogError
from oms.eventlog.inspection import look_at_journal, look_at_segment
from oms.eventlog.retention import places, size
from oms.eventlog.wal import log_path

JOURNALS: Final = (
    Column("account"), Column("events", number=True), Column("first"), Column("last"), Column("epoch"),
    Column("head", cut=True), Column("bytes", number=True), Column("state"),
)  # fmt: skip
SEGMENTS: Final = (
    Column("market log"), Column("pushes", number=True), Column("first"), Column("last"),
    Column("bytes", number=True), Column("state"),
)  # fmt: skip
STATES: Final = {"closed": GOOD, "open": GOOD, "not closed": POOR, "damaged": BAD}


def info(place: Place, account: str | None, *, json: bool) -> int:
    """Show it; the exit code, FAILED where a file cannot be read.  Raises Failure."""
    journals = [_journal(place, name) for name in place.chosen(account)]
    segments = [] if account else list(segments_in(place.market))
    told = {"data": str(place.data), "accounts": journals, "market": segments}
    print_json(told) if json else _print(told)
    return FAILED if any("trouble" in one for one in (*journals, *segments)) else OK


def _journal(place: Place, account: str) -> dict[str, Any]:
    path = place.journal(account)
    told: dict[str, Any] = {"account": account, "file": str(path), "bytes": _size(path)}
    try:
        look = look_at_journal(path)
    except LogError as why:
        return {**told, "state": "damaged", "trouble": str(why)}
    writer = place.writer(account)
    state = "open" if writer else "closed" if look.closed else "not closed"
    return {
        **told,
        "events": look.last.seq if look.last else 0,
        "first": _end(look.first),
        "last": _end(look.last),
        "epoch": look.first.envelope().data.get("epoch") if look.first else None,
        "head": look.last.hash.hex() if look.last else None,
        "format": look.format,
        "state": state,
        "writer": writer.pid if writer else None,
    }


def _end(event: Recorded | None) -> dict[str, Any] | None:
    return event and {"seq": event.seq, "recorded_at": event.recorded_at}


def segments_in(folder: Path) -> Iterable[dict[str, Any]]:
    """What is known of each file of the market log; one that is damaged has its `trouble`."""
    for segment in places(folder):
        path = segment.path(folder)
        told: dict[str, Any] = {"segment": path.name, "bytes": size(folder, segment)}
        try:
            look = look_at_segment(path)
        except LogError as why:
            if path.exists():  # else it was just deleted: it was the oldest
                yield {**told, "state": "damaged", "trouble": str(why)}
            continue
        yield {
            **told,
            "pushes": look.rows,
            "first": None if look.first_at is None else rfc3339(look.first_at),
            "last": None if look.last_at is None else rfc3339(look.last_at),
            "state": "damaged" if not look.whole else "open" if _unfolded(path) else "closed",
        }


def _unfolded(path: Path) -> bool:
    """Whether its write-ahead log holds anything: it is written now, or its writer was killed."""
    log = log_path(path)
    return log.exists() and log.stat().st_size > 0


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, log_path(path)) if one.exists())


def _print(told: dict[str, Any]) -> None:
    out = console()
    journals, segments = told["accounts"], told["market"]
    if not journals and not segments:
        out.print(f"{told['data']}: nothing is logged here yet")
    if journals:
        put_table(out, table(JOURNALS, map(_journal_row, journals)))
    if segments:
        out.print()
        put_table(out, table(SEGMENTS, map(_segment_row, segments)))
    for one in (*journals, *segments):
        if "trouble" in one:
            out.print(Text(one["trouble"], style=BAD))


def _journal_row(one: dict[str, Any]) -> list[object]:
    first, last = (one.get(end) or {"recorded_at": ""} for end in ("first", "last"))
    state = f"open (process {one['writer']})" if one.get("writer") else one["state"]
    return [
        one["account"], one.get("events"), first["recorded_at"][:19], last["recorded_at"][:19],
        (one.get("epoch") or "")[:8], (one.get("head") or "")[:16], one["bytes"],
        Text(state, style=STATES[one["state"]]),
    ]  # fmt: skip


def _segment_row(one: dict[str, Any]) -> list[object]:
    return [
        one["segment"], one.get("pushes"), (one.get("first") or "")[:19], (one.get("last") or "")[:19],
        one["bytes"], Text(one["state"], style=STATES[one["state"]]),
    ]  # fmt: skip
