"""`oms log tail`: the last events, then those that come, until Ctrl-C."""

from typing import Final

import trio

from oms.cli.log.places import Place, reader, reading
from oms.cli.log.writing import Writer
from oms.eventlog.envelope import Recorded
from oms.eventlog.reader import ALL, SPAN, Reader, Wanted

LOOK_S: Final = 1.0  # for journals that are new


def latest(journal: Reader, wanted: Wanted, count: int, end: int) -> list[Recorded]:
    """The last `count` of what is wanted, up to `end`."""
    if wanted == ALL:
        return list(journal.read(max(0, end - count), end)) if count else []
    found: list[Recorded] = []
    while end > 0 and len(found) < count:
        begin = max(0, end - SPAN)
        found = [*list(journal.read(begin, end, wanted))[-(count - len(found)) :], *found]
        end = begin
    return found


async def tail(place: Place, account: str | None, wanted: Wanted, count: int, *, json: bool) -> None:
    """For ever; raises Failure."""
    accounts = place.chosen(account)
    writer = Writer(accounts if account is not None else [*accounts, "_daemon"], json=json)
    with reading():
        journals = {name: reader(place, name) for name in accounts}
        ends = {name: journal.last() for name, journal in journals.items()}
        last = [
            event
            for name, journal in journals.items()
            for event in latest(journal, wanted, count, ends[name])
        ]
        last.sort(key=lambda event: event.recorded_at)
        writer.write(last[max(0, len(last) - count) :])
        writer.flush()
        async with trio.open_nursery() as nursery:
            for name, journal in journals.items():
                nursery.start_soon(_follow, journal, ends[name], wanted, writer)
            while account is None:
                await trio.sleep(LOOK_S)
                for name in set(place.accounts()) - journals.keys():
                    journals[name] = reader(place, name)
                    nursery.start_soon(_follow, journals[name], 0, wanted, writer)


async def _follow(journal: Reader, after: int, wanted: Wanted, writer: Writer) -> None:
    async for events in journal.follow(after, wanted):
        writer.write(events)
        writer.flush()
