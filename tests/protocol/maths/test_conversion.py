import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.conversion import (
    NO_RATE,
    UNITY,
    Leg,
    Pairs,
    Quote,
    Rate,
    index_pairs,
    margin_rate,
    rate_buy,
    rate_sell,
    symbols_wanted,
)

EURUSD = Quote("EURUSD", 0, bid=1.0800, ask=1.0802)
USDJPY = Quote("USDJPY", 0, bid=150.00, ask=150.02)
PAIRS = index_pairs([EURUSD, USDJPY])


@pytest.mark.parametrize(("source", "target"), [("USD", "USD"), ("RUB", "RUR"), ("RUR", "RUB")])
def test_equal_currencies_convert_at_one(source: str, target: str) -> None:
    assert rate_buy(PAIRS, source, target) == UNITY
    assert rate_sell(PAIRS, source, target) == UNITY
    assert symbols_wanted(PAIRS, source, target) == ()


def test_a_direct_pair_is_bought_at_the_ask_sold_at_the_bid() -> None:
    assert rate_buy(PAIRS, "EUR", "USD") == Rate(1.0802, (Leg("EURUSD", "ask", 1.0802, False),))
    assert rate_sell(PAIRS, "EUR", "USD") == Rate(1.0800, (Leg("EURUSD", "bid", 1.0800, False),))


def test_an_inverse_pair_is_bought_at_the_bid_sold_at_the_ask() -> None:
    assert rate_buy(PAIRS, "JPY", "USD") == Rate(1 / 150.00, (Leg("USDJPY", "bid", 150.00, True),))
    assert rate_sell(PAIRS, "JPY", "USD") == Rate(1 / 150.02, (Leg("USDJPY", "ask", 150.02, True),))


def test_without_a_pair_the_way_leads_through_the_dollar() -> None:
    rate = rate_buy(PAIRS, "EUR", "JPY")
    assert rate.value == 1.0802 * 150.02
    assert rate.legs == (Leg("EURUSD", "ask", 1.0802, False), Leg("USDJPY", "ask", 150.02, False))
    assert rate_sell(PAIRS, "EUR", "JPY").value == 1.0800 * 150.00
    assert rate_buy(PAIRS, "JPY", "EUR").value == (1 / 150.00) * (1 / 1.0800)


@pytest.mark.parametrize(
    ("source", "target"), [("EUR", "GBP"), ("GBP", "JPY"), ("GBP", "CHF"), ("", "USD"), ("RUB", "USD")]
)
def test_no_way_is_no_rate(source: str, target: str) -> None:
    assert rate_buy(PAIRS, source, target) == NO_RATE
    assert not rate_sell(PAIRS, source, target).known


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf, 5e-324])
def test_what_is_no_price_gives_no_rate(price: float) -> None:
    pairs = index_pairs([Quote("EURUSD", 0, bid=price, ask=price)])
    assert rate_buy(pairs, "EUR", "USD") == NO_RATE
    assert rate_sell(pairs, "USD", "EUR") == NO_RATE


def test_an_unquoted_pair_gives_way_to_its_inverse() -> None:
    pairs = index_pairs([Quote("EURUSD", 0), Quote("USDEUR", 0, bid=0.9, ask=0.8)])
    assert rate_buy(pairs, "EUR", "USD").legs == (Leg("USDEUR", "bid", 0.9, True),)


def test_only_forex_modes_qualify() -> None:
    assert rate_buy(index_pairs([Quote("EURUSD", 2, 1.1, 1.2)]), "EUR", "USD") == NO_RATE
    assert rate_buy(index_pairs([Quote("EURUSD", 5, 1.1, 1.2)]), "EUR", "USD").value == 1.2


SUFFIXED = index_pairs(
    [
        Quote("EURUSD.z", 0, 3.0, 3.1),
        Quote("EURUSD.a", 0, 2.0, 2.1),
        Quote("EURUSDm", 2, 9.0, 9.1),
        Quote("GBPUSD.z", 0, 4.0, 4.1),
        Quote("GBPCHFm", 0, 5.0, 5.1),
        Quote("GOLD.zz.z", 2, 6.0, 6.1),
    ]
)


