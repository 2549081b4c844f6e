"""What a person does to accounts: halt, reduce, resume, panic, reset, settle, reconcile (docs/commands.md).

Each is an event, and survives a restart.
"""

from collections.abc import Callable, Mapping, Sequence

import trio
from msgspec.structs import replace

from oms.commands.operating import (
    AliveWord,
    Limiting,
    Operated,
    Operation,
    Reconciliation,
    Reset,
    Restriction,
    Settlement,
    UnreadableOperation,
    encoded,
    read_operation,
)
from oms.commands.reply import Outcome
from oms.domain.events import ClientState
from oms.domain.events.command import Reason
from oms.eventlog.errors import FileError
from oms.ingest.standing import ACTIVE, FENCE, HALTED, OPERATOR, PANIC, REDUCING, panicked, reduced, resumed
from oms.payload import JSON, format_of

from . import codes
from .alive import Alive
from .desk import Desk
from .intake import Reply
from .limits import change, in_force
from .panic import Panic
from .reconciling import only_one, reconcile
from .settling import Word, by_operator
from .telling import operated, outcome_of


class Operators:
    """Operators' requests, for one account or for all that are held."""

    def __init__(
        self,
        name: str,
        desks: Sequence[Desk],
        nursery: trio.Nursery,
        *,
        alone: bool,
        switches: Mapping[str, Alive],
        held_by: Callable[[], str] = lambda: "",
    ) -> None:
        """`name` is the account's label, or stands for all; `alone`: the reply is that of the one account.

        `switches` are the dead-man's switches by account; `held_by` says, in words, what halts all of them
        and has to be taken away before anybody resumes, "" for nothing.
        """
        self._name, self._desks, self._nursery, self._alone = name, desks, nursery, alone
        self._switches, self.held_by = switches, held_by

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
            found = await self._act(what.partition(".")[0], said)
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
        if isinstance(said, Reconciliation) and said.accept is not None and not self._alone:
            return only_one(verb, self._name)
        found: dict[str, Operated] = {}

        async def one(desk: Desk) -> None:
            found[desk.account.name] = await self._operate(desk, verb, said)

        async with trio.open_nursery() as nursery:
            for desk in self._desks:
                nursery.start_soon(one, desk)
        accounts = tuple(found[desk.account.name] for desk in self._desks)
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

    async def _operate(self, desk: Desk, verb: str, said: Operation) -> Operated:
        standing = desk.account.standing
        try:
            if verb == PANIC:
                return await self._panic(desk, said)
            if isinstance(said, Settlement):
                return await _settled(desk, said)
            if isinstance(said, Limiting):
                return await _limited(desk, said)
            if isinstance(said, AliveWord):
                return await self._heard(desk, said)
            if isinstance(said, Restriction) and said.client is not None:
                return await _restricted(desk, verb, said, said.client)
            if isinstance(said, Reconciliation):
                return await reconcile(desk.account, said, desk.options.wait_s)
            if verb == "halt":
                await standing.halt(OPERATOR, by=said.by, comment=said.comment)
            elif isinstance(said, Reset):
                await desk.account.breakers.reset(said.call_class, said.by, said.comment)
            elif verb == "reduce":
                await standing.move(change=reduced, by=said.by, comment=said.comment)
            elif held := self.held_by():
                return _standing(desk, verb, reasons=(Reason(codes.HALT_FILE, held),))
            else:
                await standing.lift(resumed, by=said.by, comment=said.comment)
        except FileError as why:
            message = f"the journal cannot be written: {why}"
            if verb == "halt":  # it is, and is recorded as soon as that can be
                self._nursery.start_soon(desk.flights.halt, OPERATOR, said.by, said.comment)
                return _standing(desk, verb, message=message)
            return _standing(desk, verb, reasons=(Reason(codes.NOT_RECORDED, message),))
        reason = standing.restrictions.get(HALTED, "")
        if verb == "resume" and reason.startswith(FENCE):
            message = f"the stream contradicts the journal ({reason}): that is mended, not resumed"
            return _standing(desk, verb, reasons=(Reason(codes.FENCED, message),))
        return _standing(desk, verb)

    async def _heard(self, desk: Desk, said: AliveWord) -> Operated:
        """Somebody is there."""
        switch = self._switches[desk.account.name]
        if await switch.word(said.client or "", said.within, said.by):
            return _standing(desk, "alive")
        message = "within how many seconds the next word has to come was never said"
        return _standing(desk, "alive", reasons=(Reason(codes.WITHIN_NEEDED, message, "within"),))

    async def _panic(self, desk: Desk, said: Operation) -> Operated:
        """Begin at once; the reply waits for its end as long as it was asked to."""
        await desk.account.standing.lift(panicked, by=said.by, comment=said.comment)
        panic = Panic(desk, said.by, said.comment)
        self._nursery.start_soon(panic.run)
        with trio.move_on_after(desk.options.wait_s if said.wait is None else said.wait):
            await panic.over.wait()
        left = tuple(
            Reason(codes.LEFT_OPEN, f"{one.verb} {one.command} is {one.status}") for one in panic.left()
        )
        final = panic.over.is_set()
        outcomes = panic.outcomes()
        return _standing(desk, PANIC, reasons=left if final else (), commands=outcomes, final=final)


async def _limited(desk: Desk, said: Limiting) -> Operated:
    """The limits as they are from now on."""
    found: list[tuple[Reason, ...]] = []
    await desk.recorder.write(lambda turn: found.append(change(said, turn)))
    limits = in_force(desk.recorder.books.risk.limits, said.client)
    return replace(_standing(desk, "limits", reasons=found[0]), client=said.client, limits=dict(limits))


async def _restricted(desk: Desk, verb: str, said: Restriction, client: str) -> Operated:
    """One client alone, within what the account may; who is halted is not freed by a reduce."""
    known = desk.recorder.books.risk.clients.get(client)
    permission = {"halt": HALTED, "reduce": REDUCING}.get(verb, ACTIVE)
    if permission == REDUCING and known is not None and known.permission == HALTED:
        permission = HALTED
    await desk.recorder.record([ClientState(client, permission, OPERATOR, said.by, said.comment)])
    return replace(_standing(desk, verb), client=client, permission=permission, reason=OPERATOR)


async def _settled(desk: Desk, said: Settlement) -> Operated:
    """What became of an unknown command, by the operator's word."""
    word = Word(said.client, said.command, said.verdict, said.order, said.by, said.comment)
    found: list[tuple[Reason, ...]] = []
    await desk.recorder.write(lambda turn: found.append(by_operator(word, turn)), cause=said.command)
    known = desk.recorder.books.commands.get(said.client, said.command)
    told = () if known is None else (outcome_of(desk.account.name, desk.recorder.books, known),)
    return _standing(desk, "settle", reasons=found[0], commands=told)


def _standing(
    desk: Desk,
    verb: str,
    *,
    reasons: tuple[Reason, ...] = (),
    commands: tuple[Outcome, ...] = (),
    final: bool = True,
    message: str | None = None,
) -> Operated:
    failed = "rejected" if verb == PANIC else "denied"
    return replace(
        operated(desk.account, verb, failed if reasons else ("done" if final else "accepted")),
        final=final,
        reasons=reasons,
        commands=commands,
        message=message,
    )
