"""Pending orders and stops as quotes move: triggers, activation, fillings (docs/semantics.md 3)."""

from typing import Any

import pytest

from oms.paper.borders import ALWAYS, NEVER, Borders, borders
from oms.paper.feed import Tick
from protocol.enums import ActivationMode, Filling, OrderState, OrderType, Side
from protocol.records.trade import Order, Position

from .venue_scene import BUY, HEDGE, NET, SELL, Scene, account, instrument, lines

BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP, BUY_STOP_LIMIT, SELL_STOP_LIMIT = 2, 3, 4, 5, 6, 7
FOK, IOC, RETURN, BOC = Filling.FOK, Filling.IOC, Filling.RETURN, Filling.BOC
EXCHANGE = "EURUSD.exc"


def scene_of(depth: tuple[float, ...] = (100,), login: int = HEDGE, **behaviour: Any) -> Scene:
    made = [instrument("EURUSD", depth), instrument(EXCHANGE, depth)]
    scene = Scene(made, [account(login)], **behaviour)
    for name in ("EURUSD", EXCHANGE):
        scene.quote(1.10000, 1.10010, name)
    return scene


def dealt(said: list[str]) -> list[str]:
    """What was traded: volume and price of each deal told."""
    deals = [line.partition("; ")[0] for line in said if line.startswith("10 {2,0}")]
    return [deal.split(" in ")[1].rsplit(" ", 1)[0] for deal in deals]


@pytest.mark.parametrize(
    ("kind", "price", "before", "at", "filled"),
    [
        (BUY_LIMIT, 1.09500, (1.09491, 1.09501), (1.09490, 1.09500), "0.10 @ 1.095"),
        (BUY_LIMIT, 1.09500, (1.09600, 1.09610), (1.09300, 1.09310), "0.10 @ 1.0931"),  # a gap to its gain
        (SELL_LIMIT, 1.10500, (1.10499, 1.10509), (1.10500, 1.10510), "0.10 @ 1.105"),
        (SELL_LIMIT, 1.10500, (1.10400, 1.10410), (1.10700, 1.10710), "0.10 @ 1.107"),
        (BUY_STOP, 1.10500, (1.10489, 1.10499), (1.10490, 1.10500), "0.10 @ 1.105"),
        (BUY_STOP, 1.10500, (1.10400, 1.10410), (1.10600, 1.10610), "0.10 @ 1.1061"),  # a gap to its loss
        (SELL_STOP, 1.09500, (1.09501, 1.09511), (1.09500, 1.09510), "0.10 @ 1.095"),
        (SELL_STOP, 1.09500, (1.09600, 1.09610), (1.09400, 1.09410), "0.10 @ 1.094"),
    ],
)
def test_buys_watch_the_ask_and_sells_the_bid(
    kind: int, price: float, before: tuple[float, float], at: tuple[float, float], filled: str
) -> None:
    scene = scene_of()
    scene.pending(HEDGE, kind, "0.10", price)
    assert scene.quote(*before) == []
    assert dealt(scene.quote(*at)) == [filled]


def test_an_order_that_the_market_already_meets_trades_behind_its_result() -> None:
    scene = scene_of()
    said = scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.10010)
    assert [line.split(" ")[:2] for line in said] == [
        ["12", "0"],
        ["10", "{0,0}"],
        ["19", "10009"],
        ["10", "{0,2}"],
        ["10", "{1,0}"],
        ["10", "{2,0}"],
    ]


@pytest.mark.parametrize(
    ("kind", "activation", "limit", "quotes", "filled"),
    [
        # Activated at 1.10500 by the ask, bought at 1.10300 or below.
        (BUY_STOP_LIMIT, 1.10500, 1.10300, ((1.10490, 1.10500), (1.10290, 1.10300)), "0.10 @ 1.103"),
        (SELL_STOP_LIMIT, 1.09500, 1.09700, ((1.09500, 1.09510), (1.09700, 1.09710)), "0.10 @ 1.097"),
    ],
)
def test_tc_o7_a_stop_limit_is_activated_then_works_as_a_limit(
    kind: int, activation: float, limit: float, quotes: tuple[tuple[float, float], ...], filled: str
) -> None:
    scene = scene_of()
    scene.pending(HEDGE, kind, "0.10", activation, price_trigger=limit)
    name = OrderType(kind).name.lower()
    # The limit is met before the activation: nothing.
    assert scene.quote(*quotes[1]) == []
    assert scene.quote(*quotes[0]) == [f"10 {{0,1}} #1 {name} placed 0.10/0.10"]
    (order,) = scene.account(HEDGE).orders.values()
    assert (order.activation_mode, order.price_order, order.price_trigger) == (2, activation, limit)
    assert dealt(scene.quote(*quotes[1])) == [filled]
    assert scene.account(HEDGE).history[-1].order_state == OrderState.FILLED


