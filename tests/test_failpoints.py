"""Fail points: one list, which sources, documents and the environment agree on."""

import ast
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms.failpoints import POINTS, VARIABLE, arm, reach

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def passing(armed: str, *names: str) -> int:
    """The exit code of a process that comes to these points."""
    script = f"from oms.failpoints import arm, reach\narm({armed!r})\nfor name in {names!r}: reach(name)"
    return subprocess.run([sys.executable, "-c", script], check=False).returncode


def named() -> Iterator[str]:
    """The points that the sources pass."""
    for path in (ROOT / "oms").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="reach" | "_reach"), args=[ast.Constant(value=str(name)), *_]):
                    yield name


@pytest.mark.parametrize(
    ("armed", "names", "code"),
    [
        ("", ["intent.recorded"], 0),
        ("intent.recorded", ["intent.proposed", "turn.folded"], 0),
        ("intent.recorded", ["intent.proposed", "intent.recorded"], -signal.SIGKILL),
        ("turn.folded:3", ["turn.folded", "turn.folded"], 0),
        ("turn.folded:3", ["turn.folded", "turn.committed", "turn.folded", "turn.folded"], -signal.SIGKILL),
    ],
)
def test_a_point_kills_the_time_it_is_armed_for(armed: str, names: list[str], code: int) -> None:
    assert passing(armed, *names) == code


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nowhere", "OMS_FAILPOINT: there is no point 'nowhere'"),
        ("turn.folded:0", "OMS_FAILPOINT: behind the colon stands a number from 1, not '0'"),
        ("turn.folded:", "OMS_FAILPOINT: behind the colon stands a number from 1, not ''"),
        ("turn.folded:x", "OMS_FAILPOINT: behind the colon stands a number from 1, not 'x'"),
    ],
)
def test_what_is_no_point_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        arm(text)
    for name in POINTS:
        reach(name)  # nothing is armed by it


def test_the_daemon_does_not_start_with_a_point_that_is_none(tmp_path: Path) -> None:
    config = tmp_path / "oms.toml"
    config.write_text(
        f'[nats]\nurl = "nats://127.0.0.1:9"\n[data]\ndir = "{tmp_path / "data"}"\n'
        '[accounts.main]\nurl = "ws://127.0.0.1:9/terminal"\nlogin = 1\npassword = "paper"\n'
    )
    config.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "oms.cli.main", "run", "-c", str(config)],
        env={VARIABLE: "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no point 'nowhere'" in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_list_names_the_points_of_the_sources_each_in_one_place() -> None:
    assert sorted(named()) == sorted(POINTS)


def test_the_operators_document_has_the_list() -> None:
    text = (ROOT / "docs" / "failpoints.md").read_text()
    assert dict(re.findall(r"^\| `([a-z.]+)` \| (.*) \|$", text, re.MULTILINE)) == POINTS
