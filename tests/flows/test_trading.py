"""Every kind of trade by request-reply, in both kinds of account and in each of the four execution modes.

After each command the venue has received what docs/protocol.md 6.5 demands and nothing else, the books are
the venue's own truth, the outcome and the events say what was done, and what came of it names its cause.
"""

import json
import subprocess

import pytest

from tests.flows import wire_sheet as wire
from tests.flows.desk import Desk
from tests.flows.system import HEDGE, NET, OMS, System
from tests.flows.trader import Line, Trader
from tests.flows.wire_sheet import SYMBOLS

pytestmark = pytest.mark.slow

everywhere = pytest.mark.parametrize(
    ("account", "symbol"), [(account, symbol) for account in (HEDGE, NET) for symbol in SYMBOLS]
)
hedging = pytest.mark.parametrize(("account", "symbol"), [(HEDGE, symbol) for symbol in SYMBOLS])
netting = pytest.mark.parametrize(("account", "symbol"), [(NET, symbol) for symbol in SYMBOLS])

ENDS, ENDS_S = "2030-01-02 03:04:05", 1_893_553_445  # of the server's clock, as if it were UTC
LATER, LATER_S = "2030-03-04 05:06:07", 1_898_831_167

# Type -> price and limit, then what a modify makes of them: on its side of a market of 1.10000 / 1.10010.
PENDINGS = {
    "buy_limit": ("1.05", None, "1.04", None),
    "sell_limit": ("1.15", None, "1.16", None),
    "buy_stop": ("1.15", None, "1.16", None),
    "sell_stop": ("1.05", None, "1.04", None),
    "buy_stop_limit": ("1.15", "1.14", "1.16", "1.13"),
    "sell_stop_limit": ("1.05", "1.06", "1.04", "1.07"),
}
# Type -> quotes that come one after the other, and the price at which the last of them fills the order.
TRIGGERS = {
    "buy_limit": ([(1.0499, 1.05)], "1.05"),
    "sell_limit": ([(1.15, 1.1501)], "1.15"),
    "buy_stop": ([(1.1499, 1.15)], "1.15"),
    "sell_stop": ([(1.05, 1.0501)], "1.05"),
    "buy_stop_limit": ([(1.15, 1.1501), (1.1398, 1.1399)], "1.1399"),
    "sell_stop_limit": ([(1.0499, 1.05), (1.0601, 1.0602)], "1.0601"),
}


# At once.


@hedging
def test_in_hedging_each_deal_opens_a_position_which_is_closed_in_parts(desk: Desk) -> None:
    long = desk.opens("buy", "0.10")["position"]
    short = desk.opens("sell", "0.20", sl="1.2", tp="1.0")["position"]
    assert desk.trader.open() == ([], sorted((long, short)))
    desk.closes(long, "buy", "0.04", position=long, volume="0.04")
    desk.closes(short, "sell", "0.05", position=short, volume=0.05)
    desk.closes(long, "buy", "0.06", position=long)
    desk.closes(short, "sell", "0.15", position=short)


@netting
def test_in_netting_deals_add_reduce_reverse_and_close_one_position(desk: Desk) -> None:
    position = desk.opens("buy", "0.10")["position"]
    desk.trader.quote(1.104, 1.1042)
    assert desk.opens("buy", "0.30", sl="1.0", tp="1.2")["position"] == position
    assert desk.opens("sell", "0.15")["position"] == position
    desk.closes(position, "buy", "0.05", position=position, volume="0.05")
    assert desk.opens("sell", "0.40")["position"] == position  # closes 0.20, opens 0.20
    desk.closes(position, "sell", "0.05", symbol=desk.symbol, volume="0.05")
    desk.closes(position, "sell", "0.15", symbol=desk.symbol)


# Waiting.


@everywhere
@pytest.mark.parametrize("kind", PENDINGS)
def test_a_pending_order_is_placed_changed_removed(desk: Desk, kind: str) -> None:
    price, limit, moved, limit_moved = PENDINGS[kind]
    order, now = desk.places(kind, "0.10", price, limit, comment="resting", id=f"{desk.symbol}-{kind}")
    more = {"limit_price": limit_moved} if limit_moved else {}
    into = {"price_order": float(moved), "price_trigger": float(limit_moved or 0)}
    now = desk.changes(order, now, into, price=moved, **more)
    sl, tp = ("1.01", "1.19") if kind.startswith("buy") else ("1.19", "1.01")
    now = desk.changes(order, now, {"price_sl": float(sl), "price_tp": float(tp)}, sl=sl, tp=tp)
    now = desk.changes(order, now, {"price_sl": 0.0}, sl=None)
    if kind.startswith("buy"):
        into = {"type_time": wire.SPECIFIED, "time_expiration": ENDS_S}
        now = desk.changes(order, now, into, time_in_force="specified", expires_at={"server": ENDS})
        now = desk.changes(order, now, {"time_expiration": LATER_S}, expires_at={"server": LATER})
        now = desk.changes(order, now, {"type_time": wire.GTC, "time_expiration": 0}, expires_at=None)
    named = {"order": order} if kind.startswith("buy") else {"command": f"{desk.symbol}-{kind}"}
    desk.cancels(order, now, **named)


