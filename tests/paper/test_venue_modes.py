"""Deals in the four execution modes, on both margin modes (docs/protocol.md 6.5, 8)."""

from decimal import Decimal
from typing import Any

import pytest

from oms.paper.catalog import Instrument
from protocol.enums import Filling

from .venue_scene import BUY, HEDGE, NET, SELL, Scene, account, instrument, lines, wire

FOK, IOC, RETURN, BOC = Filling.FOK, Filling.IOC, Filling.RETURN, Filling.BOC
QUOTE = (1.10000, 1.10010)
REQUEST, INSTANT, MARKET, EXCHANGE = "EURUSD.req", "EURUSD.ins", "EURUSD", "EURUSD.exc"
# As the official client opens and closes: action, filling of the open and of the close.
SENT = {REQUEST: (1, FOK, FOK), INSTANT: (2, FOK, FOK), MARKET: (3, IOC, IOC), EXCHANGE: (4, FOK, RETURN)}


def scene_of(symbol: str | Instrument, login: int = HEDGE, **behaviour: Any) -> Scene:
    made = instrument(symbol) if isinstance(symbol, str) else symbol
    scene = Scene([made], [account(login)], **behaviour)
    scene.quote(*QUOTE, made.spec.trade_symbol)
    return scene


def dealt(
    scene: Scene, symbol: str, kind: int, lots: str, price: float = 0.0, login: int = HEDGE, **more: Any
) -> list[str]:
    return scene.deal(
        login, kind, lots, action=SENT[symbol][0], trade_symbol=symbol, price_order=price, **more
    )


def results(said: list[str]) -> list[str]:
    """The codes of the pushes 19."""
    return [line.split()[1] for line in said if line.startswith("19")]


@pytest.mark.parametrize("login", [HEDGE, NET])
@pytest.mark.parametrize("symbol", SENT)
def test_open_and_close_as_the_official_client_does(symbol: str, login: int) -> None:
    """Bought at 1.10010, sold at 1.10060: 50 points of 0.10 lots are 5.00."""
    scene = scene_of(symbol, login)
    _, opens, closes = SENT[symbol]
    named = symbol in (REQUEST, INSTANT)
    if symbol == REQUEST:
        scene.ask(login, scene.request(0, BUY, "0.10", trade_symbol=symbol))
    bought = dealt(scene, symbol, BUY, "0.10", 1.10010 if named else 0.0, login, type_filling=opens)
    assert bought == [
        "12 0",
        "10 {0,0} #1 buy placed 0.10/0.10",
        "10 {0,2} #1 buy filled 0.00/0.10",
        "10 {1,0} #1 buy filled 0.00/0.10",
        "10 {2,0} deal 2 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 10000.00",
        "19 10009 deal 2 order 1 0.10 @ 1.1001",
    ]
    scene.quote(1.10060, 1.10070, symbol)
    close: dict[str, Any] = {"type_filling": closes, "type_flags": 3, "trade_position": 1}
    if symbol == REQUEST:
        scene.ask(login, scene.request(0, SELL, "0.10", trade_symbol=symbol, trade_position=1))
    sold = dealt(scene, symbol, SELL, "0.10", 1.10060 if named else 0.0, login, price_deviation=1, **close)
    assert sold == [
        "12 0",
        "10 {0,0} #2 sell placed 0.10/0.10",
        "10 {0,2} #2 sell filled 0.00/0.10",
        "10 {1,0} #2 sell filled 0.00/0.10",
        "10 {2,0} deal 3 sell out 0.10 @ 1.1006 5.00; position 1 buy 0.00 @ 1.1001; balance 10005.00",
        "19 10009 deal 3 order 2 0.10 @ 1.1006",
    ]


@pytest.mark.parametrize("symbol", SENT)
def test_more_than_the_position_reverses_in_netting(symbol: str) -> None:
    scene = scene_of(symbol, NET)
    named = symbol in (REQUEST, INSTANT)
    if symbol == REQUEST:
        scene.ask(NET, scene.request(0, BUY, "0.10", trade_symbol=symbol))
    filling = {"type_filling": SENT[symbol][1]}
    dealt(scene, symbol, BUY, "0.10", 1.10010 if named else 0.0, NET, **filling)
    reversing = dealt(scene, symbol, SELL, "0.30", 1.10000 if named else 0.0, NET, **filling)
    assert reversing[-2:] == [
        "10 {2,0} deal 3 sell inout 0.30 @ 1.1 -1.00; position 1 sell 0.20 @ 1.1; balance 9999.00",
        "19 10009 deal 3 order 2 0.30 @ 1.1",
    ]


