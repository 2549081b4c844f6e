"""The desk of one account: every command, from its receipt to its outcome.

A command is written down together with what was decided on it and with what is to be sent, in one commit,
before a byte of it leaves; its identity is taken for ever with that.  One trade request at a time waits for
its answer, results are waited for side by side.

The same identity with the same content is the same command, however often and however late it comes.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Final

import trio

from oms.commands.reply import Outcome
from oms.domain.commands import CommandRequest, Verb
from oms.domain.decide.facts import Facts
from oms.domain.events import (
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
from oms.eventlog.errors import FileError
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.projections import Books
from oms.projections.commands import SWEEPS, UNKNOWN, Command, Key
from oms.recorder import Turn
from oms.sessions.bucket import Bucket

from . import codes
from .carrying import Carrier
from .flights import Flights
from .gathering import NS, renamed
from .in_hand import InHand
from .judging import Judge
from .leftovers import bring_to_an_end
from .options import Options
from .overtaking import overtake
from .pending import Channel, Pending
from .preparing import prepare
from .publishing import Publishing
from .resolver import Resolver
from .sending import Sender
from .writing import write_receipt

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
        self.nursery = nursery
        self.judge = Judge(account, options.policy, clock, margined=margined, nats_away=nats_away)
        self.flights = Flights(account, options, told, nursery)
        self.resolver = Resolver(account, options.pace, clock, told, skew_s=options.skew_s)
        self._clock, self._told = clock, told
        self._chance = chance or random.SystemRandom()
        self._in_hand = InHand()
        sender = Sender(
            *(account, self.flights, self.judge, told),
            marking=options.marker,
            publishing=publishing,
            chance=self._chance,
        )
        self._carrier = Carrier(
            *(account, self._in_hand, self.judge, sender, self.flights),
            Bucket(options.rate, options.burst),
            clock=clock,
            nursery=nursery,
            told=told,
        )

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
        self.judge.stopping = True

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
        if self.judge.stopping:
            return new.refuse(codes.STOPPING)
        if channel != "operator" and self._waiting() >= self.options.waiting:
            return new.refuse(codes.BUSY, limit=str(self.options.waiting))
        overtake(new, self.pending.values(), self.account)
        self._carrier.begin(new)
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
        return new.refuse(codes.CONFLICT)

    async def check(self, request: CommandRequest) -> Outcome:
        """What a submit would come to now; nothing is sent, nothing is remembered."""
        pending = Pending(request, request.id or "", "request", self._clock(), None)
        pending.verb = renamed(request.verb, self.account)
        await prepare(self.account, pending.verb)
        await self.recorder.settled()
        return self.judge.check(pending, self.recorder.books, self.recorder.seq)

    # What somebody waits for.

    @property
    def pending(self) -> dict[Key, Pending]:
        """What was taken in and is not final yet."""
        return self._in_hand.pending

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
            await self._in_hand.until(pending, done)
        await self.recorder.settled()

    async def decided(self, pending: Pending) -> None:
        """Return when it is decided on and written down, or refused."""
        await self._in_hand.until(pending, lambda: pending.decided or bool(pending.refusal))
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
                write_receipt(pending, turn)

        try:
            await self.recorder.write(work, cause=pending.command, trace=pending.request.trace)
        except FileError as why:
            self._told("journal", str(why))
            self._in_hand.let_go(pending.refuse(codes.NOT_RECORDED))

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
                self.pending.pop(key, None)
            elif isinstance(event, CommandUnknown):
                self.flights.leave(key)
                self.resolver.wake()
            self._in_hand.moved(key)
