"""nats-server, venue and daemon as processes, started, killed, looked at from outside."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import apsw
import nats
from nats.errors import NoRespondersError

from tests.nats import Server, nats_server

OMS = [sys.executable, "-m", "oms.cli.main"]
HEDGE, NET = "hedge", "net"
LOGINS = {HEDGE: 1001, NET: 1002}
UP_S = 30.0
BOOKS = ("orders", "deals", "positions")
QUESTIONS = (("account", b""), *((what, b'{"limit": 1000}') for what in BOOKS))
PRICE_DIGITS = 10  # of an average, which is exact here and a double at the venue


def until(ready: Callable[[], Any], seconds: float = UP_S, what: str = "") -> Any:
    """The first true value; AssertionError where it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, what or "it did not come about"
        time.sleep(0.02)
    return found


class Venue:
    """`oms paper`, which keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.control_port = folder, 0, 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/terminal"

    def start(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [
                *(*OMS, "paper", "--json", "--port", str(self.port), "--seed", "7"),
                *("--control-port", str(self.control_port), "--state", str(self.folder / "venue.state")),
                *options,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.port = int(told["url"].removesuffix("/terminal").rpartition(":")[2])
        self.control_port = int(told["control"].rpartition(":")[2])

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def control(self, do: str, **fields: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self.control_port), timeout=20) as connection:
            connection.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        assert "ok" in answer, answer
        return answer["ok"]


class Daemon:
    """`oms run`."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        self.config = folder / "oms.toml"
        self.config.write_text(config)
        self.config.chmod(0o600)
        self.data = folder / "data"
        self.log = folder / "oms.log"
        self.process: subprocess.Popen[str] | None = None
        self.http = ""

    def start(self, **environment: str) -> None:
        """Start it; returns when it says where it is."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*OMS, "run", "-c", str(self.config), "--json"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environment},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.http = json.loads(line)["http"]

    def ready(self) -> dict[str, Any]:
        """What /readyz says."""
        try:
            with urlopen(f"{self.http}/readyz", timeout=5) as answer:  # noqa: S310 - our own
                found: dict[str, Any] = json.loads(answer.read())
        except OSError as why:
            body = getattr(why, "read", lambda: b"{}")()
            found = json.loads(body or b"{}")
        return found

    def until_ready(self, seconds: float = UP_S) -> None:
        until(lambda: self.ready().get("ready"), seconds, self.log.read_text())

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self._gone()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._gone()

    def _gone(self) -> int:
        assert self.process is not None
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def journal(self, account: str, after: int = 0) -> list[dict[str, Any]]:
        """The events on disk behind a seq, read by SQLite alone; the chain is checked."""
        connection = apsw.Connection(
            f"file:{self.data}/journal/{account}.db?mode=ro",
            flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY,
        )
        rows: list[Any]
        try:
            found = "SELECT seq, body, hash FROM event WHERE seq >= ? ORDER BY seq"
            rows = list(connection.execute(found, (after,)))
        finally:
            connection.close()
        link = bytes(rows.pop(0)[2]) if after else bytes(32)
        for place, (seq, body, hashed) in enumerate(rows, after + 1):
            link = sha256(link + bytes(body)).digest()
            assert (seq, bytes(hashed)) == (place, link)
        return [json.loads(body) for _, body, _ in rows]


class System:
    """All three."""

    def __init__(self, server: Server, venue: Venue, daemon: Daemon) -> None:
        self.nats, self.venue, self.daemon = server, venue, daemon

    def ask(
        self, account: str, what: str, payload: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Any:
        """A query by plain nats-py, as `request`."""
        return json.loads(self.request(f"oms.v1.query.{account}.{what}", payload, headers)[0])

    def request(
        self, subject: str, payload: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Payload and headers of the answer. A daemon that was just started says where it is before it
        listens, so nobody there is asked again; NoRespondersError after UP_S."""

        async def ask() -> tuple[bytes, dict[str, str]]:
            client = await nats.connect(self.nats.url)
            deadline = time.monotonic() + UP_S
            try:
                while True:
                    try:
                        answer = await client.request(
                            subject, payload, timeout=8, headers=dict(headers or {}) or None
                        )
                    except NoRespondersError:
                        if time.monotonic() > deadline:
                            raise
                        await asyncio.sleep(0.02)
                    else:
                        return answer.data, dict(answer.headers or {})
            finally:
                await client.close()

        return asyncio.run(ask())

    def command(self, account: str, verb: str, **fields: Any) -> dict[str, Any]:
        """The reply to a trade command."""
        return self._told(f"oms.v1.cmd.{account}.{verb}", fields)

    def operate(self, account: str, verb: str, **fields: Any) -> dict[str, Any]:
        """The reply to an operator; account `_daemon` = all."""
        return self._told(f"oms.v1.ctl.{account}.{verb}", fields)

    def _told(self, subject: str, fields: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.request(subject, json.dumps(fields).encode())[0])
        return found

    def stream(self, account: str) -> list[tuple[int, str, dict[str, str], bytes]]:
        """All messages of an account's stream: sequence, subject, headers, body."""

        async def read() -> list[tuple[int, str, dict[str, str], bytes]]:
            client = await nats.connect(self.nats.url)
            try:
                journal = client.jetstream()
                found: list[tuple[int, str, dict[str, str], bytes]] = []
                last = (await journal.stream_info(f"OMS_EVT_{account}")).state.last_seq
                events = await journal.subscribe(f"oms.v1.evt.{account}.>", ordered_consumer=True)
                while len(found) < last:
                    message = await events.next_msg(timeout=5)
                    sequence = message.metadata.sequence.stream
                    found.append((sequence, message.subject, dict(message.headers or {}), message.data))
                return found
            finally:
                await client.close()

        return asyncio.run(read())

    def published(self, account: str) -> bool:
        """Whether the stream holds all of the journal."""
        (status,) = [one for one in self.daemon.ready().get("accounts", []) if one["account"] == account] or [
            None
        ]
        return status is not None and status["seq"] == status["published"]

    def truth(self, account: str, whole: dict[str, Any] | None = None) -> dict[str, Any]:
        """The venue's own, in the words of the queries; `whole` is what it told of everything."""
        truth = whole or self.venue.control("truth")
        login = LOGINS[account]
        mine = {name: [row for row in rows if row.get("login") == login] for name, rows in truth.items()}
        (money,) = mine["accounts"]
        return {
            "balance": Decimal(money["balance"]),
            "credit": Decimal(money["credit"]),
            "orders": {str(row["trade_order"]): _order(row) for row in mine["orders"] if row["open"]},
            "deals": {str(row["deal"]) for row in mine["deals"]},
            "positions": {
                str(row["position_id"]): (
                    row["trade_symbol"],
                    "sell" if row["trade_action"] else "buy",
                    Decimal(row["trade_volume"]) / 10**8,
                    round(Decimal(repr(row["price_open"])), PRICE_DIGITS),
                    *map(_price, (row["sl"], row["tp"])),
                )
                for row in mine["positions"]
            },
        }

    def told(self, account: str, replies: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The same, asked of the daemon; `replies` are those to QUESTIONS, where somebody asked already."""
        replies = replies or [self.ask(account, what, payload) for what, payload in QUESTIONS]
        money, *rows = replies
        orders, deals, positions = (found[what] for what, found in zip(BOOKS, rows, strict=True))
        return {
            "balance": Decimal(money["balance"]),
            "credit": Decimal(money["credit"]),
            "orders": {row["order"]: _order_row(row) for row in orders},
            "deals": {row["deal"] for row in deals},
            "positions": {
                row["position"]: (
                    *(row["symbol"], row["side"], Decimal(row["volume"])),
                    round(Decimal(row["price"]), PRICE_DIGITS),
                    *map(_decimal, (row["sl"], row["tp"])),
                )
                for row in positions
            },
        }

    def agrees(self, account: str) -> bool:
        return self.told(account) == self.truth(account)

    def check_stream(self, account: str) -> None:
        """Stream sequence = journal seq, body = body, the chain holds, no deal twice."""
        until(lambda: self.published(account), what="the stream never caught up")
        journal, stream = self.daemon.journal(account), self.stream(account)
        link = bytes(32)
        for seq, (sequence, subject, headers, body) in enumerate(stream, 1):
            link = sha256(link + body).digest()
            event = json.loads(body)
            assert (sequence, event["seq"], headers["Oms-Seq"]) == (seq, seq, str(seq))
            assert headers["Oms-Hash"] == link.hex()
            assert subject.startswith(f"oms.v1.evt.{account}.{event['type']}")
        assert [json.loads(body) for *_, body in stream] == journal[: len(stream)]
        deals = [one["data"]["deal"] for one in journal if one["type"] == "deal.booked"]
        assert len(deals) == len(set(deals))


# docs/protocol.md 6.1, 6.2.
_TYPES = (
    *("buy", "sell", "buy_limit", "sell_limit", "buy_stop", "sell_stop", "buy_stop_limit", "sell_stop_limit"),
    "close_by",
)
_FILLINGS, _LIFETIMES = ("fok", "ioc", "return", "boc"), ("gtc", "day", "specified", "specified_day")
_ORDER_PRICES = ("price_order", "price_trigger", "price_sl", "price_tp")
_ROW_PRICES = ("price", "limit_price", "sl", "tp")


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    """An open order of the venue."""
    return (
        *(row["trade_symbol"], _TYPES[row["order_type"]]),
        *(Decimal(row[name]) / 10**8 for name in ("volume_initial", "volume_current")),
        *(_price(row[name]) for name in _ORDER_PRICES),
        *(_FILLINGS[row["type_filling"]], _LIFETIMES[row["type_time"]], row["time_expiration"]),
    )


def _order_row(row: dict[str, Any]) -> tuple[Any, ...]:
    """The same of the daemon."""
    ends = row["expires_at"]
    return (
        *(row["symbol"], row["type"]),
        *(Decimal(row[name]) for name in ("volume", "remaining")),
        *(_decimal(row[name]) for name in _ROW_PRICES),
        *(row["filling"], row["time_in_force"], server_seconds(ends) if ends else 0),
    )


def server_seconds(time: str) -> int:
    """What the server's clock shows, as seconds since 1970."""
    return round(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp())


def _price(value: float) -> Decimal | None:
    return Decimal(repr(value)) if value else None


def _decimal(value: str | None) -> Decimal | None:
    return Decimal(value) if value is not None else None


def config_of(nats_url: str, venue_url: str, folder: Path, more: str = "") -> str:
    accounts = "".join(
        f'[accounts.{name}]\nurl = "{venue_url}"\nlogin = {login}\npassword = "paper"\n'
        for name, login in LOGINS.items()
    )
    return (
        f'[nats]\nurl = "{nats_url}"\n[data]\ndir = "{folder / "data"}"\nmarket_least_free_gb = 0.1\n'
        f"[http]\nport = 0\n{more}\n{accounts}"
    )


@contextmanager
def system(folder: Path, more: str = "", venue_settings: str = "") -> Iterator[System]:
    """Everything up; at the end everything is gone, by its process id.

    `more` is what the daemon's settings say beside the usual, `venue_settings` what the venue's say.
    """
    with nats_server(folder / "nats") as server:
        venue = Venue(folder)
        daemon: Daemon | None = None
        try:
            (folder / "venue.toml").write_text(venue_settings)
            venue.start("--config", str(folder / "venue.toml"))
            daemon = Daemon(folder, config_of(server.url, venue.url, folder, more))
            daemon.start()
            daemon.until_ready()
            yield System(server, venue, daemon)
        finally:
            if daemon is not None:
                daemon.kill()
            venue.end()


__all__ = [
    "HEDGE",
    "LOGINS",
    "NET",
    "Daemon",
    "NoRespondersError",
    "System",
    "Venue",
    "config_of",
    "system",
    "until",
]
