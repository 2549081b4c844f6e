"""Queries of the books: what they show is what the story's events say."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio

from oms.domain.events import (
    AccountState,
    AliveArmed,
    AliveMissed,
    ClientState,
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandSending,
    DealBooked,
    EquityMark,
    OrderEnded,
    OrderUpdated,
    RiskLimits,
)
from oms.domain.events.command import Reason
from oms.domain.lifecycle import Order
from oms.domain.records import DealRecord
from oms.projections import Books
from oms.projections.margin_inputs import MarginInputs
from oms.queries.trades import OrderRow, order_row

from .scene import EPOCH, STORY, Account, at, bought

D = Decimal


@pytest.mark.trio
async def test_open_orders_with_what_deals_make_of_them(account: Account) -> None:
    account.record(
        OrderUpdated(
            "1010", symbol="EURUSD", type="buy_limit", state="partial", volume=D("1.00"), price=D("1.07")
        ),
        DealBooked("9", "1010", "1010", "EURUSD", "buy", "in", D("0.30"), D("1.06999"), time=at(20)),
    )
    reply = await account.ask("orders")
    (order,) = reply["orders"]
    assert {name: order[name] for name in ("order", "symbol", "type", "state", "server_state", "volume")} == {
        "order": "1010",
        "symbol": "EURUSD",
        "type": "buy_limit",
        "state": "partially_filled",
        "server_state": "partial",
        "volume": "1.00",
    }
    assert (order["filled"], order["remaining"], order["price"]) == ("0.30", "0.70", "1.07")
    assert (order["average_price"], order["deals"], order["sl"]) == ("1.06999", ["9"], None)


@pytest.mark.trio
async def test_orders_by_symbol_by_ticket_and_all(account: Account) -> None:
    async def tickets(**request: object) -> list[str]:
        return [order["order"] for order in (await account.ask("orders", request))["orders"]]

    assert await tickets(symbol="USDJPY") == []
    assert await tickets(symbol="EURUSD") == ["1010"]
    assert await tickets(order="1002") == ["1002"]  # ended
    assert await tickets(order="7") == []
    # 1003 is known by its deal alone
    assert await tickets(all=True) == ["1002", "1003", "1010"]
    assert await tickets(all=True, symbol="USDJPY") == ["1003"]


@pytest.mark.trio
async def test_what_is_not_asked_for_costs_no_row(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows cost more than all else, and the daemon's loop waits for them: 2 s for a hundred thousand."""
    made: list[str] = []

    def counted(books: Books, order: Order) -> OrderRow:
        made.append(order.order)
        return order_row(books, order)

    monkeypatch.setattr("oms.queries.trades.order_row", counted)
    found = await account.ask("orders", {"all": True, "symbol": "USDJPY"})
    assert [one["order"] for one in found["orders"]] == made == ["1003"]
    assert (await account.ask("orders", {"all": True, "symbol": "GBPUSD"}))["orders"] == []
    assert made == ["1003"]


