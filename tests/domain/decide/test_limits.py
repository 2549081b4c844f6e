"""Every limit of risk: what passes it, what does not, what is told and stored of it."""

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from oms.domain.commands import Cancel, Close, Verb
from oms.domain.decide import Approved, Denied, Facts, decide, on_prices
from oms.domain.decide.facts import Restraint, Sent
from oms.domain.decide.limiting import RULES, broken
from oms.domain.limits import AccountLimits, Limits, Unreadable, forms_of, read_limits, told_limits
from oms.domain.times import utc_ns

from .scene import (
    NETTING,
    NOW,
    REQUEST,
    close,
    codes_of,
    d,
    denied,
    facts,
    flying,
    modify,
    order,
    pending,
    position,
    quote,
    reasons_of,
    submit,
)

NOW_MS = utc_ns(NOW) // 1_000_000


def limited(given: Facts | None = None, /, **limits: Any) -> Facts:
    """Facts with limits of the account; what else risk rules look at begins with risk_."""
    known = {name[5:]: limits.pop(name) for name in [*limits] if name.startswith("risk_")}
    risk = Restraint(version=3, account=read_limits(AccountLimits, limits), **known)
    return msgspec.structs.replace(given or facts(), risk=risk)


def sent(age_ms: int, client: str = "", kind: str = "buy", volume: str = "0.10", **more: Any) -> Sent:
    return Sent(NOW_MS - age_ms, client, "EURUSD", kind, d(volume), more.get("price"))


class Row(NamedTuple):
    """A limit; what is just within it, what is just beyond, and the figure that the latter is judged by."""

    limit: str
    value: Any
    within: tuple[Verb, Facts]
    beyond: tuple[Verb, Facts]
    figure: str
    code: str


HELD = position("1001", "buy", "0.30")
SHORT = position("1002", "sell", "0.20")
OTHER = position("1003", "buy", "0.50", symbol="GBPUSD")
UP = order("buy_limit")  # 0.10
FLYING = (flying(volume="0.10"),)
CLOSING = (flying(type="sell", flags=3, position="1001", volume="0.30"),)
BOOKS: dict[str, Any] = {"positions": (HELD, SHORT, OTHER), "orders": (UP,), "in_flight": FLYING}
# At 0.10 more: bought 0.30 + 0.10 + 0.10 + 0.10 = 0.60, sold 0.20, and 0.50 of another symbol.
WORTH: dict[str, Any] = {
    "risk_lot_values": {"EURUSD": d("100000"), "GBPUSD": d("100000")},
    "risk_prices": {"EURUSD": d("1.08003"), "GBPUSD": d("1.25")},
}
LONG = position(volume="0.20")
NETTED: dict[str, Any] = {"account": NETTING, "position": LONG, "positions": (LONG,)}
STOPPED: dict[str, Any] = {"order": order("buy_stop", "1.09"), "orders": (order("buy_stop", "1.09"),)}
MOVING = (flying(action="modify", type="buy_stop", order="2001", price=d("1.21")),)
FRIDAY = facts()  # 10:00, server time
SATURDAY = facts(server_now="2026-11-21T10:00:00.000+02:00")

