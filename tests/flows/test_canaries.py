"""Secrets that nobody can mistake, through everything that goes wrong: none of them comes out anywhere.

Real nats-server, venue and daemon.  The passwords, the secret of one-time codes, the password of NATS and
every ticket that the venue has given are looked for, in each form that they take on the way: in the log, in
all files of the data folder, in every message on NATS, in what HTTP and the commands say, in the traceback of
a crash.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import nats
import nats.errors
import pytest
from nats.aio.msg import Msg

from oms.queries import QUERIES
from tests.flows.system import OMS, Daemon, Venue, until
from tests.nats import Server, nats_server

pytestmark = pytest.mark.slow

PASSWORD = "CANARYhedge8PaSs"  # noqa: S105 - nobody's
WRONG = "CANARYwrong7PaSs"
OTP = "CANARYCANARYCANA"  # base 32
NATS_PASSWORD = "CANARYnats6PaSs"  # noqa: S105
WATCHER = "watcher5password"
HEDGE, NET = "hedge", "net"

VENUE = f"""\
[[accounts]]
login = 1001
password = "{PASSWORD}"
otp_secret = "{OTP}"
margin_mode = "hedging"

[[accounts]]
login = 1002
password = "another"
margin_mode = "netting"
"""
CRASH = """\
import sys
from oms.ingest.conversation import Conversation

async def entered(self):
    held, keys = self._options.who.password, self._lasting.keys.ticket
    raise RuntimeError("a bug of ours")

Conversation._entered = entered
from oms.cli.main import app
app()
"""


def authorization(password: str) -> str:
    users = f"{{user: oms, password: {password}}}, {{user: watcher, password: {WATCHER}}}"
    return f"authorization {{ users = [{users}] }}"


def settings(server: Server, venue: Venue, folder: Path) -> str:
    secret = folder / "secret"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    return f"""\
