"""What passes in which state of the account (docs/semantics.md 7; the three fail-closed rules)."""

from typing import Any

import pytest
from msgspec.structs import replace

from oms.domain.commands import Cancel, CancelAll, CloseAll, CloseBy, Verb
from oms.domain.decide import Facts, Policy, decide
from oms.domain.events.command import JudgedMargin

from .scene import (
    EXCHANGE,
    INSTANT,
    MARKET,
    NETTING,
    REQUEST,
    close,
    codes_of,
    d,
    denied,
    facts,
    flying,
    having,
    modify,
    order,
    pending,
    position,
    quote,
    submit,
)

LONG = position(volume="0.10")
FULL = facts(
    position=LONG, position_by=position("1002", "sell"), order=order(), positions=(LONG,), orders=(order(),)
)
NETTED = having(FULL, account=NETTING)

RISK: list[tuple[Verb, Facts]] = [
    (submit(), FULL),
    (pending(), FULL),
    (submit("buy", "0.10"), NETTED),
    (submit("sell", "0.11"), NETTED),
    (pending("sell_limit"), NETTED),  # it may outlive the position
]
CHANGE: list[tuple[Verb, Facts]] = [
    (modify(position="1001", sl="1.07"), FULL),
    (modify(order="2001", price="1.06"), FULL),
]
REDUCE: list[tuple[Verb, Facts]] = [
    (close(), FULL),
    (close("0.05"), FULL),
    (CloseBy(position="1001", position_by="1002"), FULL),
    (Cancel(order="2001"), FULL),
    (Cancel(command="7f3c"), FULL),
    (close(symbol="EURUSD"), NETTED),
    (submit("sell", "0.10"), NETTED),
    (submit("sell", "0.04"), NETTED),
    (CloseAll(), FULL),
    (CancelAll(), FULL),
]
ALL = RISK + CHANGE + REDUCE


@pytest.mark.parametrize(("verb", "given"), ALL)
def test_an_account_that_is_ready_may_do_all_of_it(verb: Verb, given: Facts) -> None:
    assert codes_of(verb, given) == []


@pytest.mark.parametrize("name", ["halted", "read_only"])
@pytest.mark.parametrize(("verb", "given"), ALL)
def test_nothing_passes(name: str, verb: Verb, given: Facts) -> None:
    found = denied(decide(verb, having(given, restrictions={name: "why"})))
    assert [one.code for one in found.reasons] == [name]
    assert "why" in found.reasons[0].message
    assert not found.passing


@pytest.mark.parametrize("name", ["difference", "restored", "dirty", "reducing"])
@pytest.mark.parametrize(("verb", "given"), REDUCE)
def test_what_reduces_passes_every_doubt(name: str, verb: Verb, given: Facts) -> None:
    assert codes_of(verb, having(given, restrictions={name: ""}, nats_away=True)) == []


@pytest.mark.parametrize("name", ["difference", "restored", "dirty", "reducing"])
@pytest.mark.parametrize(("verb", "given"), RISK)
def test_what_adds_risk_passes_none(name: str, verb: Verb, given: Facts) -> None:
    found = denied(decide(verb, having(given, restrictions={name: ""}, nats_away=True)))
    assert [one.code for one in found.reasons] == [name, "nats_away"]
    assert not found.passing


@pytest.mark.parametrize(("verb", "given"), CHANGE)
def test_a_change_passes_while_the_account_reduces_and_not_in_doubt(verb: Verb, given: Facts) -> None:
    assert codes_of(verb, having(given, restrictions={"reducing": ""}, nats_away=True)) == []
    for name in ("difference", "restored", "dirty"):
        assert codes_of(verb, having(given, restrictions={name: ""})) == [name]


@pytest.mark.parametrize(("verb", "given"), REDUCE)
def test_a_restriction_that_nobody_knows_halts(verb: Verb, given: Facts) -> None:
    assert codes_of(verb, having(given, restrictions={"embargo": ""})) == ["halted"]


def test_several_restrictions_are_told_at_once() -> None:
    both = facts(restrictions={"reducing": "operator", "dirty": "journal"})
    assert codes_of(submit(), both) == ["dirty", "reducing"]


# The link.


@pytest.mark.parametrize(
    "away", [{"link": "connecting"}, {"link": "closed"}, {"link": "refused"}, {"venue_reached": False}]
)
@pytest.mark.parametrize(("verb", "given"), ALL)
def test_without_the_venue_nothing_passes_and_may_be_tried_again(away: Any, verb: Verb, given: Facts) -> None:
    found = denied(decide(verb, having(given, **away)))
    assert [one.code for one in found.reasons] == ["venue_unavailable"]
    assert found.passing


