"""What time ends: orders at their expiration, days with swap and commission, in server time.

The scene begins on Wednesday 2024-05-15 10:00 server time, which is 07:00 UTC.
"""

from decimal import Decimal
from typing import Any

import pytest

from oms.paper.behaviour import Behaviour
from oms.paper.venue import Venue
from oms.paper.zone import Zone
from protocol.enums import DealEntry, DealType, OrderState, Reason
from protocol.records.trade import Deal

from .venue_scene import BUY, HEDGE, NET, SELL, Scene, account, instrument, lines

BUY_LIMIT = 2
HOUR, DAY = 3_600_000, 86_400_000
TO_MIDNIGHT = 14 * HOUR
DAY_ORDER, SPECIFIED, SPECIFIED_DAY = 1, 2, 3


def scene_of(
    terms: dict[str, Any] | None = None, behaviour: dict[str, Any] | None = None, **spec: Any
) -> Scene:
    scene = Scene([instrument("EURUSD", **spec)], [account(HEDGE, **(terms or {}))], **(behaviour or {}))
    quote_at(scene, 1.10000, 1.10010)
    return scene


def quote_at(scene: Scene, bid: float, ask: float) -> list[str]:
    """A quote without the second that it usually takes."""
    scene.utc_ms -= 1000
    return scene.quote(bid, ask)


def swaps(scene: Scene, number: int = 1) -> float:
    return scene.account(HEDGE).positions[number].storage


EXPIRED = ["10 {0,2} #1 buy_limit expired 0.10/0.10", "10 {1,0} #1 buy_limit expired 0.10/0.10"]


# Expirations.


@pytest.mark.parametrize(
    ("lifetime", "ends_in_s", "lives_ms"),
    [
        (DAY_ORDER, None, TO_MIDNIGHT),
        (SPECIFIED, 600, 600_000),
        (SPECIFIED, 3 * 86_400, 3 * DAY),
        (SPECIFIED_DAY, 600, TO_MIDNIGHT - 1000),
        (SPECIFIED_DAY, -600, TO_MIDNIGHT - 1000),
        (SPECIFIED_DAY, 86_400, DAY + TO_MIDNIGHT - 1000),
    ],
)
def test_tc_o9_orders_expire_in_server_time(lifetime: int, ends_in_s: int | None, lives_ms: int) -> None:
    """DAY at the server's midnight, SPECIFIED_DAY at its 23:59:59; no tick is needed."""
    scene = scene_of()
    ends = 0 if ends_in_s is None else scene.moment.seconds + ends_in_s
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09, type_time=lifetime, time_expiration=ends)
    assert scene.wait(lives_ms - 1) == []
    assert scene.wait(1) == EXPIRED
    (order,) = scene.account(HEDGE).history
    assert (order.time_done, order.order_state) == (scene.moment.seconds, OrderState.EXPIRED)


def test_an_order_that_expired_is_not_filled_by_the_same_moments_quote() -> None:
    scene = scene_of()
    ends = scene.moment.seconds + 600
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09, type_time=SPECIFIED, time_expiration=ends)
    scene.utc_ms += 599_000
    assert scene.quote(1.08, 1.0801) == EXPIRED


def test_a_changed_expiration_counts() -> None:
    scene = scene_of()
    ends = scene.moment.seconds + 600
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09, type_time=SPECIFIED, time_expiration=ends)
    longer = {"type_time": SPECIFIED, "time_expiration": ends + 600}
    scene.told(HEDGE, scene.request(7, BUY_LIMIT, "0.10", trade_order=1, price_order=1.09, **longer))
    assert scene.wait(1_199_999) == []
    assert scene.wait(1) == EXPIRED


