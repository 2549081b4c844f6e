"""Trade requests on their way: sent once, answered or not, their results told by the session.

Whatever leaves a doubt makes the command unknown: what comes of it later is evidence for whoever finds out.
Asking for prices orders nothing: a doubt there is a refusal, and only ends the session.
"""

from collections.abc import Callable
from typing import Final

import trio

from oms.domain import retcodes
from oms.domain.calls import CHANGING, CLOSING, CallClass
from oms.domain.decide.calling import class_of
from oms.domain.events import (
    CommandAnswered,
    CommandEvidence,
    CommandResult,
    CommandUnknown,
    DriftSeen,
)
from oms.domain.events.command import Reason as EndReason
from oms.eventlog.errors import FileError, JournalFull
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.projections.commands import UNKNOWN, Key
from oms.projections.outcomes import proved
from oms.recorder import Turn
from oms.sessions import translate
from oms.sessions.connection import TRADE, Connection
from oms.sessions.outage import AnswerUnreadable, Reason, RequestFailed, TimedOut
from oms.sessions.translate import Result, Terms
from protocol.errors import LocalProtocolError
from protocol.messages import Answer, Refused, Request
from protocol.records.trade import TRADE_OUTCOME, TradeOutcome
from protocol.session import UnreadableBody

from . import codes
from .codes import reason
from .flight import Flight
from .options import Options
from .writing import rejected

OUTCOME: Final = 19
TAKING_AWAY: Final[frozenset[CallClass]] = frozenset({CHANGING, CLOSING})
SETTLE_S: Final = 5.0  # from a lost connection until all that came on it must be in the books
DOUBTED: Final = 1000  # requests in doubt whose late results are told from others'
AGAIN_S: Final = 1.0  # until a full disk is tried again