# Request execution.


def test_without_an_offer_there_is_no_deal_on_request() -> None:
    scene = scene_of(REQUEST)
    said = dealt(scene, REQUEST, BUY, "0.10", 1.10010, type_filling=FOK)
    assert said == ["12 0", "19 10020 deal 0 order 0 0.00 @ 0"]


@pytest.mark.parametrize(("waited_ms", "code"), [(10_000, "10009"), (10_001, "10020")])
def test_an_offer_stands_for_the_request_timeout(waited_ms: int, code: str) -> None:
    """10 s in the symbol."""
    scene = scene_of(REQUEST)
    scene.ask(HEDGE, scene.request(0, BUY, "0.10", trade_symbol=REQUEST))
    scene.wait(waited_ms)
    assert results(dealt(scene, REQUEST, BUY, "0.10", 1.10010, type_filling=FOK)) == [code]


@pytest.mark.parametrize(("waited_ms", "code"), [(7000, "10009"), (7001, "10020")])
def test_where_the_symbol_says_no_time_an_offer_stands_for_seven_seconds(waited_ms: int, code: str) -> None:
    scene = scene_of(instrument(REQUEST, trade_request_timeout=0))
    scene.ask(HEDGE, scene.request(0, BUY, "0.10", trade_symbol=REQUEST))
    scene.wait(waited_ms)
    assert results(dealt(scene, REQUEST, BUY, "0.10", 1.10010, type_filling=FOK)) == [code]


def test_an_offer_is_good_at_its_own_price_for_its_own_session() -> None:
    scene = scene_of(REQUEST)
    scene.ask(HEDGE, scene.request(0, BUY, "0.10", trade_symbol=REQUEST))
    assert results(dealt(scene, REQUEST, BUY, "0.10", 1.10009, type_filling=FOK)) == ["10020"]
    assert results(dealt(scene, REQUEST, SELL, "0.10", 1.10010, type_filling=FOK)) == ["10020"]
    request = scene.request(1, BUY, "0.10", trade_symbol=REQUEST, price_order=1.10010)
    other = scene.venue.trade(scene.moment, HEDGE, 8, request)
    assert results(lines(other.effects)) == ["10020"]
    assert results(dealt(scene, REQUEST, BUY, "0.10", 1.10010, type_filling=FOK)) == ["10009"]


# Instant execution.


@pytest.mark.parametrize(
    ("kind", "price", "deviation", "filled"),
    [
        (BUY, 1.10010, 0, "1.1001"),
        (BUY, 1.10009, 0, None),
        (BUY, 1.10009, 1, "1.1001"),
        (BUY, 1.10000, 10, "1.1001"),
        (BUY, 1.09999, 10, None),
        (SELL, 1.10001, 1, "1.1"),
        (SELL, 1.10002, 1, None),
    ],
)
def test_an_instant_deal_within_its_deviation_is_done_at_the_market(
    kind: int, price: float, deviation: int, filled: str | None
) -> None:
    scene = scene_of(INSTANT)
    said = dealt(scene, INSTANT, kind, "0.10", price, type_filling=FOK, price_deviation=deviation)
    if filled is None:
        assert said == ["12 0", "19 10004 deal 0 order 0 0.00 @ 0"]
    else:
        assert said[-1] == f"19 10009 deal 2 order 1 0.10 @ {filled}"


@pytest.mark.parametrize(("waited_ms", "code"), [(10_000, "10009"), (10_001, "10004")])
def test_a_requote_stands_for_the_instant_timeout(waited_ms: int, code: str) -> None:
    scene = scene_of(INSTANT)
    dealt(scene, INSTANT, BUY, "0.10", 1.09000, type_filling=FOK)
    scene.wait(waited_ms - 1000)
    scene.quote(1.10500, 1.10510, INSTANT)  # a second later
    assert results(dealt(scene, INSTANT, BUY, "0.10", 1.10010, type_filling=FOK)) == [code]


