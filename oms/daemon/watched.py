"""What metrics read of the running pieces: plain numbers that these keep anyway."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from oms.domain.calls import CALL_CLASSES
from oms.ingest.account import Account
from oms.ingest.market import KINDS
from oms.ingest.standing import READY
from oms.sessions.breaker import CLOSED, HALF_OPEN, OPEN
from oms.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from .running import Daemon

BREAKERS: Final = {CLOSED: 0.0, HALF_OPEN: 1.0, OPEN: 2.0}


def watch(daemon: "Daemon", metrics: Metrics) -> None:
    """Let the metrics read, from now on."""
    parts, bridge, publisher = daemon.parts, daemon.bridge, daemon.publisher
    metrics.observe("oms.nats.connected", lambda: float(bridge.connected))
    metrics.observe("oms.nats.backlog", lambda: bridge.backlog)
    metrics.observe("oms.market.rows", lambda: parts.pump.logged)
    log = parts.market_log
    metrics.observe("oms.market.paused", lambda: float(log is not None and not log.state.logging))
    metrics.observe("oms.market.conflated", lambda: publisher.conflated)
    metrics.observe("oms.market.dropped", lambda: bridge.dropped)
    metrics.observe("oms.market.published", lambda: publisher.published)
    for name in parts.journals:
        _watch_journal(daemon, metrics, name)
    for account in daemon.accounts.values():
        _watch_account(account, metrics)


def _watch_journal(daemon: "Daemon", metrics: Metrics, name: str) -> None:
    recorder, outlet = daemon.parts.journals[name], daemon.parts.outlets[name]
    metrics.observe("oms.journal.seq", lambda: recorder.seq, account=name)
    metrics.observe("oms.outbox.published", lambda: outlet.state.published, account=name)
    metrics.observe("oms.outbox.backlog", lambda: recorder.seq - outlet.state.published, account=name)
    metrics.observe("oms.outbox.stopped", lambda: float(bool(outlet.state.failed)), account=name)


def _watch_account(account: Account, metrics: Metrics) -> None:
    name, feed = account.name, account.feed

    def connection(read: str) -> Callable[[], float]:
        return lambda: getattr(account.connection.counters, read) if account.connection else 0

    metrics.observe("oms.ticks.received", lambda: feed.ticks, account=name)
    for command in KINDS:
        read = partial(feed.pushes.__getitem__, command)
        metrics.observe("oms.pushes.received", read, account=name, command=str(command))
    metrics.observe(
        "oms.session.connected",
        lambda: float(
            account.connected and bool(account.conversation and account.conversation.authenticated)
        ),
        account=name,
    )
    metrics.observe("oms.session.ready", lambda: float(account.standing.link == READY), account=name)
    metrics.observe("oms.session.reconnects", lambda: max(0, account.connections - 1), account=name)
    metrics.observe(
        "oms.session.round_trip.seconds",
        lambda: (account.connection.round_trip_s if account.connection else None) or 0.0,
        account=name,
    )
    health, breakers = account.health, account.breakers
    metrics.observe("oms.session.degraded", lambda: float(health.latency.degraded), account=name)
    metrics.observe("oms.feed.stale", lambda: float(health.feed.stale), account=name)
    metrics.observe("oms.feed.open", lambda: health.feed.open, account=name)
    for one in CALL_CLASSES:
        shut = partial(lambda one: BREAKERS[breakers.state(one)], one)
        metrics.observe("oms.breaker.state", shut, **{"account": name, "class": one})
    for counter in ("unread", "unknown", "late", "unsolicited"):
        metrics.observe(f"oms.wire.{counter}", connection(counter), account=name)
    metrics.observe("oms.wire.drift", lambda: account.drift.seen, account=name)
    metrics.observe("oms.reconcile.rounds", lambda: account.rounds, account=name)
    metrics.observe("oms.reconcile.differences", lambda: account.differences, account=name)
