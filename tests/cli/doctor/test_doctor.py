"""`oms doctor`: what is well, what is not, and what to do about it."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from oms.cli.doctor.machine import clock
from tests.cli.paper.test_paper import paper
from tests.cli.process import Command
from tests.eventlog.scene import NOON, opened
from tests.nats import nats_server
from tests.ports import free_port

doctor = Command("oms.cli.doctor.app:doctor")
HOUR_NS = 3600 * 1_000_000_000


class World(NamedTuple):
    nats: str
    venue: str

    def config(self, folder: Path, **changed: Any) -> Path:
        """A file of settings; `changed` lines by their key."""
        usual = {"nats": self.nats, "dir": str(folder / "data"), "venue": self.venue, "port": 0, "data": ""}
        said = usual | changed
        path = folder / "oms.toml"
        path.touch(0o600)
        path.write_text(
            '[nats]\nurl = "{nats}"\n[data]\ndir = "{dir}"\nmarket_least_free_gb = 0.0\n{data}\n'
            '[http]\nport = {port}\n[accounts.main]\nurl = "{venue}"\nlogin = 1001\n'
            'password = {{ env = "MAIN_PASSWORD" }}\n'.format(**said)
        )
        return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server, paper() as (_, where):
        yield World(server.url, where["url"])


def looked(config: Path) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the findings by what was looked at."""
    done = doctor("-c", config, "--json", MAIN_PASSWORD="verysecret")  # noqa: S106
    assert done.stderr == ""
    assert "secret" not in done.stdout
    findings = json.loads(done.stdout)["findings"]
    assert {one["state"] for one in findings} <= {"ok", "warning", "problem"}
    return done.returncode, {one["what"]: one for one in findings}


@pytest.mark.slow
def test_where_all_is_well_there_is_no_problem(world: World, tmp_path: Path) -> None:
    code, found = looked(world.config(tmp_path))
    assert [one for one in found.values() if one["state"] == "problem"] == []
    assert code == 0
    assert list(found) == [
        "python", "sqlite", "clock", "settings", "data folder", "disk", "room", "journal main", "nats",
        "venue of main", "http port",
    ]  # fmt: skip
    assert found["python"]["found"] == f"CPython {'.'.join(map(str, sys.version_info[:3]))}"
    assert found["data folder"]["found"] == f"{tmp_path}/data, which will be made"
    assert "JetStream has 0 streams" in found["nats"]["found"]
    assert found["venue of main"]["found"].startswith(f"{world.venue} answers in ")
    assert found["journal main"]["found"] == "none yet"
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_the_disk_says_which_committer_it_gives(world: World, tmp_path: Path) -> None:
    _, found = looked(world.config(tmp_path))
    told, _, kind = found["disk"]["found"].partition(" ms a durable commit: committer ")
    assert kind in ("inline", "thread")
    assert float(told) <= 0.3 if kind == "inline" else float(told) >= 0.3  # it is told rounded
    other = "thread" if kind == "inline" else "inline"
    _, found = looked(world.config(tmp_path, data=f'committer = "{other}"'))
    assert found["disk"]["found"].endswith(f"committer {other}, as the settings say")


def test_whoever_holds_a_journal_is_named(world: World, tmp_path: Path) -> None:
    journal = opened(tmp_path / "data" / "journal")
    (tmp_path / "data" / "journal" / "old.db").write_bytes(b"this is a letter " * 1000)
    code, found = looked(world.config(tmp_path))
    assert f"({os.getpid()})" in found["journal main"]["found"]
    assert found["journal main"]["state"] == "ok"
    assert (code, found["journal old"]["state"]) == (1, "problem")
    assert "is damaged" in found["journal old"]["found"]
    journal.close()


def test_a_journal_ahead_of_the_clock_is_told(world: World, tmp_path: Path) -> None:
    from time import time_ns

    journal = opened(tmp_path / "data" / "journal", clock=lambda: time_ns() + HOUR_NS)
    journal.close()
    code, found = looked(world.config(tmp_path))
    assert (code, found["journal main"]["state"]) == (0, "warning")
    assert "clock was set back" in found["journal main"]["hint"]


