"""One session of one account: let in, brought to agree with the venue, then followed.

The order is that of docs/semantics.md 7.  Pushes wait from the login on until the first snapshot is in the
books; until books and venue have agreed once nothing but the account itself is believed.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

import trio

from oms.domain.events import AnomalySeen, SessionAuthenticated, SessionConnected, SessionReady
from oms.failpoints import reach
from oms.sessions.connection import Connection
from oms.sessions.login import Credentials
from oms.sessions.opening import TurnedAway, open_account
from oms.sessions.outage import Reason, Stranded, TimedOut
from protocol.session import Poisoned

from .agreement import Agreement
from .asked import Asked
from .catalogue import Catalogue
from .ear import Ear
from .following import Following
from .lasting import Lasting
from .reconciler import Limits, Reconciler
from .standing import READY, RECONCILING, Change
from .watching import Watching

POISONED_S: Final = 60.0
LEARN_S: Final = 5.0


class Options(NamedTuple):
    """What an account's sessions do."""

    url: str
    who: Credentials
    origin: str = ""  # the header a browser would send
    symbols: tuple[str, ...] = ()  # names and path masks; none = all
    books: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}  # other names for symbols -> the broker's
    reconcile: Limits = Limits()
    reconcile_every_s: float = 300.0


class Conversation:
    """A session, from its first request to its end."""

    def __init__(
        self,
        options: Options,
        lasting: Lasting,
        connection: Connection,
        ear: Ear,
        clock: Callable[[], int],
        *,
        attempt: int,
        again: bool,
        published: Callable[[], Awaitable[None]],
        judged: Callable[[int], None] = lambda differences: None,
        told: Callable[[str, str], None] = lambda what, detail: None,
    ) -> None:
        """`attempt` is that since the last session that became ready, `again`: there was one.

        `published` returns when the journal's first event is where the account may open.

        `judged` hears of each round, with its differences; `told` of what people should know.
        """
        self.connection, self.ear = connection, ear
        self.authenticated = self.ready = False
        self.watching = Watching(connection, lasting.recorder, lasting.feed, lasting.health)
        self.following = Following(connection, ear, lasting, self.watching, self.doubt)
        self._options, self._lasting, self._clock = options, lasting, clock
        self._attempt, self._again, self._published, self._told = attempt, again, published, told
        self._began = trio.current_time()
        self._poisoned, self._poisoned_by = trio.Event(), ""
        reconciler = Reconciler(
            connection,
            lasting.recorder,
            lasting.plan,
            options.reconcile,
            clock=clock,
            moves=lambda: ear.moves,
            drain=self.following.drain,
            lacking=lasting.lacking,
            news=lasting.news,
            learn=self.following.learn_account,
            opened=lasting.margins.open_trades,
            judged=judged,
        )
        self._agreement = Agreement(
            reconciler,
            lasting.standing,
            options.reconcile,
            options.reconcile_every_s,
            drain=self.following.drain,
            told=told,
        )

    async def run(self) -> TurnedAway | None:
        """Until it is cancelled, or the venue turns the account away; raises Outage."""
        try:
            return await self._run()
        finally:
            self._agreement.end()

    async def _run(self) -> TurnedAway | None:
        found = await open_account(
            self.connection,
            self._options.who,
            self._lasting.keys,
            wall_s=lambda: self._clock() / 1e9,
            entered=self._entered,
        )
        if isinstance(found, TurnedAway):
            return found
        self.watching.catalogue = Catalogue(found.symbols, found.account)
        self.following.learn_account(found.account)
        change = await self._agreement.reach("reconnect" if self._again else "start", live=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.following.run)
            nursery.start_soon(self._end_when_poisoned)
            nursery.start_soon(self._learn_clock)
            self._lasting.health.begin()
            nursery.start_soon(self._lasting.health.watch, self.connection, self._server_s)
            await self.watching.begin(self._options.symbols, self._options.books, self._told)
            nursery.start_soon(self._patiently, self.watching.keep)
            await self._published()
            await self._become_ready(await self._agreement.reach_again(change))
            await self._patiently(self._agreement.keep)
        return None

    # A question without an answer.

    def poison(self, detail: str) -> None:
        """A question had no answer in time: another session is needed, but no order is to be put in doubt."""
        self._poisoned_by = detail
        self._poisoned.set()

    async def _patiently(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask until a question has no answer; from then on its command cannot be asked in this session."""
        try:
            await ask()
        except (TimedOut, Stranded, Poisoned) as why:
            self.poison(str(why))
            await trio.sleep_forever()

    async def _end_when_poisoned(self) -> None:
        """As soon as no trade request waits, and at the latest after a minute (docs/semantics.md 0)."""
        await self._poisoned.wait()
        with trio.move_on_after(POISONED_S):
            await self._lasting.trades.quiet(self.connection)
        self.connection.end(Reason.POISONED, detail=self._poisoned_by)

    # To READY.

    async def _entered(self) -> None:
        self.authenticated = True
        login = str(self._options.who.login)
        await self._lasting.recorder.record(
            [
                SessionConnected(self._options.url, self._attempt),
                SessionAuthenticated(login, self._lasting.keys.by),
            ]
        )
        reach("session.entered")
        await self._lasting.standing.move(link=RECONCILING)

    async def _become_ready(self, change: Change) -> None:
        seconds = round(trio.current_time() - self._began, 3)
        await self._lasting.recorder.record([SessionReady(self._agreement.rounds, seconds)])
        await self._lasting.standing.move(READY, change)
        reach("session.ready")
        self.ready = True

    # The server's clock.

    def _server_s(self) -> float:
        """What the server's clock shows now, as seconds."""
        terms = self.following.terms
        assert terms is not None  # noqa: S101 - the account is known before anything is watched
        return self._clock() / 1e9 + terms.offset + self._lasting.feed.skew.seconds

    async def _learn_clock(self) -> None:
        """Look now and then whether the server's clock is what its offset says; else ask for the account."""
        skew = self._lasting.feed.skew
        while True:
            await trio.sleep(LEARN_S)
            terms = self.following.terms
            if terms is not None and skew.learn(terms.offset):
                told = AnomalySeen("clock_skew", "server_time", field="utc_offset", value=str(skew.seconds))
                await self._lasting.recorder.record([told])
                self.doubt("clock")

    # Staying equal.

    def doubt(self, cause: str) -> None:
        """Compare soon, and not only when it is time."""
        self._agreement.doubt(cause)

    def compare(self, asked: Asked) -> None:
        """Compare for somebody who waits; he is told at the latest when the session ends."""
        self._agreement.ask(asked)
