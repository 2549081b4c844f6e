"""Statements by day and for a period: opening, paid in and out, trading by kind and symbol, closing."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms.domain.events import AccountChanged, DealBooked, DealRemoved, Event, LedgerCorrected, LedgerOpened
from oms.queries import Moment

from .scene import NOON, Account

pytestmark = pytest.mark.trio

D = Decimal
TERMS = AccountChanged(currency="USD", digits=2, margin_mode="retail_netting", utc_offset=7200)


def booked(ticket: int, kind: str, time: str, symbol: str = "", **money: str) -> DealBooked:
    amounts: dict[str, Any] = {name: D(value) for name, value in money.items()}
    if kind in ("buy", "sell"):
        amounts |= {"entry": "in", "volume": D("0.10"), "price": D("1.1")}
    return DealBooked(str(ticket), symbol=symbol, type=kind, time=time, **amounts)


# Three days around the night of 2026-03-29, in which the server's summer time begins.
STORY: tuple[Event, ...] = (
    TERMS,
    LedgerOpened(D("100.00"), D("0.00")),
    booked(1, "balance", "2026-03-27T08:00:00.000+02:00", profit="1000.00"),
    booked(2, "buy", "2026-03-27T23:59:59.999+02:00", "EURUSD", commission="-0.35"),
    booked(3, "sell", "2026-03-30T00:00:00.000+03:00", "EURUSD", profit="12.00", commission="-0.35",
           swap="-0.18"),
    booked(4, "sell", "2026-03-30T09:00:00.000+03:00", "XAUUSD", profit="-4.00", fee="-0.05"),
    booked(5, "balance", "2026-03-30T10:00:00.000+03:00", profit="-300.00"),
    booked(6, "bonus", "2026-03-31T10:00:00.000+03:00", profit="50.00"),
    booked(7, "tax", "2026-03-31T11:00:00.000+03:00", profit="-1.20"),
    LedgerCorrected(D("0.02"), D("0.00"), "broker mail", at="2026-03-31T12:00:00.000+03:00"),
)  # fmt: skip


def money(row: dict[str, Any]) -> tuple[str, str]:
    return row["balance"], row["credit"]


async def test_a_period_by_days(tmp_path: Path) -> None:
    account = Account(tmp_path, STORY)
    reply = await account.ask("statement", {"from": "2026-03-27", "to": "2026-03-31"})
    assert (money(reply["opening"]), money(reply["closing"])) == (("100.00", "0.00"), ("805.89", "50.00"))
    assert (reply["paid_in"], reply["paid_out"]) == ("1000.00", "-300.00")
    trading = {
        name: reply["trading"][name] for name in ("deals", "volume", "profit", "net", "gained", "lost")
    }
    # 11.47 of deal 3; -0.35 of deal 2, -4.05 of deal 4
    assert trading == {
        "deals": 3, "volume": "0.30", "profit": "8.00", "net": "7.07", "gained": "11.47", "lost": "-4.40"
    }  # fmt: skip
    assert (reply["trading"]["commission"], reply["trading"]["swap"], reply["trading"]["fee"]) == (
        *("-0.70", "-0.18", "-0.05"),
    )
    assert (money(reply["other"]), money(reply["corrected"])) == (("-1.20", "50.00"), ("0.02", "0.00"))
    assert [(row["day"], money(row["opening"]), money(row["closing"])) for row in reply["days"]] == [
        ("2026-03-27", ("100.00", "0.00"), ("1099.65", "0.00")),
        ("2026-03-30", ("1099.65", "0.00"), ("807.07", "0.00")),
        ("2026-03-31", ("807.07", "0.00"), ("805.89", "50.00")),
    ]
    assert [row["type"] for row in reply["kinds"]] == ["balance", "bonus", "buy", "sell", "tax"]
    assert [(row["symbol"], row["net"]) for row in reply["symbols"]] == [
        *(("", "748.80"), ("EURUSD", "11.12"), ("XAUUSD", "-4.05")),
    ]
    account.journal.close()


async def test_one_day_of_it(tmp_path: Path) -> None:
    account = Account(tmp_path, STORY)
    reply = await account.ask("statement", {"from": "2026-03-30", "to": "2026-03-30"})
    assert (money(reply["opening"]), money(reply["closing"])) == (("1099.65", "0.00"), ("807.07", "0.00"))
    assert [(row["type"], row["deals"], row["net"]) for row in reply["kinds"]] == [
        *(("balance", 1, "-300.00"), ("sell", 2, "7.42")),
    ]
    empty = await account.ask("statement", {"from": "2026-03-28", "to": "2026-03-29"})
    assert (money(empty["opening"]), money(empty["closing"]), empty["days"]) == (
        *(("1099.65", "0.00"), ("1099.65", "0.00"), []),
    )
    account.journal.close()


async def test_today_is_the_servers_day(tmp_path: Path) -> None:
    """Noon by the server on 2026-11-21; before and after it its midnight, two hours from UTC's."""
    account = Account(tmp_path, STORY)
    reply = await account.ask("statement")
    assert (reply["from"], reply["to"]) == ("2026-11-21", "2026-11-21")
    assert money(reply["opening"]) == money(reply["closing"]) == ("805.89", "50.00")
    account.now = Moment(NOON + 12 * 3600 - 1, 101.0)
    assert (await account.ask("statement"))["to"] == "2026-11-21"
    account.now = Moment(NOON + 12 * 3600, 101.0)
    assert (await account.ask("statement"))["to"] == "2026-11-22"
    assert (await account.ask("statement", {"from": "2027-01-01"}))["to"] == "2027-01-01"
    account.journal.close()


