"""What the server writes into the subject for an acknowledgement."""

import pytest

from oms.bus.queue import Place, Taken


@pytest.mark.parametrize(
    "acknowledge",
    [
        "$JS.ACK.OMS_QUEUE_main.opening.3.17.12.1795292681764000123.4",
        "$JS.ACK._.ACCHASH.OMS_QUEUE_main.opening.3.17.12.1795292681764000123.4",
        "$JS.ACK.hub.ACCHASH.OMS_QUEUE_main.opening.3.17.12.1795292681764000123.4.RANDOM",
    ],
)
def test_a_place_in_a_stream_is_read_with_and_without_a_domain(acknowledge: str) -> None:
    taken = Taken("a", {}, b"", acknowledge, None)
    assert taken.place == Place(deliveries=3, seq=17, at_ns=1_795_292_681_764_000_123)
