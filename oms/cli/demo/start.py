"""The demo as a process: two children, the daemon in this one, and one line that says where they are."""

import json as json_text
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from select import select
from typing import Any, Final, NamedTuple

import trio
import typer

from oms.cli.demo.child import Child, child
from oms.cli.demo.early import Early
from oms.cli.demo.signing import head_settings
from oms.cli.ending import FAILED, Failure
from oms.cli.run.start import until_signal
from oms.config import (
    AccountSettings,
    DataSettings,
    HttpSettings,
    LogSettings,
    NatsSettings,
    Secret,
    Settings,
)
from oms.daemon.running import Daemon
from oms.ingest.standing import READY
from oms.telemetry.logs import configure

HOST: Final = "127.0.0.1"
UP_S: Final = 10.0  # for a child to say where it is
READY_S: Final = 25.0  # for the accounts to be ready and quoted
POLL_S: Final = 0.02
PASSWORD: Final = Secret("paper", "the venue's default")
QUOTED: Final = "EURUSD"
ACCOUNTS: Final = {"hedge": (1001, "hedging"), "net": (1002, "netting")}


class Demo(NamedTuple):
    """What was asked for."""

    data: Path | None
    nats_port: int
    http_port: int
    venue_port: int
    control_port: int
    seed: int | None
    verbose: bool
    json: bool


def start(demo: Demo, early: Early) -> int:
    """Run until SIGINT or SIGTERM; the exit code.

    Failure where something cannot be started, KeyboardInterrupt for a signal meanwhile.
    """
    configure("info" if demo.verbose else "error", "console")
    with ExitStack() as ending:
        folder = ending.enter_context(_folder(demo.data))
        nats, nats_url = _nats(demo, folder, ending, early)
        venue, venue_url, control = _venue(demo, folder, ending, early)
        settings = Settings(
            nats=NatsSettings(url=(nats_url,)),
            data=DataSettings(dir=folder),
            heads=head_settings(folder),
            http=HttpSettings(host=HOST, port=demo.http_port),
            log=LogSettings(),
            accounts={
                name: AccountSettings(url=venue_url, login=login, password=PASSWORD, books=(QUOTED,))
                for name, (login, _) in ACCOUNTS.items()
            },
        )
        children = {"nats-server": nats, "the venue": venue}
        return until_signal(settings, partial(_watch, demo, settings, children, control, early))


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """Where the data go."""
    if data is None:
        with tempfile.TemporaryDirectory(prefix="oms-demo-") as folder:
            yield Path(folder)
        return
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Failure(FAILED, f"--data: {data}: cannot be made: {why.strerror}") from None
    yield data.absolute()


# The children.


def _nats(demo: Demo, folder: Path, ending: ExitStack, early: Early) -> tuple[Child, str]:
    """A NATS server with JetStream, and its URL."""
    beside = Path(sys.executable).parent / "nats-server"
    program = beside if beside.exists() else shutil.which("nats-server")
    if program is None:
        raise Failure(FAILED, "nats-server is not installed beside this program, nor anywhere on the path")
    store = folder / "nats"
    store.mkdir(exist_ok=True)
    told = ending.enter_context(tempfile.TemporaryDirectory(prefix="oms-demo-"))
    log = folder / "nats.log"
    command = [
        *(program, "--jetstream", "--store_dir", store, "--addr", HOST),
        *("--port", str(demo.nats_port or -1), "--ports_file_dir", told, "--log", log),
    ]
    process = ending.enter_context(child("nats-server", command))
    ports = Path(told) / f"nats-server_{process.pid}.ports"
    if not _up(process, ports.exists, early):
        raise Failure(FAILED, f"nats-server did not start: {_last_line(log)}")
    (url,) = json_text.loads(ports.read_text())["nats"]
    return process, str(url)


