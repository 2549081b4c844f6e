"""A real nats-server for a benchmark: JetStream on, a free loopback port, its files in a folder given."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench.child import AROUND, Child

START_S: Final = 10.0


class Server(NamedTuple):
    """Where it listens."""

    host: str
    port: int
    monitoring: int

    def stored(self) -> int:
        """Messages in all its streams."""
        with urlopen(f"http://{self.host}:{self.monitoring}/jsz") as answer:
            return int(json.load(answer)["messages"])


@contextmanager
def nats_server(folder: Path, store: Path) -> Iterator[Server]:
    """A server that ends with the context, its streams in `store`."""
    program = str(Path(sys.executable).with_name("nats-server"))
    options = ["-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-js", "-sd", str(store)]
    child = Child([program, *options, "--ports_file_dir", str(folder)], AROUND, folder / "nats.log")
    try:
        yield _listening(folder / f"nats-server_{child.process.pid}.ports", child)
    finally:
        child.stop()


def _listening(ports: Path, child: Child) -> Server:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and child.process.poll() is None:
        if ports.exists() and (text := ports.read_text()).endswith("}"):
            told = json.loads(text)
            client, monitoring = (urlsplit(told[name][0]) for name in ("nats", "monitoring"))
            return Server(client.hostname or "", client.port or 0, monitoring.port or 0)
        time.sleep(0.01)
    raise RuntimeError(f"nats-server does not listen: {child.why()}")