ROWS = [
    Row("symbols", ["Forex\\*"], (submit(), FRIDAY), (submit(), facts(path="Metals\\EURUSD")),
        "Metals\\EURUSD", "risk_symbol"),
    Row("symbols", ["*", "!EURUSD"], (submit(), facts(path="Forex\\EURUSD.x")), (submit(), FRIDAY),
        "Forex\\EURUSD", "risk_symbol"),
    Row("sides", ["buy"], (submit("buy"), FRIDAY), (submit("sell"), FRIDAY), "sell", "risk_side"),
    Row("actions", ["market", "limit"], (pending("buy_limit"), FRIDAY), (pending("buy_stop"), FRIDAY),
        "stop", "risk_action"),
    Row("actions", ["limit", "modify"], (modify(order="2001", price="1.06"), facts(order=order())),
        (submit(), FRIDAY), "market", "risk_action"),
    Row("actions", ["limit"], (pending("buy_limit"), FRIDAY),
        (modify(order="2001", price="1.06"), facts(order=order())), "modify", "risk_action"),
    Row("trading_hours", ["mon-fri 08:00-10:01"], (submit(), FRIDAY), (submit(), SATURDAY),
        "2026-11-21T10:00:00", "risk_hours"),
    Row("trading_hours", ["fri-mon 10:00-24:00"], (submit(), SATURDAY),
        (submit(), facts(server_now="2026-11-21T09:59:59.999+02:00")), "2026-11-21T09:59:59", "risk_hours"),
    Row("max_volume_per_order", "0.10", (submit(volume="0.10"), FRIDAY), (submit(volume="0.11"), FRIDAY),
        "0.11", "risk_order_volume"),
    Row("max_volume_per_symbol", "0.60", (submit(), facts(**BOOKS)), (submit(volume="0.11"), facts(**BOOKS)),
        "0.61", "risk_symbol_volume"),
    # In a netting account what is held on the other side is room: 0.30 sold less 0.20 held.
    Row("max_volume_per_symbol", "0.10", (submit("sell", "0.30"), facts(**NETTED)),
        (submit("sell", "0.31"), facts(**NETTED)), "0.11", "risk_symbol_volume"),
    # But for what waits: it may be closed by then, and no limit stands against that.
    Row("max_volume_per_symbol", "0.30", (pending("sell_limit", volume="0.30"), facts(**NETTED)),
        (pending("sell_limit", volume="0.31"), facts(**NETTED)), "0.31", "risk_symbol_volume"),
    Row("max_volume_per_account", "1.10", (submit(), facts(**BOOKS)), (submit(volume="0.11"), facts(**BOOKS)),
        "1.11", "risk_account_volume"),
    Row("max_gross_exposure", "1.30", (submit(), facts(**BOOKS)), (submit(volume="0.11"), facts(**BOOKS)),
        "1.31", "risk_gross_exposure"),
    # 0.60 less 0.20, and 0.50.
    Row("max_net_exposure", "0.90", (submit(), facts(**BOOKS)), (submit(volume="0.11"), facts(**BOOKS)),
        "0.91", "risk_net_exposure"),
    # A close on its way may have been done: then nothing stands against what is sold, 0.20 + 0.10.
    Row("max_net_exposure", "0.30", (submit("sell"), facts(positions=(HELD, SHORT), in_flight=CLOSING)),
        (submit("sell", "0.11"), facts(positions=(HELD, SHORT), in_flight=CLOSING)),
        "0.31", "risk_net_exposure"),
    # So does what waits: the 0.20 that are sold may be closed before.
    Row("max_net_exposure", "0.30", (pending(volume="0.30"), facts(positions=(SHORT,))),
        (pending(volume="0.31"), facts(positions=(SHORT,))), "0.31", "risk_net_exposure"),
    # 0.80 at the dearest 1.08003, and 0.50 at 1.25: 86402.40 + 62500; 0.01 more are 1080.03.
    Row("max_notional", "148902.40", (submit(), limited(facts(**BOOKS), **WORTH)),
        (submit(volume="0.11"), limited(facts(**BOOKS), **WORTH)), "149982.43", "risk_notional"),
    # 0.10 that wait for 1.09 are moved; a change on its way may have been done.
    Row("max_notional", "12000", (modify(order="2001", price="1.20"), limited(facts(**STOPPED), **WORTH)),
        (modify(order="2001", price="1.21"), limited(facts(**STOPPED), **WORTH)),
        "12100.00", "risk_notional"),
    Row("max_notional", "24000", (submit(), limited(facts(**STOPPED), **WORTH)),
        (submit(), limited(facts(**STOPPED, in_flight=MOVING), **WORTH)), "24200.00", "risk_notional"),
    Row("max_orders", 2, (pending(), facts(orders=(UP,))),
        (pending(), facts(orders=(UP,), in_flight=(flying(action="pending", type="buy_limit"),))),
        "3", "risk_orders"),
    Row("max_orders", 1, (submit(), facts(orders=(UP, order(order="2002")))),
        (pending(), facts(orders=(UP,))), "2", "risk_orders"),
    Row("max_positions", 4, (submit(), facts(positions=(HELD, SHORT), in_flight=FLYING)),
        (submit(), facts(positions=(HELD, SHORT), orders=(UP,), in_flight=FLYING)), "5", "risk_positions"),
    Row("max_positions", 1, (submit(), facts(account=NETTING, positions=(HELD,), orders=(UP,))),
        (submit(), facts(account=NETTING, positions=(OTHER,))), "2", "risk_positions"),
    Row("max_orders_per_second", 2, (submit(), limited(risk_sent=(sent(1000), sent(999)))),
        (submit(), limited(risk_sent=(sent(999), sent(-5000)))), "3", "risk_rate_second"),
    Row("max_orders_per_minute", 2, (submit(), limited(risk_sent=(sent(60_000), sent(59_999)))),
        (modify(order="2001", price="1.06"),
         limited(facts(order=order()), risk_sent=(sent(59_999), sent(0)))), "3", "risk_rate_minute"),
    Row("duplicate_window", 5,
        (submit(), limited(risk_sent=(sent(5000), sent(0, "desk"), sent(0, volume="1")))),
        (submit(), limited(risk_sent=(sent(4999), sent(6000)))), "4.999", "risk_duplicate"),
    Row("duplicate_window", 5,
        (pending(), limited(risk_sent=(sent(1, kind="buy_limit", price=d("1.06")),))),
        (pending(), limited(risk_sent=(sent(1, kind="buy_limit", price=d("1.07")),))),
        "0.001", "risk_duplicate"),
    # A buy is measured from 1.08003, a sell from 1.08001.
    Row("price_collar_points", 1003, (pending("buy_limit", price="1.07000"), FRIDAY),
        (pending("buy_limit", price="1.06999"), FRIDAY), "1004", "risk_collar"),
    Row("price_collar_points", 1003, (pending("sell_limit", price="1.09004"), FRIDAY),
        (modify(order="2001", price="1.06999"), facts(order=order())), "1004", "risk_collar"),
    Row("price_collar_points", 1000, (pending("buy_stop_limit", price="1.09", limit_price="1.08"), FRIDAY),
        (pending("buy_stop_limit", price="1.09", limit_price="1.07"), FRIDAY), "1003", "risk_collar"),
    # 1.08003 / 100 = 0.0108003
    Row("price_collar_percent", "1", (pending("buy_limit", price="1.06923"), FRIDAY),
        (pending("buy_limit", price="1.06922"), FRIDAY), "1.0009", "risk_collar"),
    Row("max_daily_loss", "500", (submit(), limited(risk_equity=d("9500.01"), risk_day_start=d("10000"))),
        (submit(), limited(risk_equity=d("9500.00"), risk_day_start=d("10000"))), "500.00",
        "risk_daily_loss"),
    Row("max_drawdown", "500", (submit(), limited(risk_equity=d("9500.01"), risk_peak=d("10000"))),
        (submit(), limited(risk_equity=d("9500.00"), risk_peak=d("10000"))), "500.00", "risk_drawdown"),
    Row("max_drawdown_percent", "5", (submit(), limited(risk_equity=d("9500.01"), risk_peak=d("10000"))),
        (submit(), limited(risk_equity=d("9500.00"), risk_peak=d("10000"))), "5", "risk_drawdown"),
]  # fmt: skip


