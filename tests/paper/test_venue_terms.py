"""Overrides of an account count when it trades, as docs/protocol.md 7.6 has them."""

from typing import Any

import pytest
from msgspec.structs import replace

from oms.paper.terms import NO_OVERRIDE, terms_of
from protocol.records.account import TradeSettings

from .venue_scene import BUY, HEDGE, KNOWN, NET, Scene, wire

MAX_DOUBLE = 1.7976931348623157e308


def override(mask: str, **changes: Any) -> TradeSettings:
    return replace(NO_OVERRIDE, symbol_path=mask, **changes)


def scene(*overrides: TradeSettings) -> Scene:
    """The hedging account has these terms, the netting one has none."""
    made = Scene(overrides={HEDGE: overrides})
    for symbol in ("EURUSD", "EURUSD.exc"):
        made.quote(1.1, 1.1001, symbol)
    return made


def bought(scene: Scene, login: int, lots: str, symbol: str = "EURUSD") -> int:
    action = {"EURUSD": 3, "EURUSD.exc": 4}[symbol]
    filling = {"EURUSD": 1, "EURUSD.exc": 2}[symbol]
    request = scene.request(action, BUY, lots, trade_symbol=symbol, type_filling=filling)
    return scene.code(login, request)


def test_the_symbols_of_the_mask_of_the_account_have_its_terms() -> None:
    made = scene(override("Forex\\*,!*.exc", volume_max=wire("0.5")))
    assert bought(made, HEDGE, "0.6") == 10014
    assert bought(made, HEDGE, "0.5") == 10009
    assert bought(made, HEDGE, "0.6", "EURUSD.exc") == 10009
    assert bought(made, NET, "0.6") == 10009


def test_terms_outlive_a_change_of_the_symbol() -> None:
    made = scene(override("Forex\\*", volume_max=wire("0.5")))
    spec = made.venue.specs["EURUSD"]
    made.venue.set_spec(replace(spec, trade=replace(spec.trade, volume_step=wire("0.1"))))
    assert bought(made, HEDGE, "0.6") == 10014
    assert bought(made, HEDGE, "0.45") == 10014
    assert bought(made, HEDGE, "0.4") == 10009


def test_closing_only_for_one_account() -> None:
    made = scene(override("*", trade_mode=3))
    assert bought(made, HEDGE, "0.1") == 10044
    assert bought(made, NET, "0.1") == 10009


def test_margin_goes_by_the_terms() -> None:
    """0.10 lots of 100 000 EUR at 1.1001, leverage 100: 110.01; twice the rate, twice the margin."""
    doubled = tuple(2.0 if kind == 0 else MAX_DOUBLE for kind in range(8))
    for rates, margin in ((None, "110.01"), (doubled, "220.02")):
        made = scene(*([override("*", margin_rates_maintenance=rates)] if rates else []))
        assert bought(made, HEDGE, "0.10") == 10009
        totals = made.venue.totals(HEDGE)
        assert totals is not None
        assert str(totals.margin) == margin


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("trade_stops_level", (7,), 7),
        ("trade_stops_level", (7, 9), 9),  # the last one wins
        ("trade_stops_level", (7, 2**31 - 1), 7),  # says nothing
        ("trade_stops_level", (7, 0), 0),
        ("volume_max", (5, 0), 5),  # 0 says nothing of volumes
        ("trade_instant_volume", (5, 0), 5),
        ("swap_long", (-1.5, MAX_DOUBLE), -1.5),
        ("swap_rates", ((MAX_DOUBLE,) * 6 + (2.0,),), (0.0,) * 6 + (2.0,)),
    ],
)
def test_what_an_override_says(field: str, values: tuple[Any, ...], expected: Any) -> None:
    spec = KNOWN["EURUSD"].spec
    spec = replace(spec, trade=replace(spec.trade, swap_rates=(0.0,) * 7))
    made = terms_of({"EURUSD": spec}, [override("*", **{field: value}) for value in values])
    trade = made["EURUSD"].trade
    assert getattr(trade, field) == expected
    assert replace(trade, **{field: getattr(spec.trade, field)}) == spec.trade
