"""Panic: nothing is to be left of an account's orders and positions, and then it is halted, come what may.

A doubt about one order does not keep the others from being closed, nor does a session that is away: what
cannot be sent now is tried again until its time is over.  A daemon that ends meanwhile goes on with it when
it starts again.
"""

from collections.abc import Iterator
from typing import Final

import trio

from oms.commands.identity import digest
from oms.commands.reply import Outcome
from oms.domain.commands import CancelAll, CloseAll, CommandRequest, Verb
from oms.domain.decide.sweeping import waits
from oms.eventlog.errors import FileError
from oms.ingest.standing import HALTED, PANIC, REDUCING
from oms.projections.commands import UNKNOWN

from .desk import Desk
from .pending import Pending
from .telling import outcome_of, refusal_of

LONGEST_S: Final = 300.0
AGAIN_S: Final = 1.0


class Panic:
    """One, of one account, which is reducing already."""

    def __init__(self, desk: Desk, by: str = "", comment: str = "") -> None:
        """A person's name and words go into the event that halts the account."""
        self.over = trio.Event()
        self._desk, self._by, self._comment = desk, by, comment
        self._sweeps: list[Pending] = []

    async def run(self) -> None:
        """Both sweeps at once, orders first in the line; halted when each child has come to something.

        What was filled meanwhile, of an order that was on its way or was to be cancelled, is swept as well.
        """
        desk = self._desk
        desk.judge.panics += 1
        try:
            with trio.move_on_after(LONGEST_S):
                await self._sweep()
                while self._appeared():
                    await trio.sleep(AGAIN_S)
                    await self._sweep()
        finally:
            desk.judge.panics -= 1
        try:
            await desk.account.standing.halt(PANIC, by=self._by, comment=self._comment)
        except FileError:
            desk.nursery.start_soon(desk.flights.halt, PANIC, self._by, self._comment)
        self.over.set()

    def outcomes(self) -> tuple[Outcome, ...]:
        """Of all sweeps, as they stand."""
        return tuple(self._told(one) for one in self._sweeps)

    def left(self) -> Iterator[Outcome]:
        """Which of the last two sweeps, which were for all that was open by then, did not do it."""
        for one in self.outcomes()[-2:]:
            if one.status != "done" or any(child.status not in ("done", "filled") for child in one.children):
                yield one

    async def _sweep(self) -> None:
        async with trio.open_nursery() as nursery:
            for verb in (CancelAll(), CloseAll()):
                await self._swept(verb, nursery)
        await self._desk.settle()

    def _appeared(self) -> bool:
        """Whether something is open that no sweep was about: what one could not end is not tried for ever."""
        books = self._desk.recorder.books
        tried = {
            ticket
            for sweep in self._sweeps
            for name in books.commands.course(sweep.key).children
            if (child := books.commands.get(PANIC, name)) is not None
            for ticket in (("cancel", child.order), ("close", child.position))
        }
        opened = {("cancel", order.order) for order in books.orders.open() if waits(order)}
        return not tried >= opened | {("close", position.position) for position in books.positions}

    async def _swept(self, verb: Verb, nursery: trio.Nursery) -> None:
        """Begun for sure, once it can be; its children are waited for beside the other sweep's."""
        while True:
            pending = self._desk.take(
                CommandRequest(verb=verb, client=PANIC, payload_hash=digest(verb)), "operator"
            )
            await self._desk.decided(pending)
            if not pending.refusal:
                break
            await trio.sleep(AGAIN_S)
        self._sweeps.append(pending)
        nursery.start_soon(self._ended, pending)

    async def _ended(self, pending: Pending) -> None:
        while not self._settled(pending):  # noqa: ASYNC110 - a doubt about a child wakes nobody
            await trio.sleep(0.02)

    def _settled(self, pending: Pending) -> bool:
        commands = self._desk.recorder.books.commands
        known = commands.get(*pending.key)
        if known is None or known.final:
            return known is not None
        names = commands.course(pending.key).children
        children = [commands.get(known.client, name) for name in names]
        return all(one is not None and (one.final or one.status == UNKNOWN) for one in children)

    def _told(self, pending: Pending) -> Outcome:
        desk = self._desk
        known = desk.command(pending)
        if known is None:
            return refusal_of(desk.account.name, pending, desk.recorder.seq)
        return outcome_of(desk.account.name, desk.recorder.books, known)


def interrupted(desk: Desk) -> bool:
    """Whether an earlier run ended in the middle of a panic."""
    now = desk.account.standing.restrictions
    return now.get(REDUCING) == PANIC and HALTED not in now
