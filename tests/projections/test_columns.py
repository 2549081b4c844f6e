"""Records as columns: the same records again, digit by digit."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.records import DealRecord, OrderRecord, PositionRecord
from oms.projections.columns import Rows, packed
from tests.domain.event_values import values

from .journal import D


@settings(deadline=None)
@pytest.mark.parametrize("kind", [DealRecord, OrderRecord, PositionRecord])
@given(data=st.data())
def test_any_records_come_back(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    few = data.draw(st.lists(values(kind), min_size=1, max_size=4))
    records = data.draw(st.lists(st.sampled_from(few), max_size=20))  # most columns repeat themselves
    rows = Rows(kind, packed(kind, records))
    assert [rows[place] for place in range(len(rows))] == records
    again = rows.all()
    assert again == records == [rows[place] for place in range(len(rows))]
    for name in kind.__struct_fields__:
        assert list(rows.column(name)) == [getattr(one, name) for one in records]
    assert msgspec.json.encode(again) == msgspec.json.encode(records)  # 0.1 and 0.10 are equal


def test_numbers_are_written_as_they_were() -> None:
    texts = ["0.1", "0.10", "1E-8", "0.1", "-0.00", "0.10", "0", "0"]
    records = [DealRecord("1", volume=D(text)) for text in texts]
    assert [str(one.volume) for one in Rows(DealRecord, packed(DealRecord, records)).all()] == texts


@pytest.mark.parametrize("different", [1, 2, 256, 257, 65_536, 65_537])
def test_a_column_repeats_any_number_of_values(different: int) -> None:
    records = [DealRecord(str(1 + number), symbol=str(number % different)) for number in range(2 * different)]
    assert Rows(DealRecord, packed(DealRecord, records)).all() == records


def test_equal_values_are_one_object() -> None:
    records = [
        DealRecord(str(1 + number), symbol=f"{'EUR' if number % 2 else 'USD'}JPY") for number in range(8)
    ]
    again = Rows(DealRecord, packed(DealRecord, records)).all()
    assert len({id(one.symbol) for one in again}) == 2


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x93\x01\x02\x03",
        msgspec.msgpack.encode((4, [(["1", "2", "3"], b"")] + [([None], b"")] * 20)),
        msgspec.msgpack.encode((4, [(["1", "2"], b"\x00\x01\x00")] + [([None], b"")] * 20)),
    ],
    ids=["nothing", "another shape", "too few rows", "too few places"],
)
def test_what_holds_no_such_records_is_refused(blob: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, ValueError)):
        Rows(DealRecord, blob)
