"""Two consumers by mistake on the same durable: the identity of a command decides (docs/semantics.md 9)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from nats.aio.client import Client

from oms.bus.bridge import Bridge
from oms.bus.queue import Queued, consume
from oms.bus.queue_keeper import Pace, QueueState
from oms.dispatch.intake import Intake
from tests.bus.scene import linked, plainly
from tests.bus.test_queue import Door
from tests.dispatch.desked import desked, quicker
from tests.nats import nats_server
from tests.paper.running import running as venue_runs

pytestmark = [pytest.mark.trio, pytest.mark.slow]
SILENT = Pace(ack_wait_s=3000.0)  # says that it works once in a quarter of an hour
QUICK = Pace(ack_wait_s=0.5)
ORDER = {
    "id": "7f3c",
    "deadline": "2024-05-15T08:00:00Z",
    "symbol": "EURUSD",
    "side": "buy",
    "volume": "0.10",
}


class Consumer:
    """One that hands over to the account."""

    def __init__(self, intake: Intake) -> None:
        self.door = Door(closed=True)
        self.came: list[Queued] = []
        self.done = 0
        self._intake = intake
        self._states: list[QueueState] = []

    async def _handle(self, queued: Queued) -> None:
        self.came.append(queued)
        await self._intake.queued(queued.what, queued.headers, queued.payload, queued.queued_at)
        self.done += 1

    @asynccontextmanager
    async def at_work(self, bridge: Bridge, pace: Pace) -> AsyncIterator[None]:
        """From when the queue stands."""
        gates = {"opening": self.door, "closing": Door(closed=True)}
        async with trio.open_nursery() as nursery:
            told = self._states.append
            nursery.start_soon(
                partial(consume, bridge, "main", self._handle, gates=gates, told=told, pace=pace)
            )
            with trio.fail_after(20):
                while not (self._states and self._states[-1].ready):  # noqa: ASYNC110 - told by a callback
                    await trio.sleep(0.01)
            yield
            nursery.cancel_scope.cancel()


async def test_tc_d6_two_consumers_on_the_same_durable_send_once(tmp_path: Path) -> None:
    """The second gets the command while the first still works on it: the line is held by another."""

    async def publish(client: Client) -> None:
        await client.jetstream().publish("oms.v1.queue.main.submit", json.dumps(ORDER).encode())

    async def waiting(client: Client) -> int:
        return int((await client.jetstream().stream_info("OMS_QUEUE_main")).state.messages)

    options = quicker(answer_s=60, outcome_s=60)
    with nats_server(tmp_path / "nats") as server:
        async with (
            venue_runs() as venue,
            desked(venue, tmp_path, options=options) as trading,
            linked(server) as bridge,
            linked(server) as other_bridge,
            trio.open_nursery() as nursery,
        ):
            first, second = Consumer(trading.intake), Consumer(trading.intake)
            async with first.at_work(bridge, SILENT), second.at_work(other_bridge, QUICK):
                trading.fault("delay", on="answer", command=12, seconds=1)
                nursery.start_soon(partial(trading.buy, id="before"))
                await trading.held.until(lambda: len(trading.requests()) == 1)
                first.door.move(closed=False)
                await plainly(server, publish)
                await trading.held.until(lambda: bool(first.came))
                second.door.move(closed=False)
                await trading.held.until(lambda: bool(second.came))
                assert [one.redelivered for one in first.came + second.came] == [False, True]
                assert first.came[0].payload == second.came[0].payload
                assert first.done == second.done == 0
                await venue.advance(1500)
                await trading.held.until(lambda: first.done == second.done == 1)
                await trading.desk.settle()
                assert await plainly(server, waiting) == 0
        assert len(trading.requests()) == 2
        mine = [one for one in trading.held.events() if one.get("command") == ORDER["id"]]
        assert [one["status"] for one in mine if one.get("final")] == ["filled"]
        assert len([one for one in mine if "action" in one]) == 1  # one intent
        assert len([one for one in mine if "payload_hash" in one]) == 1  # one receipt
