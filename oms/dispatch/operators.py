"""What a person does to accounts: halt, reduce, resume, panic (docs/commands.md).

Each is an event, and survives a restart.  `panic` takes an account to reducing, removes its orders, closes
its positions, and halts it when that is over, come what may.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import trio

from oms.commands.identity import digest
from oms.commands.operating import (
    Operated,
    Operation,
    UnreadableOperation,
    encoded,
    read_operation,
)
from oms.commands.reply import Outcome
from oms.domain.commands import CancelAll, CloseAll, CommandRequest, Verb
from oms.domain.events.command import Reason
from oms.eventlog.errors import FileError
from oms.ingest.standing import FENCE, HALTED, PANIC, REDUCING, Change, operated, panicked, resumed
from oms.payload import JSON, format_of

from . import codes
from .desk import Desk
from .intake import Intake, Reply

PANIC_S: Final = 300.0  # for what it sends; then the account is halted whatever is left
RESUME: Final = "resume"
_NARROWING: Final[dict[str, Change]] = {"halt": operated(HALTED), "reduce": operated(REDUCING)}


class Operators:
    """Operators' requests, for one account or for all that are held."""

    def __init__(
        self, name: str, desks: Sequence[tuple[Desk, Intake]], nursery: trio.Nursery, *, alone: bool
    ) -> None:
        """`name` is the account's label, or stands for all; `alone`: the reply is that of the one account."""
        self._name, self._desks, self._nursery, self._alone = name, desks, nursery, alone

    async def request(self, what: str, headers: Mapping[str, str], payload: bytes) -> Reply:
        """The reply to an operator."""
        content_type = format_of(headers)
        try:
            said = read_operation(what, payload, headers)
        except UnreadableOperation as why:
            found = Operated(
                status="denied", final=True, account=self._name, verb=what[:40], seq=0, reasons=why.reasons
            )
        else:
            found = await self._act(what, said)
        return Reply(encoded(found, content_type), {"Content-Type": content_type})

    def refuse(self, what: str, code: str, text: str) -> Reply:
        """The reply to a request that is not even read."""
        found = Operated(
            status="denied",
            final=True,
            account=self._name,
            verb=what[:40],
            seq=0,
            reasons=(Reason(code, text),),
        )
        return Reply(encoded(found, JSON), {"Content-Type": JSON})

    async def _act(self, verb: str, said: Operation) -> Operated:
        found: dict[str, Operated] = {}

        async def one(desk: Desk, intake: Intake) -> None:
            found[desk.account.name] = await self._operate(desk, intake, verb, said)

        async with trio.open_nursery() as nursery:
            for desk, intake in self._desks:
                nursery.start_soon(one, desk, intake)
        accounts = tuple(found[desk.account.name] for desk, _ in self._desks)
        if self._alone:
            return accounts[0]
        worst = next((account for account in accounts if account.status != "done"), None)
        return Operated(
            status=worst.status if worst else "done",
            final=all(account.final for account in accounts),
            account=self._name,
            verb=verb,
            seq=0,
            accounts=accounts,
        )

    async def _operate(self, desk: Desk, intake: Intake, verb: str, said: Operation) -> Operated:
        try:
            if verb == PANIC:
                return await self._panic(desk, intake, said)
            if verb == RESUME:
                await desk.account.standing.lift(resumed, by=said.by, comment=said.comment)
            else:
                await desk.account.standing.move(change=_NARROWING[verb], by=said.by, comment=said.comment)
        except FileError as why:
            return _standing(desk, verb, reasons=(_reason(codes.NOT_RECORDED, str(why)),))
        reason = desk.account.standing.restrictions.get(HALTED, "")
        if verb == RESUME and reason.startswith(FENCE):
            message = f"the stream contradicts the journal ({reason}): that is mended, not resumed"
            return _standing(desk, verb, reasons=(_reason(codes.FENCED, message),))
        return _standing(desk, verb)

    async def _panic(self, desk: Desk, intake: Intake, said: Operation) -> Operated:
        await desk.account.standing.lift(panicked, by=said.by, comment=said.comment)
        over = trio.Event()
        outcomes: list[Outcome] = []
        self._nursery.start_soon(self._sweep, desk, intake, said, outcomes, over)
        with trio.move_on_after(desk.options.wait_s if said.wait is None else said.wait):
            await over.wait()
        left = tuple(
            Reason(codes.LEFT_OPEN, f"{one.verb} {one.command} is {one.status}")
            for one in outcomes
            if not _complete(one)
        )
        return _standing(desk, PANIC, reasons=left, commands=tuple(outcomes), final=over.is_set())

    async def _sweep(
        self, desk: Desk, intake: Intake, said: Operation, outcomes: list[Outcome], over: trio.Event
    ) -> None:
        try:
            with trio.move_on_after(PANIC_S):
                for verb in (CancelAll(), CloseAll()):
                    pending = desk.take(_asked(verb), "operator")
                    await desk.outcome(pending, PANIC_S)
                    outcomes.append(intake.outcome(pending))
            await desk.account.standing.move(change=operated(HALTED), by=said.by, comment=said.comment)
        except FileError as why:
            desk.account.standing.stop(f"journal: {why}")
        over.set()


def _asked(verb: Verb) -> CommandRequest:
    return CommandRequest(verb=verb, client=PANIC, payload_hash=digest(verb))


def _complete(outcome: Outcome) -> bool:
    """Whether a sweep left nothing."""
    return outcome.status == "done" and all(one.status in ("done", "filled") for one in outcome.children)


def _standing(
    desk: Desk,
    verb: str,
    *,
    reasons: tuple[Reason, ...] = (),
    commands: tuple[Outcome, ...] = (),
    final: bool = True,
) -> Operated:
    standing = desk.account.standing
    failed = "rejected" if verb == PANIC else "denied"
    return Operated(
        status=failed if reasons else "done",
        final=final,
        account=desk.account.name,
        verb=verb,
        seq=desk.recorder.seq,
        link=standing.link,
        permission=standing.permission,
        reason=standing.reason or None,
        reasons=reasons,
        commands=commands,
    )


def _reason(code: str, message: str) -> Reason:
    return Reason(code, message)
