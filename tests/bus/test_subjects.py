"""Names in NATS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.bus import subjects


@pytest.mark.parametrize(
    ("symbol", "token"),
    [
        ("EURUSD", "EURUSD"),
        ("EURUSD.req", "EURUSD%2Ereq"),
        ("#AAPL", "#AAPL"),
        ("US 500*", "US%20500%2A"),
        (">100%", "%3E100%25"),
        ("Ölöüäß", "Ölöüäß"),
        ("A\r\nPUB x 0", "A%0D%0APUB%20x%200"),
    ],
)
def test_a_symbol_is_one_token(symbol: str, token: str) -> None:
    assert subjects.encoded(symbol) == token
    assert subjects.decoded(token) == symbol


@given(st.text(min_size=1))
def test_every_symbol_comes_back_and_ends_no_token(symbol: str) -> None:
    token = subjects.encoded(symbol)
    assert not set(token) & set(". \t\r\n*>\0")
    assert subjects.decoded(token) == symbol


def test_an_empty_symbol_has_none() -> None:
    with pytest.raises(ValueError, match="empty symbol"):
        subjects.encoded("")


def test_the_subjects_are_those_of_the_contract() -> None:
    assert subjects.event("oms.v1", "main", "deal.booked", "EURUSD") == "oms.v1.evt.main.deal.booked.EURUSD"
    assert subjects.event("oms.v1", "main", "account.opened", "") == "oms.v1.evt.main.account.opened"
    assert subjects.events("oms.v1", "main") == "oms.v1.evt.main.>"
    assert subjects.stream("main") == "OMS_EVT_main"
    assert subjects.market("acme", "tick", "main", "EURUSD.ins") == "acme.tick.main.EURUSD%2Eins"
    assert subjects.ticks("oms.v1", "main") == "oms.v1.ticks.main"
    assert subjects.endpoint("oms.v1", "query", "main") == "oms.v1.query.main.>"
    assert subjects.queue_stream("main") == "OMS_QUEUE_main"
    assert subjects.queued("acme", "main", ["close", "cancel"]) == [
        *("acme.queue.main.close", "acme.queue.main.close.*"),
        *("acme.queue.main.cancel", "acme.queue.main.cancel.*"),
    ]
    assert subjects.dead("oms.v1", "main") == "oms.v1.dead.main"
    assert subjects.replies("oms.v1") == "oms.v1.reply."
