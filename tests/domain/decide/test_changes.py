"""Changes of what is there: what stays is not judged again, what changes nothing is done unsent."""

from typing import Any

import pytest

from oms.domain.decide import Approved, Unchanged, decide

from .scene import at_server, close, codes_of, d, denied, facts, modify, order, position

DATED: dict[str, Any] = {
    "time_in_force": "specified",
    "expires_at": "2026-12-31T00:00:00.000+03:00",  # read while the server's clock was another hour ahead
}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"price": "1.0700"},
        {"sl": "1.06000", "tp": None},
        {"time_in_force": "specified"},
        {"expires_at": at_server("2026-12-31 00:00:00")},
    ],
)
def test_an_order_that_would_be_what_it_is(fields: dict[str, Any]) -> None:
    """With an expiration too, which the official client takes for a change (docs/protocol.md 7.7)."""
    waiting = order(sl=d("1.06000"), **DATED)
    decision = decide(modify(order="2001", **fields), facts(order=waiting))
    assert isinstance(decision, Unchanged)
    assert decision.message


@pytest.mark.parametrize(
    "fields",
    [
        {"price": "1.07001"},
        {"sl": None},
        {"tp": "1.09000"},
        {"time_in_force": "specified_day"},
        {"time_in_force": "gtc"},
        {"expires_at": None},
        {"expires_at": at_server("2026-12-31 00:00:01")},
    ],
)
def test_an_order_that_would_be_another(fields: dict[str, Any]) -> None:
    waiting = order(sl=d("1.06000"), **DATED)
    assert isinstance(decide(modify(order="2001", **fields), facts(order=waiting)), Approved)


@pytest.mark.parametrize("fields", [{}, {"sl": "1.07"}, {"tp": "1.09"}, {"sl": "1.070", "tp": "1.0900"}])
def test_stops_that_would_be_what_they_are(fields: dict[str, Any]) -> None:
    held = position(sl=d("1.07000"), tp=d("1.09000"))
    assert isinstance(decide(modify(position="1001", **fields), facts(position=held)), Unchanged)


@pytest.mark.parametrize("fields", [{"sl": "1.071"}, {"tp": None}, {"sl": "0"}])
def test_stops_that_would_be_others(fields: dict[str, Any]) -> None:
    held = position(sl=d("1.07000"), tp=d("1.09000"))
    assert isinstance(decide(modify(position="1001", **fields), facts(position=held)), Approved)


def test_a_change_of_nothing_is_not_judged_by_the_market() -> None:
    """It is not sent, so that a closed market, a frozen order, a missing quote do not stand against it."""
    given = facts(order=order(price="1.08003"), freeze_level=100, quote=None, trade_sessions=((),) * 7)
    assert isinstance(decide(modify(order="2001", price="1.08003"), given), Unchanged)


def test_a_change_of_nothing_needs_an_account_that_may_act() -> None:
    halted = facts(order=order(), restrictions={"halted": ""})
    assert codes_of(modify(order="2001", price="1.07"), halted) == ["halted"]
    away = denied(decide(modify(order="2001", price="1.07"), facts(order=order(), link="closed")))
    assert away.passing


# The market came near what is waiting: 50 points of stops level, and the bid is 1.08001.


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"sl": "1.06"}, []),
        ({"tp": "1.09"}, []),
        ({"time_in_force": "day"}, []),
        ({"price": "1.07990"}, ["price_too_near"]),
        ({"price": "1.06"}, []),
    ],
)
def test_a_price_that_stays_is_not_judged_again(fields: dict[str, Any], codes: list[str]) -> None:
    near = facts(order=order(price="1.07980"), stops_level=50)
    assert codes_of(modify(order="2001", **fields), near) == codes


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"tp": "1.09"}, []),
        ({"price": "1.06990"}, ["sl_too_near"]),
        ({"sl": "1.06970"}, ["sl_too_near"]),
        ({"price": "1.07030"}, []),
    ],
)
def test_stops_of_an_order_are_judged_if_they_move_or_its_price(
    fields: dict[str, Any], codes: list[str]
) -> None:
    near = facts(order=order(price="1.07000", sl=d("1.06980")), stops_level=50)
    assert codes_of(modify(order="2001", **fields), near) == codes


def test_an_activated_stop_limit_can_have_another_limit() -> None:
    """Its activation price is behind the market, and stays there."""
    waiting = order("buy_stop_limit", "1.07500", limit_price=d("1.07000"), activation="stop_limit")
    assert codes_of(modify(order="2001", limit_price="1.06900"), facts(order=waiting)) == []
    assert codes_of(modify(order="2001", price="1.07600"), facts(order=waiting)) == ["price_too_near"]


def test_stops_of_a_position_are_judged_if_they_change() -> None:
    """docs/protocol.md 7.7: unchanged values are not checked."""
    near = facts(position=position(sl=d("1.07990")), stops_level=50)
    assert codes_of(modify(position="1001", tp="1.09"), near) == []
    assert codes_of(modify(position="1001", sl="1.07991"), near) == ["sl_too_near"]


def test_the_whole_of_a_position_is_closed_whatever_the_step() -> None:
    odd = facts(position=position(volume="0.015"), volume_min=d("0.10"))
    assert codes_of(close(), odd) == []
    assert codes_of(close("0.015"), odd) == []
    assert codes_of(close("0.012"), odd) == ["volume_off_step"]
    assert codes_of(close("0.01"), odd) == []  # below the minimum, which what reduces may be