BESIDE = {"risk_unknown", "risk_unreadable", "client_halted", "client_reducing"}  # of no one limit: below


def with_limit(row: Row, given: Facts) -> Facts:
    known = given.risk
    limits = read_limits(AccountLimits, {row.limit: row.value})
    return msgspec.structs.replace(given, risk=msgspec.structs.replace(known, version=3, account=limits))


def named(row: Row) -> str:
    return f"{row.limit}-{row.figure}"


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_is_just_within_passes(row: Row) -> None:
    verb, given = row.within
    decision = decide(verb, with_limit(row, given))
    assert isinstance(decision, Approved), decision
    assert decision.risk is not None
    assert (decision.risk.at, decision.risk.limits) == (given.server_now, 3)


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_is_just_beyond_is_denied_for_that_alone(row: Row) -> None:
    verb, given = row.beyond
    decision = denied(decide(verb, with_limit(row, given)))
    (found,) = decision.reasons
    assert (found.code, found.given) == (row.code, row.figure)
    assert decision.risk is not None
    assert decision.risk.account == {row.limit: row.figure}
    # Without the limit it passes: nothing else stands against it.
    assert isinstance(decide(verb, given), Approved)


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_log_alone_decides_again(row: Row) -> None:
    for (verb, given), expected in ((row.within, []), (row.beyond, [row.limit])):
        decision = decide(verb, with_limit(row, given))
        assert isinstance(decision, Approved | Denied)
        assert decision.risk is not None
        limits = read_limits(AccountLimits, {row.limit: row.value})
        assert list(broken(limits, decision.risk.account)) == expected


