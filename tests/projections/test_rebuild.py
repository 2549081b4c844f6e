"""docs/semantics.md 10: what is rebuilt from the journal is what was there."""

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.events import CLASSES, DealBooked, Event, data_of, event_of, type_of
from oms.projections import PROJECTIONS, Books
from tests.domain.event_values import event_of_kind

from .hashing import state_hash
from .journal import NETTING, D, Journal, opened, order
from .test_orders import THREE

FOLDED = [
    kind for kind in sorted(CLASSES) if re.match("account|symbol|order|deal|position|ledger|balance", kind)
]
SEQUENCES = st.lists(st.sampled_from(FOLDED).flatmap(event_of_kind), max_size=12)


@pytest.mark.slow
@settings(deadline=None)
@given(events=SEQUENCES)
def test_tc_l3_no_recorded_event_can_fail_and_a_rebuild_gives_the_same_hash(events: list[Event]) -> None:
    live, again = Books(), Books()
    for event in events:
        live.fold(event)
        again.fold(event_of(type_of(event), 1, json.loads(json.dumps(data_of(event)))))
        assert live.state_hash() == state_hash(live)  # asked after each, it follows the changes
    assert again.state() == live.state()
    assert again.state_hash() == live.state_hash()


def test_the_hash_is_that_of_the_canonical_json() -> None:
    journal = Journal(NETTING)
    journal.see(opened(order(7, "placed", "1.00", "1.00")), *THREE)
    assert journal.books.state_hash() == state_hash(journal.books)
    assert set(journal.books.state()) == set(PROJECTIONS)


def test_the_hash_tells_states_apart() -> None:
    seen = set()
    journal = Journal(NETTING)
    for one in (opened(order(7, "placed", "1.00", "1.00")), *THREE):
        journal.see(one)
        seen.add(journal.books.state_hash())
    assert len(seen) == 4


def test_a_state_that_was_read_does_not_change_later() -> None:
    journal = Journal(NETTING)
    journal.see(THREE[0])
    state = journal.books.state()
    before = msgspec.json.encode(state)
    journal.see(*THREE[1:])
    assert msgspec.json.encode(state) == before


def test_a_deal_booked_twice_in_a_journal_counts_once() -> None:
    books = Books()
    booked = DealBooked(
        "1", order="7", symbol="EURUSD", type="buy", entry="in", volume=D("0.10"), price=D("1.1")
    )
    books.fold_all([booked, booked])
    (position,) = books.positions
    assert position.volume == D("0.10")
