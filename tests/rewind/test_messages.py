"""What is published once more is what was published, under another root, in the order of then."""

import hashlib
import json
import sqlite3
from contextlib import closing
from itertools import pairwise

import pytest

from oms.rewind import Span, messages

from .scene import Lived

pytestmark = pytest.mark.slow
ROOT = "oms.v1.replay.test"


def test_every_event_comes_with_its_stored_bytes(life: Lived) -> None:
    with closing(sqlite3.connect(life.data / "journal" / "main.db")) as rows:
        stored = [(bytes(body), bytes(found)) for body, found in rows.execute(
            "SELECT body, hash FROM event ORDER BY seq")]  # fmt: skip
    found = list(messages(life.data, ["main"], ROOT, Span(), quotes=False))
    assert [one.body for one in found] == [body for body, _ in stored]
    previous = bytes(32)
    for one, (body, digest) in zip(found, stored, strict=True):
        told = json.loads(body)
        symbol = told["data"].get("symbol")
        end = f".{symbol}" if symbol else ""
        assert one.subject == f"{ROOT}.evt.main.{told['type']}{end}"
        assert hashlib.sha256(bytes.fromhex(one.headers["Oms-Prev"]) + body).digest() == digest
        assert (one.headers["Oms-Prev"], one.headers["Oms-Replayed"]) == (previous.hex(), told["recorded_at"])
        assert not {"Nats-Msg-Id", "Nats-Expected-Last-Sequence"} & one.headers.keys()
        previous = digest


def test_ticks_come_between_the_events_that_they_came_between(life: Lived) -> None:
    found = list(messages(life.data, ["main"], ROOT, Span()))
    assert all(one.at_ns <= other.at_ns for one, other in pairwise(found))
    names = [one.subject.removeprefix(f"{ROOT}.") for one in found]
    ticks = [
        (place, json.loads(one.body)["bid"])
        for place, one in enumerate(found)
        if names[place] == "tick.main.EURUSD"
    ]
    (risen,) = [place for place, bid in ticks if bid == 1.102]
    (fallen,) = [place for place, bid in ticks if bid == 1.098]
    placed = [place for place, name in enumerate(names) if name == "evt.main.order.placed.EURUSD"]
    assert placed[0] < risen < placed[1] < fallen < placed[2]
    tick = json.loads(found[risen].body)
    assert tick["account"] == "main"
    assert {"symbol", "time", "bid", "ask", "last", "volume"} < tick.keys()


def test_a_span_is_what_it_says(life: Lived) -> None:
    mark = life.marks["bought"]
    whole = list(messages(life.data, ["main"], ROOT, Span()))
    early = list(messages(life.data, ["main"], ROOT, Span(before=mark.time_ns + 1)))
    late = list(messages(life.data, ["main"], ROOT, Span(since=mark.time_ns + 1)))
    assert early + late == whole
    assert len(list(messages(life.data, ["main"], ROOT, Span(until=5), quotes=False))) == 5
