"""Dead-man's switches: who is watched has to say again and again that he is there.

Of a silent client the pending orders are canceled, as soon as that can be, until none is left or he is there
again; where the operator is silent the account only reduces from then on, or is closed in panic.  Who was
silent is not watched any more, until his next word.  A restart forgets no switch, and gives everybody his
whole time again.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, Literal

import trio

from oms.commands.identity import digest
from oms.domain.commands import Cancel, CommandRequest
from oms.domain.decide.sweeping import waits
from oms.domain.events import AliveArmed, AliveCleared, AliveMissed
from oms.eventlog.errors import FileError
from oms.ingest.standing import SILENT, panicked, silenced
from oms.projections.risk import CANCEL, CONFIG, Risk
from oms.recorder import Turn

from .desk import Desk
from .gate import Gate, reduces
from .limits import person
from .panic import Panic

OPERATOR: Final = ""  # who is watched where it is no client
LOOK_S: Final = 0.25  # between two looks at who is late
AGAIN_S: Final = 1.0  # until what could not be canceled is tried again; then twice as long, and so on
LONGEST_S: Final = 60.0
OUTCOME_S: Final = 10.0
Missed = Literal["reduce", "panic"]


class Alive:
    """The switches of one account."""

    def __init__(self, desk: Desk, missed: Missed = "reduce") -> None:
        """`missed` is what a silent operator leads to."""
        self._desk, self._missed = desk, missed
        self._heard: dict[str, float] = {}  # by Trio's clock
        self._began = trio.current_time()
        self._at_work: set[str] = set()  # clients whose orders are being canceled
        self._gate = Gate(desk.account.standing, reduces)

    async def configure(self, within: Mapping[str, Decimal | None]) -> None:
        """What the settings say of who is watched, by client, where they say something else than before.

        What somebody said since stays until then.
        """

        def work(turn: Turn) -> None:
            known = dict(turn.books.risk.watched)
            for who in {**known, **within}:
                span = within.get(who) or None
                if span != known.get(who):
                    turn.add(AliveArmed(who, span, CONFIG))

        await self._desk.recorder.write(work)

    @property
    def _risk(self) -> Risk:
        return self._desk.recorder.books.risk

    async def word(self, who: str, within: Decimal | None, by: str) -> bool:
        """He is there; False where nobody said within how long the next word has to come."""
        risk = self._risk
        span = risk.armed.get(who) if within is None else (within or None)
        if span is None and within is None:
            return False
        if span is not None:
            self._heard[who] = trio.current_time()
        if span != risk.armed.get(who) or who in risk.missed:
            await self._desk.recorder.record([AliveArmed(who, span, person(by))])
        return True

    async def run(self) -> None:
        """Look who is late, for ever; and first finish what an earlier run began."""
        for who in self._risk.clearing:
            self._desk.nursery.start_soon(self._cancel_orders, who)
        while True:
            await trio.sleep(LOOK_S)
            for who, span in self._late():
                try:
                    await self._miss(who, span)
                except FileError:  # the journal cannot be written: nothing is sent either
                    await trio.sleep(AGAIN_S)

    def _late(self) -> Iterator[tuple[str, Decimal]]:
        risk, now = self._risk, trio.current_time()
        for who, span in list(risk.armed.items()):
            if who not in risk.missed and now - self._heard.get(who, self._began) > span:
                yield who, span

    async def _miss(self, who: str, span: Decimal) -> None:
        """In such an order that a daemon that is killed in between goes on with it when it starts again."""
        desk = self._desk
        if who != OPERATOR:
            await desk.recorder.record([AliveMissed(who, span, CANCEL)])
            desk.nursery.start_soon(self._cancel_orders, who)
            return
        panics = self._missed == "panic"
        await desk.account.standing.move(change=panicked if panics else silenced, by=SILENT)
        await desk.recorder.record([AliveMissed(who, span, self._missed)])
        if panics:
            desk.nursery.start_soon(Panic(desk, by=SILENT).run)

    async def _cancel_orders(self, client: str) -> None:
        """Until none is left, nor on its way, or he is there again; what cannot be sent now is sent later."""
        if client in self._at_work:
            return
        self._at_work.add(client)
        pause = AGAIN_S
        try:
            while client in self._risk.clearing:
                await self._gate.open()
                try:
                    await self._cancel_once(client)
                except FileError:  # the journal cannot be written: nothing can be sent either
                    await trio.sleep(LONGEST_S)
                await trio.sleep(pause)
                pause = min(2 * pause, LONGEST_S)
        finally:
            self._at_work.discard(client)

    async def _cancel_once(self, client: str) -> None:
        desk = self._desk
        if client not in self._risk.clearing:
            return
        if not self._under_way(client) and not self._orders_of(client):
            await desk.recorder.record([AliveCleared(client)])
        begun = [
            desk.take(CommandRequest(verb=verb, client=SILENT, payload_hash=digest(verb)), "operator")
            for verb in map(_cancel, self._orders_of(client))
        ]
        for one in begun:
            await desk.outcome(one, OUTCOME_S, doubts=True)

    def _orders_of(self, client: str) -> list[str]:
        books = self._desk.recorder.books
        owned = ((one.order, books.commands.owner(one.order)) for one in books.orders.open() if waits(one))
        return [order for order, owner in owned if owner is not None and owner.client == client]

    def _under_way(self, client: str) -> bool:
        """Also what an earlier run left in doubt."""
        begun = (one.request.client for one in self._desk.pending.values())
        known = (one.client for one in self._desk.recorder.books.commands.open())
        return client in (*begun, *known)


def _cancel(order: str) -> Cancel:
    return Cancel(order=order)
