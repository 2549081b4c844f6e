"""Every row of docs/protocol.md 7.7, on a valid order with one thing wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.check_input import (
    CheckOrder,
    CheckPosition,
    CheckRequest,
    CheckSymbol,
    Refusal,
    View,
    show_volume,
)
from protocol.maths.checks import check
from tests.protocol.maths.check_scene import (
    EXCHANGE,
    INSTANT,
    LOT,
    MARKET,
    PENDING_PRICES,
    REQUEST,
    close,
    codes,
    deal,
    held,
    pending,
    stops,
    symbol,
    view,
)


@pytest.mark.parametrize("mode", [REQUEST, INSTANT, MARKET, EXCHANGE])
@pytest.mark.parametrize(
    "request_", [deal(0), deal(1), close(1), stops(1.07, 1.09), *(pending(kind) for kind in PENDING_PRICES)]
)
def test_valid_requests_pass(mode: int, request_: CheckRequest) -> None:
    assert codes(request_, view(symbol(trade_exemode=mode), position=held())) == []


def test_a_symbol_that_is_not_loaded_is_the_only_reason() -> None:
    unloaded = View(symbol=None, hedging=True)
    assert codes(deal(trade_volume=0, price_order=-1.0), unloaded) == [("symbol_not_loaded", 2)]


def test_a_refusal_says_what_where_and_what_would_do() -> None:
    assert check(deal(trade_volume=1_500_000), view()) == (
        Refusal(
            code="volume_off_step",
            field="trade_volume",
            message="the volume is no multiple of the step",
            given="0.015",
            limit="0.01",
            retcode=10014,
        ),
    )


def test_a_refused_side_is_named() -> None:
    (refusal,) = check(deal(1), view(symbol(trade_mode=1)))
    assert (refusal.field, refusal.given, refusal.limit) == ("trade_type", "sell", "buy")


def test_all_reasons_come_at_once_in_table_order() -> None:
    request = pending(2, trade_volume=501 * LOT, price_order=1.2, price_sl=1.3, type_time=2, trade_action=5)
    assert codes(request, view(symbol(trade_mode=2, trade_order_flags=16))) == [
        ("short_only", 10043),
        ("volume_above_max", 10014),
        ("order_type_not_allowed", 10035),
        ("expiration_invalid", 10022),
        ("price_too_near", 10015),
        ("sl_too_near", 10016),
    ]


@pytest.mark.parametrize(("volume", "shown"), [(LOT, "1"), (100 * LOT, "100"), (1, "0.00000001"), (0, "0")])
def test_volumes_are_shown_in_lots(volume: int, shown: str) -> None:
    assert show_volume(volume) == shown


def official_refusals() -> list[Any]:
    text = (Path(__file__).parents[1] / "vectors" / "scalars_and_checks.json").read_text("utf-8")
    vectors = [vector for vector in json.loads(text) if vector["topic"] == "client-side-check"]
    # One asks for prices with a volume that the vector does not name as it was sent: nothing to compare.
    return [
        pytest.param(vector, id=vector["name"])
        for vector in vectors
        if vector["name"] != "refusal-request-request-prices"
    ]


@pytest.mark.parametrize("vector", official_refusals())
def test_the_official_client_refuses_with_the_same_retcode(vector: dict[str, Any]) -> None:
    fields = vector["fields"]
    mode, kind = fields["trade_exemode"], fields.get("type", 0)
    changes: dict[str, Any] = {}
    if "volume" in fields:
        changes["trade_volume"] = round(fields["volume"] * LOT)
    if "price" in fields:
        changes["price_order"] = fields["price"]
    if "fill" in fields:
        changes["type_filling"] = fields["fill"]
    if "time" in fields:
        changes |= {"type_time": fields["time"], "time_expiration": fields["exp"]}
    if "sltp" in vector["name"]:
        request = stops(1.07, 1.09)
    elif kind >= 2:
        request = pending(kind, **changes)
    else:
        request = deal(kind, **{"trade_action": mode + 1, **changes})
    position = held(price_sl=1.07, price_tp=1.09)
    flat = view(symbol(trade_exemode=mode), position=position if "sltp" in vector["name"] else None)
    assert [refusal.retcode for refusal in check(request, flat)] == [vector["parsed"]["retcode"]]


ANY = st.floats(allow_nan=True, allow_infinity=True)
SMALL = st.integers(0, 11)
REQUESTS = st.builds(
    CheckRequest,
    trade_action=SMALL,
    trade_volume=st.integers(-(2**63), 2**64),
    trade_type=SMALL,
    type_filling=SMALL,
    type_time=SMALL,
    type_flags=SMALL,
    price_order=ANY,
    price_trigger=ANY,
    price_sl=ANY,
    price_tp=ANY,
    trade_position=SMALL,
    time_expiration=st.integers(0, 2**32),
)
SYMBOLS = st.builds(
    CheckSymbol,
    digits=SMALL,
    point=ANY,
    trade_tick_size=ANY,
    trade_mode=SMALL,
    trade_exemode=SMALL,
    trade_fill_flags=SMALL,
    trade_time_flags=SMALL,
    trade_order_flags=st.integers(0, 127),
    volume_min=st.integers(0, 2**64 - 1),
    volume_max=st.integers(0, 2**64 - 1),
    volume_step=st.integers(0, 2**64 - 1),
    trade_stops_level=st.integers(-(2**31), 2**31 - 1),
    trade_price_limit_min=ANY,
    trade_price_limit_max=ANY,
    ticks_flags=SMALL,
)
POSITIONS = st.none() | st.builds(
    CheckPosition,
    trade_symbol=st.text(max_size=2),
    is_buy=st.booleans(),
    volume=st.integers(0, 2**64 - 1),
    price_sl=ANY,
    price_tp=ANY,
)
VIEWS = st.builds(
    View,
    symbol=st.none() | SYMBOLS,
    hedging=st.booleans(),
    bid=st.none() | ANY,
    ask=st.none() | ANY,
    position=POSITIONS,
    position_by=POSITIONS,
    order=st.none() | st.builds(CheckOrder, price_order=ANY, price_sl=ANY, type_time=SMALL),
    usable_prices=st.none() | st.lists(ANY, max_size=2).map(tuple),
)


@given(REQUESTS, VIEWS)
def test_checks_are_total(request_: CheckRequest, given_view: View) -> None:
    for refusal in check(request_, given_view):
        assert refusal.code
        assert refusal.retcode == 2 or 10013 <= refusal.retcode <= 10044
