"""The stored form of events: tags, samples kept for ever, the document made from the declarations."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from oms.domain import events
from oms.domain.events import (
    CLASSES,
    RECORDS,
    BadEvent,
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    QuoteTicked,
    SessionReady,
    UnknownEvent,
    data_of,
    event_of,
    said_by,
    symbol_of,
    type_of,
)
from oms.domain.records import DealRecord
from oms.domain.values import plain
from tests.docs_main import EVENTS as DOCUMENT
from tests.domain.event_values import EVENTS

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))


def sample(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_every_type_has_a_sample() -> None:
    assert {sample(path)["type"] for path in SAMPLES} == set(CLASSES)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_stored_sample_is_read_as_it_was_written(path: Path) -> None:
    stored = sample(path)
    event = event_of(stored["type"], stored["version"], stored["data"])
    again = data_of(event)
    assert {name: again[name] for name in stored["data"]} == stored["data"]
    assert type_of(event) == stored["type"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_field_that_is_not_declared_is_told(path: Path) -> None:
    stored = sample(path)
    with pytest.raises(BadEvent, match="unheard_of"):
        event_of(stored["type"], 1, stored["data"] | {"unheard_of": 1})


def test_types_are_two_words_and_a_dot() -> None:
    for kind in CLASSES:
        subject, _, what = kind.partition(".")
        assert subject.isalpha()
        assert what.isidentifier()


def test_an_unknown_type_or_version_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"'deal\.mooned', version 1"):
        event_of("deal.mooned", 1, {})
    with pytest.raises(UnknownEvent, match=r"'deal\.booked', version 2"):
        event_of("deal.booked", 2, {"deal": "1"})


def test_data_that_is_no_such_event_is_told_with_its_field() -> None:
    with pytest.raises(BadEvent, match=r"deal\.booked.*\$\.volume"):
        event_of("deal.booked", 1, {"deal": "1", "volume": "much"})


def test_every_class_of_the_package_is_in_the_union() -> None:
    folder = Path(events.__file__).parent
    tagged = {
        keyword.value.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for keyword in node.keywords
        if keyword.arg == "tag" and isinstance(keyword.value, ast.Constant)
    }
    assert tagged == set(CLASSES)


@pytest.mark.parametrize(
    ("event", "symbol"),
    [
        (DealBooked("1", symbol="EURUSD"), "EURUSD"),
        (DealBooked("1", type="balance"), None),
        (DealRemoved(DealRecord("1", symbol="XAUUSD")), "XAUUSD"),
        (DealAmended(DealRecord("1", symbol="OLD"), DealRecord("1", symbol="NEW")), "NEW"),
        (QuoteTicked("EURUSD.req", 1), "EURUSD.req"),
        (SessionReady(), None),
    ],
)
def test_the_symbol_of_an_event(event: Event, symbol: str | None) -> None:
    assert symbol_of(event) == symbol


@settings(deadline=None)
@given(event=EVENTS)
def test_an_event_says_a_record_or_itself(event: Event) -> None:
    said = said_by(event)
    if said is not event:
        assert type(event).__mro__[1] is type(said)
        assert data_of(event) == plain(said)
    else:
        assert not any(
            issubclass(type(event), record) and record.__struct_fields__ == event.__struct_fields__
            for record in RECORDS.values()
        )


@settings(deadline=None)
@given(event=EVENTS)
def test_any_event_is_read_back_from_its_json(event: Event) -> None:
    text = json.dumps(data_of(event))
    assert event_of(type_of(event), 1, json.loads(text)) == event


def test_the_document_is_as_declared(tmp_path: Path) -> None:
    assert DOCUMENT.check() == []
    copy = tmp_path / "events.md"
    copy.write_text(DOCUMENT.path.read_text("utf-8").replace("| decimal? |", "| number |", 1), "utf-8")
    assert "make docs" in DOCUMENT.check(copy)[-1]
    assert DOCUMENT.write(copy) == []
    assert copy.read_bytes() == DOCUMENT.path.read_bytes()
