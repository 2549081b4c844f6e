"""One session of one account: let in, brought to agree with the venue, then followed.

The order is that of docs/semantics.md 7.  Pushes wait from the login on until the first snapshot is in the
books; until books and venue have agreed once nothing but the account itself is believed.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

import trio

from oms.domain.events import (
    AccountChanged,
    AnomalySeen,
    BalanceReported,
    DealBooked,
    Event,
    LedgerDifference,
    OrderEnded,
    SessionAuthenticated,
    SessionConnected,
    SessionLink,
    SessionReady,
)
from oms.failpoints import reach
from oms.recorder import Recorder, Turn
from oms.sessions import translate
from oms.sessions.connection import Connection
from oms.sessions.history import HistoryPlan
from oms.sessions.login import Credentials, Keys
from oms.sessions.opening import TurnedAway, open_account, value_of
from oms.sessions.outage import Reason, Stranded, TimedOut
from oms.sessions.watching import chosen, subscribe_ticks
from protocol.account_body import Account
from protocol.messages import Push
from protocol.records.symbols import FullSymbol, Symbol
from protocol.session import Poisoned

from . import heard
from .agreement import Agreement
from .asked import Asked
from .catalogue import Catalogue, listed
from .drift import DriftTally
from .ear import ACCOUNT_CHANGED, Ear, Waiting
from .health import Health
from .margins import Margins
from .market import Feed
from .reconciler import AT_ONCE, Limits, Reconciler
from .report import News
from .standing import READY, RECONCILING, Change, Standing, rights_gone
from .trades import Trades

SUBSCRIBE_BOOK: Final = 22
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


class Lasting(NamedTuple):
    """What an account keeps from one session to the next, in memory only."""

    recorder: Recorder
    standing: Standing
    feed: Feed
    keys: Keys
    plan: HistoryPlan
    drift: DriftTally
    lacking: dict[str, float]
    news: News
    trades: Trades
    margins: Margins
    health: Health


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
        self.catalogue: Catalogue | None = None
        self.subscribed = 0
        self.authenticated = self.ready = False
        self.server_reached = True  # the gateway's link to its trade server stands (push 15)
        self.specified: set[str] = set()  # symbols whose specification in the books is this session's
        self._options, self._lasting, self._clock = options, lasting, clock
        self._attempt, self._again, self._published, self._told = attempt, again, published, told
        self._began = trio.current_time()
        self._terms: translate.Terms | None = None
        self._draining = trio.Lock()
        self._poisoned, self._poisoned_by = trio.Event(), ""
        self._watched: dict[str, Symbol] = {}
        self._wanted: set[str] = set()  # symbols that are traded, though neither chosen nor held
        self._unwatched = trio.Event()  # something is held or wanted whose ticks were not asked for
        self._unspecified: set[str] = set()  # listed, but the venue says no more of them
        reconciler = Reconciler(
            connection,
            lasting.recorder,
            lasting.plan,
            options.reconcile,
            clock=clock,
            moves=lambda: ear.moves,
            drain=self.drain,
            lacking=lasting.lacking,
            news=lasting.news,
            learn=self._learn_account,
            opened=lasting.margins.open_trades,
            judged=judged,
        )
        self._agreement = Agreement(
            reconciler,
            lasting.standing,
            options.reconcile,
            options.reconcile_every_s,
            drain=self.drain,
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
        self.catalogue = Catalogue(found.symbols, found.account)
        self._learn_account(found.account)
        change = await self._agreement.reach("reconnect" if self._again else "start", live=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow)
            nursery.start_soon(self._end_when_poisoned)
            nursery.start_soon(self._learn_clock)
            self._lasting.health.begin()
            nursery.start_soon(self._lasting.health.watch, self.connection, self._server_s)
            await self._watch()
            nursery.start_soon(self._patiently, self._watch_more)
            await self._published()
            await self._become_ready(await self._agreement.reach_again(change))
            await self._patiently(self._agreement.keep)
        return None

    @property
    def terms(self) -> translate.Terms | None:
        """How its records are read; None before the account is known."""
        return self._terms

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

    def _learn_account(self, account: Account) -> None:
        """The account's terms are these, for all that is read from now on."""
        terms = translate.terms_of(account)
        if self._terms is not None and terms.offset != self._terms.offset:
            self._lasting.feed.skew.forget()
        self._terms = terms
        self._lasting.margins.account(account)
        if self.catalogue is not None:
            self.catalogue.account = account

    # To READY.

    async def _become_ready(self, change: Change) -> None:
        seconds = round(trio.current_time() - self._began, 3)
        await self._lasting.recorder.record([SessionReady(self._agreement.rounds, seconds)])
        await self._lasting.standing.move(READY, change)
        reach("session.ready")
        self.ready = True

    # Market data.

    async def _watch(self) -> None:
        """Ticks of what was chosen, what is held, and what converts it; books of what was chosen for it."""
        assert self.catalogue is not None  # noqa: S101 - the session is open
        options, catalogue = self._options, self.catalogue
        wanted = chosen(catalogue.symbols.values(), options.symbols, self._held())
        if wanted.unknown:
            self._told("unknown symbols", ", ".join(wanted.unknown))
        specs = await self._with_conversions([symbol.trade_symbol for symbol in wanted.symbols])
        self._lasting.feed.begin(map(listed, specs))
        await self._subscribe(specs)
        if options.books:
            books = chosen(catalogue.symbols.values(), options.books)
            await value_of(self.connection, SUBSCRIBE_BOOK, [one.symbol_id for one in books.symbols])

    async def _watch_more(self) -> None:
        """Ticks of what is held by now, and was not chosen."""
        while True:
            await self._unwatched.wait()
            self._unwatched = trio.Event()
            new = sorted(filter(self._is_new, self._held() | self._wanted))  # not by their hashes
            specs = await self._with_conversions(new)
            self._unspecified.update(new)
            self._unspecified.difference_update(spec.trade_symbol for spec in specs)
            if any(spec.trade_symbol not in self._watched for spec in specs):
                self._lasting.feed.change(map(listed, specs))
                await self._subscribe(specs)

    def lists(self, symbol: str) -> bool:
        """Whether the venue has a symbol of that name."""
        return self.catalogue is not None and symbol in self.catalogue.symbols

    def _is_new(self, symbol: str) -> bool:
        """Whether something held or wanted is not quoted, or not specified, although the venue lists it."""
        known = symbol in self._watched and self._lasting.recorder.books.symbol(symbol) is not None
        return self.lists(symbol) and not known and symbol not in self._unspecified

    async def _with_conversions(self, names: list[str]) -> list[FullSymbol]:
        """The specifications of symbols, and of those that convert them; the books learn what is held."""
        assert self.catalogue is not None  # noqa: S101 - the session is open
        specs = await self.catalogue.specifications(self.connection, names)
        known = {spec.trade_symbol for spec in specs} | self._watched.keys()
        more = [name for name in self.catalogue.converting(specs) if name not in known]
        specs += await self.catalogue.specifications(self.connection, more)
        held = self._held() | self._wanted
        await self._learn([spec for spec in specs if spec.trade_symbol in held])
        return specs

    async def _subscribe(self, specs: list[FullSymbol]) -> None:
        """Ticks of these beside those that come already: a subscription replaces the one before."""
        assert self.catalogue is not None  # noqa: S101 - the session is open
        symbols = self.catalogue.symbols
        self._watched |= {spec.trade_symbol: symbols[spec.trade_symbol] for spec in specs}
        self._lasting.health.expect(specs)
        await subscribe_ticks(self.connection, self._watched.values())
        self.subscribed = len(self._watched)

    def _held(self) -> set[str]:
        """Symbols of open positions and orders."""
        books = self._lasting.recorder.books
        orders = {order.record.symbol for order in books.orders.open() if order.record is not None}
        return orders | {position.symbol for position in books.positions}

    def want(self, symbol: str) -> None:
        """Have a symbol's ticks for the rest of the session; nothing where the venue does not list it."""
        self._wanted.add(symbol)
        if self._is_new(symbol):
            self._unwatched.set()

    async def specification(self, symbol: str) -> None:
        """Let the books have a symbol's specification; nothing where there is no such symbol."""
        if self.catalogue is not None:
            await self._learn(await self.catalogue.specifications(self.connection, [symbol]))

    async def _learn(self, specs: list[FullSymbol]) -> None:
        assert self.catalogue is not None  # noqa: S101 - nothing was asked for without it
        seen = self.catalogue.observations(specs)
        for place in range(0, len(seen), AT_ONCE):
            await self._lasting.recorder.see(seen[place : place + AT_ONCE])
        self.specified.update(spec.trade_symbol for spec in specs)

    # Following.

    async def _follow(self) -> None:
        while True:
            await self.ear.listen()
            await self.drain()

    async def drain(self) -> None:
        """Let the books have all that waits; nothing before the account is known.

        What was taken out of the ear is recorded, whoever is cancelled meanwhile.
        """
        async with self._draining:
            while self._terms is not None and self.ear.waiting:
                with trio.CancelScope(shield=True):
                    await self._record(self.ear.take(AT_ONCE))

    async def _record(self, taken: list[Waiting]) -> None:
        news: list[Event] = []

        def work(turn: Turn) -> None:
            for one in taken:
                self._tell(one, turn)
            news.extend(turn.events)
            _reach("deals.proposed", news)

        await self._lasting.recorder.write(work)
        _reach("deals.recorded", news)
        for one in taken:
            if isinstance(one, Push) and one.command == heard.SYMBOLS_CHANGED:
                await self._changed(one.value)
        if self._watched and any(map(self._is_new, self._held())):
            self._unwatched.set()
        if any(isinstance(event, AccountChanged) for event in news):
            await self._terms_changed()
        if any(map(heard.doubtful, taken)):
            self.doubt("unread")
        elif any(map(self._suspicious, news)):
            self.doubt("balance")

    async def _terms_changed(self) -> None:
        """Rights that are gone count at once, rights that came back with the next comparison."""
        await self._lasting.standing.move(change=rights_gone)
        self.doubt("account")

    def _tell(self, one: Waiting, turn: Turn) -> None:
        if isinstance(one, Push) and one.command == ACCOUNT_CHANGED:
            self._learn_account(one.value)
        terms = self._terms
        assert terms is not None  # noqa: S101 - drained only then
        turn.see(heard.observations(one, terms))
        self._lasting.margins.hear(one)
        told = heard.link(one)
        if isinstance(told, SessionLink):
            self.server_reached = told.connected
            turn.add(told)
        if not self._is_result(one, terms, turn):
            found = heard.evidence(one)
            if found is not None:
                turn.add(found)
        for drift in self._lasting.drift.tell(heard.drift(one), trio.current_time()):
            turn.add(drift)

    def _is_result(self, one: Waiting, terms: translate.Terms, turn: Turn) -> bool:
        """Whether it says what became of a request that is in flight here."""
        if not isinstance(one, Push) or one.command != heard.OUTCOME:
            return False
        return self._lasting.trades.resulted(one.value, terms, self.connection, turn)

    async def _changed(self, specs: list[FullSymbol]) -> None:
        """A symbol has other terms: for its quotes, and for the books where they know it."""
        if self.catalogue is None:
            return
        feed, books = self._lasting.feed, self._lasting.recorder.books
        effective = list(self.catalogue.effective(specs))
        if changed := [listed(spec) for spec in effective if spec.symbol_id in feed.board.names]:
            feed.change(changed)
        self._lasting.health.expect([spec for spec in effective if spec.trade_symbol in self._watched])
        await self._learn([spec for spec in effective if books.symbol(spec.trade_symbol) is not None])

    def _suspicious(self, event: Event) -> bool:
        """Whether an event says that something is missing here."""
        if isinstance(event, OrderEnded):
            order = self._lasting.recorder.books.order(event.order)
            return order is not None and order.missing > 0
        return isinstance(event, BalanceReported | LedgerDifference)

    def _server_s(self) -> float:
        """What the server's clock shows now, as seconds."""
        assert self._terms is not None  # noqa: S101 - the account is known before anything is watched
        return self._clock() / 1e9 + self._terms.offset + self._lasting.feed.skew.seconds

    async def _learn_clock(self) -> None:
        """Look now and then whether the server's clock is what its offset says; else ask for the account."""
        skew = self._lasting.feed.skew
        while True:
            await trio.sleep(LEARN_S)
            if self._terms is not None and skew.learn(self._terms.offset):
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


def _reach(point: str, news: list[Event]) -> None:
    """A point of deals."""
    if any(isinstance(event, DealBooked) for event in news):
        reach(point)
