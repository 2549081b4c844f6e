"""Commands as they come from NATS: read, handed to the desk, answered in the format they came in."""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import NamedTuple

from oms.commands.reading import Unreadable, read
from oms.commands.reply import Outcome, encoded
from oms.domain.commands import Check, CommandRequest
from oms.domain.events.command import Reason
from oms.eventlog.errors import FileError
from oms.payload import JSON, format_of

from . import codes
from .desk import Desk
from .pending import Pending
from .telling import outcome_of, refusal_of, unread_of

# What could not be read: what was asked (the subject behind the account), payload, headers, reasons.
Dead = Callable[[str, bytes, Mapping[str, str], tuple[Reason, ...]], Awaitable[None]]


class Reply(NamedTuple):
    """What goes back."""

    payload: bytes
    headers: dict[str, str]
    error: tuple[int, str] | None = None  # never: a refusal is an outcome


class Later(Exception):
    """It cannot be carried out now, and may be later."""


class Intake:
    """One account's commands by request-reply, and from its durable queue."""

    def __init__(
        self,
        desk: Desk,
        *,
        require_client_subject: bool,
        dead: Dead,
        answered: Callable[[Outcome, float], None] = lambda outcome, seconds: None,
    ) -> None:
        """`dead` keeps what could not be read; `answered` hears of each reply, and how long it took."""
        self._desk, self._strict, self._dead, self._answered = desk, require_client_subject, dead, answered
        self._account = desk.account.name

    def request(self, what: str, headers: Mapping[str, str], payload: bytes) -> Awaitable[Reply]:
        """The reply to a request: the outcome, or the status as it stands when its wait is over.

        The command is taken in at once, so that what is asked first is decided on first.
        """
        began, content_type = perf_counter(), format_of(headers)
        try:
            request = read(what, payload, headers, require_client_subject=self._strict)
        except Unreadable as why:
            return self._reply(self._bury(why, what, payload, headers), content_type, began)
        if isinstance(request.verb, Check):
            return self._reply(self._check(request), content_type, began)
        return self._reply(self._answer(request, self._desk.take(request)), content_type, began)

    async def _reply(self, finding: Awaitable[Outcome], content_type: str, began: float) -> Reply:
        found = await finding
        self._answered(found, perf_counter() - began)
        return Reply(encoded(found, content_type), {"Content-Type": content_type})

    def refuse(self, what: str, code: str, text: str) -> Reply:
        """The reply to a request that is not even read: it is too large, or too many wait."""
        verb, _, client = what.partition(".")
        found = unread_of(
            self._account, self._desk.recorder.seq, (Reason(code, text),), None, client or None, verb
        )
        return Reply(encoded(found, JSON), {"Content-Type": JSON})

    async def queued(self, what: str, headers: Mapping[str, str], payload: bytes, queued_at: str) -> Pending:
        """A command of the durable queue, when it is decided on and written down.

        Raises Later for what may be carried out another time, `commands.reading.Unreadable` for what never.
        """
        request = read(what, payload, headers, require_client_subject=self._strict, durable=True)
        pending = self._desk.take(request, "queue", queued_at=queued_at)
        await self._desk.decided(pending)
        await self._desk.receipt(pending)
        if pending.refusal and pending.refusal[0].code != codes.CONFLICT:
            raise Later(pending.refusal[0].code)
        return pending

    def outcome(self, pending: Pending) -> Outcome:
        """What is known of a command now."""
        desk = self._desk
        known = desk.command(pending)
        if pending.refusal or known is None:
            return refusal_of(self._account, pending, desk.recorder.seq)
        return outcome_of(self._account, desk.recorder.books, known)

    async def _check(self, request: CommandRequest) -> Outcome:
        try:
            return await self._desk.check(request)
        except FileError as why:
            return self._unwritten(request, str(why))

    def _unwritten(self, request: CommandRequest, why: str) -> Outcome:
        reasons = (Reason(codes.NOT_RECORDED, f"the journal cannot be used: {why}"),)
        seq = self._desk.recorder.seq
        return unread_of(self._account, seq, reasons, request.id, request.client, request.verb.verb)

    async def _answer(self, request: CommandRequest, pending: Pending) -> Outcome:
        """As this request wants it, which may not be the first for the command."""
        desk = self._desk
        try:
            if not request.receipt:
                await desk.outcome(pending, desk.options.wait_s if request.wait is None else request.wait)
            await desk.receipt(pending)  # nothing is answered that is not written down
        except FileError as why:
            return self._unwritten(request, str(why))
        return self.outcome(pending)

    async def _bury(self, why: Unreadable, what: str, payload: bytes, headers: Mapping[str, str]) -> Outcome:
        await self._dead(what, payload, headers, why.reasons)
        return self.unread(why)

    def unread(self, why: Unreadable) -> Outcome:
        """What is told of something that is no command."""
        seq = self._desk.recorder.seq
        return unread_of(self._account, seq, why.reasons, why.command, why.client, why.verb)
