"""A command on its way, in a task of its own: prepared, decided on in its turn, written down, sent.

One at a time is decided on and sent, the most urgent first.  In request execution there are two decisions:
on asking for prices, then on an order at these.
"""

from collections.abc import Callable
from typing import Final

import trio

from oms.domain.decide.codes import NATS_AWAY
from oms.domain.decide.decision import Approved, Denied, Swept, Unchanged
from oms.domain.events import CommandOutcome
from oms.eventlog.errors import FileError
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.projections.commands import RECEIVED
from oms.recorder import Turn
from oms.sessions.bucket import Bucket
from oms.sessions.translate import Result

from . import codes, writing
from .codes import reason
from .flight import Flight
from .flights import Flights
from .gathering import renamed
from .in_hand import InHand
from .judging import Judge
from .line import Line, Place
from .pending import CHILD, Pending
from .preparing import lacks, prepare
from .sending import Sender

AGAIN_S: Final = 1.0  # until a full disk is tried again


class Carrier:
    """Carries the commands of one account."""

    def __init__(
        self,
        account: Account,
        in_hand: InHand,
        judge: Judge,
        sender: Sender,
        flights: Flights,
        bucket: Bucket,
        *,
        clock: Callable[[], int],
        nursery: trio.Nursery,
        told: Callable[[str, str], None],
    ) -> None:
        """Each trade request takes a token out of the bucket; commands are carried in the nursery."""
        self._account, self._recorder = account, account.recorder
        self._in_hand, self._judge, self._sender, self._flights = in_hand, judge, sender, flights
        self._bucket, self._line = bucket, Line()
        self._clock, self._nursery, self._told = clock, nursery, told

    def begin(self, new: Pending) -> None:
        """Have it in hand, and on its way; who is begun first is decided on first, among equals."""
        self._in_hand.pending[new.key] = new
        new.verb = renamed(new.request.verb, self._account)
        place = None if lacks(self._account, new.verb) else self._line.join(new.rank)
        self._nursery.start_soon(self._carry, new, place)

    async def _carry(self, pending: Pending, place: Place | None) -> None:
        try:
            if place is None:
                await prepare(self._account, pending.verb)
                place = self._line.join(pending.rank)
            async with place:
                flight = await self._decide(pending)
                if flight is not None:
                    await self._sender.send(pending, flight)
            if flight is not None and flight.asks_prices:
                await self._order_at_prices(pending, flight)
        except FileError as why:
            self._told("journal", str(why))
            known = self._recorder.books.commands.get(*pending.key) is not None or not self._recorder.sound
            if self._recorder.broken is not None or not known:
                self._in_hand.let_go(pending.refuse(codes.NOT_RECORDED))
                return
            # Its id may be taken, so it has to come to an end.
            await trio.sleep(AGAIN_S)
            self._nursery.start_soon(self._carry, pending, None)
        finally:
            if place is not None:
                place.leave()

    async def _decide(self, pending: Pending) -> Flight | None:
        """Write down what is decided; what is to be sent then, if anything."""
        token = self._bucket.try_take()
        if not token and self._may_be_sent(pending):
            await self._bucket.take()
            token = True
        reach("command.taken")
        flight: Flight | None = None
        children: list[Pending] = []

        def work(turn: Turn) -> None:
            nonlocal flight
            known = turn.books.commands.get(*pending.key)
            if pending.refusal or (known is not None and known.status != RECEIVED):
                return  # whatever brought it here twice: it is decided once
            decision = self._judge.decision(pending, turn.books)
            pending.decided = True
            if isinstance(decision, Denied) and known is None and _passes(decision, pending):
                pending.refusal = decision.reasons
                return
            writing.write_receipt(pending, turn)
            match decision:
                case Approved():
                    flight = self._sender.intend(pending, decision, turn)
                    reach("intent.proposed")
                case Denied():
                    turn.add(writing.denial(pending, decision, turn.books))
                case Unchanged():
                    turn.add(writing.unchanged(pending, decision, turn.books))
                case Swept():
                    children.extend(self._write_sweep(pending, decision, turn))

        await self._recorder.write(work, cause=pending.command, trace=pending.request.trace, at_once=True)
        if token and flight is None:
            self._bucket.give_back()
        if pending.refusal:
            self._in_hand.let_go(pending)
        if children:
            reach("sweep.recorded")
        for child in children:
            self.begin(child)
        if flight is not None:
            reach("intent.recorded")
        return flight

    def _may_be_sent(self, pending: Pending) -> bool:
        """Whether it is worth waiting for a token: what is denied needs none."""
        return isinstance(self._judge.decision(pending, self._recorder.books), Approved)

    def _write_sweep(self, pending: Pending, swept: Swept, turn: Turn) -> list[Pending]:
        """The receipts of its children; without any it is done."""
        children = writing.children_of(pending, swept, self._clock())
        for child in children:
            writing.write_receipt(child, turn)
        if not children:
            turn.add(CommandOutcome(pending.command, pending.request.client, "done", True))
        return children

    # Request execution.

    async def _order_at_prices(self, pending: Pending, flight: Flight) -> None:
        """Wait for the prices, decide on them, send the order."""
        prices = await self._flights.prices(flight)
        if prices is not None:
            reach("prices.known")
            async with self._line.join(CHILD):
                await self._bucket.take()
                try:
                    ordered = await self._decide_on_prices(pending, flight, prices)
                except FileError as why:
                    self._told("journal", str(why))
                    await self._flights.give_up_prices(flight)
                    return
                if ordered is not None:
                    reach("prices.recorded")
                    await self._sender.send(pending, ordered)

    async def _decide_on_prices(self, pending: Pending, flight: Flight, prices: Result) -> Flight | None:
        """The question is over with this, whatever is decided; prices that are too old are none."""
        ordered: Flight | None = None

        def work(turn: Turn) -> None:
            nonlocal ordered
            if flight.over.is_set():
                return
            decision = self._judge.on_prices(pending, flight, prices, turn.books)
            if decision is None:
                client, command = pending.key
                message = "the prices are too old, or another session's"
                turn.add(writing.rejected(command, client, reason(codes.NO_PRICES, message)))
            elif isinstance(decision, Denied):
                turn.add(writing.denial(pending, decision, turn.books))
            else:
                ordered = self._sender.intend(pending, decision, turn)

        await self._recorder.write(work, cause=pending.command, trace=pending.request.trace)
        self._flights.drop(flight)
        return ordered


def _passes(denied: Denied, pending: Pending) -> bool:
    """Whether it may be tried again, its id not used up; a durable command also waits for NATS to be back."""
    only_away = {one.code for one in denied.reasons} == {NATS_AWAY}
    return denied.passing or (only_away and pending.channel == "queue")
