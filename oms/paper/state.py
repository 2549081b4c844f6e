"""The venue's state in a file: what a restarted venue still knows.

A log of JSON lines.  The first says what file this is, the second holds everything as it was when the venue
started, each further one is a change: what an operation made of the accounts, or a request received.  A log
and not a file written anew each time, because a change then costs what changed and not what ever happened.

A change is on disk (fsync) before anybody is told of it.  Requests are written at once but not synced: a
killed process loses none, a power failure may.  At a start the log is folded and written anew to a file
beside it, which then takes its name, so that a crash leaves the old file or the new one.  A last line without
its end was being written when the venue died: nobody was told of it, and it is dropped.

Not kept: prices, faults, symbols changed by the dealer, requests that still waited for the dealer.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import msgspec

from protocol.records.trade import Deal, Order, Position

from .decimals import MAX_DIGITS
from .fitness import misfits
from .model import Account
from .passes import Pass

FORMAT: Final = "oms paper state"
VERSION: Final = 1
REQUESTS: Final = 20_000  # the oldest go first
BOOKS: Final = ("orders", "positions", "deals", "history")
TERMS: Final = tuple(field.name for field in fields(Account) if field.name not in BOOKS)
LAST: Final = 2**63 - 2**32  # of tickets: the wire has room for some more
MARKS: Final = {"order": (1, LAST), "deal": (1, LAST), "day": (-1, 2**32 // 86_400)}  # -1: not known yet
MOST: Final = 1e18  # of every double: more than what profits in the smallest currencies come to
# Of what an account has beside its books; the rest is text, or one of a few values.
BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "login": (1, LAST),
    "digits": (0, MAX_DIGITS),
    "leverage": (1, 2**32 - 1),
    "rights": (0, 2**31 - 1),
    "margin_free_mode": (0, 3),
    "margin_so_mode": (0, 1),
    "margin_so_call": (-MOST, MOST),
    "margin_so_so": (-MOST, MOST),
    **dict.fromkeys(("balance", "credit", "commission_per_lot", "commission_daily"), (-MOST, MOST)),
}
COMPACT_BYTES: Final = 64 * 1024 * 1024  # of changes; then the log is written anew

Record = TypeVar("Record", Order, Position)


class StateError(Exception):
    """A state file that cannot be used: which, which line (0 = none), and why."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        self.path, self.line, self.message = path, line, message
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


