"""A terminal's frames are read by a library's server as what went into them."""

from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from oms.sessions.framing import framed

SIZES = st.sampled_from([0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 70_001])


@given(st.one_of(st.binary(max_size=400), SIZES.map(lambda size: bytes(n % 251 for n in range(size)))))
def test_a_server_reads_what_was_framed(message: bytes) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(framed(message))
    read = list(server.events())
    assert all(isinstance(one, BytesMessage) for one in read)
    assert b"".join(one.data for one in read if isinstance(one, BytesMessage)) == message
    assert isinstance(read[-1], BytesMessage)
    assert read[-1].message_finished


def test_each_frame_has_a_mask_of_its_own() -> None:
    assert len({framed(b"the same") for _ in range(20)}) == 20
