"""`oms log market`: market data as they were merged, or as they were received."""

import json as json_text
from itertools import islice
from typing import Any, Final, NamedTuple

from oms.cli.log.lines import Lines
from oms.cli.log.places import Place, reading
from oms.cli.printing import console, plain, put_line
from oms.domain.events import data_of, type_of
from oms.eventlog.envelope import rfc3339
from oms.eventlog.market_reader import Pushed, read_market
from oms.ingest.market_replay import LATEST, Retold, replayed

ACCOUNT: Final = 12  # letters of an account that has no journal here


class Wanted(NamedTuple):
    """What of it; None = all."""

    account: str | None = None
    kind: str | None = None  # of the pushes
    symbol: str | None = None
    since: int | None = None  # received at or after, nanoseconds of UTC
    before: int | None = None


def events(place: Place, wanted: Wanted, *, limit: int | None, json: bool) -> None:
    """Events, merged, one a line; raises Failure."""
    found = replayed(
        place.market,
        since=wanted.since or 0,
        before=LATEST if wanted.before is None else wanted.before,
        account=wanted.account,
    )
    chosen = (
        one
        for one in found
        if wanted.kind in (None, one.push.kind) and wanted.symbol in (None, one.event.symbol)
    )
    width = 0 if wanted.account else max(map(len, place.accounts()), default=ACCOUNT)
    lines = Lines(width)
    with reading():
        for number, one in enumerate(islice(chosen, limit)):
            if not number and not json:
                put_line(lines.head("received (UTC)"))
            put_line(_event_json(one) if json else _event_line(lines, one))


def _event_json(one: Retold) -> str:
    told = {
        "account": one.push.account,
        "data": data_of(one.event),
        "received_at": rfc3339(one.push.received_at),
        "seq": one.push.seq,
        "type": type_of(one.event),
    }
    return _compact(told)


def _event_line(lines: Lines, one: Retold) -> str:
    push = one.push
    at = rfc3339(push.received_at)
    return lines.line(push.account, push.seq, at, type_of(one.event), data_of(one.event))


def pushes(place: Place, wanted: Wanted, *, limit: int | None, json: bool) -> None:
    """Pushes with their rows as they were received, one a line; raises Failure."""
    terminal = console()
    width = terminal.width if terminal.is_terminal else None
    found = read_market(
        place.market,
        since=wanted.since or 0,
        before=LATEST if wanted.before is None else wanted.before,
        account=wanted.account,
        kind=wanted.kind,
    )
    with reading():
        for push in islice(found, limit):
            put_line(_push_json(push) if json else _push_line(push, width))


def _push_json(push: Pushed) -> str:
    told = {
        "seq": push.seq,
        "received_at": rfc3339(push.received_at),
        "account": push.account,
        "kind": push.kind,
        "rows": [[_number(value) for value in row] for row in push.rows()],
    }
    return _compact(told)


def _compact(told: dict[str, Any]) -> str:
    return json_text.dumps(told, ensure_ascii=False, separators=(",", ":"), default=bytes.hex)


def _number(value: Any) -> Any:
    """JSON has no number that is none."""
    return None if isinstance(value, float) and value - value != 0 else value


def _push_line(push: Pushed, width: int | None) -> str:
    rows = push.rows()
    head = f"{push.seq:>9}  {rfc3339(push.received_at)}  {push.account:<12}  {push.kind:<10}"
    told = plain(f"{head}  {len(rows):>4}  {rows}")
    return told if width is None or len(told) <= width else told[: width - 1] + "…"