@pytest.mark.parametrize(
    ("account", "symbol", "kind"),
    [
        (account, symbol, kind)
        for number, symbol in enumerate(SYMBOLS)
        for place, kind in enumerate(TRIGGERS)
        for account in ((HEDGE, NET)[(number + place) % 2],)  # each kind in each mode, in turn
    ],
)
def test_a_pending_order_that_the_market_meets_is_filled(desk: Desk, kind: str) -> None:
    price, limit, *_ = PENDINGS[kind]
    quotes, filled_at = TRIGGERS[kind]
    order, _ = desk.places(kind, "0.10", price, limit)
    position = desk.is_filled_by_the_market(order, quotes, "0.10", filled_at)
    desk.closes(position, kind.partition("_")[0], "0.10", position=position)


# Stops.


@everywhere
def test_stops_are_set_changed_removed(desk: Desk) -> None:
    for held, sl, tp, other in (("buy", "1.05", "1.15", "1.06"), ("sell", "1.15", "1.05", "1.14")):
        position = desk.opens(held, "0.10")["position"]
        desk.protects(position, held, "0.10", sl, tp)
        desk.protects(position, held, "0.10", other, tp, sl=other)
        desk.protects(position, held, "0.10", other, None, tp=None)
        desk.protects(position, held, "0.10", None, None, sl=None)
        desk.closes(position, held, "0.10", position=position)


@everywhere
def test_stops_are_met_by_the_market(desk: Desk) -> None:
    for held, sl, tp, bid, ask, why, price in (
        ("buy", "1.05", "1.15", 1.0499, 1.05, "sl", "1.0499"),
        ("buy", "1.05", "1.15", 1.15, 1.1501, "tp", "1.15"),
        ("sell", "1.15", "1.05", 1.15, 1.1501, "sl", "1.1501"),
        ("sell", "1.15", "1.05", 1.0498, 1.0499, "tp", "1.0499"),
    ):
        desk.trader.quote(1.1, 1.1001)
        position = desk.opens(held, "0.10")["position"]
        desk.protects(position, held, "0.10", sl, tp)
        deal = desk.is_closed_by_the_market(position, (bid, ask), why)
        assert (deal["volume"], deal["price"], deal["entry"]) == ("0.10", price, "out")


# Several at once.


@hedging
def test_positions_are_closed_by_each_other(desk: Desk) -> None:
    long, short = desk.opens("buy", "0.30")["position"], desk.opens("sell", "0.10")["position"]
    desk.closes_by(short, "sell", "0.10", long)
    assert desk.trader.open() == ([], [long])
    other = desk.opens("sell", "0.20")["position"]
    desk.closes_by(long, "buy", "0.20", other)


@everywhere
def test_sweeps_close_and_cancel_all_of_a_symbol_and_nothing_else(desk: Desk) -> None:
    trader = desk.trader
    other = next(symbol for symbol in SYMBOLS if symbol != desk.symbol)
    order = {"side": "buy", "volume": "0.10", "type": "limit", "price": "0.9"}
    elsewhere = trader.command("submit", symbol=other, **order)
    assert elsewhere["status"] == "working", elsewhere
    trader.arrived()
    held = desk.holds_several()
    orders = [desk.places(kind, "0.10", *PENDINGS[kind][:2]) for kind in ("buy_limit", "sell_stop_limit")]
    desk.cancels_all(orders)
    desk.closes_all(held)
    desk.cancels_all([])
    desk.closes_all([])
    assert trader.open() == ([elsewhere["order"]], [])
    assert trader.command("cancel_all")["children"][0]["order"] == elsewhere["order"]


# All that was sent and recorded.


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_action_ids_rise_by_one_from_a_chance_beginning(standing: System, line: Line, account: str) -> None:
    trader = Trader(standing, line, account)
    for _ in range(3):
        placed = trader.submit("buy", "0.10", type="limit", price="0.9")
        assert trader.command("cancel", order=placed["order"])["status"] == "done"
    ids = [wire.read(one)["action_id"] for one in trader.sent()]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert 2**20 <= ids[0] < 2**31


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_the_stream_is_the_journal(standing: System, account: str) -> None:
    assert standing.command(account, "cancel_all")["status"] == "done"
    standing.check_stream(account)


def test_oms_wire_reads_what_was_sent_as_the_document_says(standing: System, line: Line) -> None:
    trader = Trader(standing, line, HEDGE)
    placed = trader.submit("buy", "0.10", type="stop_limit", price="1.3", limit_price="1.2", comment="ünï")
    assert trader.command("cancel", order=placed["order"])["status"] == "done"
    sent = trader.sent()
    lines = (json.dumps({"kind": "request", "command": 12, "hex": one}) for one in sent)
    told = subprocess.run(
        [*OMS, "wire", "decode"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    decoded = [json.loads(one) for one in told.stdout.splitlines()]
    assert [one["fields"] for one in decoded] == [wire.read(one) for one in sent]
    assert {json.dumps(one["drift"]) for one in decoded} == {"{}"}
