"""Join an account late and miss nothing, without JetStream: a copy of its events, with nothing but nats-py.

    python docs/join.py nats://127.0.0.1:4222 hedge 120 [deal.*]

Prints events as JSON lines, each once, in order, from the first to seq 120; with types, only these.  What
happened before comes by queries, what happens now as it is published.  What the subjects mean: docs/nats.md.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import NoRespondersError


async def main(url: str, account: str, last: int, types: list[str]) -> int:
    client = await nats.connect(url)
    try:
        async for event in joined(client, account, last, types):
            print(json.dumps(event), flush=True)
    except NoRespondersError:
        print(f"nobody holds an account {account!r}", file=sys.stderr)
        return 1
    else:
        return 0
    finally:
        await client.close()


async def joined(client: Client, account: str, last: int, types: list[str]) -> AsyncIterator[dict[str, Any]]:
    # Listen first, then ask: what happens in between comes twice, and is known by its seq.
    live = await client.subscribe(f"oms.v1.evt.{account}.>")
    await client.flush()
    seq = await state(client, account)
    async for event in ranged(client, account, 0, min(seq, last), types):
        yield event
    while seq < last:
        message = await live.next_msg(timeout=None)
        found = int((message.headers or {})["Oms-Seq"])
        if found <= seq:
            continue  # had already
        # Messages that were lost on the way are asked for, and the one at hand with them.
        async for event in ranged(client, account, seq, min(found, last), types):
            yield event
        seq = found


async def ranged(
    client: Client, account: str, after: int | None, until: int, types: list[str]
) -> AsyncIterator[dict[str, Any]]:
    """The events behind `after` up to `until`, page by page."""
    while after is not None:
        asked = {"after": after, "until": until, "min_seq": until} | ({"types": types} if types else {})
        reply = await query(client, account, "events", asked)
        for event in reply["events"]:
            yield event
        after = reply["next"]


async def state(client: Client, account: str) -> int:
    return int((await query(client, account, "state", {}))["seq"])


async def query(client: Client, account: str, what: str, asked: dict[str, Any]) -> dict[str, Any]:
    answer = await client.request(f"oms.v1.query.{account}.{what}", json.dumps(asked).encode(), timeout=10)
    reply: dict[str, Any] = json.loads(answer.data)
    if "error" in reply:
        raise SystemExit(f"{what}: {reply['error']['message']}")
    return reply


if __name__ == "__main__":
    url, account, last, *types = sys.argv[1:]
    sys.exit(asyncio.run(main(url, account, int(last), types)))
