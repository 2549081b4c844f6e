"""The venue as a process of its own, at full market: killed, stopped, frozen."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

from oms.sessions.address import Address
from oms.sessions.connection import Connection, Heard
from oms.sessions.link import Limits, connected
from oms.sessions.login import Credentials, Keys
from oms.sessions.opening import Opened, open_account
from oms.sessions.outage import CannotConnect, Ended, Reason
from oms.sessions.watching import subscribe_ticks
from protocol.messages import Push
from protocol.session import Role, Session

pytestmark = [pytest.mark.trio, pytest.mark.slow]
WHO = Credentials(1001, "paper")
LIMITS = Limits(ping_s=0.2, silence_s=0.8)
VENUE = [sys.executable, "-c", "from oms.cli.main import main; main()", "paper", "--json"]


@contextmanager
def venue(port: int = 0, seed: int = 1) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    command = [*VENUE, "--port", str(port), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            yield process, url, int(url.removesuffix("/terminal").rpartition(":")[2])
        finally:
            process.kill()


class Listener:
    """Counts ticks; wakes who waits for them."""

    def __init__(self) -> None:
        self.ticks = 0
        self.came = trio.Event()

    def __call__(self, heard: list[Heard]) -> None:
        self.ticks += sum(len(one.value) for one in heard if isinstance(one, Push) and one.command == 8)
        if self.ticks:
            self.came.set()


async def quoted(connection: Connection, listener: Listener, keys: Keys) -> Opened:
    """The account opened, its ticks coming."""
    found = await open_account(connection, WHO, keys)
    assert isinstance(found, Opened)
    await subscribe_ticks(connection, found.symbols)
    with trio.fail_after(10):
        await listener.came.wait()
    return found


async def ended_by(act: int) -> Ended:
    """How a quoted connection ends when its venue gets this signal."""
    with venue() as (process, url, _):
        listener = Listener()
        async with connected(Address.of(url), Session(Role.TERMINAL), listener, limits=LIMITS) as connection:
            await quoted(connection, listener, Keys())
            process.send_signal(act)
            with trio.fail_after(10):
                return await connection.ended()


async def test_a_killed_venue_is_lost() -> None:
    assert (await ended_by(signal.SIGKILL)).reason is Reason.LOST


async def test_a_venue_that_stops_says_goodbye() -> None:
    end = await ended_by(signal.SIGTERM)
    assert (end.reason, end.code) == (Reason.CLOSED, 1000)


async def test_a_frozen_venue_is_silent() -> None:
    assert (await ended_by(signal.SIGSTOP)).reason is Reason.SILENT


async def test_the_next_session_at_a_venue_that_came_back() -> None:
    """A venue without a state file has forgotten token and ticket: the password is tried once."""
    keys, seen = Keys(), []
    port = 0
    for seed in range(3):
        with venue(port, seed) as (process, url, port):
            listener, session = Listener(), Session(Role.TERMINAL)
            async with connected(Address.of(url), session, listener, limits=LIMITS) as connection:
                found = await quoted(connection, listener, keys)
                seen.append((found.account.main.balance, keys.ticket))
                process.kill()
                assert (await connection.ended()).reason is Reason.LOST
        with pytest.RaisesGroup(CannotConnect, flatten_subgroups=True):
            await _connect(url)
    assert [balance for balance, _ in seen] == [10_000.0] * 3
    assert len({ticket for _, ticket in seen}) == 3


async def _connect(url: str) -> Any:
    async with connected(Address.of(url), Session(Role.TERMINAL), print):
        pytest.fail("nobody is there")
