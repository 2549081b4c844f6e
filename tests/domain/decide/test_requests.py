"""What each operation comes to in each execution mode: the table of docs/protocol.md 6.5, row by row."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from oms.domain.commands import Cancel, CloseBy, Expiry
from oms.domain.decide import Approved, decide, exposure, on_prices
from oms.domain.events.command import JudgedMargin
from oms.domain.intent import Intent

from .scene import (
    ASK,
    BID,
    EXCHANGE,
    INSTANT,
    MARKET,
    MODES,
    NETTING,
    PENDING_PRICES,
    REQUEST,
    at_server,
    close,
    d,
    facts,
    intent_of,
    modify,
    order,
    pending,
    position,
    reasons_of,
    submit,
    symbol,
)

COMMON: dict[str, Any] = {"symbol": "EURUSD", "digits": 5, "volume": d("0.10")}


def of(**fields: Any) -> Intent:
    return Intent(**(COMMON | fields))


# Opening.


@pytest.mark.parametrize(("side", "shown"), [("buy", ASK), ("sell", BID)])
@pytest.mark.parametrize(
    ("mode", "action", "filling", "priced"),
    [
        (REQUEST, "request_prices", "fok", False),
        (INSTANT, "deal_instant", "fok", True),
        (MARKET, "deal_market", "ioc", False),
        (EXCHANGE, "deal_exchange", "return", False),
    ],
)
def test_open(mode: str, action: str, filling: str, priced: bool, side: str, shown: Decimal) -> None:
    expected = of(action=action, type=side, filling=filling, flags=2, price=shown if priced else None)
    assert intent_of(submit(side), facts(execution=mode)) == expected


@pytest.mark.parametrize(("side", "asked"), [("buy", d("1.08005")), ("sell", d("1.08000"))])
def test_open_in_request_mode_at_the_price_that_was_given(side: str, asked: Decimal) -> None:
    given = facts(execution=REQUEST)
    verb = submit(side, sl="1.07000" if side == "buy" else "1.09000", comment="desk")
    question = decide(verb, given)
    assert isinstance(question, Approved)
    assert question.intent == of(action="request_prices", type=side, filling="fok", flags=2, comment="desk")
    answer = on_prices(question, verb, given, d("1.08000"), d("1.08005"))
    assert isinstance(answer, Approved)
    assert answer.intent == of(
        action="deal_request", type=side, filling="fok", flags=2, price=asked, sl=verb.sl, comment="desk"
    )


def test_stops_and_comment_go_with_the_deal() -> None:
    verb = submit(sl="1.07000", tp="1.09000", comment="as given, whole")
    intent = intent_of(verb, facts())
    assert (intent.sl, intent.tp, intent.comment) == (d("1.07000"), d("1.09000"), "as given, whole")


def test_a_stop_of_zero_is_none() -> None:
    intent = intent_of(submit(sl="0", tp="0.0"), facts())
    assert (intent.sl, intent.tp) == (None, None)


@pytest.mark.parametrize(
    ("volume", "action", "price"),
    [("1.00", "deal_instant", ASK), ("1.01", "request_prices", None)],
)
def test_above_the_instant_volume_prices_are_asked_for(
    volume: str, action: str, price: Decimal | None
) -> None:
    intent = intent_of(submit(volume=volume), facts(execution=INSTANT, instant_volume=d("1.00")))
    assert (intent.action, intent.price, intent.filling) == (action, price, "fok")


def test_an_instant_volume_of_zero_is_no_limit() -> None:
    intent = intent_of(submit(volume="400"), facts(execution=INSTANT, instant_volume=d("0.00")))
    assert intent.action == "deal_instant"


# Filling.


@pytest.mark.parametrize(("flags", "filling"), [(3, "ioc"), (2, "ioc"), (1, "fok"), (0, "return")])
@pytest.mark.parametrize("verb", [submit(), close()])
def test_filling_in_market_execution(flags: int, filling: str, verb: Any) -> None:
    """IOC if allowed, else FOK, else RETURN: which the venue takes where it has neither."""
    given = facts(execution=MARKET, filling_flags=flags, position=position())
    assert intent_of(verb, given).filling == filling


@pytest.mark.parametrize("mode", [REQUEST, INSTANT])
@pytest.mark.parametrize("asked", ["fok", "ioc", "return", "boc", None])
def test_filling_is_forced_where_a_dealer_trades(mode: str, asked: Any) -> None:
    given = facts(execution=mode, filling_flags=0, position=position())
    assert intent_of(submit(filling=asked), given).filling == "fok"
    assert intent_of(close(filling=asked), given).filling == "fok"
    assert intent_of(pending(filling=asked), given).filling == "return"


@pytest.mark.parametrize("asked", ["fok", "ioc"])
def test_filling_that_was_asked_for_stays_in_market_execution(asked: Any) -> None:
    given = facts(execution=MARKET, position=position())
    assert intent_of(submit(filling=asked), given).filling == asked
    assert intent_of(close(filling=asked), given).filling == asked
    assert intent_of(pending(filling=asked), given).filling == "return"


@pytest.mark.parametrize("asked", ["fok", "ioc", "return", "boc"])
def test_filling_on_an_exchange_is_as_chosen(asked: Any) -> None:
    given = facts(execution=EXCHANGE, filling_flags=7, position=position())
    assert intent_of(submit(filling=asked), given).filling == asked
    assert intent_of(close(filling=asked), given).filling == asked
    assert intent_of(pending("sell_limit", filling=asked), given).filling == asked
    assert intent_of(pending("buy_stop_limit", filling=asked), given).filling == asked


@pytest.mark.parametrize(
    ("asked", "lifetime", "becomes"),
    [
        ("fok", "day", ("return", "gtc")),
        ("boc", None, ("return", "gtc")),
        ("return", "day", ("return", "day")),
        (None, "day", ("return", "day")),
    ],
)
def test_stops_on_an_exchange_become_return_and_gtc(asked: Any, lifetime: Any, becomes: Any) -> None:
    verb = pending("sell_stop", filling=asked, time_in_force=lifetime)
    intent = intent_of(verb, facts(execution=EXCHANGE, filling_flags=7))
    assert (intent.filling, intent.time_in_force) == becomes


# Closing.


@pytest.mark.parametrize(("side", "opposite", "present"), [("buy", "sell", BID), ("sell", "buy", ASK)])
@pytest.mark.parametrize(
    ("mode", "action", "filling", "priced", "deviation"),
    [
        (REQUEST, "request_prices", "fok", False, 0),
        (INSTANT, "deal_instant", "fok", True, 1),
        (MARKET, "deal_market", "ioc", True, 0),
        (EXCHANGE, "deal_exchange", "return", False, 0),
    ],
)
def test_close(
    mode: str,
    action: str,
    filling: str,
    priced: bool,
    deviation: int,
    side: str,
    opposite: str,
    present: Decimal,
) -> None:
    given = facts(execution=mode, position=position(side=side, sl=d("1.07"), tp=d("1.09")))
    expected = of(
        action=action,
        type=opposite,
        filling=filling,
        flags=3,
        position="1001",
        price=present if priced else None,
        deviation=deviation,
    )
    assert intent_of(close(), given) == expected


def test_close_in_request_mode_at_the_price_that_was_given() -> None:
    given = facts(execution=REQUEST, position=position())
    verb = close("0.04")
    question = decide(verb, given)
    assert isinstance(question, Approved)
    answer = on_prices(question, verb, given, d("1.07999"), d("1.08009"))
    assert isinstance(answer, Approved)
    assert answer.intent == of(
        action="deal_request",
        type="sell",
        filling="fok",
        flags=3,
        position="1001",
        volume=d("0.04"),
        price=d("1.07999"),
    )


def test_close_in_part() -> None:
    given = facts(position=position())
    assert intent_of(close("0.04"), given).volume == d("0.04")
    assert intent_of(close(), given).volume == d("0.10")


def test_in_netting_the_symbol_names_the_position_and_its_id_is_sent() -> None:
    given = facts(account=NETTING, position=position("77", "sell", ticket="99"))
    for named in ({"symbol": "EURUSD"}, {"position": "77"}, {"position": "99"}):
        intent = intent_of(close(**{"position": None, **named}), given)
        assert (intent.type, intent.position, intent.flags) == ("buy", "77", 3)


@pytest.mark.parametrize("mode", MODES)
def test_close_by(mode: str) -> None:
    one, other = position("1001", "buy", "0.10"), position("1007", "sell", "1.23")
    given = facts(execution=mode, position=one, position_by=other)
    assert intent_of(CloseBy(position="1001", position_by="1007"), given) == of(
        action="close_by", type="sell", price=BID, position="1001", position_by="1007", flags=3
    )
    turned = facts(execution=mode, position=other, position_by=one)
    assert intent_of(CloseBy(position="1007", position_by="1001"), turned) == of(
        action="close_by",
        type="buy",
        price=ASK,
        volume=d("1.23"),
        position="1007",
        position_by="1001",
        flags=3,
    )


# Pending orders.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", PENDING_PRICES)
def test_pending(mode: str, kind: str) -> None:
    price, limit = PENDING_PRICES[kind]
    expected = of(
        action="pending",
        type=kind,
        filling="return",
        flags=2,
        price=d(price),
        limit_price=d(limit) if limit else None,
    )
    assert intent_of(pending(kind), facts(execution=mode)) == expected


NOON = Expiry(utc_ns=1_796_126_400_750_000_000)  # 2026-12-01T12:00:00.75Z; the wire has whole seconds


@pytest.mark.parametrize(
    ("fields", "lifetime", "ends"),
    [
        ({}, "gtc", None),
        ({"time_in_force": "day"}, "day", None),
        ({"expires_at": at_server("2026-12-31 23:59:59")}, "specified", "2026-12-31T23:59:59.000+02:00"),
        ({"expires_at": NOON}, "specified", "2026-12-01T14:00:00.000+02:00"),
        (
            {"time_in_force": "specified_day", "expires_at": at_server("2026-11-20 00:00:00")},
            "specified_day",
            "2026-11-20T00:00:00.000+02:00",
        ),
    ],
)
def test_lifetime(fields: dict[str, Any], lifetime: str, ends: str | None) -> None:
    intent = intent_of(pending(**fields), facts())
    assert (intent.time_in_force, intent.expires_at) == (lifetime, ends)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("side", "present"), [("buy", BID), ("sell", ASK)])
def test_stops_of_a_position(mode: str, side: str, present: Decimal) -> None:
    sl, tp = ("1.07000", "1.09000") if side == "buy" else ("1.09000", "1.07000")
    held = position(side=side, tp=d(tp))
    assert intent_of(modify(position="1001", sl=sl), facts(execution=mode, position=held)) == of(
        action="sltp", type=side, price=present, sl=d(sl), tp=d(tp), position="1001"
    )


def test_stops_are_taken_away() -> None:
    held = position(sl=d("1.07000"), tp=d("1.09000"))
    intent = intent_of(modify(position="1001", sl=None), facts(position=held))
    assert (intent.sl, intent.tp) == (None, d("1.09000"))
    intent = intent_of(modify(position="1001", sl="0", tp=None), facts(position=held))
    assert (intent.sl, intent.tp) == (None, None)


@pytest.mark.parametrize("mode", MODES)
def test_a_modified_order_goes_whole(mode: str) -> None:
    waiting = order(
        volume=d("0.30"),
        remaining=d("0.20"),
        sl=d("1.06000"),
        time_in_force="specified",
        expires_at="2026-12-31T00:00:00.000+02:00",
    )
    intent = intent_of(modify(order="2001", price="1.07100"), facts(execution=mode, order=waiting))
    assert intent == of(
        action="modify",
        type="buy_limit",
        volume=d("0.30"),
        price=d("1.07100"),
        sl=d("1.06000"),
        time_in_force="specified",
        expires_at="2026-12-31T00:00:00.000+02:00",
        order="2001",
        comment="desk~ABCDEFGHIJ",
    )


def test_both_prices_of_a_stop_limit_are_sent() -> None:
    waiting = order("buy_stop_limit", "1.09000", limit_price=d("1.08500"))
    intent = intent_of(modify(order="2001", limit_price="1.08400"), facts(order=waiting))
    assert (intent.price, intent.limit_price) == (d("1.09000"), d("1.08400"))


MORNING = at_server("2026-12-01 08:00:00")
DATED = {"time_in_force": "specified", "expires_at": "2026-12-31T00:00:00.000+02:00"}


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ({}, {"expires_at": MORNING}, ("specified", "2026-12-01T08:00:00.000+02:00")),
        ({}, {"time_in_force": "day"}, ("day", None)),
        (DATED, {"expires_at": None}, ("gtc", None)),
        (DATED, {"time_in_force": "gtc"}, ("gtc", None)),
        (DATED, {"time_in_force": "specified_day"}, ("specified_day", DATED["expires_at"])),
        (
            {**DATED, "time_in_force": "specified_day"},
            {"expires_at": at_server("2026-12-01 00:00:00")},
            ("specified_day", "2026-12-01T00:00:00.000+02:00"),
        ),
    ],
)
def test_lifetime_of_a_modified_order(before: Any, change: Any, after: Any) -> None:
    intent = intent_of(modify(order="2001", **change), facts(order=order(**before)))
    assert (intent.time_in_force, intent.expires_at) == after


@pytest.mark.parametrize("named", [{"order": "2001"}, {"command": "7f3c"}])
@pytest.mark.parametrize("mode", MODES)
def test_a_removed_order_describes_itself(mode: str, named: dict[str, str]) -> None:
    waiting = order("sell_stop_limit", "1.07000", limit_price=d("1.07500"), tp=d("1.06000"), **DATED)
    assert intent_of(Cancel(**named), facts(execution=mode, order=waiting)) == of(
        action="remove",
        type="sell_stop_limit",
        price=d("1.07000"),
        limit_price=d("1.07500"),
        tp=d("1.06000"),
        order="2001",
        **DATED,
    )


def test_a_removed_order_needs_no_symbol() -> None:
    assert intent_of(Cancel(order="2001"), replace(facts(order=order()), symbol=None)).symbol == "EURUSD"


# Deviation.


@pytest.mark.parametrize("given", [0, 1, 25])
def test_a_deviation_goes_on_the_wire_in_instant_execution(given: int) -> None:
    scene = facts(execution=INSTANT, position=position())
    assert intent_of(submit(deviation=given), scene).deviation == given
    assert intent_of(close(deviation=given), scene).deviation == given


@pytest.mark.parametrize(
    "scene", [facts(execution=REQUEST), facts(execution=INSTANT, instant_volume=d("0.05"))]
)
def test_a_deviation_is_ours_where_prices_are_asked_for(scene: Any) -> None:
    intent = intent_of(submit(deviation=25), scene)
    assert (intent.action, intent.deviation) == ("request_prices", 0)


@pytest.mark.parametrize("mode", [MARKET, EXCHANGE])
def test_a_deviation_may_be_advice(mode: str) -> None:
    intent = intent_of(submit(deviation=25, deviation_advisory=True), facts(execution=mode))
    assert intent.deviation == 0


# Names and figures.


def test_the_venues_name_of_the_symbol_is_sent() -> None:
    given = facts(symbol=symbol(symbol="EURUSD.m", digits=4, point=d("0.0001"), tick_size=d("0.0001")))
    intent = intent_of(submit(), given)
    assert (intent.symbol, intent.digits) == ("EURUSD.m", 4)


def test_the_decision_keeps_what_it_was_judged_against() -> None:
    given = facts()
    decision = decide(submit(), given)
    assert isinstance(decision, Approved)
    assert (decision.quote, decision.margin) == (given.quote, given.margin)
    closing = decide(close(), facts(position=position()))
    assert isinstance(closing, Approved)
    assert (closing.quote, closing.margin) == (given.quote, None)


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (submit(), ("buy", d("0.10"), ASK, None)),
        (submit("sell", "0.2"), ("sell", d("0.20"), BID, None)),
        (pending("sell_limit"), ("sell_limit", d("0.10"), d("1.09000"), None)),
        (pending("buy_stop_limit"), ("buy_stop_limit", d("0.10"), d("1.09000"), d("1.08500"))),
    ],
)
def test_exposure_is_the_risk_that_an_order_adds(verb: Any, expected: Any) -> None:
    found = exposure(verb, facts())
    assert found is not None
    assert (found.type, found.volume, found.price, found.limit_price) == expected


def test_what_is_no_order_has_no_exposure() -> None:
    assert exposure(close(), facts(position=position())) is None
    assert exposure(modify(order="2001", price="1.07100"), facts(order=order())) is None
    assert exposure(submit(), facts(symbol=None)) is None


def test_an_order_that_reduces_has_a_margin_to_tell_and_needs_none() -> None:
    netted = facts(account=NETTING, position=position(), margin=JudgedMargin(gaps=("no_rate EURUSD",)))
    assert exposure(submit("sell", "0.10"), netted) is not None
    assert isinstance(decide(submit("sell", "0.10"), netted), Approved)
    for more in (submit("buy", "0.10"), submit("sell", "0.11")):
        assert [one.code for one in reasons_of(more, netted)] == ["margin_unknown"]
