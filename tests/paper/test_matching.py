"""Fills, positions and booked money: the worked cases of docs/semantics.md 3, 4 and 5."""

import itertools
from decimal import Decimal

import pytest
from msgspec.structs import replace

from oms.paper.matching import average, filled, refolded
from oms.paper.model import LOT
from protocol.enums import DealEntry, DealType, Side
from protocol.records.trade import Deal, Position

from .venue_scene import BUY, EURO, HEDGE, NET, SELL, YEN, Scene, account, instrument, wire

PER_LOT = Decimal("3.50")


def net(**terms: object) -> Scene:
    return Scene(accounts=[account(NET, **terms)])


def hedge(**terms: object) -> Scene:
    return Scene(accounts=[account(HEDGE, **terms)])


def trades(scene: Scene, login: int) -> list[Deal]:
    return [deal for deal in scene.account(login).deals if deal.trade_action < 2]


def part(volume: str, price: float, side: Side = Side.BUY) -> Position:
    return Position(position_id=9, trade_action=side, trade_volume=wire(volume), price_open=price)


# TC-N1's way: quotes at which each deal trades, as (bid, ask).
N1 = (
    (1.09990, 1.10000, BUY, "0.10"),
    (1.10390, 1.10400, BUY, "0.30"),
    (1.10600, 1.10610, SELL, "0.15"),
    (1.10200, 1.10210, SELL, "0.40"),
)


def play_n1(scene: Scene) -> None:
    for bid, ask, kind, volume in N1:
        scene.quote(bid, ask)
        scene.deal(NET, kind, volume)


def test_tc_n1_netting_averages_reduces_and_reverses() -> None:
    scene = net()
    seen = []
    for bid, ask, kind, volume in N1:
        scene.quote(bid, ask)
        scene.deal(NET, kind, volume)
        (position,) = scene.account(NET).positions.values()
        seen.append((position.trade_action, position.trade_volume, position.price_open))
    assert seen == [
        (Side.BUY, wire("0.10"), 1.10000),
        (Side.BUY, wire("0.40"), 1.10300),
        (Side.BUY, wire("0.25"), 1.10300),
        (Side.SELL, wire("0.15"), 1.10200),
    ]
    assert [(deal.entry, deal.profit) for deal in trades(scene, NET)] == [
        (DealEntry.IN, 0.0),
        (DealEntry.IN, 0.0),
        (DealEntry.OUT, 45.0),
        (DealEntry.INOUT, -25.0),
    ]
    scene.quote(1.10095, 1.10100)
    (position,) = scene.venue.open_trades(NET).positions
    assert (position.price_close, position.profit) == (1.10100, 15.0)  # a short is valued at ask


def test_a_reversal_keeps_the_identifier_and_takes_the_ticket_of_its_order() -> None:
    scene = net()
    play_n1(scene)
    (position,) = scene.account(NET).positions.values()
    assert (position.position_id, position.trade_order) == (1, 4)
    assert {deal.position_id for deal in trades(scene, NET)} == {1}


def test_tc_n2_n3_commission_and_swap_are_in_the_ledger_to_the_cent() -> None:
    scene = net(commission_per_lot=PER_LOT)
    balances = []
    for bid, ask, kind, volume in N1:
        scene.quote(bid, ask)
        scene.deal(NET, kind, volume)
        balances.append(scene.account(NET).balance)
    assert balances == [
        Decimal("9999.65"),
        Decimal("9998.60"),
        Decimal("10043.07"),
        Decimal("10016.67"),
    ]
    assert [deal.commission for deal in trades(scene, NET)] == [-0.35, -1.05, -0.53, -1.40]


def test_tc_n3_the_closing_deal_books_the_swap() -> None:
    """0.15 short held over one night at -1.2 dollars a lot: -0.18, and the balance of the case."""
    usual = instrument("EURUSD", swap_mode=4, swap_short=-1.2, swap_rates=(1.0,) * 7)
    scene = Scene([usual], [account(NET, commission_per_lot=PER_LOT)])
    play_n1(scene)
    scene.wait(24 * 3600 * 1000)
    (position,) = scene.account(NET).positions.values()
    assert position.storage == -0.18
    assert scene.account(NET).balance == Decimal("10016.67")  # accrued is not booked
    scene.quote(1.10190, 1.10200)
    scene.deal(NET, BUY, "0.15")
    last = trades(scene, NET)[-1]
    assert (last.profit, last.storage) == (0.0, -0.18)
    booked = scene.account(NET).balance - Decimal(repr(last.commission))
    assert booked == Decimal("10016.49")


def test_tc_n5_bought_and_sold_in_parts() -> None:
    scene = net()
    scene.quote(1.1, 1.1001)
    for kind, volume in ((BUY, "1.25"), (SELL, "0.50"), (SELL, "0.60")):
        scene.deal(NET, kind, volume)
    (position,) = scene.account(NET).positions.values()
    assert (position.trade_action, position.trade_volume) == (Side.BUY, wire("0.15"))


