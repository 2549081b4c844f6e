"""An account held against a paper venue in the test's own Trio: real sockets, real files, told time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import trio

from oms.domain.events import event_of
from oms.eventlog.journal import Journal
from oms.eventlog.market import Bounds, MarketLog
from oms.eventlog.reader import Reader
from oms.ingest.account import Account
from oms.ingest.conversation import Options
from oms.ingest.health import Limits as HealthLimits
from oms.ingest.market import Pump, Received
from oms.ingest.reconciler import Limits as Pace
from oms.projections import Books
from oms.projections.commands import STAMPED
from oms.recorder import Recorder
from oms.sessions.backoff import Backoff
from oms.sessions.breaker import Limits as Breaking
from oms.sessions.link import Limits
from oms.sessions.login import Credentials
from tests.paper.running import HEDGE, Running

QUICK = Pace(spacing_s=0.2, race_s=1.0, pause_s=0.05)


@dataclass
class Published:
    """What was handed on."""

    received: list[Received] = field(default_factory=list)
    logged: list[bool] = field(default_factory=list)

    def write(self, messages: list[tuple[str, bytes]], received: Received) -> None:
        messages.append((received.account, b""))
        self.received.append(received)

    def publish(self, messages: list[tuple[str, bytes]], *, logged: bool) -> None:
        self.logged += [logged] * len(messages)

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()


class Held:
    """The account, its journal, and what it said."""

    def __init__(self, folder: Path, account: Account, pump: Pump, published: Published) -> None:
        self.folder, self.account, self.pump, self.published = folder, account, pump, published
        self.recorder = account.recorder
        self.told: list[tuple[str, str]] = []

    @property
    def books(self) -> Books:
        return self.recorder.books

    @property
    def session(self) -> int:
        """The number that the venue gave the account's session."""
        assert self.account.connection is not None
        return self.account.connection.session.number

    def events(self, kind: str = "*") -> list[dict[str, Any]]:
        """The data of the journal's events of a type, as they are on disk."""
        reader = Reader(self.recorder.path)
        try:
            found = [row.envelope() for row in reader.read()]
        finally:
            reader.close()
        return [one.data for one in found if kind in ("*", one.type)]

    def types(self) -> list[str]:
        reader = Reader(self.recorder.path)
        try:
            return [row.type for row in reader.read()]
        finally:
            reader.close()

    async def until(self, ready: Callable[[], bool], seconds: float = 20.0) -> None:
        with trio.fail_after(seconds):
            while not ready():  # noqa: ASYNC110 - what is waited for has no event
                await trio.sleep(0.002)

    async def agrees(self, venue: Running, login: int = HEDGE) -> None:
        """Until the books say what the venue's own truth says."""
        await self.until(lambda: told_by_books(self.books) == told_by_venue(venue, login))

    async def ready(self, permission: str = "active") -> None:
        await self.until(lambda: self.account.standing.state == permission)


async def _at_once() -> None:
    """The journal counts as published."""


@asynccontextmanager
async def held(
    venue: Running,
    folder: Path,
    *,
    login: int = HEDGE,
    password: str = "paper",  # noqa: S107
    limits: Limits | None = None,
    breaking: Breaking | None = None,
    health: HealthLimits | None = None,
    reconcile: Pace = QUICK,
    url: str = "",
    opens: Callable[[], Awaitable[None]] | None = None,
    before: Callable[["Held", trio.Nursery], Awaitable[None]] | None = None,
    **options: Any,
) -> AsyncIterator[Held]:
    """The account running; at the end it is stopped as a daemon's end would.

    `before` is awaited with a nursery that outlives the account's sessions.
    """
    clock = lambda: venue.clock.now * 1_000_000  # noqa: E731
    journal = Journal.open(
        folder, "main", clock=clock, kind="inline", checkpoints_apart=False, ballast_bytes=0
    )
    try:
        recorder = Recorder(journal, rebuilt(journal), lambda: rebuilt(journal))
        published = Published()
        log = MarketLog(folder / "market", clock=clock, bounds=Bounds(least_free_bytes=0))
        pump = Pump(log, published)
        settings = Options(url or venue.url, Credentials(login, password), reconcile=reconcile, **options)
        told: list[tuple[str, str]] = []
        account = Account(
            settings,
            recorder,
            pump,
            clock,
            published=opens or _at_once,
            told=lambda what, detail: told.append((what, detail)),
            limits=limits,
            backoff=Backoff(first=0.02, limit=0.1),
            breaking=breaking,
            health=health,
            chance=Random(1),
        )
        keeper = Held(folder, account, pump, published)
        keeper.told = told
        async with trio.open_nursery() as outer:
            if before is not None:
                await before(keeper, outer)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(pump.run)
                nursery.start_soon(account.run)
                yield keeper
                nursery.cancel_scope.cancel()
            outer.cancel_scope.cancel()
        log.close()
    finally:
        journal.close()


def told_by_venue(venue: Running, login: int) -> dict[str, Any]:
    """What the venue knows of one account, in the words of the books."""
    return told_by_truth(venue.control("truth"), login)


def told_by_truth(truth: dict[str, Any], login: int) -> dict[str, Any]:
    """Likewise, by the control port's truth."""
    mine = {name: [row for row in rows if row.get("login") == login] for name, rows in truth.items()}
    (account,) = mine["accounts"]
    return {
        "balance": Decimal(account["balance"]),
        "credit": Decimal(account["credit"]),
        "orders": {str(row["trade_order"]) for row in mine["orders"] if row["open"]},
        "ended": {str(row["trade_order"]) for row in mine["orders"] if not row["open"]},
        "deals": {str(row["deal"]) for row in mine["deals"]},
        "positions": {
            str(row["position_id"]): (
                "sell" if row["trade_action"] else "buy",
                Decimal(row["trade_volume"]) / 10**8,
                Decimal(repr(row["price_open"])),
                Decimal(repr(row["sl"])) or None,
            )
            for row in mine["positions"]
        },
    }


def booked(main: Held) -> list[str]:
    """The deals, in the order that they were booked."""
    return [one["deal"] for one in main.events("deal.booked")]


def told_by_books(books: Books) -> dict[str, Any]:
    orders = list(books.orders)
    return {
        "balance": books.ledger.balance,
        "credit": books.ledger.credit,
        "orders": {order.order for order in orders if not order.ended},
        "ended": {order.order for order in orders if order.ended},
        "deals": {deal.deal for deal in books.deals},
        "positions": {one.position: (one.side, one.volume, one.price, one.sl) for one in books.positions},
    }


def rebuilt(journal: Journal) -> Books:
    """Books made by decoding and folding every event, one by one."""
    books = Books()
    reader = Reader(journal.path)
    try:
        for row in reader.read():
            envelope = row.envelope()
            event = event_of(envelope.type, envelope.version, envelope.data)
            books.fold(event)
            if type(event) in STAMPED:
                books.commands.stamp(type(event), event, envelope.seq, envelope.recorded_at)
    finally:
        reader.close()
    return books
