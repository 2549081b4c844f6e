"""Open positions by symbol and by client: lots of both sides, average prices, money with its gaps."""

from decimal import Decimal
from typing import Any

import pytest

from oms.domain.events import CommandOutcome, CommandReceived, Event

from .scene import Account, bought

pytestmark = pytest.mark.trio

D = Decimal


def ours(client: str, command: str, order: str) -> tuple[Event, ...]:
    """A command that made an order."""
    return (
        CommandReceived(command, client, "submit", symbol="EURUSD"),
        CommandOutcome(command, client, "filled", True, order=order),
    )


# Beside the story's 0.10 EURUSD @ 1.08 (1002) and 0.20 USDJPY (1003): 0.30 @ 1.0804 more, 0.15 @ 1.0830 sold.
MORE: tuple[Event, ...] = (
    bought(4, "EURUSD", "0.30", "1.0804", 5),
    bought(5, "EURUSD", "0.15", "1.0830", 6, type="sell"),
    *ours("desk", "a", "1002"),
    *ours("desk", "b", "1005"),
    *ours("grid", "a", "1004"),
)


async def asked(account: Account) -> dict[str, Any]:
    account.record(*MORE)
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    return await account.ask("pnl")


async def test_by_symbol(account: Account) -> None:
    euro, yen = (await asked(account))["symbols"]
    # (0.10 × 1.08 + 0.30 × 1.0804) / 0.40; 10.10 + 0.30 × 61 points + 0.15 × 197 points
    assert euro == {
        "symbol": "EURUSD", "positions": 3, "long": "0.40", "short": "0.15", "net": "0.25",
        "long_price": "1.0803", "short_price": "1.0830", "profit": "57.95", "swap": "0.00",
        "total": "57.95", "incomplete": False,
    }  # fmt: skip
    assert (yen["symbol"], yen["net"], yen["profit"], yen["swap"], yen["incomplete"]) == (
        *("USDJPY", "0.20", "0.00", "-0.18", True),
    )
    assert (yen["long_price"], yen["short_price"]) == ("150.00", None)


async def test_by_client_whose_command_made_the_opening_order(account: Account) -> None:
    nobody, desk, grid = (await asked(account))["clients"]
    assert [(one["client"], one["positions"], one["net"], one["profit"]) for one in (desk, grid)] == [
        *(("desk", 2, "-0.05", "39.65"), ("grid", 1, "0.30", "18.30")),
    ]
    assert (nobody["client"], nobody["positions"], nobody["incomplete"]) == (None, 1, True)


async def test_positions_say_whose_they_are_and_can_be_asked_for_by_client(account: Account) -> None:
    await asked(account)
    rows = (await account.ask("positions"))["positions"]
    assert [(row["position"], row["client"], row["command"]) for row in rows] == [
        *(("1002", "desk", "a"), ("1003", None, None), ("1004", "grid", "a"), ("1005", "desk", "b")),
    ]
    mine = (await account.ask("positions", {"client": "desk"}))["positions"]
    assert [row["position"] for row in mine] == ["1002", "1005"]
    assert (await account.ask("positions", {"client": "nobody"}))["positions"] == []