def play_h1(scene: Scene) -> None:
    for bid, ask, kind, volume in ((1.0999, 1.1, BUY, "0.10"), (1.1009, 1.101, BUY, "0.20")):
        scene.quote(bid, ask)
        scene.deal(HEDGE, kind, volume)
    scene.quote(1.1005, 1.1006)
    scene.deal(HEDGE, SELL, "0.10")


def test_tc_h1_positions_stand_side_by_side_and_close_one_another() -> None:
    scene = hedge()
    play_h1(scene)
    assert scene.books(HEDGE) == [
        "position 1 buy 0.10 @ 1.1",
        "position 2 buy 0.20 @ 1.101",
        "position 3 sell 0.10 @ 1.1005",
    ]
    scene.quote(1.1020, 1.1021)
    scene.close(HEDGE, 2, "0.05")
    assert trades(scene, HEDGE)[-1].profit == 5.0
    scene.told(HEDGE, scene.request(10, SELL, "0.10", trade_position=1, position_by=3, type_flags=3))
    pair = trades(scene, HEDGE)[-2:]
    assert [deal.entry for deal in pair] == [DealEntry.OUT_BY, DealEntry.OUT_BY]
    assert sum(deal.profit for deal in pair) == 5.0
    assert scene.books(HEDGE) == ["position 2 buy 0.15 @ 1.101"]


def test_a_close_by_of_unequal_positions_leaves_the_rest_at_its_price() -> None:
    scene = hedge()
    play_h1(scene)
    scene.told(HEDGE, scene.request(10, SELL, "0.20", trade_position=2, position_by=3, type_flags=3))
    assert scene.books(HEDGE) == ["position 1 buy 0.10 @ 1.1", "position 2 buy 0.10 @ 1.101"]


@pytest.mark.parametrize(
    ("position", "volume", "code"),
    [(99, "0.10", 10013), (2, "0.30", 10014), (1, "0.10", 10036)],
    ids=["wrong id", "more than open", "closed already"],
)
def test_tc_h3_a_wrong_close_opens_nothing(position: int, volume: str, code: int) -> None:
    scene = hedge()
    play_h1(scene)
    scene.close(HEDGE, 1)
    before = scene.books(HEDGE)
    request = scene.request(3, SELL, volume, trade_position=position, type_filling=1, type_flags=3)
    assert scene.code(HEDGE, request) == code
    assert scene.books(HEDGE) == before


def test_tc_h4_two_deals_make_one_short_position() -> None:
    """The venue's half of the case: a sell of 0.5 over two levels of the book."""
    scene = Scene([instrument("EURUSD", depth=(0.2, 0.3))], [account(HEDGE)])
    scene.quote(1.1, 1.1001)
    scene.deal(HEDGE, SELL, "0.50")
    assert [deal.trade_volume for deal in trades(scene, HEDGE)] == [wire("0.2"), wire("0.3")]
    assert scene.books(HEDGE) == ["position 1 sell 0.50 @ 1.099994"]  # 0.2 @ 1.1 and 0.3 @ 1.09999


def test_tc_n6_a_close_that_comes_too_late_reverses_in_netting() -> None:
    scene = net()
    scene.quote(1.1, 1.1001)
    scene.deal(NET, BUY, "0.10")
    scene.deal(NET, SELL, "0.06")
    scene.deal(NET, SELL, "0.10", trade_position=1, type_flags=3)
    assert scene.books(NET) == ["position 1 sell 0.06 @ 1.1"]


def test_tc_o10_volumes_are_exact() -> None:
    scene = net()
    scene.quote(1.1, 1.1001)
    for _ in range(10):
        scene.deal(NET, BUY, "0.1")
    (position,) = scene.account(NET).positions.values()
    assert position.trade_volume == 1 * LOT
    assert wire("0.07") == 7_000_000
    assert wire("0.1") + wire("0.2") == wire("0.3")


def test_tc_p3_yen_profit_converts_at_the_closing_price() -> None:
    scene = Scene([instrument("USDJPY")], [account(HEDGE)])
    scene.quote(108.020, 108.023, "USDJPY")
    scene.deal(HEDGE, BUY, "0.1", trade_symbol="USDJPY", digits=3, type_filling=1)
    scene.quote(108.015, 108.018, "USDJPY")
    scene.deal(
        HEDGE, SELL, "0.1", trade_symbol="USDJPY", digits=3, type_filling=1, trade_position=1,
        type_flags=3, price_order=108.018,
    )  # fmt: skip
    last = trades(scene, HEDGE)[-1]
    assert (last.price_open, last.profit) == (108.015, -0.74)


