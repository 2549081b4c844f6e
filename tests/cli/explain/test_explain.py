"""`oms explain` on a journal whose events are a second apart, in a process of its own."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import nats
import pytest
import typer

from oms.cli.ending import Failure
from oms.cli.explain.app import explain as command_itself
from oms.cli.explain.show import Asked, show
from oms.cli.log.places import Place
from oms.eventlog.envelope import Draft
from tests.cli.log.scene import draft, journal
from tests.cli.process import Command, Here
from tests.nats import nats_server

ASKED = Asked("7f3c", None, None, None, None, json=False)
explain = Command("oms.cli.explain.app:explain")
app = typer.Typer()
app.command()(command_itself)
here = Here(app)
OWN = {"command": "7f3c", "client": "desk"}
DEAL = {
    "deal": "2045", "order": "1023", "position": "1023", "type": "buy", "entry": "in", "volume": "0.10",
    "price": "1.08002", "commission": "-0.35", "time": "2026-11-20T14:00:05.000+02:00",
}  # fmt: skip


def command(tag: str, **data: Any) -> Draft:
    return Draft(f"command.{tag}", 1, OWN | data, cause="7f3c")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """seq 1 at 12:00:00.123456789, each a second behind the one before."""
    folder = tmp_path_factory.mktemp("data")
    own = journal(folder, "main")
    for one in (
        draft("account.changed", currency="USD", digits=2, margin_mode="retail_hedging", utc_offset=7200),
        draft("ledger.opened", balance="1000.00", credit="0.00"),
        command(
            "received", verb="submit", symbol="EURUSD", payload={"symbol": "EURUSD", "side": "buy",
            "volume": "0.10"}, received_at="2026-11-20T12:00:02.000000000Z",
        ),
        command(
            "sending", action="deal_market", symbol="EURUSD", type="buy", volume="0.10", action_id=77,
            comment="x~ABCDEFGHIJ", marker="~ABCDEFGHIJ",
        ),
        command("answered", action_id=77, meaning="accepted", retcode=0),
        Draft("deal.booked", 1, DEAL | {"symbol": "EURUSD"}, cause="7f3c"),
        command("result", action_id=77, retcode=10009, meaning="done", name="DONE", order="1023"),
        command("outcome", status="filled", final=True, order="1023", filled="0.10", deals=["2045"]),
    ):  # fmt: skip
        own.write([one])
    own.close()
    other = journal(folder, "other")
    other.write([Draft("command.denied", 1, {"command": "same", "client": "a"})])
    other.close()
    journal(folder, "_daemon").close()
    return folder


def told(data: Path, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    show(Place(data), ASKED._replace(name=name, json=True))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_stages_take_as_long_as_the_journal_says(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    took = {one["stage"]: one["seconds"] for one in told(data, "7f3c", capsys)["stages"]}
    assert took == {
        "decided and written down": 2.123456789,  # received at 12:00:02, the intent is of 12:00:04.123...
        "sent until answered": 1.0,
        "answered until result": 2.0,
        "sent until its first deal": 2.0,
        "result until its first deal": -1.0,  # it came first
        "first deal until outcome": 2.0,
        "whole": 6.123456789,
    }


def test_the_money_is_in_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [one for one in told(data, "7f3c", capsys)["timeline"] if one["derived"]]
    assert (line["stage"], line["data"]["amount"], line["data"]["balance_after"]) == (
        *("ledger", "-0.35"),
        "999.65",
    )


def test_a_ticket_that_several_have_is_an_orders_first(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = told(data, "1023", capsys)["subject"]
    assert (subject["what"], subject["also"]) == ("order", ["position:1023"])
    assert told(data, "position:1023", capsys)["subject"]["what"] == "position"


def test_people_read_it(data: Path) -> None:
    done = explain("7f3c", "--data", data)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "command 7f3c of main",
        "submit 7f3c of desk: filled; order 1023: partially_filled, 0.10 filled",
    ]
    for text in (
        "booked -0.35 (commission -0.35); balance 999.65",
        "the venue told the result: done (10009 DONE)",
    ):
        assert any(text in line for line in lines)


def test_the_page_is_written_where_it_is_wanted(data: Path, tmp_path: Path) -> None:
    show(Place(data), ASKED._replace(html=tmp_path / "it.html"))
    assert (tmp_path / "it.html").read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(FileNotFoundError):
        show(Place(data), ASKED._replace(html=tmp_path / "no" / "it.html"))


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"name": "nobody"}, 2, "no command, order, deal or position 'nobody' is in the journal"),
        ({"account": "third"}, 3, "no account 'third'; there are: main, other, _daemon"),
        ({"until": 4}, 2, "--until counts the events of one account"),
        ({"account": "main", "client": "bot"}, 2, "of bot"),
        ({"account": "main", "until": 2}, 2, "no command"),
    ],
)
def test_what_makes_no_sense_is_told(data: Path, changes: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(Failure, match=message) as found:
        show(Place(data), ASKED._replace(**changes))
    assert found.value.code == code


def test_the_copies_in_the_stream_are_told(data: Path, tmp_path: Path) -> None:
    """seq 4 to 6 are there as they are, 7 with other bytes, 8 and 9 are not."""
    with closing(sqlite3.connect(data / "journal" / "main.db")) as rows:
        bodies = [bytes(body) for (body,) in rows.execute("SELECT body FROM event ORDER BY seq LIMIT 7")]

    async def publish(url: str) -> None:
        client = await nats.connect(url)
        jetstream = client.jetstream()
        await jetstream.add_stream(name="OMS_EVT_main", subjects=["oms.v1.evt.main.>"])
        for number, body in enumerate(bodies, 1):
            await jetstream.publish("oms.v1.evt.main.x", body if number < 7 else b"{}")
        await client.close()

    with nats_server(tmp_path) as server:
        asyncio.run(publish(server.url))
        done = explain("7f3c", "--data", data, "--stream", "--nats", server.url, "--json")
        gone = explain("7f3c", "--data", data, "--stream", "--nats", "nats://127.0.0.1:1")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    states = {one["seq"]: one["copy"]["state"] for one in found["timeline"]}
    assert states == {4: "same", 5: "same", 6: "same", 7: "other"} | dict.fromkeys((8, 9), "missing")
    assert found["publication"] == {"same": 3, "other": 1, "missing": 2}
    assert found["timeline"][0]["copy"]["stored_at"].endswith("Z")
    assert gone.returncode == 4


@pytest.mark.parametrize(
    ("users", "jetstream", "message"),
    [
        ("", False, "OMS_EVT_main: JetStream does not answer"),
        ('authorization { users: [{ user: u, password: p, permissions: { publish: "a.>" } }] }', True,
         'permissions violation for publish to "$js.api.'),
    ],
)  # fmt: skip
def test_a_stream_that_cannot_be_had_is_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: str, jetstream: bool, message: str
) -> None:
    monkeypatch.setattr("oms.bus.copies.WITHIN_S", 0.5)  # nothing answers who may not ask
    with nats_server(tmp_path, users, jetstream=jetstream) as server:
        url = server.url.replace("//", "//u:p@") if users else server.url
        done = here("7f3c", "--data", data, "--stream", "--nats", url)
    assert (done.returncode, done.stdout) == (4, "")
    assert message.lower() in done.stderr.lower()


def test_the_settings_say_where_nats_is_and_what_subjects_begin_with(data: Path, tmp_path: Path) -> None:
    """-c is enough, for the data folder and for NATS."""
    config = tmp_path / "oms.toml"
    with nats_server(tmp_path) as server:
        nats = f'[nats]\nurl = "{server.url}"\nprefix = "desk.v1"\n'
        config.write_text(f'{nats}[data]\ndir = "{data}"\n')
        done = here("7f3c", "-c", config, "--stream", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["publication"]["missing"] == 6  # there is no stream there
    assert found["timeline"][0]["subject"] == "desk.v1.evt.main.command.received.EURUSD"
    other = here("7f3c", "-c", config, "--prefix", "mine", "--json")
    assert json.loads(other.stdout)["timeline"][0]["subject"] == "mine.evt.main.command.received.EURUSD"


def test_a_failure_is_an_exit_code(data: Path) -> None:
    done = explain("nobody", "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
