"""`oms watch`: a JSON line per refresh without a terminal, tables on one; it ends as it is told to."""

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import Command, environ, interrupted, lines
from tests.cli.responder import ORDERS, QUOTE, REPLIES, responder
from tests.nats import Server, nats_server

watch = Command("oms.cli.watch.app:watch")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with nats_server(tmp_path) as running, responder(running.url, tmp_path / "heard"):
        yield running


def accounts(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)["accounts"]
    return found


@pytest.mark.slow
def test_a_line_per_refresh_holds_every_account(server: Server) -> None:
    done = watch("--nats", server.url, "--count", "2", "--every", "0.1")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = map(accounts, done.stdout.splitlines())
    assert first.keys() == second.keys() == {"hedge", "net"}
    assert first["hedge"]["sessions"] == {"account": "hedge", "seq": 118, **REPLIES["sessions"]}
    assert first["hedge"]["quotes"]["quotes"] == [QUOTE]
    assert first["hedge"]["orders"]["orders"] == ORDERS[:1]
    assert first["hedge"].keys() == {"sessions", "account", "pnl", "positions", "orders", "quotes"}
    assert "999 is not recorded yet" in first["net"]["error"]["message"]


@pytest.mark.slow
def test_one_account_until_ctrl_c(server: Server) -> None:
    with watch.running("--nats", server.url, "--account", "hedge", "--every", "0.1", "--json") as process:
        assert [accounts(line).keys() for line in lines(process.stdout, 2)] == [{"hedge"}, {"hedge"}]
        assert interrupted(process) == (0, "")


@pytest.mark.slow
def test_whoever_stops_reading_ends_it(server: Server) -> None:
    with watch.running("--nats", server.url, "--every", "0.1") as process:
        lines(process.stdout, 1)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(15) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.slow
def test_who_is_not_there_is_told(server: Server) -> None:
    unknown = watch("--nats", server.url, "--account", "x")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert unknown.stderr == "oms watch: no account 'x'; there are: hedge, net\n"
    server.kill()
    away = watch("--nats", server.url)
    assert (away.returncode, away.stdout) == (4, "")
    assert "NATS is not reachable" in away.stderr


@pytest.mark.slow
def test_nats_that_goes_away_is_told_and_comes_back(server: Server) -> None:
    with watch.running("--nats", server.url, "--account", "hedge", "--every", "0.2") as process:
        assert accounts(lines(process.stdout, 1)[0]).keys() == {"hedge"}
        server.kill()
        while "error" not in (line := json.loads(lines(process.stdout, 1)[0])):
            pass
        assert "NATS is away" in line["error"]
        server.start()
        while "sessions" not in accounts(lines(process.stdout, 1)[0]).get("hedge", {}):
            pass
        assert interrupted(process) == (0, "")


@pytest.mark.slow
def test_a_terminal_shows_tables(server: Server) -> None:
    ours, theirs = pty.openpty()
    environment = environ({"TERM": "xterm", "COLUMNS": "160", "LINES": "40"})
    command = [*watch.argv, "--nats", server.url, "--account", "hedge"]
    with (
        closing(os.fdopen(ours, "rb", buffering=0)) as screen,
        subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment) as process,
    ):
        os.close(theirs)
        seen = b""
        while b"1.08103" not in seen:  # the last table: quotes
            seen += screen.read(4096)  # raises where the process ends before
        process.send_signal(signal.SIGTERM)
        _drain(screen, process)
        assert process.stderr is not None
        assert (process.wait(15), process.stderr.read()) == (0, b"")
    text = seen.decode()
    assert [word for word in ("sessions", "pnl", "positions", "orders", "quotes") if word not in text] == []
    assert "9.90" in text
    assert r"a\x1b[2Jb" in text


def _drain(screen: Any, process: "subprocess.Popen[bytes]") -> None:
    """A terminal that nobody reads would keep the process from ending."""
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        try:
            screen.read(4096)
        except OSError:  # the other end is closed
            return
