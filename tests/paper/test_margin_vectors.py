"""The venue's margin and totals against the official client's own, one account and one symbol each."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms.paper.margin import Terms, Totals, required, stop_out, summed
from oms.paper.model import Account
from oms.paper.money import Rates, exact
from protocol.enums import MarginMode
from protocol.records.account import LeverageRule, LeverageTier, TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Order, Position

FOLDER = Path(__file__).parent.parent / "protocol" / "vectors"
Fields = dict[str, Any]


def covered(vector: Fields) -> bool:
    """Exchange accounts are the only ones that the venue has no margin for."""
    return vector.get("topic") == "margin" and vector["fields"]["margin_mode"] != MarginMode.EXCHANGE


VECTORS = [
    vector
    for file in ("profit_margin", "more_margin")
    for vector in json.loads((FOLDER / f"{file}.json").read_text("utf-8"))
    if covered(vector)
]


def wire(lots: float) -> int:
    return int(exact(lots).scaleb(8))


def symbol(given: Fields) -> FullSymbol:
    """The symbol of a vector, with what docs/protocol.md 12 says where it is silent."""
    return FullSymbol(
        trade_symbol="EURUSD",
        currency_base=given.get("currency_base", "EUR"),
        currency_profit="USD",
        currency_margin=given.get("currency_margin", "EUR"),
        currency_base_digits=given.get("currency_base_digits", 2),
        currency_profit_digits=given.get("currency_profit_digits", 2),
        trade_calc_mode=given["trade_calc_mode"],
        trade_contract_size=given["contract_size"],
        trade_tick_value=given["tick_value"],
        trade_tick_size=given["tick_size"],
        trade_face_value=given["face_value"],
        trade_accrued_interest=given.get("accrued_interest", 0.0),
        trade_price_settle=given.get("price_settle", 0.0),
        trade_price_limit_min=given.get("price_limit_min", 0.0),
        trade_price_limit_max=given.get("price_limit_max", 0.0),
        trade=TradeSettings(
            symbol_path=given.get("path", "Forex\\EURUSD"),
            margin_flags=given["margin_flags"],
            margin_initial=given["margin_initial"],
            margin_maintenance=given["margin_maintenance"],
            margin_hedged=given["margin_hedged"],
            margin_rate_currency=given.get("margin_rate_currency", 0.0),
            margin_rates_initial=tuple(given["margin_rates_initial"]),
            margin_rates_maintenance=tuple(given["margin_rates_maintenance"]),
        ),
    )


def position(ticket: int, given: Fields) -> Position:
    return Position(
        position_id=ticket,
        trade_symbol="EURUSD",
        trade_action=int(given.get("sell", False)),
        trade_volume=wire(given["volume"]),
        price_open=given["open"],
        rate_margin=given.get("rate", 1),
        storage=given.get("swap", 0),
    )


def order(ticket: int, given: Fields) -> Order:
    return Order(
        trade_order=ticket,
        trade_symbol="EURUSD",
        order_type=given["type"],
        volume_initial=wire(given["volume"]),
        volume_current=wire(given["volume"]),
        price_order=given["price"],
        price_trigger=given.get("price_trigger", 0.0),
        price_current=given.get("price_current", 0.0),
        margin_rate=given["rate"],
        position_id=given.get("position_id", 0),
    )


def rule(given: Fields) -> LeverageRule:
    tiers = [LeverageTier(**tier) for tier in given["tiers"]]
    return LeverageRule(
        path=given["path"],
        range_mode=given["range_mode"],
        range_currency=given["range_currency"],
        range_currency_digits=given["range_currency_digits"],
        tiers=tiers,
    )


def account(fields: Fields) -> Account:
    return Account(
        login=1,
        name="",
        currency=fields.get("account_currency", "USD"),
        digits=fields.get("currency_digits", 2),
        margin_mode=MarginMode(fields["margin_mode"]),
        leverage=fields["leverage"],
        password="",
        investor_password="",
        balance=exact(fields["balance"]),
        credit=exact(fields["credit"]),
        margin_free_mode=fields["margin_free_mode"],
        margin_so_mode=fields["margin_so_mode"],
        margin_so_call=fields["margin_so_call"],
        margin_so_so=fields["margin_so_so"],
        commission_daily=exact(fields.get("commission_daily", 0)),
        orders={n: order(n, given) for n, given in enumerate(fields["orders"], 1001)},
        positions={n: position(n, given) for n, given in enumerate(fields["positions"], 1)},
    )


def terms(fields: Fields) -> Terms:
    return Terms(
        margin_free_profit_mode=fields.get("margin_free_profit_mode", 0),
        acc_profit=exact(fields.get("acc_profit", 0)),
        commission_monthly=exact(fields.get("commission_monthly", 0)),
        assets=exact(fields.get("assets", 0)),
        trade_flags=fields.get("trade_flags", 0),
    )


def shown(reached: Totals, state: int) -> Fields:
    """The totals as the vectors print them, all but the level exact."""
    names = ("margin", "margin_free", "equity", "floating", "profit", "storage")
    return {name: getattr(reached, name) for name in names} | {"so_activation": state}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_totals_are_the_official_clients(vector: Fields) -> None:
    fields, expected = vector["fields"], dict(vector["parsed"])
    level = expected.pop("margin_level")
    specs = {"EURUSD": symbol(fields["symbol"])}
    one = account(fields)

    margin = required(one, specs, {}, Rates(specs, {}), rules=[rule(given) for given in fields["rules"]])
    assert margin is not None
    profits = {n: exact(given.get("profit", 0)) for n, given in enumerate(fields["positions"], 1)}
    reached = summed(one, specs, profits, margin, terms(fields))
    assert reached is not None

    state = stop_out(one, reached, terms(fields))
    assert shown(reached, state) == {name: exact(value) for name, value in expected.items()}
    assert float(reached.margin_level or Decimal(0)) == pytest.approx(level, rel=1e-13, abs=0)


def test_all_covered_vectors_are_there() -> None:
    assert len(VECTORS) == 110
