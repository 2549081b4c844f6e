"""What becomes of accounts when their journals cannot be written (docs/operations.md, "When a disk fails").

Full is the disk, not one journal: the first commit that finds no room halts every account of the data folder,
at once in memory, then in the journals, in the room that the ballast gave up.  Reading goes on, a person
resumes.  A commit that fails otherwise ends its journal, and halts its account alone.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio

from oms.eventlog.ballast import Ballast
from oms.eventlog.errors import FileError, JournalFull
from oms.ingest.account import Account
from oms.ingest.standing import HALTED
from oms.recorder import Recorder
from oms.telemetry.logs import logger

FULL: Final = "journal: the disk is full"
AGAIN_S: Final = 5.0  # until a halt that found no room, or the ballast, is tried again

log = logger("oms.daemon")


class DiskMinder:
    """Hears of every commit that failed."""

    def __init__(self, accounts: dict[str, Account], journals: dict[str, Recorder], ballast: Ballast) -> None:
        self._accounts, self._ballast = accounts, ballast
        self._full = trio.Event()
        self._halting: set[str] = set()  # accounts whose halt is not recorded yet
        self._holding = False  # room for the ballast is waited for
        for name, recorder in journals.items():
            recorder.failed = partial(self._failed, name)

    def _failed(self, name: str, why: FileError) -> None:
        """From within a turn of the recorder's: nothing may be sent from now on."""
        if isinstance(why, JournalFull):
            log.error("disk full", journal=name, detail=str(why))
            for account in self._accounts.values():
                account.standing.stop(FULL)
            self._full.set()
            return
        log.error("journal broken", journal=name, detail=str(why))
        if name in self._accounts:
            self._accounts[name].standing.stop(f"journal: {why}")

    async def run(self) -> None:
        """For ever: have the halts written, then take the room of the ballast again when there is some."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._full.wait()
                self._full = trio.Event()
                for name in self._accounts.keys() - self._halting:  # which may find the disk full again
                    self._halting.add(name)
                    nursery.start_soon(self._halt, name)
                if not self._holding:
                    self._holding = True
                    nursery.start_soon(self._hold)

    async def _halt(self, name: str) -> None:
        account = self._accounts[name]
        await recorded(account, partial(_halt_still, account))
        self._halting.remove(name)

    async def _hold(self) -> None:
        while not self._ballast.hold():  # noqa: ASYNC110 - room comes without a word
            await trio.sleep(AGAIN_S)
        self._holding = False
        log.info("ballast held again", detail="there is room: what is halted may be resumed")


async def _halt_still(account: Account) -> None:
    """Nothing where somebody has resumed it meanwhile."""
    if account.standing.restrictions.get(HALTED) == FULL:
        await account.standing.halt(FULL)


async def recorded(account: Account, change: Callable[[], Awaitable[None]]) -> None:
    """Have a change of an account's standing recorded, as soon as that can be; not if it never can."""
    while account.recorder.broken is None:
        try:
            await change()
        except FileError as why:
            log.warning("standing not recorded", account=account.name, detail=str(why))
            await trio.sleep(AGAIN_S)
        else:
            return
