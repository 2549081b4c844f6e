"""The micro service `oms`: who asks an account something, by request and reply.

One wildcard endpoint per account and kind: an account that nobody holds has no responder, and the asker knows
at once.  PING, INFO and STATS answer as NATS' micro protocol (ADR-32) says.  Handlers run in Trio, at most so
many at once for each endpoint; what is refused here is told as handlers tell their errors.

With each connection the service is registered anew, under a new id; its figures go on.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, Never, Protocol

import msgspec
import nats.errors
import trio
from nats.aio.client import Client
from nats.micro.request import Request
from nats.micro.service import EndpointConfig, EndpointStats, Service, ServiceConfig, ServiceStats

from oms.domain.categories import category_of, retry_of
from oms.failpoints import reach

from . import sizes
from .bridge import Bridge
from .subjects import PREFIX, endpoint

NAME: Final = "oms"
PAYLOAD_BYTES: Final = sizes.PAYLOAD  # of a request
AT_WORK: Final = 256  # requests of one endpoint
TOO_LARGE, UNAVAILABLE, UNREADABLE = 413, 503, 500


class Reply(Protocol):
    """What a handler answers."""

    @property
    def payload(self) -> bytes:
        """The body, also where it is an error."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of it."""
        ...

    @property
    def error(self) -> tuple[int, str] | None:
        """Its number and its code; None where it is an answer."""
        ...


# What is asked (the subject behind the account), headers, payload.  Called in the order in which requests
# come; what it returns is awaited beside the others, in no order.  What it raises ends the service.
Handler = Callable[[str, Mapping[str, str], bytes], Awaitable[Reply]]
# What is asked, a code, a text: how a request is refused that no handler gets to see.  Pure; called in the
# asyncio thread.
Refuse = Callable[[str, str, str], Reply]


class Endpoint(msgspec.Struct):
    """What is answered for one account, and how that went so far."""

    kind: str  # query, cmd or ctl
    account: str
    handle: Handler
    refuse: Refuse | None = None  # None: as an error of the micro protocol, with the body of a refused query
    most: int | None = None  # requests at work; None: as many as `serve` says
    at_work: int = 0
    requests: int = 0
    errors: int = 0
    last_error: str = ""
    took_ns: int = 0

    @property
    def name(self) -> str:
        """As INFO lists it."""
        return f"{self.kind}-{self.account}"


async def serve(
    bridge: Bridge,
    endpoints: Sequence[Endpoint],
    *,
    version: str,
    prefix: str = PREFIX,
    most: int = AT_WORK,
) -> Never:
    """Answer for ever; registered when the connection is there.  Raises what a handler raises."""
    async with trio.open_nursery() as nursery:
        desk = _Desk(bridge, endpoints, version, prefix, most, nursery)
        try:
            async with bridge.attached(desk):
                await trio.sleep_forever()
        finally:
            desk.closed = True


