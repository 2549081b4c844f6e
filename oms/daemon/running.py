"""The daemon's life: everything started in the order in which it depends on each other, and ended in reverse.

At the end nothing new is taken in, sessions say goodbye, what is recorded is published as far as a limit
allows, books are kept for the next start, files are closed.  What could not be published is published then.
"""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Final

import trio

from oms.bus.bridge import Bridge, bridged
from oms.bus.market import MarketPublisher
from oms.bus.outbox import publish_journal
from oms.bus.queue_keeper import QueueState
from oms.bus.service import Endpoint, Handler, serve
from oms.bus.told import LinkChange
from oms.config import Settings
from oms.dispatch.desk import Desk
from oms.domain.events import DaemonStarted, DaemonStopped
from oms.eventlog.errors import FileError
from oms.eventlog.snapshot import NotSaved
from oms.failpoints import reach
from oms.ingest.account import Account
from oms.ingest.standing import CONNECTING, FENCE, REFUSED, unfenced
from oms.keep_books import command_line
from oms.queries.answering import answer
from oms.queries.reply import Reply
from oms.recorder import Recorder
from oms.replay import save_snapshot
from oms.sessions.bucket import Bucket
from oms.telemetry.exposition import Exposition
from oms.telemetry.logs import logger
from oms.telemetry.metrics import Metrics
from oms.telemetry.process import observe_process, watch_loop
from oms.web.app import Sources, application
from oms.web.readiness import AccountStatus
from oms.web.server import serve as serve_http

from .assembly import DAEMON, VERSION, Parts, assembled, pace
from .clock_steps import mind_clock
from .disk import DiskMinder, recorded
from .guard import Guard, halt_all, halt_file, look_for, mind_file
from .heads import Heads
from .nats import nats_options
from .reach import Reach
from .restored import note_restored
from .trading import Trading, desk_of, everybody
from .view import AccountView
from .watched import watch

KEEP_EVENTS: Final = 10_000  # from one snapshot to the next
KEEP_S: Final = 600.0  # that it may take, behind everything else
KEEP_TOLD: Final = 500  # characters of why there is none
HEADS_S: Final = 2.0  # for the last heads, at the end
LEAST_EVENTS: Final = 500  # that are worth one, at the end

log = logger("oms.daemon")


class Daemon:
    """A daemon that runs; what others may look at."""

    def __init__(
        self, parts: Parts, bridge: Bridge, publisher: MarketPublisher, clock: Callable[[], int]
    ) -> None:
        self.parts, self.bridge, self.publisher = parts, bridge, publisher
        self.clock = clock
        self.http_port: int | None = None
        self.trading: dict[str, Trading] = {}  # as soon as they are open
        limits = parts.settings.limits
        self.views = {
            name: AccountView(account, Bucket(limits.data_rate, limits.data_burst), limits.data_wait, clock)
            for name, account in parts.accounts.items()
        }

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Those that are held."""
        return self.parts.accounts

    @property
    def desks(self) -> list[Desk]:
        """Of all accounts."""
        return [one.desk for one in self.trading.values()]

    async def halt(self, reason: str) -> None:
        """All accounts are halted, come what may."""
        await halt_all(self.desks, reason)

    def statuses(self) -> list[AccountStatus]:
        """Every account as /readyz tells it."""
        return [
            AccountStatus(
                name,
                one.standing.link,
                one.standing.permission,
                one.standing.state,
                (one.last_error if one.standing.link in (CONNECTING, REFUSED) else "") or one.standing.reason,
                one.recorder.seq,
                self.parts.outlets[name].state.published,
            )
            for name, one in self.accounts.items()
        ]

    def broken(self) -> list[str]:
        """Journals that cannot be written any more."""
        return [name for name, recorder in self.parts.journals.items() if recorder.broken is not None]


async def run(
    settings: Settings,
    stop: trio.Event,
    *,
    clock: Callable[[], int],
    task_status: trio.TaskStatus[Daemon] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run until `stop`, then end in good order; raises LogError, CannotListen before it has begun.

    Cancelled, it ends as well, but what is recorded may wait for the next start to be published.
    """
    metrics = Metrics()
    with ExitStack() as ending:
        async with bridged(nats_options(settings.nats), _told) as bridge:
            ticks = settings.nats.ticks
            publisher = MarketPublisher(
                bridge,
                prefix=settings.nats.prefix,
                per_tick=ticks in ("both", "each"),
                per_push=ticks in ("both", "batch"),
            )
            parts = assembled(settings, publisher, metrics, ending, clock)
            reach("start.opened")
            daemon = Daemon(parts, bridge, publisher, clock)
            try:
                await _live(daemon, metrics, stop, task_status)
            finally:
                for recorder in parts.journals.values():
                    _keep(recorder)


