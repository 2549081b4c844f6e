"""The blob of a push: exactly the same rows again."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.eventlog.errors import LocalError
from oms.eventlog.packing import packed, unpacked
from protocol.records.market import STATISTICS, TICK


@given(st.lists(st.binary(min_size=TICK.size, max_size=TICK.size), max_size=8))
def test_ticks_of_any_bytes_come_back_to_the_last_bit(records: list[bytes]) -> None:
    rows = [TICK.struct.unpack(record) for record in records]
    assert [TICK.struct.pack(*row) for row in unpacked(packed(rows))] == records


@given(st.lists(st.binary(min_size=STATISTICS.size, max_size=STATISTICS.size), max_size=3))
def test_statistics_of_any_bytes_come_back_to_the_last_bit(records: list[bytes]) -> None:
    rows = [STATISTICS.struct.unpack(record) for record in records]
    assert [STATISTICS.struct.pack(*row) for row in unpacked(packed(rows))] == records


PRICES = st.integers(-(2**25), 2**25).map(float) | st.sampled_from(
    [0.0, -0.0, 1e300, -1e300, 5e-324, 0.1, math.inf, math.nan, 16777216.0, 16777217.0]
)


@given(st.lists(st.tuples(st.integers(-(2**63), 2**64 - 1), PRICES, PRICES, st.integers(0, 3)), max_size=9))
def test_prices_of_every_kind_come_back(rows: list[tuple[int, float, float, int]]) -> None:
    def bits(found: list[tuple[Any, ...]]) -> list[bytes]:
        return [repr((row[0], row[3])).encode() + struct.pack("<2d", *row[1:3]) for row in found]

    assert bits(unpacked(packed(rows))) == bits(rows)


def test_books_and_names_come_back_with_lists_for_their_sequences() -> None:
    rows = [(7, 1700000000, ((1, 108000, 5), (2, 107990, 9))), (8, 1700000000, ())]
    assert unpacked(packed(rows)) == [(7, 1700000000, [[1, 108000, 5], [2, 107990, 9]]), (8, 1700000000, [])]
    assert unpacked(packed([(1, ((1,),)), (1, ((1,),))])) == [(1, [[1]]), (1, [[1]])]
    names = [(1, "EURUSD"), (2, "GBPUSD")]
    assert unpacked(packed(names)) == names
    assert unpacked(packed([(1, "EURUSD")] * 2)) == [(1, "EURUSD")] * 2


def test_no_rows_are_none() -> None:
    assert unpacked(packed([])) == []


def test_the_format_is_what_its_description_says() -> None:
    """MessagePack by hand: 0x92 = array of 2, 0xcb = a double."""
    assert packed([(1, 0.5), (2, 1.0)]) == (
        b"\x92" + b"\x92\x01\xcb" + struct.pack(">d", 0.5) + b"\x92\x02\xcb" + struct.pack(">d", 1.0)
    )


@pytest.mark.parametrize("rows", [[(2**64,)], [(object(),)]])
def test_what_cannot_be_held_is_refused(rows: list[tuple[Any, ...]]) -> None:
    with pytest.raises(LocalError, match="cannot be packed"):
        packed(rows)


@given(st.binary(max_size=30))
def test_bytes_that_are_no_blob_are_rows_or_refused(blob: bytes) -> None:
    try:
        assert isinstance(unpacked(blob), list)
    except LocalError as why:
        assert "cannot be unpacked" in str(why)  # noqa: PT017
