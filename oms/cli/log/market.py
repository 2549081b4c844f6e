"""`oms log market`: the pushes of the market log as they were received."""

import json as json_text
import sys
from itertools import islice
from typing import Any, Final, NamedTuple

from oms.cli.log.places import Place, reading
from oms.cli.printing import console, plain
from oms.eventlog.envelope import rfc3339
from oms.eventlog.market_reader import Pushed, read_market

LATEST: Final = 2**63 - 1


class Wanted(NamedTuple):
    """Which pushes; None = all."""

    account: str | None = None
    kind: str | None = None
    since: int | None = None  # received at or after, nanoseconds of UTC
    before: int | None = None


def market(place: Place, wanted: Wanted, *, limit: int | None, json: bool) -> None:
    """The pushes; raises Failure."""
    terminal = console()
    width = terminal.width if terminal.is_terminal else None
    with reading():
        found = read_market(
            place.market,
            since=wanted.since or 0,
            before=LATEST if wanted.before is None else wanted.before,
            account=wanted.account,
            kind=wanted.kind,
        )
        for push in islice(found, limit):
            line = _json(push) if json else _line(push, width)
            sys.stdout.buffer.write(line.encode(sys.stdout.encoding, "backslashreplace") + b"\n")


def _json(push: Pushed) -> str:
    told = {
        "seq": push.seq,
        "received_at": rfc3339(push.received_at),
        "account": push.account,
        "kind": push.kind,
        "rows": [[_number(value) for value in row] for row in push.rows()],
    }
    return json_text.dumps(told, ensure_ascii=False, separators=(",", ":"), default=bytes.hex)


def _number(value: Any) -> Any:
    """JSON has no number that is none."""
    return None if isinstance(value, float) and value - value != 0 else value


def _line(push: Pushed, width: int | None) -> str:
    rows = push.rows()
    head = f"{push.seq:>9}  {rfc3339(push.received_at)}  {push.account:<12}  {push.kind:<10}"
    told = plain(f"{head}  {len(rows):>4}  {rows}")
    return told if width is None or len(told) <= width else told[: width - 1] + "…"
