"""The daemon as a process: settings read, signals minded, exit codes given."""

import gc
import json as json_text
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio
import typer

from oms.cli.ending import FAILED, OK, WRONG, Failure
from oms.cli.settings import settings_of
from oms.config import Settings
from oms.daemon.running import Daemon, run
from oms.eventlog.errors import LogError
from oms.failpoints import VARIABLE, arm
from oms.sessions.groups import first_error
from oms.telemetry.logs import configure, logger
from oms.web.server import CannotListen

PRIVATE: Final = 0o077  # what the daemon writes is for its own user
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)  # that end it
HALT: Final = signal.SIGUSR1  # that halts all accounts
GC_THRESHOLD: Final = 50_000  # objects between two collections, instead of 700

log = logger("oms.run")


def start(config: Path, *, json: bool) -> int:
    """Run until SIGINT or SIGTERM; the exit code.  Failure where it cannot begin."""
    settings = settings_of(config)
    try:
        arm(os.environ.get(VARIABLE, ""))
    except ValueError as why:
        raise Failure(WRONG, str(why)) from None
    os.umask(PRIVATE)
    configure(settings.log.level, settings.log.format)
    for problem in settings.warnings:
        log.warning("settings", problem=str(problem))
    told = partial(print_up, settings) if json else None
    return until_signal(settings, told)


def until_signal(settings: Settings, up: Callable[[Daemon], Awaitable[None]] | None = None) -> int:
    """Run the daemon with these settings until SIGINT or SIGTERM; `up` runs beside it once it has begun.

    From the first signal on the process ends, and more of them change nothing.  Failure where the daemon
    cannot begin or go on, or `up` says so.
    """
    try:
        trio.run(partial(_run, settings, up))
    except* (LogError, CannotListen, OSError) as group:
        raise Failure(FAILED, str(first_error(group))) from None
    except* KeyboardInterrupt:
        pass  # a signal before the daemon listens for it
    finally:
        for number in (*SIGNALS, HALT):
            signal.signal(number, signal.SIG_IGN)
    return OK


async def _run(settings: Settings, up: Callable[[Daemon], Awaitable[None]] | None) -> None:
    stop = trio.Event()
    with trio.open_signal_receiver(*SIGNALS) as signals, trio.open_signal_receiver(HALT) as halts:
        async with trio.open_nursery() as around:
            async with trio.open_nursery() as nursery:
                daemon: Daemon = await nursery.start(partial(run, settings, stop, clock=time.time_ns))
                tidy_memory()
                async with trio.open_nursery() as beside:
                    beside.start_soon(_halt, halts, daemon)
                    if up is not None:
                        beside.start_soon(up, daemon)
                    received = await anext(signals)
                    beside.cancel_scope.cancel()
                log.info("stopping", signal=signal.Signals(received).name)
                around.start_soon(_wave_off, signals)
                stop.set()
            around.cancel_scope.cancel()
    log.info("stopped")


async def _halt(halts: AsyncIterator[int], daemon: Daemon) -> None:
    async for number in halts:
        log.warning("halting every account", signal=signal.Signals(number).name)
        await daemon.halt("signal")


async def _wave_off(signals: AsyncIterator[int]) -> None:
    """Take further signals: what a receiver holds at its end is raised again, and would kill us."""
    async for number in signals:
        log.info("stopping already", signal=signal.Signals(number).name)


def tidy_memory() -> None:
    """What stands now stays; ticks come and go by the thousand, and none of them is part of a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


async def print_up(settings: Settings, daemon: Daemon) -> None:
    """Say where everything is, as one line of JSON."""
    where = {
        "nats": list(settings.nats.url),
        "http": None if daemon.http_port is None else f"http://{settings.http.host}:{daemon.http_port}",
        "data": str(settings.data.dir),
        "accounts": [{"name": name, "login": one.login} for name, one in settings.accounts.items()],
    }
    typer.echo(json_text.dumps(where))
