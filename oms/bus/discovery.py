"""Which daemons there are, and which accounts they answer for: `$SRV.INFO.oms` (docs/nats.md).

Nobody knows how many will answer.  So all that come are taken until for a moment none comes any more.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec
import nats.errors
from nats.aio.client import Client

from .bridge import Bridge

INFO: Final = "$SRV.INFO.oms"
FIRST_S: Final = 2.0  # for the first answer
QUIET_S: Final = 0.2  # behind the latest
MOST: Final = 1000  # answers
NO_RESPONDERS: Final = "503"


class Endpoint(msgspec.Struct, frozen=True):
    """What of an endpoint is read."""

    subject: str


class Daemon(msgspec.Struct, frozen=True):
    """One that answered."""

    id: str
    version: str = ""
    endpoints: tuple[Endpoint, ...] = ()


def accounts_of(daemons: Iterable[Daemon], prefix: str) -> list[str]:
    """The accounts whose queries somebody answers, by name."""
    subject = re.compile(rf"{re.escape(prefix)}\.query\.([A-Za-z0-9_-]{{1,32}})\.>")
    found = (subject.fullmatch(one.subject) for daemon in daemons for one in daemon.endpoints)
    return sorted({match[1] for match in found if match})


async def daemons(bridge: Bridge) -> list[Daemon]:
    """Those there are; raises NotConnected."""
    connection = await bridge.connection()
    found = []
    for payload in await connection.run(_answers, INFO):
        try:
            found.append(msgspec.json.decode(payload, type=Daemon))
        except msgspec.MsgspecError:  # another service of that name, which is none of ours
            continue
    return found


async def _answers(client: Client, subject: str) -> list[bytes]:
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    found: list[bytes] = []
    try:
        await client.publish(subject, reply=inbox)
        while len(found) < MOST:
            message = await subscription.next_msg(QUIET_S if found else FIRST_S)
            if not found and (message.headers or {}).get("Status") == NO_RESPONDERS:
                break
            found.append(message.data)
    except nats.errors.TimeoutError:
        pass
    finally:
        await subscription.unsubscribe()
    return found
