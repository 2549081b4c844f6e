"""Who asks over NATS: `python -m tests.bench.requester HOST PORT`, with nats-py as its users have it.

Prints {} once it is connected; then each line of JSON on stdin is a command, answered by a line on stdout:

{"do": "ask", "requests": [[subject, payload]],     one after the other, after a pause by chance of at most so
 "pause_s", "seconds"}                              long each; none is begun after so many seconds: {"asked":
                                                    [ns], "answered": [ns], "replies": []}
{"do": "trade", "subjects", "name", "seconds",      for so long, each account with so many commands under way,
 "abreast"}                                         ids beginning with that name; then waits for the last:
                                                    {"commands", "seconds", "statuses": {status: number}}

A request is timed from the call that publishes it to the return of its reply, in ns of `time.monotonic_ns`.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

import nats
from nats.aio.client import Client

ANSWER_S: Final = 30.0
ORDER: Final = '{{"id": "{}", "symbol": "EURUSD", "side": "{}", "volume": "0.01"}}'
SIDES: Final = ("buy", "sell")


def order(name: str, side: str) -> bytes:
    """A market order."""
    return ORDER.format(name, side).encode()


class Requester:
    """One client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(
        self, requests: Sequence[tuple[str, str]], pause_s: float, seconds: float
    ) -> dict[str, Any]:
        """One request at a time."""
        asked: list[int] = []
        answered: list[int] = []
        replies: list[str] = []
        until = time.monotonic() + seconds
        for subject, text in requests:
            payload = text.encode()
            await asyncio.sleep(random.uniform(0, pause_s))
            if time.monotonic() > until:
                break
            asked.append(time.monotonic_ns())
            reply = await self._client.request(subject, payload, ANSWER_S)
            answered.append(time.monotonic_ns())
            replies.append(reply.data.decode())
        return {"asked": asked, "answered": answered, "replies": replies}

    async def trade(self, subjects: Sequence[str], name: str, seconds: float, abreast: int) -> dict[str, Any]:
        """Market orders, sides in turn, so that an account that nets holds next to nothing."""
        statuses: Counter[str] = Counter()
        start = time.monotonic()
        workers = [
            self._work(subject, f"{name}-{number}", start + seconds, statuses)
            for subject in subjects
            for number in range(abreast)
        ]
        await asyncio.gather(*workers)
        taken_s = time.monotonic() - start
        return {"commands": statuses.total(), "seconds": taken_s, "statuses": statuses}

    async def _work(self, subject: str, name: str, until: float, statuses: Counter[str]) -> None:
        for number, side in enumerate(cycle(SIDES)):
            if time.monotonic() >= until:
                return
            reply = await self._client.request(subject, order(f"{name}-{number}", side), ANSWER_S)
            statuses[json.loads(reply.data)["status"]] += 1


async def run(host: str, port: int) -> None:
    """Obey until stdin ends."""
    client = await nats.connect(f"nats://{host}:{port}", allow_reconnect=False)
    requester = Requester(client)
    _say({})
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        match asked.pop("do"):
            case "ask":
                _say(await requester.ask(**asked))
            case "trade":
                _say(await requester.trade(**asked))
    await client.close()


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """Ask until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.requester", description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    asyncio.run(run(given.host, given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
