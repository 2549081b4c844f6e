import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.spread import adjust_ask_extreme, adjust_bid_extreme, adjust_pair

POINT, DIGITS = 1e-5, 5
BID, ASK = 1.08000, 1.08010
INTS = st.integers(-(2**31), 2**31 - 1)
DOUBLES = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("spread_diff", "balance", "expected"),
    [
        (0, 7, (1.08000, 1.08010)),
        (3, 0, (1.07998, 1.08011)),  # k = 3 - 1 = 2; 13 points wide
        (3, 1, (1.07999, 1.08012)),
        (4, 0, (1.07998, 1.08012)),
        (-3, 0, (1.08002, 1.08009)),  # k = -3 + 1 = -2; 7 points wide
        (-3, 1, (1.08001, 1.08008)),
        (-4, 0, (1.08002, 1.08008)),
        (-12, 0, (1.08006, 1.08004)),  # crossed: the caller decides
    ],
)
def test_the_pair_is_widened_round_its_middle(
    spread_diff: int, balance: int, expected: tuple[float, float]
) -> None:
    assert adjust_pair(BID, ASK, POINT, DIGITS, spread_diff, balance) == expected


@pytest.mark.parametrize(
    ("spread_diff", "balance", "bid", "ask"),
    [
        (0, 9, 1.1, 1.1),
        (3, 0, 1.09998, 1.10001),
        (3, 1, 1.09999, 1.10002),
        (-3, 0, 1.10002, 1.09999),
        (-3, 1, 1.10001, 1.09998),
    ],
)
def test_extremes_move_by_half_the_spread(spread_diff: int, balance: int, bid: float, ask: float) -> None:
    assert adjust_bid_extreme(1.1, POINT, DIGITS, spread_diff, balance) == bid
    assert adjust_ask_extreme(1.1, POINT, DIGITS, spread_diff, balance) == ask


def test_an_extreme_of_zero_or_less_stays_raw() -> None:
    assert adjust_bid_extreme(2e-5, POINT, DIGITS, 4, 0) == 2e-5
    assert adjust_bid_extreme(3e-5, POINT, DIGITS, 4, 0) == 1e-5
    assert adjust_ask_extreme(2e-5, POINT, DIGITS, -4, 0) == 2e-5
    assert adjust_ask_extreme(1e-5, POINT, DIGITS, -4, 0) == 1e-5
    assert adjust_ask_extreme(3e-5, POINT, DIGITS, -4, 0) == 1e-5


def test_a_point_of_zero_is_no_error() -> None:
    bid, ask = adjust_pair(BID, ASK, 0.0, DIGITS, 3, 0)
    assert bid == BID
    assert math.isnan(ask)


@given(DOUBLES, DOUBLES, DOUBLES, st.integers(0, 20), INTS, INTS)
def test_adjusting_never_raises(
    bid: float, ask: float, point: float, digits: int, spread_diff: int, balance: int
) -> None:
    assert len(adjust_pair(bid, ask, point, digits, spread_diff, balance)) == 2
    assert isinstance(adjust_bid_extreme(bid, point, digits, spread_diff, balance), float)
    assert isinstance(adjust_ask_extreme(ask, point, digits, spread_diff, balance), float)
