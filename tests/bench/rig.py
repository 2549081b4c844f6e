"""One candidate in its surroundings: nats-server, load generator, subscriber, and what is measured between.

The candidate has the first core to itself, everything else shares the last.  The files of a rig live as long
as its context.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.bus import Server, nats_server
from tests.bench.child import AROUND, MEASURED, Child
from tests.bench.gateway import FIRST_LOGIN, NO_PAST, PASSWORD, Heard, Past
from tests.ports import free_port

START_S: Final = 120.0
POLL_S: Final = 0.02
MS: Final = 1e-6  # ns
OFFSETS_MS: Final = 900_000  # a server's offset from UTC is a multiple of this

PLAIN: Final = (sys.executable, "-m", "tests.bench.reference")
DAEMON: Final = (str(Path(sys.executable).with_name("oms")), "run")

CONFIG: Final = """
[nats]
url = "nats://{host}:{nats}"
ticks = "{ticks}"
[data]
dir = "{data}"
market_log = true
committer = "{committer}"
[http]
port = {http}
[log]
format = "json"
level = "warning"
[limits]
{limits}
"""
ACCOUNT: Final = """
[accounts.{name}]
url = "ws://127.0.0.1:{port}/terminal"
login = {login}
password = "{password}"
"""


class Setting(NamedTuple):
    """What surrounds a candidate; `ticks` as the daemon's configuration says it: each, batch.

    Accounts that trade have money and net; the gateway has one account more than the candidate then.
    """

    sessions: int = 10
    ticks: str = "each"
    symbols: int = 10
    past: Past = NO_PAST
    trading: bool = False
    limits: str = ""  # of the daemon's configuration
    committer: str = "probe"  # likewise


class Flood(NamedTuple):
    """A flood as it went: ticks, seconds from the first byte sent to the last message heard, CPU."""

    ticks: int
    seconds: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Ticks per second."""
        return self.ticks / self.seconds


class Rig:
    """A candidate that is ready."""

    def __init__(
        self,
        setting: Setting,
        nats: Server,
        candidate: Child,
        generator: Child,
        subscriber: Child,
        ready_s: float,
        *,
        port: int,
        data: Path,
    ) -> None:
        self.setting, self.nats, self.candidate = setting, nats, candidate
        self.port, self.data = port, data  # the gateway's; where the candidate keeps its files
        self.ready_s = ready_s  # from its start to being ready
        self._generator, self._subscriber = generator, subscriber
        self._expected = 0

    def flood(self, per_frame: int, ticks: float) -> Flood:
        """Send about so many ticks as fast as they are taken; RuntimeError if one is lost."""
        frames = self._frames(per_frame, ticks)
        cpu_s = self.candidate.cpu_s
        self._expect(frames if self.setting.ticks == "batch" else frames * per_frame)
        first_ns = self._generator.ask(do="flood", per_frame=per_frame, frames=frames)["first_ns"]
        taken_ns = self._heard()["last_ns"] - first_ns
        return Flood(frames * per_frame, taken_ns / 1e9, self.candidate.cpu_s - cpu_s)

    def latencies(self, per_frame: int, rate: float, seconds: float) -> list[float]:
        """Milliseconds from sending a frame to hearing each tick, sorted; RuntimeError if one is lost."""
        frames = self._frames(per_frame, rate * seconds)
        self._expect(frames * per_frame, keep=True)
        self._generator.ask(do="pace", per_frame=per_frame, rate=rate, frames=frames)
        paced = self._generator.hear()
        sent = {account_name(int(login)): times for login, times in paced["sent"].items()}
        found = [
            (heard_ns - sent[account][(time_ms - paced["moment_ms"]) % OFFSETS_MS]) * MS
            for account, time_ms, heard_ns in self._heard()["ticks"]
        ]
        if len(found) != frames * per_frame or min(found) < 0:
            raise RuntimeError(f"{len(found)} ticks were found in {frames * per_frame} messages")
        return sorted(found)

    def load(self, per_frame: int, rate: float, seconds: float) -> None:
        """A paced load whose ticks are counted only; RuntimeError if one is lost."""
        with self.loaded(per_frame, rate, seconds):
            pass

    @contextmanager
    def loaded(self, per_frame: int, rate: float, seconds: float) -> Iterator[None]:
        """The same while something else goes on; it is begun when this is entered, waited for at the end."""
        frames = self._frames(per_frame, rate * seconds)
        self._expect(frames * per_frame)
        self._generator.ask(do="pace", per_frame=per_frame, rate=rate, frames=frames)
        yield
        self._generator.hear()
        self._heard()

    def trades(self) -> list[Heard]:
        """The trade requests that the gateway had since this was asked last."""
        return [Heard(*one) for one in self._generator.ask(do="heard")["heard"]]

    def _frames(self, per_frame: int, ticks: float) -> int:
        """That hold so many ticks, as many for each session."""
        sessions = self.setting.sessions
        return ceil(ticks / per_frame / sessions) * sessions

    def _expect(self, messages: int, *, keep: bool = False) -> None:
        self._subscriber.ask(do="expect", messages=messages, keep=keep)
        self._expected = messages

    def _heard(self) -> dict[str, Any]:
        heard = self._subscriber.hear()
        if heard["messages"] != self._expected:
            raise RuntimeError(
                f"{heard['messages']} of {self._expected} messages came: {self.candidate.why()}"
            )
        return heard


