"""Listen to an account over NATS, with nothing but nats-py: a place to start from.

    python docs/listen.py nats://127.0.0.1:4222 hedge

Prints JSON lines: the account, three ticks, every event of its stream with the hash chain checked on the way,
then one line that sums up.  What the subjects and fields mean: docs/queries.md, docs/events.md.
"""

import asyncio
import json
import sys
from hashlib import sha256

import nats
from nats.aio.client import Client
from nats.errors import NoRespondersError


async def main(url: str, account: str) -> int:
    client = await nats.connect(url)
    try:
        return await listen(client, account)
    except NoRespondersError:
        print(f"nobody holds an account {account!r}", file=sys.stderr)
        return 1
    finally:
        await client.close()


async def listen(client: Client, account: str) -> int:
    # Ask: a request, its answer.  The payload is a JSON object, or nothing.
    answer = await client.request(f"oms.v1.query.{account}.account", b"", timeout=5)
    print(answer.data.decode())
    positions = await client.request(f"oms.v1.query.{account}.positions", b'{"symbol": "EURUSD"}', timeout=5)
    print(positions.data.decode())

    # Listen to ticks: core NATS, one message each; what is missed is missed.
    ticks = await client.subscribe(f"oms.v1.tick.{account}.EURUSD")
    for _ in range(3):
        print((await ticks.next_msg(timeout=10)).data.decode())
    await ticks.unsubscribe()

    # Read all events: a stream, whose sequence is the journal's seq.  The body is what was hashed.
    journal = client.jetstream()
    events = await journal.subscribe(f"oms.v1.evt.{account}.>", ordered_consumer=True)
    last = (await journal.stream_info(f"OMS_EVT_{account}")).state.last_seq
    link, seq = bytes(32), 0
    while seq < last:
        message = await events.next_msg(timeout=5)
        seq += 1
        link = sha256(link + message.data).digest()
        event = json.loads(message.data)
        assert event["seq"] == message.metadata.sequence.stream == seq, "a gap"
        assert (message.headers or {})["Oms-Hash"] == link.hex(), f"the chain is broken at seq {seq}"
        print(message.data.decode())
    print(json.dumps({"account": account, "events": seq, "head": link.hex()}))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
