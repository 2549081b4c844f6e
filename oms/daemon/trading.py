"""Trading, put together: a desk for each account, what comes to it over NATS, and its operators."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Never

import trio
from msgspec.structs import replace

from oms.bus import queue
from oms.bus.bridge import Bridge
from oms.bus.dead import dead_letter
from oms.bus.errors import BusError
from oms.bus.queue import Queued, consume
from oms.bus.queue_keeper import QueueState
from oms.bus.queue_stream import CLOSING, OPENING
from oms.bus.replies import publish_reply
from oms.bus.service import Endpoint
from oms.commands.reading import Unreadable
from oms.commands.reply import Outcome, encoded
from oms.config import AccountSettings, Settings
from oms.dispatch.desk import Desk
from oms.dispatch.gate import Gate, reduces, trades
from oms.dispatch.intake import Intake, Later
from oms.dispatch.operators import Operators
from oms.dispatch.options import Options, Pace
from oms.dispatch.panic import Panic, interrupted
from oms.dispatch.pending import Pending
from oms.dispatch.publishing import Publishing
from oms.domain.commands import VERBS, Verb
from oms.domain.decide import Facts, Policy, exposure
from oms.domain.events.command import Reason
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.payload import format_of
from oms.projections import Books
from oms.projections.in_flight import exposures
from oms.telemetry.logs import logger
from oms.telemetry.metrics import Metrics

from .guard import Guard, halt_file, halting
from .reach import Reach
from .warning import warning_of

ALL: Final = "_daemon"  # whom operators mean by it
MOST_LETTERS: Final = 64  # written at once for an account
AGAIN_S: Final = 1.0  # until a durable command that cannot be carried out now is taken again
AT_WORK: Final = 2048  # requests of an account; those that wait for their outcome are among them

log = logger("oms.daemon")


class Trading:
    """Everything that commands of one account go through."""

    def __init__(
        self,
        account: Account,
        desk: Desk,
        bridge: Bridge,
        reach: Reach,
        nursery: trio.Nursery,
        settings: Settings,
        metrics: Metrics,
        guard: Guard,
    ) -> None:
        """What is answered later than its request runs in the nursery."""
        self.account, self.desk, self.guard = account, desk, guard
        self._bridge, self._nursery, self._prefix = bridge, nursery, settings.nats.prefix
        needed = settings.nats.nats_required or settings.nats.publish_before_send
        self._reach = reach if needed else None  # without which nothing may be opened
        self.intake = Intake(
            desk,
            require_client_subject=settings.nats.require_client_subject,
            dead=self._bury,
            answered=self._count,
        )
        self._metrics = metrics
        self._letters = 0  # that are being written
        metrics.observe("oms.commands.waiting", lambda: len(desk.pending), account=account.name)
        recorder = account.recorder  # its books are others after a commit that failed
        metrics.observe("oms.commands.unknown", lambda: recorder.books.commands.unknown, account=account.name)
        self.operators = Operators(
            account.name,
            [desk],
            nursery,
            alone=True,
            switches={account.name: guard.alive},
            held_by=partial(halting, halt_file(settings)),
        )
        if interrupted(desk):
            nursery.start_soon(Panic(desk).run)

    def endpoints(self) -> list[Endpoint]:
        """What is asked of it over NATS."""
        name = self.account.name
        return [
            Endpoint("cmd", name, self.intake.request, self.intake.refuse, AT_WORK),
            Endpoint("ctl", name, self.operators.request, self.operators.refuse),
        ]

    async def take_queued(self, told: Callable[[QueueState], None]) -> Never:
        """Take durable commands, for ever."""
        standing = self.account.standing
        await consume(
            self._bridge,
            self.account.name,
            self._carry_out,
            gates={CLOSING: Gate(standing, reduces), OPENING: Gate(standing, trades, self._reach)},
            prefix=self._prefix,
            told=told,
        )

    async def _carry_out(self, queued: Queued) -> None:
        """Return when the command is written down; what comes of it is told by events, and where it asks."""
        content_type = format_of(queued.headers)
        try:
            pending = await self.intake.queued(queued.what, queued.headers, queued.payload, queued.queued_at)
        except Unreadable as why:
            self._tell(queued.reply_to, self.intake.unread(why), content_type)
            raise queue.Unreadable(why.reasons) from None
        except (Later, FileError) as why:
            log.info("durable command put off", account=self.account.name, detail=str(why))
            raise queue.NotNow(AGAIN_S) from None
        if queued.reply_to is not None:
            self._nursery.start_soon(self._tell_outcome, pending, queued.reply_to, content_type)

    async def _tell_outcome(self, pending: Pending, reply_to: str, content_type: str) -> None:
        """Its outcome; where that is a doubt, this is told, and what it was as soon as that is known."""
        try:
            await self.desk.outcome(pending, math.inf, doubts=True)
            first = self.intake.outcome(pending)
            self._tell(reply_to, first, content_type)
            if not first.final:
                await self.desk.outcome(pending, math.inf)
                self._tell(reply_to, self.intake.outcome(pending), content_type)
        except FileError as why:
            log.warning("outcome not published", account=self.account.name, detail=str(why))

    def _tell(self, reply_to: str | None, outcome: Outcome, content_type: str) -> None:
        if reply_to is None:
            return
        headers = {"Content-Type": content_type}
        if not publish_reply(self._bridge, reply_to, encoded(outcome, content_type), headers):
            log.warning("outcome not published", account=self.account.name, command=outcome.command)

    def _count(self, outcome: Outcome, seconds: float) -> None:
        name, verb = self.account.name, outcome.verb if outcome.verb in VERBS else "other"
        answered = self._metrics.counter(
            "oms.commands.answered", account=name, verb=verb, status=outcome.status
        )
        answered.value += 1
        for reason in outcome.reasons:
            self._metrics.counter("oms.commands.refused", account=name, code=reason.code).value += 1
        self._metrics.histogram("oms.commands.seconds", verb=verb).record(seconds)

    async def _bury(
        self, what: str, payload: bytes, headers: Mapping[str, str], reasons: tuple[Reason, ...]
    ) -> None:
        """Its sender has the reasons already, so the letter is not waited for."""
        if self._letters >= MOST_LETTERS:
            log.warning("no dead letter", account=self.account.name, detail="too many are being written")
            return
        self._letters += 1
        self._nursery.start_soon(self._write_letter, what, payload, headers, reasons)

    async def _write_letter(
        self, what: str, payload: bytes, headers: Mapping[str, str], reasons: tuple[Reason, ...]
    ) -> None:
        subject = f"{self._prefix}.cmd.{self.account.name}.{what}"
        try:
            await dead_letter(
                *(self._bridge, self.account.name, subject, payload, headers, reasons),
                prefix=self._prefix,
            )
        except BusError as why:
            log.warning("no dead letter", account=self.account.name, detail=str(why))
        finally:
            self._letters -= 1


def desk_of(
    account: Account,
    one: AccountSettings,
    settings: Settings,
    reach: Reach,
    nursery: trio.Nursery,
    clock: Callable[[], int],
) -> Desk:
    """The desk of an account; commands are carried in the nursery."""
    nats = settings.nats
    publishing = Publishing(reach.outlet.reached, lambda: reach.away, settings.limits.publish_wait)

    return Desk(
        account,
        options_of(one, settings),
        clock,
        nursery,
        margined=partial(margined, account),
        nats_away=lambda: nats.nats_required and reach.away,
        publishing=publishing if nats.publish_before_send else None,
        told=warning_of(account.name),
    )


def everybody(trading: Sequence[Trading], nursery: trio.Nursery, settings: Settings) -> Endpoint:
    """What operators ask of all accounts together."""
    switches = {one.account.name: one.guard.alive for one in trading}
    operators = Operators(
        ALL,
        [one.desk for one in trading],
        nursery,
        alone=False,
        switches=switches,
        held_by=partial(halting, halt_file(settings)),
    )
    return Endpoint("ctl", ALL, operators.request, operators.refuse)


def options_of(one: AccountSettings, settings: Settings) -> Options:
    """How commands of an account are carried out, by the settings."""
    limits = settings.limits
    return Options(
        deadline_s=limits.command_deadline,
        wait_s=limits.command_wait,
        skew_s=limits.clock_skew,
        waiting=limits.waiting_commands,
        answer_s=limits.answer_timeout,
        outcome_s=limits.outcome_timeout,
        rate=limits.trade_rate,
        burst=limits.trade_burst,
        marker=one.marker == "comment",
        pace=Pace(
            spacing_s=limits.unknown_spacing,
            last_s=limits.unknown_last,
            accepted_s=limits.unknown_last_accepted,
            again_s=limits.unknown_again,
            warning_s=limits.unknown_warning,
        ),
        policy=Policy(
            quote_age_s=limits.quote_age,
            deviation=limits.deviation,
            margin_check=one.margin_check,
            reduce_while_reconciling=one.reduce_while_reconciling,
        ),
    )


def margined(account: Account, verb: Verb, facts: Facts, books: Books) -> Facts:
    """What is known with the margin after the order."""
    adding = exposure(verb, facts)
    if adding is None:
        return facts
    return replace(facts, margin=account.margin(books).after(adding, exposures(facts.in_flight)))
