"""What watches over risk beside the commands: marks, dead-man's switches, the file that halts."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import trio

from oms.config import RiskSettings, Settings
from oms.dispatch.alive import OPERATOR, Alive
from oms.dispatch.desk import Desk
from oms.dispatch.limits import adopt, of_config
from oms.dispatch.marks import Marks
from oms.eventlog.errors import FileError
from oms.ingest.standing import HALTED
from oms.telemetry.logs import logger

from .warning import warning_of

HALT_FILE: Final = "HALT"
FILE: Final = "halt file"  # why an account is halted by it
LOOK_S: Final = 1.0

log = logger("oms.daemon")


class Guard:
    """Of one account."""

    def __init__(self, desk: Desk, risk: RiskSettings, clock: Callable[[], int]) -> None:
        """`clock` gives nanoseconds of UTC."""
        self._desk, self._risk = desk, risk
        self.alive = Alive(desk, risk.alive_missed)
        self.marks = Marks(desk.account, clock, warning_of(desk.account.name), risk.breach_until)

    async def open(self) -> None:
        """The limits and switches of the settings, before the account's first session."""
        risk = self._risk
        wanted = of_config(risk, risk.clients)
        await self._desk.recorder.write(lambda turn: adopt(wanted, turn))
        within = {name: one.alive_within for name, one in risk.clients.items()}
        await self.alive.configure({OPERATOR: risk.alive_within, **within})

    async def run(self) -> None:
        """Watch, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.alive.run)
            nursery.start_soon(self.marks.run)


def halt_file(settings: Settings) -> Path:
    """The file that halts all accounts while it is there."""
    return settings.data.halt_file or settings.data.dir / HALT_FILE


def halting(path: Path) -> str:
    """Why the file halts, "" where it is not there; one that cannot be looked for counts as there."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return ""
    except OSError as why:
        return f"{path} cannot be looked for: {why.strerror}"
    return f"{path} is there"


async def mind_file(path: Path, desks: Sequence[Desk]) -> None:
    """Halt whenever the file is there, for ever: who resumes has to take it away first."""
    while True:
        await trio.sleep(LOOK_S)
        await look_for(path, desks)


async def look_for(path: Path, desks: Sequence[Desk]) -> None:
    """Halt what is not halted yet, if the file is there."""
    if not (there := halting(path)):
        return
    trading = [one for one in desks if HALTED not in one.account.standing.restrictions]
    if trading:
        log.warning("halting every account", detail=there)
        await halt_all(trading, FILE)


async def halt_all(desks: Sequence[Desk], reason: str) -> None:
    """All are halted from now on; one whose journal cannot be written is recorded as soon as it can be."""
    for desk in desks:  # first, for the journal of one may be slow
        desk.account.standing.stop(reason)
    for desk in desks:
        try:
            await desk.account.standing.halt(reason)
        except FileError as why:
            log.warning("halted, which cannot be recorded", account=desk.account.name, detail=str(why))
            desk.nursery.start_soon(desk.flights.halt, reason)