async def _live(
    daemon: Daemon, metrics: Metrics, stop: trio.Event, task_status: trio.TaskStatus[Daemon]
) -> None:
    """Three rings: what is watched and published, around what is received and answered."""
    parts = daemon.parts
    heads = Heads(
        parts.settings.heads, parts.journals, daemon.bridge, parts.settings.nats.prefix, daemon.clock
    )
    exposition = Exposition(metrics, version=VERSION)
    observe_process(metrics)
    watch(daemon, metrics)
    try:
        async with trio.open_nursery() as outer:
            await _serve_http(daemon, exposition, outer)
            outer.start_soon(partial(watch_loop, metrics))
            outer.start_soon(daemon.publisher.run)
            outer.start_soon(mind_clock, daemon.clock, parts.accounts, parts.journals)
            outer.start_soon(DiskMinder(parts.accounts, parts.journals, parts.ballast).run)
            for name, recorder in parts.journals.items():
                outer.start_soon(
                    partial(
                        publish_journal,
                        daemon.bridge,
                        recorder,
                        prefix=parts.settings.nats.prefix,
                        told=parts.outlets[name].tell,
                        pace=pace(parts.settings),
                    )
                )
            await parts.journals[DAEMON].record([DaemonStarted(VERSION, tuple(daemon.accounts))])
            outer.start_soon(heads.run)
            await _work(daemon, stop, task_status)
            await _settle(daemon, heads)
            outer.cancel_scope.cancel()
    finally:
        exposition.close()


async def _work(daemon: Daemon, stop: trio.Event, task_status: trio.TaskStatus[Daemon]) -> None:
    """Hold the accounts, until told to stop: commands are carried longer than their sessions last."""
    parts = daemon.parts
    async with trio.open_nursery() as carrying:
        for name, account in daemon.accounts.items():
            settings, reach = parts.settings.accounts[name], Reach(daemon.bridge, parts.outlets[name])
            await note_restored(account, account.recorder.path.parent)
            desk = desk_of(
                account,
                settings,
                parts.settings,
                reach,
                carrying,
                daemon.clock,
            )
            await desk.open()
            guard = Guard(desk, settings.risk, daemon.clock)
            await guard.open()
            daemon.trading[name] = Trading(
                account, desk, daemon.bridge, reach, carrying, parts.settings, parts.metrics, guard
            )
        kill_file = halt_file(parts.settings)
        await look_for(kill_file, daemon.desks)
        async with trio.open_nursery() as holding:
            holding.start_soon(parts.pump.run)
            for name in parts.journals:
                holding.start_soon(_mind_fence, daemon, name)
            holding.start_soon(mind_file, kill_file, daemon.desks)
            for one in daemon.trading.values():
                holding.start_soon(one.guard.run)
            for account in daemon.accounts.values():
                holding.start_soon(account.run)
                holding.start_soon(_keep_now_and_then, account.recorder)
            await _answer(daemon, stop, carrying, task_status)
            holding.cancel_scope.cancel()
        carrying.cancel_scope.cancel()


async def _answer(
    daemon: Daemon, stop: trio.Event, carrying: trio.Nursery, task_status: trio.TaskStatus[Daemon]
) -> None:
    """Take in what is asked and commanded; told to stop, let what is on its way come to its outcome."""
    parts, trading = daemon.parts, list(daemon.trading.values())
    asked = [Endpoint("query", name, _query(daemon, name)) for name in daemon.accounts]
    commanded = [endpoint for one in trading for endpoint in one.endpoints()]
    endpoints = [*asked, *commanded, everybody(trading, carrying, parts.settings)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            partial(serve, daemon.bridge, endpoints, version=VERSION, prefix=parts.settings.nats.prefix)
        )
        for one in trading:
            nursery.start_soon(one.take_queued, partial(_told_of_queue, one.account.name))
        task_status.started(daemon)
        await stop.wait()
        with trio.move_on_after(parts.settings.limits.stop_settle):
            for one in trading:
                one.desk.stop()
            for one in trading:
                await one.desk.settle()
            while any(endpoint.at_work for endpoint in commanded):  # noqa: ASYNC110 - their last words
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def _serve_http(daemon: Daemon, exposition: Exposition, nursery: trio.Nursery) -> None:
    http = daemon.parts.settings.http
    if not http.enabled:
        return
    sources = Sources(
        broken=daemon.broken,
        accounts=daemon.statuses,
        nats_connected=lambda: daemon.bridge.connected,
        nats_required=daemon.parts.settings.nats.nats_required,
        metrics=exposition.text,
    )
    daemon.http_port = await nursery.start(serve_http, application(sources), http.host, http.port)
    log.info("http", host=http.host, port=daemon.http_port)


