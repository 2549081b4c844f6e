"""`oms log verify` and `oms keys`: words, exit codes, what people and programs are told."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from oms.cli.keys.keeping import made
from oms.eventlog.envelope import rfc3339
from oms.heads.file import append_head
from oms.heads.head import signed
from oms.heads.keys import SigningKey
from oms.verify.heads import gathered
from tests.cli.process import Command
from tests.verify.scene import KEY, Log, found, rehash, tampering

from .scene import here, log

keys = Command("oms.cli.keys.app:app")
BELIEVED = ("--public-key", KEY.public)


def folder(data: Path) -> Log:
    made = Log(data)
    made.trade()
    made.sign()
    made.close()
    for head in made.heads:
        fields = {
            name: getattr(head, name) for name in head.__struct_fields__ if name not in ("key", "signature")
        }
        append_head(data / "heads", signed(type(head).__mro__[1](**fields), KEY))
    return made


def cut(made: Log) -> None:
    with tampering(made.path) as connection:
        connection.execute("DELETE FROM event WHERE seq > 9")
        rehash(connection)


def test_a_log_that_is_whole_and_one_whose_tail_was_cut_off(tmp_path: Path) -> None:
    made = folder(tmp_path)
    asked = ("verify", "--data", tmp_path)
    heads = ("--heads", tmp_path / "heads", *BELIEVED)
    done = here(*asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("valid; the tail is not proven: without signed heads")
    assert "note: heads: a file that was not looked at" in done.stdout
    done = here(*asked, *heads)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "valid")
    assert "a file that was not looked at" not in done.stdout
    cut(made)
    assert here(*asked).returncode == 0
    done = here(*asked, *heads, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    (file,) = told["files"]
    assert (told["verdict"], file["account"], file["events"], file["proven"]) == (
        "not_what_was_logged",
        "main",
        9,
        None,
    )
    (finding,) = file["findings"]
    assert (finding["weight"], finding["code"], finding["seq"]) == ("fault", "tail_cut", 10)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--heads", "nowhere", *BELIEVED), "heads: nowhere: No such file"),
        (("--heads", "nats", "--nats", "nats://127.0.0.1:1", *BELIEVED), "NATS is not reachable"),
        (("--heads", "nats"), "whose heads? Say --public-key KEY"),
        (("--heads", "heads", "--public-key", "ed25519:x"), "--public-key: must be a key that begins with"),
        (BELIEVED, "--public-key goes with --heads"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_heads_that_were_asked_for_and_cannot_be_had_are_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    Log(tmp_path).close()
    done = log("verify", "--data", tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_folder_without_a_journal_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "else").touch()  # the wrong folder, perhaps
    (tmp_path / "heads").touch()
    for words in ((), ("--heads", tmp_path / "heads", *BELIEVED)):
        done = here("verify", "--data", tmp_path, *words)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (2, "not checked")
        assert "could not check: journal: there is no journal" in done.stdout
    Log(tmp_path).close()
    done = here("verify", "--data", tmp_path, "--account", "net")
    assert (done.returncode, "there are: main" in done.stderr) == (3, True)


def test_a_part_of_the_folder_that_cannot_be_listed_could_not_be_checked(tmp_path: Path) -> None:
    """What can be is verified all the same."""
    Log(tmp_path).close()
    (tmp_path / "market").touch()  # as one that nobody may read: what cannot be listed is not empty
    done = here("verify", "--data", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (2, "not checked")
    assert "could not check: market: cannot be listed: Not a directory" in done.stdout
    assert "journal/main.db       1" in done.stdout


@pytest.mark.slow
def test_whether_anybody_reads_it_does_not_change_the_verdict(tmp_path: Path) -> None:
    whole, cut_off = folder(tmp_path / "whole"), folder(tmp_path / "cut")
    with tampering(cut_off.path) as connection:
        connection.execute("DELETE FROM event WHERE seq = 9")
    for one, words, code in (
        (whole, "> /dev/full", 0), (whole, "| true", 0), (cut_off, "--json | true", 1),
    ):  # fmt: skip
        command = f"{shlex.join(log.argv)} verify --data {one.data} {words}"
        script = f'{command}; exit "${{PIPESTATUS[0]}}"'
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, timeout=60)
        assert (done.returncode, b"Traceback" in done.stderr) == (code, False), words


@pytest.mark.slow
def test_without_any_output_at_all_it_is_the_exit_code_that_tells(tmp_path: Path) -> None:
    Log(tmp_path).close()
    command = shlex.join([sys.executable, "-m", "oms.cli.main", "log", "verify", "--data", str(tmp_path)])
    assert subprocess.run(["bash", "-c", f"{command} >&- 2>&-"], check=False, timeout=60).returncode == 0


def test_names_in_the_folder_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    Log(tmp_path).close()
    (tmp_path / "x\nvalid\x1b[2J").touch()
    done = here("verify", "--data", tmp_path)
    assert r"note: x\nvalid\x1b[2J: a file that was not looked at" in done.stdout.splitlines()


def test_heads_without_number_by_another_key_are_counted(tmp_path: Path) -> None:
    made = Log(tmp_path)
    stranger = SigningKey.generate()
    for number in range(30):
        made.sign(stranger, signed_at=rfc3339(number))
    made.close()
    told = found(tmp_path, gathered(Path("heads"), made.heads, [KEY.public]))
    assert [one.code for one in told if one.code == "head_forged" and one.weight] == ["head_forged"] * 20
    assert "10 more of this kind (head_forged) are not listed" in [one.text for one in told]


@pytest.mark.slow
def test_the_settings_say_whose_heads_are_believed_and_keep_the_secret(tmp_path: Path) -> None:
    made = keys("init", tmp_path / "heads.key")
    assert made.returncode == 0
    (public,) = re.findall(r'public_key = "(ed25519:[\w-]{43})"', made.stdout)
    again = keys("init", tmp_path / "heads.key")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert json.loads(keys("show", tmp_path / "heads.key", "--json").stdout)["public_key"] == public
    assert (tmp_path / "heads.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "heads.key").read_text().strip() not in made.stdout
    folder(tmp_path / "data")
    config = tmp_path / "oms.toml"
    config.write_text(
        f'[data]\ndir = "data"\n[heads]\nkey = {{ file = "heads.key" }}\n'
        f'public_key = ["{public}", "{KEY.public}"]\n'
        '[accounts.main]\nurl = "ws://127.0.0.1:1/terminal"\nlogin = 1\npassword = { env = "NO" }\n'
    )
    (tmp_path / "heads.key").unlink()  # an auditor has it not
    done = log("verify", "-c", config, "--heads", tmp_path / "data" / "heads")
    assert (done.returncode, done.stderr) == (0, "")


def test_half_a_key_does_not_stand_in_the_way_of_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("oms.cli.keys.keeping.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        made(tmp_path / "heads.key")
    assert list(tmp_path.iterdir()) == []
