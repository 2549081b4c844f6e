"""Every metric there is, declared once; docs/metrics.md is made from this table.

Names and units are OpenTelemetry's: dots between words, UCUM units, `{tick}` for things that are counted.
`exposed` is the same metric as Prometheus shows it.
"""

import re
from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]

SECONDS: Final = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
DELAYS: Final = (1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 5.0)
BATCH: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)

# What Prometheus appends to a name for a unit.
SUFFIXES: Final = {"s": "_seconds", "By": "_bytes"}


class Declared(NamedTuple):
    """One metric: what it is called, what it counts, and by what it is told apart."""

    name: str
    kind: Kind
    unit: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()  # upper bounds, rising; of a histogram

    @property
    def exposed(self) -> str:
        """The name under which Prometheus knows it."""
        base = re.sub(r"[^a-z0-9]+", "_", self.name)
        suffix = SUFFIXES.get(self.unit, "")
        return base + ("" if base.endswith(suffix) else suffix) + ("_total" if self.kind == "counter" else "")


ACCOUNT: Final = ("account",)

METRICS: Final[tuple[Declared, ...]] = (
    # The push flow.
    Declared("oms.pushes.received", "counter", "{push}", "Pushes that venues sent.", ("account", "command")),
    Declared("oms.ticks.received", "counter", "{tick}", "Ticks that venues sent.", ACCOUNT),
    Declared("oms.market.published", "counter", "{message}", "Messages of market data handed to NATS."),
    Declared(
        *("oms.market.conflated", "counter", "{message}"),
        "Ticks, books, statistics that a newer one of the same symbol replaced, because NATS was too slow.",
    ),
    Declared("oms.market.dropped", "counter", "{message}", "Messages not published: NATS was away."),
    # The event log.
    Declared("oms.events.committed", "counter", "{event}", "Events committed to the journal.", ACCOUNT),
    Declared("oms.commit.seconds", "histogram", "s", "Time of a journal's commit.", ACCOUNT, SECONDS),
    Declared("oms.commit.events", "histogram", "{event}", "Events in a journal's commit.", ACCOUNT, BATCH),
    Declared("oms.journal.seq", "gauge", "{event}", "Last event that is committed.", ACCOUNT),
    Declared("oms.market.rows", "counter", "{row}", "Rows written to the market log, one for each push."),
    Declared("oms.market.paused", "gauge", "1", "1 while the market log is not written."),
    # NATS.
    Declared("oms.nats.connected", "gauge", "1", "1 while NATS is connected."),
    Declared("oms.nats.backlog", "gauge", "{message}", "Messages that wait to be written to NATS."),
    Declared("oms.outbox.published", "gauge", "{event}", "Last event that the stream acknowledged.", ACCOUNT),
    Declared("oms.outbox.backlog", "gauge", "{event}", "Events committed and not acknowledged.", ACCOUNT),
    Declared(
        *("oms.outbox.stopped", "gauge", "1"),
        "1 when stream and journal contradict each other: nothing more is published.",
        ACCOUNT,
    ),
    # Sessions.
    Declared("oms.session.connected", "gauge", "1", "1 while the account is logged in.", ACCOUNT),
    Declared("oms.session.ready", "gauge", "1", "1 while the account is READY.", ACCOUNT),
    Declared("oms.session.reconnects", "counter", "{connection}", "Connections after the first.", ACCOUNT),
    Declared("oms.session.round_trip.seconds", "gauge", "s", "Round trip of the last ping.", ACCOUNT),
    Declared("oms.session.degraded", "gauge", "1", "1 while round trips are too long.", ACCOUNT),
    Declared(
        *("oms.feed.stale", "gauge", "1"),
        "1 while trading sessions are open and no tick of their symbols comes.",
        ACCOUNT,
    ),
    Declared("oms.feed.open", "gauge", "{symbol}", "Watched symbols whose trading session is open.", ACCOUNT),
    Declared(
        *("oms.breaker.state", "gauge", "1"),
        "Whether a class of requests is sent: 0 closed, 1 half open, 2 open.",
        ("account", "class"),
    ),
    Declared(
        *("oms.wire.drift", "counter", "{message}"),
        "Messages with bytes or values that the protocol's tables do not know.",
        ACCOUNT,
    ),
    Declared("oms.wire.unread", "counter", "{frame}", "Frames that could not be read.", ACCOUNT),
    Declared("oms.wire.unknown", "counter", "{frame}", "Frames of commands not in the table.", ACCOUNT),
    Declared("oms.wire.late", "counter", "{answer}", "Answers that came after their time.", ACCOUNT),
    Declared("oms.wire.unsolicited", "counter", "{answer}", "Answers that nobody asked for.", ACCOUNT),
    # Reconciliation.
    Declared("oms.reconcile.rounds", "counter", "{round}", "Snapshots compared with the books.", ACCOUNT),
    Declared(
        *("oms.reconcile.differences", "counter", "{difference}"),
        "Differences that these found between the venue and the books.",
        ACCOUNT,
    ),
    # Queries.
    Declared(
        *("oms.queries.answered", "counter", "{query}"),
        "Queries by what was asked and how it was answered: `ok`, or the error's code.",
        ("account", "what", "status"),
    ),
    Declared("oms.queries.seconds", "histogram", "s", "Time to answer a query.", ("what",), SECONDS),
    # Commands.
    Declared(
        *("oms.commands.answered", "counter", "{command}"),
        "Commands by verb and by the status of their reply.",
        ("account", "verb", "status"),
    ),
    Declared(
        *("oms.commands.refused", "counter", "{reason}"),
        "Reasons in replies to commands, by code; a command may have several.",
        ("account", "code"),
    ),
    Declared("oms.commands.seconds", "histogram", "s", "Time to reply to a command.", ("verb",), SECONDS),
    Declared("oms.commands.waiting", "gauge", "{command}", "Commands taken in and not final.", ACCOUNT),
    Declared("oms.commands.unknown", "gauge", "{command}", "Commands whose outcome is not known.", ACCOUNT),
    # The process.
    Declared("oms.process.rss", "gauge", "By", "Resident memory."),
    Declared("oms.process.cpu", "counter", "s", "Processor time, user and system, of all threads."),
    Declared("oms.process.started", "gauge", "s", "When the process began, in Unix time."),
    Declared(
        *("oms.loop.delay", "histogram", "s"),
        "How late a timer of the event loop is; up to 1 ms is the timer's own rounding.",
        (),
        DELAYS,
    ),
)

BY_NAME: Final = {declared.name: declared for declared in METRICS}
