"""Format 1: logs that were written once are read for ever (docs/semantics.md 10, TC-L4, L7, L9).

`trading.db` is the journal of a simulated run (tests/simulation, seed 7) when it was written, with the
venue's own truth at its end; `every-type.db` holds the samples of tests/domain/samples.  From the first
release on neither is ever made again (tests/golden/making.py made them).
"""

import json
import lzma
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from oms.domain.events import CLASSES, BadEvent, UnknownEvent, event_of, type_of, version_of, versions
from oms.domain.events.versions import UPCASTERS, unchanged
from oms.eventlog.envelope import Draft
from oms.eventlog.reader import Reader
from oms.projections.books import STATE_VERSION
from oms.replay import _decoder, rebuilt
from oms.verify.journal import JournalCheck
from tests.eventlog.scene import opened
from tests.golden.shapes import frozen, shapes
from tests.ingest.held import told_by_books

FOLDER = Path(__file__).parent / "format-1"
LOGS = ("trading", "every-type")
TOLD: dict[str, Any] = json.loads((FOLDER / "trading.json").read_text())
# What is a number in JSON, in data of trades: never a ticket, a volume, a price of a trade, or money.
EXACT = re.compile(
    r"(deal|order|position|position_by|volume|filled|price|profit|balance|credit|commission|swap|fee|sl|tp)"
)


@pytest.fixture
def trading(tmp_path: Path) -> Path:
    return unpacked("trading", tmp_path)


def unpacked(name: str, folder: Path) -> Path:
    path = folder / "main.db"
    path.write_bytes(lzma.decompress((FOLDER / f"{name}.db.xz").read_bytes()))
    return path


