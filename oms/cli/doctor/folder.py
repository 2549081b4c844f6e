"""The data folder: whether it can be written, how fast, how much room there is, who holds its journals."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from oms.cli.doctor.finding import Finding, ok, problem, warning
from oms.cli.doctor.machine import process_name
from oms.cli.log.moments import moment
from oms.cli.log.places import Place
from oms.config import DataSettings
from oms.eventlog.committer import FAST_S, probe
from oms.eventlog.errors import LogError
from oms.eventlog.inspection import Holder, JournalLook, look_at_journal
from oms.eventlog.journal import BALLAST_BYTES
from oms.eventlog.sqlite import reading

GB: Final = 1_000_000_000
LEAST_FREE: Final = 2 * BALLAST_BYTES  # below it no ballast is taken
SLOW_S: Final = 0.05  # of a commit
SKEW_NS: Final = 2 * GB  # by which a clock may be wrong


def folder(data: DataSettings) -> Iterator[Finding]:
    """All about the folder itself."""
    there = _existing(data.dir)
    if there is None or not there.is_dir():
        yield problem("data folder", f"{data.dir}: {there} is no folder", "another [data] dir")
        return
    found = str(data.dir) if there == data.dir else f"{data.dir}, which will be made"
    try:
        with reading(there):
            seconds = probe(there)
    except (OSError, LogError) as why:
        told = why.strerror if isinstance(why, OSError) else str(why)
        hint = f"who runs the daemon must own it: user {os.geteuid()} looked"
        yield problem("data folder", f"{found}: cannot be written: {told}", hint)
        return
    yield ok("data folder", found)
    yield _commit(seconds, data.committer)
    yield _room(shutil.disk_usage(there).free, data)


def _existing(path: Path) -> Path | None:
    """The path, or what of it is there."""
    return next((one for one in (path, *path.parents) if one.exists()), None)


def _commit(seconds: float, committer: str) -> Finding:
    kind = ("inline" if seconds < FAST_S else "thread") if committer == "probe" else committer
    told = f"{seconds * 1000:.2f} ms a durable commit: committer {kind}"
    if committer != "probe":
        told += ", as the settings say"
    if seconds >= SLOW_S:
        return warning("disk", told, "trade events wait for it: a faster disk, not a network folder")
    if kind == "inline" and seconds >= FAST_S:
        return warning("disk", told, f'above {FAST_S * 1000:g} ms everything waits: committer = "probe"')
    return ok("disk", told)


def _room(free: int, data: DataSettings) -> Finding:
    told = f"{free / GB:.1f} GB free"
    if free < LEAST_FREE:
        return problem("room", told, "trading stops when the disk is full: free some")
    if data.market_log and free < data.market_least_free_gb * GB:
        return warning("room", told, f"the market log pauses below {data.market_least_free_gb:g} GB")
    return ok("room", told)


class Journals(NamedTuple):
    """How they stand, and whether somebody writes any of them: the daemon runs."""

    findings: list[Finding]
    written: bool


def journals(data: DataSettings, accounts: list[str]) -> Journals:
    """The journals there are, and those of the configured accounts."""
    place = Place(data.dir)
    found = [_journal(place, one, time.time_ns()) for one in dict.fromkeys((*accounts, *place.accounts()))]
    return Journals([finding for finding, _ in found], any(written for _, written in found))


def _journal(place: Place, account: str, now_ns: int) -> tuple[Finding, bool]:
    """How one stands, and whether somebody writes it."""
    what, path = f"journal {account}", place.journal(account)
    if not path.exists():
        return ok(what, "none yet"), False
    try:
        look, held = look_at_journal(path), place.writer(account)
    except OSError as why:
        return problem(what, f"{why.filename}: {why.strerror}", "whoever runs the daemon must own it"), False
    except LogError as why:
        return problem(what, str(why), "restore it from a backup or from the stream"), False
    told = f"{look.last.seq if look.last else 0} events, {_writer(look, held)}"
    if look.last is not None:
        recorded_at = look.last.recorded_at
        if moment(recorded_at, now_ns) > now_ns + SKEW_NS:
            told += f"; its last event is of {recorded_at}"
            return warning(what, told, "the clock was set back"), held is not None
    return ok(what, told), held is not None


def _writer(look: JournalLook, held: Holder | None) -> str:
    if held is not None:
        return f"written by {'somebody' if held.pid is None else process_name(held.pid)}"
    return "nobody writes it" if look.closed else "not closed by its writer: the next start checks it"
