"""Dead-man's switches: who is watched has to say again and again that he is there.

Of a silent client the pending orders are canceled; where the operator is silent the account only reduces from
then on, or is closed in panic.  Who was silent is not watched any more, until his next word.  A restart
forgets no switch, and gives everybody his whole time again.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, Literal

import trio

from oms.commands.identity import digest
from oms.domain.commands import Cancel, CommandRequest
from oms.domain.decide.sweeping import waits
from oms.domain.events import AliveArmed, AliveMissed
from oms.eventlog.errors import FileError
from oms.ingest.standing import SILENT, panicked, silenced
from oms.projections.risk import CONFIG
from oms.recorder import Turn

from .desk import Desk
from .panic import Panic

OPERATOR: Final = ""  # who is watched where it is no client
LOOK_S: Final = 0.25  # between two looks at who is late
CANCEL_S: Final = 60.0  # for which a silent client's orders are tried to be canceled
AGAIN_S: Final = 1.0
OUTCOME_S: Final = 10.0
Missed = Literal["reduce", "panic"]


class Alive:
    """The switches of one account."""

    def __init__(self, desk: Desk, missed: Missed = "reduce") -> None:
        """`missed` is what a silent operator leads to."""
        self._desk, self._missed = desk, missed
        self._heard: dict[str, float] = {}  # by Trio's clock
        self._began = trio.current_time()

    async def configure(self, within: Mapping[str, Decimal | None]) -> None:
        """What the settings say of who is watched, by client; what somebody said since stays."""

        def work(turn: Turn) -> None:
            for who, span in within.items():
                if span and who not in turn.books.risk.armed:
                    turn.add(AliveArmed(who, span, CONFIG))

        await self._desk.recorder.write(work)

    async def word(self, who: str, within: Decimal | None, by: str) -> bool:
        """He is there; False where nobody said within how long the next word has to come."""
        risk = self._desk.recorder.books.risk
        span = risk.armed.get(who) if within is None else (within or None)
        if span is None and within is None:
            return False
        self._heard[who] = trio.current_time()
        if span != risk.armed.get(who) or who in risk.missed:
            await self._desk.recorder.record([AliveArmed(who, span, by)])
        return True

    async def run(self) -> None:
        """Look who is late, for ever; and first finish what an earlier run began."""
        for who in self._desk.recorder.books.risk.missed:
            if who != OPERATOR:
                self._desk.nursery.start_soon(self._cancel_orders, who)
        while True:
            await trio.sleep(LOOK_S)
            for who, span in self._late():
                try:
                    await self._miss(who, span)
                except FileError:  # the journal cannot be written: nothing is sent either
                    await trio.sleep(AGAIN_S)

    def _late(self) -> Iterator[tuple[str, Decimal]]:
        risk, now = self._desk.recorder.books.risk, trio.current_time()
        for who, span in list(risk.armed.items()):
            if who not in risk.missed and now - self._heard.get(who, self._began) > span:
                yield who, span

    async def _miss(self, who: str, span: Decimal) -> None:
        """In such an order that a daemon that is killed in between goes on with it when it starts again."""
        desk = self._desk
        if who != OPERATOR:
            await desk.recorder.record([AliveMissed(who, span, "cancel")])
            desk.nursery.start_soon(self._cancel_orders, who)
            return
        panics = self._missed == "panic"
        await desk.account.standing.move(change=panicked if panics else silenced, by=SILENT)
        await desk.recorder.record([AliveMissed(who, span, self._missed)])
        if panics:
            desk.nursery.start_soon(Panic(desk, by=SILENT).run)

    async def _cancel_orders(self, client: str) -> None:
        """Until none is left, nor on its way."""
        desk = self._desk
        with trio.move_on_after(CANCEL_S):
            while self._under_way(client) or self._orders_of(client):
                begun = [
                    desk.take(CommandRequest(verb=verb, client=SILENT, payload_hash=digest(verb)), "operator")
                    for verb in map(_cancel, self._orders_of(client))
                ]
                for one in begun:
                    await desk.outcome(one, OUTCOME_S, doubts=True)
                await trio.sleep(AGAIN_S)

    def _orders_of(self, client: str) -> list[str]:
        books = self._desk.recorder.books
        owned = ((one.order, books.commands.owner(one.order)) for one in books.orders.open() if waits(one))
        return [order for order, owner in owned if owner is not None and owner.client == client]

    def _under_way(self, client: str) -> bool:
        return any(one.request.client == client for one in self._desk.pending.values())


def _cancel(order: str) -> Cancel:
    return Cancel(order=order)
