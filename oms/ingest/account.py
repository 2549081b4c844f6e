"""One account: a session, and after it the next, for as long as the daemon runs.

Only an outage is retried.  A venue that turns the account away is not asked again; a journal that cannot be
written ends the session, because what is pushed could not be kept.  Anything else is a bug, and ends the
daemon.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from oms.domain.events import SessionEnded, SessionRefused
from oms.eventlog.errors import FileError
from oms.recorder import Recorder
from oms.sessions.address import Address
from oms.sessions.backoff import Backoff
from oms.sessions.connection import Connection
from oms.sessions.dialing import Opener
from oms.sessions.history import HistoryPlan
from oms.sessions.link import Limits, connected
from oms.sessions.login import LOGIN, Keys, Unavailable
from oms.sessions.opening import TurnedAway
from oms.sessions.outage import Ended, Outage, Reason
from protocol.messages import Answer, Refused, Request
from protocol.session import Role, Session

from .conversation import Conversation, Lasting, Options
from .drift import DriftTally
from .ear import Ear
from .market import Pump
from .standing import CLOSED, CONNECTING, DIRTY, REFUSED, Standing

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
        chance: random.Random | None = None,
    ) -> None:
        """`told` hears, in words, of every outage and refusal: what it is, and its detail."""
        self.name = recorder.account
        self.options, self.recorder = options, recorder
        self.standing = Standing(recorder, clock)
        self.feed = pump.feed(self.name, clock)
        self.drift = DriftTally()
        self.connections = 0
        self.connection: Connection | None = None  # the present one, or the last
        self.conversation: Conversation | None = None
        self.last_error = ""
        self.rounds = self.differences = 0  # of comparisons, over all sessions
        self._pump, self._clock, self._published, self._told = pump, clock, published, told
        self._open_stream, self._limits = open_stream, limits
        self._backoff, self._chance = backoff or Backoff(), chance or random.Random()  # noqa: S311 - jitter
        self._lasting = Lasting(recorder, self.standing, self.feed, Keys(), HistoryPlan(), self.drift, {})
        self._attempt = 0  # since the last session that became ready
        self._lost = False  # pushes could not be stored
        self._refused_with: int | None = None  # the last attempt's login, by a code that may heal

    @property
    def connected(self) -> bool:
        """Whether there is a session now."""
        return self.connection is not None and self.connection.over is None

    async def ask(self, request: Request) -> Answer | Refused:
        """Ask the venue; raises Outage."""
        if (
            self.connection is None
            or not self.connected
            or not (self.conversation and self.conversation.ready)
        ):
            raise NotConnected(f"{self.name}: there is no session with the venue at present")
        return await self.connection.ask(request)

    async def specification(self, symbol: str) -> None:
        """Let the books have a symbol's specification, if the venue has the symbol; raises Outage."""
        if not self.connected or not (self.conversation and self.conversation.ready):
            raise NotConnected(f"{self.name}: there is no session with the venue at present")
        await self.conversation.specification(symbol)

    async def run(self) -> None:
        """Keep the account connected until it is turned away; cancelled, it says goodbye first."""
        failures = 0
        try:
            while self.recorder.broken is None:
                began = trio.current_time()
                pause_s = 0.0
                outage: BaseException | None = None
                try:
                    await self.standing.move(link=CONNECTING)
                    turned = await self._session()
                    if turned is not None:
                        await self._refused(turned)
                        return
                except* Outage as group:
                    outage = self._failed("outage", group)
                except* FileError as group:
                    self._failed("journal", group)
                    pause_s = FULL_DISK_S
                await self._tell_refusal(outage)
                failures = 1 if trio.current_time() - began >= self._backoff.settled else failures + 1
                await trio.sleep(max(pause_s, self._backoff.delay(failures, self._chance)))
                self._lost = self._lost or pause_s > 0
        finally:
            with trio.CancelScope(shield=True):
                await self._leave()

    async def _leave(self) -> None:
        if self.standing.link == REFUSED or self.recorder.broken is not None:
            return
        try:
            await self.standing.move(link=CLOSED)
        except FileError as why:
            self._told("journal", str(why))

    async def _session(self) -> TurnedAway | None:
        """One connection from dialing to its end."""
        self._attempt += 1
        if self._lost:
            # What was pushed while nothing could be stored is lost: reconcile before anything else.
            await self.standing.move(permission=DIRTY, reason="journal")
            self._lost = False
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
                self._pump,
                self._clock,
                attempt=self._attempt,
                published=self._published,
                judged=self._judged,
            )
            try:
                return await self._talk(talk, connection)
            finally:
                connection.end()
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
        await talk.drain()
        over = connection.over or Ended(Reason.LEFT)
        if talk.ready:
            self._attempt = 0
        await self.recorder.record(
            [SessionEnded(over.reason.value, over.detail, over.code, len(over.unanswered), talk.ready)]
        )
        talk.ready = talk.authenticated = False

    def _judged(self, differences: int) -> None:
        self.rounds += 1
        self.differences += differences

    def _overrun(self) -> None:
        if self.connection is not None:
            self.connection.end(Reason.LEFT, detail="more was pushed than could be stored")

    async def _refused(self, turned: TurnedAway) -> None:
        self.last_error = str(turned)
        self._told("refused", str(turned))
        await self.standing.move(link=REFUSED, reason="refused")

    def _failed(self, what: str, group: BaseExceptionGroup[BaseException]) -> BaseException:
        why = _first(group)
        self.last_error = str(why)
        self._told(what, self.last_error)
        return why

    async def _tell_refusal(self, why: BaseException | None) -> None:
        """A login refused for now is an event, once for each code in a row."""
        code = why.code if isinstance(why, Unavailable) and why.command == LOGIN else None
        if code is not None and code != self._refused_with and self.recorder.broken is None:
            await self.recorder.record([SessionRefused(code, str(why))])
        self._refused_with = code


class Lost(Outage):
    """The connection ended."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"the connection ended: {ended}")
        self.ended = ended


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    why = group.exceptions[0]
    return _first(why) if isinstance(why, BaseExceptionGroup) else why
