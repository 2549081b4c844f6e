"""The bytes that the official client sent, for the same wish in the same execution mode.

The vectors hold the wish (`args`) and the request.  Prices shown are read from the request where it names
them: which of the two sides it took is what is tested.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from oms.domain.commands import Cancel, CloseBy, Verb
from oms.domain.decide import Approved, Facts, Unchanged, decide, on_prices
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.sessions.translate import trade_request
from protocol.records.trade import TRADE_REQUEST
from tests.protocol.golden import Vector, vectors

from .scene import at_server, close, d, facts, modify, order, pending, position, quote, submit

TYPES = (
    "buy",
    "sell",
    "buy_limit",
    "sell_limit",
    "buy_stop",
    "sell_stop",
    "buy_stop_limit",
    "sell_stop_limit",
)
FILLINGS, LIFETIMES = ("fok", "ioc", "return", "boc"), ("gtc", "day", "specified", "specified_day")
MODES = ("request", "instant", "market", "exchange")
SPREAD = d("0.00002")
ENDS = "2027-01-02 00:00:00"  # 1 798 848 000, which all vectors with an end have

# A change of nothing, which the official client sends because it compares seconds with milliseconds.
UNSENT = "trade-instant-order-modify-nochange"
OURS = list(vectors(lambda v: "trade_exemode" in v.get("args", {})))


def price(value: float) -> Decimal | None:
    return Decimal(repr(value)) if value else None


def given_facts(vector: Vector, **changes: Any) -> Facts:
    """The price that the request names, where it is the market's, on both sides: a wrong one shows."""
    fields = vector["fields"]
    shown = price(fields["price_order"]) or d("1.08001")
    bid, ask = shown, shown + SPREAD
    if fields["trade_type"] == 0 and fields["trade_action"] in (1, 2):
        bid, ask = shown - SPREAD, shown
    if fields["trade_action"] in (5, 7, 8):
        bid, ask = d("1.08001"), d("1.08003")
    usual = {"quote": quote(bid, ask), "execution": MODES[vector["args"]["trade_exemode"]]}
    return facts(**(usual | changes))


def wish(vector: Vector) -> tuple[Verb, Facts]:
    """The command that comes to this request, and what it is judged on."""
    fields = vector["fields"]
    match fields["trade_action"]:
        case 5:
            return pending_order(vector), given_facts(vector)
        case 6:
            held = position(str(fields["trade_position"]), TYPES[fields["trade_type"]], sl=d("1.01"))
            stops = {"sl": price(fields["price_sl"]), "tp": price(fields["price_tp"])}
            return modify(position=held.position, **stops), given_facts(vector, position=held)
        case 7:
            return change(vector)
        case 8:
            waiting = working(vector)
            return Cancel(order=waiting.order), given_facts(vector, order=waiting)
        case 10:
            one = position(str(fields["trade_position"]), "buy", "1.23")
            other = position(str(fields["position_by"]), "sell", "0.01")
            by = CloseBy(position=one.position, position_by=other.position)
            return by, given_facts(vector, position=one, position_by=other)
    return closing(vector) if fields["type_flags"] == 3 else (deal(vector), given_facts(vector))


def deal(vector: Vector) -> Verb:
    fields, args = vector["fields"], vector["args"]
    more: dict[str, Any] = {"filling": FILLINGS[args["fill"]]} if "fill" in args else {}
    more |= {"sl": price(fields["price_sl"]), "tp": price(fields["price_tp"]), "comment": fields["comment"]}
    return submit(TYPES[fields["trade_type"]], str(args.get("volume", "0.1")), **more)


def closing(vector: Vector) -> tuple[Verb, Facts]:
    fields, args = vector["fields"], vector["args"]
    part = "volume" in args
    held = position(str(fields["trade_position"]), "buy", "0.10" if part else "0.06")
    verb = close(str(args["volume"]) if part else None, position=held.position)
    return verb, given_facts(vector, position=held)


def pending_order(vector: Vector) -> Verb:
    fields, args = vector["fields"], vector["args"]
    more: dict[str, Any] = {"price": price(args["price"]), "comment": args.get("c", "")}
    if "fill" in args:
        more["filling"] = FILLINGS[args["fill"]]
    if "time" in args:
        more["time_in_force"] = LIFETIMES[args["time"]]
    if args.get("exp"):
        more["expires_at"] = at_server(ENDS)
    if "trig" in args:
        more["limit_price"] = price(args["trig"])
    more |= {"sl": price(args.get("sl", 0.0)), "tp": price(args.get("tp", 0.0))}
    return pending(TYPES[fields["trade_type"]], **more)


def working(vector: Vector, **now: Any) -> Order:
    """The order of a request that changes or removes it."""
    fields = vector["fields"]
    usual: dict[str, Any] = {
        "kind": TYPES[fields["trade_type"]],
        "price": str(price(fields["price_order"])),
        "order": str(fields["trade_order"]),
        "limit_price": price(fields["price_trigger"]),
        "comment": fields["comment"],
        "time_in_force": LIFETIMES[fields["type_time"]],
        "expires_at": "2027-01-02T00:00:00.000+02:00" if fields["time_expiration"] else None,
    }
    return order(**(usual | now))


def change(vector: Vector) -> tuple[Verb, Facts]:
    """Another price, of a stop limit another limit."""
    fields = vector["fields"]
    ticket = str(fields["trade_order"])
    if fields["price_trigger"]:
        before = working(vector, limit_price=d("1.08302"))
        return modify(order=ticket, limit_price=price(fields["price_trigger"])), given_facts(
            vector, order=before
        )
    before = working(vector, price="1.07102")
    return modify(order=ticket, price=price(fields["price_order"])), given_facts(vector, order=before)


def decided(vector: Vector) -> Intent:
    verb, given = wish(vector)
    decision = decide(verb, given)
    assert isinstance(decision, Approved), decision
    if vector["fields"]["trade_action"] == 1:
        assert decision.intent.action == "request_prices"
        assert given.quote is not None
        assert given.quote.bid is not None
        assert given.quote.ask is not None
        decision = on_prices(decision, verb, given, given.quote.bid, given.quote.ask)
        assert isinstance(decision, Approved), decision
    return decision.intent


def test_there_are_vectors_of_each_mode_and_operation() -> None:
    found = {(vector["args"]["trade_exemode"], vector["fields"]["trade_action"]) for vector in OURS}
    assert found >= {(mode, action) for mode in range(4) for action in (5, 6, 7)}
    assert found >= {(0, 0), (0, 1), (1, 2), (2, 3), (3, 4), (1, 10), (0, 8)}


def test_the_end_of_the_vectors() -> None:
    assert datetime(2027, 1, 2, tzinfo=UTC).timestamp() == 1_798_848_000


@pytest.mark.parametrize(
    "vector", [one for one in OURS if one["name"] != UNSENT], ids=lambda one: one["name"]
)
def test_we_send_what_the_official_client_sends(vector: Vector) -> None:
    request = trade_request(decided(vector), vector["fields"]["action_id"])
    assert TRADE_REQUEST.dump(request).hex() == vector["hex"]


def test_a_change_of_nothing_is_not_sent() -> None:
    (vector,) = (one for one in OURS if one["name"] == UNSENT)
    fields = vector["fields"]
    waiting = order(
        "buy_limit",
        str(price(fields["price_order"])),
        time_in_force="specified",
        expires_at="2027-01-02T00:00:00.000+02:00",
    )
    verb = modify(order="2001", price=str(fields["price_order"]), expires_at=at_server(ENDS))
    assert isinstance(decide(verb, given_facts(vector, order=waiting)), Unchanged)
