"""The desk of one account: every command, from its receipt to its outcome.

A command is written down together with what was decided on it and with what is to be sent, in one commit,
before a byte of it leaves; its identity is taken for ever with that.  One trade request at a time waits for
its answer, results are waited for side by side.

The same identity with the same content is the same command, however often and however late it comes.
"""

import math
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import trio
from msgspec.structs import replace

from oms.commands.reply import Outcome
from oms.domain.commands import Cancel, CancelAll, Close, CloseAll, CommandRequest, Submit, Verb
from oms.domain.decide import decide, on_prices
from oms.domain.decide.codes import NATS_AWAY
from oms.domain.decide.decision import Approved, Decision, Denied, Swept, Unchanged
from oms.domain.decide.facts import Facts
from oms.domain.decide.permission import ACTIVE, client_restricted, restricted
from oms.domain.events import (
    ClientState,
    CommandAnswered,
    CommandConflict,
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandUnknown,
    Event,
)
from oms.domain.events.command import Reason
from oms.eventlog.envelope import rfc3339
from oms.eventlog.errors import FileError
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.ingest.standing import reducing_only
from oms.projections import Books
from oms.projections.commands import RECEIVED, SWEEPS, UNKNOWN, Command, Key
from oms.projections.facts import resolved, symbol_of
from oms.recorder import Turn
from oms.sessions.bucket import Bucket
from oms.sessions.outage import Outage
from oms.sessions.translate import Result, trade_request
from protocol.errors import LocalProtocolError

from . import codes, writing
from .flight import Flight
from .flights import Flights
from .gathering import NS, facts_of, renamed
from .leftovers import bring_to_an_end
from .line import Line, Place
from .options import Options
from .pending import CHILD, Channel, Pending
from .publishing import Publishing
from .resolver import Resolver
from .telling import checked
from .writing import reason

FIRST_ACTION: Final = (2**20, 2**31 - 1)  # where an account's numbers begin, by chance (docs/semantics.md 0)
LAST_ACTION: Final = 2**32 - 1
AGAIN_S: Final = 1.0  # until a full disk is tried again
PRICES_S: Final = 7.0  # that prices can be used which were asked for, where the symbol does not say
QUOTE_S: Final = 2.0  # for the first quote of a symbol that was not watched
_TOLD: Final = (
    CommandReceived,
    CommandDenied,
    CommandSending,
    CommandAnswered,
    CommandResult,
    CommandOutcome,
    CommandUnknown,
)


