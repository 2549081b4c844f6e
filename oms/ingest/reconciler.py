"""Comparing the books with the venue, on one session (docs/semantics.md 7).

A round asks for orders, positions, account and history, lets the books have what is news, asks again, and
compares.  A round in which trades or money moved proves nothing, and is not counted.  The same difference in
three quiet rounds is one; until then the venue may just be slow.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

import trio

from oms.domain import times
from oms.domain.correction import Unacceptable
from oms.domain.events import DealRemoved, Event
from oms.domain.events.reconcile import Difference
from oms.domain.observations import DealSeen, Observation
from oms.domain.reconcile import Picture
from oms.domain.values import wall
from oms.failpoints import reach
from oms.recorder import Recorder, Turn
from oms.sessions import translate
from oms.sessions.connection import Connection
from oms.sessions.history import LATEST_S, HistoryPlan, history_begin, read_history
from oms.sessions.opening import account_of, open_trades
from protocol.account_body import Account
from protocol.records.trade import OpenTrades

from .accepting import refusal, take_over
from .asked import RACED, UNACCEPTABLE, Asked, Round
from .comparing import compared, picture_of
from .report import About, News, report
from .standing import DIFFERENCE, DIRTY, RESTORED, restrictions_of

AT_ONCE: Final = 64  # observations in one turn, so that one commit holds all that they may come to
NS: Final = 1_000_000_000
MISSING_S: Final = 60  # a deal is missing when it is older, and two answers so far apart lack it


class Limits(NamedTuple):
    """How reconciling is paced; seconds."""

    overlap_s: int = 24 * 3600  # of history read again
    rounds: int = 3  # quiet ones with the same difference
    spacing_s: float = 30.0  # from one of them to the next
    race_s: float = 60.0  # of nothing but races; then the account is let in, reducing only
    pause_s: float = 1.0  # from the first round that was not equal to the next; then twice as long each time


class Answers(NamedTuple):
    """What the venue says is so, asked together."""

    account: Account
    trades: OpenTrades

    @property
    def seen(self) -> list[Observation]:
        """The same for the books."""
        terms = translate.terms_of(self.account)
        return [*translate.account(self.account), *translate.open_trades(self.trades, terms)]

    @property
    def picture(self) -> Picture:
        """What of it is compared."""
        return picture_of(self.seen)


class Moved(Exception):
    """A push of trades or money came meanwhile: what was answered may be older than it."""


class Doubt:
    """How often the same difference was seen, far enough apart."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.forget()

    def forget(self) -> None:
        """Books and venue agree."""
        self._found: frozenset[tuple[str, ...]] = frozenset()
        self._times: list[float] = []

    @property
    def any(self) -> bool:
        """Whether a quiet round was not equal; the history is then read from its beginning."""
        return bool(self._times)

    def knows(self, differences: Iterable[Difference]) -> bool:
        """Whether the quiet round before found the same."""
        return self.any and frozenset(map(_gist, differences)) == self._found

    def confirmed(self, differences: tuple[Difference, ...], began: float) -> bool:
        """Note a quiet round that was not equal; whether that makes it a difference."""
        found = frozenset(map(_gist, differences))
        if found != self._found:
            self._found, self._times = found, []
        if not self._times or began - self._times[-1] >= self._limits.spacing_s:
            self._times.append(began)
        return len(self._times) >= self._limits.rounds


def _gist(one: Difference) -> tuple[str, ...]:
    """What stays the same of a difference on an account that moves on: of money, how much."""
    if one.key or one.books is None or one.venue is None:
        return one.subject, one.key, one.field, one.books or "", one.venue or ""
    return one.subject, str(Decimal(one.venue) - Decimal(one.books))