def test_an_activated_stop_limit_may_become_a_limit_in_name() -> None:
    scene = scene_of(stop_limit_becomes_limit=True)
    scene.pending(HEDGE, BUY_STOP_LIMIT, "0.10", 1.10500, price_trigger=1.10300)
    assert scene.quote(1.10490, 1.10500) == ["10 {0,1} #1 buy_limit placed 0.10/0.10"]
    (order,) = scene.account(HEDGE).orders.values()
    assert (order.price_order, order.price_trigger) == (1.10300, 0.0)
    assert dealt(scene.quote(1.10290, 1.10300)) == ["0.10 @ 1.103"]


def test_a_gap_over_activation_and_limit_activates_only() -> None:
    scene = scene_of()
    scene.pending(HEDGE, SELL_STOP_LIMIT, "0.10", 1.09500, price_trigger=1.09700)
    assert scene.quote(1.09000, 1.09010) == ["10 {0,1} #1 sell_stop_limit placed 0.10/0.10"]


def test_stops_of_an_order_are_its_positions() -> None:
    scene = scene_of()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09500, price_sl=1.09, price_tp=1.11, comment="mine")
    scene.quote(1.09490, 1.09500)
    (position,) = scene.account(HEDGE).positions.values()
    assert (position.sl, position.tp, position.comment) == (1.09, 1.11, "mine")


@pytest.mark.parametrize(
    ("kind", "stops", "before", "at", "price"),
    [
        (BUY, {"price_sl": 1.09}, (1.09001, 1.0902), (1.09000, 1.0902), "1.09"),
        (BUY, {"price_sl": 1.09}, (1.09001, 1.0902), (1.08000, 1.0802), "1.08"),  # a gap
        (BUY, {"price_tp": 1.12}, (1.11999, 1.1202), (1.12000, 1.1202), "1.12"),
        (SELL, {"price_sl": 1.12}, (1.11979, 1.11999), (1.11979, 1.12000), "1.12"),
        (SELL, {"price_tp": 1.09}, (1.08979, 1.09001), (1.08979, 1.09000), "1.09"),
    ],
)
@pytest.mark.parametrize("login", [HEDGE, NET])
def test_longs_stop_at_the_bid_and_shorts_at_the_ask(
    kind: int,
    stops: dict[str, Any],
    before: tuple[float, float],
    at: tuple[float, float],
    price: str,
    login: int,
) -> None:
    scene = scene_of(login=login)
    scene.deal(login, kind, "0.10", **stops)
    assert scene.quote(*before) == []
    _, deal = scene.quote(*at)
    assert f" out 0.10 @ {price} " in deal
    assert scene.books(login) == []


@pytest.mark.parametrize(
    ("filling", "depth", "said"),
    [
        (
            FOK,
            (0.5,),
            ["10 {0,2} #1 buy_limit canceled 1.00/1.00", "10 {1,0} #1 buy_limit canceled 1.00/1.00"],
        ),
        (
            IOC,
            (0.5,),
            [
                "10 {0,1} #1 buy_limit partial 0.50/1.00",
                "10 {2,0} deal 2 buy in 0.50 @ 1.095 0.00; position 1 buy 0.50 @ 1.095; balance 10000.00",
                "10 {0,2} #1 buy_limit canceled 0.50/1.00",
                "10 {1,0} #1 buy_limit canceled 0.50/1.00",
            ],
        ),
        (
            RETURN,
            (0.5, 2),  # the second level is beyond the limit
            [
                "10 {0,1} #1 buy_limit partial 0.50/1.00",
                "10 {2,0} deal 2 buy in 0.50 @ 1.095 0.00; position 1 buy 0.50 @ 1.095; balance 10000.00",
            ],
        ),
    ],
)  # fmt: skip
def test_fillings_of_a_limit_in_market_execution(
    filling: Filling, depth: tuple[float, ...], said: list[str]
) -> None:
    scene = scene_of(depth)
    scene.pending(HEDGE, BUY_LIMIT, "1.00", 1.09500, type_filling=filling)
    assert scene.quote(1.09490, 1.09500) == said


def on_exchange(scene: Scene, kind: int, lots: str, price: float, filling: Filling, **more: Any) -> list[str]:
    return scene.pending(HEDGE, kind, lots, price, type_filling=filling, trade_symbol=EXCHANGE, **more)


