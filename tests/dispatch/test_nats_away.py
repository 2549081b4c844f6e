"""NATS that goes away between a command's receipt and its decision (docs/design.md 9)."""

import json
from pathlib import Path
from typing import Any

import pytest

from oms.dispatch.intake import Later
from tests.dispatch.desked import Desked, desked
from tests.paper.running import running as venue_runs

pytestmark = [pytest.mark.trio, pytest.mark.slow]
QUEUED_AT = "2024-05-15T07:00:00.000000000Z"
ORDER = {
    "id": "7f3c",
    "symbol": "EURUSD",
    "side": "buy",
    "volume": "0.10",
    "deadline": "2024-05-15T08:00:00Z",
}


async def queued(trading: Desked) -> dict[str, Any]:
    """What became of the durable order; raises Later."""
    pending = await trading.intake.queued("submit", {}, json.dumps(ORDER).encode(), QUEUED_AT)
    await trading.desk.outcome(pending, 5)
    found = trading.desk.command(pending)
    assert found is not None
    return {"status": found.status, "codes": [one.code for one in found.reasons]}


async def test_a_durable_order_is_put_off_and_its_id_stays_free(tmp_path: Path) -> None:
    """It was in hand when NATS went: that only delays it."""
    away = [True]
    async with venue_runs() as venue, desked(venue, tmp_path, nats_away=lambda: away[0]) as trading:
        with pytest.raises(Later, match="nats_away"):
            await queued(trading)
        assert trading.types() == []
        away[0] = False
        assert await queued(trading) == {"status": "filled", "codes": []}
        assert len(trading.requests()) == 1


async def test_a_durable_order_that_has_another_fault_too_is_denied(tmp_path: Path) -> None:
    async with venue_runs() as venue, desked(venue, tmp_path, nats_away=lambda: True) as trading:
        await trading.held.account.standing.halt("operator")
        found = await queued(trading)
        assert (found["status"], found["codes"]) == ("denied", ["halted", "nats_away"])


async def test_a_plain_order_is_denied_for_good(tmp_path: Path) -> None:
    away = [True]
    async with venue_runs() as venue, desked(venue, tmp_path, nats_away=lambda: away[0]) as trading:
        denied = await trading.buy(id="7f3c")
        assert [one["code"] for one in denied["reasons"]] == ["nats_away"]
        away[0] = False
        assert await trading.buy(id="7f3c") == denied
        assert trading.requests() == []
