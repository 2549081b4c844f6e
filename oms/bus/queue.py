"""Durable commands: taken from an account's queue one by one, acknowledged when they are dealt with.

Nothing is lost: what is not acknowledged comes again, also after the end of the daemon, of the connection, of
the server.  It may so come twice; the identity of a command is what makes that harmless, not this module.
Two consumers work side by side, `closing` and `opening`, each with one message in hand, in the order of the
stream.  While its gate is closed, a consumer takes nothing.

While a handler works, the server is told so, and does not deliver anew.  If the connection ends meanwhile,
the handler goes on, and the acknowledgement is sent on the next one.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Never, Protocol

import msgspec
import nats.errors
import trio
from nats.aio.client import Client
from nats.aio.msg import Msg

from oms.domain.events.command import Reason
from oms.eventlog.envelope import rfc3339
from oms.failpoints import reach

from . import sizes
from .bridge import Bridge
from .dead import dead_letter
from .errors import BusError, NotConnected, Refused, text_of
from .queue_keeper import Pace, Pauses, QueueKeeper, QueueState, Standing
from .queue_stream import CONSUMERS
from .replies import HEADER, BadReplySubject, reply_subject
from .subjects import PREFIX

NEXT: Final = "$JS.API.CONSUMER.MSG.NEXT"
ACKNOWLEDGE: Final = "$JS.ACK."  # where a message of a stream is answered to
SHORT: Final = 9  # tokens of it, without domain and account
NONE_CAME: Final = ("404", "408")  # the server's word for it
GRACE_S: Final = 2.0  # for the server's word that none came
DONE, AGAIN, GONE, WORKING = b"+ACK", b"-NAK", b"+TERM", b"+WPI"
NS: Final = 1_000_000_000


class NotNow(Exception):
    """Raised by a handler: the message shall come again after so many seconds, before those behind it."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        super().__init__(f"not before {delay_s:g} s have passed")


class Unreadable(Exception):
    """Raised by a handler: this is no command; it goes to the dead letters and does not come again."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        self.reasons = reasons
        super().__init__(", ".join(reason.code for reason in reasons))


class Queued(NamedTuple):
    """A durable command, as its handler gets it."""

    what: str  # is asked: the subject behind the account
    headers: Mapping[str, str]
    payload: bytes
    reply_to: str | None  # the subject to which its outcome shall go
    queued_at: str  # when the stream took it, by the server's clock: UTC, RFC 3339, nine digits
    redelivered: bool  # it came before; a server that was killed may have forgotten that


# When it returns, the message is acknowledged.
Handler = Callable[[Queued], Awaitable[None]]


class Gate(Protocol):
    """Whether commands of a consumer may be taken."""

    @property
    def closed(self) -> bool:
        """Whether they may not."""
        ...

    async def open(self) -> None:
        """Return when they may."""
        ...


class Taken(NamedTuple):
    """A message in hand."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes
    acknowledge: str  # the subject for it
    created: datetime | None  # the stream

    @property
    def place(self) -> "Place":
        """As the server wrote it into that subject: $JS.ACK[.domain.account].stream.consumer.(...)."""
        tokens = self.acknowledge.split(".")
        deliveries, seq, _, at_ns = map(int, tokens[4:8] if len(tokens) == SHORT else tokens[6:10])
        return Place(deliveries, seq, at_ns)


class Place(NamedTuple):
    """Where in the stream a message is."""

    deliveries: int
    seq: int
    at_ns: int  # UTC, when it was stored


async def consume(
    bridge: Bridge,
    account: str,
    handle: Handler,
    *,
    gates: Mapping[str, Gate],
    prefix: str = PREFIX,
    told: Callable[[QueueState], None] = lambda state: None,
    replicas: int = 1,
    pace: Pace | None = None,
) -> Never:
    """Take an account's durable commands for ever; `gates` are those of `closing` and of `opening`.

    `told` hears of each change.  `replicas` of the stream, if it has to be made.  A payload above 64 kB or an
    `Oms-Reply` that cannot be used make a message unreadable.  Raises, in an exception group, what a handler
    raises beside NotNow and Unreadable; its message comes again.
    """
    keeper = QueueKeeper(bridge, account, prefix, told, replicas, pace or Pace())
    async with trio.open_nursery() as nursery:
        for name in CONSUMERS:
            nursery.start_soon(_Consumer(keeper, name, handle, gates[name]).run)
        await keeper.keep()