@pytest.mark.parametrize(("verb", "given"), RISK + CHANGE)
def test_what_needs_ready_waits_for_reconciliation(verb: Verb, given: Facts) -> None:
    found = denied(decide(verb, having(given, link="reconciling")))
    assert [one.code for one in found.reasons] == ["reconciling"]
    assert found.passing


@pytest.mark.parametrize(("verb", "given"), REDUCE)
def test_what_reduces_passes_while_reconciling_if_it_may(verb: Verb, given: Facts) -> None:
    waiting = having(given, link="reconciling")
    assert codes_of(verb, waiting) == []
    strict = denied(decide(verb, having(waiting, policy=Policy(reduce_while_reconciling=False))))
    assert ([one.code for one in strict.reasons], strict.passing) == (["reconciling"], True)


@pytest.mark.parametrize(
    "verb",
    [
        close(),
        close(symbol="EURUSD"),
        CloseBy(position="1001", position_by="1002"),
        Cancel(order="2001"),
        Cancel(command="7f3c"),
        submit("sell", "0.10"),
    ],
)
def test_what_is_not_known_may_be_known_after_reconciliation(verb: Verb) -> None:
    found = denied(decide(verb, facts(link="reconciling", account=NETTING)))
    assert {one.code for one in found.reasons} - {"close_by_needs_hedging"} == {"reconciling"}


def test_a_close_that_names_a_price_waits_for_one_while_reconciling() -> None:
    for mode, passes in ((REQUEST, False), (INSTANT, False), (MARKET, True), (EXCHANGE, True)):
        given = facts(execution=mode, link="reconciling", quote=None, position=LONG)
        assert codes_of(close(), given) == ([] if passes else ["reconciling"])


@pytest.mark.parametrize("away", [{"link": "connecting"}, {"link": "reconciling"}, {"venue_reached": False}])
def test_what_is_true_of_the_moment_is_not_judged_without_the_venue(away: Any) -> None:
    """Else a quote that grew old meanwhile would use up the id of a command that can be tried again."""
    given = facts(
        **away, quote=quote(age=60.0), margin=None, volume_limit=d("0.05"), trade_sessions=((),) * 7
    )
    assert denied(decide(submit(), given)).passing
    assert denied(decide(close(position="1"), having(given, positions=()))).passing
    assert denied(decide(submit(symbol="NONE"), having(given, symbol=None))).passing


def test_what_will_always_be_wrong_is_told_without_the_venue() -> None:
    found = denied(decide(submit(volume="0.015"), facts(link="connecting")))
    assert [one.code for one in found.reasons] == ["venue_unavailable", "volume_off_step"]
    assert not found.passing


def test_an_account_whose_terms_are_not_known_waits() -> None:
    assert codes_of(submit(), facts(account=None)) == ["reconciling"]
    assert codes_of(close(), facts(account=None, position=LONG)) == ["reconciling"]


# Quotes.


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"quote": None}, "no_quote"),
        ({"quote": quote(age=10.01)}, "stale_quote"),
        ({"quote": quote(age=None)}, "stale_quote"),
        ({"quote": quote(delayed=True)}, "delayed_quote"),
    ],
)
@pytest.mark.parametrize("mode", [REQUEST, INSTANT, MARKET, EXCHANGE])
def test_a_market_order_needs_a_live_quote_and_a_close_does_not(mode: str, bad: Any, code: str) -> None:
    given = facts(execution=mode, position=LONG, **bad)
    assert codes_of(submit(), given) == [code]
    needs_a_price = code == "no_quote" and mode in (REQUEST, INSTANT)
    assert codes_of(close(), given) == (["no_quote"] if needs_a_price else [])
    netted = having(given, account=NETTING)
    assert codes_of(submit("sell", "0.10"), netted) == (["no_quote"] if needs_a_price else [])
    assert codes_of(submit("sell", "0.11"), netted) == [code]


def test_a_quote_of_the_age_that_is_allowed_is_fresh() -> None:
    assert codes_of(submit(), facts(quote=quote(age=10.0))) == []


def test_a_pending_order_goes_by_an_old_quote() -> None:
    assert codes_of(pending(), facts(quote=quote(age=400.0, delayed=True))) == []


def test_negative_prices_where_the_symbol_has_them() -> None:
    below = quote(d("-1.00"), d("-0.99"))
    assert codes_of(submit(), facts(quote=below)) == ["no_quote"]
    assert codes_of(submit(), facts(quote=below, tick_flags=8)) == []


