"""From settings to pieces: journals opened, books made, everything joined; nothing runs yet.

Whatever cannot be had is told by name before anything has begun, and what was opened till then is let go.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

import trio

from oms.bus.outbox import OutboxState, Pace
from oms.config import AccountSettings, Settings
from oms.eventlog.ballast import Ballast
from oms.eventlog.committer import Kind, fitting
from oms.eventlog.errors import ForeignJournal, Unreadable
from oms.eventlog.journal import BALLAST, BALLAST_BYTES, Journal
from oms.eventlog.market import GB, Bounds, MarketLog, MarketState
from oms.eventlog.reader import Reader
from oms.eventlog.restored import mark_restored
from oms.ingest.account import Account
from oms.ingest.conversation import Options
from oms.ingest.health import Limits as HealthLimits
from oms.ingest.market import Publisher, Pump
from oms.ingest.reconciler import Limits as Pacing
from oms.projections import Books
from oms.recorder import Recorder
from oms.replay import drop_snapshot, opened_books
from oms.sessions.backoff import Backoff
from oms.sessions.breaker import Limits as Breaking
from oms.sessions.latency import Limits as LatencyLimits
from oms.sessions.link import Limits
from oms.sessions.login import Credentials
from oms.sessions.otp import Totp
from oms.telemetry.logs import logger
from oms.telemetry.metrics import Metrics

from .warning import warning_of

JOURNALS, MARKET = "journal", "market"  # folders of the data
DAEMON: Final = "_daemon"  # the journal of what belongs to no account
VERSION: Final = installed("oms")
HOUR_S: Final = 3600

log = logger("oms.daemon")


class Outlet:
    """How far an account's journal is published, and who waits for that."""

    def __init__(self) -> None:
        self.state = OutboxState()
        self._moved = trio.Event()

    def tell(self, state: OutboxState) -> None:
        """It moved."""
        self.state = state
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    @property
    def stalled(self) -> bool:
        """Whether nothing gets into the stream at present; where that is for good, its account is halted."""
        return bool(self.state.text) and not self.state.failed

    async def moved(self) -> None:
        """Return when something changed."""
        await self._moved.wait()

    async def reached(self, seq: int) -> None:
        """Return when the stream holds the event."""
        while self.state.published < seq:
            await self._moved.wait()

    async def compared(self) -> OutboxState:
        """Return when all of the journal is in the stream, or when they contradict each other."""
        while not (self.state.caught_up or self.state.failed):
            await self._moved.wait()
        return self.state

    async def failed(self) -> OutboxState:
        """Return when stream and journal contradict each other."""
        while not self.state.failed:
            await self._moved.wait()
        return self.state


@dataclass
class Parts:
    """The daemon's pieces."""

    settings: Settings
    metrics: Metrics
    journals: dict[str, Recorder]  # of accounts, and of the daemon itself
    outlets: dict[str, Outlet]
    accounts: dict[str, Account]
    pump: Pump
    market_log: MarketLog | None
    ballast: Ballast  # of all journals


def assembled(
    settings: Settings,
    publisher: Publisher,
    metrics: Metrics,
    ending: ExitStack,
    clock: Callable[[], int] = time.time_ns,
) -> Parts:
    """All pieces; `ending` lets them go.  Raises LogError for what the disk does not allow."""
    folder = settings.data.dir / JOURNALS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Unreadable(folder, f"cannot be made: {why.strerror}") from None
    kind: Kind = fitting(folder) if settings.data.committer == "probe" else settings.data.committer
    log.info("committing", how=kind, folder=str(folder))
    journals = {
        name: _recorder(folder, name, kind, settings, metrics, ending, clock)
        for name in (DAEMON, *settings.accounts)
    }
    market_log = _market_log(settings, ending, clock)
    pump = Pump(market_log, publisher)
    if market_log is not None:
        market_log.told = lambda state: _market_moved(state, pump)
    outlets = {name: Outlet() for name in journals}
    accounts = {
        name: _account(name, one, settings, journals[name], outlets[name], pump, clock)
        for name, one in settings.accounts.items()
    }
    ballast = Ballast(folder / BALLAST, BALLAST_BYTES)
    return Parts(settings, metrics, journals, outlets, accounts, pump, market_log, ballast)


