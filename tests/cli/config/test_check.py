"""The real `oms config check`, as a process."""

import json
from pathlib import Path

from tests.cli.process import Command
from tests.config.scene import DATA, LEAST, MAIN, file
from tests.config.vault import HELD

check = Command("oms.cli.config.app:app")
ROOT = Path(__file__).parents[3]
SENTINEL = "Hunter2SENTINEL"


def cells(out: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()}


def test_what_will_be_used_is_shown_with_where_it_is_from(tmp_path: Path) -> None:
    aliases = 'aliases = { EURUSD = "EURUSD.pro" }\n'
    path = file(tmp_path, LEAST.replace('"paper"', '{ env = "PW" }') + aliases)
    done = check("check", "-c", path, PW=SENTINEL, OMS_HTTP_PORT="0")
    assert (done.returncode, done.stderr) == (0, "")
    shown = cells(done.stdout)
    assert shown["accounts.main.url"] == ["ws://127.0.0.1:8600/terminal", f"{path}:4"]
    assert shown["accounts.main.password"] == ["(secret)", "variable", "PW", f"{path}:6"]
    assert shown["accounts.main.aliases"] == ["EURUSD=EURUSD.pro", f"{path}:7"]
    assert shown["accounts.main.symbols"] == ["-", "default"]
    assert shown["accounts.main.reduce_while_reconciling"] == ["true", "default"]
    assert shown["data.dir"] == [str(tmp_path / "data"), f"{path}:2"]
    assert shown["http.port"] == ["0", "variable", "OMS_HTTP_PORT"]
    assert shown["nats.url"] == ["nats://127.0.0.1:4222", "default"]
    assert SENTINEL not in done.stdout


def test_a_long_value_is_whole_where_there_is_no_terminal(tmp_path: Path) -> None:
    long = "/".join(["", *["directory" * 10] * 4])
    path = file(tmp_path, LEAST.replace(DATA, f'[data]\ndir = "{long}"\n'))
    assert cells(check("check", "-c", path).stdout)["data.dir"] == [long, f"{path}:2"]


def test_programs_get_one_object(tmp_path: Path) -> None:
    path = file(tmp_path, LEAST.replace("127.0.0.1", "venue.example").replace('"paper"', f'"{SENTINEL}"'))
    done = check("check", "--config", path, "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    told = json.loads(done.stdout)
    assert told["ok"] is True
    risk = told["settings"]["accounts"]["main"].pop("risk")
    assert (risk["max_volume_per_order"], risk["breach_until"], risk["clients"]) == (None, "resume", {})
    assert told["settings"]["accounts"]["main"] == {
        "url": "ws://venue.example:8600/terminal",
        "login": 1001,
        "password": {"from": f"{path}:6"},
        "otp": None,
        "origin": "",
        "cid": "",
        "symbols": [],
        "books": [],
        "aliases": {},
        "reduce_while_reconciling": True,
        "marker": "comment",
        "margin_check": "client",
    }
    assert told["settings"]["data"]["dir"] == str(tmp_path / "data")
    assert told["origins"]["accounts.main.login"] == f"{path}:5"
    assert told["beyond_loopback"] == ["main"]
    what = "is not encrypted: who is on the way can read the password"
    assert told["warnings"] == [{"place": str(path), "line": 4, "key": "accounts.main.url", "what": what}]
    assert SENTINEL not in done.stdout


def test_problems_are_on_stderr_and_the_exit_code_is_2(tmp_path: Path) -> None:
    path = file(tmp_path, f"[http]\nport = '{SENTINEL}'\n" + LEAST)
    what = "must be a whole number from 0 to 65535"
    wanted = f"{path}:2: http.port: {what}\n"
    done = check("check", "-c", path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", wanted)
    done = check("check", "-c", path, "--json")
    assert (done.returncode, done.stderr) == (2, wanted)
    assert json.loads(done.stdout) == {
        "ok": False,
        "problems": [{"place": str(path), "line": 2, "key": "http.port", "what": what}],
    }


def test_broken_toml_shows_no_secret(tmp_path: Path) -> None:
    path = file(tmp_path, DATA + MAIN.replace('"paper"', SENTINEL))
    for more in ((), ("--json",)):
        done = check("check", "-c", path, *more)
        assert done.returncode == 2
        assert f"{path}:6: not TOML: " in done.stderr
        assert SENTINEL not in done.stdout + done.stderr


def test_warnings_are_told_to_people(tmp_path: Path) -> None:
    path = file(tmp_path, LEAST)
    path.chmod(0o644)
    said = f"{path}: holds a secret, and everybody on this machine may read {path} (chmod o-r)\n"
    done = check("check", "-c", path)
    assert (done.returncode, done.stderr) == (0, f"warning: {said}")
    path = file(tmp_path, LEAST.replace("ws://127.0.0.1:8600", "wss://venue.example"))
    done = check("check", "-c", path)
    assert (done.returncode, done.stderr) == (0, "beyond this machine: main\n")
    path.chmod(0o644)
    done = check("check", "-c", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_keyring_is_asked(tmp_path: Path) -> None:
    path = file(tmp_path, LEAST.replace('"paper"', '{ keyring = "oms/demo/main" }'))
    backend = {"PYTHON_KEYRING_BACKEND": "tests.config.vault.Vault", "PYTHONPATH": str(ROOT)}
    done = check("check", "-c", path, **backend)
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout)["accounts.main.password"] == [
        "(secret)",
        "keyring",
        "entry",
        "oms/demo/main",
        f"{path}:6",
    ]
    assert HELD not in done.stdout


def test_without_a_file_that_is_said(tmp_path: Path) -> None:
    done = check("check", "-c", tmp_path / "absent.toml")
    assert (done.returncode, done.stderr) == (
        2,
        f"{tmp_path}/absent.toml: cannot be read: No such file or directory\n",
    )