def test_an_old_quote_freezes_nothing() -> None:
    frozen = facts(freeze_level=100, position=position(sl=d("1.07950")))
    assert codes_of(close(), frozen) == ["frozen"]
    assert codes_of(close(), having(frozen, quote=quote(age=11.0))) == []
    assert codes_of(close(), having(frozen, quote=quote(delayed=True))) == []


def test_an_activated_stop_limit_waits_for_its_limit() -> None:
    waiting = order("buy_stop_limit", "1.08000", limit_price=d("1.07950"), activation="stop_limit")
    assert codes_of(Cancel(order="2001"), facts(freeze_level=10, order=waiting)) == []
    assert codes_of(Cancel(order="2001"), facts(freeze_level=53, order=waiting)) == ["frozen"]
    asleep = order("buy_stop_limit", "1.08000", limit_price=d("1.07950"), activation="none")
    assert codes_of(Cancel(order="2001"), facts(freeze_level=10, order=asleep)) == ["frozen"]


# Margin.


@pytest.mark.parametrize(
    ("margin", "code"),
    [
        (None, "margin_unknown"),
        (JudgedMargin(), "margin_unknown"),
        (JudgedMargin(free=d("100.00"), gaps=("no_rate EURUSD",)), "margin_unknown"),
        (JudgedMargin(free=d("-0.01"), added=d("10.00")), "no_money"),
        (JudgedMargin(free=d("-0.01"), added=d("10.00"), gaps=("spreads",)), "no_money"),
        (JudgedMargin(free=d("0.00"), added=d("10.00")), None),
        (JudgedMargin(free=d("0.01"), added=d("10.00"), gaps=("spreads",)), None),
        (JudgedMargin(free=d("-500.00"), added=d("0.00")), None),
        (JudgedMargin(free=d("-500.00"), added=d("-10.00")), None),
    ],
)
@pytest.mark.parametrize("verb", [submit(), pending()])
def test_margin_must_be_there(verb: Verb, margin: Any, code: str | None) -> None:
    """What needs no margin, because it hedges, may go even where none is left."""
    assert codes_of(verb, facts(margin=margin)) == ([code] if code else [])
    assert codes_of(verb, facts(margin=margin, policy=Policy(margin_check="server"))) == []


def test_what_reduces_needs_no_margin() -> None:
    for verb, given in REDUCE + CHANGE:
        assert codes_of(verb, having(given, margin=None)) == []


# What is on its way, counted in the worse way.


@pytest.mark.parametrize(
    ("moving", "volume", "code"),
    [
        ((), "0.10", None),
        ((flying(type="sell", volume="0.04"),), "0.06", None),
        ((flying(type="sell", volume="0.04"),), "0.07", "reducing"),
        ((flying(action="pending", type="sell_limit", volume="0.04"),), "0.07", "reducing"),
        ((flying(type="sell", volume="0.04", flags=3, position="1001"),), "0.07", "reducing"),
        ((flying(type="buy", volume="5"),), "0.10", None),
        ((flying(type="sell", volume="5", symbol="GBPUSD"),), "0.10", None),
        ((flying(action="request_prices", type="sell", volume="5"),), "0.10", None),
        ((flying(action="remove", type="sell_limit", volume="5"),), "0.10", None),
    ],
)
def test_a_netting_order_reduces_if_it_does_with_all_that_is_on_its_way(
    moving: Any, volume: str, code: str | None
) -> None:
    given = having(NETTED, restrictions={"reducing": ""}, in_flight=moving)
    assert codes_of(submit("sell", volume), given) == ([code] if code else [])


def test_one_close_of_a_position_at_a_time() -> None:
    """docs/semantics.md TC-U8: a second could open the other side."""
    closing = flying(type="sell", flags=3, position="1001", volume="0.02")
    assert codes_of(close("0.02"), having(FULL, in_flight=(closing,))) == ["outcome_pending"]
    assert codes_of(close("0.02"), having(NETTED, in_flight=(closing,))) == ["outcome_pending"]
    other = flying(type="sell", flags=3, position="1003", volume="0.02")
    assert codes_of(close("0.02"), having(FULL, in_flight=(other,))) == []
    opening = flying(type="sell", volume="5")
    assert codes_of(close(), having(FULL, in_flight=(opening,))) == []
    question = flying(action="request_prices", type="sell", flags=3, position="1001")
    assert codes_of(close(), having(FULL, in_flight=(question,))) == []


