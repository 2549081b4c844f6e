"""The blob of a push: small, and exactly the same rows again."""

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
    """[rows, floats, numbers, column, ...]; MessagePack by hand: 0x95 = array of 5, 0x93 = of 3."""
    single = struct.pack("<4f", 108000, 108001, 108003, 0)
    rows = [(1, 108000.0, 108003.0, 5), (2, 108001.0, 0.0, 5)]
    assert packed(rows) == b"\x95\x02\x06\xc4\x10" + single + b"\x92\x01\x02" + b"\x05"
    double = struct.pack("<2d", 0.1, 2)
    assert packed([(0.1, 2.0)]) == b"\x93\x01\x03\xc4\x10" + double


@pytest.mark.parametrize("rows", [[(1, 2), (1,)], [(1.0,), ("a",)], [(2**64,)], [(object(),)]])
def test_what_is_no_table_is_refused(rows: list[tuple[Any, ...]]) -> None:
    with pytest.raises(LocalError, match="cannot be packed"):
        packed(rows)


@given(st.binary(max_size=30))
def test_bytes_that_are_no_blob_are_rows_or_refused(blob: bytes) -> None:
    try:
        assert isinstance(unpacked(blob), list)
    except LocalError as why:
        assert "cannot be unpacked" in str(why)  # noqa: PT017
