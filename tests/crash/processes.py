"""Venue and daemon as processes that die with whoever started them."""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

OMS: Final = (sys.executable, "-m", "oms.cli.main")
UP_S: Final = 60.0
GONE_S: Final = 30.0
LINE: Final = 1 << 30  # bytes of the longest answer of the venue: its whole truth
LOGINS: Final = {"hedge": 1001, "net": 1002}
# What waits is short, so that more happens in an hour; of an unknown outcome nothing is hurried.
LIMITS: Final = """\
[limits]
reconnect_first = 0.05
reconnect_limit = 1.0
ping = 1.0
silence = 4.0
answer_timeout = 5.0
outcome_timeout = 8.0
reconcile_every = 15.0
stop_settle = 2.0
"""
# Nothing at this venue takes longer than three seconds, so a doubt may be settled sooner than at a broker's.
HURRIED: Final = f"""{LIMITS}\
unknown_spacing = 1.0
unknown_last = 10.0
unknown_last_accepted = 10.0
unknown_again = 2.0
"""
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A process with a group of its own, so that Ctrl-C is ours alone."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: asyncio.subprocess.Process | None = None

    async def spawn(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it; its standard error goes to the log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    async def line(self) -> dict[str, Any]:
        """The JSON line that says where it listens; TimeoutError, or ValueError where it ended instead."""
        assert self.process is not None
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(await asyncio.wait_for(self.process.stdout.readline(), UP_S))
        return found

    async def exited(self, within_s: float) -> int | None:
        """Its exit code, as soon as it has one; None where it still runs then."""
        assert self.process is not None
        try:
            return await asyncio.wait_for(self.process.wait(), within_s)
        except TimeoutError:
            return None

    async def end(self, how: signal.Signals, within_s: float = GONE_S) -> int:
        """Signal it and wait; what does not end then is killed.  The exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        code = await self.exited(within_s)
        if code is None:
            self.process.kill()
            code = await self.process.wait()
        return code

    def sweep(self) -> None:
        """Nothing of it is left, nor of what it started; without waiting."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Venue(Child):
    """`oms paper`, which keeps its state."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder / "venue.log")
        self._command = ("paper", "--json", "--seed", str(seed), "--state", str(folder / "venue.state"))
        self.url, self._control = "", 0

    async def start(self) -> None:
        """Return when it listens."""
        await self.spawn(*OMS, *self._command)
        told = await self.line()
        self.url, self._control = told["url"], int(told["control"].rpartition(":")[2])

    async def ask(self, do: str, **fields: Any) -> Any:
        """What the control port answers; ValueError where it refuses."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._control, limit=LINE)
        try:
            writer.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
        if "ok" not in answer:
            raise ValueError(f"{do} {fields}: {answer}")
        return answer["ok"]


class Daemon(Child):
    """`oms run`, started again and again on the same data."""

    def __init__(self, folder: Path, nats_url: str, venue_url: str, limits: str = LIMITS) -> None:
        super().__init__(folder / "oms.log")
        self.config = folder / "oms.toml"
        accounts = "".join(
            f'[accounts.{name}]\nurl = "{venue_url}"\nlogin = {login}\npassword = "paper"\n'
            for name, login in LOGINS.items()
        )
        self.config.write_text(
            f'[nats]\nurl = "{nats_url}"\n[data]\ndir = "{folder}"\nmarket_least_free_gb = 0.1\n'
            f"[http]\nenabled = false\n{limits}{accounts}"
        )
        self.config.chmod(0o600)

    async def start(self, **environment: str) -> None:
        """Start it; a point at which it is to die may come before it says anything."""
        await self.spawn(*OMS, "run", "-c", str(self.config), "--json", environment=environment)


async def fail_points() -> list[str]:
    """The names of the points at which the daemon can be killed, asked of the daemon's own code."""
    script = "from oms.failpoints import POINTS; print(*POINTS)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode().split()
