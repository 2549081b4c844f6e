"""What was approved becomes an intent: with its number and its marker written down, then sent once."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from oms.domain.decide.decision import Approved
from oms.domain.events.command import Reason
from oms.ingest.account import Account
from oms.recorder import Turn
from oms.sessions.translate import trade_request

from . import codes, writing
from .codes import reason
from .flight import Flight
from .flights import Flights
from .judging import Judge
from .pending import Pending
from .publishing import Publishing

FIRST_ACTION: Final = (2**20, 2**31 - 1)  # where an account's numbers begin, by chance (docs/semantics.md 0)
LAST_ACTION: Final = 2**32 - 1


class Sender:
    """Sends for one account."""

    def __init__(
        self,
        account: Account,
        flights: Flights,
        judge: Judge,
        told: Callable[[str, str], None],
        *,
        marking: bool,
        publishing: Publishing | None,
        chance: random.Random,
    ) -> None:
        """`marking`: orders carry their command's mark; `publishing` where intents wait for their stream."""
        self._account, self._flights, self._judge, self._told = account, flights, judge, told
        self._marking, self._publishing, self._chance = marking, publishing, chance

    def intend(self, pending: Pending, approved: Approved, turn: Turn) -> Flight | None:
        """Write down the intent with its number and its marker; not where the venue knows the marker already,
        which is a doubt.
        """
        connection, commands = self._account.connection, turn.books.commands
        assert connection is not None  # noqa: S101 - nothing is approved without a session
        intent, marker = writing.commented(
            approved.intent, self._account.name, pending, marking=self._marking
        )
        if marker and commands.seen(marker) is not None:
            self._flights.doubt(pending.key, "known_marker", intent.symbol, turn)
            return None
        number = commands.last_action + 1
        if not FIRST_ACTION[0] < number <= LAST_ACTION:
            number = self._chance.randint(*FIRST_ACTION)
        event = writing.sending(intent, pending, number, marker, turn.books)
        turn.add(replace(event, quote=approved.quote, margin=approved.margin, risk=approved.risk))
        request = trade_request(intent, number)
        return Flight(pending.key, replace(approved, intent=intent), request, marker, connection)

    async def send(self, pending: Pending, flight: Flight) -> None:
        """Send what is written down, where that is asked for when the stream has it too.

        What came up while it waited - a halt, its deadline - counts: then no byte of it leaves.
        """
        against: Sequence[Reason] = ()
        if self._publishing is not None and not flight.asks_prices:
            against = await self._wait_for_stream(pending, flight, self._publishing)
        if against:
            await self._flights.refuse(flight, against[0])
        else:
            await self._flights.send(flight)

    async def _wait_for_stream(
        self, pending: Pending, flight: Flight, publishing: Publishing
    ) -> Sequence[Reason]:
        """What stands against sending it by then."""
        need, recorder = flight.approved.need, self._account.recorder
        if not await publishing.awaited(recorder.seq, need):
            text = f"the stream did not have it within {publishing.within_s:g} s"
            if need == "risk":
                return [reason(codes.NOT_PUBLISHED, f"{text}; nothing was sent")]
            self._told(
                "not published", f"{pending.request.client}/{pending.command} goes all the same: {text}"
            )
        return self._judge.objections(pending, need, recorder.books)
