"""Having a daemon do something, over NATS: asked once, and honest about what is not known.

A request that nobody listens to was not done, and neither was one that NATS refuses.  Behind a request that
was handed over and has no answer anything may have happened: that is an end of its own, `UNKNOWN`.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import trio

from oms.bus.bridge import Bridge
from oms.bus.errors import NoResponders, NotConnected, TimedOut
from oms.bus.sizes import PAYLOAD
from oms.cli.asking import LABEL, Where, asking, chosen
from oms.cli.ending import NO_ACCOUNT, NOBODY, UNKNOWN, WRONG, Failure
from oms.cli.printing import plain

ERROR_NUMBER: Final = "Nats-Service-Error-Code"
UNAVAILABLE: Final = 503  # the service takes no more
MOST_WAIT_S: Final = 60.0  # that a daemon lets a request wait for what comes of it
BEYOND_S: Final = 5.0  # that we wait longer
SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")

T = TypeVar("T")


class Request(NamedTuple):
    """What is to be done, and how to learn what became of it."""

    kind: str  # cmd or ctl
    account: str
    what: str  # the subject's tokens behind the account
    payload: bytes
    within_s: float  # for the answer
    afterwards: str  # what to do when there is none


class Answer(NamedTuple):
    """What came back: its bytes, and what they say; None where that is no object."""

    payload: bytes
    headers: Mapping[str, str]
    said: dict[str, Any] | None

    @property
    def line(self) -> bytes:
        """The JSON as it came, on one line: between its tokens a line break is but a space."""
        return self.payload.replace(b"\r", b" ").replace(b"\n", b" ")

    @property
    def error(self) -> Mapping[str, Any] | None:
        """Why the request was not taken; None where it was."""
        error = (self.said or {}).get("error")
        return error if isinstance(error, dict) else None

    @property
    def error_words(self) -> str:
        """The daemon's own words for it."""
        error = self.error or {}
        field = f"{plain(error['field'])}: " if error.get("field") else ""
        return f"{field}{plain(error.get('message', ''))} ({plain(error.get('code', 'error'))})"

    @property
    def not_taken(self) -> bool:
        """Whether an error is for sure about a request that was not carried out.

        A reply that could not be sent is an error too, of another number.
        """
        number = self.headers.get(ERROR_NUMBER, "")
        return number.isdecimal() and (400 <= int(number) < 500 or int(number) == UNAVAILABLE)


class _Waiting:
    """A request that was handed over and has no answer yet."""

    def __init__(self, request: Request, subject: str) -> None:
        self.request, self.subject = request, subject
        self.scope = trio.CancelScope()
        self.refusal = ""  # of NATS


class Desk:
    """Where requests are handed over; `at_desk` makes one."""

    def __init__(self, place: Where) -> None:
        """Not connected yet."""
        self.bridge: Bridge
        self.prefix = place.prefix
        self._waiting: list[_Waiting] = []
        self._troubles: list[str] = []

    async def ask(self, request: Request) -> Answer:
        """Its answer; raises Failure.  It is handed over again only where nobody can have heard it."""
        if len(request.payload) > PAYLOAD:
            told = f"{len(request.payload)} bytes are too much, at most {PAYLOAD} are taken"
            raise Failure(WRONG, f"{request.account}: {told}")
        if not LABEL.fullmatch(request.account):
            await chosen(self.bridge, self.prefix, request.account)  # says which there are
        subject = f"{self.prefix}.{request.kind}.{request.account}.{request.what}"
        try:
            return await self._handed_over(request, subject)
        except NoResponders:
            await self._find(request, subject)
        try:
            return await self._handed_over(request, subject)  # it came this moment
        except NoResponders:
            raise Failure(NOBODY, f"{request.account}: nobody answers {subject}") from None

    def troubled(self, text: str) -> None:
        """What NATS has against us; a request that it does not pass on is not waited for."""
        self._troubles.append(text)
        said = text.lower()
        for one in self._waiting:
            if "publish" in said and f'"{one.subject}"'.lower() in said:
                one.refusal = text
                one.scope.cancel()

    def interrupted(self) -> Failure | None:
        """What is not known, when somebody does not wait any longer; None where all is."""
        why = "interrupted before an answer came"
        told = [str(self._unknown(one.request, why)) for one in self._waiting]
        return Failure(UNKNOWN, "\n".join(told)) if told else None

    async def _handed_over(self, request: Request, subject: str) -> Answer:
        waiting = _Waiting(request, subject)
        self._waiting.append(waiting)
        try:
            with waiting.scope:
                message = await self.bridge.request(subject, request.payload, request.within_s)
        except NoResponders:
            self._waiting.remove(waiting)
            raise
        except TimedOut:
            failure = self._unknown(request, f"no answer to {subject} within {request.within_s:g} s")
        except NotConnected as why:
            failure = self._unknown(request, f"NATS went away before an answer came: {why}")
        else:
            if not waiting.refusal:
                self._waiting.remove(waiting)
                return Answer(message.payload, message.headers, _object(message.payload))
            failure = Failure(NOBODY, f"{request.account}: NATS refuses it: {plain(waiting.refusal)}")
        # Not in a `finally`: what an interruption ends has no answer.
        self._waiting.remove(waiting)
        raise failure

    async def _find(self, request: Request, subject: str) -> None:
        """Failure where the account is not there, or nobody who could say so."""
        try:
            await chosen(self.bridge, self.prefix, request.account)
        except Failure as why:
            if why.code == NO_ACCOUNT:
                raise
            raise Failure(NOBODY, f"nobody answers {subject}; {why}") from None

    def _unknown(self, request: Request, why: str) -> Failure:
        heard = f" (NATS says: {plain('; '.join(self._troubles))})" if self._troubles else ""
        told = f"{request.account}: the outcome is not known: {why}{heard}. {request.afterwards}"
        return Failure(UNKNOWN, told)


def patience_s(wait: str | None, usual_s: float) -> float:
    """How long an answer may take by the wait that was typed; what is no time the daemon refuses at once."""
    known = float(wait) if wait is not None and SECONDS.fullmatch(wait) else usual_s
    return BEYOND_S + min(MOST_WAIT_S, known)


def at_desk(place: Where, talk: Callable[[Desk], Awaitable[T]]) -> T:
    """Connect, talk, return what it returns; raises Failure, in groups.

    Ctrl-C while an answer is waited for is a Failure too: the request is on its way.
    """
    desk = Desk(place)
    found: list[T] = []

    async def run() -> None:
        async with asking(place.options, desk.troubled) as desk.bridge:
            found.append(await talk(desk))

    try:
        trio.run(run)
    except* KeyboardInterrupt:
        if (failure := desk.interrupted()) is not None:
            raise failure from None
        if not found:
            raise
    return found[0]


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