class _Desk:
    """Takes requests in the asyncio thread, has them answered in Trio, sends the answers."""

    def __init__(
        self,
        bridge: Bridge,
        endpoints: Sequence[Endpoint],
        version: str,
        prefix: str,
        most: int,
        nursery: trio.Nursery,
    ) -> None:
        self._bridge, self._endpoints, self._prefix = bridge, endpoints, prefix
        self._most, self._nursery = most, nursery
        self._config = ServiceConfig(NAME, version, "MetaTrader 5 accounts", {})
        self._service: Service | None = None
        self.closed = False  # the nursery takes nothing any more

    async def begin(self, client: Client) -> None:
        """Register on a connection."""
        self._service = _Service(client, self._config, self._endpoints)
        await self._service.start()
        for one in self._endpoints:
            await self._service.add_endpoint(
                EndpointConfig(
                    one.name,
                    partial(self._take, one, client),
                    subject=endpoint(self._prefix, one.kind, one.account),
                    metadata={"kind": one.kind, "account": one.account},
                )
            )
        await client.flush()

    async def end(self, client: Client) -> None:
        """Take no more."""
        if self._service is not None:
            await self._service.stop()

    # In the asyncio thread.

    async def _take(self, at: Endpoint, client: Client, request: Request) -> None:
        """One request; returns at once, for nats-py takes the next one only then."""
        at.requests += 1
        most = self._most if at.most is None else at.most
        if len(request.data) > PAYLOAD_BYTES:
            text = f"the request has {len(request.data)} bytes, at most {PAYLOAD_BYTES}"
            await self._refuse(at, request, TOO_LARGE, "too_large", text)
        elif at.at_work >= most:
            await self._refuse(at, request, UNAVAILABLE, "busy", f"{most} requests are at work already")
        else:
            at.at_work += 1
            self._bridge.tell(partial(self._begin, at, client, request, time.perf_counter_ns()))

    async def _refuse(self, at: Endpoint, request: Request, number: int, code: str, text: str) -> None:
        if at.refuse is None:
            await self._fail(at, request, number, code, text)
            return
        reply = at.refuse(self._what(at, request), code, text)
        if reply.error is None:
            at.errors, at.last_error = at.errors + 1, code
        await _answer(at, request, reply)

    async def _fail(self, at: Endpoint, request: Request, number: int, code: str, text: str) -> None:
        """An error of the micro protocol."""
        kind = {"category": category_of(code), "retry": retry_of(code)}
        body = {"error": {"code": code, "message": text, "field": None, **kind}, "account": at.account}
        await _answer(at, request, _Failure(msgspec.json.encode(body), (number, code)))

    def _what(self, at: Endpoint, request: Request) -> str:
        return request.subject.removeprefix(endpoint(self._prefix, at.kind, at.account)[:-1])

    async def _send(self, at: Endpoint, client: Client, request: Request, began: int, reply: Reply) -> None:
        at.at_work -= 1
        at.took_ns += time.perf_counter_ns() - began
        if len(reply.payload) > client.max_payload - sizes.HEADERS:
            text = f"the reply has {len(reply.payload)} bytes, more than the server takes"
            # Never by `refuse`: what was asked for is done.
            await self._fail(at, request, UNREADABLE, "too_large", text)
        else:
            await _answer(at, request, reply)
        if at.kind == "cmd":
            reach("reply.sent")

    # In Trio.

    def _begin(self, at: Endpoint, client: Client, request: Request, began: int) -> None:
        if not self.closed:
            answering = at.handle(self._what(at, request), request.headers or {}, request.data)
            send = partial(self._send, at, client, request, began)
            self._nursery.start_soon(self._work, at, answering, send)

    async def _work(
        self, at: Endpoint, answering: Awaitable[Reply], send: Callable[[Reply], Awaitable[None]]
    ) -> None:
        reply = await answering
        if at.kind == "cmd":
            reach("reply.ready")
        self._bridge.spawn(partial(send, reply))


class _Failure(NamedTuple):
    """A reply that is an error."""

    payload: bytes
    error: tuple[int, str]
    headers: Mapping[str, str] = {"Content-Type": "application/json"}


async def _answer(at: Endpoint, request: Request, reply: Reply) -> None:
    with suppress(ValueError, nats.errors.Error):  # nobody waits for a reply, or the connection ended
        if reply.error is None:
            await request.respond(reply.payload, dict(reply.headers))
        else:
            number, code = reply.error
            at.errors, at.last_error = at.errors + 1, code
            await request.respond_error(str(number), code, reply.payload, dict(reply.headers))


class _Service(Service):
    """nats-py's service; its own figures end where a handler hands over, so ours are told."""

    def __init__(self, client: Client, config: ServiceConfig, endpoints: Sequence[Endpoint]) -> None:
        super().__init__(client, config)
        self._own = {one.name: one for one in endpoints}

    def stats(self) -> ServiceStats:
        """For STATS."""
        stats = super().stats()
        return replace(stats, endpoints=[_figures(one, self._own[one.name]) for one in stats.endpoints])


def _figures(told: EndpointStats, own: Endpoint) -> EndpointStats:
    done = own.requests - own.at_work
    return replace(
        told,
        num_requests=own.requests,
        num_errors=own.errors,
        last_error=own.last_error,
        processing_time=own.took_ns,
        average_processing_time=own.took_ns // done if done else 0,
        data={"at_work": own.at_work},
    )
