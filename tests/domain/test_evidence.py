"""What lists say about a command in doubt, row by row (docs/semantics.md 8)."""

from decimal import Decimal
from typing import Any

import pytest

from oms.domain.evidence import Doubt, Lists, Look, look, order_values
from oms.domain.intent import Intent, Replaced
from oms.domain.records import DealRecord, OrderRecord, PositionRecord

D = Decimal
SINCE = "2026-11-21T09:00:00.000"
BEFORE, AFTER = "2026-11-21T08:59:59.999+03:00", "2026-11-21T09:00:00.001+03:00"
MARKER, OTHERS = "~ABCDEFGHIJ", "~ZYXWVUTSRQ"

BUY = Intent(action="deal_market", symbol="EURUSD", type="buy", volume=D("0.10"))
LIMIT = Intent(action="pending", symbol="EURUSD", type="buy_limit", volume=D("0.10"), price=D("1.05"))
CLOSE = Intent(action="deal_market", symbol="EURUSD", type="sell", volume=D("0.10"), position="5")
CLOSE_BY = Intent(action="close_by", symbol="EURUSD", position="5", position_by="6")
MOVE = Intent(action="modify", symbol="EURUSD", order="7", price=D("1.04"), sl=D("1.03"))
STOPS = Intent(action="sltp", symbol="EURUSD", position="5", sl=D("1.03"))
CANCEL = Intent(action="remove", symbol="EURUSD", order="7")


def order(ticket: str = "7", **more: Any) -> OrderRecord:
    usual: dict[str, Any] = {
        "symbol": "EURUSD",
        "type": "buy",
        "volume": D("0.10"),
        "setup_at": AFTER,
        "comment": "",
    }
    return OrderRecord(ticket, **(usual | more))


def resting(ticket: str = "7", **more: Any) -> OrderRecord:
    return order(ticket, **({"type": "buy_limit", "price": D("1.05"), "time_in_force": "gtc"} | more))


def out(ticket: str, position: str = "5", **more: Any) -> DealRecord:
    usual: dict[str, Any] = {"order": "9", "symbol": "EURUSD", "type": "sell", "entry": "out"}
    usual |= {"volume": D("0.10"), "time": AFTER}
    return DealRecord(ticket, position=position, **(usual | more))


def held(identifier: str = "5", **more: Any) -> PositionRecord:
    return PositionRecord(identifier, symbol="EURUSD", side="buy", volume=D("0.10"), **more)


def lists(*records: OrderRecord | DealRecord | PositionRecord, past: tuple[OrderRecord, ...] = ()) -> Lists:
    return Lists(
        {one.order: one for one in records if isinstance(one, OrderRecord)},
        {one.order: one for one in past},
        tuple(one for one in records if isinstance(one, DealRecord)),
        {one.position: one for one in records if isinstance(one, PositionRecord)},
    )


def looked(verb: str, intent: Intent, found: Lists, **more: Any) -> Look:
    usual: dict[str, Any] = {
        "marker": MARKER,
        "order": None,
        "since": SINCE,
        "owned": lambda ticket: ticket == "owned",
    }
    return look(Doubt(verb, intent, **(usual | more)), found)


SUBMITTED: dict[str, tuple[Lists, str, tuple[str, ...]]] = {
    "nothing there": (lists(), "nothing", ()),
    "its marker in an open order": (lists(order(comment=f"mine{MARKER}")), "found", ("7",)),
    "its marker in the history": (lists(past=(order(comment=MARKER),)), "found", ("7",)),
    "its marker in a deal": (lists(out("1", comment=MARKER, entry="in")), "found", ("9",)),
    "its marker twice": (
        lists(order("7", comment=MARKER), order("8", comment=MARKER)),
        "ambiguous",
        ("7", "8"),
    ),
    "a marker cut to six": (lists(order("7"), order("8", comment=f"x{MARKER[:6]}")), "probable", ("8",)),
    "a marker cut to five is none": (lists(order(comment=f"x{MARKER[:5]}", volume=D("0.2"))), "nothing", ()),
    "one that looks like it": (lists(order()), "probable", ("7",)),
    "two that look like it": (lists(order("7"), past=(order("8"),)), "ambiguous", ("7", "8")),
    "another symbol": (lists(order(symbol="EURUSD.req")), "nothing", ()),
    "another side": (lists(order(type="sell")), "nothing", ()),
    "another volume": (lists(order(volume=D("0.11"))), "nothing", ()),
    "older": (lists(order(setup_at=BEFORE)), "nothing", ()),
    "older, and done since": (lists(past=(order(setup_at=BEFORE, done_at=AFTER),)), "probable", ("7",)),
    "another command's": (lists(order("owned")), "nothing", ()),
    "with another's marker": (lists(order(comment=OTHERS)), "nothing", ()),
    "made by a stop loss": (lists(order(reason="sl")), "nothing", ()),
}


