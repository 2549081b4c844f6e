"""A data folder as a daemon leaves it, and what somebody with tools of his own does to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from oms.domain.events import CommandDenied, Event, ReconcileReport, data_of, type_of
from oms.domain.events.command import Reason
from oms.eventlog.envelope import Draft, rfc3339
from oms.eventlog.journal import Journal
from oms.eventlog.market import Bounds, MarketLog
from oms.eventlog.segment import Push
from oms.heads.head import Head, SignedHead, read, signed
from oms.heads.keys import SigningKey
from oms.projections import Books
from oms.projections.books import STATE_VERSION
from oms.replay import rebuilt, save_snapshot
from oms.sessions.translate import Terms
from oms.verify.finding import Finding, Weight, worst
from oms.verify.folder import contents
from oms.verify.heads import Heads, gathered
from oms.verify.verified import beside, verified
from tests.bench.past import events
from tests.eventlog.scene import NOON, opened
from tests.projections.hashing import state_hash

SECOND = 1_000_000_000
KEY = SigningKey.of_text(f"ed25519-secret:{'A' * 43}")
Facts = list[tuple[Any, ...]]


class Log:
    """A data folder with the account `main`, whose journal is open until `close`."""

    def __init__(self, data: Path, **options: Any) -> None:
        self.data, self.path = data, data / "journal" / "main.db"
        self._at = NOON
        self.journal: Journal = opened(data / "journal", clock=self._clock, **options)
        self.books: Books = rebuilt(self.path).books
        self.heads: list[SignedHead] = []

    def _clock(self) -> int:
        self._at += SECOND
        return self._at

    def record(self, *happened: Event, version: int = 1) -> None:
        """In one commit."""
        for event in happened:
            self.books.fold(event)
        self.journal.write([Draft(type_of(event), version, data_of(event)) for event in happened])

    def trade(self, trips: int = 2) -> None:
        """Round trips, as a daemon would write them: three events before them, six of each."""
        for event in events(trips, NOON // SECOND, Terms(7200)):
            self.record(event)

    def reconcile(self, *, state: str | None = None, balance: Decimal | None = None) -> None:
        """An equal round; its hash is computed by the standard library alone."""
        ledger = self.books.ledger
        self.record(
            ReconcileReport(
                cause="timer",
                equal=True,
                balance=ledger.balance if balance is None else balance,
                credit=ledger.credit,
                state_hash=state or state_hash(self.books),
                state_version=STATE_VERSION,
            )
        )

    def deny(self, reasons: int = 2500) -> None:
        """An event that takes more than one row."""
        told = tuple(Reason("off_step", f"field{number}", "x" * 100) for number in range(reasons))
        self.record(CommandDenied("1", "desk", told))

    def sign(self, key: SigningKey = KEY, **other: Any) -> SignedHead:
        """A head as of now, some of it otherwise."""
        fields: dict[str, Any] = {
            "account": "main", "epoch": self.journal.epoch, "seq": self.journal.seq,
            "hash": self.journal.head.hex(), "state_hash": state_hash(self.books),
            "state_version": STATE_VERSION, "signed_at": rfc3339(self._clock()),
        }  # fmt: skip
        head = read(signed(Head(**(fields | other)), key))
        self.heads.append(head)
        return head

    def tick(self, count: int = 20) -> None:
        """Market data, ten pushes a commit."""
        bounds = Bounds(least_free_bytes=0)
        log = MarketLog(self.data / "market", clock=lambda: NOON, bounds=bounds, checkpoints_apart=False)
        pushes = [Push("ticks", "main", NOON + number, [(number, 1.5)]) for number in range(count)]
        for start in range(0, count, 10):
            log.write(pushes[start : start + 10])
        log.close()

    def keep(self) -> None:
        """A snapshot."""
        save_snapshot(self.path.parent, "main", self.books, self.journal.seq)

    def close(self) -> None:
        self.journal.close()

    def look(self, *, heads: bool = False, deep: bool = True) -> list[Finding]:
        """What a verifier finds, believing KEY."""
        return found(
            self.data, gathered(Path("heads"), self.heads, [KEY.public]) if heads else None, deep=deep
        )


def found(data: Path, heads: Heads | None = None, *, deep: bool = True) -> list[Finding]:
    """In a whole folder."""
    there = contents(data)
    files = list(verified(there, heads, deep=deep))
    return [one for file in files for one in file.findings] + list(beside(there, heads, None))


def faults(findings: list[Finding]) -> list[tuple[str, int | None]]:
    """Codes and places of what is wrong."""
    return [(one.code, one.seq) for one in findings if one.weight == Weight.FAULT]


def valid(findings: list[Finding]) -> bool:
    return worst(findings) == Weight.NOTE


# What somebody does with tools of his own.


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection on a closed journal, its triggers gone as long as it is open."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


def rehash(connection: sqlite3.Connection, since: int = 1) -> None:
    """Make the chain whole again from some seq on, and the mark of the closing, too."""
    row = connection.execute("SELECT hash FROM event WHERE seq = ?", (since - 1,)).fetchone()
    head, seq = row[0] if row else bytes(32), since - 1
    for seq, body in connection.execute(
        "SELECT seq, body FROM event WHERE seq >= ? ORDER BY seq", (since,)
    ).fetchall():
        head = sha256(head + body).digest()
        connection.execute("UPDATE event SET hash = ? WHERE seq = ?", (head, seq))
    connection.execute("UPDATE meta SET value = ? WHERE name = 'closed'", (f"{seq} {head.hex()}",))


def facts(path: Path) -> Facts:
    """Every row of a journal, by Python's own sqlite3; raises its errors."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT seq, type, body, hash FROM event ORDER BY seq").fetchall()
