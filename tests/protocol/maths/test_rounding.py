import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.doubles import MAX_DOUBLE, divide
from protocol.maths.rounding import (
    normalize,
    scale_price,
    size,
    snap_price,
    volume_from_wire,
    volume_to_wire,
)

DOUBLES = st.floats(allow_nan=True, allow_infinity=True)
DIGITS = st.integers(-3, 12)


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (2.5, 0, 3.0),
        (-2.5, 0, -3.0),
        (1.005, 2, 1.01),  # 1.005 is held as 1.00499999999999989
        (1.0049999, 2, 1.0),
        (1.4999999, 0, 2.0),  # the half is 0.5000001
        (1.4999998, 0, 1.0),
        (1.123456785, 8, 1.12345679),
        (1.123456785, 9, 1.12345679),
        (17.0, -1, 17.0),  # digits below 0 act as 0
        (0.0, 2, 0.0),
    ],
)
def test_normalize_rounds_half_away_from_zero(value: float, digits: int, expected: float) -> None:
    assert normalize(value, digits) == expected


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_normalize_leaves_infinities_alone(value: float) -> None:
    assert normalize(value, 2) == value


def test_normalize_leaves_nan_alone() -> None:
    assert math.isnan(normalize(math.nan, 2))


def test_normalize_beyond_every_double_is_infinite() -> None:
    assert normalize(MAX_DOUBLE, 0) == MAX_DOUBLE
    assert normalize(MAX_DOUBLE, 8) == math.inf
    assert normalize(-MAX_DOUBLE, 8) == -math.inf


def test_normalize_never_gives_a_negative_zero() -> None:
    assert math.copysign(1.0, normalize(-0.0049, 2)) == 1.0


@given(DOUBLES, DIGITS)
def test_normalize_never_raises(value: float, digits: int) -> None:
    assert isinstance(normalize(value, digits), float)


# From about 2^52 / 10^digits on, a double is coarser than the half, so the client's rule walks upwards.
@given(st.floats(-1e6, 1e6), DIGITS)
def test_normalize_is_idempotent_where_doubles_are_fine_enough(value: float, digits: int) -> None:
    once = normalize(value, digits)
    assert normalize(once, digits) == once


@given(st.floats(-1e6, 1e6), st.integers(0, 8))
def test_normalize_stays_within_half_a_unit(value: float, digits: int) -> None:
    distance = abs(Fraction(normalize(value, digits)) - Fraction(value)) * 10**digits
    coarseness = 2 * Fraction(math.ulp(value)) * 10**digits
    assert distance <= Fraction(1, 2) + Fraction(1, 10**6) + coarseness


@given(st.floats(0, 1e9), DIGITS)
def test_normalize_is_odd(value: float, digits: int) -> None:
    assert normalize(-value, digits) == -normalize(value, digits)


def test_size_is_rounded_to_eight_digits() -> None:
    assert size(0.37, 100000) == 37000.0
    assert size(3e-08, 0.3) == 1e-08  # 9e-9


@pytest.mark.parametrize(
    ("wire", "digits", "price"),
    [(108003.0, 5, 1.08003), (87154.5, 5, 0.87155), (5000.0, 5, 0.05), (12.4, 0, 12.0), (123.0, 9, 1.23e-6)],
)
def test_prices_are_always_divided(wire: float, digits: int, price: float) -> None:
    assert scale_price(wire, digits) == price


def test_a_typed_price_snaps_to_the_tick_then_to_the_digits() -> None:
    assert snap_price(101.37, 0.25, 2) == 101.25
    assert snap_price(101.38, 0.25, 2) == 101.5
    assert snap_price(101.3751, 0.0, 2) == 101.38
    assert snap_price(-37.38, 0.25, 1) == -37.5


@pytest.mark.parametrize(
    ("lots", "wire"),
    [
        (0.01, 1_000_000),
        (1.0, 100_000_000),
        (-0.1, -10_000_000),
        (0.0, 0),
        (-1e-9, 0),
        (1e20, 10**28),
        # 8796093022208.001953125 exactly: the ninth decimal is a tie, which goes up
        (2.0**43 + 2.0**-9, 879609302220800195313),
    ],
)
def test_volume_to_wire(lots: float, wire: int) -> None:
    assert volume_to_wire(lots) == wire


@pytest.mark.parametrize("lots", [math.nan, math.inf, -math.inf, 1.1e21, 1e300])
def test_volume_without_a_decimal_form_is_an_error(lots: float) -> None:
    with pytest.raises(ValueError, match="no decimal form"):
        volume_to_wire(lots)


@given(st.integers(0, 10**15))
def test_volumes_survive_the_round_trip(wire: int) -> None:
    assert volume_to_wire(volume_from_wire(wire)) == wire


@given(st.integers(0, 2**64 - 1))
def test_volume_from_wire_is_the_nearest_double(wire: int) -> None:
    assert volume_from_wire(wire) == float(Fraction(wire, 10**8))


def test_division_by_zero_follows_ieee() -> None:
    assert divide(1.0, 4.0) == 0.25
    assert divide(1.0, 0.0) == math.inf
    assert divide(-1.0, 0.0) == -math.inf
    assert divide(1.0, -0.0) == -math.inf
    assert math.isnan(divide(0.0, 0.0))
    assert math.isnan(divide(math.nan, 0.0))
