"""What `oms wire check` does with fields that are missing, odd or out of range."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.cli.wire.check import TOPICS
from oms.cli.wire.values import WireError

VECTORS = Path(__file__).parents[1] / "vectors"


def sample(name: str) -> Any:
    """The fields of a golden vector, to be bent."""
    for file in ("profit_margin", "more_margin"):
        for vector in json.loads((VECTORS / f"{file}.json").read_text("utf-8")):
            if vector["name"] == name:
                return vector["fields"]
    raise LookupError(name)


def plain_margin() -> Any:
    return sample("margin-more-stop-limit-trigger-netting")


def tiered_margin() -> Any:
    return sample("margin-more-tiers-mode-2-positions-and-orders")


SIMPLE: dict[str, dict[str, Any]] = {
    "normalize": {"value": 1.5, "digits": 0},
    "price": {"wire": 108003, "digits": 5},
    "volume": {"lots": 0.1},
    "mask": {"mask": "*", "path": "a"},
}


def error(topic: str, fields: Any) -> tuple[str, str | None]:
    with pytest.raises(WireError) as caught:
        TOPICS[topic](fields)
    assert caught.value.message
    return caught.value.code, caught.value.field


def bent(fields: Any, path: str, value: Any) -> Any:
    """`fields` with one value replaced, or taken out when it is `...`."""
    target, *_ = copies = json.loads(json.dumps([fields]))
    steps = path.replace("[", ".[").split(".")
    for step in steps[:-1]:
        target = target[int(step[1:-1])] if step.startswith("[") else target[step]
    last: Any = int(steps[-1][1:-1]) if steps[-1].startswith("[") else steps[-1]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return copies[0]


@pytest.mark.parametrize(("topic", "name"), [(t, name) for t, fields in SIMPLE.items() for name in fields])
def test_every_scalar_field_is_needed(topic: str, name: str) -> None:
    assert error(topic, bent(SIMPLE[topic], name, ...)) == ("missing", name)
    assert error(topic, bent(SIMPLE[topic], name, [])) == ("bad_value", name)
    assert error(topic, bent(SIMPLE[topic], name, None)) == ("bad_value", name)


@pytest.mark.parametrize("topic", sorted(TOPICS))
@pytest.mark.parametrize("fields", [None, [], "x", 1])
def test_fields_must_be_an_object(topic: str, fields: Any) -> None:
    assert error(topic, fields) == ("bad_value", "fields")


def test_scalars_that_are_out_of_range() -> None:
    assert error("normalize", {"value": 1, "digits": 10**30}) == ("out_of_range", "digits")
    assert error("normalize", {"value": 10**400, "digits": 1}) == ("out_of_range", "value")
    assert error("normalize", {"value": 1, "digits": 1.5}) == ("bad_value", "digits")
    assert error("price", {"wire": 1, "digits": -1}) == ("out_of_range", "digits")
    for lots in ("nan", "inf", "-inf", 1.1e21):
        assert error("volume", {"lots": lots}) == ("out_of_range", "lots")


def test_scalars_that_are_not_finite() -> None:
    assert TOPICS["normalize"]({"value": "nan", "digits": 2}) == {"value": "nan"}
    assert TOPICS["normalize"]({"value": "-inf", "digits": 2}) == {"value": "-inf"}
    assert TOPICS["normalize"]({"value": 1.797e308, "digits": "8"}) == {"value": "inf"}
    assert TOPICS["price"]({"wire": "inf", "digits": 2}) == {"price": "inf"}


def test_integers_are_doubles_too() -> None:
    assert TOPICS["volume"]({"lots": 3}) == {"wire": "300000000", "back": 3.0}


PROFIT = sample("profit-forex-buy")


@pytest.mark.parametrize("name", sorted(PROFIT))
def test_every_profit_field_is_needed(name: str) -> None:
    assert error("profit", bent(PROFIT, name, ...)) == ("missing", name)
    assert error("profit", bent(PROFIT, name, "x")) == ("bad_value", name)


@pytest.mark.parametrize(
    "path",
    [
        *(key for key in plain_margin()),
        *(f"symbol.{key}" for key in plain_margin()["symbol"]),
        *(f"orders[0].{key}" for key in plain_margin()["orders"][0]),
        *(f"positions[1].{key}" for key in ("volume", "open")),
        *(f"rules[0].{key}" for key in tiered_margin()["rules"][0]),
        *(f"rules[0].tiers[2].{key}" for key in tiered_margin()["rules"][0]["tiers"][2]),
    ],
)
def test_every_margin_field_without_a_default_is_needed(path: str) -> None:
    fields = tiered_margin() if path.startswith(("rules", "positions")) else plain_margin()
    if path not in ("rules", "positions", "orders", "rules[0].tiers"):
        assert error("margin", bent(fields, path, ...)) == ("missing", path)
    assert error("margin", bent(fields, path, True)) == ("bad_value", path)


@pytest.mark.parametrize("name", ["rules", "positions", "orders"])
def test_a_margin_line_without_a_list_has_none_of_them(name: str) -> None:
    fields = tiered_margin()
    assert TOPICS["margin"](bent(fields, name, ...)) == TOPICS["margin"](bent(fields, name, []))


DEFAULTS: list[tuple[str, Any]] = [
    ("currency_digits", 2),
    ("account_currency", "USD"),
    ("commission_daily", 0),
    ("commission_monthly", 0),
    ("acc_profit", 0),
    ("assets", 0),
    ("liabilities", 0),
    ("trade_flags", 0),
    ("margin_free_profit_mode", 0),
    ("symbol.path", "Forex\\EURUSD"),
    ("symbol.currency_base_digits", 2),
    ("symbol.currency_profit_digits", 2),
    ("symbol.price_settle", 0),
    ("symbol.price_limit_min", 0),
    ("symbol.price_limit_max", 0),
    ("symbol.margin_rate_currency", 0),
    ("symbol.accrued_interest", 0),
    ("positions[0].rate", 1),
    ("positions[0].profit", 0),
    ("positions[0].swap", 0),
    ("positions[0].sell", False),
    ("orders[0].position_id", 0),
    ("orders[0].price_current", 0),
]


@pytest.mark.parametrize(("path", "default"), DEFAULTS)
def test_defaults_of_margin_fields(path: str, default: Any) -> None:
    fields = bent(tiered_margin(), "positions[0]", {"volume": 1.5, "open": 1.08})
    assert TOPICS["margin"](fields) == TOPICS["margin"](bent(fields, path, default))
    assert error("margin", bent(fields, path, {})) == ("bad_value", path)


# Each with the change it must make to a flat account of 10000, so that a reader that ignores it fails.
@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        ({"commission_daily": -2.5}, "equity", 9997.5),
        ({"commission_monthly": -2.5}, "margin_free", 9997.5),
        ({"assets": 30}, "equity", 10030),
        ({"liabilities": -30}, "equity", 9970),
        ({"acc_profit": 40, "margin_free_profit_mode": 1}, "equity", 9960),
        ({"currency_digits": 0, "commission_daily": 0.6}, "equity", 10001),
        ({"credit": 5}, "margin_free", 10005),
    ],
)
def test_account_fields_count(change: dict[str, Any], name: str, expected: float) -> None:
    fields = {**plain_margin(), "orders": [], **change}
    assert TOPICS["margin"](fields)[name] == expected


@pytest.mark.parametrize(("flags", "level"), [(7, 1010.0), (8, 1000.0)])
def test_bit_8_of_the_margin_flags_excludes_the_profit_of_buys(flags: int, level: float) -> None:
    fields = {**plain_margin(), "orders": [], "positions": [{"volume": 1, "open": 100, "profit": 100}]}
    fields = bent(bent(fields, "symbol.margin_flags", flags), "symbol.contract_size", 10)
    assert TOPICS["margin"](fields)["margin_level"] == level


def test_a_stop_limit_carries_its_trigger_other_orders_need_none() -> None:
    fields = plain_margin()
    limit = bent(bent(fields, "orders[0].type", 2), "orders[0].price_trigger", ...)
    assert TOPICS["margin"](limit)["margin"] == 620


@pytest.mark.parametrize("digits", ["currency_base_digits", "currency_profit_digits"])
def test_symbol_digits_count(digits: str) -> None:
    # A value of 100.1 or 100 decides whether a hundredth of the margin pays the second rate.
    bond = digits == "currency_base_digits"
    fields = tiered_margin()
    fields["symbol"] |= {
        "trade_calc_mode": 33 if bond else 2,
        "contract_size": 1,
        "tick_value": 1,
        "tick_size": 1,
        "margin_initial": 1001.0,
    }
    fields |= {"positions": [], "orders": [{"type": 2, "volume": 1, "price": 100.1, "rate": 1}]}
    steps = [(0, 100, 1, 1), (100, 200, 11, 11)]
    names = ("range_from", "range_to", "margin_rate_initial", "margin_rate_maintenance")
    fields["rules"][0]["tiers"] = [dict(zip(names, step, strict=True)) for step in steps]
    assert TOPICS["margin"](fields)["margin"] == 1011.0
    assert TOPICS["margin"](bent(fields, f"symbol.{digits}", 0))["margin"] == 1001.0


def test_rates_must_be_eight() -> None:
    field = "symbol.margin_rates_initial"
    assert error("margin", bent(plain_margin(), field, [1] * 7)) == ("bad_value", field)
    assert error("margin", bent(plain_margin(), f"{field}[3]", "x")) == ("bad_value", f"{field}[3]")


@pytest.mark.parametrize("mode", [1, 3])
def test_a_margin_mode_without_a_formula_is_an_error(mode: int) -> None:
    assert error("margin", bent(plain_margin(), "margin_mode", mode)) == ("bad_value", "margin_mode")


def test_a_calc_mode_without_a_formula_is_an_error() -> None:
    field = "symbol.trade_calc_mode"
    assert error("margin", bent(plain_margin(), field, 6)) == ("bad_value", field)


def test_lists_hold_objects() -> None:
    assert error("margin", bent(plain_margin(), "orders[1]", 5)) == ("bad_value", "orders[1]")
    assert error("margin", bent(plain_margin(), "positions", {})) == ("bad_value", "positions")


def test_orders_have_a_known_type() -> None:
    assert error("margin", bent(plain_margin(), "orders[0].type", 9)) == ("out_of_range", "orders[0].type")


def test_an_unquoted_conversion_makes_value_and_margin_zero() -> None:
    fields = tiered_margin()
    fields["symbol"] |= {"currency_base": "EUR", "currency_margin": "USD"}
    assert TOPICS["margin"](fields)["margin"] == 0
    # the base currency follows the margin currency unless it is named, and USD is the account's
    del fields["symbol"]["currency_base"]
    assert TOPICS["margin"](fields)["margin"] == 12928.65


@pytest.mark.parametrize(
    "path", ["leverage", "symbol.contract_size", "symbol.tick_size", "symbol.margin_hedged"]
)
@pytest.mark.parametrize("mode", [0, 1, 2, 3, 4, 5, 32, 33, 34, 37, 64])
@pytest.mark.parametrize("margin_mode", [0, 2])
def test_divisors_of_zero_are_no_error(path: str, mode: int, margin_mode: int) -> None:
    fields = bent(bent(tiered_margin(), path, 0), "symbol.trade_calc_mode", mode)
    assert TOPICS["margin"]({**fields, "margin_mode": margin_mode})["equity"] == 10000


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["nan", "inf", "-inf", "1e5", "-7", "٣", "", "\ud83d"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NUMBERS = st.floats(allow_nan=False) | st.sampled_from(["nan", "inf", "-inf", 0, 1e308, 10**18])
LEAVES = [
    path
    for fields in (tiered_margin(),)
    for path in (
        *(key for key in fields),
        *(f"symbol.{key}" for key in (*fields["symbol"], "price_settle", "accrued_interest")),
        *(f"orders[0].{key}" for key in fields["orders"][0]),
        *(f"positions[1].{key}" for key in fields["positions"][1]),
        *(f"rules[0].{key}" for key in fields["rules"][0]),
        *(f"rules[0].tiers[1].{key}" for key in fields["rules"][0]["tiers"][1]),
    )
]


def survives(topic: str, fields: Any) -> None:
    """An answer that JSON can carry, or a WireError: nothing else."""
    code, parsed = "", None
    try:
        parsed = TOPICS[topic](fields)
    except WireError as why:
        code = why.code
    assert code in ("", "missing", "bad_value", "out_of_range")
    assert json.dumps(parsed, allow_nan=False)


@given(st.sampled_from(sorted(TOPICS)), JSON_VALUES)
def test_any_json_is_answered(topic: str, fields: Any) -> None:
    survives(topic, fields)


@given(st.sampled_from(sorted(SIMPLE)), st.data())
def test_any_scalars_are_answered(topic: str, data: st.DataObject) -> None:
    survives(topic, {name: data.draw(JSON_VALUES | NUMBERS) for name in SIMPLE[topic]})


@given(st.dictionaries(st.sampled_from(sorted(PROFIT)), JSON_VALUES | NUMBERS, max_size=4))
def test_any_profit_is_answered(changes: dict[str, Any]) -> None:
    survives("profit", {**PROFIT, **changes})


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(LEAVES), JSON_VALUES | NUMBERS, max_size=3), st.integers(0, 3))
def test_any_margin_is_answered(changes: dict[str, Any], range_mode: int) -> None:
    fields = bent(tiered_margin(), "rules[0].range_mode", range_mode)
    for path, value in sorted(changes.items(), reverse=True):
        if "." in path:  # inner values first: afterwards their objects may be gone
            fields = bent(fields, path, value)
    survives("margin", {**fields, **{path: value for path, value in changes.items() if "." not in path}})