@pytest.mark.parametrize("row", [row for row in ROWS if row.limit in forms_of(Limits)], ids=named)
def test_a_client_has_limits_of_its_own(row: Row) -> None:
    verb, given = row.beyond
    own = {one.position for one in given.positions} | {one.order for one in given.orders}
    limits = read_limits(Limits, {row.limit: row.value})
    for mine in (True, False):
        risk = msgspec.structs.replace(
            given.risk,
            client=limits,
            own=frozenset(own) if mine else frozenset(),
            own_in_flight=given.in_flight if mine else (),
        )
        client = "" if mine else "another"
        decision = decide(verb, msgspec.structs.replace(given, risk=risk, client=client))
        if mine:
            assert [one.code for one in denied(decision).reasons] == [row.code]
        elif row.limit in (
            "max_volume_per_account",
            "max_gross_exposure",
            "max_notional",
            "duplicate_window",
        ):
            assert isinstance(decision, Approved)  # what others hold, or sent, is not his


def test_every_rule_has_rows_and_a_limit() -> None:
    assert {row.limit for row in ROWS} == {rule.limit for rule in RULES}
    assert {rule.limit for rule in RULES} | {"quote_age"} == set(forms_of(AccountLimits))


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_takes_risk_away_passes_every_limit(row: Row) -> None:
    given = facts(order=order(), orders=(order(),), position=HELD, positions=(HELD,), quote=quote(age=500.0))
    nothing: Any = [] if isinstance(row.value, list) else 0
    tight = with_limit(row._replace(value=nothing), given)
    for verb in (close(), close("0.10"), Cancel(order="2001"), modify(position="1001", sl="1.05")):
        assert codes_of(verb, tight) == []
    netting = msgspec.structs.replace(tight, account=NETTING)
    assert codes_of(submit("sell", "0.30"), netting) == []
    assert codes_of(Close(symbol="EURUSD"), netting) == []


# Fail closed.


@pytest.mark.parametrize(
    ("limits", "verb", "given"),
    [
        ({"max_notional": 10**9}, submit(), limited(risk_lot_values={"EURUSD": d("1")})),
        ({"max_notional": 10**9}, submit(), limited(risk_prices={"EURUSD": d("1")})),
        (
            {"max_notional": 10**9},
            submit(),
            limited(
                facts(positions=(OTHER,)), risk_lot_values={"EURUSD": d("1")}, risk_prices={"EURUSD": d("1")}
            ),
        ),
        ({"max_daily_loss": 500}, submit(), limited(risk_day_start=d("1"))),
        ({"max_daily_loss": 500}, submit(), limited(risk_equity=d("1"))),
        ({"max_drawdown": 500}, submit(), limited(risk_equity=d("1"))),
        ({"max_drawdown_percent": 5}, submit(), limited(risk_equity=d("1"), risk_peak=d("0"))),
        ({"price_collar_points": 5000}, pending(), facts(quote=quote(age=10.1))),
        ({"price_collar_points": 5000}, pending(), facts(quote=quote(age=None))),
        ({"price_collar_percent": 50}, pending(), facts(quote=quote(delayed=True))),
    ],
)  # fmt: skip
def test_what_is_not_known_is_denied(limits: dict[str, Any], verb: Verb, given: Facts) -> None:
    (name,) = limits
    risk = msgspec.structs.replace(given.risk, account=read_limits(AccountLimits, limits))
    (found,) = reasons_of(verb, msgspec.structs.replace(given, risk=risk))
    assert (found.code, found.limit) == ("risk_unknown", name)


def test_a_change_that_makes_nothing_dearer_needs_no_price() -> None:
    """Without a price for it the notional value is not known, and a stop may be moved all the same."""
    given = msgspec.structs.replace(
        facts(**STOPPED), risk=Restraint(account=read_limits(AccountLimits, {"max_notional": 1}))
    )
    assert codes_of(modify(order="2001", sl="1.05"), given) == []
    assert codes_of(modify(order="2001", price="1.20"), given) == ["risk_unknown"]


