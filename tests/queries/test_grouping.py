"""Open positions by symbol and by client: lots of both sides, average prices, money with its gaps."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms.domain.events import AccountChanged, CommandOutcome, CommandReceived, Event, PositionAdopted

from .scene import Account, at, bought

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


def traded(ticket: int, side: str, volume: str, entry: str, second: int, **more: Any) -> Event:
    """A fill of the netting position 1011."""
    return bought(ticket, "EURUSD", volume, "1.1", second, type=side, entry=entry, position="1011", **more)


# Of a position that desk opens, grid adds to, both reduce, a stop and a phone too.
SHARED: tuple[Event, ...] = (
    AccountChanged(currency="USD", digits=2, margin_mode="retail_netting"),
    *ours("desk", "a", "1011"),
    *ours("grid", "a", "1012"),
    *ours("desk", "b", "1013"),
    traded(11, "buy", "0.10", "in", 1),
    traded(12, "buy", "0.30", "in", 2),
    traded(13, "sell", "0.15", "out", 3, profit=D("7.00")),
    traded(14, "sell", "0.05", "out", 4, reason="sl", profit=D("-3.00")),
    traded(15, "sell", "0.02", "out", 5, reason="mobile", profit=D("1.00")),
)


async def test_each_client_has_the_share_of_a_netting_position_that_its_deals_left(tmp_path: Path) -> None:
    account = Account(tmp_path, SHARED)
    (row,) = (await account.ask("positions"))["positions"]
    assert (row["volume"], row["client"]) == ("0.18", "desk")
    # desk bought 0.10, sold 0.15, and its stop 0.05; the phone sold 0.02
    assert row["shares"] == [
        {"client": None, "net": "-0.02"},
        {"client": "desk", "net": "-0.10"},
        {"client": "grid", "net": "0.30"},
    ]
    clients = (await account.ask("pnl"))["clients"]
    assert [(one["client"], one["positions"], one["net"], one["share"]) for one in clients] == [
        *((None, 0, "0.00", "-0.02"), ("desk", 1, "0.18", "-0.10"), ("grid", 0, "0.00", "0.30")),
    ]
    account.journal.close()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # flat, and opened again: what was before is over
        ((traded(16, "sell", "0.18", "out", 6), traded(17, "sell", "0.40", "in", 7, order="1012")),
         [("grid", "-0.40")]),
        # reversed by grid: the rest is its own
        ((traded(16, "sell", "0.50", "inout", 6, order="1012"),), [("grid", "-0.32")]),
        # taken over as it stands, then added to: what was there is nobody's
        ((PositionAdopted("1011", "1011", "EURUSD", "buy", D("1.00"), D("1.1"), updated_at=at(6)),
          traded(17, "buy", "0.20", "in", 7, order="1012")), [(None, "1.00"), ("grid", "0.20")]),
    ],
)  # fmt: skip
async def test_shares_begin_with_what_opened_the_position(
    tmp_path: Path, events: tuple[Event, ...], expected: list[tuple[str | None, str]]
) -> None:
    account = Account(tmp_path, (*SHARED, *events))
    (row,) = (await account.ask("positions"))["positions"]
    assert [(one["client"], one["net"]) for one in row["shares"]] == expected
    account.journal.close()


async def test_a_statement_by_client_is_its_trading(tmp_path: Path) -> None:
    account = Account(tmp_path, SHARED)
    asked = {"from": at(0)[:10], "to": at(0)[:10]}
    assert (await account.ask("statement", asked))["clients"] is None
    reply = await account.ask("statement", asked | {"clients": True})
    rows = [
        (one["client"], one["deals"], one["volume"], one["profit"], one["net"]) for one in reply["clients"]
    ]
    assert rows == [
        *((None, 1, "0.02", "1.00", "0.65"), ("desk", 3, "0.30", "4.00", "2.95")),
        ("grid", 1, "0.30", "0.00", "-0.35"),
    ]
    assert sum(D(one["net"]) for one in reply["clients"]) == D(reply["trading"]["net"]) == D("3.25")
    account.journal.close()