async def test_a_deal_taken_back_changes_the_statement_of_its_day_and_as_of_shows_it_as_it_was(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path, STORY)
    asked = {"from": "2026-03-30", "to": "2026-03-30"}
    before = await account.ask("statement", asked)
    fee = STORY[5]
    assert isinstance(fee, DealBooked)
    account.record(DealRemoved(fee))
    after = await account.ask("statement", asked)
    assert (money(after["opening"]), money(after["closing"])) == (("1099.65", "0.00"), ("811.12", "0.00"))
    then = await account.ask("statement", asked | {"as_of": before["seq"]})
    assert then == before
    account.journal.close()


async def test_as_of_shows_the_day_of_then(tmp_path: Path) -> None:
    account = Account(tmp_path, STORY)
    reply = await account.ask("statement", {"as_of": 7})  # opened, and six of the story
    assert (reply["from"], reply["to"], reply["trading"]["deals"]) == ("2026-03-30", "2026-03-30", 2)
    assert money(reply["closing"]) == ("1107.07", "0.00")
    nothing = await account.ask("statement", {"as_of": 2})
    assert (nothing["to"], nothing["closing"]["balance"]) == ("2026-11-21", "0.00")
    account.journal.close()


async def test_pages_of_days_go_on_and_the_sums_are_those_of_the_period(tmp_path: Path) -> None:
    account = Account(tmp_path, STORY)
    asked = {"from": "2026-03-01", "to": "2026-03-31", "limit": 2}
    first = await account.ask("statement", asked)
    second = await account.ask("statement", asked | {"after": first["next"]})
    assert [row["day"] for row in (*first["days"], *second["days"])] == [
        *("2026-03-27", "2026-03-30", "2026-03-31"),
    ]
    assert (first["next"], second["next"]) == ("2026-03-30", None)
    assert first["closing"] == second["closing"] == second["days"][-1]["closing"]
    assert second["days"][0]["opening"] == first["days"][-1]["closing"]
    account.journal.close()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"to": "20260330"}, "to"),
        ({"to": "2026-03-30 00:00:00"}, "to"),
        ({"from": "2026-03-30", "to": "2026-03-29"}, "to"),
    ],
)
async def test_what_is_no_day_or_no_period_is_refused(
    tmp_path: Path, asked: dict[str, str], field: str
) -> None:
    account = Account(tmp_path, STORY)
    assert await account.refused("statement", asked) == (400, "bad_request", field)
    account.journal.close()