def test_no_price_is_too_far_to_be_told() -> None:
    """10^15 of a market of 10^-8 is 10^25 percent."""
    given = limited(
        facts(digits=8, quote=quote(bid=d("0.00000001"), ask=d("0.00000001"))), price_collar_percent=1
    )
    found = reasons_of(pending("buy_stop", price="999999999999999"), given)
    assert [one.given for one in found if one.code == "risk_collar"] == ["9999999999999989999999900"]


def test_limits_that_cannot_be_read_let_nothing_pass_that_adds_risk() -> None:
    risk = Restraint(unreadable="max_moons: no limit of this build")
    given = facts(order=order(), position=HELD, positions=(HELD,), risk=risk)
    assert codes_of(submit(), given) == ["risk_unreadable"]
    assert codes_of(close(), given) == codes_of(Cancel(order="2001"), given) == []


def test_prices_that_were_asked_for_are_judged_anew() -> None:
    given = limited(
        facts(execution=REQUEST), risk_equity=d("9600"), risk_day_start=d("10000"), max_daily_loss=500
    )
    asked = decide(submit(), given)
    assert isinstance(asked, Approved)
    lost = msgspec.structs.replace(given.risk, equity=d("9500"))
    now = on_prices(asked, submit(), msgspec.structs.replace(given, risk=lost), d("1.08001"), d("1.08003"))
    assert [one.code for one in denied(now).reasons] == ["risk_daily_loss"]


@pytest.mark.parametrize(("permission", "risky", "change", "reduce"), [
    ("active", [], [], []),
    ("reducing", ["client_reducing"], [], []),
    ("halted", ["client_halted"], ["client_halted"], ["client_halted"]),
    ("puzzled", ["client_halted"], ["client_halted"], ["client_halted"]),
])  # fmt: skip
def test_a_client_is_restricted_alone(
    permission: str, risky: list[str], change: list[str], reduce: list[str]
) -> None:
    risk = Restraint(client_permission=permission, client_reason="operator")
    given = facts(order=order(), position=HELD, positions=(HELD,), risk=risk, client="desk")
    assert codes_of(submit(), given) == risky
    assert codes_of(modify(position="1001", sl="1.05"), given) == change
    assert codes_of(close(), given) == codes_of(Cancel(order="2001"), given) == reduce


# What limits may be.


@pytest.mark.parametrize("value", [
    *("NaN", "nan", "Infinity", "-inf", "-0", "-1", "1e3", "", " 1", "1.", "9" * 16, "0.123456789"),
    *(True, False, 1.5, float("nan"), Decimal("NaN"), Decimal("-0"), Decimal("Infinity"), -1, 10**400),
    *([], {}, b"1"),
])  # fmt: skip
def test_what_is_no_number_is_no_limit(value: Any) -> None:
    with pytest.raises(Unreadable, match="max_volume_per_order: must be a number"):
        read_limits(Limits, {"max_volume_per_order": value})


@pytest.mark.parametrize(("name", "value"), [
    ("max_orders", "1.5"), ("max_orders_per_minute", 10_001), ("duplicate_window", 61),
    ("max_drawdown_percent", 101), ("sides", "buy"), ("sides", ["up"]), ("actions", [1]),
    ("trading_hours", ["mon 25:00-26:00"]), ("trading_hours", ["mon 10:00-10:00"]),
    ("trading_hours", ["moon 10:00-11:00"]), ("trading_hours", ["mon 10:60-11:00"]),
    ("symbols", [""]), ("symbols", ["a,b"]), ("symbols", ["*"] * 101), ("max_moons", 1),
])  # fmt: skip
def test_what_is_beyond_a_limits_bounds_is_none(name: str, value: Any) -> None:
    with pytest.raises(Unreadable, match=f"^{name}: "):
        read_limits(AccountLimits, {name: value})


def test_limits_are_told_as_they_are_read() -> None:
    given = {row.limit: row.value for row in ROWS}
    limits = read_limits(AccountLimits, given)
    assert read_limits(AccountLimits, told_limits(limits, AccountLimits)) == limits
    assert read_limits(AccountLimits, {"max_orders": None}) == AccountLimits()
