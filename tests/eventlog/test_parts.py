"""Events that are too large for one body."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.eventlog.envelope import Draft, Recorded, prepared
from oms.eventlog.errors import LocalError
from oms.eventlog.parts import divided, joined

from .scene import draft, opened, stored

MOST = 262_144  # 256 kB


def report(rows: list[Any], **more: Any) -> Draft:
    return Draft("reconcile.report", 1, {"rows": rows, "round": 7} | more, cause="c", trace="t")


def test_a_large_report_is_stored_in_parts_and_joined_again(tmp_path: Path) -> None:
    rows = [{"deal": str(number), "text": "ü" * 50} for number in range(9000)]
    with_parts = report(rows)
    journal = opened(tmp_path)
    recorded = journal.write([with_parts])
    journal.close()
    envelopes = stored(tmp_path / "main.db")[1:]
    count = len(envelopes)
    assert count == len(recorded) > 3
    assert [one["part"] for one in envelopes] == list(range(1, count + 1))
    assert {one["parts"] for one in envelopes} == {count}
    assert [row for one in envelopes for row in one["data"]["rows"]] == rows
    assert {one["data"]["round"] for one in envelopes} == {7}
    assert all(len(row.body) <= MOST for row in recorded)
    assert sum(len(row.body) for row in recorded) > (count - 1) * MOST * 0.99  # none is needlessly small
    whole = joined([row.envelope() for row in recorded])
    assert (whole.data, whole.part, whole.seq, whole.cause) == (with_parts.data, None, 2, "c")


def test_one_part_missing_is_told(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    recorded = journal.write([report(["x" * 1000] * 1000)])
    journal.close()
    with pytest.raises(LocalError, match="of 4"):
        joined([row.envelope() for row in recorded[:-1]])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=60))
def test_any_rows_divide_into_bodies_that_fit_and_join_to_the_same(rows: list[str]) -> None:
    limit = 1100  # the envelope takes up to about 400
    parts = divided(prepared(report(rows)), limit)
    datas = [json.loads(part.data) for part in parts]
    assert [row for data in datas for row in data["rows"]] == rows
    if len(parts) > 1:
        assert all(len(part.data) <= limit for part in parts)
    else:
        assert parts[0].part is None


def test_a_whole_event_says_nothing_of_parts(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    (row,) = journal.write([draft(1)])
    assert b'"part' not in row.body
    journal.close()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"text": "x" * MOST}, "only one list can be divided: none"),
        ({"a": ["x" * MOST], "b": []}, "only one list can be divided: a and b"),
        ({"rows": ["x", "x" * MOST]}, r"data.rows\[1\]: is by itself larger"),
        ({"rows": ["x"], "text": "x" * MOST}, r"data.rows\[0\]: is by itself larger"),
    ],
)
def test_what_cannot_be_divided_is_refused_and_nothing_is_stored(
    tmp_path: Path, data: dict[str, Any], message: str
) -> None:
    journal = opened(tmp_path)
    with pytest.raises(LocalError, match=message):
        journal.write([draft(1), Draft("report", 1, data)])
    assert journal.seq == 1
    journal.close()


def test_the_largest_whole_event_is_just_within_the_bound(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    sizes = range(MOST - 600, MOST, 20)
    fitting = [size for size in sizes if fits(journal.write, size)]
    assert fitting == list(range(MOST - 600, fitting[-1] + 1, 20))
    assert fitting[-1] > MOST - 500
    journal.close()


def fits(write: Any, size: int) -> bool:
    try:
        row: Recorded = write([draft(1, size)])[0]
    except LocalError:
        return False
    assert len(row.body) <= MOST
    return True