def _recorder(
    folder: Path,
    name: str,
    kind: Kind,
    settings: Settings,
    metrics: Metrics,
    ending: ExitStack,
    clock: Callable[[], int],
) -> Recorder:
    account = settings.accounts.get(name)
    opened = {"login": str(account.login), "server": account.url} if account else {}
    journal = Journal.open(folder, name, clock=clock, kind=kind, opened=opened)
    ending.callback(journal.close)
    if account is not None:
        _refuse_another_login(journal.path, account.login)
    if not journal.opening.clean and not journal.opening.created:
        log.warning("unclean end", account=name, torn_frames=journal.opening.torn_frames)
    found = opened_books(folder, name)
    if found.ignored:
        log.warning("snapshot ignored", account=name, reason=found.ignored)
    if found.forgotten and account is not None:
        mark_restored(folder, name, f"the snapshot {found.ignored}")
        drop_snapshot(folder, name)  # the mark says it from now on
    log.info("journal opened", account=name, seq=journal.seq, folded=found.seq - found.since)
    events = metrics.counter("oms.events.committed", account=name)
    seconds = metrics.histogram("oms.commit.seconds", account=name)
    batch = metrics.histogram("oms.commit.events", account=name)

    def took(count: int, duration: float) -> None:
        events.value += count
        seconds.record(duration)
        batch.record(count)

    def rebuild() -> Books:
        return opened_books(folder, name).books

    recorder = Recorder(journal, found.books, rebuild, took=took)
    recorder.kept = found.since
    return recorder


def _refuse_another_login(path: Path, login: int) -> None:
    """ForeignJournal where the journal was begun for another account of the venue: books do not mix."""
    with closing(Reader(path)) as reader:
        first = reader.get(1)
    held = first.envelope().data.get("login", "") if first else ""
    if held not in ("", str(login)):
        raise ForeignJournal(
            path, f"is the journal of login {held}, and the settings say {login}; that needs another label"
        )


def _market_log(settings: Settings, ending: ExitStack, clock: Callable[[], int]) -> MarketLog | None:
    data = settings.data
    if not data.market_log:
        return None
    bounds = Bounds(
        days=data.market_days,
        most_bytes=int(data.market_gb * GB),
        segment_bytes=int(min(1.0, data.market_gb / 2) * GB),
        least_free_bytes=int(data.market_least_free_gb * GB),
    )
    found = MarketLog(data.dir / MARKET, clock=clock, bounds=bounds)
    ending.callback(found.close)
    return found


def _market_moved(state: MarketState, pump: Pump) -> None:
    pump.moved(state)
    if state.logging:
        log.info("market log", segment=state.segment)
    else:
        log.warning("market log paused", reason=state.reason)


def _account(
    name: str,
    one: AccountSettings,
    settings: Settings,
    recorder: Recorder,
    outlet: Outlet,
    pump: Pump,
    clock: Callable[[], int],
) -> Account:
    limits = settings.limits

    async def published() -> None:
        if settings.nats.nats_required:
            await outlet.reached(1)

    return Account(
        Options(
            url=one.url,
            origin=one.origin,
            who=Credentials(
                one.login,
                one.password.reveal(),
                Totp(one.otp.reveal()) if one.otp else None,
                one.cid,
            ),
            symbols=one.symbols,
            books=one.books,
            aliases=one.aliases,
            reconcile=Pacing(
                overlap_s=int(limits.reconcile_overlap_hours * HOUR_S),
                rounds=limits.difference_rounds,
                spacing_s=limits.difference_spacing,
            ),
            reconcile_every_s=limits.reconcile_every,
        ),
        recorder,
        pump,
        clock,
        published=published,
        told=warning_of(name),
        limits=Limits(
            connect_s=limits.connect_timeout,
            ping_s=limits.ping,
            silence_s=limits.silence,
            answer_s=limits.answer_timeout,
        ),
        backoff=Backoff(limits.reconnect_first, limits.reconnect_limit),
        health=HealthLimits(limits.feed_silence, LatencyLimits(limits.latency, limits.latency_lasting)),
        breaking=Breaking(limits.breaker_failures, limits.breaker_pause, limits.breaker_limit),
    )


def pace(settings: Settings) -> Pace:
    """Bounds of the outboxes."""
    return Pace(window=settings.limits.outbox_window)