@pytest.mark.trio
async def test_a_page_of_orders_looks_at_no_deal(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def between(*_: str) -> list[DealRecord]:
        raise AssertionError

    monkeypatch.setattr(account.books.deals, "between", between)
    account.record(OrderEnded("1011", symbol="EURUSD", type="buy_limit", state="canceled", done_at=at(30)))
    page = await account.ask("history", {"limit": 1})
    assert ([one["order"] for one in page["orders"]], page["next"]) == (["1002"], "order:1002")


@pytest.mark.trio
async def test_positions_have_the_names_of_the_contract(account: Account) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    reply = await account.ask("positions")
    assert list(reply)[:3] == ["account", "seq", "positions"]
    first, second = reply["positions"]
    assert list(first)[:5] == ["position", "ticket", "symbol", "side", "volume"]
    # 0.10 lots × 100 000 × (1.08101 - 1.08)
    assert (first["position"], first["price_current"], first["profit"]) == ("1002", 1.08101, "10.10")
    assert first["unvalued"] is None
    assert (second["swap"], second["commission"], second["sl"]) == ("-0.18", "0.00", "149")
    assert (second["profit"], second["unvalued"]) == (None, "no_price")
    assert [
        one["position"] for one in (await account.ask("positions", {"position": "1003"}))["positions"]
    ] == ["1003"]


@pytest.mark.trio
async def test_account_tells_terms_and_money(account: Account) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    account.quotes.put("USDJPY", 150.05, 150.07)
    reply = await account.ask("account")
    # 10 000 - 2 × 0.35; 10.10 + 0.20 × 100 000 × 0.05 / 150.05 = 6.66; swap -0.18
    assert (reply["balance"], reply["credit"], reply["booked"]) == ("9999.30", "0.00", True)
    assert (reply["floating"], reply["equity"]) == ("16.58", "10015.88")
    assert (reply["login"], reply["leverage"], reply["margin_mode"]) == ("1001", 100, "retail_hedging")
    assert (reply["currency"], reply["server"], reply["utc_offset"]) == ("USD", "Paper-1", 7200)
    assert (reply["link"], reply["permission"], reply["state"]) == ("ready", "active", "active")


@pytest.mark.trio
async def test_account_tells_margin_and_what_it_leaves(account: Account) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    account.quotes.put("USDJPY", 150.05, 150.07)
    reply = await account.ask("account")
    # 0.10 × 100 000 / 100 × 1.08 + 0.20 × 100 000 / 100; the limit order has a margin rate of 0
    assert (reply["margin"], reply["margin_gaps"]) == ("308.00", [])
    # 9999.30 - 308.00 + 16.58; 10 015.88 / 308.00
    assert (reply["margin_free"], reply["margin_level"]) == ("9707.88", "3251.90909091")


@pytest.mark.trio
async def test_without_a_quote_or_a_rate_margin_says_what_is_missing(account: Account) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    reply = await account.ask("account")
    assert (reply["margin"], reply["margin_free"], reply["margin_level"]) == ("308.00", None, None)
    assert reply["margin_gaps"] == ["unvalued 1003"]
    account.margins = MarginInputs(rules=(), positions={"1003": 1.0})
    reply = await account.ask("account")
    assert (reply["margin"], reply["margin_free"]) == (None, None)
    assert reply["margin_gaps"] == ["no_margin_rate 1002", "unvalued 1003"]
    reply = await account.ask("account", {"as_of": 12})
    assert (reply["margin"], reply["margin_free"], reply["margin_gaps"]) == (None, None, ["as_of"])


@pytest.mark.trio
async def test_an_account_that_was_never_seen_tells_what_it_does_not_know(tmp_path: Path) -> None:
    account = Account(tmp_path, [])
    reply = await account.ask("account")
    assert (reply["seq"], reply["currency"], reply["leverage"], reply["equity"]) == (1, None, None, None)
    assert (reply["margin"], reply["margin_gaps"]) == (None, ["no_account"])
    assert (reply["balance"], reply["booked"]) == ("0.00", False)
    account.journal.close()


@pytest.mark.trio
async def test_pnl_lists_what_has_no_value(account: Account) -> None:
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    reply = await account.ask("pnl")
    assert reply["floating"] == {
        "profit": "10.10",
        "swap": "-0.18",
        "total": "9.92",
        "incomplete": True,
        "unvalued": [{"position": "1003", "symbol": "USDJPY", "reason": "no_price"}],
        "unvalued_count": 1,
    }
    assert reply["realised"] == {
        "trades": 2,
        "gross": "0.00",
        "commission": "-0.70",
        "swap": "0.00",
        "fee": "0.00",
        "net": "-0.70",
    }
    assert reply["accrued"] == {"swap": "-0.18", "commission": "0.00"}
    assert (await account.ask("account"))["equity"] is None


@pytest.mark.trio
async def test_pnl_tells_the_rates_it_used(account: Account) -> None:
    account.quotes.put("USDJPY", 150.05, 150.07, time=1_795_262_399_500)
    (_, yen) = (await account.ask("pnl"))["positions"]
    assert yen["conversion"]["rate"] == pytest.approx(1 / 150.05)
    assert yen["conversion"]["legs"] == [
        {"pair": "USDJPY", "side": "bid", "price": 150.05, "inverse": True, "time": 1_795_262_399_500}
    ]


@pytest.mark.trio
async def test_a_quote_older_than_five_minutes_converts_nothing(account: Account) -> None:
    noon_ms = 1_795_262_400_000  # by the server
    for late, reason in ((298_000, None), (299_000, "no_rate")):  # asked 1.5 s after noon
        account.quotes.put("USDJPY", 150.05, 150.07, time=noon_ms - late)
        (_, yen) = (await account.ask("pnl"))["positions"]
        assert (yen["unvalued"], yen["price_current"]) == (reason, 150.05)
    account.quotes.put("USDJPY", 150.05, 150.07, received=-200.0)  # 301 s ago
    (_, yen) = (await account.ask("pnl"))["positions"]
    assert yen["unvalued"] == "no_rate"


@pytest.mark.trio
async def test_history_is_what_ended_in_the_window(account: Account) -> None:
    account.record(
        OrderEnded("1004", symbol="USDJPY", type="buy", state="canceled", volume=D("1.00"), done_at=at(9))
    )

    async def tickets(**window: str) -> tuple[list[str], list[str]]:
        reply = await account.ask("history", window)
        return [one["order"] for one in reply["orders"]], [one["deal"] for one in reply["deals"]]

    assert await tickets() == (["1002", "1004"], ["1", "2", "3"])
    assert await tickets(**{"from": "2026-11-21 12:00:02"}) == (["1004"], ["3"])
    assert await tickets(to="2026-11-21 12:00:02") == (["1002"], ["1", "2"])
    # the same moment in UTC, the server is two hours ahead
    assert await tickets(to="2026-11-21T10:00:02Z") == (["1002"], ["1", "2"])
    assert await tickets(to="2026-11-21T11:00:02.000+01:00") == (["1002"], ["1", "2"])
    assert await tickets(symbol="USDJPY") == (["1004"], ["3"])


@pytest.mark.trio
async def test_deals_show_exact_numbers_as_text(account: Account) -> None:
    reply = await account.ask("deals", {"symbol": "USDJPY"})
    (deal,) = reply["deals"]
    assert {name: deal[name] for name in ("deal", "order", "position", "volume", "price", "commission")} == {
        "deal": "3",
        "order": "1003",
        "position": "1003",
        "volume": "0.20",
        "price": "150.00",
        "commission": "-0.35",
    }


@pytest.mark.trio
async def test_small_numbers_have_no_exponent(account: Account) -> None:
    account.record(bought(4, "EURUSD", "0.00000001", "1.08", 30))
    reply = await account.ask("deals", {"after": "3"})
    assert reply["deals"][0]["volume"] == "0.00000001"


@pytest.mark.trio
async def test_commands_by_identity_and_status(account: Account) -> None:
    account.record(
        CommandReceived("a", "desk", "submit"),
        CommandReceived("b", "desk", "submit"),
        CommandReceived("a", "bot", "close"),
        CommandDenied("b", "desk", (Reason("volume_off_step", field="volume"),)),
        CommandOutcome("a", "bot", "filled", True, filled=D("0.10"), deals=("2045",)),
    )

    async def found(**request: object) -> list[tuple[str, str, str, bool]]:
        reply = await account.ask("commands", request)
        return [(one["client"], one["command"], one["status"], one["final"]) for one in reply["commands"]]

    desk_a, desk_b = ("desk", "a", "received", False), ("desk", "b", "denied", True)
    assert await found() == [desk_a, desk_b, ("bot", "a", "filled", True)]
    assert await found(client="desk") == [desk_a, desk_b]
    assert await found(client="desk", command="b") == [desk_b]
    assert await found(final=False) == [desk_a]
    first = await account.ask("commands", {"limit": 2})
    assert first["next"] == "desk/b"
    rest = await account.ask("commands", {"limit": 2, "after": "desk/b"})
    assert ([one["client"] for one in rest["commands"]], rest["next"]) == (["bot"], None)
    assert (await account.ask("commands", {"command": "b"}))["commands"][0]["reasons"][0]["code"] == (
        "volume_off_step"
    )


@pytest.mark.trio
@pytest.mark.parametrize(
    ("link", "permission", "state"),
    [
        ("ready", "active", "active"),
        ("ready", "reducing", "reducing"),
        ("reconciling", "active", "reconciling"),
        ("reconciling", "halted", "halted"),
        ("reconciling", "difference", "reconciling"),
        ("connecting", "halted", "connecting"),
        ("refused", "active", "refused"),
        ("reconciling", "unheard_of", "unheard_of"),
    ],
)
async def test_state_is_the_narrower_of_link_and_permission(
    account: Account, link: str, permission: str, state: str
) -> None:
    account.standing = AccountState(link, permission, "because")
    reply = await account.ask("state")
    assert (reply["link"], reply["permission"], reply["state"]) == (link, permission, state)
    assert reply["reason"] == "because"
    assert (await account.ask("orders"))["stale"] == (link != "ready")
    assert (await account.ask("sessions"))["state"] == state


@pytest.mark.trio
async def test_state_proves_the_books(account: Account) -> None:
    reply = await account.ask("state")
    assert (reply["seq"], reply["epoch"]) == (12, EPOCH)
    assert (reply["head"], reply["state_hash"]) == (account.journal.head.hex(), account.books.state_hash())
    assert (await account.ask("state", {"state_hash": False}))["state_hash"] is None


@pytest.mark.trio
async def test_risk_without_limits(account: Account) -> None:
    account.standing = AccountState("ready", "reducing")
    found = await account.ask("risk")
    assert (found["permission"], found["limits"], found["version"], found["clients"]) == (
        "reducing",
        {},
        0,
        {},
    )
    assert (found["alive_within"], found["silent"], found["day_start"], found["peak"]) == (
        None,
        False,
        None,
        None,
    )


@pytest.mark.trio
async def test_risk_shows_limits_clients_marks_usage(account: Account) -> None:
    before = await account.ask("risk")
    for event in (
        RiskLimits({"max_volume_per_order": "5.00"}, "anna", {"desk": {"sides": ("buy",)}}),
        ClientState("other", "halted", "operator"),
        AliveArmed("desk", Decimal(30)),
        AliveMissed("desk", Decimal(30), "cancel"),
        EquityMark("peak", Decimal(100), Decimal(0), equity=Decimal("123.40"), at="2026-11-21T10:00:00Z"),
    ):
        account.books.fold(event)
    found = await account.ask("risk")
    assert (found["limits"], found["version"], found["by"]) == ({"max_volume_per_order": "5.00"}, 1, "anna")
    assert found["clients"] == {
        "desk": {
            "permission": "active",
            "reason": "",
            "limits": {"sides": ["buy"]},
            "alive_within": "30",
            "silent": True,
        },
        "other": {
            "permission": "halted",
            "reason": "operator",
            "limits": {},
            "alive_within": None,
            "silent": False,
        },
    }
    assert found["peak"] == "123.40"
    held = list(account.books.positions)
    lots = sum((one.volume for one in held), Decimal(0))
    assert Decimal(before["usage"]["max_gross_exposure"]) >= lots > 0
    assert before["usage"]["max_positions"] >= len(held)
    account.books.fold(CommandReceived("7f3c", "desk", "submit", symbol="EURUSD"))
    sending = CommandSending(
        action="pending",
        symbol="EURUSD",
        type="buy_limit",
        volume=D("0.10"),
        command="7f3c",
        client="desk",
        action_id=1,
    )
    account.books.fold(sending)
    after = (await account.ask("risk"))["usage"]
    for count in ("max_orders", "max_positions"):  # it may be there by now
        assert after[count] == before["usage"][count] + 1


@pytest.mark.trio
async def test_a_reader_waits_for_what_it_wrote(account: Account) -> None:
    async def write() -> None:
        account.record(DealBooked("4", type="balance", profit=D("1.00"), time=at(30)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        reply = await account.ask("account", {"min_seq": 13})
    assert (reply["seq"], reply["balance"]) == (13, "10000.30")


@pytest.mark.trio
async def test_five_seconds_are_waited_for_a_seq_and_no_more(
    account: Account, autojump_clock: trio.testing.MockClock
) -> None:
    began = trio.current_time()
    assert await account.refused("account", {"min_seq": 13}) == (409, "behind", "min_seq")
    assert trio.current_time() - began == 5


def test_the_story_is_as_long_as_the_tests_say() -> None:
    assert len(STORY) + 1 == 12