class Difference(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """How an account changed; of lists, how much of the front stayed and what follows it."""

    login: int
    terms: dict[str, Any] = {}
    orders: list[Order] = []
    orders_gone: list[int] = []
    positions: list[Position] = []
    positions_gone: list[int] = []
    deals_kept: int = 0
    deals: list[Deal] = []
    history_kept: int = 0
    history: list[Order] = []

    def __repr__(self) -> str:
        """Without its terms, which hold passwords."""
        return f"Difference(login={self.login})"


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket given out."""

    ticket: str
    login: int
    investor: bool
    password: str

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"Given(login={self.login}, investor={self.investor})"


class Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One line behind the first."""

    accounts: list[Difference] = []
    marks: dict[str, int] | None = None
    sessions: int | None = None
    tickets: list[Given] = []
    requests: list[dict[str, Any]] = []


class Known:
    """What the lines of a file come to."""

    def __init__(self) -> None:
        self.starts = 0  # how often the venue was started on this file
        self.accounts: dict[int, Account] = {}
        self.marks: dict[str, int] = {}
        self.sessions = 0
        self.passes: list[tuple[bytes, Pass]] = []
        self.requests: list[dict[str, Any]] = []

    def apply(self, line: Line) -> None:
        """One change more."""
        for change in line.accounts:
            _check_records(change)
            self.accounts[change.login] = _changed(self.accounts.get(change.login), change)
        if line.marks is not None:
            _check_marks(line.marks)
            self.marks = line.marks
        if line.sessions is not None:
            _check_number("sessions", line.sessions, 0, LAST)
            self.sessions = line.sessions
        self.passes += [
            (bytes.fromhex(one.ticket), Pass(one.login, one.investor, one.password)) for one in line.tickets
        ]
        self.requests += line.requests
        del self.requests[:-REQUESTS]


class State:
    """A state file, owned by this process while it is open."""

    def __init__(self, path: Path) -> None:
        """Read it, where there is one; raises StateError, having changed nothing."""
        self.path = path
        self._seen: dict[int, Account] = {}  # as they were last written
        self._written = 0
        self._file = _locked(path)
        self.known = Known()
        try:
            for number, data in enumerate(self._complete_lines(), 1):
                self._read(number, data)
        except StateError:
            self._file.close()
            raise
        self.known.starts += 1

    def begin(
        self,
        accounts: Iterable[Account],
        marks: dict[str, int],
        sessions: int,
        passes: Iterable[tuple[bytes, Pass]],
        requests: Iterable[dict[str, Any]],
    ) -> None:
        """Write everything anew, from which changes are told from now on."""
        head = {"format": FORMAT, "version": VERSION, "starts": self.known.starts}
        self._seen = {}
        line = Line(self._differences(accounts), marks, sessions, _given(passes), list(requests))
        beside = self.path.with_name(f"{self.path.name}.new")
        with self._writing():
            file = _opened(beside, os.O_TRUNC)
            file.write(_dumped(head) + _dumped(line))
            _synced(file)
            fcntl.flock(file, fcntl.LOCK_EX)
            beside.replace(self.path)
            _sync_folder(self.path.parent)
        self._file.close()
        self._file, self._written = file, 0

    def keep(
        self,
        accounts: Iterable[Account],
        marks: dict[str, int],
        sessions: int,
        passes: Iterable[tuple[bytes, Pass]] = (),
    ) -> None:
        """What these accounts have become is on disk when this returns; no change, nothing written."""
        line = Line(self._differences(accounts), marks, sessions, _given(passes))
        if line.accounts or line.tickets:
            with self._writing():
                self._append(line)
                _synced(self._file)

    def heard(self, request: dict[str, Any]) -> None:
        """A request was received."""
        with self._writing():
            self._append(Line(requests=[request]))
            self._file.flush()

    @property
    def grown(self) -> bool:
        """Whether it is worth writing everything anew."""
        return self._written > COMPACT_BYTES

    def close(self) -> None:
        """Let it go."""
        with suppress(OSError):  # what was not written when it should have been was told then
            self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A venue that cannot remember must stop: StateError."""
        try:
            yield
        except OSError as why:
            raise StateError(self.path, 0, f"cannot be written: {why.strerror}") from None

    def _append(self, line: Line) -> None:
        self._written += self._file.write(_dumped(line))

    def _differences(self, accounts: Iterable[Account]) -> list[Difference]:
        found = []
        for account in accounts:
            before = self._seen.get(account.login)
            change = _difference(before, account)
            if before is None or change != Difference(
                account.login, deals_kept=len(account.deals), history_kept=len(account.history)
            ):
                found.append(change)
                self._seen[account.login] = _copied(account)
        return found

    def _complete_lines(self) -> list[bytes]:
        *lines, rest = self._file.read().split(b"\n")
        if rest and not lines:
            raise StateError(self.path, 1, "is no state of a paper venue")
        return lines

    def _read(self, number: int, data: bytes) -> None:
        try:
            value = json.loads(data)
            if number == 1:
                self.known.starts = _starts(value)
            else:
                self.known.apply(msgspec.convert(value, Line))
        except (ValueError, TypeError, LookupError, RecursionError) as why:
            what = "is no state of a paper venue" if number == 1 else "is damaged"
            known = isinstance(why, Foreign | Unfit | msgspec.ValidationError)
            detail = f": {why}" if known else ""
            raise StateError(self.path, number, what + detail) from None


class Foreign(ValueError):
    """The first line is that of another format or version."""


class Unfit(ValueError):
    """A value that no venue could have written."""


def _starts(head: Any) -> int:
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise Foreign(f"it does not begin with the format {FORMAT!r}")
    if head.get("version") != VERSION:
        raise Foreign(f"version {head.get('version')}, and only {VERSION} can be read")
    return int(head["starts"])


# Files.


def _locked(path: Path) -> BinaryIO:
    """The file, opened for reading and writing; raises StateError where another venue has it."""
    try:
        file = _opened(path)
    except OSError as why:
        raise StateError(path, 0, f"cannot be opened: {why.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StateError(path, 0, "is in use by another venue") from None
    return file


def _opened(path: Path, more: int = 0) -> BinaryIO:
    """For its owner alone: passwords are in it."""
    return open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | more, 0o600), "r+b")  # noqa: PTH123


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dumped(value: Any) -> bytes:
    """A line; by the standard library's json, because comments may hold a lone surrogate."""
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode() + b"\n"


# Accounts.


def _terms(account: Account) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(account, name)) for name in TERMS}