@pytest.mark.parametrize("name", SUBMITTED)
def test_submit(name: str) -> None:
    found, verdict, candidates = SUBMITTED[name]
    seen = looked("submit", BUY, found)
    assert (seen.verdict, seen.candidates) == (verdict, candidates)


def test_a_pending_order_is_told_by_its_price() -> None:
    assert looked("submit", LIMIT, lists(resting())).verdict == "probable"
    assert looked("submit", LIMIT, lists(resting(price=D("1.06")))).verdict == "nothing"


def test_the_ticket_that_a_result_named_is_certain() -> None:
    assert looked("submit", BUY, lists(order("8"), order("7")), order="7") == Look("found", ("7",), "ticket")
    assert looked("submit", BUY, lists(), order="7").verdict == "nothing"


def test_without_a_marker_nothing_is_taken_for_marked() -> None:
    assert looked("submit", BUY, lists(order(comment="")), marker="").verdict == "probable"
    assert looked("submit", BUY, lists(order(comment=OTHERS)), marker="").verdict == "nothing"


CLOSED: dict[str, tuple[Lists, str]] = {
    "still open": (lists(held()), "nothing"),
    "with its marker": (lists(out("1"), past=(order("9", comment=MARKER),)), "found"),
    "by volume": (lists(out("1")), "probable"),
    "by volume, twice": (lists(out("1", order="8"), out("2", order="9")), "ambiguous"),
    "part of it": (lists(held(), out("1", volume=D("0.05"))), "probable"),
    "in two deals": (lists(out("1", volume=D("0.04")), out("2", volume=D("0.06"))), "probable"),
    "more than it": (lists(held(), out("1", volume=D("0.15"))), "unclear"),
    "by its stop loss": (lists(out("1", reason="sl")), "nothing"),
    "by its take profit": (lists(out("1", reason="tp")), "nothing"),
    "by stop-out": (lists(out("1", reason="so")), "nothing"),
    "by another command": (lists(out("1", order="owned")), "nothing"),
    "another position": (lists(held(), out("1", "6")), "nothing"),
    "gone, and nobody knows how": (lists(), "unclear"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_close(name: str) -> None:
    found, verdict = CLOSED[name]
    assert looked("close", CLOSE, found).verdict == verdict


CLOSED_BY: dict[str, tuple[Lists, str]] = {
    "both still open": (lists(held("5"), held("6")), "nothing"),
    "both deals": (lists(out("1", "5", entry="out_by"), out("2", "6", entry="out_by")), "found"),
    "deals of two orders": (
        lists(out("1", "5", entry="out_by", order="8"), out("2", "6", entry="out_by", order="9")),
        "unclear",
    ),
    "one of them closed otherwise": (lists(held("6"), out("1", "5")), "unclear"),
    "one of them stopped out": (lists(held("6"), out("1", "5", reason="sl")), "nothing"),
    "one of them gone": (lists(held("6")), "unclear"),
}


def test_a_position_that_is_another_than_in_the_books_is_no_proof_of_nothing() -> None:
    smaller = {"5": ("buy", D("0.15"))}
    assert looked("close", CLOSE, lists(held()), held={"5": ("buy", D("0.10"))}).verdict == "nothing"
    assert looked("close", CLOSE, lists(held()), held=smaller).verdict == "unclear"
    assert looked("close_by", CLOSE_BY, lists(held("5"), held("6")), held=smaller).verdict == "unclear"


def test_a_position_with_its_marker_is_no_proof_of_nothing() -> None:
    """The history is behind: order and deal will be there."""
    assert looked("submit", BUY, lists(held("9", comment=MARKER))).verdict == "unclear"
    assert looked("submit", BUY, lists(held("9", comment=OTHERS))).verdict == "nothing"


@pytest.mark.parametrize("name", CLOSED_BY)
def test_close_by(name: str) -> None:
    found, verdict = CLOSED_BY[name]
    assert looked("close_by", CLOSE_BY, found).verdict == verdict


def test_modify_of_an_order() -> None:
    new = resting(price=D("1.04"), sl=D("1.03"))
    assert looked("modify", MOVE, lists(new)).verdict == "found"
    assert looked("modify", MOVE, lists(past=(new,))).verdict == "found"
    was = {"replaces": Replaced(price=D("1.05"), time_in_force="gtc")}
    assert looked("modify", MOVE, lists(resting()), **was).verdict == "nothing"
    assert looked("modify", MOVE, lists(resting(sl=D("0"), tp=D("0"))), **was).verdict == "nothing"
    # Somebody came later, and may have replaced what we had put there.
    assert looked("modify", MOVE, lists(resting(price=D("1.045"))), **was).verdict == "unclear"
    assert looked("modify", MOVE, lists(resting())).verdict == "unclear"
    assert looked("modify", MOVE, lists()).verdict == "unclear"


def test_modify_of_an_order_by_its_date() -> None:
    """The offset that a time is read with may have changed meanwhile; a date that does not count is none."""
    until = {"time_in_force": "specified", "expires_at": "2026-11-23T12:00:00.000+03:00"}
    was = order_values(resting(**until))
    again = resting(**(until | {"expires_at": "2026-11-23T12:00:00.000+02:00"}))
    assert looked("modify", MOVE, lists(again), replaces=was).verdict == "nothing"
    later = resting(**(until | {"expires_at": "2026-11-24T12:00:00.000+03:00"}))
    assert looked("modify", MOVE, lists(later), replaces=was).verdict == "unclear"
    assert order_values(resting(expires_at=until["expires_at"])) == order_values(resting())


def test_modify_of_a_position() -> None:
    was = {"replaces": Replaced(sl=D("1.02"))}
    assert looked("modify", STOPS, lists(held(sl=D("1.03")))).verdict == "found"
    assert looked("modify", STOPS, lists(held(sl=D("1.02"))), **was).verdict == "nothing"
    assert looked("modify", STOPS, lists(held(sl=D("1.01"))), **was).verdict == "unclear"
    # The deal that closed it has the stops that it had then; one without any may not be filled in.
    assert looked("modify", STOPS, lists(out("1", sl=D("1.03")))).verdict == "found"
    assert looked("modify", STOPS, lists(out("1", sl=D("1.02"))), **was).verdict == "nothing"
    assert looked("modify", STOPS, lists(out("1", sl=None))).verdict == "unclear"
    assert looked("modify", STOPS, lists()).verdict == "unclear"
    # Where he fills them in, it had none.
    none = {"replaces": Replaced()}
    assert looked("modify", STOPS, lists(out("1"), out("2", "6", sl=D("1.01"))), **none).verdict == "nothing"
    stopped = out("2", "6", sl=D("1.01"), reason="sl")
    assert looked("modify", STOPS, lists(out("1"), stopped)).verdict == "unclear"
    # Of several the last one is what it had at the end.
    earlier, later = {"time": "2026-11-21T09:00:01.000+03:00"}, {"time": "2026-11-21T09:00:02.000+03:00"}
    parts = out("1", sl=D("1.03"), **earlier), out("2", sl=D("1.02"), **later)
    assert looked("modify", STOPS, lists(*parts), **was).verdict == "nothing"


def test_cancel() -> None:
    assert looked("cancel", CANCEL, lists(past=(resting(state="canceled"),))).verdict == "found"
    assert looked("cancel", CANCEL, lists(past=(resting(state="filled"),))).verdict == "found"
    assert looked("cancel", CANCEL, lists(resting())).verdict == "nothing"
    assert looked("cancel", CANCEL, lists()).verdict == "unclear"
