"""Less than a whole system: NATS and venue without a daemon, daemons that cannot begin, what they left."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import apsw
import pytest

from tests.flows.system import HEDGE, NET, OMS, UP_S, Daemon, System, Venue, config_of, until
from tests.nats import Server, nats_server

NOWHERE = "nats://127.0.0.1:9", "ws://127.0.0.1:9/terminal"  # nobody listens on the port of `discard`
# A busy machine must not make a quote old, and no bucket shall slow the tests; `limits` may go on.
UNHURRIED = "[limits]\nquote_age = 3600\ntrade_rate = 10000\ntrade_burst = 10000\n"
QUICK = "[limits]\nreconnect_first = 0.05\nreconnect_limit = 0.2\n"


def in_modes(*symbols: str) -> pytest.MarkDecorator:
    """With these symbols, in both accounts."""
    return pytest.mark.parametrize(
        ("account", "symbol"), [(account, symbol) for account in (HEDGE, NET) for symbol in symbols]
    )


def again(up: System) -> None:
    """The daemon killed, where it is not dead already, and started; ready as far as it will be."""
    up.daemon.kill()
    up.daemon.start()
    until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))


@contextmanager
def surroundings(folder: Path, more: str = QUICK) -> Iterator[System]:
    """NATS and venue up, the daemon configured and not started; all gone at the end."""
    with nats_server(folder / "nats") as server:
        venue = Venue(folder)
        daemon: Daemon | None = None
        try:
            venue.start()
            daemon = Daemon(folder, config_of(server.url, venue.url, folder, more))
            yield System(server, venue, daemon)
        finally:
            if daemon is not None:
                daemon.kill()
            venue.end()


def attempt(
    config: Path, *options: str, before: Callable[[], Any] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A daemon that is expected to end by itself; what it said."""
    return subprocess.run(
        [*OMS, "run", "-c", str(config), "--json", *options],
        capture_output=True,
        text=True,
        timeout=UP_S,
        check=False,
        env={**os.environ, **environment},
        preexec_fn=before,
    )


def links(daemon: Daemon) -> dict[str, str]:
    """Each account's link, as /readyz tells it."""
    return {one["account"]: one["link"] for one in daemon.ready().get("accounts", [])}


def logged(daemon: Daemon, event: str) -> list[dict[str, Any]]:
    """The log's lines of an event so far; the daemon must write JSON."""
    whole = [line for line in daemon.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in map(json.loads, whole) if line["event"] == event]


def until_logged(daemon: Daemon, event: str, count: int = 1) -> list[dict[str, Any]]:
    """As soon as there are so many."""
    return until(  # type: ignore[no-any-return]
        lambda: found if len(found := logged(daemon, event)) >= count else None,
        what=f"no {event!r} in {daemon.log.read_text()}",
    )


def types(daemon: Daemon, account: str) -> list[str]:
    """Types of the journal's events, in order; none before there is a journal."""
    return [one["type"] for one in daemon.journal(account)]


def metric(daemon: Daemon, name: str, account: str) -> float:
    """A metric's value; 0 where it is not told."""
    with urlopen(f"{daemon.http}/metrics", timeout=5) as answer:  # noqa: S310 - our own
        lines = answer.read().decode().splitlines()
    values = [line.split()[-1] for line in lines if line.startswith(name) and f'account="{account}"' in line]
    return sum(map(float, values))


def files_holding(folder: Path, word: str) -> list[Path]:
    """Files under a folder in whose bytes the word is."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if word.encode() in path.read_bytes()]


def streams(server: Server) -> list[str]:
    """Folders of the streams that the server keeps on disk."""
    return [path.name for path in (server.folder / "store").rglob("streams/*")]


def journal(data: Path, account: str) -> list[dict[str, Any]]:
    """The events of a data folder's journal, read by SQLite alone."""
    uri = f"file:{data}/journal/{account}.db?mode=ro"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    try:
        return [json.loads(body) for (body,) in connection.execute("SELECT body FROM event ORDER BY seq")]
    finally:
        connection.close()


def children(pid: int) -> list[int]:
    """Processes that a process has started and that are still there."""
    return [one for one in map(_number, Path("/proc").iterdir()) if one and _told(one)[1:2] == [str(pid)]]


def command(pid: int) -> str:
    """The words a process was started with; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def gone(pid: int) -> bool:
    """Whether a process runs no more; one that nobody has waited for yet does not."""
    return _told(pid)[:1] in ([], ["Z"])


def _number(path: Path) -> int:
    return int(path.name) if path.name.isdigit() else 0


def _told(pid: int) -> list[str]:
    """State, parent and more of a process; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def seconds_to(act: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began
