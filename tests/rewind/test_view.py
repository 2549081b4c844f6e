"""What an account had at a moment, and what that was worth by the quotes of then."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.past import NotRecorded
from oms.queries import answer
from oms.rewind import Moment, account_at

from .scene import Lived

pytestmark = pytest.mark.slow


def asked(life: Lived, moment: Moment, what: str, **request: Any) -> dict[str, Any]:
    view = account_at(life.data, "main", moment).view
    reply = trio.run(answer, view, what, {}, json.dumps(request).encode())
    assert reply.error is None, reply.payload
    found: dict[str, Any] = json.loads(reply.payload)
    return found


def at(life: Lived, name: str) -> Moment:
    return Moment(time_ns=life.marks[name].time_ns)


def test_a_position_is_worth_what_it_was_then(life: Lived) -> None:
    """0.10 lots bought at 1.1001: each point of the bid is a dollar (docs/semantics.md 5)."""
    for name, bid, profit in (("bought", 1.1, "-1.00"), ("risen", 1.102, "19.00")):
        (position,) = asked(life, at(life, name), "positions")["positions"]
        assert (position["price_current"], position["profit"], position["unvalued"]) == (bid, profit, None)
        account = asked(life, at(life, name), "account")
        assert (account["balance"], account["floating"]) == ("10000.00", profit)
    assert account["equity"] is None  # the day's commissions of then that were not booked yet are in no log
    assert asked(life, at(life, "closed"), "positions")["positions"] == []
    # sold at 1.0980: 21 points lost
    assert asked(life, at(life, "closed"), "account")["balance"] == "9979.00"


def test_a_seq_and_its_time_are_the_same_moment(life: Lived) -> None:
    for mark in life.marks.values():
        by_seq = account_at(life.data, "main", Moment(seq=mark.seq))
        by_time = account_at(life.data, "main", Moment(time_ns=mark.time_ns))
        assert by_seq.seq == by_time.seq == mark.seq
        assert by_seq.books.state_hash() == by_time.books.state_hash()


def test_orders_and_sums_of_then(life: Lived) -> None:
    assert asked(life, at(life, "risen"), "orders")["orders"] == []
    (order,) = asked(life, at(life, "waiting"), "orders")["orders"]
    assert (order["price"], order["state"], order["command"]) == ("1.05", "working", "wait")
    pnl = asked(life, at(life, "waiting"), "pnl")
    assert (pnl["floating"]["profit"], pnl["realised"]["net"]) == ("19.00", "0.00")
    assert asked(life, at(life, "closed"), "pnl")["realised"]["net"] == "-21.00"


def test_quotes_of_then(life: Lived) -> None:
    found = {
        name: asked(life, at(life, name), "quotes", symbol="EURUSD")["quotes"][0]
        for name in ("bought", "risen", "closed")
    }
    assert [(one["bid"], one["ask"]) for one in found.values()] == [
        (1.1, 1.1001),
        (1.102, 1.1021),
        (1.098, 1.0981),
    ]
    assert 0 <= found["risen"]["since_receipt"] <= 1


def test_margin_of_then_is_not_known_and_said_so(life: Lived) -> None:
    account = asked(life, at(life, "risen"), "account")
    assert (account["margin"], account["margin_free"]) == (None, None)
    assert "leverage_rules" in account["margin_gaps"]


def test_without_a_market_log_a_position_has_no_value(life: Lived, tmp_path: Path) -> None:
    (tmp_path / "journal").symlink_to(life.data / "journal")
    bare = Lived(tmp_path, life.marks)
    (position,) = asked(bare, at(life, "risen"), "positions")["positions"]
    assert (position["profit"], position["unvalued"]) == (None, "no_price")
    assert asked(bare, at(life, "risen"), "account")["equity"] is None


def test_the_end_is_meant_where_nothing_is_said(life: Lived) -> None:
    # The end of the daemon is recorded behind the last step.
    assert account_at(life.data, "main", Moment()).seq >= life.marks["closed"].seq
    with pytest.raises(NotRecorded):
        account_at(life.data, "main", Moment(seq=10_000))
    before = account_at(life.data, "main", Moment(seq=0))
    assert (before.seq, before.view.standing.permission) == (0, "dirty")
