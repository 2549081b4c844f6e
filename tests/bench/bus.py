"""A real nats-server for a benchmark: JetStream on, a free loopback port, its files in a folder given."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench.child import AROUND, Child
from tests.nats import BINARY, NotListening, listening


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
    options = ["-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-js", "-sd", str(store)]
    child = Child([str(BINARY), *options, "--ports_file_dir", str(folder)], AROUND, folder / "nats.log")
    try:
        told = listening(folder, child.process)
        client, monitoring = (urlsplit(told[name][0]) for name in ("nats", "monitoring"))
        yield Server(client.hostname or "", client.port or 0, monitoring.port or 0)
    except NotListening:
        raise RuntimeError(f"nats-server does not listen: {child.why()}") from None
    finally:
        child.stop()