async def _mind_fence(daemon: Daemon, name: str) -> None:
    """An account whose stream contradicts its journal is halted: somebody else may be trading for it.

    Where an earlier run found that, and they agree again by now, a person may resume.
    """
    outlet, account = daemon.parts.outlets[name], daemon.accounts.get(name)
    state = await outlet.compared()
    if not state.failed and account is not None and account.standing.fenced:
        await recorded(account, partial(account.standing.move, change=unfenced))
    state = await outlet.failed()
    log.error("stream contradicts journal", account=name, why=state.failed, detail=state.text)
    if account is not None:
        await recorded(account, partial(account.standing.halt, FENCE + state.failed))


def _query(daemon: Daemon, name: str) -> Handler:
    view, metrics = daemon.views[name], daemon.parts.metrics

    async def handle(what: str, headers: Mapping[str, str], payload: bytes) -> Reply:
        began = perf_counter()
        reply = await answer(view, what, headers, payload)
        known = what if reply.error is None or reply.error[1] != "unknown_query" else "other"
        status = "ok" if reply.error is None else reply.error[1]
        metrics.counter("oms.queries.answered", account=name, what=known, status=status).value += 1
        metrics.histogram("oms.queries.seconds", what=known).record(perf_counter() - began)
        return reply

    return handle


async def _settle(daemon: Daemon, heads: Heads) -> None:
    """Publish what was recorded, and where the journals end, as far as the limit allows."""
    parts = daemon.parts
    journal = parts.journals[DAEMON]
    try:
        await journal.record([DaemonStopped()])
    except FileError as why:
        log.warning("the end is not recorded", detail=str(why))
    reach("stop.recorded")
    with trio.move_on_after(parts.settings.limits.stop_settle if daemon.bridge.connected else 0) as limit:
        for name, recorder in parts.journals.items():
            if not parts.outlets[name].state.failed:
                await parts.outlets[name].reached(recorder.seq)
    with trio.move_on_after(HEADS_S):
        await heads.tell()
    if limit.cancelled_caught:
        left = [n for n, r in parts.journals.items() if parts.outlets[n].state.published < r.seq]
        log.warning("not published before the end; the next start does", accounts=left)


async def _keep_now_and_then(recorder: Recorder) -> None:
    """Have the books kept whenever so many events were recorded that folding them would take a while."""
    while recorder.broken is None:
        recorder.kept = await recorder.committed(recorder.kept + KEEP_EVENTS - 1)
        if detail := await _kept_aside(recorder):
            log.warning("no snapshot", account=recorder.account, detail=detail[-KEEP_TOLD:])


async def _kept_aside(recorder: Recorder) -> str:
    """Have another process keep the books; why it did not, "" where it did."""
    command = command_line(recorder.path.parent, recorder.account)
    try:
        with trio.move_on_after(KEEP_S):
            done = await trio.run_process(command, check=False, stdin=subprocess.DEVNULL, capture_stderr=True)
            return done.stderr.decode(errors="replace").strip() if done.returncode else ""
    except OSError as why:  # the machine has no process left for it: the next one is tried
        return f"cannot be started: {why}"
    return f"it took longer than {KEEP_S:g} s"


def _keep(recorder: Recorder) -> None:
    """Keep the books for the next start, unless folding what is new would be quicker than that."""
    if not recorder.sound or recorder.seq < recorder.kept + LEAST_EVENTS:
        return
    seq = recorder.kept = recorder.seq
    try:
        save_snapshot(recorder.path.parent, recorder.account, recorder.books, seq)
    except (NotSaved, FileError) as why:
        log.warning("no snapshot", account=recorder.account, detail=str(why))


def _told_of_queue(name: str, state: QueueState) -> None:
    tell = log.info if state.ready else log.warning
    tell("durable queue", account=name, ready=state.ready, detail=state.text)


def _told(change: LinkChange) -> None:
    tell = log.info if change.what == "connected" else log.warning
    tell(f"nats {change.what}", detail=change.text)