def _copied(account: Account) -> Account:
    """The account with books of its own; the records in them never change."""
    terms = {name: getattr(account, name) for name in TERMS}
    return Account(
        **terms,
        orders=dict(account.orders),
        positions=dict(account.positions),
        deals=list(account.deals),
        history=list(account.history),
    )


def _difference(before: Account | None, now: Account) -> Difference:
    if before is None:
        return Difference(
            now.login,
            terms=_terms(now),
            orders=list(now.orders.values()),
            positions=list(now.positions.values()),
            deals=now.deals,
            history=now.history,
        )
    had = _terms(before)
    deals_kept, history_kept = _common(before.deals, now.deals), _common(before.history, now.history)
    return Difference(
        now.login,
        terms={name: value for name, value in _terms(now).items() if value != had[name]},
        orders=_new(before.orders, now.orders),
        orders_gone=[ticket for ticket in before.orders if ticket not in now.orders],
        positions=_new(before.positions, now.positions),
        positions_gone=[number for number in before.positions if number not in now.positions],
        deals_kept=deals_kept,
        deals=now.deals[deals_kept:],
        history_kept=history_kept,
        history=now.history[history_kept:],
    )


def _new(before: dict[int, Record], now: dict[int, Record]) -> list[Record]:
    return [record for key, record in now.items() if before.get(key) is not record]


def _common(before: Sequence[Any], now: Sequence[Any]) -> int:
    """How many records in front are the same objects; the usual case, records added, is one comparison."""
    if now[: len(before)] == before:
        return len(before)
    return next(
        (place for place, (one, two) in enumerate(zip(before, now, strict=False)) if one is not two),
        min(len(before), len(now)),
    )


def _changed(account: Account | None, change: Difference) -> Account:
    """The account after a change; ValueError for one that does not follow."""
    terms = (_terms(account) if account else {}) | change.terms
    made: Account = msgspec.convert(terms, Account)
    _check_terms(made)
    if account is not None:
        made.orders, made.positions = account.orders, account.positions
        made.deals, made.history = account.deals, account.history
    for ticket in change.orders_gone:
        del made.orders[ticket]
    for number in change.positions_gone:
        del made.positions[number]
    made.orders |= {order.trade_order: order for order in change.orders}
    made.positions |= {position.position_id: position for position in change.positions}
    if change.deals_kept > len(made.deals) or change.history_kept > len(made.history):
        raise ValueError("records are missing")
    made.deals[change.deals_kept :] = change.deals
    made.history[change.history_kept :] = change.history
    return made


# What a venue could have written.  A file may have been changed by hand, or by another program.


def _check_records(change: Difference) -> None:
    for kind in BOOKS:
        for record in getattr(change, kind):
            for path, message in misfits(record, MOST):
                raise Unfit(f"account {change.login}: {kind}: {path[-1]}: {message}")


def _check_terms(account: Account) -> None:
    for name, (least, most) in BOUNDS.items():
        _check_number(f"account {account.login}: {name}", getattr(account, name), least, most)


def _check_marks(marks: dict[str, int]) -> None:
    if marks.keys() != MARKS.keys():
        raise Unfit(f"marks: are not {', '.join(MARKS)}")
    for name, value in marks.items():
        _check_number(f"marks: {name}", value, *MARKS[name])


def _check_number(what: str, value: float | Decimal, least: float, most: float) -> None:
    finite = value.is_finite() if isinstance(value, Decimal) else True  # of a NaN nothing can be asked
    if not (finite and least <= value <= most):
        raise Unfit(f"{what}: is not a number from {least:g} to {most:g}")


def _given(passes: Iterable[tuple[bytes, Pass]]) -> list[Given]:
    return [Given(ticket.hex(), one.login, one.investor, one.password) for ticket, one in passes]
