"""The NATS server of deploy/nats, started as it is but for its ports and its folder, and its users."""

import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

import nats
from nats.aio.client import Client

from tests.nats import BINARY, NotListening, listening

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "deploy" / "nats" / "nats-server.conf"
PASSWORDS = {user: f"of{user}5" for user in ("oms", "trader", "operator", "reader", "auditor")}
VARIABLES = {f"NATS_{user.upper()}_PASSWORD": password for user, password in PASSWORDS.items()}
STORE = 'store_dir: "/var/lib/nats"'


def adapted(folder: Path) -> Path:
    """A copy of the configuration that keeps its streams in this folder."""
    text = CONFIG.read_text()
    assert text.count(STORE) == 1
    copy = folder / "nats-server.conf"
    copy.write_text(text.replace(STORE, f'store_dir: "{folder / "streams"}"'))
    return copy


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, **VARIABLES, **changes}


@contextmanager
def running(folder: Path) -> Iterator[dict[str, list[str]]]:
    """The URLs of a server on any free ports: `nats` and `monitoring`."""
    options = ["-p", "-1", "-m", "-1", "--ports_file_dir", str(folder), "-l", str(folder / "log")]
    process = subprocess.Popen(
        [BINARY, "-c", adapted(folder), *options], env=environment(), stdout=subprocess.DEVNULL
    )
    try:
        yield listening(folder, process)
    except NotListening:
        raise AssertionError((folder / "log").read_text()) from None
    finally:
        process.terminate()
        process.wait(10)


class Wire:
    """A user on NATS' own protocol: each call tells what the server has against it, before anything else."""

    def __init__(self, url: str, name: str = "", password: str = "") -> None:
        host, _, port = url.removeprefix("nats://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        self._lines = self._socket.makefile("rb")
        assert self._lines.readline().startswith(b"INFO ")
        who = {"user": name, "pass": password} if name else {}
        self._begin = b"CONNECT %s\r\n" % json.dumps({"verbose": False, "pedantic": False, **who}).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def publish(self, subject: str) -> str:
        return self._refused(b"PUB %s 2\r\n{}\r\n" % subject.encode())

    def subscribe(self, subject: str) -> str:
        refused = self._refused(b"SUB %s 1\r\n" % subject.encode())
        return refused or self._refused(b"UNSUB 1\r\n")

    def connect(self) -> str:
        return self._refused(b"")

    def _refused(self, command: bytes) -> str:
        """The server's error, empty if there is none; the server answers in order."""
        self._socket.sendall(self._begin + command + b"PING\r\n")
        self._begin, refused = b"", ""
        while (line := self._lines.readline()) not in (b"PONG\r\n", b""):
            assert line.startswith(b"-ERR "), line
            refused = line.decode().removeprefix("-ERR ").strip()
        return refused


async def settled(client: Client) -> None:
    """The server has got everything so far; nats-py sends its ping ahead of what waits, so: two."""
    await client.flush()
    await client.flush()


@asynccontextmanager
async def user(url: str, name: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connected user, and what the server held against it."""
    refused: list[str] = []

    async def hear(why: Exception) -> None:
        refused.append(str(why))

    client = await nats.connect(
        url,
        user=name,
        password=PASSWORDS[name],
        error_cb=hear,
        allow_reconnect=False,
    )
    try:
        yield client, refused
    finally:
        await client.close()
