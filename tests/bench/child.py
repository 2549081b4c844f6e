"""Processes of a benchmark: each on its core, told what to do by lines of JSON.

What is measured has the first core for itself; whatever surrounds it shares the last one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

CORES: Final = sorted(os.sched_getaffinity(0))
MEASURED: Final = CORES[0]
AROUND: Final = CORES[-1]
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
STOP_S: Final = 15.0


class Child:
    """A child process; what it says on stderr is in the file `said`."""

    def __init__(self, command: Sequence[str], core: int, said: Path) -> None:
        self.said, self.command = said, " ".join(command)
        with said.open("w") as stderr, on_core(core):
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
            )

    @classmethod
    def module(cls, name: str, *arguments: str, core: int, folder: Path) -> "Child":
        """`python -m tests.bench.NAME`."""
        command = [sys.executable, "-m", f"tests.bench.{name}", *arguments]
        return cls(command, core, folder / f"{name}.log")

    def tell(self, **what: Any) -> None:
        """Send a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next line it says; RuntimeError where it has ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command} has ended: {self.why()}")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def ask(self, **what: Any) -> dict[str, Any]:
        """Send a command, wait until it is done."""
        self.tell(**what)
        return self.hear()

    def why(self) -> str:
        """The end of what it said."""
        return self.said.read_text()[-2000:]

    @property
    def cpu_s(self) -> float:
        """Of all its threads so far, user and system; a hundredth of a second is the finest it tells."""
        fields = self._told("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    @property
    def rss_mb(self) -> float:
        """Of memory resident now."""
        pages = int(self._told("statm").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _told(self, file: str) -> str:
        """Of the process, by the system."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.command} has ended: {self.why()}")
        return Path(f"/proc/{self.process.pid}/{file}").read_text()

    def stop(self) -> None:
        """Ask it to end, wait for that; kill it where it does not."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Children started meanwhile run on this core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
