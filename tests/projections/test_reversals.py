"""docs/semantics.md 4: a close that met somebody else's faster trade, and opened the other side."""

from typing import Any

import pytest

from oms.domain.events import AccountChanged, AccountState, AnomalySeen, CommandOutcome, LedgerCorrected
from oms.domain.observations import Observation

from .journal import NETTING, D, deal, every_order, order, past
from .test_outcomes import DONE, MARKER, Way, answered, resulted, sent

LONG = deal(1, "buy", "0.10", "1.1", order="3", position="3")
PHONE = deal(2, "sell", "0.06", "1.1", order="6", position="3", entry="out")
INOUT = (deal(3, "sell", "0.10", "1.1", order="7", position="3", entry="inout"),)
PARTS = (
    deal(3, "sell", "0.04", "1.1", order="7", position="3", entry="out"),
    deal(4, "sell", "0.06", "1.1", order="7", position="3", entry="in"),
)
ENDED = past(order(7, "filled", "0.10", "0.00", type="sell", comment=MARKER))


def closing(permission: str = "active", reason: str = "equal", also: dict[str, str] | None = None) -> Way:
    """A netting account with a long position, and a close of it that was written down to be sent."""
    way = sent("close", type="sell", volume=D("0.10"), position="3")
    way.step(AccountChanged(currency="USD", digits=2, margin_mode=NETTING))
    way.step(AccountState("ready", permission, reason, also=also or {}))
    way.step(LONG)
    return way


def said(way: Way, kind: type[Any]) -> list[Any]:
    return [event for event in way.events if isinstance(event, kind)]


def standing(way: Way) -> tuple[str, str, dict[str, str]]:
    last: AccountState = said(way, AccountState)[-1]
    return last.permission, last.reason, last.also


@pytest.mark.parametrize("ours", [INOUT, PARTS], ids=["inout", "out and in"])
def test_tc_n6_a_close_that_opened_the_other_side(ours: tuple[Observation, ...]) -> None:
    way = closing()
    way.steps((PHONE, answered(), resulted(DONE, "done"), *ours))
    (position,) = way.books.positions
    assert (position.side, position.volume) == ("sell", D("0.06"))
    (anomaly,) = said(way, AnomalySeen)
    assert (anomaly.kind, anomaly.subject, anomaly.value) == ("close_reversed", "order 7", "sell 0.06")
    assert standing(way) == ("reducing", "close_reversed", {})
    assert way.status() == ("filled", True, D("0.10"))
    last: CommandOutcome = said(way, CommandOutcome)[-1]
    assert (last.anomaly, set(last.deals)) == ("close_reversed", {str(3 + n) for n in range(len(ours))})
    assert way.rebuilt().state_hash() == way.books.state_hash()


@pytest.mark.parametrize("happened", every_order(PHONE, *PARTS, answered(), resulted(DONE, "done")))
def test_tc_n6_is_told_once_whatever_is_heard_first(happened: tuple[Any, ...]) -> None:
    way = closing()
    way.steps((*happened, *happened, ENDED))
    assert [one.kind for one in said(way, AnomalySeen)] == ["close_reversed"]
    assert len(said(way, AccountState)) == 2
    assert way.status() == ("filled", True, D("0.10"))


def test_a_close_that_only_closed_is_no_anomaly() -> None:
    way = closing()
    way.steps((answered(), resulted(DONE, "done")))
    way.step(deal(3, "sell", "0.10", "1.1", order="7", position="3", entry="out"))
    assert (list(way.books.positions), said(way, AnomalySeen)) == ([], [])
    assert standing(way)[0] == "active"


def test_a_new_order_that_reverses_is_meant_to() -> None:
    way = sent("submit", type="sell", volume=D("0.10"))
    way.step(AccountChanged(currency="USD", digits=2, margin_mode=NETTING))
    way.step(AccountState("ready", "active", "equal"))
    way.steps((LONG, PHONE, answered(), resulted(DONE, "done"), *INOUT))
    assert said(way, AnomalySeen) == []
    assert standing(way)[0] == "active"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("reducing", "race", {}), ("reducing", "close_reversed", {})),  # which would end by itself
        (("reducing", "panic", {}), ("reducing", "panic", {})),
        (("halted", "operator", {}), ("halted", "operator", {"reducing": "close_reversed"})),
        (
            ("difference", "difference", {"reducing": "race", "dirty": "journal"}),
            ("difference", "difference", {"reducing": "close_reversed", "dirty": "journal"}),
        ),
        (("halted", "x", {"reducing": "panic"}), ("halted", "x", {"reducing": "panic"})),
    ],
)
def test_what_restricts_the_account_already_stays(
    before: tuple[str, str, dict[str, str]], after: tuple[str, str, dict[str, str]]
) -> None:
    way = closing(*before)
    way.steps((PHONE, resulted(DONE, "done"), *INOUT))
    assert standing(way) == after


def test_an_overfill_is_told_beside_it() -> None:
    way = closing()
    more = deal(9, "sell", "0.05", "1.1", order="7", position="3", entry="in")
    way.steps((PHONE, answered(), resulted(DONE, "done"), *INOUT, more, ENDED))
    last: CommandOutcome = said(way, CommandOutcome)[-1]
    assert last.anomaly == "overfill,close_reversed"
    way.step(LedgerCorrected(D("0.00"), D("0.00"), "nothing"))  # nothing is told again
    assert [one.kind for one in said(way, AnomalySeen)].count("close_reversed") == 1