@pytest.mark.parametrize("filling", [FOK, IOC])
def test_on_an_exchange_a_limit_that_may_not_wait_trades_at_once_or_never(filling: Filling) -> None:
    scene = scene_of()
    assert on_exchange(scene, BUY_LIMIT, "0.10", 1.10010, filling)[-1].startswith("10 {2,0} deal 2 buy in")
    said = on_exchange(scene, BUY_LIMIT, "0.10", 1.10009, filling)
    assert said[1:] == [
        "10 {0,0} #2 buy_limit placed 0.10/0.10",
        "19 10009 deal 0 order 2 0.10 @ 1.10009",
        "10 {0,2} #2 buy_limit canceled 0.10/0.10",
        "10 {1,0} #2 buy_limit canceled 0.10/0.10",
    ]


def test_book_or_cancel_rests_or_is_canceled_and_never_takes() -> None:
    scene = scene_of()
    assert on_exchange(scene, BUY_LIMIT, "0.10", 1.10009, BOC)[-1].startswith("19 10009")
    said = on_exchange(scene, BUY_LIMIT, "0.10", 1.10010, BOC)
    assert said[1:] == [
        "10 {0,0} #2 buy_limit placed 0.10/0.10",
        "10 {0,2} #2 buy_limit canceled 0.10/0.10",
        "10 {1,0} #2 buy_limit canceled 0.10/0.10",
        "19 10007 deal 0 order 2 0.00 @ 0",
    ]
    # At rest it trades like any other when the market comes to it.
    assert dealt(scene.quote(1.09990, 1.10000, EXCHANGE)) == ["0.10 @ 1.1"]


def test_book_or_cancel_of_a_stop_limit_is_judged_when_it_is_activated() -> None:
    scene = scene_of()
    on_exchange(scene, BUY_STOP_LIMIT, "0.10", 1.10500, BOC, price_trigger=1.10600)
    assert scene.quote(1.10490, 1.10500, EXCHANGE)[1:] == [
        "10 {0,2} #1 buy_stop_limit canceled 0.10/0.10",
        "10 {1,0} #1 buy_stop_limit canceled 0.10/0.10",
    ]


def test_a_stop_that_the_book_cannot_fill_trades_on_with_the_next_quotes() -> None:
    """Once touched it is a market order, wherever the market goes."""
    scene = scene_of((0.3,))
    scene.pending(HEDGE, BUY_STOP, "0.50", 1.10500)
    assert dealt(scene.quote(1.10490, 1.10500)) == ["0.30 @ 1.105"]
    assert dealt(scene.quote(1.10290, 1.10300)) == ["0.20 @ 1.103"]


def test_an_order_without_money_is_rejected_when_it_triggers() -> None:
    """Two orders of 5 lots need 5 500 each at 1:100; both are placed while the other needs its margin.

    The first fill leaves 10 000 - 5 450 = 4 550: the second has no money.
    """
    waits = {"margin_rates_initial": (1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)}  # pendings need none
    scene = Scene([instrument("EURUSD", **waits)], [account(HEDGE)])
    scene.quote(1.10000, 1.10010)
    scene.pending(HEDGE, BUY_LIMIT, "5.00", 1.09000)
    scene.pending(HEDGE, BUY_LIMIT, "5.00", 1.08990)
    assert dealt(scene.quote(1.08990, 1.09000)) == ["5.00 @ 1.09"]
    assert scene.quote(1.08980, 1.08990) == [
        "10 {0,2} #2 buy_limit rejected 5.00/5.00",
        "10 {1,0} #2 buy_limit rejected 5.00/5.00",
    ]


def test_the_rest_of_an_opening_order_needs_money_too() -> None:
    """9.00 lots of 10.00 rest; 1 100.10 are used and 9 x 1 100.30 are not there."""
    scene = scene_of((1,))
    scene.account(HEDGE).leverage = 1000
    said = scene.deal(HEDGE, BUY, "10.00", trade_symbol=EXCHANGE, action=4, type_filling=RETURN)
    assert said[-1].startswith("19 10010")
    scene.account(HEDGE).leverage = 100
    assert scene.quote(1.10020, 1.10030, EXCHANGE)[:2] == [
        "10 {0,2} #1 buy rejected 9.00/10.00",
        "10 {1,0} #1 buy rejected 9.00/10.00",
    ]


def test_orders_wait_for_the_session_of_their_symbol() -> None:
    """Gold trades from 01:00; quotes of the night before it touch nothing."""
    gold: dict[str, Any] = {"trade_symbol": "XAUUSD", "digits": 2}
    scene = Scene([instrument("XAUUSD")], [account(HEDGE)])
    scene.quote(2350.00, 2350.25, "XAUUSD")
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 2340.0, **gold)
    scene.wait(14 * 3_600_000)  # midnight, and a second
    assert scene.quote(2330.00, 2330.25, "XAUUSD") == []
    scene.wait(3_600_000)
    assert dealt(scene.quote(2331.00, 2331.25, "XAUUSD")) == ["0.10 @ 2331.25"]


