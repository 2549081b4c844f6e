"""A trader who uses the durable queue: published to JetStream, the outcome at a subject of his own."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription

from tests.flows.trader import Row, Trader

WITHIN_S = 20.0
_numbers = count(1)


def deadline(seconds: float = 60.0) -> str:
    """So long from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class QueueTrader(Trader):
    """Gives each command an id and a deadline, and waits for the outcome where it asked for it."""

    def command(self, verb: str, **fields: Any) -> Row:
        """The outcome of a durable command."""
        return self.outcomes([self.queued(verb, **fields)])[0]

    def queued(self, verb: str, **fields: Any) -> tuple[str, Row]:
        """A verb with its payload."""
        named = {"id": f"queued-{next(_numbers)}", "deadline": deadline()}
        return verb, {**named, **fields}

    def outcomes(self, commands: list[tuple[str, Row]], within_s: float = WITHIN_S) -> list[Row]:
        """All are published in this order; what is told of each, in the same."""

        async def ask(client: Client) -> list[Row]:
            waiting = [await self._publish(client, verb, fields) for verb, fields in commands]
            return [await _next(one, within_s) for one in waiting]

        return self.line.use(ask)

    async def _publish(self, client: Client, verb: str, fields: Row) -> Subscription:
        inbox = client.new_inbox()
        replies = await client.subscribe(inbox)
        await publish(client, self.account, verb, fields, {"Oms-Reply": inbox})
        return replies

    def publishes(self, *commands: tuple[str, Row], headers: Mapping[str, str] | None = None) -> None:
        """All are published in this order; nobody waits."""

        async def send(client: Client) -> None:
            for verb, fields in commands:
                await publish(client, self.account, verb, fields, headers)

        self.line.use(send)

    def waiting(self) -> int:
        """How many commands are in the queue."""

        async def look(client: Client) -> int:
            info = await client.jetstream().stream_info(f"OMS_QUEUE_{self.account}")
            return int(info.state.messages)

        return self.line.use(look)


async def publish(
    client: Client, account: str, verb: str, fields: Row | bytes, headers: Mapping[str, str] | None = None
) -> bool:
    """One durable command; whether JetStream says that it has it already."""
    payload = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    subject = f"oms.v1.queue.{account}.{verb}"
    said = await client.jetstream().publish(subject, payload, headers=dict(headers or {}))
    return bool(said.duplicate)


async def _next(replies: Subscription, within_s: float) -> Row:
    message = await replies.next_msg(within_s)
    await replies.unsubscribe()
    found: Row = json.loads(message.data)
    return found
