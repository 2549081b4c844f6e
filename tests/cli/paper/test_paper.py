"""The real `oms paper`, as a process."""

import io
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio_websocket import ConnectionClosed, HandshakeError

from oms.cli.paper.ctl import call
from oms.cli.wire.capture import decode_capture
from tests.paper.terminal import Terminal, connected

OMS = Path(sys.executable).with_name("oms")
trio_test = pytest.mark.trio


@contextmanager
def paper(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A venue that runs, and where it is; it is killed in the end if it still does."""
    with subprocess.Popen(
        [OMS, "paper", "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate(timeout=10)
            yield process, json.loads(line)
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    out, err = process.communicate(timeout=15)
    assert (out, err) == ("", "")
    return process.returncode


def ran(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [OMS, "paper", *arguments], capture_output=True, text=True, check=False, timeout=30,
        env={**os.environ, **environment},
    )  # fmt: skip


@asynccontextmanager
async def logged_in(where: dict[str, Any], tls: ssl.SSLContext | None = None) -> AsyncIterator[Terminal]:
    async with connected(where["url"], tls) as terminal:
        await terminal.bootstrap()
        await terminal.login(1001)
        yield terminal


def ctl(where: dict[str, Any], *words: str) -> Any:
    """The answer of a call."""
    told = io.StringIO()
    with redirect_stdout(told):
        assert call(where["control"], words[0], list(words[1:])) == 0
    return json.loads(told.getvalue())


@trio_test
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_serves_and_ends_with_a_signal(number: int) -> None:
    with paper() as (process, where):
        assert where["url"].startswith("ws://127.0.0.1:")
        assert where["url"].endswith("/terminal")
        assert where["logins"] == [
            {"login": 1001, "margin_mode": "hedging", "currency": "USD"},
            {"login": 1002, "margin_mode": "netting", "currency": "USD"},
            {"login": 1003, "margin_mode": "hedging", "currency": "EUR"},
            {"login": 1004, "margin_mode": "netting", "currency": "JPY"},
        ]
        async with logged_in(where) as terminal:
            ids = {one.trade_symbol: one.symbol_id for one in await terminal.ask(6)}
            await terminal.ask(7, [ids["EURUSD"]])
            await terminal.push(8)
            assert await terminal.buy() == 0
            assert (await terminal.push(19)).result.retcode == 10009
            assert ended(process, number) == 0


def test_people_are_told_url_control_port_and_logins() -> None:
    with subprocess.Popen([OMS, "paper"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(7)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    assert lines[0].startswith("venue    ws://127.0.0.1:")
    assert lines[1].startswith("control  127.0.0.1:")
    assert lines[2:6] == [
        "login    1001  hedging, USD, password paper, investor password look",
        "login    1002  netting, USD, password paper, investor password look",
        "login    1003  hedging, EUR, password paper, investor password look",
        "login    1004  netting, JPY, password paper, investor password look",
    ]
    assert process.returncode == 0


@pytest.mark.slow
@trio_test
async def test_killed_and_started_again_it_has_its_orders(tmp_path: Path) -> None:
    state, record = tmp_path / "state", tmp_path / "talk"
    with paper("--state", state, "--record", record) as (process, where):
        async with logged_in(where) as terminal:
            ticket = terminal.session.ticket
            assert await terminal.buy(comment="mine") == 0
            assert (await terminal.push(19)).result.retcode == 10009
            assert await terminal.trade(terminal.request(5, 2, 0.2, price_order=0.5, type_filling=2)) == 0
            await terminal.push(19)
            before = ctl(where, "truth")
            process.kill()
            process.wait(10)
    with paper("--state", state) as (process, where):
        after = ctl(where, "truth")
        for name in ("orders", "deals", "requests"):
            assert after[name] == before[name]
        assert [one["position_id"] for one in after["positions"]] == [
            one["position_id"] for one in before["positions"]
        ]
        async with connected(where["url"]) as terminal:
            await terminal.bootstrap()
            await terminal.login(1001, "", password_ticket=ticket)
            assert len((await terminal.ask(4)).orders) == 1
        assert ended(process, signal.SIGTERM) == 0
    with record.open("rb") as lines:
        decoded = [answer for answer, error in decode_capture(lines) if error is None]
    assert [line["command"] for line in decoded][:6] == [0, 0, 28, 28, 12, 12]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "paper")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, private


@pytest.mark.slow
@trio_test
async def test_tls_with_a_certificate(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    config = tmp_path / "paper.toml"
    config.write_text("[server]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n")
    with paper("--config", config) as (process, where):
        assert where["url"].startswith("wss://127.0.0.1:")
        port = int(where["url"].rpartition(":")[2].partition("/")[0])
        async with await trio.open_tcp_stream("127.0.0.1", port) as plain:  # no TLS, disturbs nobody
            await plain.send_all(b"GET /terminal HTTP/1.1\r\n\r\n")
            async with logged_in(where, ssl.create_default_context(cafile=cert)) as terminal:
                assert await terminal.buy() == 0
        assert ended(process, signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "absent.toml"], "absent.toml: cannot be read"),
        (["--config", "bad.toml"], "bad.toml:2: server.port: "),
        (["--config", "ticks.toml"], "ticks.csv:2: ask: "),
        (["--config", "tls.toml"], "no certificate with its key"),
        (["--config", "fault.toml"], "fault.toml:3: faults[0].symbol: there is no symbol 'NOPE'"),
        (["--config", "nan.toml"], "nan.toml:2: accounts[0].balance: NaN is no number"),
        (["--config", "empty.toml"], "empty.csv:2: there is no tick in it"),
        (["--state", "foreign"], "foreign:1: is no state of a paper venue"),
        (["--record", "absent/talk"], "absent/talk: cannot be opened: No such file"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    files = {
        "bad.toml": "[server]\nport = 'x'\n",
        "ticks.toml": "[feed]\nkind = 'csv'\n[feed.files]\nEURUSD = 'ticks.csv'\n",
        "ticks.csv": "time,bid,ask\n1700000000,1.2,1.1\n",
        "tls.toml": "[server]\ncertificate = 'ticks.csv'\nkey = 'ticks.csv'\n",
        "fault.toml": "[[faults]]\ndo = 'spec'\nsymbol = 'NOPE'\n",
        "nan.toml": "[[accounts]]\nbalance = 'NaN'\nlogin = 1\n",
        "empty.toml": "[feed]\nkind = 'csv'\n[feed.files]\nEURUSD = 'empty.csv'\n",
        "empty.csv": "time,bid,ask\n",
        "foreign": "somebody's notes\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = ran(arguments[0], tmp_path / arguments[1])
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith("oms paper: ")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "foreign").read_text() == "somebody's notes\n"


@trio_test
async def test_a_full_disk_under_the_record_is_said_in_one_line() -> None:
    with paper("--record", "/dev/full") as (process, where):
        with suppress(ConnectionClosed, HandshakeError):
            async with connected(where["url"]) as terminal:
                await terminal.bootstrap()
        out, err = process.communicate(timeout=15)
        assert (process.returncode, out) == (1, "")
        assert err == "oms paper: /dev/full: cannot be written: No space left on device\n"


@pytest.mark.slow
def test_a_port_in_use_is_said() -> None:
    with paper() as (_, where):
        port = where["url"].rpartition(":")[2].partition("/")[0]
        done = ran("--port", port)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"oms paper: 127.0.0.1:{port}: cannot listen: Address already in use\n"


def test_passwords_that_are_not_the_usual_ones_are_not_told(tmp_path: Path) -> None:
    config = tmp_path / "paper.toml"
    config.write_text("[[accounts]]\nlogin = 7\npassword = 'hunter2'\n")
    with subprocess.Popen([OMS, "paper", "--config", config], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(3)]
        process.kill()
    assert lines[2] == "login    7  hedging, USD"


def test_ctl(capsys: pytest.CaptureFixture[str]) -> None:
    with paper("--seed", "5") as (_, where):
        assert ctl(where, "deposit", "login=1001", "amount=0.10", "comment=7") is None
        deals = [one for one in ctl(where, "truth")["deals"] if one["login"] == 1001]
        assert [(one["profit"], one["comment"]) for one in deals] == [(10000.0, ""), (0.1, "7")]
        ticket = f"deal={deals[1]['deal']}"
        assert ctl(where, "amend_deal", "login=1001", ticket, "changes.profit=0.3") is None
        assert ctl(where, "remove_deal", "login=1001", ticket) is None
        assert ctl(where, "feed", "on=false") is None
        assert ctl(where, "tick", "symbol=EURUSD", "bid=1.5", "ask=1.50001") is None
        assert ctl(where, "fault", "fault.do=lose", "fault.chance=0.5", "fault.command=12") == 1
        assert ctl(where, "fault", 'fault={"do": "swap"}') == 2
        assert [one["do"] for one in ctl(where, "faults")] == ["lose", "swap"]
        assert ctl(where, "clear_faults", "number=1") == 1
        assert ctl(where, "spec", "symbol=EURUSD", "changes.trade_stops_level=9") is None
        assert set(ctl(where, "clock")) == {"utc_ms", "server_ms"}
        for code, words, message in REFUSED:
            assert call(where["control"], words[0], words[1:]) == code
            out, err = capsys.readouterr()
            assert (out, err.startswith("oms paper ctl: ")) == ("", True)
            assert message in err
    assert call(where["control"], "truth", []) == 3
    assert "no venue answers" in capsys.readouterr().err
    assert call("", "truth", []) == call("localhost", "truth", []) == call(":80", "truth", []) == 2


REFUSED: list[tuple[int, list[str], str]] = [
    (1, ["deposit", "login=9", "amount=1"], "login: there is no account 9"),
    (1, ["remove_deal", "login=1001", "deal=4"], "deal: "),
    (2, ["fly"], "do: not one of abort, amend_deal"),
    (2, ["deposit", "login=x", "amount=1"], "login: Expected `int`"),
    (2, ["deposit", "login=1"], "amount: must be given"),
    (2, ["truth", "x"], "x: is not FIELD=VALUE"),
    (2, ["truth", "x=1"], "x: unknown key"),
    (2, ["fault", "fault={"], "is not JSON"),
    (2, ["fault", "fault=1", "fault.do=lose"], "is a value already"),
]


@pytest.mark.slow
def test_ctl_as_a_process() -> None:
    with paper() as (_, where):
        done = ran("ctl", "faults", OMS_PAPER_CONTROL=where["control"])
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
        done = ran("ctl", "--control", where["control"], "deposit", "login=9", "amount=1")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "oms paper ctl: login: there is no account 9\n"


def test_help_lists_the_words() -> None:
    done = ran("ctl", "--help")
    assert done.returncode == 0
    assert "deposit login=... amount=..." in done.stdout