def test_requotes_by_order() -> None:
    scene = scene_of(INSTANT)
    scene.venue.requote_next(2)
    said = [results(dealt(scene, INSTANT, BUY, "0.10", price, type_filling=FOK)) for price in (1.1001,) * 3]
    # The first requote offers 1.10010, so the repetition takes the offer; the second order is still out.
    assert said == [["10004"], ["10009"], ["10009"]]
    other = scene.request(2, BUY, "0.10", trade_symbol=INSTANT, price_order=1.1001)
    assert results(lines(scene.venue.trade(scene.moment, HEDGE, 8, other).effects)) == ["10004"]


def test_requotes_by_chance_are_the_seeds() -> None:
    def run(seed: int, chance: float) -> list[str]:
        scene = scene_of(INSTANT, requote_chance=chance, seed=seed)
        said = []
        for session in range(60):
            request = scene.request(2, BUY, "0.01", trade_symbol=INSTANT, price_order=1.10010)
            said += results(lines(scene.venue.trade(scene.moment, HEDGE, session, request).effects))
        return said

    assert run(1, 0.5) == run(1, 0.5)
    assert run(1, 0.5) != run(2, 0.5)
    assert set(run(1, 0.5)) == {"10004", "10009"}
    assert set(run(1, 0.0)) == {"10009"}
    assert set(run(1, 1.0)) == {"10004"}


# Market and exchange execution.


def test_slippage_is_against_the_trader_and_within_its_bound() -> None:
    prices: dict[int, set[float]] = {BUY: set(), SELL: set()}
    scene = scene_of(MARKET, slippage_points=3)
    for kind in [BUY, SELL] * 40:
        scene.deal(HEDGE, kind, "0.01")
        prices[kind].add(scene.account(HEDGE).deals[-1].price_open)
    assert prices[BUY] == {1.10010, 1.10011, 1.10012, 1.10013}
    assert prices[SELL] == {1.10000, 1.09999, 1.09998, 1.09997}


@pytest.mark.parametrize("symbol", [REQUEST, INSTANT, EXCHANGE])
def test_elsewhere_prices_do_not_slip(symbol: str) -> None:
    scene = scene_of(symbol, slippage_points=50)
    named = 0.0 if symbol == EXCHANGE else 1.10010
    if symbol == REQUEST:
        scene.ask(HEDGE, scene.request(0, BUY, "0.10", trade_symbol=symbol))
    for _ in range(5):
        said = dealt(scene, symbol, BUY, "0.10", named, type_filling=FOK)
        assert said[-1].endswith("0.10 @ 1.1001")


BOOK = (0.5, 0.3)  # lots at 1.10010 and 1.10011


@pytest.mark.parametrize("symbol", [MARKET, EXCHANGE])
@pytest.mark.parametrize(
    ("filling", "said"),
    [
        (FOK, ["19 10007 deal 0 order 1 0.00 @ 0"]),
        (IOC, ["19 10010 deal 3 order 1 0.80 @ 1.10010375"]),
    ],
)
def test_a_book_that_is_too_small(symbol: str, filling: Filling, said: list[str]) -> None:
    scene = scene_of(instrument(symbol, depth=BOOK))
    heard = dealt(scene, symbol, BUY, "1.00", type_filling=filling)
    assert heard[-1:] == said
    assert heard[-2].startswith("10 {1,0} #1 buy canceled")
    assert scene.account(HEDGE).orders == {}


def test_what_returns_to_the_book_waits_for_the_next_quote() -> None:
    """An exchange deal with RETURN: 0.80 now, the rest when there is something to take; told by 10 alone."""
    scene = scene_of(instrument(EXCHANGE, depth=BOOK))
    said = dealt(scene, EXCHANGE, BUY, "1.00", type_filling=RETURN)
    assert said[-1] == "19 10010 deal 3 order 1 0.80 @ 1.10010375"
    assert "canceled" not in " ".join(said)
    assert scene.quote(1.10020, 1.10030, EXCHANGE) == [
        "10 {0,2} #1 buy filled 0.00/1.00",
        "10 {1,0} #1 buy filled 0.00/1.00",
        # 0.5 @ 1.10010, 0.3 @ 1.10011, 0.2 @ 1.10030: 1.100143
        "10 {2,0} deal 4 buy in 0.20 @ 1.1003 0.00; position 1 buy 1.00 @ 1.100143; balance 10000.00",
    ]