class _Consumer:
    """One of the two."""

    def __init__(self, keeper: QueueKeeper, name: str, handle: Handler, gate: Gate) -> None:
        self._keeper, self._name, self._handle, self._gate = keeper, name, handle, gate
        self._front = f"{keeper.prefix}.queue.{keeper.account}."

    async def run(self) -> Never:
        """Take one after the other."""
        pauses = Pauses(self._keeper.pace)
        while True:
            await self._gate.open()
            standing = await self._keeper.standing()
            try:
                taken = await self._take(standing)
            except NotConnected:
                await standing.connection.over.wait()
                continue
            except (BusError, nats.errors.Error) as why:
                self._keeper.doubt(standing, text_of(why))
                await pauses.next()
                continue
            pauses.end()
            if taken is not None:
                await self._deal_with(taken)

    async def _take(self, standing: Standing) -> Taken | None:
        """The next, if one comes in time."""
        keeper = self._keeper
        found = await standing.connection.run(_next, keeper.stream, self._name, keeper.pace.expires_s)
        if found is None:
            return None
        return Taken(found.subject, found.headers or {}, found.data, found.reply, standing.created)

    async def _deal_with(self, taken: Taken) -> None:
        """What is in hand: have it handled, say how that ended."""
        answer, settled = AGAIN, False
        try:
            if not self._gate.closed:  # it may have been, while the server was asked
                answer = await self._handled(taken)
            if answer == DONE:
                reach("queue.handled")
            await self._settle(taken, answer)
            settled = True
            if answer == DONE:
                reach("queue.acknowledged")
        finally:
            if not settled:  # at the end of it all: whoever comes next need not wait
                present = self._keeper.present
                if present is not None and present.created == taken.created:
                    present.connection.publish(taken.acknowledge, answer)

    async def _handled(self, taken: Taken) -> bytes:
        """What JetStream shall be told of it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._signal, taken)
            try:
                await self._handle(self._queued(taken))
                answer = DONE
            except NotNow as why:
                answer = _again(why.delay_s)
            except Unreadable as why:
                answer = await self._bury(taken, why.reasons)
            nursery.cancel_scope.cancel()
        return answer

    def _queued(self, taken: Taken) -> Queued:
        """What the handler gets; raises Unreadable."""
        if len(taken.payload) > sizes.PAYLOAD:
            text = f"the command has {len(taken.payload)} bytes, at most {sizes.PAYLOAD}"
            raise Unreadable([Reason("too_large", text)])
        try:
            reply_to = reply_subject(taken.headers, self._keeper.prefix)
        except BadReplySubject as why:
            raise Unreadable([Reason("bad_reply", f"{HEADER} {why}", field=HEADER)]) from None
        what, place = taken.subject.removeprefix(self._front), taken.place
        queued_at = rfc3339(place.at_ns)
        return Queued(what, taken.headers, taken.payload, reply_to, queued_at, place.deliveries > 1)

    async def _bury(self, taken: Taken, reasons: Sequence[Reason]) -> bytes:
        """The letter first, then the message goes; where the letter cannot be written, it stays."""
        keeper = self._keeper
        try:
            await dead_letter(
                keeper.bridge,
                keeper.account,
                taken.subject,
                taken.payload,
                taken.headers,
                reasons,
                prefix=keeper.prefix,
                identity=f"{keeper.stream}.{taken.created}.{taken.place.seq}",
            )
        except Refused as why:
            keeper.trouble(str(why))
            return _again(keeper.pace.longest_pause_s)
        return GONE

    async def _signal(self, taken: Taken) -> Never:
        """Say that it is worked on; without it the server would deliver it anew."""
        while True:
            await trio.sleep(self._keeper.pace.ack_wait_s / 3)
            standing = await self._keeper.standing()
            if standing.created == taken.created:
                standing.connection.publish(taken.acknowledge, WORKING)

    async def _settle(self, taken: Taken, answer: bytes) -> None:
        """Say it, on this connection or on a later one."""
        while True:
            standing = await self._keeper.standing()
            if standing.created != taken.created:  # the number may be another message's by now
                return
            try:
                await standing.connection.run(_say, taken.acknowledge, answer)
            except (BusError, nats.errors.Error):
                await standing.connection.over.wait()
            else:
                return


async def _next(client: Client, stream: str, consumer: str, expires_s: float) -> Msg | None:
    """The next message of a consumer; raises Refused where there is no such consumer, or it cannot.

    What is no message is recognised by where it is to be acknowledged: headers are the sender's.
    """
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    try:
        asked = {"batch": 1, "expires": math.ceil(expires_s * NS)}
        await client.publish(f"{NEXT}.{stream}.{consumer}", msgspec.json.encode(asked), inbox)
        message = await subscription.next_msg(expires_s + GRACE_S)
    finally:
        await subscription.unsubscribe()
    if message.reply.startswith(ACKNOWLEDGE):
        return message
    headers = message.headers or {}
    if headers.get("Status") in NONE_CAME:
        return None
    raise Refused(f"consumer {consumer}: {headers.get('Description', 'nobody has it')}")


async def _say(client: Client, subject: str, answer: bytes) -> None:
    await client.publish(subject, answer)


def _again(delay_s: float) -> bytes:
    delay = max(0, round(delay_s * NS))
    return AGAIN + (b" " + msgspec.json.encode({"delay": delay}) if delay else b"")
