"""Looking again and again, and showing it: on the screen, or as JSON lines."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import trio
from rich.live import Live

from oms.bus.bridge import Bridge
from oms.cli.asking import Where, asking, chosen
from oms.cli.ending import Failure
from oms.cli.printing import console, print_json
from oms.cli.watch.looking import Look, look
from oms.cli.watch.screen import screen
from oms.eventlog.envelope import rfc3339

DISCOVER_EVERY: Final = 10  # refreshes: accounts come and go

Show = Callable[[Look, str], None]


class Watching(NamedTuple):
    """What is watched, and for how long."""

    account: str | None
    refreshes: int | None
    every_s: float
    json: bool


async def watching(place: Where, wanted: Watching) -> None:
    """Until the count is reached, or for ever.  Raises Failure, in groups, where it cannot begin."""
    async with asking(place.options) as bridge:
        accounts = await chosen(bridge, place.prefix, wanted.account)
        with _shown(wanted) as show:
            due = trio.current_time()
            number = 0
            while True:
                number += 1
                trouble = ""
                if number % DISCOVER_EVERY == 0 and wanted.account is None:
                    accounts, trouble = await _discovered(bridge, place.prefix, accounts)
                if bridge.connected:
                    show(await look(bridge, place.prefix, accounts), trouble)
                else:
                    show({}, f"NATS is away: {bridge.trouble}")
                if number == wanted.refreshes:
                    return
                due = max(due + wanted.every_s, trio.current_time())
                await trio.sleep_until(due)


async def _discovered(bridge: Bridge, prefix: str, accounts: list[str]) -> tuple[list[str], str]:
    """The accounts there are now; the ones known, and why, where that cannot be told."""
    if not bridge.connected:
        return accounts, ""
    try:
        return await chosen(bridge, prefix, None), ""
    except Failure as why:
        return accounts, str(why)


@contextmanager
def _shown(wanted: Watching) -> Iterator[Show]:
    out = console()
    if wanted.json or not out.is_terminal:
        yield _as_json
        return
    with Live(console=out, screen=True, auto_refresh=False) as live:
        yield lambda found, trouble: live.update(screen(found, out.height, trouble), refresh=True)


def _as_json(found: Look, trouble: str) -> None:
    line = {"time": rfc3339(time.time_ns()), "accounts": found}
    print_json(line | {"error": trouble} if trouble else line)