def bodies(path: Path) -> list[tuple[bytes, bytes]]:
    """Bodies and hashes, by Python's own sqlite3."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT body, hash FROM event ORDER BY seq").fetchall()


def test_tc_l4_a_log_of_format_1_comes_to_what_the_venue_had_then(trading: Path) -> None:
    found = rebuilt(trading)
    assert (found.seq, found.head.hex()) == (TOLD["events"], TOLD["head"])
    ours, theirs = told_by_books(found.books), TOLD["truth"]
    for name in ("orders", "ended", "deals"):
        assert sorted(ours[name]) == sorted(theirs[name])
    assert (f"{ours['balance']:f}", f"{ours['credit']:f}") == (theirs["balance"], theirs["credit"])
    held = {ticket: [side, f"{volume:f}"] for ticket, (side, volume, *_) in ours["positions"].items()}
    assert {ticket: [side, float(volume)] for ticket, (side, volume) in held.items()} == {
        ticket: [side, float(volume)] for ticket, (side, volume, *_) in theirs["positions"].items()
    }


def test_its_state_has_the_hash_that_it_had_or_another_version(trading: Path) -> None:
    """Who changes what the state is made of makes STATE_VERSION one more."""
    if TOLD["state_version"] == STATE_VERSION:
        assert rebuilt(trading).books.state_hash() == TOLD["state_hash"]


def test_a_verifier_finds_nothing_wrong_in_it(trading: Path) -> None:
    check = JournalCheck(trading)
    assert [one.line for one in check.findings() if one.weight] == []
    assert (check.events, check.chain.head.hex()) == (TOLD["events"], TOLD["head"])


def test_tc_l4_every_type_of_event_as_it_was_written_first(tmp_path: Path) -> None:
    path = unpacked("every-type", tmp_path)
    assert rebuilt(path).seq == len(bodies(path))
    with closing(Reader(path)) as reader:
        envelopes = [row.envelope() for row in reader.read()]
    samples = Path(__file__).parent.parent / "domain" / "samples"
    assert {one.type for one in envelopes} <= {
        path.name.removesuffix(".1.json") for path in samples.iterdir()
    }
    assert len(envelopes) == len(list(samples.iterdir()))
    for one in envelopes:
        assert one.version == 1
        assert type_of(event_of(one.type, one.version, one.data)) == one.type


# Versions.


def renamed(data: dict[str, Any]) -> dict[str, Any]:
    """An upcaster of a day to come: what was `ticket` is `deal`."""
    return {("deal" if name == "ticket" else name): value for name, value in data.items()}


def gross(data: dict[str, Any]) -> dict[str, Any]:
    """And then the volume was in units."""
    return data | {"volume": f"0.{data['volume']:02d}"}


def test_tc_l4_an_event_of_version_1_is_read_through_every_upcaster_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(UPCASTERS, "deal.booked", (renamed, gross))
    assert version_of("deal.booked") == 3
    assert versions.version_of("deal.removed") == 1
    rest = {"symbol": "EURUSD", "type": "buy", "entry": "in", "price": "1.1"}
    written = [
        Draft("deal.booked", 1, rest | {"ticket": "1", "volume": 10}),
        Draft("deal.booked", 2, rest | {"deal": "2", "volume": 20}),
        Draft("deal.booked", 3, rest | {"deal": "3", "volume": "0.30"}),
    ]
    journal = opened(tmp_path)
    journal.write(written)
    journal.close()
    events = [event_of(one.type, one.version, one.data) for one in written]  # type: ignore[arg-type]
    assert [(one.deal, str(one.volume)) for one in events] == [("1", "0.10"), ("2", "0.20"), ("3", "0.30")]  # type: ignore[union-attr]
    with pytest.raises(UnknownEvent, match=r"'deal\.booked', version 4"):
        event_of("deal.booked", 4, rest)
    with pytest.raises(BadEvent, match="there is no version 0"):
        event_of("deal.booked", 0, rest)


def test_an_older_version_of_a_commands_event_is_stamped_like_the_others(
    trading: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay takes another way with versions that are not the latest: it comes to the same."""
    before = rebuilt(trading).books
    for tag in CLASSES:
        monkeypatch.setitem(UPCASTERS, tag, (unchanged,))
    newer = {tag: _decoder(tag, kind) for tag, kind in CLASSES.items()}
    monkeypatch.setattr("oms.replay._DECODERS", newer)
    after = rebuilt(trading).books
    assert after.state_hash() == before.state_hash()
    stamps = [[books.commands.stamp_of(one.key) for one in books.commands] for books in (before, after)]
    assert stamps[0] == stamps[1]
    assert len(stamps[0]) > 10


def test_a_change_of_fields_is_another_version() -> None:
    """If this fails: docstring of tests/golden/shapes.py."""
    now, kept = shapes(), frozen()
    assert {kind: one for kind, one in now.items() if kept.get(kind) != one} == {}
    for kind in {name.rpartition(" ")[0] for name in kept}:
        assert {f"{kind} {number}" for number in range(1, version_of(kind) + 1)} <= kept.keys()


# The bytes.


def shuffled(value: Any, random: Random) -> Any:
    """The same with its keys in another order."""
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name], random) for name in names}
    return [shuffled(one, random) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", LOGS)
def test_tc_l7_another_library_and_another_order_of_keys_give_the_same_hashes(
    tmp_path: Path, name: str
) -> None:
    random, head = Random(7), bytes(32)
    for body, digest in bodies(unpacked(name, tmp_path)):
        value = shuffled(json.loads(body), random)
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert again == body
        head = sha256(head + again).digest()
        assert head == digest


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every number in a body, with the name it stands under."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from numbers(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def test_tc_l9_tickets_volumes_and_money_of_a_log_are_strings(trading: Path) -> None:
    count = 0
    for body, _ in bodies(trading):
        envelope = json.loads(body)
        assert [name for name, _ in numbers(envelope["data"]) if EXACT.fullmatch(name)] == []
        assert all(abs(value) < 2**53 for _, value in numbers(envelope))
        count += any(EXACT.fullmatch(name) for name in envelope["data"])
    assert count > 50
