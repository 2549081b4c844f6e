"""What a session hears is put into the books, in its order, by the account's terms of that moment.

Pushes wait until the account is known.  What the books cannot explain then is a reason to compare them.
"""

from collections.abc import Callable

import trio

from oms.domain.events import (
    AccountChanged,
    BalanceReported,
    DealBooked,
    Event,
    LedgerDifference,
    OrderEnded,
    SessionLink,
)
from oms.failpoints import reach
from oms.recorder import Turn
from oms.sessions import translate
from oms.sessions.connection import Connection
from protocol.account_body import Account
from protocol.messages import Push

from . import heard
from .ear import ACCOUNT_CHANGED, Ear, Waiting
from .lasting import Lasting
from .reconciler import AT_ONCE
from .standing import rights_gone
from .watching import Watching


class Following:
    """Of one session."""

    def __init__(
        self,
        connection: Connection,
        ear: Ear,
        lasting: Lasting,
        watching: Watching,
        doubt: Callable[[str], None],
    ) -> None:
        """`doubt` hears of each reason to compare books and venue soon."""
        self.terms: translate.Terms | None = None  # how records are read; None before the account is known
        self.server_reached = True  # the gateway's link to its trade server stands (push 15)
        self._connection, self._ear, self._lasting = connection, ear, lasting
        self._watching, self._doubt = watching, doubt
        self._draining = trio.Lock()

    def learn_account(self, account: Account) -> None:
        """The account's terms are these, for all that is read from now on."""
        terms = translate.terms_of(account)
        if self.terms is not None and terms.offset != self.terms.offset:
            self._lasting.feed.skew.forget()
        self.terms = terms
        self._lasting.margins.account(account)
        if self._watching.catalogue is not None:
            self._watching.catalogue.account = account

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._ear.listen()
            await self.drain()

    async def drain(self) -> None:
        """Let the books have all that waits; nothing before the account is known.

        What was taken out of the ear is recorded, whoever is cancelled meanwhile.
        """
        async with self._draining:
            while self.terms is not None and self._ear.waiting:
                with trio.CancelScope(shield=True):
                    await self._record(self._ear.take(AT_ONCE))

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
                await self._watching.changed(one.value)
        self._watching.look()
        if any(isinstance(event, AccountChanged) for event in news):
            await self._terms_changed()
        if any(map(heard.doubtful, taken)):
            self._doubt("unread")
        elif any(map(self._suspicious, news)):
            self._doubt("balance")

    async def _terms_changed(self) -> None:
        """Rights that are gone count at once, rights that came back with the next comparison."""
        await self._lasting.standing.move(change=rights_gone)
        self._doubt("account")

    def _tell(self, one: Waiting, turn: Turn) -> None:
        if isinstance(one, Push) and one.command == ACCOUNT_CHANGED:
            self.learn_account(one.value)
        terms = self.terms
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
        return self._lasting.trades.resulted(one.value, terms, self._connection, turn)

    def _suspicious(self, event: Event) -> bool:
        """Whether an event says that something is missing here."""
        if isinstance(event, OrderEnded):
            order = self._lasting.recorder.books.order(event.order)
            return order is not None and order.missing > 0
        return isinstance(event, BalanceReported | LedgerDifference)


def _reach(point: str, news: list[Event]) -> None:
    """A point of deals."""
    if any(isinstance(event, DealBooked) for event in news):
        reach(point)
