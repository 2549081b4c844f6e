"""Who answers over NATS at once: `python -m tests.bench.responder HOST PORT SUBJECT`, with nats-py alone.

Prints {} once it is subscribed, and ends when it is killed.
"""

import argparse
import asyncio
import sys

import nats
from nats.aio.msg import Msg


async def answer(request: Msg) -> None:
    """At once, with nothing."""
    await request.respond(b"{}")


async def run(host: str, port: int, subject: str) -> None:
    """Answer for ever."""
    client = await nats.connect(f"nats://{host}:{port}", allow_reconnect=False)
    await client.subscribe(subject, cb=answer)
    await client.flush()
    print("{}", flush=True)
    await asyncio.Event().wait()


def main() -> int:
    """Answer until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.responder", description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("subject")
    given = parser.parse_args()
    asyncio.run(run(given.host, given.port, given.subject))
    return 0


if __name__ == "__main__":
    sys.exit(main())