def test_one_change_at_a_time() -> None:
    """Which values stand is the evidence of a lost one (docs/semantics.md 8)."""
    of_order, of_position = modify(order="2001", price="1.06"), modify(position="1001", sl="1.07")
    for moving in (
        flying(action="modify", order="2002"),
        flying(action="sltp", position="1002"),
        flying(action="remove", order="2001"),
        flying(type="sell", flags=3, position="1001", volume="0.02"),
    ):
        given = facts(order=order(), position=position(), in_flight=(moving,))
        assert (codes_of(of_order, given), codes_of(of_position, given)) == ([], [])


def test_in_netting_no_close_behind_volume_that_could_turn_the_position() -> None:
    opening = flying(type="sell", volume="0.04")
    assert codes_of(close("0.06"), having(NETTED, in_flight=(opening,))) == []
    assert codes_of(close("0.07"), having(NETTED, in_flight=(opening,))) == ["outcome_pending"]


@pytest.mark.parametrize(
    ("there", "passes"),
    [
        ({}, True),
        ({"positions": (position(volume="0.20"),)}, True),
        ({"positions": (position(volume="0.21"),)}, False),
        ({"positions": (position(side="sell", volume="5"),)}, True),
        ({"positions": (position(volume="5", symbol="GBPUSD"),)}, True),
        ({"orders": (order("buy_stop", "1.09", remaining=d("0.20")),)}, True),
        ({"orders": (order("buy_stop", "1.09", remaining=d("0.21")),)}, False),
        ({"orders": (order("sell_stop", "1.07", remaining=d("5")),)}, True),
        ({"in_flight": (flying(volume="0.21"),)}, False),
        ({"in_flight": (flying(volume="5", flags=3, position="7"),)}, True),
        ({"in_flight": (flying(volume="5", type="sell"),)}, True),
    ],
)
@pytest.mark.parametrize("verb", [submit("buy", "0.10"), pending("buy_limit", volume="0.10")])
def test_the_volume_limit_counts_one_direction(verb: Verb, there: Any, passes: bool) -> None:
    given = facts(volume_limit=d("0.30"), **there)
    assert codes_of(verb, given) == ([] if passes else ["volume_above_limit"])


def test_in_netting_the_other_side_is_room_for_the_volume_limit() -> None:
    short = position(side="sell", volume="0.20")
    given = facts(account=NETTING, position=short, positions=(short,), volume_limit=d("0.30"))
    assert codes_of(submit("buy", "0.50"), given) == []
    assert codes_of(submit("buy", "0.51"), given) == ["volume_above_limit"]


# Sessions.


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-20T08:59:59.999+02:00", False),
        ("2026-11-20T09:00:00.000+02:00", True),
        ("2026-11-20T16:59:59.999+02:00", True),
        ("2026-11-20T17:00:00.000+02:00", False),
        ("2026-11-22T10:00:00.000+02:00", False),
        ("2026-11-22T23:30:00.000+02:00", True),
    ],
)
def test_sessions_are_minutes_of_the_servers_day_from_sunday(now: str, is_open: bool) -> None:
    """Friday 9 to 17, Sunday from 23 on."""
    week = (((1380, 1440),), (), (), (), (), ((540, 1020),), ())
    given = facts(server_now=now, trade_sessions=week)
    assert codes_of(submit(), given) == ([] if is_open else ["market_closed"])


def test_an_order_is_taken_away_out_of_session() -> None:
    """The venue has the last word."""
    assert codes_of(Cancel(order="2001"), facts(order=order(), trade_sessions=((),) * 7)) == []


def test_a_symbol_of_which_no_week_is_known_is_open() -> None:
    assert codes_of(submit(), facts(trade_sessions=())) == []


def test_a_symbols_life() -> None:
    alive = facts(starts_at="2026-11-20T10:00:00.000+02:00", expires_at="2026-11-20T10:00:01.000+03:00")
    assert codes_of(submit(), alive) == []


# Terms.


@pytest.mark.parametrize(("verb", "given"), ALL)
def test_rights_stand_against_all(verb: Verb, given: Facts) -> None:
    assert given.account is not None
    for rights, code in ((4, "account_trade_disabled"), (8, "account_read_only"), (512, "account_read_only")):
        terms = replace(given.account, rights=rights, trade_allowed=False, investor=rights == 8)
        assert codes_of(verb, having(given, account=terms)) == [code]
    expired = replace(given.account, rights=1024)
    assert codes_of(verb, having(given, account=expired)) == ["password_change_required"]
