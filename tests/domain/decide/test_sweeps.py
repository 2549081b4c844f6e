"""close_all and cancel_all: which children, and when none could be sent."""

from typing import Any

import pytest

from oms.domain.commands import Cancel, CancelAll, Close, CloseAll
from oms.domain.decide import Facts, Policy, Swept, decide

from .scene import account, codes_of, d, denied, facts, having, order, position, symbol

POSITIONS = (
    position("1001"),
    position("1002", "sell", symbol="GBPUSD"),
    position("1003", "sell"),
    position("1004", volume="0.00"),
)
ORDERS = (
    order(order="2001"),
    order("sell_stop", order="2002", symbol="GBPUSD"),
    order("buy_stop_limit", order="2003", state="partially_filled"),
    order("buy", order="2004", state="working"),  # the rest of a market order on an exchange
    order("buy", order="2005", state="accepted"),  # on its way to its deals
    order(order="2006", state="canceled", ended=True),
    order(order="2007", state="filled"),
)
THERE = facts(symbol=None, positions=POSITIONS, orders=ORDERS)
EURUSD = having(THERE, symbol=symbol())


def children(verb: CloseAll | CancelAll, given: Facts) -> tuple[Any, ...]:
    decision = decide(verb, given)
    assert isinstance(decision, Swept), decision
    assert decision.sweep is verb
    return decision.children


def test_every_open_position_is_closed_whole() -> None:
    found = children(CloseAll(comment="out"), THERE)
    assert found == tuple(Close(position=number, comment="out") for number in ("1001", "1002", "1003"))


def test_those_of_a_symbol() -> None:
    assert children(CloseAll(symbol="EURUSD"), EURUSD) == (Close(position="1001"), Close(position="1003"))
    assert children(CancelAll(symbol="GBPUSD"), THERE) == (Cancel(order="2002"),)


def test_those_of_an_alias() -> None:
    assert children(CloseAll(symbol="euro"), EURUSD) == (Close(position="1001"), Close(position="1003"))


def test_every_waiting_order_is_canceled() -> None:
    assert children(CancelAll(), THERE) == tuple(Cancel(order=f"{number}") for number in range(2001, 2005))


@pytest.mark.parametrize("verb", [CloseAll(), CancelAll(), CloseAll(symbol="EURUSD")])
def test_nothing_open_is_a_sweep_without_children(verb: Any) -> None:
    assert children(verb, facts()) == ()


def test_a_symbol_that_nobody_has_is_no_sweep_of_nothing() -> None:
    (found,) = denied(decide(CloseAll(symbol="EURUSDD"), THERE)).reasons
    assert (found.code, found.field, found.given) == ("unknown_symbol", "symbol", "EURUSDD")


@pytest.mark.parametrize("verb", [CloseAll(), CancelAll()])
@pytest.mark.parametrize(
    ("changes", "code", "passing"),
    [
        ({"restrictions": {"halted": ""}}, "halted", False),
        ({"restrictions": {"read_only": ""}}, "read_only", False),
        ({"account": account(rights=4, trade_allowed=False)}, "account_trade_disabled", False),
        ({"link": "connecting"}, "venue_unavailable", True),
        ({"venue_reached": False}, "venue_unavailable", True),
        ({"link": "reconciling", "policy": Policy(reduce_while_reconciling=False)}, "reconciling", True),
    ],
)
def test_a_sweep_whose_children_cannot_be_sent(verb: Any, changes: Any, code: str, passing: bool) -> None:
    decision = denied(decide(verb, having(THERE, **changes)))
    assert ([one.code for one in decision.reasons], decision.passing) == ([code], passing)


@pytest.mark.parametrize(
    "changes",
    [
        {"restrictions": {"reducing": "", "difference": "", "dirty": "", "restored": ""}},
        {"link": "reconciling"},
        {"nats_away": True},
        {"quote": None},
        {"margin": None},
    ],
)
def test_a_sweep_that_goes_whatever_is_in_doubt(changes: Any) -> None:
    assert len(children(CloseAll(), having(THERE, **changes))) == 3


def test_each_child_is_decided_as_it_is_by_then() -> None:
    (first, *_) = children(CloseAll(symbol="EURUSD"), EURUSD)
    assert codes_of(first, facts(position=position("1001"))) == []
    assert codes_of(first, facts(position=position("1001", volume="0.00"))) == ["position_closed"]
    assert codes_of(first, facts(position=position("1001", volume=str(d("0.3"))))) == []