def test_a_book_that_was_taken_is_empty_until_the_next_quote() -> None:
    scene = scene_of(instrument(EXCHANGE, depth=BOOK))
    dealt(scene, EXCHANGE, BUY, "0.60", type_filling=IOC)
    assert dealt(scene, EXCHANGE, BUY, "0.60", type_filling=IOC)[-1].split()[1:] == [
        "10010", "deal", "4", "order", "2", "0.20", "@", "1.10011",
    ]  # fmt: skip
    assert results(dealt(scene, EXCHANGE, BUY, "0.10", type_filling=IOC)) == ["10007"]
    assert results(dealt(scene, EXCHANGE, SELL, "0.10", type_filling=IOC)) == ["10009"]
    scene.quote(*QUOTE, EXCHANGE)
    assert results(dealt(scene, EXCHANGE, BUY, "0.10", type_filling=IOC)) == ["10009"]


def test_an_order_that_rests_without_any_fill_was_placed() -> None:
    scene = scene_of(instrument(EXCHANGE, depth=(0.10,)))
    dealt(scene, EXCHANGE, BUY, "0.10", type_filling=IOC)
    said = dealt(scene, EXCHANGE, BUY, "0.10", type_filling=RETURN)
    assert said == ["12 0", "10 {0,0} #2 buy placed 0.10/0.10", "19 10008 deal 0 order 2 0.00 @ 0"]
    remove = scene.request(8, BUY, "0.10", trade_symbol=EXCHANGE, trade_order=2)
    assert results(scene.told(HEDGE, remove)) == ["10009"]


def test_the_rest_of_a_close_never_opens_another_position() -> None:
    """Half of a close rests; when a stop loss takes the position first, the rest is canceled."""
    scene = scene_of(instrument(EXCHANGE, depth=(0.6,)))
    dealt(scene, EXCHANGE, BUY, "0.60", type_filling=IOC, price_sl=1.09)
    scene.quote(1.09990, 1.10000, EXCHANGE)
    dealt(scene, EXCHANGE, BUY, "0.60", type_filling=IOC)
    dealt(scene, EXCHANGE, SELL, "0.50", type_filling=RETURN, trade_position=2, type_flags=3)
    close = dealt(scene, EXCHANGE, SELL, "0.60", type_filling=RETURN, trade_position=1, type_flags=3)
    assert close[-1].startswith("19 10010")  # 0.10 of it
    seen = scene.quote(1.08990, 1.09000, EXCHANGE)
    assert [line for line in seen if "#4" in line] == [
        "10 {0,2} #4 sell canceled 0.50/0.60",
        "10 {1,0} #4 sell canceled 0.50/0.60",
    ]
    assert scene.books(HEDGE) == ["position 2 buy 0.10 @ 1.1"]


def test_book_or_cancel_as_a_deal_is_canceled() -> None:
    scene = scene_of(EXCHANGE)
    assert results(dealt(scene, EXCHANGE, BUY, "0.10", type_filling=BOC)) == ["10007"]


@pytest.mark.parametrize("symbol", [REQUEST, INSTANT])
def test_a_dealer_takes_any_volume_at_one_price(symbol: str) -> None:
    scene = scene_of(instrument(symbol, depth=(0.01,)))
    if symbol == REQUEST:
        scene.ask(HEDGE, scene.request(0, BUY, "5.00", trade_symbol=symbol))
    said = dealt(scene, symbol, BUY, "5.00", 1.10010, type_filling=FOK)
    assert said[-1] == "19 10009 deal 2 order 1 5.00 @ 1.1001"
    (position,) = scene.account(HEDGE).positions.values()
    assert position.trade_volume == wire(5)


def test_the_average_of_many_parts_is_rounded_once() -> None:
    """5, 10 and 15 lots at 1.08010, 1.08011, 1.08012: 1.0801133333..., on eight digits."""
    scene = Scene([instrument(EXCHANGE, depth=(5, 10, 15))], [account(HEDGE, balance=Decimal(1_000_000))])
    scene.quote(1.08000, 1.08010, EXCHANGE)
    said = dealt(scene, EXCHANGE, BUY, "30", 0.0, type_filling=IOC)
    assert said[-1] == "19 10009 deal 4 order 1 30.00 @ 1.08011333"
