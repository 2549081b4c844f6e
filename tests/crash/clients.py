"""Clients that trade by request-reply and by the durable queue, and keep every reply."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import nats
import nats.errors
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from .processes import LOGINS
from .wishes import SYMBOLS, Row, View, wish

AT_ONCE: Final = 12  # commands of a client that wait for a reply
AGAIN, OTHERWISE, DURABLE = 0.12, 0.03, 0.35  # shares: ids asked again, with another payload, by the queue
PAUSE_S: Final = 0.25  # of a client between two commands, on average
DEADLINE_S: Final = 90.0  # of a durable command
GRACE_S: Final = 3.0  # for a reply, behind the time that the command waits
QUESTIONS: Final[tuple[tuple[str, Row], ...]] = (
    ("positions", {}),
    ("orders", {}),
    ("quotes", {"symbols": sorted(set(SYMBOLS))}),
)
NO_REPLY: Final = (nats.errors.Error, TimeoutError, OSError)


@dataclass
class Asked:
    """A command, and what was answered to it."""

    account: str
    client: str
    id: str
    verb: str
    fields: Row
    replies: list[Row] = field(default_factory=list)
    contradicted: list[Row] = field(default_factory=list)  # replies to the same id with another payload
    kept: bool = False  # the queue has acknowledged it


class Book:
    """All that was asked, and every reply, in memory and one a line on disk."""

    def __init__(self, path: Path) -> None:
        self.asked: dict[tuple[str, str, str], Asked] = {}
        self._file = path.open("w", encoding="utf-8")

    def hear(self, one: Asked, channel: str, payload: bytes) -> Row:
        """Keep a reply."""
        reply: Row = json.loads(payload)
        told = {**reply, "id": one.id, "client": one.client, "account": one.account}
        line = {**told, "channel": channel, "heard_at": time.time()}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        return reply

    def unanswered(self) -> list[Asked]:
        """Those that never had a reply."""
        return [one for one in self.asked.values() if not one.replies]

    def close(self) -> None:
        """All is on disk."""
        self._file.close()


async def connected(url: str) -> Nats:
    """A connection that comes back for ever, quietly."""

    async def quiet(*_: Any) -> None:
        return

    return await nats.connect(
        url,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,
        error_cb=quiet,
        disconnected_cb=quiet,
        reconnected_cb=quiet,
        closed_cb=quiet,
    )


class Client:
    """One who trades in all accounts."""

    def __init__(self, name: str, seed: int, bus: Nats, book: Book) -> None:
        self.name = name
        self._chance = Random(f"{seed}/{name}")
        self._bus, self._book = bus, book
        self._views = {account: View(hedging=account == "hedge") for account in LOGINS}
        self._mine: dict[str, list[Asked]] = {account: [] for account in LOGINS}
        self._number = 0
        self._work: set[asyncio.Task[None]] = set()
        self._outcomes = f"crash.{name}.outcomes"

    async def trade(self, stop: asyncio.Event) -> None:
        """One command after the other until told to stop; replies still under way are waited for then."""
        await self._bus.subscribe(self._outcomes, cb=self._told)
        looking = asyncio.create_task(self._look())
        try:
            while not stop.is_set():
                await asyncio.sleep(self._chance.expovariate(1 / PAUSE_S))
                if len(self._work) < AT_ONCE:
                    self._begin()
            if self._work:
                await asyncio.wait(self._work)
        finally:
            for task in (looking, *self._work):
                task.cancel()

    def _begin(self) -> None:
        account = self._chance.choice(tuple(LOGINS))
        mine, drawn = self._mine[account], self._chance.random()
        if mine and drawn < AGAIN:
            act = self.request(self._chance.choice(mine[-200:]))
        elif mine and drawn < AGAIN + OTHERWISE:
            act = self._contradict(self._chance.choice(mine[-50:]))
        else:
            one = self._new(account)
            durable = self._chance.random() < DURABLE
            act = self._queue(one) if durable else self.request(one, self._chance.choice((0.3, 2, 5)))
        task = asyncio.create_task(act)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _new(self, account: str) -> Asked:
        known = [one.id for one in self._mine[account] if one.verb == "submit"]
        verb, fields = wish(self._chance, self._views[account], known)
        self._number += 1
        one = Asked(account, self.name, f"{self.name}-{self._number}", verb, fields)
        self._book.asked[account, self.name, one.id] = one
        self._mine[account].append(one)
        return one

    async def request(self, one: Asked, wait_s: float = 2.0) -> None:
        """Ask for it, perhaps again; nothing is kept where nobody answers."""
        fields = {**one.fields, "id": one.id, "client": one.client, "wait": wait_s}
        found = await self._answered(f"oms.v1.cmd.{one.account}.{one.verb}", fields, wait_s + GRACE_S)
        if found is not None:
            one.replies.append(self._book.hear(one, "request", found.data))

    async def _contradict(self, one: Asked) -> None:
        """The same id for something else: it must not be done."""
        fields = {"symbol": "EURUSD", "side": "buy", "volume": "0.11", "id": one.id, "client": one.client}
        subject = f"oms.v1.cmd.{one.account}.submit"
        if not one.replies or not _taken(one.replies):
            return  # it may not have been taken in yet: then this would be the command
        found = await self._answered(subject, {**fields, "wait": 1}, 1 + GRACE_S)
        if found is not None:
            one.contradicted.append(self._book.hear(one, "conflict", found.data))

    async def _queue(self, one: Asked) -> None:
        """Put it into the durable queue, until that is acknowledged."""
        deadline = (datetime.now(UTC) + timedelta(seconds=DEADLINE_S)).isoformat()
        fields = {**one.fields, "id": one.id, "client": one.client, "deadline": deadline}
        subject = f"oms.v1.queue.{one.account}.{one.verb}"
        for _ in range(10):
            try:
                await self._bus.jetstream(timeout=2).publish(
                    subject, json.dumps(fields).encode(), headers={"Oms-Reply": self._outcomes}
                )
            except NO_REPLY:
                await asyncio.sleep(1)
            else:
                one.kept = True
                return

    async def _told(self, message: Msg) -> None:
        """The outcome of a durable command."""
        reply = json.loads(message.data)
        one = self._book.asked.get((reply["account"], self.name, reply["command"]))
        if one is not None:
            one.replies.append(self._book.hear(one, "queue", message.data))

    async def _answered(self, subject: str, fields: Row, within_s: float) -> Msg | None:
        try:
            return await self._bus.request(subject, json.dumps(fields).encode(), timeout=within_s)
        except NO_REPLY:
            return None

    async def _look(self) -> None:
        """Know about what there is now and then."""
        while True:
            for account, view in self._views.items():
                for what, fields in QUESTIONS:
                    found = await self._answered(f"oms.v1.query.{account}.{what}", fields, 1)
                    rows = json.loads(found.data).get(what) if found is not None else None
                    if rows is not None and what == "quotes":
                        view.quotes = {row["symbol"]: row for row in rows}
                    elif rows is not None:
                        setattr(view, what, rows)
            await asyncio.sleep(0.7)


def _taken(replies: Iterable[Row]) -> bool:
    return any(reply.get("seq") and reply["status"] not in ("denied", "conflict") for reply in replies)
