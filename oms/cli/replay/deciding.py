"""`oms replay decisions`: every recorded command decided again, and what came out otherwise."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from oms.cli.ending import FAILED, OK, WRONG, Failure
from oms.cli.log.places import Place, reader, reading
from oms.cli.printing import Column, console, plain, print_json, put_line, put_table, table
from oms.cli.replay.moments import Until
from oms.decisions import Again, again, walk
from oms.decisions.with_limits import BadLimits, limits_in
from oms.domain import values
from oms.domain.events import BadEvent, UnknownEvent
from oms.eventlog.reading import events_of
from oms.past import NotRecorded, seq_at
from oms.projections import Books
from oms.projections.restraint import Read

COLUMNS: Final = (
    Column("account"), Column("seq", number=True), Column("recorded (UTC)"), Column("client"),
    Column("command"), Column("verb"), Column("then"), Column("now"), Column("what differs", cut=True),
)  # fmt: skip
MOST_SHOWN: Final = 1000


def decisions(place: Place, until: Until, limits: Path | None, *, json: bool) -> int:
    """Show what differs; FAILED where anything does that should not.  Raises Failure."""
    counts: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    rows: list[list[object]] = []
    for account in until.accounts(place):
        for one in _made(place, account, until, _limits(limits, account)):
            counts["decided"] += one.now is not None
            counts["kept"] += one.now is None and not one.missing
            counts["unknown"] += bool(one.missing)
            missing.update(one.missing)
            counts["otherwise"] += bool(one.differences)
            counts["denied"] += one.now == "denied" != one.then
            counts["passed"] += one.then == "denied" and one.now not in ("denied", None)
            if one.differences:
                if json:
                    print_json({"account": account} | _plain(one))
                elif len(rows) < MOST_SHOWN:
                    rows.append(_row(account, one))
    if json:
        print_json({"summary": dict(counts)})
    else:
        _print(rows, counts, limits)
        if missing:
            names = " and ".join(missing)
            put_line(
                f"{counts['unknown']} cannot be told: what {names} would be compared with is not in the log"
            )
    return FAILED if counts["otherwise"] and limits is None else OK


def _limits(path: Path | None, account: str) -> Read | None:
    try:
        return None if path is None else limits_in(path, account)
    except (BadLimits, OSError) as why:
        raise Failure(WRONG, f"--with: {why}") from None


def _made(place: Place, account: str, until: Until, limits: Read | None) -> Iterator[Again]:
    with reading(), closing(reader(place, account)) as journal:
        try:
            end = seq_at(journal.path, until.seq, until.time_ns)
            books = Books()
            for one in walk(events_of(journal, 0, end), books):
                yield again(one, books, limits)
        except NotRecorded as why:
            raise Failure(WRONG, f"--until: {account}: {why}") from None
        except (BadEvent, UnknownEvent) as why:
            raise Failure(FAILED, f"{account}: {why}") from None


def _plain(one: Again) -> dict[str, Any]:
    found: dict[str, Any] = values.plain(one)
    return found


def _row(account: str, one: Again) -> list[object]:
    told = "; ".join(f"{two['field']}: {two['then']} -> {two['now']}" for two in _plain(one)["differences"])
    codes = ", ".join(why.code for why in one.reasons)
    return [
        account, one.seq, one.recorded_at[:19], one.client, one.command, one.verb, one.then, one.now,
        plain(f"{told} ({codes})" if codes else told),
    ]  # fmt: skip


def _print(rows: list[list[object]], counts: Counter[str], limits: Path | None) -> None:
    out = console()
    if rows:
        put_table(out, table(COLUMNS, rows))
        out.print()
    told = f"{counts['decided']} decided again, {counts['otherwise']} otherwise"
    if limits is not None:
        told += f": {counts['denied']} would be denied, {counts['passed']} would pass"
    out.print(f"{told}; {counts['kept']} kept: no facts decided them")
