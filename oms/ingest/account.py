"""One account: a session, and after it the next, for as long as the daemon runs.

Only an outage is retried.  A venue that turns the account away is not asked again; a journal that cannot be
written ends the session, because what is pushed could not be kept.  Anything else is a bug, and ends the
daemon.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from typing import Final

import trio

from oms.domain.calls import DATA
from oms.domain.correction import Acceptance
from oms.domain.events import SessionEnded, SessionRefused
from oms.domain.evidence import Lists
from oms.eventlog.errors import FileError
from oms.projections import Books
from oms.projections.margin import MarginView
from oms.projections.rates import Forex
from oms.projections.specification import calc_mode
from oms.projections.worth import LotValues, Worth, lot_values, worth_of
from oms.recorder import Recorder, Turn
from oms.sessions.address import Address
from oms.sessions.backoff import Backoff
from oms.sessions.breaker import Limits as Breaking
from oms.sessions.connection import Connection
from oms.sessions.dialing import Opener
from oms.sessions.groups import first_error
from oms.sessions.history import HistoryPlan
from oms.sessions.link import Limits, connected
from oms.sessions.login import LOGIN, Keys, Unavailable
from oms.sessions.opening import TurnedAway
from oms.sessions.outage import Ended, Outage, Reason, TimedOut
from protocol.messages import Answer, Refused, Request
from protocol.session import Role, Session

from .asked import Asked, Round
from .breakers import Breakers
from .conversation import Conversation, Options
from .drift import DriftTally
from .ear import Ear
from .health import Health
from .health import Limits as HealthLimits
from .lasting import Lasting
from .margins import Margins
from .market import Pump
from .prices import Prices
from .report import News
from .scan import scan
from .standing import CLOSED, CONNECTING, REFUSED, Standing, spoiled, unchanged
from .trades import NoTrades, Trades

NS: Final = 1_000_000_000
FULL_DISK_S: Final = 30.0  # until a journal that found no room is tried again


class NotConnected(Outage):
    """There is no session to ask."""


class Account:
    """An account that is held."""

    def __init__(
        self,
        options: Options,
        recorder: Recorder,
        pump: Pump,
        clock: Callable[[], int],
        *,
        published: Callable[[], Awaitable[None]],
        told: Callable[[str, str], None] = lambda what, detail: None,
        open_stream: Opener | None = None,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        breaking: Breaking | None = None,
        health: HealthLimits | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """`told` hears, in words, of every outage and refusal: what it is, and its detail."""
        self.name = recorder.account
        self.options, self.recorder = options, recorder
        self.standing = Standing(recorder, clock)
        self.breakers = Breakers(recorder, clock, breaking)
        self.feed = pump.feed(self.name, clock)
        self.health = Health(recorder, self.feed.board, health)
        self.drift = DriftTally()
        self.connections = 0
        self.connection: Connection | None = None  # the present one, or the last
        self.conversation: Conversation | None = None
        self.last_error = ""
        self.rounds = self.differences = 0  # of comparisons, over all sessions
        self._pump, self._clock, self._published, self._told = pump, clock, published, told
        self._open_stream, self._limits = open_stream, limits
        self._backoff, self._chance = backoff or Backoff(), chance or random.Random()  # noqa: S311 - jitter
        self.margins = Margins()
        self._lasting = Lasting(
            *(recorder, self.standing, self.feed, Keys(), HistoryPlan(), self.drift, {}, News()),
            *(NoTrades(), self.margins, self.health),
        )
        self._attempt = 0  # since the last session that became ready
        self._was_ready = False  # a session has become ready
        self._lost = False  # pushes could not be stored
        self._refused_with: int | None = None  # the last attempt's login, by a code that may heal

    def send_for(self, trades: Trades) -> None:
        """Who sends trade requests on this account's sessions, from the next session on."""
        self._lasting = self._lasting._replace(trades=trades)

    @property
    def connected(self) -> bool:
        """Whether there is a session now."""
        return self.connection is not None and self.connection.over is None

    @property
    def forex(self) -> Forex:
        """What converts currencies: of all that the venue lists, else of all that the books know."""
        catalogue = self.conversation.watching.catalogue if self.conversation else None
        if catalogue is not None:
            return catalogue.forex
        return Forex((symbol.symbol, calc_mode(symbol)) for symbol in self.recorder.books.symbols)

    def offset(self, books: Books) -> int:
        """Seconds that the server's clock is ahead of UTC, what was learned from ticks in it."""
        terms = books.account()
        return (terms.utc_offset if terms else 0) + self.feed.skew.seconds

    def margin(self, books: Books) -> MarginView:
        """Margin and what it leaves, by these books and the prices of this moment; not to be kept."""
        prices = Prices(self.feed.board, self._clock(), self.offset(books))
        return MarginView(books, prices, self.forex, self.margins.inputs)

    def worth(self, books: Books) -> Worth:
        """Money as it stands, by these books and the prices of this moment."""
        prices = Prices(self.feed.board, self._clock(), self.offset(books))
        return worth_of(books, prices, self.forex, self.margins.inputs)

    def lot_values(self, books: Books, symbols: Iterable[str]) -> LotValues:
        """What lots of these symbols are worth, by the prices of this moment."""
        prices = Prices(self.feed.board, self._clock(), self.offset(books))
        return lot_values(books, symbols, prices, self.forex)

    async def ask(self, request: Request) -> Answer | Refused:
        """Ask the venue for data; raises Outage."""
        with self.breakers.guarded(DATA):
            async with self._asking() as (_, connection):
                return await connection.ask(request)

    async def specification(self, symbol: str, *, data: bool = True) -> None:
        """Let the books have a symbol's specification, if the venue has the symbol; raises Outage.

        `data` is false where a command waits for it, which no breaker of data holds up.
        """
        with self.breakers.guarded(DATA) if data else nullcontext():
            async with self._asking() as (talk, _):
                await talk.watching.specify(symbol)

    async def scan(self, since_ns: int) -> Lists:
        """What the venue lists as open now, and its history since a moment of UTC; raises Outage."""
        async with self._asking() as (talk, connection):
            terms = talk.following.terms
            if terms is None or connection.session.poisoned:
                raise NotConnected(
                    f"{self.name}: a question of this session had no answer; the next one is asked"
                )
            offset = terms.offset
            begin_s, now_s = (at // NS + offset for at in (since_ns, self._clock()))
            return await scan(connection, terms, self._lasting.plan, begin_s, now_s)

    async def compare(self, accept: Acceptance | None, within_s: float) -> Round | None:
        """What a comparison of books and venue finds now; raises NotConnected.

        None: none was quiet in so many seconds, or the session ended first.  With `accept` a difference is
        taken over, or nothing is changed, as the round says; behind None nothing is.
        """
        talk = self.conversation
        if talk is None or not self.connected or not talk.authenticated:
            raise NotConnected(f"{self.name}: there is no session with the venue at present")
        asked = Asked(accept)
        talk.compare(asked)
        return await asked.wait(within_s)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[tuple[Conversation, Connection]]:
        """A session to ask something; where an answer does not come in time, a new one is needed."""
        talk, connection = self.conversation, self.connection
        if talk is None or connection is None or not self.connected or not talk.ready:
            raise NotConnected(f"{self.name}: there is no session with the venue at present")
        try:
            yield talk, connection
        except TimedOut as why:
            if why.sent:
                talk.poison(str(why))
            raise

    async def run(self) -> None:
        """Keep the account connected until it is turned away; cancelled, it says goodbye first."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.breakers.tell)
            await self._hold()
            nursery.cancel_scope.cancel()

    async def _hold(self) -> None:
        """One session after the other."""
        failures = 0
        try:
            while True:
                began = trio.current_time()
                pause_s = await self._attempt_session()
                if self.recorder.broken is not None or self.standing.link == REFUSED:
                    return
                failures = 1 if trio.current_time() - began >= self._backoff.settled else failures + 1
                await trio.sleep(max(pause_s, self._backoff.delay(failures, self._chance)))
        finally:
            with trio.CancelScope(shield=True):
                await self._leave()

    async def _attempt_session(self) -> float:
        """One session, from connecting to its end; seconds to wait at least before the next."""
        pause_s = 0.0
        outage: BaseException | None = None
        try:
            await self.standing.move(CONNECTING, spoiled if self._lost else unchanged)
            self._lost = False
            turned = await self._session()
            if turned is not None:
                self._refused(turned)
                refusal = SessionRefused(turned.code or 0, str(turned), terminal=True)
                await self.recorder.record([refusal])
                await self.standing.move(REFUSED)
        except* Outage as group:
            outage = self._failed("outage", group)
        except* FileError as group:
            self._failed("journal", group)
            self._lost, pause_s = True, FULL_DISK_S
        await self._record_what_failed(outage)
        return pause_s

    async def _record_what_failed(self, outage: BaseException | None) -> None:
        """As far as it can be: a login refused for now, once for a code in a row; that pushes were lost."""
        code = outage.code if isinstance(outage, Unavailable) and outage.command == LOGIN else None
        try:
            if code is not None and code != self._refused_with:
                await self.recorder.record([SessionRefused(code, str(outage))])
            self._refused_with = code
            if self._lost:
                await self.standing.move(change=spoiled)
                self._lost = False
        except FileError as why:
            self._told("journal", str(why))

    async def _leave(self) -> None:
        if self.standing.link == REFUSED:
            return
        self.standing.fall(CLOSED)
        if self.recorder.broken is None:
            try:
                await self.standing.move(CLOSED)
            except FileError as why:
                self._told("journal", str(why))

    async def _session(self) -> TurnedAway | None:
        """One connection from dialing to its end."""
        self._attempt += 1
        ear = Ear(self.feed, self._overrun)
        address = Address.of(self.options.url, self.options.origin)
        async with connected(
            address,
            Session(Role.TERMINAL),
            ear,
            open_stream=self._open_stream,
            limits=self._limits,
            gate=self._pump.room,
        ) as connection:
            self.connection = connection
            self.connections += 1
            talk = self.conversation = Conversation(
                self.options,
                self._lasting,
                connection,
                ear,
                self._clock,
                attempt=self._attempt,
                again=self._was_ready,
                published=self._published,
                judged=self._judged,
                told=self._told,
            )
            try:
                return await self._talk(talk, connection)
            finally:
                connection.end()
                self.standing.fall(CONNECTING)
                with trio.CancelScope(shield=True):
                    await self._close(talk, connection)

    async def _talk(self, talk: Conversation, connection: Connection) -> TurnedAway | None:
        """Until the venue turns us away, or the connection ends, which is an outage."""
        turned: TurnedAway | None = None

        async def run() -> None:
            nonlocal turned
            turned = await talk.run()
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            ended = await connection.ended()
            nursery.cancel_scope.cancel()
        if turned is None:
            raise Lost(ended)
        return turned

    async def _close(self, talk: Conversation, connection: Connection) -> None:
        """Keep what was pushed to the last, and record the end."""
        if self.recorder.broken is not None or not talk.authenticated:
            return
        await talk.following.drain()
        over = connection.over or Ended(Reason.LEFT)
        if talk.ready:
            self._attempt, self._was_ready = 0, True
        ended = SessionEnded(over.reason.value, over.detail, over.code, len(over.unanswered), talk.ready)

        def work(turn: Turn) -> None:
            turn.add(ended)
            self._lasting.trades.ended(connection, turn)

        await self.recorder.write(work)
        talk.ready = talk.authenticated = False

    def _judged(self, differences: int) -> None:
        self.rounds += 1
        self.differences += differences

    def _overrun(self) -> None:
        if self.connection is not None:
            self.connection.end(Reason.LEFT, detail="more was pushed than could be stored")

    def _refused(self, turned: TurnedAway) -> None:
        """The venue is not asked again, whether or not that can be recorded."""
        self.last_error = str(turned)
        self._told("refused", str(turned))
        self.standing.fall(REFUSED)

    def _failed(self, what: str, group: BaseExceptionGroup[BaseException]) -> BaseException:
        why = first_error(group)
        self.last_error = str(why)
        self._told(what, self.last_error)
        return why


class Lost(Outage):
    """The connection ended."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"the connection ended: {ended}")
        self.ended = ended
