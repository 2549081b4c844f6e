"""`oms replay`: state, decisions, and the past once more on a real NATS server."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nats
import pytest
import typer
from nats.aio.msg import Msg

from oms.cli.ending import Failure
from oms.cli.log.places import Place
from oms.cli.replay.app import replay as command
from oms.cli.replay.deciding import decisions
from oms.cli.replay.moments import Until
from oms.cli.replay.state import state
from oms.eventlog.envelope import rfc3339
from oms.rewind import Span, messages
from tests.cli.process import Command, Here
from tests.nats import nats_server
from tests.rewind.scene import Lived, lived

pytestmark = pytest.mark.slow
replay = Command("oms.cli.replay.app:replay")
app = typer.Typer()
app.command()(command)
here = Here(app)
END = Until(None, None, None)
Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived(tmp_path_factory.mktemp("data"))


def told(life: Lived, until: Until, what: str, capsys: Out) -> dict[str, Any]:
    assert state(Place(life.data), until, what, json=True) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_everything_of_an_account_then(life: Lived, capsys: Out) -> None:
    seq, time_ns = life.marks["risen"]
    found = told(life, Until(None, None, rfc3339(time_ns)), "all", capsys)
    assert (found["account"], found["seq"], found["snapshot"]) == ("main", seq, None)
    then = found["state"]
    assert then.keys() == {"account", "positions", "orders", "pnl", "quotes"}
    assert (then["account"]["floating"], then["positions"]["positions"][0]["profit"]) == ("19.00", "19.00")
    # The same events, and the quotes of when the last of them was recorded.
    earlier = told(life, Until("main", seq, None), "positions", capsys)
    assert earlier["state_hash"] == found["state_hash"]
    assert earlier["state"]["positions"]["positions"][0]["profit"] == "-1.00"


def test_a_table_for_people(life: Lived, capsys: Out) -> None:
    assert state(Place(life.data), Until("main", life.marks["risen"].seq, None), "positions", json=False) == 0
    head, _, columns, row = capsys.readouterr().out.splitlines()
    assert head.startswith(f"main: seq {life.marks['risen'].seq}, 2024-05-15T07:00:0")
    assert columns.split()[:4] == ["account", "position", "symbol", "side"]
    assert row.split()[:5] == ["main", "1", "EURUSD", "buy", "0.10"]


def test_decisions_come_out_the_same(life: Lived, tmp_path: Path, capsys: Out) -> None:
    place = Place(life.data)
    assert decisions(place, END, None, json=False) == 0
    assert capsys.readouterr().out == "3 decided again, 0 otherwise; 0 kept: no facts decided them\n"
    limits = tmp_path / "limits.toml"
    limits.write_text("max_volume_per_order = 0.15\n")
    assert decisions(place, END, limits, json=True) == 0
    one, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert (one["command"], one["then"], one["now"]) == ("wait", "approved", "denied")
    assert [why["code"] for why in one["reasons"]] == ["risk_order_volume"]
    assert summary["summary"] == {
        "decided": 3,
        "kept": 0,
        "unknown": 0,
        "otherwise": 1,
        "denied": 1,
        "passed": 0,
    }
    limits.write_text("max_daily_loss = 1000\n")
    assert decisions(place, END, limits, json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 decided again, 0 otherwise: 0 would be denied, 0 would pass; 0 kept: no facts decided them",
        "2 cannot be told: what max_daily_loss would be compared with is not in the log",
    ]


@pytest.mark.parametrize(
    ("until", "message"),
    [
        (Until("main", 9999, None), "main: 9999 is not recorded, the last is"),
        (Until("main", 3, "2026-11-21T01:04:05Z"), "--until and --as-of are two ways to say it"),
        (Until(None, None, "yesterday"), "--as-of: 'yesterday' is no moment"),
        (Until("other", None, None), "no account 'other'; there are: main"),
    ],
)
def test_what_makes_no_sense_is_told(life: Lived, until: Until, message: str) -> None:
    with pytest.raises(Failure, match=message):
        state(Place(life.data), until, "all", json=True)
    with pytest.raises(Failure, match=message):
        decisions(Place(life.data), until, None, json=True)


def heard(
    url: str, root: str, run: Callable[[], "subprocess.CompletedProcess[str]"]
) -> tuple["subprocess.CompletedProcess[str]", list[Msg]]:
    """What comes under a root while something runs, its last message included."""

    async def listen() -> tuple["subprocess.CompletedProcess[str]", list[Msg]]:
        client = await nats.connect(url)
        found: list[Msg] = []
        over = asyncio.Event()

        async def hear(message: Msg) -> None:
            found.append(message)
            if message.subject == f"{root}.done":
                over.set()

        await client.subscribe(f"{root}.>", cb=hear)
        await client.flush()
        done = await asyncio.to_thread(run)
        if done.returncode == 0:
            await asyncio.wait_for(over.wait(), 20)
        await client.close()
        return done, found

    return asyncio.run(listen())


def test_the_past_once_more_for_subscribers(life: Lived, tmp_path: Path) -> None:
    """Under a root of its own, every event and tick of it, in their order; then that it is over."""
    root = "oms.v1.replay.back"
    wanted = list(messages(life.data, ["main"], root, Span()))
    with nats_server(tmp_path, jetstream=False) as server:
        done, found = heard(
            server.url,
            root,
            lambda: replay("nats", "--data", life.data, "--id", "back", "--nats", server.url, "--json"),
        )
    assert (done.returncode, done.stderr) == (0, "")
    *first, last = found
    assert [(one.subject, one.data, one.headers or {}) for one in first] == [
        (one.subject, one.body, one.headers) for one in wanted
    ]
    events = sum(1 for one in wanted if one.headers)
    assert json.loads(last.data) == {"events": events, "quotes": len(wanted) - events}
    assert json.loads(done.stdout)["root"] == root
    assert events > 30


def test_the_settings_say_where_nats_is(life: Lived, tmp_path: Path) -> None:
    config = tmp_path / "oms.toml"
    with nats_server(tmp_path, jetstream=False) as server:
        nats = f'[nats]\nurl = "{server.url}"\nprefix = "desk.v1"\n'
        config.write_text(f'{nats}[data]\ndir = "{life.data}"\n')
        done, found = heard(
            server.url,
            "desk.v1.replay.back",
            lambda: replay("nats", "-c", config, "--id", "back", "--no-quotes"),
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(found) > 30


def test_subjects_that_nats_does_not_let_us_use_are_told(life: Lived, tmp_path: Path) -> None:
    """Nothing arrives there, and nobody is told otherwise."""
    users = 'authorization { users: [{ user: u, password: pw, permissions: { publish: ["a.>"] } }] }'
    with nats_server(tmp_path, users, jetstream=False) as server:
        done = replay(
            *("nats", "--data", life.data, "--id", "back", "--nats", server.url, "--user", "u"),
            NATS_PASSWORD="pw",  # noqa: S106
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert 'permissions violation for publish to "oms.v1.replay.back.' in done.stderr.lower()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("orders", "--with", "limits.toml"), "--with is of decisions alone"),
        (("decisions", "--id", "back"), "--id is of nats alone"),
        (("--since", "10m"), "--since is of nats alone"),
        (("nats", "--id", ""), "--id: 1 to 32 of the letters"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    life: Lived, arguments: tuple[str, ...], message: str
) -> None:
    done = here(*arguments, "--data", life.data)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_nats_that_is_not_there_is_told(life: Lived) -> None:
    done = replay("nats", "--data", life.data, "--nats", "nats://127.0.0.1:1", "--speed", "x10")
    assert (done.returncode, done.stdout) == (4, "")
    assert "NATS is not reachable" in done.stderr
    assert "Traceback" not in done.stderr
