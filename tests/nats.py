"""A real nats-server for tests: on a port of its own, with JetStream in a given folder."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BINARY = Path(sys.executable).with_name("nats-server")
READY_S = 20.0


class NotListening(Exception):
    """A server ended, or took too long."""


def listening(folder: Path, process: "subprocess.Popen[Any]") -> dict[str, list[str]]:
    """The URLs of a server (`nats`, `monitoring`) whose ports_file_dir is that folder, once it listens.

    Raises NotListening.
    """
    ports = folder / f"nats-server_{process.pid}.ports"
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        text = ports.read_text() if ports.exists() else ""
        if text.rstrip().endswith("}"):  # it may be written just now
            found: dict[str, list[str]] = json.loads(text)
            return found
        time.sleep(0.01)
    raise NotListening


class Server:
    """One server that may be stopped, killed, paused and started again, always at the same port."""

    def __init__(self, folder: Path, config: str = "", *, jetstream: bool = True) -> None:
        """`config` = what the configuration file says beside the address and the store (users, TLS ...)."""
        self.folder, self.port = folder, 0
        self._config, self.jetstream = config, jetstream
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def configure(self, config: str) -> None:
        """What holds from the next start on."""
        self._config = config

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        assert self._process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.ports"):
            old.unlink()
        store = f'jetstream {{ store_dir: "{self.folder / "store"}" }}'
        config = self.folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.port or -1}"\nports_file_dir: "{self.folder}"\n'
            f"{store if self.jetstream else ''}\n{self._config}\n"
        )
        with (self.folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([BINARY, "-c", config], stdout=log, stderr=log)
        try:
            told = listening(self.folder, self._process)
        except NotListening:
            self.kill()
            raise AssertionError((self.folder / "nats.log").read_text()[-2000:]) from None
        self.port = int(told["nats"][0].rpartition(":")[2])

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It stands still, its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(how)
            process.wait(READY_S)


@contextmanager
def nats_server(folder: Path, config: str = "", *, jetstream: bool = True) -> Iterator[Server]:
    """A server in this folder, started, gone at the end."""
    server = Server(folder, config, jetstream=jetstream)
    try:
        server.start()
        yield server
    finally:
        server.kill()
