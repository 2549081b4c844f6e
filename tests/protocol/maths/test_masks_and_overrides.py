import fnmatch
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.doubles import MAX_DOUBLE
from protocol.maths.masks import matches
from protocol.maths.overrides import MERGES, apply_overrides
from protocol.records.account import TradeSettings

PATH = "Forex\\EURUSD"


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("*", True),
        ("Forex\\*", True),
        ("forex\\*", False),
        ("Metals\\*,Forex\\*", True),
        ("Forex\\*,!*USD", False),  # order does not matter
        ("!*GBP*", False),  # a negated item that does not match is not a match
        ("!*GBP*,*", True),
        ("!!!*USD,*", False),
        ("!,*", False),
        (" , ,", False),
        ("\ufeffForex\\EURUSD\u3000", True),
        ("Forex\\EURUSD\x1c", False),  # no blank to JavaScript
        ("Forex\\EURUSDEURUSD*", False),
        ("*EURUSD*EURUSD", False),  # head and tail may not share characters
        ("*E*R*S*", True),
        ("*S*R*E*", False),
    ],
)
def test_mask_lists(mask: str, *, expected: bool) -> None:
    assert matches(mask, PATH) is expected


def test_an_empty_mask_or_path_never_matches() -> None:
    assert not matches("", PATH)
    assert not matches("*", "")
    assert not matches("", "")


@given(st.text(), st.text())
def test_masks_never_raise(mask: str, path: str) -> None:
    assert matches(mask, path) in (True, False)


@given(st.text("ab*", min_size=1), st.text("ab", min_size=1))
def test_one_item_agrees_with_shell_patterns(mask: str, path: str) -> None:
    assert matches(mask, path) is fnmatch.fnmatchcase(path, mask)


@given(st.lists(st.text("ab*!", min_size=1), min_size=1, max_size=4), st.text("ab", min_size=1))
def test_order_of_items_does_not_matter(items: list[str], path: str) -> None:
    assert matches(",".join(items), path) is matches(",".join(reversed(items)), path)


NONE_I32, NONE_U32, NONE_U64 = 2**31 - 1, 2**32 - 1, 2**64 - 1
NO_RATES = (MAX_DOUBLE,) * 8


def nothing(mask: str, **changes: Any) -> TradeSettings:
    """An override of nothing, but for `changes`."""
    empty: dict[str, Any] = {}
    for name in TradeSettings.__struct_fields__:
        default = getattr(TradeSettings(), name)
        if isinstance(default, tuple):
            empty[name] = (MAX_DOUBLE,) * len(default)
        elif isinstance(default, float):
            empty[name] = MAX_DOUBLE
    for name in ("spread_diff", "spread_diff_balance", "trade_stops_level", "trade_freeze_level"):
        empty[name] = NONE_I32
    empty["swap_rollover3days"] = NONE_I32
    for name in ("trade_instant_volume", "volume_min", "volume_max", "volume_step", "volume_limit"):
        empty[name] = NONE_U64
    for name in TradeSettings.__struct_fields__:
        if name != "symbol_path" and name not in empty:
            empty[name] = NONE_U32
    return msgspec.structs.replace(TradeSettings(), **{**empty, **changes, "symbol_path": mask})


def own() -> TradeSettings:
    """A symbol's own settings with a different value in every field."""
    values: dict[str, Any] = {"symbol_path": PATH}
    for number, name in enumerate(TradeSettings.__struct_fields__[1:], 1):
        default = getattr(TradeSettings(), name)
        values[name] = tuple(number + i / 10 for i in range(len(default))) if default == () else number
        if isinstance(default, tuple):
            values[name] = tuple(number + i / 10 for i in range(len(default)))
        elif isinstance(default, float):
            values[name] = number + 0.5
    return TradeSettings(**values)


def test_every_field_but_the_path_can_be_overridden() -> None:
    assert set(MERGES) == set(TradeSettings.__struct_fields__) - {"symbol_path"}


def test_no_override_values_change_nothing() -> None:
    assert apply_overrides(own(), [nothing("*")], PATH) == own()


@pytest.mark.parametrize("name", TradeSettings.__struct_fields__[1:])
def test_an_override_replaces_its_single_field(name: str) -> None:
    current = getattr(own(), name)
    value = tuple(x + 100 for x in current) if isinstance(current, tuple) else current + 100
    expected = msgspec.structs.replace(own(), **{name: value})
    assert apply_overrides(own(), [nothing("*", **{name: value})], PATH) == expected


def test_zero_overrides_all_but_volumes() -> None:
    zeroed = apply_overrides(own(), [msgspec.structs.replace(TradeSettings(), symbol_path="*")], PATH)
    volumes = {"trade_instant_volume", "volume_min", "volume_max", "volume_step", "volume_limit"}
    for name in TradeSettings.__struct_fields__[1:]:
        kept = name in volumes
        assert getattr(zeroed, name) == getattr(own() if kept else TradeSettings(), name), name
    assert zeroed.symbol_path == PATH


def test_rates_are_overridden_one_by_one() -> None:
    rates = (MAX_DOUBLE, 7.0, *NO_RATES[2:])
    settings = apply_overrides(own(), [nothing("*", margin_rates_initial=rates)], PATH)
    first = own().margin_rates_initial
    assert settings.margin_rates_initial == (first[0], 7.0, *first[2:])


def test_the_last_matching_override_wins_field_by_field() -> None:
    settings = apply_overrides(
        own(),
        [
            nothing("*", trade_mode=1, spread_diff=5),
            nothing("Forex\\*", trade_mode=2),
            nothing("Metals\\*", trade_mode=3),
        ],
        PATH,
    )
    assert settings == msgspec.structs.replace(own(), trade_mode=2, spread_diff=5)
