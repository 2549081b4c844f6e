"""The pages: /healthz, /readyz, /metrics.  What they tell is asked of callables at each request.

The first two answer 200 or 503, with a JSON object that says why.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .readiness import AccountStatus, Health, Readiness, health, readiness

OK, UNAVAILABLE = 200, 503
FRESH: Final = {"Cache-Control": "no-store"}
PROMETHEUS_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Sources(NamedTuple):
    """Where the pages get what they tell."""

    broken: Callable[[], Sequence[str]]  # accounts whose journal cannot be written
    accounts: Callable[[], Sequence[AccountStatus]]  # all that are configured
    nats_connected: Callable[[], bool]
    metrics: Callable[[], bytes]  # Prometheus' text format; called in a worker thread, one call at a time
    nats_required: bool = True


def application(sources: Sources) -> Starlette:
    """The ASGI application."""
    one_at_a_time = trio.CapacityLimiter(1)

    async def healthz(_: Request) -> Response:
        return _verdict(found := health(sources.broken()), good=found.healthy)

    async def readyz(_: Request) -> Response:
        found = readiness(
            sources.accounts(),
            nats_connected=sources.nats_connected(),
            nats_required=sources.nats_required,
        )
        return _verdict(found, good=found.ready)

    async def metrics(_: Request) -> Response:
        # Tens of milliseconds with many accounts, which the event loop does not have.
        text = await trio.to_thread.run_sync(sources.metrics, limiter=one_at_a_time)
        return Response(text, headers={**FRESH, "Content-Type": PROMETHEUS_TEXT})

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    )


def _verdict(found: Health | Readiness, *, good: bool) -> Response:
    return Response(
        msgspec.json.encode(found),
        status_code=OK if good else UNAVAILABLE,
        headers=FRESH,
        media_type="application/json",
    )
