"""`oms log show`: events by seq, type, symbol and time."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

from oms.cli.ending import WRONG, Failure
from oms.cli.log.places import Place, reader, reading
from oms.cli.log.writing import Writer
from oms.eventlog.envelope import Recorded
from oms.eventlog.reader import Wanted


class Range(NamedTuple):
    """Of one account's events."""

    after: int = 0
    until: int | None = None  # None = to the end as it is now


def show(
    place: Place, account: str | None, span: Range, wanted: Wanted, *, limit: int | None, json: bool
) -> None:
    """The events; of several accounts by time, each in the order of its journal.  Raises Failure."""
    accounts = place.chosen(account)
    if len(accounts) > 1 and span != Range():
        told = f"--after and --until count the events of one account: say --account {' or '.join(accounts)}"
        raise Failure(WRONG, told)
    writer = Writer(accounts, json=json)
    with reading():
        journals = [reader(place, name).read(span.after, span.until, wanted) for name in accounts]
        writer.write(islice(_together(journals), limit))


def _together(journals: list[Iterator[Recorded]]) -> Iterator[Recorded]:
    if len(journals) == 1:
        return journals[0]
    return merge(*journals, key=lambda event: event.recorded_at)
