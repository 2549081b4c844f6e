"""Canonical JSON, compared with the standard library's own."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.eventlog.canonical import canonical
from oms.eventlog.errors import LocalError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# The two libraries write exponents differently: 1e-07 and 1e-7.  Those are compared by value below.
PLAIN_FLOATS = st.floats(1e-4, 1e15) | st.floats(-1e15, -1e-4) | st.sampled_from([0.0, -0.0])
LEAVES = st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | PLAIN_FLOATS | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30)


@pytest.mark.slow
@given(VALUES)
def test_it_is_what_the_standard_library_writes_sorted_and_without_spaces(value: Any) -> None:
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_comes_back_as_the_same_double(value: float) -> None:
    assert json.loads(canonical([value]))[0].hex() == value.hex()


def test_exact_numbers_become_strings_and_structs_objects() -> None:
    class Deal(msgspec.Struct):
        volume: Decimal
        deal: str

    assert canonical(Deal(Decimal("0.10"), "17")) == b'{"deal":"17","volume":"0.10"}'


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"a": [{"b": float("nan")}]}, "data.a[0].b", "not finite"),
        ({"a": float("-inf")}, "data.a", "not finite"),
        ({"a": 2**53}, "data.a", "2^53"),
        ({"a": [1, -(2**53)]}, "data.a[1]", "2^53"),
        ({"a": 2**70}, "data.a", "2^53"),
        ({"a": "\ud800"}, "data.a", "surrogate"),
        ({"\udfff": 1}, "data", "key"),
        ({1: 1}, "data", "key"),
        ({"a": object()}, "data", "no value of JSON"),
    ],
)
def test_what_it_cannot_hold_is_refused_by_its_path(value: Any, field: str, message: str) -> None:
    with pytest.raises(LocalError, match=message.replace("^", r"\^")) as caught:
        canonical(value, "data")
    assert caught.value.field == field


def test_the_largest_integers_are_kept() -> None:
    assert canonical([2**53 - 1, 1 - 2**53]) == b"[9007199254740991,-9007199254740991]"


def test_nesting_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(63):
        deep = [deep]
    assert canonical(deep) == b"[" * 64 + b"]" * 64
    with pytest.raises(LocalError, match="64 levels"):
        canonical([deep])
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(LocalError):
        canonical(cycle)
