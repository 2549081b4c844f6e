"""What the process itself is watched for: memory, processor time, and how late its event loop is."""

import os
import time
from pathlib import Path
from typing import Final, Never

import trio

from .metrics import Metrics

STATM: Final = Path("/proc/self/statm")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
PROBE_S: Final = 0.1  # from one look at the event loop to the next


def rss_bytes() -> int:
    """Resident memory of this process.  Needs Linux's /proc."""
    return int(STATM.read_bytes().split()[1]) * PAGE_BYTES


def observe_process(metrics: Metrics) -> None:
    """The process's own metrics, from now on."""
    if STATM.exists():
        metrics.observe("oms.process.rss", rss_bytes)
    metrics.observe("oms.process.cpu", time.process_time)
    metrics.gauge("oms.process.started").value = time.time()


async def watch_loop(metrics: Metrics, *, every_s: float = PROBE_S) -> Never:
    """Record how late the event loop comes back to a task that wants to go on."""
    delay = metrics.histogram("oms.loop.delay")
    while True:
        due = trio.current_time() + every_s
        await trio.sleep_until(due)
        delay.record(trio.current_time() - due)