def test_the_traded_symbols_suffix_comes_first() -> None:
    assert rate_buy(SUFFIXED, "EUR", "USD", traded="GBPUSD.z").legs[0].pair == "EURUSD.z"


@pytest.mark.parametrize("traded", [None, "GBPCHFm", "GOLD.zz.z", "unknown"])
def test_else_the_alphabetically_first_forex_symbol(traded: str | None) -> None:
    assert rate_buy(SUFFIXED, "EUR", "USD", traded=traded).legs[0].pair == "EURUSD.a"


def test_only_the_first_three_letters_of_a_currency_count() -> None:
    assert rate_buy(PAIRS, "EURO", "USDT").value == 1.0802


def test_quotes_may_be_kept_up_to_date_behind_the_index() -> None:
    quotes = {"EURUSD": EURUSD}
    pairs = Pairs(quotes, index_pairs(quotes.values()).first)
    quotes["EURUSD"] = Quote("EURUSD", 0, 1.2, 1.3)
    assert rate_buy(pairs, "EUR", "USD").value == 1.3
    del quotes["EURUSD"]
    assert rate_buy(pairs, "EUR", "USD") == NO_RATE


def test_margin_converts_at_the_orders_own_price_in_its_own_pair() -> None:
    own = margin_rate(PAIRS, "EUR", "USD", traded="EURUSD", price=1.0991, is_buy=True)
    assert own == Rate(1.0991, (Leg("EURUSD", "order", 1.0991, False),))
    inverse = margin_rate(PAIRS, "JPY", "USD", traded="USDJPY", price=125.0, is_buy=False)
    assert inverse == Rate(0.008, (Leg("USDJPY", "order", 125.0, True),))


def test_margin_of_another_pair_converts_by_side() -> None:
    assert margin_rate(PAIRS, "EUR", "USD", traded="EURJPY", price=160.0, is_buy=True).value == 1.0802
    assert margin_rate(PAIRS, "EUR", "USD", traded="EURJPY", price=160.0, is_buy=False).value == 1.0800
    assert margin_rate(PAIRS, "USD", "USD", traded="USDJPY", price=150.0, is_buy=True) == UNITY


def test_wanted_symbols_are_those_a_conversion_would_use() -> None:
    assert symbols_wanted(PAIRS, "EUR", "USD") == ("EURUSD",)
    assert symbols_wanted(PAIRS, "JPY", "USD") == ("USDJPY",)
    assert symbols_wanted(PAIRS, "EUR", "JPY") == ("EURUSD", "USDJPY")
    assert symbols_wanted(PAIRS, "EUR", "CHF") == ("EURUSD",)
    assert symbols_wanted(PAIRS, "USD", "CHF") == ()
    assert symbols_wanted(SUFFIXED, "EUR", "USD", traded="GBPUSD.z") == ("EURUSD.z",)


CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "RUB", "RUR", "", "X"])
PRICES = st.floats(allow_nan=True, allow_infinity=True)
QUOTES = st.builds(
    Quote, st.sampled_from(["EURUSD", "USDJPY", "EURJPY.x", "JPYEUR", ""]), st.integers(0, 5), PRICES, PRICES
)


@given(st.lists(QUOTES), CURRENCIES, CURRENCIES, st.sampled_from([None, "EURUSD", "EURJPY.x", "no"]))
def test_a_rate_is_the_product_of_its_legs_or_nothing(
    quotes: list[Quote], source: str, target: str, traded: str | None
) -> None:
    pairs = index_pairs(quotes)
    for rate in (rate_buy(pairs, source, target, traded), rate_sell(pairs, source, target, traded)):
        assert rate == NO_RATE or rate.value == math.prod(leg.rate for leg in rate.legs)
        assert math.isfinite(rate.value)
        assert {leg.pair for leg in rate.legs} <= {quote.name for quote in quotes}
