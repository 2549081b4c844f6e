"""Reading: exactly what was asked for, in pages, without holding anybody up."""

import itertools
import resource
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.eventlog.envelope import Draft
from oms.eventlog.errors import Damaged, LocalError, Unreadable
from oms.eventlog.reader import PAGE_BYTES, PAGE_ROWS, ROWS, SPAN, Reader, Wanted

from .scene import NOON, draft, drafts, opened, seqs

TYPES = ("deal.booked", "order.placed", "order.ended", "orders.x", "account.state")
SYMBOLS = ("EURUSD", "EURUSD.x", None)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Events 2 to 301: types, symbols and seconds in turn; one commit each."""
    ticking = itertools.count(NOON, 1_000_000_000)
    journal = opened(tmp_path_factory.mktemp("many"), clock=lambda: next(ticking))
    for number in range(300):
        symbol = SYMBOLS[number % 3]
        data: dict[str, Any] = {"number": number} | ({"symbol": symbol} if symbol else {})
        journal.write([Draft(TYPES[number % 5], 1, data)])
    journal.close()
    return Reader(journal.path)


def second(number: int) -> int:
    """When event `number` was recorded: event 1 at noon, each a second later."""
    return NOON + (number - 1) * 1_000_000_000


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        (0, None, range(1, 302)),
        (300, None, [301]),
        (301, None, []),
        (999, None, []),
        (10, 12, [11, 12]),
        (10, 10, []),
        (299, 999, [300, 301]),
    ],
)
def test_a_range_is_behind_its_start_up_to_its_end(
    many: Reader, after: int, until: int | None, expected: list[int]
) -> None:
    assert seqs(list(many.read(after, until))) == list(expected)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(types=("order.placed",)), [seq for seq in range(2, 302) if (seq - 2) % 5 == 1]),
        (Wanted(types=("order.*",)), [seq for seq in range(2, 302) if (seq - 2) % 5 in (1, 2)]),
        (
            Wanted(types=("order.ended", "account.opened")),
            [1, *(seq for seq in range(2, 302) if (seq - 2) % 5 == 2)],
        ),
        (Wanted(types=("order",)), []),
        (Wanted(symbol="EURUSD"), [seq for seq in range(2, 302) if (seq - 2) % 3 == 0]),
        (
            Wanted(types=("deal.*",), symbol="EURUSD.x"),
            [seq for seq in range(2, 302) if (seq - 2) % 3 == 1 and (seq - 2) % 5 == 0],
        ),
        (Wanted(symbol="' OR 1"), []),
        (Wanted(since=second(300)), [300, 301]),
        (Wanted(before=second(3)), [1, 2]),
        (Wanted(since=second(20), before=second(22)), [20, 21]),
        (Wanted(since=second(20) + 1, before=second(22) + 1), [21, 22]),
    ],
)
def test_what_is_wanted_is_found_and_nothing_else(many: Reader, wanted: Wanted, expected: list[int]) -> None:
    assert seqs(list(many.read(wanted=wanted))) == expected


def test_no_types_at_all_is_a_mistake(many: Reader) -> None:
    with pytest.raises(LocalError, match="types"):
        list(many.read(wanted=Wanted(types=())))


def test_one_event_is_found_by_its_seq(many: Reader) -> None:
    row = many.get(7)
    assert row is not None
    assert row.envelope().data["number"] == 5
    assert many.get(302) is None
    assert many.last() == 301


def test_time_is_judged_event_by_event_even_if_the_clock_went_back(tmp_path: Path) -> None:
    moments = iter([0, 100, 200, 50, 150])
    journal = opened(tmp_path, clock=lambda: NOON + next(moments))
    for number in range(4):
        journal.write(drafts(number))
    journal.close()
    reader = Reader(journal.path)
    assert seqs(list(reader.read(wanted=Wanted(since=NOON + 50, before=NOON + 150)))) == [2, 4]
    reader.close()


def test_a_long_journal_is_read_in_pages(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for _ in range(23):
        journal.write(drafts(*range(1000)))
    journal.close()
    reader = Reader(journal.path)
    assert journal.seq > SPAN
    assert seqs(list(reader.read())) == list(range(1, 23_002))
    page = reader.page(0, reader.last())
    assert (len(page.rows), page.reached) == (PAGE_ROWS, PAGE_ROWS)
    nothing = reader.page(0, reader.last(), Wanted(symbol="none"))
    assert (nothing.rows, nothing.reached) == ([], SPAN)
    assert seqs(list(reader.read(wanted=Wanted(types=("account.*",))))) == [1]
    reader.close()


def test_large_events_make_small_pages(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for _ in range(8):
        journal.write([draft(1, 250_000)] * 10)
    journal.close()
    reader = Reader(journal.path)
    page = reader.page(0, reader.last())
    assert sum(len(row.body) for row in page.rows) < PAGE_BYTES + ROWS * 250_000
    assert seqs(list(reader.read())) == list(range(1, 82))
    reader.close()


@pytest.mark.slow
def test_reading_everything_takes_little_memory(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for _ in range(200):
        journal.write([draft(1, 250_000)] * 2)
    journal.close()  # 100 MB
    reader = Reader(journal.path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in reader.read()) == 401
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB
    reader.close()


@settings(max_examples=30)
@given(data=st.data(), after=st.integers(0, 320), until=st.none() | st.integers(0, 320))
def test_any_question_has_the_answer_of_a_plain_filter(
    many: Reader, data: st.DataObject, after: int, until: int | None
) -> None:
    wanted = Wanted(
        types=data.draw(st.none() | st.lists(st.sampled_from(TYPES), min_size=1).map(tuple)),
        symbol=data.draw(st.none() | st.sampled_from(["EURUSD", "EURUSD.x"])),
        since=data.draw(st.none() | st.integers(1, 302).map(second)),
        before=data.draw(st.none() | st.integers(1, 302).map(second)),
    )
    expected = [
        seq
        for seq in range(1, 302)
        if after < seq <= (999 if until is None else until)
        and (wanted.types is None or (TYPES[(seq - 2) % 5] if seq > 1 else "") in wanted.types)
        and (wanted.symbol is None or (seq > 1 and SYMBOLS[(seq - 2) % 3] == wanted.symbol))
        and (wanted.since is None or second(seq) >= wanted.since)
        and (wanted.before is None or second(seq) < wanted.before)
    ]
    assert seqs(list(many.read(after, until, wanted))) == expected


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        Reader(tmp_path / "none.db")
    (tmp_path / "letter.db").write_bytes(b"this is a letter " * 1000)
    with pytest.raises(Damaged):
        Reader(tmp_path / "letter.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(Unreadable, match="no such table"):
        Reader(tmp_path / "empty.db")


def test_a_reader_in_the_middle_holds_no_writer_up_and_sees_what_came(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write(drafts(*range(1500)))
    reader = Reader(journal.path)
    reading = reader.read(until=9999)
    first = next(reading)
    journal.write(drafts(1, 2, 3))
    assert first.seq == 1
    assert sum(1 for _ in reading) == 1500  # the end as it was when reading began
    assert reader.last() == 1504
    reader.close()
    journal.close()


@pytest.mark.trio
async def test_following_gives_every_event_once_and_in_order(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write(drafts(*range(50)))
    reader = Reader(journal.path)
    found: list[int] = []

    async def follow() -> None:
        async for rows in reader.follow(after=10, wanted=Wanted(types=("deal.*",)), poll_s=0.001):
            found.extend(seqs(rows))
            if found[-1] == 151:
                return

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            for number in range(100):
                await journal.append(drafts(number))
    assert found == list(range(11, 152))
    reader.close()
    journal.close()


@pytest.mark.trio
async def test_following_can_be_left_at_any_time(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    reader = Reader(journal.path)
    with trio.move_on_after(0.05) as scope:
        async for rows in reader.follow():
            assert seqs(rows) == [1]
    assert scope.cancelled_caught
    reader.close()
    journal.close()
