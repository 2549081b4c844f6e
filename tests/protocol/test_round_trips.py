"""Whatever a record or a body can hold comes back from its bytes as it was."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bodies import Body
from protocol.layout import Layout, Record
from tests.strategies import BODIES, LAYOUTS, fixed, of_body


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_record_comes_back_from_its_bytes(layout: Layout[Record], data: st.DataObject) -> None:
    record = data.draw(fixed(layout.record))
    raw = layout.dump(record)
    assert len(raw) == layout.size
    assert layout.load(raw) == record
    assert layout.load(b"???" + raw + b"!", 3) == record
    assert layout.load_many(raw * 2) == [record, record]


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_body_comes_back_from_its_bytes(body: Body[Any], data: st.DataObject) -> None:
    value = data.draw(of_body(body))
    decoded, drift = body.decode(body.encode(value))
    assert decoded == value
    assert drift.unread == 0
