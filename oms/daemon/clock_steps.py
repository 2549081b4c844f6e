"""A wall clock that is set while the daemon runs: told, and what is measured by it is moved along.

Deadlines, limits and pauses run by a clock that nobody can set.  The wall clock says when something was
recorded, and how old a quote is: a quote of an hour ago must not be new because the clock was set back.
"""

from collections.abc import Callable, Mapping
from typing import Final, Never

import trio

from oms.domain.events import AnomalySeen
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.recorder import Recorder
from oms.telemetry.logs import logger

LOOK_S: Final = 1.0
LEAST_S: Final = 0.5  # a clock that is slewed, not set, changes by less between two looks
NS: Final = 1_000_000_000

log = logger("oms.daemon")


async def mind_clock(
    clock: Callable[[], int], accounts: Mapping[str, Account], journals: Mapping[str, Recorder]
) -> Never:
    """For ever: notice where nanoseconds of UTC went on by more, or less, than time did."""
    ahead = clock() - _passed()
    while True:
        await trio.sleep(LOOK_S)
        now = clock() - _passed()
        step, ahead = now - ahead, now
        if abs(step) >= LEAST_S * NS:
            for account in accounts.values():
                account.feed.clock_stepped(step)
            await _tell(step / NS, journals)


def _passed() -> int:
    return int(trio.current_time() * NS)


async def _tell(seconds: float, journals: Mapping[str, Recorder]) -> None:
    """In every journal: what is recorded behind this has another idea of the time than what is before."""
    log.warning("clock was set", seconds=round(seconds, 3))
    told = AnomalySeen("clock_set", "utc", field="seconds", value=f"{seconds:.3f}")
    for name, recorder in journals.items():
        try:
            await recorder.record([told])
        except FileError as why:
            log.warning("clock was set, which cannot be recorded", journal=name, detail=str(why))
