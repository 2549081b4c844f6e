"""Drift is told once, then counted; the server's clock is learned."""

import pytest

from oms.domain.events import AccountChanged, DriftSeen
from oms.ingest.drift import DriftTally
from oms.ingest.skew import Skew
from oms.ingest.standing import agreed, differing, raced
from oms.projections import Books

SOME = DriftSeen(10, "activation_mode", "9")


def test_a_kind_of_drift_is_told_once_a_minute_with_its_count() -> None:
    tally = DriftTally()
    assert tally.tell([SOME], 100.0) == [SOME]
    assert tally.tell([SOME, SOME], 101.0) == []
    assert tally.tell([DriftSeen(10, "other", "1")], 101.0) == [DriftSeen(10, "other", "1")]
    assert tally.tell([SOME], 159.9) == []
    assert tally.tell([SOME], 160.0) == [DriftSeen(10, "activation_mode", "9", count=4)]
    assert tally.seen == 6
    assert tally.by_command == {10: 6}


@pytest.mark.parametrize(
    ("late_s", "found"),
    [(0, 0), (7, 0), (449, 0), (451, 900), (3600, 3600), (-3600, -3600), (86_400, 7200), (-86_400, -7200)],
)
def test_the_clock_is_learned_on_a_grid_of_a_quarter_of_an_hour(late_s: int, found: int) -> None:
    """docs/design.md 8: the median, snapped to 15 min, at most 2 h."""
    skew = Skew()
    for number in range(60):
        jitter = 300 if number % 2 else -300
        skew.hear(1_700_010_800_000 + late_s * 1000 + jitter, 1_700_000_000_000)
    assert skew.learn(10_800) is (found != 0)
    assert skew.seconds == found
    assert not skew.learn(10_800)  # nothing new


def test_few_ticks_and_single_old_ones_teach_nothing() -> None:
    skew = Skew()
    for _ in range(20):
        skew.hear(7_200_000, 0)
    assert not skew.learn(0)
    for number in range(60):
        skew.hear(0 if number % 3 else -86_400_000, 0)  # a third of them of yesterday
    assert not skew.learn(0)
    assert skew.seconds == 0


TRADER, INVESTOR = AccountChanged(), AccountChanged(trade_allowed=False, investor=True)


@pytest.mark.parametrize(
    ("restrictions", "terms", "then"),
    [
        ({"dirty": ""}, TRADER, {}),
        ({"difference": "difference"}, TRADER, {}),
        ({"restored": ""}, TRADER, {}),
        ({"read_only": "rights"}, TRADER, {}),
        ({"reducing": "race"}, TRADER, {}),
        ({"reducing": "operator", "dirty": ""}, TRADER, {"reducing": "operator"}),
        ({"halted": "operator", "difference": "difference"}, TRADER, {"halted": "operator"}),
        ({"halted": "fence: stream_ahead"}, TRADER, {"halted": "fence: stream_ahead"}),
        ({"dirty": ""}, INVESTOR, {"read_only": "rights"}),
        ({}, INVESTOR, {"read_only": "rights"}),
        ({"halted": "operator"}, INVESTOR, {"halted": "operator", "read_only": "rights"}),
    ],
)
def test_what_an_equal_round_lifts(
    restrictions: dict[str, str], terms: AccountChanged, then: dict[str, str]
) -> None:
    books = Books()
    books.fold(terms)
    agreed(restrictions, books)
    assert restrictions == then


def test_a_difference_and_a_race_leave_what_a_person_stopped() -> None:
    books = Books()
    for change, added in ((differing, {"difference": "difference"}), (raced, {"reducing": "race"})):
        restrictions = {"halted": "operator", "dirty": ""}
        change(restrictions, books)
        assert restrictions == {"halted": "operator", **added}
    restrictions = {"reducing": "operator", "difference": "difference"}
    raced(restrictions, books)
    assert restrictions == {"reducing": "operator", "difference": "difference"}


def test_a_race_does_not_make_up_for_pushes_that_were_lost() -> None:
    """As long as it is dirty the history is read from its beginning (docs/semantics.md 7)."""
    books = Books()
    new, lost = {"dirty": ""}, {"dirty": "journal"}
    for restrictions in (new, lost):
        raced(restrictions, books)
    assert (new, lost) == ({"reducing": "race"}, {"dirty": "journal", "reducing": "race"})
    agreed(lost, books)
    assert lost == {}
