"""The daemon of one account, as a process that can die: at any commit, at any byte sent, at any time.

To die is to leave nothing but the disk as it is at that moment: what this process would still do happens to
files that nobody looks at again, over a connection that is gone.
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import trio

from oms.daemon.trading import margined
from oms.dispatch.desk import Desk
from oms.dispatch.intake import Intake
from oms.dispatch.operators import Operators
from oms.dispatch.options import Options as DeskOptions
from oms.domain.decide import Policy
from oms.eventlog.journal import Journal
from oms.ingest.account import Account
from oms.ingest.conversation import Options
from oms.ingest.market import Pump
from oms.projections import Books
from oms.recorder import Recorder
from oms.replay import opened_books, rebuilt, save_snapshot
from oms.sessions.login import Credentials

from .wire import Network

NAME = "main"
FILES = (f"{NAME}.db", f"{NAME}.db-wal")


class Doom:
    """When a process dies: at its n-th commit, or that many sends behind it, with so much of that sent."""

    def __init__(self, commits: int, sends: int, share: float) -> None:
        self._commits, self._sends, self._share = commits, sends, share

    def committed(self) -> bool:
        """One more; whether it is the last thing done."""
        self._commits -= 1
        return self._commits == 0 and self._sends == 0

    def share_of_next(self) -> float | None:
        """How much of a send leaves before the end; None where it is not the last."""
        if self._commits > 0 or self._sends == 0:
            return None
        self._sends -= 1
        return self._share if self._sends == 0 else None


class Nobody:
    """Who publishes market data to nobody."""

    def write(self, messages: list[tuple[str, bytes]], received: Any) -> None:
        """No message."""

    def publish(self, messages: list[tuple[str, bytes]], *, logged: bool) -> None:
        """Nothing."""

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()


async def _at_once() -> None:
    """The journal counts as published."""


class Process:
    """One run of the daemon."""

    def __init__(
        self,
        folder: Path,
        heir: Path,
        network: Network,
        login: int,
        symbols: tuple[str, ...],
        clock: Callable[[], int],
        chance: Random,
        doom: Doom | None,
    ) -> None:
        """`folder` holds the journal; `heir` will, after a death."""
        self.folder, self.dead, self._dying = folder, False, False
        self.told: list[tuple[str, str]] = []
        self._heir, self._network, self._doom = heir, network, doom
        self._clock, self._chance = clock, chance
        self.over = trio.Event()
        self._scope = trio.CancelScope()
        self._options = Options("ws://venue/terminal", Credentials(login, "paper"), symbols=symbols)

    @property
    def books(self) -> Books:
        return self.recorder.books

    async def run(self, task_status: trio.TaskStatus["Process"] = trio.TASK_STATUS_IGNORED) -> None:
        """Until it dies or is stopped; the desk is open when it has started."""
        self.journal = journal = Journal.open(
            self.folder,
            NAME,
            clock=self._clock,
            random=self._chance.randbytes,
            kind="inline",
            checkpoints_apart=False,
            ballast_bytes=0,
        )
        try:
            self.recorder = Recorder(journal, self._opened(), self._rebuilt, took=self._took)
            with self._scope:
                await self._live(task_status)
        finally:
            journal.close()
            self.over.set()

    async def _live(self, task_status: trio.TaskStatus["Process"]) -> None:
        """As oms.daemon puts it together, commands behind sessions."""
        pump = Pump(None, Nobody())
        self.account = account = Account(
            self._options,
            self.recorder,
            pump,
            self._clock,
            published=_at_once,
            told=self._hear,
            open_stream=self._network.opener(self),
            chance=self._chance,
        )
        async with trio.open_nursery() as outer:
            self.nursery = outer
            self.desk = Desk(
                account,
                DeskOptions(policy=Policy(quote_age_s=3600)),
                self._clock,
                outer,
                margined=partial(margined, account),
                told=self._hear,
                chance=self._chance,
            )
            await self.desk.open()
            self.intake = Intake(self.desk, require_client_subject=False, dead=_unread)
            self.operators = Operators(NAME, [self.desk], outer, alone=True, switches={})
            task_status.started(self)
            async with trio.open_nursery() as sessions:
                sessions.start_soon(pump.run)
                await account.run()
                sessions.cancel_scope.cancel()
            outer.cancel_scope.cancel()

    def _opened(self) -> Books:
        """From a snapshot, half of the time."""
        if self._chance.random() < 0.5:
            save_snapshot(self.folder, NAME, self._rebuilt(), self.journal.seq)
        found = opened_books(self.folder, NAME)
        assert not found.ignored, found.ignored
        return found.books

    def _rebuilt(self) -> Books:
        return rebuilt(self.journal.path).books

    def _hear(self, what: str, detail: str) -> None:
        self.told.append((what, detail))

    def stop(self) -> None:
        """End it as SIGTERM does, what is in flight not waited for."""
        self._scope.cancel()

    def die(self) -> None:
        """Nothing that it does from now on is seen by anybody."""
        if not self.dead:
            self.dead = True
            self._heir.mkdir()
            for name in FILES:
                if (self.folder / name).exists():
                    shutil.copy(self.folder / name, self._heir / name)
            self._network.cut()
            self._scope.cancel()

    def _took(self, events: int, seconds: float) -> None:
        if self._doom is not None and self._doom.committed():
            self.die()

    def leaving(self, size: int) -> int:
        """As the wire asks: whoever is dead sends nothing."""
        if self.dead:
            return 0
        share = self._doom.share_of_next() if self._doom is not None else None
        self._dying = share is not None
        return size if share is None else round(size * share)

    def left(self) -> None:
        """As the wire tells."""
        if self._dying:
            self.die()


async def _unread(*letter: object) -> None:
    raise AssertionError(f"what a client of ours sends can be read: {letter}")
