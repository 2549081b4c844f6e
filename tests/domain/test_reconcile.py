"""What makes books and venue unequal (docs/semantics.md 7)."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from oms.domain.events.reconcile import Difference
from oms.domain.reconcile import Picture, compare
from oms.domain.records import OrderRecord, PositionRecord

ORDER = OrderRecord("7", symbol="EURUSD", state="placed", setup_at="2024-05-15T10:00:00.000+03:00")
HELD = PositionRecord(
    "9", symbol="EURUSD", side="buy", volume=Decimal("0.10"), price=Decimal("1.1"), digits=5
)
NOTHING = Picture({}, {}, Decimal("10.00"), Decimal("0.00"))


def picture(order: OrderRecord | None = None, held: PositionRecord | None = None) -> Picture:
    return NOTHING._replace(
        orders={order.order: order} if order else {}, positions={held.position: held} if held else {}
    )


def test_equal_is_no_difference() -> None:
    assert compare(picture(ORDER, HELD), picture(ORDER, HELD)) == []
    closer = replace(HELD, price=Decimal("1.10001"))  # one point
    assert compare(picture(ORDER, HELD), picture(replace(ORDER, sl=Decimal(1)), closer)) == []


@pytest.mark.parametrize(
    ("venue", "difference"),
    [
        (None, Difference("position", "9", "volume", "buy 0.10", None)),
        (
            replace(HELD, volume=Decimal("0.20")),
            Difference("position", "9", "volume", "buy 0.10", "buy 0.20"),
        ),
        (replace(HELD, side="sell"), Difference("position", "9", "volume", "buy 0.10", "sell 0.10")),
        (replace(HELD, price=Decimal("1.10002")), Difference("position", "9", "price", "1.1", "1.10002")),
        (replace(HELD, price=None), Difference("position", "9", "price", "1.1", None)),
        (replace(HELD, symbol="EURUSD.x"), Difference("position", "9", "symbol", "EURUSD", "EURUSD.x")),
    ],
)
def test_a_position_that_is_another(venue: PositionRecord | None, difference: Difference) -> None:
    assert compare(picture(held=HELD), picture(held=venue)) == [difference]


def test_an_order_on_one_side_only() -> None:
    assert compare(picture(ORDER), picture()) == [Difference("order", "7", "", "placed", None)]
    assert compare(picture(), picture(ORDER)) == [Difference("order", "7", "", None, "placed")]


def test_a_young_order_is_not_judged() -> None:
    """Recent activity: 5 s of server time."""
    assert compare(picture(ORDER), picture(), "2024-05-15T10:00:04.999") == []
    assert len(compare(picture(ORDER), picture(), "2024-05-15T10:00:05.001")) == 1


def test_money_is_equal_to_the_cent_or_not() -> None:
    other = NOTHING._replace(balance=Decimal("10.01"))
    assert compare(NOTHING, other) == [Difference("balance", "", "", "10.00", "10.01")]
    assert compare(NOTHING._replace(credit=Decimal("1.00")), NOTHING) == [
        Difference("credit", "", "", "1.00", "0.00")
    ]


def test_money_that_is_not_known_is_not_equal() -> None:
    assert [one.subject for one in compare(NOTHING, Picture({}, {}, None, None))] == ["balance", "credit"]