class Desk:
    """All commands of one account."""

    def __init__(
        self,
        account: Account,
        options: Options,
        clock: Callable[[], int],
        nursery: trio.Nursery,
        *,
        margined: Callable[[Verb, Facts, Books], Facts],
        nats_away: Callable[[], bool] = lambda: False,
        publishing: Publishing | None = None,
        told: Callable[[str, str], None] = lambda what, detail: None,
        chance: random.Random | None = None,
    ) -> None:
        """`clock` gives nanoseconds of UTC, `margined` adds the margin after an order to what is known;
        `publishing` where intents wait for their stream.

        Commands are carried in the nursery, which must outlive the account's sessions; `told` hears, in
        words, of every doubt.
        """
        self.account, self.options, self.recorder = account, options, account.recorder
        self.pending: dict[Key, Pending] = {}
        self.flights = Flights(account, options, told, nursery)
        self.resolver = Resolver(account, options.pace, clock, told, skew_s=options.skew_s)
        self._clock, self.nursery, self._margined = clock, nursery, margined
        self._nats_away, self._publishing, self._told = nats_away, publishing, told
        self._chance = chance or random.SystemRandom()
        self.panics = 0  # that go on: what halts the account must not keep it from being closed
        self._stopping = False
        self._moves: dict[Key, trio.Event] = {}
        self._line = Line()
        self._bucket = Bucket(options.rate, options.burst)

    # Its life.

    async def open(self) -> None:
        """Bring to an end what an earlier run left, then be there; before the account's first session."""
        await self.recorder.write(bring_to_an_end)
        reach("leftovers.recorded")
        self.recorder.tell(self._heard)
        self.account.send_for(self.flights)
        self.nursery.start_soon(self.resolver.run)

    def stop(self) -> None:
        """Take nothing more in, send nothing more."""
        self._stopping = True

    async def settle(self) -> None:
        """Return when nothing is on its way, from the decision on; what is unknown is not waited for."""
        while any(map(self._under_way, self.pending.values())):  # noqa: ASYNC110 - commits wake nobody
            await trio.sleep(0.01)

    def _under_way(self, pending: Pending) -> bool:
        known = self.command(pending)
        over = known is not None and (known.final or known.status == UNKNOWN or known.verb in SWEEPS)
        return pending.decided and not over  # of a sweep its children are what is on its way

    # Taking in.

    def take(
        self, request: CommandRequest, channel: Channel = "request", *, queued_at: str | None = None
    ) -> Pending:
        """Begin with a command, or find what has become of it; who is taken first is decided on first.

        What is refused here holds its reasons, and is to be written down where `receipt` is awaited.
        """
        received = self._clock()
        command = request.id or f"{self._chance.getrandbits(64):016x}"
        deadline = None if channel == "operator" else self._deadline(request, received)
        left_s = math.inf if deadline is None else (deadline - received) / NS
        expires_at = trio.current_time() + left_s
        new = Pending(
            request, command, channel, received, deadline, queued_at=queued_at, expires_at=expires_at
        )
        known_hash = self._known_hash(new.key)
        if known_hash is not None:
            return self._again(new, known_hash)
        if self._stopping:
            return _refused(new, codes.STOPPING)
        if channel != "operator" and self._waiting() >= self.options.waiting:
            return _refused(new, codes.BUSY, limit=str(self.options.waiting))
        self._overtake(new)
        self._begin(new)
        return new

    def _waiting(self) -> int:
        return sum(not one.decided and one.parent is None for one in self.pending.values())

    def _deadline(self, request: CommandRequest, received: int) -> int:
        if request.deadline_ns is None:
            return received + int(self.options.deadline_s * NS)
        return request.deadline_ns + int(self.options.skew_s * NS)

    def _known_hash(self, key: Key) -> str | None:
        """What the command of this identity says; None where there is none."""
        if key in self.pending:
            return self.pending[key].request.payload_hash
        known = self.recorder.books.commands.get(*key)
        return self.recorder.books.commands.course(key).payload_hash if known else None

    def _again(self, new: Pending, known_hash: str) -> Pending:
        request = new.request
        if known_hash == request.payload_hash:
            new.decided = True
            return self.pending.get(new.key, new)
        new.conflict = CommandConflict(
            new.command, request.client, request.verb.verb, known_hash, request.payload_hash
        )
        return _refused(new, codes.CONFLICT)

    def _begin(self, new: Pending) -> None:
        self.pending[new.key] = new
        new.verb = renamed(new.request.verb, self.account)
        place = None if self._lacks(new.verb) else self._line.join(new.rank)
        self.nursery.start_soon(self._carry, new, place)

    def _overtake(self, new: Pending) -> None:
        """A close or cancel of a symbol, or of all, calls the same client's waiting orders off."""
        match renamed(new.request.verb, self.account):
            case Close(symbol=str() as symbol) | CloseAll(symbol=symbol) | CancelAll(symbol=symbol):
                waiting = [one for one in self.pending.values() if not one.decided and _before(one, new)]
            case _:
                return
        for one in waiting:
            verb = renamed(one.request.verb, self.account)
            same_client = one.request.client == new.request.client
            if same_client and isinstance(verb, Submit) and symbol in (None, verb.symbol):
                one.overtaken_by = new.command

    async def check(self, request: CommandRequest) -> Outcome:
        """What a submit would come to now; nothing is sent, nothing is remembered."""
        pending = Pending(request, request.id or "", "request", self._clock(), None)
        pending.verb = renamed(request.verb, self.account)
        await self._prepare(pending.verb)
        await self.recorder.settled()
        books = self.recorder.books
        facts = self._facts(pending.verb, request.client, books, self._clock())
        found = decide(pending.verb, facts)
        return checked(self.account.name, self.recorder.seq, pending, found, facts)

    # What somebody waits for.

    def command(self, pending: Pending) -> Command | None:
        """The command as the books have it; None before it is written down."""
        return self.recorder.books.commands.get(*pending.key)

    async def outcome(self, pending: Pending, within_s: float, *, doubts: bool = False) -> None:
        """Return when the command is final or refused (`doubts`: or unknown), or after so many seconds."""

        def done() -> bool:
            known = self.command(pending)
            over = known is not None and (known.final or (doubts and known.status == UNKNOWN))
            return over or bool(pending.refusal)

        with trio.move_on_after(within_s):
            await self._until(pending, done)
        await self.recorder.settled()

    async def decided(self, pending: Pending) -> None:
        """Return when it is decided on and written down, or refused."""
        await self._until(pending, lambda: pending.decided or bool(pending.refusal))
        await self.recorder.settled()

    async def receipt(self, pending: Pending) -> None:
        """Return when it is written down, or refused; whether it may be sent need not be decided yet.

        Where it cannot be written down it is refused, and will not be sent.
        """
        if pending.conflict is None and (self.command(pending) is not None or pending.refusal):
            return

        def work(turn: Turn) -> None:
            conflict, pending.conflict = pending.conflict, None
            if conflict is not None:
                turn.add(conflict)
            elif not pending.refusal:
                _write_receipt(pending, turn)

        try:
            await self.recorder.write(work, cause=pending.command, trace=pending.request.trace)
        except FileError as why:
            self._told("journal", str(why))
            self._let_go(_refused(pending, codes.NOT_RECORDED))

    async def _until(self, pending: Pending, done: Callable[[], bool]) -> None:
        while not done():
            await self._moves.setdefault(pending.key, trio.Event()).wait()

    def _poke(self, key: Key) -> None:
        moved = self._moves.pop(key, None)
        if moved is not None:
            moved.set()

    def _heard(self, events: Sequence[Event]) -> None:
        """What is on disk now: wake who waits for it."""
        for event in events:
            if not isinstance(event, _TOLD):
                continue
            key = (event.client, event.command)
            known = self.recorder.books.commands.get(*key)
            if isinstance(event, CommandResult):
                reach("result.recorded")
                if event.meaning == "prices":
                    self.flights.priced(event.action_id)
            if isinstance(event, CommandOutcome):
                reach("outcome.recorded")
            if known is not None and known.final:
                self.flights.land(key)
            elif isinstance(event, CommandUnknown):
                self.flights.leave(key)
                self.resolver.wake()
            if known is not None and known.final:
                self.pending.pop(key, None)
            self._poke(key)

    # Carrying out.

    async def _carry(self, pending: Pending, place: Place | None) -> None:
        try:
            if place is None:
                await self._prepare(pending.verb)
                place = self._line.join(pending.rank)
            async with place:
                flight = await self._decide(pending)
                if flight is not None:
                    await self._send(pending, flight)
            if flight is not None and flight.asks_prices:
                await self._order_at_prices(pending, flight)
        except FileError as why:
            self._told("journal", str(why))
            known = self.command(pending) is not None or not self.recorder.sound
            if self.recorder.broken is not None or not known:
                self._let_go(_refused(pending, codes.NOT_RECORDED))
                return
            # Its id may be taken, so it has to come to an end.
            await trio.sleep(AGAIN_S)
            self.nursery.start_soon(self._carry, pending, None)
        finally:
            if place is not None:
                place.leave()

    def _let_go(self, pending: Pending) -> None:
        if self.pending.get(pending.key) is pending:
            del self.pending[pending.key]
        self._poke(pending.key)

    def _lacks(self, verb: Verb) -> str:
        """The symbol whose specification of this session, or whose first quote, deciding has to wait for."""
        symbol = symbol_of(verb, self.recorder.books)
        talk = self.account.conversation
        if symbol is None or talk is None or not talk.ready or not self.account.connected:
            return ""
        quoted = not isinstance(verb, Submit) or self.account.feed.board.get(symbol) is not None
        return symbol if talk.lists(symbol) and not (symbol in talk.specified and quoted) else ""

    async def _prepare(self, verb: Verb) -> None:
        """Ask for what deciding needs and is not here yet; the decision finds what is still missing."""
        symbol, talk = self._lacks(verb), self.account.conversation
        if not symbol or talk is None:
            return
        if symbol not in talk.specified:
            with suppress(Outage, LocalProtocolError, FileError):
                await self.account.specification(symbol, data=False)
        if isinstance(verb, Submit) and self.account.feed.board.get(symbol) is None:
            talk.want(symbol)
            with trio.move_on_after(QUOTE_S):
                while self.account.feed.board.get(symbol) is None:  # noqa: ASYNC110 - ticks wake nobody
                    await trio.sleep(0.01)

    async def _decide(self, pending: Pending) -> Flight | None:
        """Write down what is decided; what is to be sent then, if anything."""
        token = self._bucket.try_take()
        if not token and self._may_be_sent(pending):
            await self._bucket.take()
            token = True
        reach("command.taken")
        found: list[Flight] = []
        children: list[Pending] = []

        def work(turn: Turn) -> None:
            known = turn.books.commands.get(*pending.key)
            if pending.refusal or (known is not None and known.status != RECEIVED):
                return  # whatever brought it here twice: it is decided once
            decision = self._judged(pending, turn.books)
            pending.decided = True
            if isinstance(decision, Denied) and known is None and _passes(decision, pending):
                pending.refusal = decision.reasons
                return
            _write_receipt(pending, turn)
            match decision:
                case Approved():
                    found.extend(self._write_intent(pending, decision, turn))
                    reach("intent.proposed")
                case Denied():
                    turn.add(writing.denial(pending, decision, turn.books))
                case Unchanged():
                    turn.add(writing.unchanged(pending, decision, turn.books))
                case Swept():
                    children.extend(self._write_sweep(pending, decision, turn))

        await self.recorder.write(work, cause=pending.command, trace=pending.request.trace, at_once=True)
        if token and not found:
            self._bucket.give_back()
        if pending.refusal:
            self._let_go(pending)
        if children:
            reach("sweep.recorded")
        for child in children:
            self._begin(child)
        if not found:
            return None
        reach("intent.recorded")
        return found[0]

    def _may_be_sent(self, pending: Pending) -> bool:
        """Whether it is worth waiting for a token: what is denied needs none."""
        return isinstance(self._judged(pending, self.recorder.books), Approved)

    def _judged(self, pending: Pending, books: Books) -> Decision:
        if self._stopping:
            return Denied((reason(codes.STOPPING, "the daemon is being stopped"),), passing=True)
        overtaken_by = pending.overtaken_by or self._overtaken(pending, books)
        if overtaken_by:
            message = f"{overtaken_by} called it off while it waited"
            return Denied((reason(codes.OVERTAKEN, message),))
        now = self._clock()
        late = self._too_late(pending, now)
        if late is not None:
            return late
        verb = pending.verb = self._resolved(pending, books)
        if isinstance(verb, Cancel) and verb.order is None:
            message = f"{pending.request.client} has no command {verb.command!r} that made an order"
            return Denied((reason(codes.UNKNOWN_COMMAND, message, "command", verb.command),))
        return decide(verb, self._facts(verb, pending.request.client, books, now))

    def _overtaken(self, pending: Pending, books: Books) -> str:
        """The close or cancel that was put into the durable queue behind this, and taken before it."""
        verb = renamed(pending.request.verb, self.account)
        if pending.queued_at is None or not isinstance(verb, Submit):
            return ""
        return books.commands.overtaken(pending.request.client, verb.symbol, pending.queued_at)

    def _too_late(self, pending: Pending, now: int) -> Denied | None:
        in_time = trio.current_time() <= pending.expires_at  # also where the wall clock was set back
        if pending.deadline_ns is None or (in_time and now <= pending.deadline_ns):
            return None
        given = pending.request.deadline
        message = f"it was not sent by {given or rfc3339(pending.deadline_ns)}"
        return Denied((reason(codes.PAST_DEADLINE, message, "deadline", given),))

    def _facts(self, verb: Verb, client: str, books: Books, now: int) -> Facts:
        facts = facts_of(
            self.account,
            books,
            verb,
            self.options.policy,
            now,
            client=client,
            nats_away=self._nats_away(),
        )
        if self.panics:
            facts = replace(facts, restrictions=reducing_only(facts.restrictions), refusing={})
        return self._margined(verb, facts, books)

    def _resolved(self, pending: Pending, books: Books) -> Verb:
        return resolved(renamed(pending.request.verb, self.account), books, pending.request.client)

    def _write_sweep(self, pending: Pending, swept: Swept, turn: Turn) -> list[Pending]:
        """The receipts of its children; without any it is done."""
        children = writing.children_of(pending, swept, self._clock())
        for child in children:
            _write_receipt(child, turn)
        if not children:
            turn.add(CommandOutcome(pending.command, pending.request.client, "done", True))
        return children

    def _write_intent(self, pending: Pending, approved: Approved, turn: Turn) -> list[Flight]:
        """The intent with its number and its marker; nothing where the venue knows the marker already."""
        connection, commands = self.account.connection, turn.books.commands
        assert connection is not None  # noqa: S101 - nothing is approved without a session
        intent, marker = writing.commented(
            approved.intent, self.account.name, pending, marking=self.options.marker
        )
        if marker and commands.seen(marker) is not None:
            self.flights.doubt(pending.key, "known_marker", intent.symbol, turn)
            return []
        number = commands.last_action + 1
        if not FIRST_ACTION[0] < number <= LAST_ACTION:
            number = self._chance.randint(*FIRST_ACTION)
        event = writing.sending(intent, pending, number, marker, turn.books)
        turn.add(replace(event, quote=approved.quote, margin=approved.margin, risk=approved.risk))
        request = trade_request(intent, number)
        return [Flight(pending.key, replace(approved, intent=intent), request, marker, connection)]

    async def _send(self, pending: Pending, flight: Flight) -> None:
        """Send what is written down, where that is asked for when the stream has it too.

        What came up while it waited - a halt, its deadline - counts: then no byte of it leaves.
        """
        against: Sequence[Reason] = ()
        if self._publishing is not None and not flight.asks_prices:
            against = await self._wait_for_stream(pending, flight, self._publishing)
        if against:
            await self.flights.refuse(flight, against[0])
        else:
            await self.flights.send(flight)

    async def _wait_for_stream(
        self, pending: Pending, flight: Flight, publishing: Publishing
    ) -> Sequence[Reason]:
        """What stands against sending it by then."""
        need = flight.approved.need
        if not await publishing.awaited(self.recorder.seq, need):
            text = f"the stream did not have it within {publishing.within_s:g} s"
            if need == "risk":
                return [reason(codes.NOT_PUBLISHED, f"{text}; nothing was sent")]
            self._told(
                "not published", f"{pending.request.client}/{pending.command} goes all the same: {text}"
            )
        restrictions = self.account.standing.restrictions
        if self.panics:
            restrictions = dict(reducing_only(restrictions))
        client = pending.request.client
        alone = self.recorder.books.risk.clients.get(client, ClientState(client, ACTIVE, ""))
        late = self._too_late(pending, self._clock())
        return [
            *restricted(restrictions, need),
            *client_restricted(client, alone.permission, alone.reason, need),
            *(late.reasons if late else ()),
        ]

    # Request execution.

    async def _order_at_prices(self, pending: Pending, flight: Flight) -> None:
        """Wait for the prices, decide on them, send the order."""
        prices = await self.flights.prices(flight)
        if prices is not None:
            reach("prices.known")
            async with self._line.join(CHILD):
                await self._bucket.take()
                try:
                    ordered = await self._decide_on_prices(pending, flight, prices)
                except FileError as why:
                    self._told("journal", str(why))
                    await self.flights.give_up_prices(flight)
                    return
                if ordered is not None:
                    reach("prices.recorded")
                    await self._send(pending, ordered)

    async def _decide_on_prices(self, pending: Pending, flight: Flight, prices: Result) -> Flight | None:
        """The question is over with this, whatever is decided; prices that are too old are none."""
        found: list[Flight] = []

        def work(turn: Turn) -> None:
            if flight.over.is_set():
                return
            decision = self._judged_at(prices, pending, flight, turn.books)
            if decision is None:
                command, client = pending.command, pending.request.client
                message = "the prices are too old, or another session's"
                turn.add(writing.rejected(command, client, reason(codes.NO_PRICES, message)))
            elif isinstance(decision, Denied):
                turn.add(writing.denial(pending, decision, turn.books))
            else:
                found.extend(self._write_intent(pending, decision, turn))

        await self.recorder.write(work, cause=pending.command, trace=pending.request.trace)
        self.flights.drop(flight)
        return found[0] if found else None

    def _judged_at(
        self, prices: Result, pending: Pending, flight: Flight, books: Books
    ) -> Approved | Denied | None:
        now = self._clock()
        late = self._too_late(pending, now)
        if late is not None:
            return late
        symbol = books.symbol(flight.approved.intent.symbol)
        usable_s = (symbol.request_timeout if symbol else 0) or PRICES_S
        if flight.connection is not self.account.connection or flight.age_s > usable_s:
            return None
        if prices.bid is None or prices.ask is None:
            return None
        facts = self._facts(pending.verb, pending.request.client, books, now)
        return on_prices(flight.approved, pending.verb, facts, prices.bid, prices.ask)


def _before(one: Pending, new: Pending) -> bool:
    """Whether a command came before another: of two that were queued, whichever was queued first."""
    return one.queued_at is None or new.queued_at is None or one.queued_at < new.queued_at


def _passes(denied: Denied, pending: Pending) -> bool:
    """Whether it may be tried again, its id not used up; a durable command also waits for NATS to be back."""
    only_away = {one.code for one in denied.reasons} == {NATS_AWAY}
    return denied.passing or (only_away and pending.channel == "queue")


def _write_receipt(pending: Pending, turn: Turn) -> None:
    """Unless it is written down already."""
    if turn.books.commands.get(*pending.key) is None:
        turn.add(writing.receipt(pending, turn.books))


def _refused(pending: Pending, code: str, limit: str | None = None) -> Pending:
    """Not carried out: the id is not used up."""
    pending.refusal = (Reason(code, codes.CODES[code].meaning, limit=limit),)
    return pending
