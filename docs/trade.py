"""Trade over NATS, with nothing but nats-py: a place to start from.

    python docs/trade.py nats://127.0.0.1:4222 hedge EURUSD

Buys 0.10 lots, asks for the same order again (which is not bought again), sets a stop loss, closes the
position, and prints each outcome as a JSON line.  What commands say and what is answered: docs/commands.md.
"""

import asyncio
import json
import sys
import uuid
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NoAnswer

WAIT_S = 5  # for an outcome
DONE = {"filled", "working", "partially_filled", "done"}


async def main(url: str, account: str, symbol: str) -> int:
    client = await nats.connect(url)
    try:
        return await trade(client, account, symbol)
    except NoRespondersError:
        print(f"nobody holds an account {account!r}", file=sys.stderr)
        return 1
    finally:
        await client.close()


async def trade(client: Client, account: str, symbol: str) -> int:
    order = {"id": uuid.uuid4().hex, "client": "docs", "symbol": symbol, "side": "buy", "volume": "0.10"}
    bought = await command(client, account, "submit", order)
    if bought["status"] != "filled":
        return 1

    # The same id with the same content is the same command, now and for ever: nothing is bought twice.
    again = await command(client, account, "submit", order)
    assert (again["order"], again["seq"]) == (bought["order"], bought["seq"])

    # Prices and volumes are text, so that they stay exact.
    position = {"client": "docs", "position": bought["position"]}
    stop = f"{float(bought['price']) * 0.95:.4f}"
    changed = await command(client, account, "modify", {"id": uuid.uuid4().hex, **position, "sl": stop})
    closed = await command(client, account, "close", {"id": uuid.uuid4().hex, **position})
    return 0 if {changed["status"], closed["status"]} <= DONE else 1


async def command(client: Client, account: str, verb: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a command; asked for again, never sent under another id, while it is not known."""
    subject = f"oms.v1.cmd.{account}.{verb}"
    while True:
        try:
            answer = await client.request(subject, json.dumps(fields | {"wait": WAIT_S}).encode(), WAIT_S + 2)
        except NoAnswer:
            continue  # it may have been sent: the same id finds out
        outcome: dict[str, Any] = json.loads(answer.data)
        print(answer.data.decode())
        if outcome["final"] or outcome["status"] == "unknown":
            return outcome


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:4])))