@contextmanager
def rig(command: tuple[str, ...], setting: Setting, data: Path | None = None) -> Iterator[Rig]:
    """A candidate, all its sessions subscribed; `data` is where data and streams are, else a new folder."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as ending:
        folder = Path(name)
        data = data or folder / "data"
        nats = ending.enter_context(nats_server(folder, data / "jetstream"))
        generator = Child.module(
            "generator",
            f"--accounts={setting.sessions + setting.trading}",
            f"--symbols={setting.symbols}",
            f"--trips={setting.past.trips}",
            f"--until={setting.past.until_s}",
            *(["--trading"] if setting.trading else []),
            core=AROUND,
            folder=folder,
        )
        ending.callback(generator.stop)
        subject = "oms.v1.ticks.>" if setting.ticks == "batch" else "oms.v1.tick.>"
        subscriber = Child.module(
            "subscriber", nats.host, str(nats.port), subject, core=AROUND, folder=folder
        )
        ending.callback(subscriber.stop)
        file, http = folder / "oms.toml", free_port()
        file.touch(mode=0o600)  # it holds passwords
        port = generator.hear()["port"]
        file.write_text(
            CONFIG.format(
                host=nats.host,
                nats=nats.port,
                ticks=setting.ticks,
                data=data,
                http=http,
                limits=setting.limits,
                committer=setting.committer,
            )
            + "".join(accounts(port, setting.sessions))
        )
        subscriber.hear()
        start = time.monotonic()
        candidate = Child([*command, "-c", str(file)], MEASURED, folder / "candidate.log")
        ending.callback(candidate.stop)
        _wait(candidate, generator, setting.sessions, http if command == DAEMON else None)
        ready_s = time.monotonic() - start
        yield Rig(setting, nats, candidate, generator, subscriber, ready_s, port=port, data=data)


def accounts(port: int, count: int) -> Iterator[str]:
    """Their tables of the configuration."""
    for login in range(FIRST_LOGIN, FIRST_LOGIN + count):
        yield ACCOUNT.format(name=account_name(login), port=port, login=login, password=PASSWORD)


def account_name(login: int) -> str:
    """An account's label."""
    return f"a{login - FIRST_LOGIN:02}"


def _wait(candidate: Child, generator: Child, sessions: int, http: int | None) -> None:
    """Until every session is subscribed, and the daemon says that it is ready."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and candidate.process.poll() is None:
        if generator.ask(do="sessions")["sessions"] == sessions and (http is None or _ready(http)):
            return
        time.sleep(POLL_S)
    raise RuntimeError(f"{candidate.command} is not ready: {candidate.why()}")


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
