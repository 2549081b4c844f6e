"""What became of commands that are unknown: found out from the venue's own lists (docs/semantics.md 8).

Nothing is sent here.  A look is two fresh answers on a session in which no question is without its answer.
What is found for sure is settled as soon as the books show it, what two looks far enough apart do not find
was not executed, and what is only probable waits for an operator.  Meanwhile its capacity stays reserved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

import trio

from oms.domain.events import CommandScanned, CommandSettled, CommandUnsettled
from oms.domain.evidence import FOUND, MARKER, NOTHING, Doubt, Lists, Look, look
from oms.domain.marker import marker_of
from oms.domain.times import utc_ns
from oms.domain.values import wall
from oms.eventlog.errors import FileError, JournalFull
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.projections import Books
from oms.projections.commands import Command, Key
from oms.projections.outcomes import MAKING, proved
from oms.recorder import Turn
from oms.sessions.outage import Outage
from protocol.errors import LocalProtocolError

from . import settling
from .gathering import NS, server_time
from .options import Pace

BEFORE_S: Final = 3600  # that the server's clock may be off when the send is looked for (docs/semantics.md 8)
SERVER_MODES: Final = frozenset({"request", "instant"})  # where a dealer may hold an order back
TWO_SCANS: Final = "two_scans"
ABSENT_S: Final = 1.0  # until a session that is away is looked for again
LONGEST_S: Final = 3600.0  # from look to look, from warning to warning
SELDOM: Final = 20  # of its age: from look to look at what is unknown for long, whose history is long as well


@dataclass(slots=True)
class _Search:
    """How far the search for one command is."""

    known_at: float  # when this process heard of it, by Trio's clock
    age_s: float  # from its send until then
    scans: int = 0  # good ones
    clear_at: float | None = None  # when a look showed nothing of it, by Trio's clock
    told: tuple[object, ...] = ()  # what was recorded last
    warn_s: float = 0.0  # the age at which the next warning is due


class Resolver:
    """The search for all unknown commands of an account."""

    def __init__(
        self,
        account: Account,
        pace: Pace,
        clock: Callable[[], int],
        told: Callable[[str, str], None],
        *,
        skew_s: float,
    ) -> None:
        """`clock` gives nanoseconds of UTC; `told` hears the warnings, in words."""
        self._account, self._pace, self._clock, self._told = account, pace, clock, told
        self._skew_s = skew_s
        self._recorder = account.recorder
        self._searches: dict[Key, _Search] = {}
        self._doubted = trio.Event()

    def wake(self) -> None:
        """A command has become unknown."""
        self._doubted.set()

    async def run(self) -> None:
        """Look for whatever is unknown, for as long as the journal can be written."""
        while self._recorder.broken is None:
            doubtful = {one.key for one in self._recorder.books.commands.doubtful()}
            self._searches = {key: one for key, one in self._searches.items() if key in doubtful}
            self._doubted, began = trio.Event(), trio.current_time()
            wait_s = await self._round() if doubtful else inf
            with trio.move_on_after(wait_s):
                await self._doubted.wait()  # what is new is not to wait for what is old
                await trio.sleep_until(began + self._pace.spacing_s)

    async def _round(self) -> float:
        """One look at everything; seconds to the next."""
        began, doubtful = trio.current_time(), self._recorder.books.commands.doubtful()
        keys = {one.key for one in doubtful}  # what becomes unknown meanwhile may have been sent meanwhile
        try:
            lists, detail = await self._lists(doubtful)
            if lists is not None:
                reach("scan.heard")
            await self._recorder.write(lambda turn: self._judge(keys, lists, detail, began, turn))
            if lists is not None:
                reach("scan.judged")
        except JournalFull:
            return self._pace.spacing_s
        except FileError as why:
            self._told("journal", str(why))
            return self._pace.spacing_s
        if lists is None:
            return self._pace.spacing_s if detail else ABSENT_S
        return self._wait()

    async def _lists(self, doubtful: list[Command]) -> tuple[Lists | None, str]:
        """What the venue lists; None where it could not be asked, and why not ("": there is no session)."""
        talk = self._account.conversation
        if talk is None or not talk.ready or not self._account.connected:
            return None, ""
        sent = map(self._sent_ns, doubtful)
        since_ns = min(sent, default=self._clock()) - int((BEFORE_S + self._skew_s) * NS)
        try:
            return await self._account.scan(since_ns), ""
        except (Outage, LocalProtocolError) as why:
            return None, str(why)

    def _wait(self) -> float:
        """Until the next look is due for any of them."""
        return min(map(self._wait_for, self._recorder.books.commands.doubtful()), default=0.0)

    def _wait_for(self, command: Command) -> float:
        pace = self._pace
        age_s = self._age_s(command)
        left = self._last_s(command) - (trio.current_time() - self._search(command).known_at)
        if self._search(command).scans < 2:
            return pace.spacing_s
        if left > 0:
            return max(pace.spacing_s, min(left, pace.again_s))
        return min(max(pace.again_s, age_s / SELDOM), LONGEST_S)

    # What a look says.

    def _judge(self, keys: set[Key], lists: Lists | None, detail: str, began: float, turn: Turn) -> None:
        for command in turn.books.commands.doubtful():
            if command.key not in keys:
                continue
            doubt = self._doubt(command, turn.books)
            if doubt is None:
                self._settle_known(command, turn)
            elif lists is None:
                self._missed(command, detail, turn)
            else:
                self._weigh(command, look(doubt, lists), began, turn)
            self._warn(command, turn)
        if any(isinstance(event, CommandSettled) for event in turn.events):
            reach("verdict.proposed")

    def _settle_known(self, command: Command, turn: Turn) -> None:
        """Its marker was at the venue before it was sent: that order is it."""
        marker = marker_of(self._account.name, command.client, command.command)
        order = turn.books.commands.seen(marker)
        if order is not None and command.order is None:
            turn.add(settling.found(command, MARKER, order))
        self._conclude(command, turn)

    def _missed(self, command: Command, detail: str, turn: Turn) -> None:
        search = self._search(command)
        told = (False, detail)
        if detail and search.told != told:
            search.told = told
            turn.add(CommandScanned(command.command, command.client, search.scans, good=False, detail=detail))

    def _weigh(self, command: Command, found: Look, began: float, turn: Turn) -> None:
        search = self._search(command)
        search.scans += 1
        self._tell(command, found, search, turn)
        if found.verdict == FOUND:
            self._settle_found(command, found, turn)
        if found.verdict != NOTHING:
            search.clear_at = None
        elif search.clear_at is None:
            search.clear_at = began
        elif began - search.clear_at >= self._pace.spacing_s and self._is_late(command, began):
            message = "two looks at the venue's lists did not find it"
            for event in settling.not_executed(command, TWO_SCANS, message):
                turn.add(event)

    def _is_late(self, command: Command, began: float) -> bool:
        """Whether a look that began then may be the last one.

        Counted from when this process heard of it: nobody knows whether a clock was set while none ran.
        """
        return began - self._search(command).known_at >= self._last_s(command)

    def _tell(self, command: Command, found: Look, search: _Search, turn: Turn) -> None:
        """Record what is new of it, and the first two looks whatever they say."""
        told = (True, found.verdict, found.candidates)
        if search.scans <= 2 or told != search.told:
            search.told = told
            turn.add(
                CommandScanned(
                    *(command.command, command.client, search.scans),
                    good=True,
                    verdict=found.verdict,
                    candidates=found.candidates,
                )
            )

    def _settle_found(self, command: Command, found: Look, turn: Turn) -> None:
        """As soon as the books show it too; until then they are compared with the venue."""
        if command.verb in MAKING and command.order is None:
            turn.add(settling.found(command, found.evidence, found.candidates[0]))
            self._conclude(command, turn)
            return
        outcome = proved(turn.books, command)
        if outcome is None:
            self._compare()
        if outcome is None and command.verb == "modify":
            outcome = settling.done(command)  # the lists show the new values; the books will
        if outcome is not None:
            turn.add(settling.found(command, found.evidence))
            turn.add(outcome)

    def _conclude(self, command: Command, turn: Turn) -> None:
        """The outcome of a command whose order is known now, or a comparison that brings it."""
        known = turn.books.commands.get(*command.key)
        outcome = proved(turn.books, known) if known is not None else None
        if outcome is None:
            self._compare()
        else:
            turn.add(outcome)

    def _compare(self) -> None:
        if self._account.conversation is not None:
            self._account.conversation.doubt("unknown")

    def _warn(self, command: Command, turn: Turn) -> None:
        known = turn.books.commands.get(*command.key)
        search = self._search(command)
        age_s = self._age_s(command)
        if known is None or known.final or age_s < max(search.warn_s, self._pace.warning_s):
            return
        search.warn_s = age_s + min(max(age_s, self._pace.warning_s), LONGEST_S)
        turn.add(
            CommandUnsettled(
                *(command.command, command.client, int(age_s), search.scans),
                symbol=command.symbol,
                verdict=known.verdict,
                candidates=known.candidates,
            )
        )
        said = f"{known.verdict or 'no look yet'} {' '.join(known.candidates)}".strip()
        self._told("unknown still", f"{command.client}/{command.command}: {int(age_s)} s: {said}")

    # What is known of one.

    def _search(self, command: Command) -> _Search:
        search = self._searches.get(command.key)
        if search is None:
            age_s = max(0.0, (self._clock() - self._sent_ns(command)) / NS)
            search = self._searches[command.key] = _Search(trio.current_time(), age_s)
        return search

    def _sent_ns(self, command: Command) -> int:
        """When it was sent, or else became unknown."""
        times = self._recorder.books.commands.stamp_of(command.key).times
        at = times.get("sending") or times.get("unknown")
        return utc_ns(at) if at else self._clock()

    def _age_s(self, command: Command) -> float:
        """Since its send; by Trio's clock from when this process heard of it, for a wall clock may jump."""
        search = self._search(command)
        return search.age_s + trio.current_time() - search.known_at

    def _last_s(self, command: Command) -> float:
        """From the send to the look that may be the last one."""
        books = self._recorder.books
        accepted = books.commands.course(command.key).answer in ("accepted", "awaited")
        symbol = books.symbol(command.symbol)
        held_back = symbol is not None and symbol.execution in SERVER_MODES
        return self._pace.accepted_s if accepted or held_back else self._pace.last_s

    def _doubt(self, command: Command, books: Books) -> Doubt | None:
        """What is looked for; None where nothing was sent, because its marker was there already."""
        course = books.commands.course(command.key)
        if course.intent is None:
            return None
        offset = self._account.offset(books)
        since_s = self._sent_ns(command) / NS + offset - BEFORE_S - self._skew_s

        def owned(order: str) -> bool:
            owner = books.commands.owner(order)
            return owner is not None and owner.key != command.key

        return Doubt(
            command.verb,
            course.intent,
            course.marker,
            command.order if command.verb in MAKING else None,
            wall(server_time(since_s, offset)),
            owned,
            {one.position: (one.side, one.volume) for one in books.positions},
            course.replaces,
        )
