"""The other files of deploy: what they name is there, and what they promise holds."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import typer

from oms.cli.main import app
from oms.config import load
from oms.config.environment import variable

from .server import ROOT, VARIABLES

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "oms.service"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
OMS = Path(sys.executable).with_name("oms")
SETTINGS = "/etc/oms/oms.toml"


class Unit(configparser.RawConfigParser):
    """A unit file; of a key that is there twice the last line counts here."""

    def optionxform(self, optionstr: str) -> str:
        """Keys as they are written."""
        return optionstr


@pytest.fixture
def unit() -> Unit:
    unit = Unit(delimiters=["="], comment_prefixes=["#"], strict=False)
    unit.read(UNIT)
    return unit


def instructions(word: str) -> list[str]:
    """The arguments of the Containerfile's instructions of one kind."""
    joined = CONTAINERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word} +(.*)$", joined, re.MULTILINE)


def commands() -> set[str]:
    known = typer.main.get_command(app)
    return set(getattr(known, "commands", {}))


# The unit.


def test_the_unit_runs_a_command_that_there_is(unit: Unit) -> None:
    program, command, *options = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "oms"
    assert command in commands()
    assert options == ["-c", SETTINGS]


def test_the_unit_stops_and_starts_as_the_daemon_needs_it(unit: Unit) -> None:
    service = unit["Service"]
    assert service["TimeoutStopSec"] == "20"  # the daemon settles for 10 s
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "2")
    assert (service["StateDirectory"], service["ProtectSystem"]) == ("oms", "strict")
    assert (service["User"], service["NoNewPrivileges"], service["LimitCORE"]) == ("oms", "yes", "0")
    assert service["EnvironmentFile"] == "/etc/oms/oms.env"
    assert "Environment" not in service  # where everybody could read it


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit_and_finds_it_hardened(tmp_path: Path, unit: Unit) -> None:
    program = shlex.split(unit["Service"]["ExecStart"])[0]
    copy = tmp_path / "oms.service"
    copy.write_text(UNIT.read_text().replace(program, str(OMS)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    secured = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", copy],  # tenths of 10
        capture_output=True,
        text=True,
        check=False,
    )
    assert secured.returncode == 0, secured.stdout


# The settings.


def test_the_settings_of_production_are_what_the_daemon_reads(unit: Unit) -> None:
    secrets = (DEPLOY / "oms.env").read_text()
    names = re.findall(r"^(\w+)=$", secrets, re.MULTILINE)
    settings = load(DEPLOY / "oms.toml", {name: f"secret-of-{name}" for name in names})
    assert settings.warnings == ()
    assert str(settings.data.dir) == f"/var/lib/{unit['Service']['StateDirectory']}"
    assert (settings.nats.user, settings.log.format) == ("oms", "json")
    assert settings.http.host == "127.0.0.1"
    assert settings.http.port == int(instructions("EXPOSE")[0])
    assert list(settings.accounts) == ["main"]
    assert "secret-of-" not in repr(settings)


def test_every_secret_of_the_settings_comes_from_the_environment(unit: Unit) -> None:
    wanted = set(re.findall(r'env = "(\w+)"', (DEPLOY / "oms.toml").read_text()))
    assert wanted == set(re.findall(r"^(\w+)=$", (DEPLOY / "oms.env").read_text(), re.MULTILINE))
    assert next(name for name in wanted if name in VARIABLES) == "NATS_OMS_PASSWORD"


def test_the_example_of_a_variable_is_one() -> None:
    assert variable(("http", "port")) == "OMS_HTTP_PORT"


def test_oms_config_check_accepts_the_settings() -> None:
    environ = {"NATS_OMS_PASSWORD": "a", "OMS_MAIN_PASSWORD": "b"}
    command: list[str | Path] = [OMS, "config", "check", "-c", DEPLOY / "oms.toml", "--json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True


# The container.


def test_the_base_image_names_no_registry() -> None:
    (base,) = instructions("ARG")
    assert re.fullmatch(r"BASE=python:3\.\d+-slim", base)
    assert [stage.split()[0] for stage in instructions("FROM")] == ["${BASE}", "${BASE}"]


def test_everything_that_is_copied_is_there() -> None:
    copied = [line.split() for line in instructions("COPY")]
    sources = [source for line in copied for source in line[:-1] if not line[0].startswith("--from")]
    assert {"requirements.lock", "pyproject.toml", "oms", "protocol"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_container_installs_what_is_locked_and_nothing_else() -> None:
    installs = [part for line in instructions("RUN") for part in line.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]
    assert "--no-build-isolation" in installs[1]


def test_the_container_runs_the_daemon_as_nobody_in_particular() -> None:
    assert int(instructions("USER")[-1]) >= 1000
    entry, command = json.loads(instructions("ENTRYPOINT")[0]), json.loads(instructions("CMD")[0])
    assert entry == ["oms"]
    assert command[0] in commands()
    assert command[1:] == ["-c", SETTINGS]
    assert instructions("VOLUME") == ["/var/lib/oms"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_healthz(status: int, code: int) -> None:
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    python, *arguments = json.loads(instructions("HEALTHCHECK")[0].partition(" CMD ")[2])
    assert python == "python"
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        here = [argument.replace("8080", str(server.server_port)) for argument in arguments]
        environ = {"http_proxy": "http://127.0.0.1:9"}
        done = subprocess.run([sys.executable, *here], env=environ, check=False, timeout=10)
    assert (done.returncode, asked) == (code, ["/healthz"])