[nats]
url = "{server.url}"
user = "oms"
password = {{ env = "CANARY_NATS" }}
[data]
dir = "{folder / "data"}"
market_least_free_gb = 0.1
[http]
port = 0
[log]
format = "json"
level = "debug"
[limits]
ping = 0.3
reconnect_first = 0.05
reconnect_limit = 0.2
[accounts.{HEDGE}]
url = "{venue.url}"
login = 1001
password = {{ file = "secret" }}
otp = {{ env = "CANARY_OTP" }}
[accounts.{NET}]
url = "{venue.url}"
login = 1002
password = {{ env = "CANARY_WRONG" }}
"""


ENVIRONMENT = {"CANARY_NATS": NATS_PASSWORD, "CANARY_OTP": OTP, "CANARY_WRONG": WRONG}


class Watcher:
    """Everything that passes on NATS, whatever happens to the server meanwhile."""

    def __init__(self, url: str) -> None:
        self.seen: list[bytes] = []
        self._url, self._over = url, threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))

    def __enter__(self) -> "Watcher":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(20)

    async def _watch(self) -> None:
        """One connection after the other: nats-py gives its own up for good at some errors."""

        async def hear(message: Msg) -> None:
            headers = json.dumps(message.headers or {}).encode()
            self.seen.append(b"\n".join([message.subject.encode(), headers, message.data]))

        async def ignore(why: Exception) -> None:
            """The connection ends with it, or goes on."""

        who = {"user": "watcher", "password": WATCHER}
        while not self._over.is_set():
            try:
                client = await nats.connect(self._url, error_cb=ignore, allow_reconnect=False, **who)
            except (nats.errors.Error, OSError):
                await asyncio.sleep(0.02)
                continue
            try:
                await client.subscribe(">", cb=hear)
                await client.flush()
                self._ready.set()
                while client.is_connected and not self._over.is_set():  # noqa: ASYNC110 - another thread's
                    await asyncio.sleep(0.02)
            except (nats.errors.Error, OSError):
                continue
            finally:
                await client.close()


def forms(secret: bytes) -> Iterator[bytes]:
    """What a secret may look like by the time that it comes out."""
    yield secret
    yield from (base64.b64encode(secret[at:]).rstrip(b"=")[2:-2] for at in range(3))
    yield from (secret.hex().encode(), secret.hex().upper().encode())
    if secret.isascii() and secret.isalnum():
        yield from (secret.decode().encode("utf-16-le"), quote(secret).encode(), secret.lower())


def needles(venue: Venue) -> dict[str, list[bytes]]:
    """Every form of every secret; of tickets those that the venue has given."""
    secrets = {one: one.encode() for one in (PASSWORD, WRONG, OTP, NATS_PASSWORD)}
    secrets["the key of one-time codes"] = base64.b32decode(OTP)
    lines = map(json.loads, (venue.folder / "venue.state").read_text().splitlines()[1:])
    tickets = {one["ticket"] for line in lines for one in line.get("tickets", [])}
    assert tickets
    secrets |= {f"ticket {one}": bytes.fromhex(one) for one in tickets}
    return {name: list(forms(secret)) for name, secret in secrets.items()}


def found(wanted: dict[str, list[bytes]], where: dict[str, bytes]) -> list[str]:
    return [
        f"{name} in {place}"
        for name, looks in wanted.items()
        for place, content in where.items()
        if any(look in content for look in looks)
    ]


def asked(server: Server, *questions: tuple[str, bytes]) -> list[bytes]:
    async def ask() -> list[bytes]:
        client = await nats.connect(server.url, user="watcher", password=WATCHER)
        try:
            return [(await client.request(subject, body, timeout=10)).data for subject, body in questions]
        finally:
            await client.close()

    return asyncio.run(ask())


def streams(server: Server) -> bytes:
    """All events that were published, those too while the watcher was between two connections."""

    async def read() -> list[bytes]:
        client = await nats.connect(server.url, user="watcher", password=WATCHER)
        try:
            journal, kept = client.jetstream(), []
            for name in (f"OMS_EVT_{account}" for account in (HEDGE, NET)):
                for seq in range(1, (await journal.stream_info(name)).state.last_seq + 1):
                    message = await journal.get_msg(name, seq)
                    headers = json.dumps(message.headers or {}).encode()
                    kept.append(b"\n".join([(message.subject or "").encode(), headers, message.data or b""]))
            return kept
        finally:
            await client.close()

    return b"\n".join(asyncio.run(read()))


def answers(server: Server) -> bool:
    """Whether the daemon is there again."""
    try:
        return bool(asked(server, (f"oms.v1.query.{HEDGE}.state", b"")))
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
        return False


def run(*words: str | Path) -> bytes:
    """What a command says, on both streams."""
    done = subprocess.run(
        list(map(str, words)), capture_output=True, check=False, timeout=60, env={**os.environ, **ENVIRONMENT}
    )
    return b"exit %d\n" % done.returncode + done.stdout + done.stderr


@contextmanager
def surroundings(folder: Path) -> Iterator[tuple[Server, Venue, Daemon]]:
    with nats_server(folder / "nats", authorization(NATS_PASSWORD)) as server:
        venue = Venue(folder)
        daemon: Daemon | None = None
        try:
            (folder / "venue.toml").write_text(VENUE)
            venue.start("--config", str(folder / "venue.toml"))
            daemon = Daemon(folder, settings(server, venue, folder))
            yield server, venue, daemon
        finally:
            if daemon is not None:
                daemon.kill()
            venue.end()


def link(daemon: Daemon, account: str) -> str:
    return next((one["link"] for one in daemon.ready().get("accounts", []) if one["account"] == account), "")


def sessions(daemon: Daemon) -> int:
    return sum(one["type"] == "session.ready" for one in daemon.journal(HEDGE))


def everything_goes_wrong(server: Server, venue: Venue, daemon: Daemon) -> None:
    def fault(do: str, **fields: Any) -> None:
        venue.control("fault", fault={"do": do, **fields})

    def again(*faults: Callable[[], None]) -> None:
        """The session is cut, and the next one suffers these."""
        before = sessions(daemon)
        for one in faults:
            one()
        fault("abort", on="answer", command=51, login=1001)
        until(lambda: sessions(daemon) > before, what=daemon.log.read_text()[-3000:])

    again(lambda: fault("truncate", on="answer", command=28, bytes=120))
    again(lambda: fault("truncate", on="answer", command=0, bytes=9))
    again(lambda: fault("duplicate", on="answer", command=28, seconds=0.05))
    again(lambda: fault("duplicate", on="answer", command=0, seconds=0.05))
    again(lambda: fault("delay", on="answer", command=28, seconds=0.2))
    again(lambda: fault("garbage", bytes=64, times=5, login=1001))
    again(lambda: fault("refuse_ticket", on="request", command=28))
    again(lambda: fault("refuse", on="answer", command=28, code=1))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[bytes]], dict[str, bytes]]:
    """All secrets, and all that came out, by where."""
    folder = tmp_path_factory.mktemp("canaries")
    where: dict[str, bytes] = {}
    with surroundings(folder) as (server, venue, daemon), Watcher(server.url) as watcher:
        daemon.start(**ENVIRONMENT)
        until(lambda: link(daemon, HEDGE) == "ready", what=daemon.log.read_text())
        until(lambda: link(daemon, NET) == "refused", what=daemon.log.read_text())
        everything_goes_wrong(server, venue, daemon)

        bad = b'{"id": 1, "x": "' + PASSWORD[:3].encode()
        questions = [(f"oms.v1.query.{name}.{what}", b"") for name in (HEDGE, NET) for what in QUERIES]
        order = b'{"id": "7f3c", "symbol": "EURUSD", "side": "buy", "volume": "0.10"}'
        orders = [(f"oms.v1.cmd.{name}.submit", body) for name in (HEDGE, NET) for body in (order, bad)]
        for number, said in enumerate(asked(server, *questions, *orders, ("oms.v1.ctl._daemon.panic", b""))):
            where[f"reply {number}"] = said

        server.stop()
        server.configure(authorization("rotated"))
        server.start()
        until(lambda: b"NATS refuses us" in daemon.log.read_bytes(), what=daemon.log.read_text()[-3000:])
        server.stop()
        server.configure(authorization(NATS_PASSWORD))
        server.start()
        until(lambda: answers(server))

        for page in ("readyz", "healthz", "metrics"):
            where[page] = page_of(daemon, page)
        for words in (["config", "check"], ["config", "show"], ["doctor"], ["state", "sessions"]):
            where["oms " + " ".join(words)] = run(*OMS, *words, "-c", daemon.config)
        where["oms log"] = run(*OMS, "log", "show", "--data", daemon.data)
        assert daemon.stop() == 0
        where["streams"] = streams(server)

        crash = folder / "crash.py"
        crash.write_text(CRASH)
        for how in ("json", "console"):
            text = daemon.config.read_text().replace('format = "json"', f'format = "{how}"')
            config = folder / f"{how}.toml"
            config.write_text(text)
            config.chmod(0o600)
            where[f"crash {how}"] = run(sys.executable, "-X", "dev", crash, "run", "-c", config)
        where["messages"] = b"\n".join(watcher.seen)
        wanted = needles(venue)
    where["log"] = daemon.log.read_bytes()
    files = [path for path in daemon.data.rglob("*") if path.is_file() and path.stat().st_size < 32 << 20]
    where |= {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return wanted, where


def page_of(daemon: Daemon, page: str) -> bytes:
    try:
        with urlopen(f"{daemon.http}/{page}", timeout=5) as answer:  # noqa: S310 - our own
            return bytes(answer.read())
    except OSError as why:
        return bytes(getattr(why, "read", lambda: b"")())


def test_no_secret_comes_out(outcome: tuple[dict[str, list[bytes]], dict[str, bytes]]) -> None:
    wanted, where = outcome
    assert found(wanted, where) == []


def test_what_was_looked_through_is_what_there_is(
    outcome: tuple[dict[str, list[bytes]], dict[str, bytes]],
) -> None:
    """The search can fail, and what it goes through holds what went wrong."""
    wanted, where = outcome
    assert found(wanted, {"here": PASSWORD.encode("utf-16-le")}) == [f"{PASSWORD} in here"]
    (ticket, *_) = [name for name in wanted if name.startswith("ticket")]
    told = base64.b64encode(b"x" + bytes.fromhex(ticket.split()[1]) + b"yz")
    assert found(wanted, {"here": told}) == [f"{ticket} in here"]
    log, messages, kept = where["log"], where["messages"], where["streams"]
    assert b"the login was refused with code 3" in log
    assert b'"level": "debug"' in log
    for event in ("hedge.session.ended", "hedge.drift.seen", "net.session.refused"):
        assert f"oms.v1.evt.{event}".encode() in kept
    assert b"oms.v1.query.hedge.sessions" in messages
    assert b"a bug of ours" in where["crash json"]
    assert b"a bug of ours" in where["crash console"]
    assert any(name.startswith("data/journal/hedge.db") for name in where)
    assert any(name.startswith("data/market/") for name in where)
    assert where["metrics"].count(b"oms_") > 50
    assert b"(secret)" in where["oms config check"] + where["oms config show"]


def test_the_log_is_whole(outcome: tuple[dict[str, list[bytes]], dict[str, bytes]]) -> None:
    _, where = outcome
    assert all(json.loads(line) for line in where["log"].splitlines())
