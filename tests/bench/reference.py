"""The plain client: what a good engineer writes in an afternoon; `python -m tests.bench.reference -c FILE`.

One asyncio process, `websockets`, records by a table into dicts (`tests/bench/plain.py`), the merge over
dicts, json.dumps, one `nats-py` publish per tick (or per push), no log.  No task per tick, no copy that could
be left out, one cipher kept per session.  The file is the daemon's own, of which this reads the urls, the
logins and what to publish.

The start is written with our protocol package, because it is not what is compared.
"""

import argparse
import asyncio
import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import nats
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from nats.aio.client import Client
from websockets.asyncio.client import ClientConnection, connect

from protocol.credentials import login
from protocol.messages import Answer, Request
from protocol.records.access import BootstrapAnswer, BootstrapRequest
from protocol.session import Role, Session
from tests.bench import plain

PING_S: Final = 5.0
HEADER_SIZE, HEAD_SIZE = 8, 5  # of a message; of what is inside: prefix, command, code
TICKS: Final = 8


class Account:
    """One account's connection."""

    def __init__(self, name: str, url: str, number: int, password: str, bus: Client, *, batch: bool) -> None:
        self._name, self._url = name, url
        self._login = login(number, password)
        self._bus, self._batch = bus, batch
        self._session = Session(Role.TERMINAL)
        self._names: dict[int, str] = {}
        self._subjects: dict[int, str] = {}
        self._states: dict[tuple[int, bool], dict[str, Any]] = {}

    async def run(self) -> None:
        """Log in, subscribe, publish until the gateway goes away."""
        async with connect(self._url, compression=None, max_size=None, ping_interval=None) as websocket:
            self._cipher = Cipher(algorithms.AES(await self._open(websocket)), modes.CBC(bytes(16)))
            pinging = asyncio.create_task(self._ping(websocket))
            try:
                await self._receive(websocket)
            finally:
                pinging.cancel()

    async def _open(self, websocket: ClientConnection) -> bytes:
        """Up to the subscription; the session's key."""
        bootstrap: BootstrapAnswer = await self._ask(websocket, 0, BootstrapRequest(bytes(64)))
        await self._ask(websocket, 28, self._login)
        symbols = await self._ask(websocket, 6)
        for symbol in symbols:
            name = self._names[symbol.symbol_id] = symbol.trade_symbol
            self._subjects[symbol.symbol_id] = f"oms.v1.tick.{self._name}.{quote(name).replace('.', '%2E')}"
            for delayed in (False, True):
                self._states[symbol.symbol_id, delayed] = plain.quote_state(symbol.digits)
        await self._ask(websocket, 7, list(self._names))
        return bootstrap.key

    async def _ask(self, websocket: ClientConnection, command: int, value: Any = None) -> Any:
        await websocket.send(self._session.send(Request(command, value)) or b"")
        while True:
            for message in self._session.receive(await websocket.recv(decode=False)):
                if isinstance(message, Answer) and message.command == command:
                    return message.value

    async def _ping(self, websocket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(PING_S)
            await websocket.send(self._session.send(Request(51)) or b"")

    async def _receive(self, websocket: ClientConnection) -> None:
        """The loop that is compared.  It yields whenever the few frames that websockets keeps are used up."""
        publish = self._publish_push if self._batch else self._publish_ticks
        async for message in websocket:
            assert isinstance(message, bytes)
            inner = self._decrypted(message)
            if int.from_bytes(inner[2:4], "little") == TICKS:
                records = plain.records(inner[HEAD_SIZE:], plain.TICK_SIZE, plain.TICK)
                await publish(plain.merge(self._states, records))
            else:
                self._session.receive(message)

    def _decrypted(self, message: bytes) -> bytes:
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(message[HEADER_SIZE:]) + decryptor.finalize()
        return padded[: -padded[-1]]

    async def _publish_ticks(self, ticks: list[dict[str, Any]]) -> None:
        for tick in ticks:
            shown = self._shown(tick)
            await self._bus.publish(self._subjects[tick["symbol_id"]], json.dumps(shown).encode())

    async def _publish_push(self, ticks: list[dict[str, Any]]) -> None:
        push = {"account": self._name, "ticks": [self._shown(tick) for tick in ticks]}
        await self._bus.publish(f"oms.v1.ticks.{self._name}", json.dumps(push).encode())

    def _shown(self, tick: dict[str, Any]) -> dict[str, Any]:
        return {
            "account": self._name,
            "symbol": self._names[tick["symbol_id"]],
            "time": tick["time"],
            "bid": tick["bid"],
            "ask": tick["ask"],
            "last": tick["last"],
            "volume": tick["volume"],
        }


async def run(config: dict[str, Any]) -> None:
    """All accounts, until one of them ends."""
    bus = await nats.connect(config["nats"]["url"])
    batch = config["nats"]["ticks"] == "batch"
    accounts = [
        Account(name, given["url"], given["login"], given["password"], bus, batch=batch)
        for name, given in config["accounts"].items()
    ]
    async with asyncio.TaskGroup() as group:
        for account in accounts:
            group.create_task(account.run())


def main() -> int:
    """Run until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reference", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, required=True)
    asyncio.run(run(tomllib.loads(parser.parse_args().config.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