def test_a_modified_order_that_the_market_meets_trades() -> None:
    scene = scene_of()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    said = scene.told(HEDGE, scene.request(7, BUY_LIMIT, "0.10", trade_order=1, price_order=1.10010))
    assert said[1:3] == ["10 {0,1} #1 buy_limit placed 0.10/0.10", "19 10009 deal 0 order 1 0.10 @ 1.1001"]
    assert dealt(said) == ["0.10 @ 1.1001"]


def test_stop_loss_goes_before_orders_and_older_before_newer() -> None:
    """One quote sets off everything: the stop, then the orders by ticket."""
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10", price_sl=1.09)
    scene.pending(HEDGE, SELL_STOP, "0.20", 1.09100)
    scene.pending(HEDGE, BUY_LIMIT, "0.30", 1.09200)
    seen = [line for line in scene.quote(1.08900, 1.08910) if line.startswith("10 {2,0}")]
    assert [line.split(" @ ")[0] for line in seen] == [
        "10 {2,0} deal 3 sell out 0.10",
        "10 {2,0} deal 4 sell in 0.20",
        "10 {2,0} deal 5 buy in 0.30",
    ]


def test_two_quotes_in_one_call_are_two_quotes() -> None:
    """A spike that lasts one tick sets off what waits for it."""
    scene = scene_of()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    moments = [scene.zone.moment(scene.utc_ms + late) for late in (1, 2)]
    ticks = [
        Tick("EURUSD", moments[0].utc_ms, 1.08980, 1.08990, 0.0, 0),
        Tick("EURUSD", moments[1].utc_ms, 1.10000, 1.10010, 0.0, 0),
    ]
    effects = scene.venue.tick(moments[1], ticks)
    assert dealt(lines(effects)) == ["0.10 @ 1.0899"]
    deal = scene.account(HEDGE).deals[-1]
    assert deal.time_create * 1000 + deal.time_create_msc == moments[0].server_ms


# The borders by themselves.


def order(kind: int, price: float, trigger: float = 0.0, mode: int = 0) -> Order:
    return Order(order_type=kind, price_order=price, price_trigger=trigger, activation_mode=mode)


def position(side: Side, sl: float, tp: float) -> Position:
    return Position(trade_action=side, sl=sl, tp=tp)


@pytest.mark.parametrize(
    ("positions", "orders", "expected"),
    [
        ([], [], NEVER),
        ([position(Side.BUY, 0.0, 0.0)], [], NEVER),
        ([position(Side.BUY, 1.0, 2.0)], [], NEVER._replace(bid_low=1.0, bid_high=2.0)),
        ([position(Side.SELL, 2.0, 1.0)], [], NEVER._replace(ask_low=1.0, ask_high=2.0)),
        ([], [order(BUY_LIMIT, 1.0), order(BUY_LIMIT, 1.1)], NEVER._replace(ask_low=1.1)),
        ([], [order(SELL_LIMIT, 2.0), order(SELL_LIMIT, 1.9)], NEVER._replace(bid_high=1.9)),
        ([], [order(BUY_STOP, 2.0)], NEVER._replace(ask_high=2.0)),
        ([], [order(SELL_STOP, 1.0)], NEVER._replace(bid_low=1.0)),
        ([], [order(BUY_STOP_LIMIT, 2.0, 1.5)], NEVER._replace(ask_high=2.0)),
        ([], [order(BUY_STOP_LIMIT, 2.0, 1.5, ActivationMode.STOP_LIMIT)], NEVER._replace(ask_low=1.5)),
        ([], [order(BUY, 1.0)], ALWAYS),
        ([], [order(SELL_STOP, 1.0, 0.0, ActivationMode.PENDING), order(BUY_LIMIT, 1.0)], ALWAYS),
        (
            [position(Side.BUY, 1.0, 2.0), position(Side.SELL, 1.9, 1.1)],
            [order(SELL_STOP, 1.2)],
            Borders(1.2, 2.0, 1.1, 1.9),
        ),
    ],
)
def test_the_nearest_price_of_each_kind_is_the_border(
    positions: list[Position], orders: list[Order], expected: Borders
) -> None:
    assert borders(positions, orders) == expected


def test_a_quote_on_a_border_is_past_it() -> None:
    within = Borders(1.0, 2.0, 1.1, 1.9)
    assert within.hold(1.5, 1.5)
    for bid, ask in ((1.0, 1.5), (2.0, 1.5), (1.5, 1.1), (1.5, 1.9)):
        assert not within.hold(bid, ask)
    assert NEVER.hold(-5.0, 1e9)
    assert not ALWAYS.hold(1.5, 1.5)
