"""The machine: Python, SQLite, the clock."""

import ctypes
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from oms.cli.doctor.finding import Finding, ok, problem, warning
from oms.eventlog.inspection import SQLITE_VERSION

LEAST_PYTHON: Final = (3, 11)
BUILT_S: Final = 1_750_000_000  # June 2025: no clock that is right shows less
UNSYNCHRONIZED: Final = 5  # TIME_ERROR, adjtimex(2)


def machine() -> Iterator[Finding]:
    """What can be told without settings."""
    version = platform.python_version()
    if sys.version_info >= LEAST_PYTHON:
        yield ok("python", f"{platform.python_implementation()} {version}")
    else:
        yield problem("python", version, f"at least {'.'.join(map(str, LEAST_PYTHON))} is needed")
    yield ok("sqlite", SQLITE_VERSION)
    yield clock(time.time(), synchronized())


def clock(now_s: float, kept: bool | None) -> Finding:
    """Whether the time can be true; deadlines are judged by it."""
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
    if now_s < BUILT_S:
        return problem("clock", f"{shown} cannot be", "set the clock; commands have deadlines")
    if kept is False:
        return warning("clock", f"{shown}, not synchronized", "run an NTP client: chrony, systemd-timesyncd")
    return ok("clock", f"{shown}, synchronized" if kept else shown)


class _Timex(ctypes.Structure):
    """Of struct timex only `modes` is of interest: 0 = read; the rest is room."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_long * 64))


def synchronized() -> bool | None:
    """Whether the kernel says that somebody keeps its clock; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        return None
    state = adjtimex(ctypes.byref(_Timex()))
    return None if state < 0 else state != UNSYNCHRONIZED


def process_name(pid: int) -> str:
    """The name of a process and its number; only the number where it cannot be seen."""
    try:
        return f"{Path(f'/proc/{pid}/comm').read_text().strip()} ({pid})"
    except OSError:
        return f"process {pid}"
