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

    async def request(self, what: str, headers: Mapping[str, str], payload: bytes) -> Reply:
        """The reply to a request: the outcome, or the status as it stands when its wait is over."""
        began, content_type = perf_counter(), format_of(headers)
        try:
            request = read(what, payload, headers, require_client_subject=self._strict)
        except Unreadable as why:
            found = self._unread(why)
            await self._dead(what, payload, headers, why.reasons)
        else:
            try:
                found = await self._answer(request)
            except FileError as why:
                found = self._unwritten(request, str(why))
        self._answered(found, perf_counter() - began)
        return Reply(encoded(found, content_type), {"Content-Type": content_type})

    def refuse(self, what: str, code: str, text: str) -> Reply:
        """The reply to a request that is not even read: it is too large, or too many wait."""
        verb, _, client = what.partition(".")
        found = unread_of(
            self._account, self._desk.recorder.seq, (Reason(code, text),), None, client or None, verb
        )
        return Reply(encoded(found, JSON), {"Content-Type": JSON})

    async def queued(
        self, what: str, headers: Mapping[str, str], payload: bytes, queued_at: str
    ) -> tuple[Pending | None, Outcome | None]:
        """A command of the durable queue, as soon as it is written down; or why it never will be.

        Raises Later for what may be carried out another time.
        """
        try:
            request = read(what, payload, headers, require_client_subject=self._strict, durable=True)
        except Unreadable as why:
            await self._dead(what, payload, headers, why.reasons)
            return None, self._unread(why)
        pending = await self._desk.take(request, "queue", queued_at=queued_at)
        await self._desk.recorded(pending)
        if pending.refusal and pending.refusal[0].code != codes.CONFLICT:
            raise Later(pending.refusal[0].code)
        return pending, None

    def outcome(self, pending: Pending) -> Outcome:
        """What is known of a command now."""
        desk = self._desk
        known = desk.command(pending)
        if pending.refusal or known is None:
            return refusal_of(self._account, pending, desk.recorder.seq)
        return outcome_of(self._account, desk.recorder.books, known)

    async def _answer(self, request: CommandRequest) -> Outcome:
        desk = self._desk
        if isinstance(request.verb, Check):
            return await desk.check(request)
        pending = await desk.take(request)
        if request.receipt:
            await desk.receipt(pending)
        else:
            await desk.outcome(pending, desk.options.wait_s if request.wait is None else request.wait)
            await desk.receipt(pending)  # nothing is answered that is not written down
        return self.outcome(pending)

    def _unwritten(self, request: CommandRequest, why: str) -> Outcome:
        seq = self._desk.recorder.seq
        reasons = (Reason(codes.NOT_RECORDED, f"the journal cannot be written: {why}"),)
        return unread_of(self._account, seq, reasons, request.id, request.client, request.verb.verb)

    def _unread(self, why: Unreadable) -> Outcome:
        seq = self._desk.recorder.seq
        return unread_of(self._account, seq, why.reasons, why.command, why.client, why.verb)