def test_the_server_knows_when_it_is_next_needed() -> None:
    scene = scene_of()
    start = scene.utc_ms
    assert scene.venue.next_clock_ms() == start + TO_MIDNIGHT
    ends = scene.moment.seconds + 600
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09, type_time=SPECIFIED, time_expiration=ends)
    assert scene.venue.next_clock_ms() == start + 600_000


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (1_711_749_600_000 - 2 * HOUR, 23),  # Saturday 2024-03-30, before the clock goes forward
        (1_729_893_600_000 - 3 * HOUR + DAY, 25),  # Sunday 2024-10-27, the day on which it goes back
    ],
)
def test_a_day_of_23_and_of_25_hours(start: int, hours: int) -> None:
    """From one midnight of the server to the next over a change of its clock."""
    scene = Scene(accounts=[account(HEDGE)], start_ms=start)
    scene.wait(0)
    midnight = scene.venue.next_clock_ms()
    while midnight is not None and (scene.zone.moment(midnight).server_ms // DAY * DAY) != _changing(hours):
        scene.wait(midnight - scene.utc_ms)
        midnight = scene.venue.next_clock_ms()
    assert midnight is not None
    scene.wait(midnight - scene.utc_ms)
    # 01:00 UTC in both seasons: every account is told of its zone, and nobody before.
    assert scene.venue.next_clock_ms() == _changing(hours) // DAY * DAY + HOUR
    assert scene.wait(_changing(hours) // DAY * DAY + HOUR - 1 - scene.utc_ms) == []
    assert scene.wait(1) == ["14"]
    following = scene.venue.next_clock_ms()
    assert following is not None
    assert following - midnight == hours * HOUR


def test_the_first_moment_that_a_venue_is_told_changes_no_clock() -> None:
    zone = Zone(7200, "eu")
    venue = Venue([account(HEDGE)], [instrument("EURUSD")], zone, Behaviour())
    assert venue.clock(zone.moment(1_711_846_800_000)) == []  # 2024-03-31 01:00 UTC
    assert lines(venue.clock(zone.moment(1_729_990_800_000 - 1))) == []
    assert lines(venue.clock(zone.moment(1_729_990_800_000))) == ["14"]  # 2024-10-27 01:00 UTC


def _changing(hours: int) -> int:
    """Server time of the midnight that begins the day on which the clock changes: 2024-03-31, 2024-10-27."""
    return {23: 1_711_843_200_000, 25: 1_729_987_200_000}[hours]


# Good till today (trade_gtc_mode).


@pytest.mark.parametrize(
    ("mode", "orders", "stops"), [(0, 1, (1.05, 1.15)), (1, 0, (0.0, 0.0)), (2, 0, (1.05, 1.15))]
)
def test_symbols_whose_orders_live_for_a_day(mode: int, orders: int, stops: tuple[float, float]) -> None:
    scene = scene_of(trade_gtc_mode=mode, swap_mode=0)
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    later = {"type_time": SPECIFIED, "time_expiration": scene.moment.seconds + 5 * 86_400}
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.08, **later)
    scene.deal(HEDGE, BUY, "0.10", price_sl=1.05, price_tp=1.15)
    scene.wait(TO_MIDNIGHT)
    held = scene.account(HEDGE)
    assert len(held.orders) == orders + 1  # with its own expiration an order lives on
    assert [(one.sl, one.tp) for one in held.positions.values()] == [stops]


# Swaps.

# One lot long at -10 a day or -1 % a year, on the triple Wednesday; it was opened at 1.10010 and the market
# is 1.20000 / 1.20010 at midnight.
CHARGED = {
    0: 0.0,
    1: -30.00,  # points, of 1.00 each
    2: -36.00,  # EUR of the base, 30 at the ask: 36.003
    3: -36.00,  # EUR of the margin
    4: -30.00,  # dollars of the deposit
    5: -10.00,  # 120 000.00 x 1 % / 360 = 3.3333 a day
    6: -9.17,  # 110 010.00 x 1 % / 360 = 3.0558 a day
}


@pytest.mark.parametrize("mode", CHARGED)
def test_swap_of_the_triple_day_in_each_mode(mode: int) -> None:
    number = -1.0 if mode in (5, 6) else -10.0
    scene = scene_of(swap_mode=mode, swap_long=number, swap_short=99.0)
    scene.deal(HEDGE, BUY, "1.00")
    quote_at(scene, 1.20000, 1.20010)
    said = scene.wait(TO_MIDNIGHT)
    assert swaps(scene) == CHARGED[mode]
    told = ["10 {2,1} no deal; position 1 buy 1.00 @ 1.1001; balance 10000.00"]
    assert said == (told if mode else [])
    assert scene.account(HEDGE).balance == Decimal(10_000)


@pytest.mark.parametrize(
    ("rates", "triple", "charged"),
    [
        # The sum after each midnight from Wednesday's on, in points of one lot.
        ((0.0, 1.0, 1.0, 3.0, 1.0, 1.0, 0.0), 3, (-3, -4, -5, -5, -5, -6, -7, -10)),
        ((0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 0.0), 5, (-1, -2, -5, -5, -5, -6, -7, -8)),
        ((0.0,) * 7, 3, (-3, -4, -5, -5, -5, -6, -7, -10)),
        ((0.0,) * 7, 5, (-1, -2, -5, -5, -5, -6, -7, -8)),
        ((0.0,) * 7, 7, (-1, -2, -3, -4, -5, -6, -7, -8)),
        ((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), 3, (-1, -2, -3, -4, -4.5, -5.5, -6.5, -7.5)),
    ],
)
def test_the_days_of_a_week(rates: tuple[float, ...], triple: int, charged: tuple[float, ...]) -> None:
    scene = scene_of(swap_mode=1, swap_long=-1.0, swap_rates=rates, swap_rollover3days=triple)
    scene.deal(HEDGE, BUY, "1.00")
    seen = []
    scene.wait(TO_MIDNIGHT)
    for _ in charged:
        seen.append(swaps(scene))
        scene.wait(DAY)
    assert tuple(seen) == charged


def test_days_that_nobody_was_told_of_are_rolled_over_one_by_one() -> None:
    scene = scene_of(swap_mode=1, swap_long=-1.0)
    scene.deal(HEDGE, BUY, "1.00")
    scene.utc_ms += 7 * DAY
    scene.venue.clock(scene.moment)
    assert swaps(scene) == -7.0  # 3 + 1 + 1 + 0 + 0 + 1 + 1


def test_a_short_pays_or_earns_its_own_swap() -> None:
    scene = scene_of(swap_mode=1, swap_long=-10.0, swap_short=2.5)
    scene.deal(HEDGE, SELL, "0.40")
    scene.wait(TO_MIDNIGHT)
    assert swaps(scene) == 3.0


def rolled(scene: Scene) -> list[Deal]:
    return [deal for deal in scene.account(HEDGE).deals if deal.trade_reason == Reason.ROLLOVER]


@pytest.mark.parametrize(
    ("mode", "kind", "closed", "profit", "opened"),
    [
        # Three days of -10 points cost 30 points: a long opens higher, a short lower.
        (7, BUY, 1.10500, 490.0, 1.10530),
        (7, SELL, 1.10510, -510.0, 1.10480),
        (8, BUY, 1.10500, 490.0, 1.10530),
        (8, SELL, 1.10510, -510.0, 1.10470),
    ],
)
def test_swap_by_opening_the_position_again(
    mode: int, kind: int, closed: float, profit: float, opened: float
) -> None:
    """Bought at 1.10010 or sold at 1.10000; the market is 1.10500 / 1.10510 at midnight."""
    costly = {"commission_per_lot": Decimal(7)}
    scene = scene_of(costly, swap_mode=mode, swap_long=-10.0, swap_short=-10.0)
    scene.deal(HEDGE, kind, "1.00", price_sl=1.05 if kind == BUY else 1.15, comment="mine")
    quote_at(scene, 1.10500, 1.10510)
    said = scene.wait(TO_MIDNIGHT)
    assert [line.split(" ")[1] for line in said] == ["{1,0}", "{2,0}", "{1,0}", "{2,0}"]
    out, back = rolled(scene)
    assert (out.entry, out.price_open, out.profit) == (DealEntry.OUT, closed, profit)
    assert (back.entry, back.price_open, back.profit) == (DealEntry.IN, opened, 0.0)
    assert (out.commission, back.commission, out.comment, back.comment) == (0.0, 0.0, "", "")
    (position,) = scene.account(HEDGE).positions.values()
    assert (position.position_id, position.trade_order, position.price_open) == (1, 3, opened)
    assert position.sl == (1.05 if kind == BUY else 1.15)
    assert scene.account(HEDGE).balance == Decimal(10_000 - 7) + Decimal(profit)


# Commission.


def test_commission_of_each_deal() -> None:
    scene = scene_of({"commission_per_lot": Decimal("3.50")})
    scene.deal(HEDGE, BUY, "0.15")
    scene.close(HEDGE, 1)
    assert [deal.commission for deal in scene.account(HEDGE).deals[1:]] == [-0.53, -0.53]  # 0.525


def test_commission_of_the_day_is_gathered_and_booked_at_its_end() -> None:
    scene = scene_of({"commission_per_lot": Decimal("3.50")}, {"commission": "day"}, swap_mode=0)
    outcome = scene.ask(HEDGE, scene.request(3, BUY, "0.10", type_filling=1))
    assert outcome.effects[-2].value[0].commission_daily == -0.35
    scene.deal(HEDGE, BUY, "0.30")
    held = scene.account(HEDGE)
    assert [deal.commission for deal in held.deals[1:]] == [0.0, 0.0]
    assert (held.balance, held.commission_daily) == (Decimal(10_000), Decimal("-1.40"))
    totals = scene.venue.totals(HEDGE)
    assert totals is not None
    assert totals.equity == Decimal("9994.60")  # less 1.40, and 4.00 of spread
    assert scene.wait(TO_MIDNIGHT) == ["10 {2,0} deal 4 commission_daily -1.40; no position; balance 9998.60"]
    assert held.commission_daily == 0
    assert scene.wait(DAY) == []
    assert held.deals[-1].trade_action == DealType.COMMISSION_DAILY


# Restarts.


def test_a_restarted_venue_rolls_no_day_over_twice_and_gives_no_ticket_twice() -> None:
    scene = scene_of(swap_mode=1, swap_long=-1.0)
    scene.deal(HEDGE, BUY, "1.00")
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    scene.told(HEDGE, scene.request(8, BUY_LIMIT, "0.10", trade_order=2, price_order=1.09))
    scene.wait(TO_MIDNIGHT)
    assert swaps(scene) == -3.0
    marks = scene.venue.marks()
    again = Scene([instrument("EURUSD", swap_mode=1, swap_long=-1.0)], [scene.account(HEDGE)], scene.utc_ms)
    again.venue.resume(marks)
    again.quote(1.10000, 1.10010)
    again.wait(DAY - 1000)
    assert swaps(again) == -4.0
    again.deal(HEDGE, BUY, "0.10")
    held = again.account(HEDGE)
    assert (held.history[-1].trade_order, held.deals[-1].deal) == (3, 3)
    again.venue.check()


def test_a_venue_that_was_down_over_midnight_makes_up_for_it() -> None:
    scene = scene_of(swap_mode=1, swap_long=-1.0)
    scene.deal(HEDGE, BUY, "1.00")
    marks = scene.venue.marks()
    late = scene.utc_ms + 2 * DAY
    again = Scene([instrument("EURUSD", swap_mode=1, swap_long=-1.0)], [scene.account(HEDGE)], late)
    again.venue.resume(marks)
    again.quote(1.10000, 1.10010)
    assert again.account(HEDGE).positions[1].storage == -4.0  # Wednesday's three days and Thursday
    again.wait(DAY)
    assert again.account(HEDGE).positions[1].storage == -5.0


def test_netting_is_charged_once_for_its_one_position() -> None:
    """0.40 lots, 1.00 a lot and day, three days: not 0.10 and 0.30 by themselves."""
    scene = Scene([instrument("EURUSD", swap_mode=4, swap_long=-1.0)], [account(NET)])
    quote_at(scene, 1.1, 1.1001)
    scene.deal(NET, BUY, "0.10")
    scene.deal(NET, BUY, "0.30")
    scene.wait(TO_MIDNIGHT)
    (position,) = scene.account(NET).positions.values()
    assert position.storage == -1.20
