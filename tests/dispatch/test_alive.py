"""Dead-man's switches that meet halts, restarts, other settings and a client who comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.dispatch.alive import Alive, Missed
from tests.dispatch.desked import Desked, desked
from tests.paper.running import Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]


@asynccontextmanager
async def watching(trading: Desked, missed: Missed = "reduce") -> AsyncIterator[None]:
    trading.alive = Alive(trading.desk, missed)
    trading.operators._switches = {"main": trading.alive}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trading.alive.run)
        yield
        nursery.cancel_scope.cancel()


async def waits(trading: Desked, client: str, price: str) -> str:
    """The ticket of a pending order of the client's."""
    found = await trading.buy(type="limit", price=price, client=client)
    assert found["status"] == "working"
    return str(found["order"])


def state(trading: Desked, order: str) -> str:
    found = trading.held.books.orders.get(order)
    return found.state if found else ""


async def silent(trading: Desked, client: str) -> None:
    """Until it was watched for a second, and missed."""
    await trading.operate("alive", client=client, within="0.5")
    await trading.held.until(lambda: client in trading.held.books.risk.missed)


async def cleared(trading: Desked, client: str) -> None:
    """Until nothing of a silent client is left: whatever the switch does by then, it has done."""
    order = await waits(trading, client, "1.06000")
    await silent(trading, client)
    await trading.held.until(lambda: client not in trading.held.books.risk.clearing)
    assert state(trading, order) == "canceled"


def by_switch(trading: Desked) -> list[dict[str, Any]]:
    return [one for one in trading.held.events("command.received") if one["client"] == "alive"]


async def test_what_cannot_be_canceled_now_is_canceled_as_soon_as_it_can(
    running: Running, tmp_path: Path
) -> None:
    """However long that takes, and over a restart; meanwhile nothing is tried in vain."""
    async with desked(running, tmp_path) as trading, watching(trading):
        order = await waits(trading, "desk", "1.07000")
        await trading.operate("halt")
        await silent(trading, "desk")
        await trio.sleep(1.5)
        assert by_switch(trading) == []
    async with desked(running, tmp_path) as again, watching(again):
        await again.operate("resume")
        await again.held.until(lambda: state(again, order) == "canceled")
        await again.held.until(lambda: again.held.events("alive.cleared") == [{"client": "desk"}])


async def test_what_he_orders_later_is_left_alone(running: Running, tmp_path: Path) -> None:
    """Who was silent is not watched: neither a restart nor another's silence is about his new orders."""
    async with desked(running, tmp_path) as trading, watching(trading):
        await cleared(trading, "desk")
        order = await waits(trading, "desk", "1.07000")
    async with desked(running, tmp_path) as again, watching(again):
        await cleared(again, "other")
        assert state(again, order) == "working"


async def test_who_is_there_again_keeps_what_is_left(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading, watching(trading):
        order = await waits(trading, "desk", "1.07000")
        await trading.operate("halt")
        await silent(trading, "desk")
        await trading.operate("alive", client="desk", within="30")
        await trading.operate("resume")
        await cleared(trading, "other")
        assert state(trading, order) == "working"
        assert len(by_switch(trading)) == 1


async def test_other_settings_hold_from_the_start_and_a_word_until_then(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path) as trading:
        alive, armed = trading.alive, trading.held.books.risk.armed
        steps: list[tuple[dict[str, Decimal | None], dict[str, Decimal]]] = [
            ({"": Decimal(30), "desk": Decimal(5)}, {"": Decimal(30), "desk": Decimal(5)}),
            ({"": Decimal(10), "desk": None}, {"": Decimal(10)}),
            ({"": Decimal(10)}, {"": Decimal(60)}),  # behind the operator's word
            ({"": Decimal(20)}, {"": Decimal(20)}),
            ({}, {}),
        ]
        for within, wanted in steps:
            await alive.configure(within)
            assert trading.held.books.risk.armed == wanted
            if wanted == {"": Decimal(10)}:
                await trading.operate("alive", within=60, by="config")
                assert armed == {"": Decimal(60)}
        assert [one["by"] for one in trading.held.events("alive.armed")].count("operator") == 1


async def test_a_silent_operator_may_mean_panic(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading, watching(trading, "panic"):
        assert (await trading.buy())["status"] == "filled"
        await waits(trading, "desk", "1.07000")
        standing, books = trading.held.account.standing, trading.held.books
        await trading.operate("alive", within="0.5")
        await trading.held.until(lambda: (standing.permission, standing.reason) == ("halted", "panic"))
        assert [*books.positions, *books.orders.open()] == []
        assert [one["action"] for one in trading.held.events("alive.missed")] == ["panic"]
