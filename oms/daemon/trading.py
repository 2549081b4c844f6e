"""Trading, put together: a desk for each account, what comes to it over NATS, and its operators."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import trio
from msgspec.structs import replace

from oms.bus.bridge import Bridge
from oms.bus.dead import dead_letter
from oms.bus.errors import BusError
from oms.bus.service import Endpoint
from oms.commands.reply import Outcome
from oms.config import AccountSettings, Settings
from oms.dispatch.desk import Desk
from oms.dispatch.intake import Intake
from oms.dispatch.operators import Operators
from oms.dispatch.options import Options
from oms.domain.commands import VERBS, Verb
from oms.domain.decide import Facts, Policy, exposure
from oms.domain.events.command import Reason
from oms.ingest.account import Account
from oms.projections import Books
from oms.projections.commands import UNKNOWN
from oms.projections.in_flight import exposures
from oms.telemetry.logs import logger
from oms.telemetry.metrics import Metrics

ALL: Final = "_daemon"  # whom operators mean by it
AT_WORK: Final = 2048  # requests of an account; those that wait for their outcome are among them

log = logger("oms.daemon")


class Trading:
    """Everything that commands of one account go through."""

    def __init__(
        self,
        account: Account,
        desk: Desk,
        bridge: Bridge,
        nursery: trio.Nursery,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """What is answered later than its request runs in the nursery."""
        self.account, self.desk = account, desk
        self._bridge, self._nursery, self._prefix = bridge, nursery, settings.nats.prefix
        self.intake = Intake(
            desk,
            require_client_subject=settings.nats.require_client_subject,
            dead=self._bury,
            answered=self._count,
        )
        self._metrics = metrics
        metrics.observe("oms.commands.waiting", lambda: len(desk.pending), account=account.name)
        metrics.observe("oms.commands.unknown", self._unknown, account=account.name)
        self.operators = Operators(account.name, [(desk, self.intake)], nursery, alone=True)

    def endpoints(self) -> list[Endpoint]:
        """What is asked of it over NATS."""
        name = self.account.name
        return [
            Endpoint("cmd", name, self.intake.request, self.intake.refuse, AT_WORK),
            Endpoint("ctl", name, self.operators.request, self.operators.refuse),
        ]

    def _unknown(self) -> int:
        return sum(one.status == UNKNOWN for one in self.account.recorder.books.commands.open())

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


def desk_of(
    account: Account,
    one: AccountSettings,
    settings: Settings,
    bridge: Bridge,
    nursery: trio.Nursery,
    clock: Callable[[], int],
) -> Desk:
    """The desk of an account; commands are carried in the nursery."""
    name, required = account.name, settings.nats.nats_required

    def told(what: str, detail: str) -> None:
        log.warning(what, account=name, detail=detail)

    return Desk(
        account,
        options_of(one, settings),
        clock,
        nursery,
        margined=partial(margined, account),
        nats_away=lambda: required and not bridge.connected,
        told=told,
    )


def everybody(trading: Sequence[Trading], nursery: trio.Nursery) -> Endpoint:
    """What operators ask of all accounts together."""
    desks = [(one.desk, one.intake) for one in trading]
    operators = Operators(ALL, desks, nursery, alone=False)
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