def test_what_cannot_be_reached_is_a_problem(world: World, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        nobody = World(f"nats://127.0.0.1:{free_port()}", f"ws://127.0.0.1:{free_port()}/terminal")
        code, found = looked(nobody.config(tmp_path, port=port))
    assert code == 1
    assert {name for name, one in found.items() if one["state"] == "problem"} == {
        "nats", "venue of main", "http port"
    }  # fmt: skip
    assert f"NATS is not reachable: {nobody.nats.removeprefix('nats://')}" in found["nats"]["found"]
    assert "refused" in found["venue of main"]["found"]
    assert found["http port"]["found"] == f"127.0.0.1:{port}: Address already in use"
    assert all(found[name]["hint"] for name in ("nats", "venue of main", "http port"))


def test_a_venue_that_is_none_is_told(world: World, tmp_path: Path) -> None:
    _, found = looked(World(world.nats, world.venue.replace("/terminal", "/cats")).config(tmp_path))
    assert found["venue of main"]["state"] == "problem"
    assert "HTTP 404" in found["venue of main"]["found"]


@pytest.mark.slow
def test_tls_with_a_port_that_speaks_none_is_told(world: World, tmp_path: Path) -> None:
    _, found = looked(World(world.nats, world.venue.replace("ws:", "wss:")).config(tmp_path))
    assert found["venue of main"]["state"] == "problem"
    assert "TLS" in found["venue of main"]["found"]


def test_nats_without_jetstream_is_told(world: World, tmp_path: Path) -> None:
    config = 'accounts { desk { users: [{ user: "desk", password: "p" }] } }\nno_auth_user: "desk"'
    with nats_server(tmp_path / "nats", config) as server:
        code, found = looked(World(server.url, world.venue).config(tmp_path))
    assert (code, found["nats"]["state"]) == (1, "problem")
    assert "JetStream" in found["nats"]["found"]


def test_a_folder_that_cannot_be_written_is_told(world: World, tmp_path: Path) -> None:
    code, found = looked(world.config(tmp_path, dir="/proc/data"))  # not even root can
    assert (code, found["data folder"]["state"]) == (1, "problem")
    assert found["data folder"]["found"].startswith("/proc/data, which will be made: cannot be written: ")


def test_a_port_that_the_daemon_has_taken_is_no_problem(world: World, tmp_path: Path) -> None:
    journal = opened(tmp_path / "data" / "journal")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        code, found = looked(world.config(tmp_path, port=port))
    journal.close()
    assert (code, found["http port"]["found"]) == (0, f"127.0.0.1:{port} is taken; the daemon runs")


def test_a_folder_that_is_a_file_is_told(world: World, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a letter")
    code, found = looked(world.config(tmp_path))
    assert (code, found["data folder"]["state"]) == (1, "problem")
    assert "is no folder" in found["data folder"]["found"]


def test_settings_that_cannot_be_used_are_a_problem_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "oms.toml"
    path.write_text("[data]\ndri = 1\n")
    code, found = looked(path)
    assert (code, found["settings"]["state"]) == (1, "problem")
    assert "python" in found


def test_without_settings_only_the_machine_is_looked_at() -> None:
    done = doctor("--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["what"] for one in json.loads(done.stdout)["findings"]] == [
        "python",
        "sqlite",
        "clock",
        "settings",
    ]


def test_people_see_a_table(world: World, tmp_path: Path) -> None:
    done = doctor("-c", world.config(tmp_path, port=free_port()), MAIN_PASSWORD="verysecret")  # noqa: S106
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["looked", "at", "state", "found", "what", "to", "do"]
    assert rows[0].split()[:3] == ["python", "ok", "CPython"]
    assert rows[-1].startswith("0 problems, ")
    assert "\x1b" not in done.stdout


def test_a_clock_that_was_never_set_is_a_problem() -> None:
    assert clock(0.0, None).state == "problem"
    assert clock(NOON / 1e9, False).state == "warning"
    assert clock(NOON / 1e9, True) == ("clock", "ok", "2026-11-20T12:00:00Z, synchronized", "")
