"""What is published once more is what was published, under another root, in the order of then."""

import hashlib
import json
import sqlite3
from contextlib import closing
from itertools import pairwise
from typing import Any

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


def test_all_ticks_of_a_push_come_in_one_message_too(life: Lived) -> None:
    found = [one for one in messages(life.data, ["main"], ROOT, Span()) if not one.headers]
    names = [one.subject.removeprefix(f"{ROOT}.") for one in found]
    places = [place for place, name in enumerate(names) if name == "ticks.main"]
    assert len(places) >= 3  # the opening, and each time the market moved
    told: list[tuple[int, dict[str, Any]]] = []
    for place in places:
        said = json.loads(found[place].body)
        assert said["account"] == "main"
        told += [(found[place].at_ns, one | {"account": "main"}) for one in said["ticks"]]
    each = [
        (one.at_ns, json.loads(one.body))
        for one, name in zip(found, names, strict=True)
        if name.startswith("tick.")
    ]
    assert told == each  # the same ticks at the same times, in the same order
    # Each push's batch stands right behind its own.
    assert all(names[place - 1].startswith("tick.") for place in places)


def test_a_span_is_what_it_says(life: Lived) -> None:
    mark = life.marks["bought"]
    whole = list(messages(life.data, ["main"], ROOT, Span()))
    early = list(messages(life.data, ["main"], ROOT, Span(before=mark.time_ns + 1)))
    late = list(messages(life.data, ["main"], ROOT, Span(since=mark.time_ns + 1)))
    assert early + late == whole
    assert len(list(messages(life.data, ["main"], ROOT, Span(until=5), quotes=False))) == 5