@pytest.mark.parametrize(
    ("kind", "balance", "credit"),
    [
        (DealType.BALANCE, 25, 0),
        (DealType.CREDIT, 0, 25),
        (DealType.CORRECTION, 25, 0),
        (DealType.BONUS, 0, 25),
        (DealType.DIVIDEND, 25, 0),
        (DealType.TAX, 25, 0),
    ],
)
def test_tc_p11_money_deals_change_balance_or_credit_only(kind: DealType, balance: int, credit: int) -> None:
    scene = hedge()
    scene.venue.deposit(scene.moment, HEDGE, Decimal(25), kind, "note")
    held = scene.account(HEDGE)
    assert (held.balance, held.credit) == (Decimal(10_000 + balance), Decimal(credit))
    assert not held.positions
    assert trades(scene, HEDGE) == []
    assert held.deals[-1].comment == "note"


def test_tc_o1_parts_of_a_limit_average_exactly() -> None:
    first = average(wire("0.30"), 1.20000, wire("0.50"), 1.19990)
    assert first == 1.1999375
    assert average(wire("0.80"), first, wire("0.20"), 1.19980) == 1.19991


def test_tc_h5_the_same_stream_differs_as_documented() -> None:
    scene = Scene()
    for bid, ask, kind, volume in N1:
        scene.quote(bid, ask)
        scene.deal(NET, kind, volume)
        scene.deal(HEDGE, kind, volume)
    assert scene.books(NET) == ["position 1 sell 0.15 @ 1.102"]
    assert [line.split(" ", 2)[2] for line in scene.books(HEDGE)] == [
        "buy 0.10 @ 1.1",
        "buy 0.30 @ 1.104",
        "sell 0.15 @ 1.106",
        "sell 0.40 @ 1.102",
    ]
    assert {deal.entry for deal in trades(scene, HEDGE)} == {DealEntry.IN}


def test_accounts_book_in_their_own_currency() -> None:
    """100 points of 0.10 lots are 10.00 USD; at 1.0000 they are 10.00 EUR, and at 150 they are 1500 JPY."""
    scene = Scene(
        [instrument("EURUSD"), instrument("USDJPY")],
        [account(EURO), account(YEN, balance=Decimal(1_000_000))],
    )
    scene.quote(150.0, 150.0, "USDJPY")
    scene.quote(0.999, 0.999)
    for login in (EURO, YEN):
        scene.deal(login, BUY, "0.10")
    scene.quote(1.0, 1.0)
    for login in (EURO, YEN):
        scene.deal(login, SELL, "0.10", trade_position=next(iter(scene.account(login).positions)))
    assert trades(scene, EURO)[-1].profit == 10.0
    assert trades(scene, YEN)[-1].profit == 1500.0


# The arithmetic by itself.


@pytest.mark.parametrize(
    ("volume", "side", "entry", "left", "closed"),
    [
        ("0.10", Side.BUY, DealEntry.IN, (Side.BUY, "0.40"), "0"),
        ("0.10", Side.SELL, DealEntry.OUT, (Side.BUY, "0.20"), "0.10"),
        ("0.30", Side.SELL, DealEntry.OUT, (Side.BUY, "0"), "0.30"),
        ("0.50", Side.SELL, DealEntry.INOUT, (Side.SELL, "0.20"), "0.30"),
    ],
)
def test_a_fill_meets_a_long_of_0_30(
    volume: str, side: Side, entry: DealEntry, left: tuple[Side, str], closed: str
) -> None:
    fill = filled(part("0.30", 1.1), part(volume, 1.2, side))
    assert fill.entry == entry
    assert (fill.position.trade_action, fill.position.trade_volume) == (left[0], wire(left[1]))
    assert fill.closed == wire(closed)


def test_a_position_is_what_its_deals_make_it_in_any_split() -> None:
    """The same buys and sells in any order net to the same volume; canceled deals do not count."""
    deals = [
        Deal(position_id=9, trade_action=kind, trade_volume=wire(volume), price_open=price)
        for kind, volume, price in ((0, "0.30", 1.1), (0, "0.20", 1.2), (1, "0.10", 1.3))
    ]
    for order in itertools.permutations(deals):
        position = refolded(order)
        assert position is not None
        assert (position.trade_action, position.trade_volume) == (Side.BUY, wire("0.40"))
    canceled = replace(deals[0], trade_action=DealType.BUY_CANCELED)
    position = refolded([canceled, *deals[1:]])
    assert position is not None
    assert position.trade_volume == wire("0.10")
    assert refolded([deals[0], replace(deals[0], trade_action=1)]) is None


def test_the_rest_of_a_close_keeps_its_swap_in_proportion() -> None:
    usual = instrument("EURUSD", swap_mode=4, swap_long=-1.0, swap_rates=(1.0,) * 7)
    scene = Scene([usual], [account(HEDGE)])
    scene.quote(1.1, 1.1001)
    scene.deal(HEDGE, BUY, "1.00")
    scene.wait(24 * 3600 * 1000)
    scene.close(HEDGE, 1, "0.30")
    assert trades(scene, HEDGE)[-1].storage == -0.30
    assert scene.account(HEDGE).positions[1].storage == -0.70
    scene.close(HEDGE, 1)
    assert trades(scene, HEDGE)[-1].storage == -0.70
