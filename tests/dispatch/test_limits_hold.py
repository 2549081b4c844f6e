"""Whatever is commanded, lost, filled, restarted: the venue never has more than the limits allow.

The reference is the venue's own truth, counted here.
"""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio

from oms.dispatch.options import Pace
from oms.domain.limits import AccountLimits, read_limits
from tests.dispatch.desked import D, Desked, desked, quicker
from tests.paper.running import HEDGE, NET, Running
from tests.paper.running import running as venue_runs

pytestmark = [pytest.mark.trio, pytest.mark.slow]
LIMITS = {
    "max_volume_per_order": "0.30",
    "max_volume_per_symbol": "0.60",
    "max_gross_exposure": "0.80",
    "max_net_exposure": "0.50",
    "max_orders": 4,
    "max_positions": 6,
}
OWN = {"max_volume_per_symbol": "0.40"}  # of the client desk
OPTIONS = quicker(answer_s=0.2, outcome_s=0.3, pace=Pace(spacing_s=0.05, last_s=0.3, accepted_s=0.3))
LOTS = 10**8
# Requests that never arrive, answers that do not come, results and records that come late.
FAULTS: tuple[tuple[tuple[str, dict[str, Any]], ...], ...] = (
    (("lose", {"on": "request", "command": 12}),),
    (("lose", {"on": "answer", "command": 12}),),
    tuple(("delay", {"on": "push", "command": command, "seconds": 0.2}) for command in (10, 19)),
)


class Truth:
    """What the venue has, in lots."""

    def __init__(self, venue: Running, login: int) -> None:
        whole = venue.control("truth")
        positions = [one for one in whole["positions"] if one["login"] == login]
        orders = [one for one in whole["orders"] if one["login"] == login and one["open"]]
        held = {
            side: _lots(one["trade_volume"] for one in positions if one["trade_action"] == side)
            for side in (0, 1)
        }
        waits = {
            side: _lots(one["volume_current"] for one in orders if one["order_type"] % 2 == side)
            for side in (0, 1)
        }
        self.orders = len(orders)
        if login == NET:
            net = held[0] - held[1]
            # What is held on the other side may be closed before what waits is filled.
            self.sides = [max(D(0), net) + waits[0], max(D(0), -net) + waits[1]]
            self.gross = max(self.sides)
            self.positions = len({one["trade_symbol"] for one in [*positions, *orders]})
        else:
            self.sides = [held[side] + waits[side] for side in (0, 1)]
            self.gross = sum(self.sides, D(0))
            self.positions = len(positions) + len(orders)

    def check(self, limits: AccountLimits) -> None:
        """Nothing is beyond a limit; but the net exposure, which a close may raise, and is not denied for."""
        for figure, limit in (
            (max(self.sides), limits.max_volume_per_symbol),
            (self.gross, limits.max_gross_exposure),
            (Decimal(self.orders), limits.max_orders),
            (Decimal(self.positions), limits.max_positions),
        ):
            assert limit is not None
            assert figure <= limit


def _lots(volumes: Any) -> Decimal:
    return sum((D(one) / LOTS for one in volumes), D(0))


async def step(trading: Desked, chance: Random, number: int) -> dict[str, Any]:
    """One command of somebody, what he wants at random."""
    fields: dict[str, Any] = {"id": str(number), "wait": 1, "client": chance.choice(("desk", "other"))}
    books = trading.held.books
    positions = [one.position for one in books.positions]
    orders = [one.order for one in books.orders.open()]
    if chance.random() < 0.12:
        for do, more in chance.choice(FAULTS):
            trading.fault(do, **more)
    what = chance.random()
    if what < 0.15 and positions:
        return await trading.ask("close", position=chance.choice(positions), **fields)
    if what < 0.25 and orders:
        return await trading.ask("cancel", order=chance.choice(orders), **fields)
    order: dict[str, Any] = {
        "symbol": "EURUSD",
        "side": chance.choice(("buy", "sell")),
        "volume": f"0.{chance.randint(1, 35):02}",
    }
    if what < 0.55:
        price = "1.09000" if order["side"] == "buy" else "1.11000"
        return await trading.ask("submit", type="limit", price=price, **order, **fields)
    return await trading.ask("submit", **order, **fields)


async def act(trading: Desked, chance: Random, number: int, told: Counter[str]) -> None:
    found = await step(trading, chance, number)
    told.update([found["status"], *(one["code"] for one in found["reasons"])])


@pytest.mark.parametrize("login", [HEDGE, NET])
@pytest.mark.parametrize("seed", range(1))
async def test_no_sequence_gets_past_a_limit(tmp_path: Path, login: int, seed: int) -> None:
    chance, told = Random(seed), Counter[str]()
    limits = read_limits(AccountLimits, LIMITS)
    async with venue_runs() as venue:
        number = 0
        for _ in range(3):  # daemons, one after the other
            async with desked(venue, tmp_path, login=login, options=OPTIONS, seed=seed) as trading:
                assert (await trading.operate("limits", **LIMITS))["status"] == "done"
                assert (await trading.operate("limits", client="desk", **OWN))["status"] == "done"
                for _ in range(12):
                    async with trio.open_nursery() as nursery:
                        for _ in range(4):
                            number += 1
                            nursery.start_soon(act, trading, chance, number, told)
                    Truth(venue, login).check(limits)
                if chance.random() < 0.5:  # the market comes to what waits, the one way or the other
                    venue.quote(*chance.choice(((1.0899, 1.0900), (1.1100, 1.1101))))
                    Truth(venue, login).check(limits)
                    venue.quote(1.1, 1.1001)
        Truth(venue, login).check(limits)
    assert told["filled"] > 0
    assert told["working"]
    assert told["denied"] > 5
    assert {"risk_symbol_volume", "risk_order_volume"} <= told.keys()
