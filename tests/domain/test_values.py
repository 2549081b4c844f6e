"""Exact values have one form each."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain.values import average, lots, on_grid, plain, tidy, total, wall

D = Decimal
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("given_", "least", "text"),
    [
        ("1.10300", 0, "1.103"),
        ("150.0", 0, "150"),
        ("1E+2", 0, "100"),
        ("0.1", 2, "0.10"),
        ("0.123", 2, "0.123"),
        ("-0.0", 2, "0.00"),
        ("10", 2, "10.00"),
    ],
)
def test_equal_numbers_are_written_alike(given_: str, least: int, text: str) -> None:
    assert str(tidy(D(given_), least)) == text


@given(double=FINITE, zeros=st.integers(0, 5), least=st.integers(0, 8))
def test_form_follows_the_number_alone(double: float, zeros: int, least: int) -> None:
    exact = D(repr(double))
    longer = D(f"{exact:f}" + ("." if "." not in f"{exact:f}" else "") + "0" * zeros)
    assert longer == exact
    text = plain(tidy(exact, least))
    assert text == plain(tidy(longer, least))
    assert D(text) == exact
    assert float(text) == double
    assert "E" not in text
    if double:
        assert len(text.partition(".")[2]) >= least


def test_tc_o10_volumes_are_exact() -> None:
    assert sum([lots(D("0.1"))] * 10) == D("1.00000000")
    assert lots(D("0.1") + D("0.2")) == D("0.3")


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        ("45.0", 2, ("45.00", True)),
        ("0.125", 2, ("0.125", False)),  # half a cent is no noise
        ("-0.53", 2, ("-0.53", True)),
        ("10016.490000000002", 2, ("10016.49", True)),
        ("-0.0000001", 2, ("0.00", True)),
        ("1234.4999995", 0, ("1234.4999995", False)),
        ("1234.0000009", 0, ("1234", True)),
        ("0.0000011", 2, ("0.0000011", False)),
        ("0.000001", 2, ("0.00", True)),  # not by more than 10^-6
        ("0.123456785", 8, ("0.12345678", True)),  # half to even
    ],
)
def test_money_is_on_its_grid_or_told(value: str, digits: int, expected: tuple[str, bool]) -> None:
    amount, near = on_grid(D(value), digits)
    assert (str(amount), near) == expected


@pytest.mark.parametrize(
    ("volume", "price", "more", "at", "expected"),
    [
        ("0.30", "1.2", "0.50", "1.1999", "1.1999375"),
        ("0.10", "1.1", "0.30", "1.104", "1.103"),
        ("0.10", "1", "0.20", "2", "1.6666666666666666667"),
    ],
)
def test_averages(volume: str, price: str, more: str, at: str, expected: str) -> None:
    assert str(average(D(volume), D(price), D(more), D(at))) == expected


def test_an_amount_that_is_not_known_adds_nothing() -> None:
    assert str(total((D("45.00"), None, D("-0.53")))) == "44.47"


def test_the_wall_clock_of_a_server_time() -> None:
    summer, winter = "2026-07-01T10:00:00.123+03:00", "2026-07-01T10:00:00.123+02:00"
    assert wall(summer) == wall(winter) == "2026-07-01T10:00:00.123"
    assert wall(None) == ""


def test_the_smallest_volume_has_no_exponent() -> None:
    assert json.dumps(plain({"volume": lots(D(1).scaleb(-8))})) == '{"volume": "0.00000001"}'