class Flights:
    """All requests of an account that are on their way; what its sessions tell (`ingest.trades`)."""

    def __init__(
        self, account: Account, options: Options, told: Callable[[str, str], None], nursery: trio.Nursery
    ) -> None:
        """`told` hears, in words, of every doubt; what goes on beside others runs in the nursery."""
        self._account, self._options, self._told, self._nursery = account, options, told, nursery
        self._recorder = account.recorder
        self._flying: dict[int, Flight] = {}
        self._doubted: dict[int, Flight] = {}  # the latest that are unknown

    async def quiet(self, connection: Connection) -> None:
        """Return when nothing that was sent on this connection waits for an answer or a result."""
        while any(one.connection is connection for one in self._flying.values()):  # noqa: ASYNC110
            await trio.sleep(0.05)

    async def send(self, flight: Flight) -> None:
        """Send it, and record what is answered; its result is waited for beside other commands."""
        self._flying[flight.request.action_id] = flight
        approved = flight.approved
        flight.call_class = class_of(approved.need, approved.intent)
        flight.call = self._account.breakers.begin(flight.call_class)
        try:
            reply = await flight.connection.ask(Request(TRADE, flight.request), self._options.answer_s)
        except LocalProtocolError as why:
            self.drop(flight)  # at once: the end of the session must not find it
            await self._not_sent(flight, str(why))
        except AnswerUnreadable as why:
            raw = translate.base64(why.__cause__.body) if isinstance(why.__cause__, UnreadableBody) else ""
            await self._surely(flight, lambda turn: self._unreadable(flight, raw, turn))
        except RequestFailed as why:
            if not why.sent:
                self.drop(flight)
                await self._not_sent(flight, str(why))
            else:
                flight.doubt = "answer_timeout" if isinstance(why, TimedOut) else "session_ended"
                self._nursery.start_soon(self._await_result, flight, SETTLE_S)
        else:
            reach("answer.heard")
            await self._surely(flight, lambda turn: self._answered(flight, reply, turn))
            reach("answer.recorded")
            if not flight.over.is_set() and not flight.asks_prices:
                self._nursery.start_soon(self._await_result, flight, self._options.outcome_s)

    async def refuse(self, flight: Flight, why: EndReason) -> None:
        """It was not sent, and will not be."""
        client, command = flight.key
        await self._surely(flight, lambda turn: turn.add(rejected(command, client, why)))

    async def prices(self, flight: Flight) -> Result | None:
        """The prices that were asked for; None where there are none, which is recorded then."""
        with trio.move_on_after(self._options.outcome_s):
            await flight.moved.wait()
        if flight.over.is_set():
            return None
        if flight.prices is None:
            await self._surely(flight, lambda turn: self._without_prices(flight, turn))
            return None
        return flight.prices

    async def give_up_prices(self, flight: Flight) -> None:
        """What was to be ordered at them could not be written down: nothing will be."""
        await self._surely(flight, lambda turn: self._without_prices(flight, turn))
        self.drop(flight)

    def priced(self, action_id: int) -> None:
        """The prices that came with this number are recorded."""
        flight = self._flying.get(action_id)
        if flight is not None:
            flight.moved.set()

    def drop(self, flight: Flight) -> None:
        """Nothing more is expected of this one."""
        self._flying.pop(flight.request.action_id, None)
        flight.end()

    def land(self, key: Key) -> None:
        """Nothing more is expected for this command."""
        for flight in self._of(self._flying, key):
            flight.call.worked()  # unless it was said already that it did not
            self.drop(flight)
        for flight in self._of(self._doubted, key):
            del self._doubted[flight.request.action_id]

    def leave(self, key: Key) -> None:
        """It is unknown: nothing is waited for any more, but what comes all the same is told from others'."""
        for flight in self._of(self._flying, key):
            self.drop(flight)
            self._doubted[flight.request.action_id] = flight
        while len(self._doubted) > DOUBTED:
            del self._doubted[next(iter(self._doubted))]

    def doubt(self, key: Key, why: str, symbol: str, turn: Turn, **known: int | bool | None) -> None:
        """Nobody knows what became of a command: say so, and compare the books with the venue."""
        client, command = key
        turn.add(CommandUnknown(command, client, why, symbol, **known))  # type: ignore[arg-type]
        self._told("unknown", f"{client}/{command}: {why}")
        if self._account.conversation is not None:
            self._account.conversation.doubt("unknown")

    def _of(self, flights: dict[int, Flight], key: Key) -> list[Flight]:
        return [one for one in flights.values() if one.key == key]

    # What the session tells.

    def resulted(self, told: TradeOutcome, terms: Terms, connection: Connection, turn: Turn) -> bool:
        """Push 19 came; whether it is about a request of ours.

        What comes after the doubt, or on another connection, is evidence and no verdict.
        """
        number = told.request.action_id
        flight = self._flying.get(number) or self._doubted.get(number)
        if flight is None or not translate.is_of(flight.request, flight.marker, told):
            return False
        client, command = flight.key
        said = translate.result(told, terms)
        known = turn.books.commands.get(client, command)
        if known is None or known.status == UNKNOWN or flight.connection is not connection:
            turn.add(
                CommandEvidence(
                    *("late_result", command, client, number, said.retcode),
                    raw=translate.base64(TRADE_OUTCOME.dump(told)),
                    order=said.order,
                )
            )
            return True
        meaning = retcodes.of_result(said.retcode, asked_prices=flight.asks_prices)
        if meaning == "prices":
            flight.prices = said if said.bid is not None and said.ask is not None else None
            flight.priced_at = trio.current_time()
        turn.add(
            CommandResult(
                *(command, client, flight.request.action_id, said.retcode),
                meaning=meaning,
                name=retcodes.name_of(said.retcode),
                deal=said.deal,
                order=said.order,
                volume=said.volume,
                price=said.price,
                bid=said.bid,
                ask=said.ask,
                comment=said.comment,
            )
        )
        drifts = [DriftSeen(OUTCOME, f"echo.{name}") for name in translate.echo_differs(flight.request, told)]
        for drift in self._account.drift.tell(drifts, trio.current_time()):
            turn.add(drift)
        if meaning == "unknown":
            self._lost(flight, "retcode", turn, said.retcode)
        elif meaning != "waiting":
            flight.call.worked()
        reach("result.proposed")
        return True

    def ended(self, connection: Connection, turn: Turn) -> None:
        """The connection is over and all that came on it is in the books: nothing more will come."""
        counted: set[CallClass] = set()
        for flight in [one for one in self._flying.values() if one.connection is connection]:
            if flight.call_class in counted:
                flight.call.dropped()  # a connection that ends is one failure, whatever was on it
            counted.add(flight.call_class)
            self._lost(flight, flight.doubt or "session_ended", turn)

    # What becomes of what was sent.

    async def _await_result(self, flight: Flight, within_s: float) -> None:
        with trio.move_on_after(within_s):
            await flight.over.wait()
        if not flight.over.is_set():
            await self._surely(
                flight, lambda turn: self._lost(flight, flight.doubt or "outcome_timeout", turn)
            )

    def _answered(self, flight: Flight, reply: Answer | Refused, turn: Turn) -> None:
        client, command = flight.key
        number = flight.request.action_id
        if isinstance(reply, Refused) or reply.drift.unread:
            code = reply.code if isinstance(reply, Refused) else 0
            turn.add(CommandAnswered(command, client, number, code=code))
            self._lost(flight, "retcode", turn)
            return
        retcode = reply.value.retcode
        meaning = retcodes.of_answer(retcode)
        flight.accepted = meaning in ("accepted", "awaited")
        turn.add(CommandAnswered(command, client, number, meaning, retcode, retcodes.name_of(retcode)))
        if meaning in ("refused", "no_change"):
            flight.call.worked()
        elif flight.accepted and flight.call_class in TAKING_AWAY:
            flight.call.answered()
        if meaning == "unknown":
            self._lost(flight, "retcode", turn, retcode)

    def _unreadable(self, flight: Flight, raw: str, turn: Turn) -> None:
        client, command = flight.key
        number = flight.request.action_id
        turn.add(CommandAnswered(command, client, number))
        turn.add(CommandEvidence("unreadable_answer", command, client, number, raw=raw))
        self._lost(flight, "undecodable", turn)

    async def _not_sent(self, flight: Flight, why: str) -> None:
        await self.refuse(flight, reason(codes.NOT_SENT, f"no byte of it was sent: {why}"))

    def _lost(self, flight: Flight, why: str, turn: Turn, retcode: int | None = None) -> None:
        """No result will come: what the books prove by now counts, else it is unknown."""
        known = turn.books.commands.get(*flight.key)
        if known is None or known.final or known.status == UNKNOWN:
            return
        over = flight.connection.over
        if why == "session_ended" and over is not None and over.ours:
            flight.call.dropped()  # another request's failure is not this one's
        if flight.asks_prices:
            self._without_prices(flight, turn)
        elif (found := proved(turn.books, known)) is not None:
            flight.call.worked()
            turn.add(found)
        else:
            flight.call.failed()
            symbol = flight.approved.intent.symbol
            self.doubt(flight.key, why, symbol, turn, retcode=retcode, accepted=flight.accepted)

    def _without_prices(self, flight: Flight, turn: Turn) -> None:
        """Asking orders nothing: so it is refused, but this session has proved unsound."""
        client, command = flight.key
        known = turn.books.commands.get(client, command)
        if known is not None and not known.final:
            turn.add(rejected(command, client, reason(codes.NO_PRICES, "the venue gave no prices")))
        flight.call.failed()
        flight.connection.end(Reason.POISONED, detail="asked for prices, none came")

    # Recording, whatever the disk does.

    async def _surely(self, flight: Flight, work: Callable[[Turn], None]) -> None:
        """Record what became of something that was sent; a full disk is waited for, halted."""
        while True:
            try:
                await self._recorder.write(work, cause=flight.key[1])
            except JournalFull as why:
                self._account.standing.stop(f"journal: {why}")
                await trio.sleep(AGAIN_S)
            except FileError as why:  # for good: the next start finds an intent without an outcome
                self._account.standing.stop(f"journal: {why}")
                self._told("journal", str(why))
                return
            else:
                return

    async def halt(self, text: str, by: str = "", comment: str = "") -> None:
        """Record that the account is halted, as soon as that can be; it is from now on."""
        while True:
            try:
                await self._account.standing.halt(text, by=by, comment=comment)
            except JournalFull:
                await trio.sleep(AGAIN_S)
            except FileError as why:
                self._told("journal", str(why))
                return
            else:
                return