class Reconciler:
    """Rounds on one connection, of one account."""

    def __init__(
        self,
        connection: Connection,
        recorder: Recorder,
        plan: HistoryPlan,
        limits: Limits,
        *,
        clock: Callable[[], int],
        moves: Callable[[], int],
        drain: Callable[[], Awaitable[None]],
        lacking: dict[str, float],
        news: News,
        learn: Callable[[Account], None] = lambda account: None,
        opened: Callable[[OpenTrades], None] = lambda trades: None,
        judged: Callable[[int], None] = lambda differences: None,
    ) -> None:
        """`moves` counts pushes of trades and money, `drain` lets the books have those that wait.

        `learn` hears of each answer about the account, `opened` of those about what is open that no push
        has overtaken.

        `lacking` remembers, longer than a connection, which deals an answer did not hold, and since when,
        `news` what was found and not reported yet; `judged` hears of each quiet round, with its differences.
        """
        self._connection, self._recorder, self._plan, self._limits = connection, recorder, plan, limits
        self._clock, self._moves, self._drain = clock, moves, drain
        self._lacking, self._learn, self._judged = lacking, learn, judged
        self._opened = opened
        self.doubt = Doubt(limits)
        self.rounds = 0
        self._news = news
        self._history: tuple[str | None, str] = (None, "")  # from, to
        self._expected: int | None = None  # moves, in a live round
        self._accepts: Asked | None = None  # whose acceptance it is

    async def run(self, cause: str, *, live: bool, asked: Asked | None = None) -> Round:
        """One round, recorded where it proves something; raises Outage.

        `live`: pushes go into the books meanwhile, so that an older answer must not come behind them.  Where
        `asked` accepts a difference that earlier rounds found too, the books take over what the venue says.
        """
        began, moves = trio.current_time(), self._moves()
        self.rounds += 1
        self._expected = moves if live else None
        self._accepts = asked if asked is not None and asked.accept is not None else None
        try:
            first = await self._ask()
            reach("reconcile.asked")
            if not live:
                await self._see(translate.account(first.account))
            await self._read_history(first)
            self._check()
            self._opened(first.trades)
            await self._see(first.seen)
            await self._drain()
            reach("reconcile.read")
            again = await self._ask()
            if self._moves() != moves or (
                not self._recorder.books.ledger.opened and first.picture != again.picture
            ):
                return RACED
            return await self._judge(cause, began, again)
        except Moved:
            return RACED

    # What is asked.

    async def _ask(self) -> Answers:
        trades = await open_trades(self._connection)
        account = await account_of(self._connection)
        self._learn(account)
        return Answers(account, trades)

    async def _read_history(self, first: Answers) -> None:
        terms = translate.terms_of(first.account)
        now_s = self._clock() // NS + terms.offset
        begin_s = history_begin(self._since(terms.offset), first.trades.orders)
        self._history = (_text(begin_s) if begin_s else None, _text(now_s))
        held: set[str] = set()
        reached_s = now_s
        async with aclosing(read_history(self._connection, self._plan, begin_s, now_s)) as parts:
            async for part in parts:
                seen = translate.history(part.history, terms)
                held.update(one.record.deal for one in seen if isinstance(one, DealSeen))
                reached_s = part.begin_s
                await self._see(seen)
        await self._remove_missing(held, reached_s, now_s)

    def _since(self, offset: int) -> int:
        """From when on deals matter, server time; 0 = everything, on adoption and in doubt."""
        terms, ledger = self._recorder.books.terms, self._recorder.books.ledger
        restricted = restrictions_of(terms.standing).keys()
        doubtful = self.doubt.any or bool(restricted & {DIRTY, RESTORED, DIFFERENCE})
        if doubtful or self._accepts or not ledger.opened or not terms.known_to:
            return 0
        return int(min(_seconds(terms.known_to) - self._limits.overlap_s, *self._unfinished(offset)))

    def _unfinished(self, offset: int) -> Iterator[float]:
        """Since when there is something of which the end may be in the history, server time."""
        yield LATEST_S
        books = self._recorder.books
        for order in books.orders.open():
            if order.record is not None and order.record.setup_at:
                yield _seconds(wall(order.record.setup_at))
        for command in books.commands.open():
            sent = books.commands.stamp_of(command.key).times.get("sending")
            if sent is not None:
                yield times.utc_ns(sent) / NS + offset

    async def _remove_missing(self, held: set[str], begin_s: int, now_s: int) -> None:
        """Deals that the venue holds no longer: not now, and not a minute ago.

        An answer without any deal is no proof: it may be the venue's trouble.
        """
        if not held:
            return
        now = trio.current_time()
        early, late = _text(begin_s), _text(now_s - MISSING_S)
        lacking = [deal for deal in self._recorder.books.deals.between(early, late) if deal.deal not in held]
        since = {deal.deal: self._lacking.get(deal.deal, now) for deal in lacking}
        self._lacking.clear()
        self._lacking.update(since)
        gone = [deal for deal in lacking if now - since[deal.deal] >= MISSING_S]

        def work(turn: Turn) -> None:
            self._check()
            for deal in gone:
                turn.add(DealRemoved(deal))

        if gone:
            await self._record(work)

    async def _see(self, seen: list[Observation]) -> None:
        """Let the books have what is news; raises Moved rather than put an old answer behind a push."""
        for place in range(0, len(seen), AT_ONCE):
            await self._record(partial(self._look, seen[place : place + AT_ONCE]))

    def _look(self, seen: list[Observation], turn: Turn) -> None:
        self._check()
        turn.see(seen)

    async def _record(self, work: Callable[[Turn], None]) -> None:
        """In a turn of its own, to be reported by the next round that proves something."""
        found: list[Event] = []

        def told(turn: Turn) -> None:
            work(turn)
            found.extend(turn.events)

        await self._recorder.write(told)
        self._news.add(found)

    def _check(self) -> None:
        if self._expected is not None and self._moves() != self._expected:
            raise Moved

    # What it comes to.

    async def _judge(self, cause: str, began: float, answers: Answers) -> Round:
        """Compare, adopt where nothing was known before, and record the report; one turn."""
        seen, venue = answers.seen, answers.picture
        now = _text(self._clock() // NS + translate.terms_of(answers.account).offset)
        about = About(cause, self.rounds, *self._history)
        found: list[Difference] = []
        accepts, why_not = self._accepts, ""

        def work(turn: Turn) -> None:
            nonlocal accepts, why_not
            self._check()
            turn.see(seen)
            found.extend(compared(turn, venue, now))
            news = self._news.plus(turn.events)
            if accepts is not None and accepts.withdrawn:
                accepts = None
            if accepts is not None:
                why_not = refusal(found, turn, known=self.doubt.knows(found))
            if accepts is not None and not why_not:
                take_over(accepts, found, venue, now, turn, self._recorder.seq)
            turn.add(report(about, found, news, venue, turn.books))

        try:
            await self._recorder.write(work)
        except Unacceptable:
            return Round(True, tuple(found), refusal=UNACCEPTABLE)
        self._news.forget()
        differences = tuple(found)
        self._judged(len(differences))
        booked = accepts is not None and not why_not
        if booked or not differences:
            self.doubt.forget()
            return Round(True, differences, accepted=booked, refusal=why_not)
        return Round(True, differences, self.doubt.confirmed(differences, began), refusal=why_not)


def _text(seconds: int) -> str:
    """A server time as wall time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000")


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()