def _venue(demo: Demo, folder: Path, ending: ExitStack, early: Early) -> tuple[Child, str, str]:
    """A paper venue, which keeps what it knows beside our data, its URL, and where it is controlled."""
    command = [
        *(sys.executable, "-m", "oms.cli.main", "paper", "--json"),
        *(
            "--port",
            str(demo.venue_port),
            "--control-port",
            str(demo.control_port),
            "--state",
            folder / "venue.state",
        ),
        *(("--seed", str(demo.seed)) if demo.seed is not None else ()),
    ]
    process = ending.enter_context(child("the venue", command, stdout=subprocess.PIPE))
    said = process.stdout
    assert said is not None  # noqa: S101 - it was asked for
    line = said.readline() if _up(process, lambda: bool(select([said], [], [], 0)[0]), early) else ""
    if not line:
        raise Failure(FAILED, "the venue did not start")
    told = json_text.loads(line)
    return process, str(told["url"]), str(told["control"])


def _up(process: Child, told: Callable[[], bool], early: Early) -> bool:
    """Whether it told where it is, as soon as that is clear; KeyboardInterrupt for a signal meanwhile."""
    deadline = time.monotonic() + UP_S
    while not told():
        early.heed()
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    early.heed()
    return True


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing"


# What is told.


async def _watch(
    demo: Demo, settings: Settings, children: dict[str, Child], control: str, early: Early, daemon: Daemon
) -> None:
    """Say where everything is once it works, then see that the children live; Failure where they do not."""
    if early.asked:
        signal.raise_signal(signal.SIGTERM)  # again, for the daemon, which minds signals now
    with trio.move_on_after(READY_S) as waiting:
        while not _works(daemon):
            _see(children)
            await trio.sleep(POLL_S)
    if waiting.cancelled_caught:
        states = ", ".join(f"{one.account} is {one.state} {one.reason}" for one in daemon.statuses())
        raise Failure(FAILED, f"not ready after {READY_S:g} s: {states}")
    where = _where(settings, daemon)
    (key,) = settings.heads.public_key
    typer.echo(json_text.dumps(where) if demo.json else _told(where, control, key))
    while True:
        _see(children)
        await trio.sleep(0.5)


def _works(daemon: Daemon) -> bool:
    return all(
        account.standing.link == READY and (quote := account.feed.board.get(QUOTED)) is not None and quote.bid
        for account in daemon.accounts.values()
    )


def _see(children: dict[str, Child]) -> None:
    for name, process in children.items():
        if process.poll() is not None:
            raise Failure(FAILED, f"{name} ended with exit code {process.returncode}")


def _where(settings: Settings, daemon: Daemon) -> dict[str, Any]:
    return {
        "nats": settings.nats.url[0],
        "venue": next(iter(settings.accounts.values())).url,
        "http": f"http://{HOST}:{daemon.http_port}",
        "data": str(settings.data.dir),
        "accounts": [
            {"name": name, "login": login, "margin_mode": mode} for name, (login, mode) in ACCOUNTS.items()
        ],
    }


def _told(where: dict[str, Any], control: str, key: str) -> str:
    """For people: where everything is, and what to try next."""
    nats = where["nats"]
    accounts = "\n".join(
        f"account  {one['name']}  (login {one['login']}, {one['margin_mode']})" for one in where["accounts"]
    )
    return f"""nats     {nats}
venue    {where["venue"]}   (password {PASSWORD.reveal()})
control  {control}   (.venv/bin/oms paper ctl --control {control} truth)
http     {where["http"]}/readyz  /healthz  /metrics
data     {where["data"]}
{accounts}

Try, in another terminal:
  nats --server {nats} sub 'oms.v1.tick.hedge.EURUSD'
  nats --server {nats} sub 'oms.v1.evt.>'
  nats --server {nats} req oms.v1.query.hedge.account ''
  .venv/bin/oms watch --nats {nats}
  .venv/bin/oms state positions --nats {nats}
  .venv/bin/oms log tail --data {where["data"]}
  .venv/bin/oms log verify --data {where["data"]} --heads nats --nats {nats} --public-key {key}

Ctrl-C ends everything."""
