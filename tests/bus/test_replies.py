"""Where outcomes may be sent, and that they are sent."""

from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from oms.bus.bridge import bridged
from oms.bus.options import NatsOptions
from oms.bus.replies import BadReplySubject, publish_reply, reply_subject
from oms.bus.told import Message
from tests.bus.scene import QUICK, linked, until
from tests.nats import nats_server


@pytest.mark.parametrize(
    "subject",
    [
        *("_INBOX.x7Kq.1", "desk.outcomes", "a", "desk/out-1_ä".replace("ä", "a"), "oms.v1.reply.desk.7f3c"),
        *("oms.v10.cmd", "oms.v2.cmd.main.submit", "oms", "a$b.c", "x" * 255),
    ],
)
def test_a_subject_of_somebody_else_may_be_asked_for(subject: str) -> None:
    assert reply_subject({"Oms-Reply": subject, "X": "y"}) == subject


@pytest.mark.parametrize("headers", [{}, {"Oms-Reply": ""}, {"oms-reply": "a"}])
def test_without_the_header_there_is_none(headers: dict[str, str]) -> None:
    assert reply_subject(headers) is None


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("oms.v1.cmd.main.close_all", "is a subject of ours"),
        ("oms.v1.queue.main.submit", "is a subject of ours"),
        ("oms.v1.ctl.main.resume", "is a subject of ours"),
        ("oms.v1.evt.main.deal.booked", "is a subject of ours"),
        ("oms.v1.tick.main.EURUSD", "is a subject of ours"),
        ("oms.v1.dead.main", "is a subject of ours"),
        ("oms.v1", "is a subject of ours"),
        ("oms.v1.reply", "is a subject of ours"),
        ("oms.v1.replys.x", "is a subject of ours"),
        ("$JS.API.STREAM.DELETE.OMS_EVT_main", "is a subject of the NATS server"),
        ("$SYS.REQ.SERVER.PING", "is a subject of the NATS server"),
        ("_R_.abc", "is a subject of the NATS server"),
        ("a.*", "is no subject"),
        ("a.>", "is no subject"),
        ("a b", "is no subject"),
        ("a\r\nPUB x 0\r\n", "is no subject"),
        ("a\n", "is no subject"),
        ("a\tb", "is no subject"),
        ("a\x0bb", "is no subject"),
        (".a", "is no subject"),
        ("a.", "is no subject"),
        ("a..b", "is no subject"),
        ("ä", "is no subject"),
        ("\x7f", "is no subject"),
        ("x" * 256, "has 256 characters, at most 255"),
    ],
)
def test_what_we_must_not_publish_is_refused(subject: str, why: str) -> None:
    with pytest.raises(BadReplySubject, match=f"^{why}"):
        reply_subject({"Oms-Reply": subject})


def test_the_prefix_is_that_of_the_daemon() -> None:
    assert reply_subject({"Oms-Reply": "oms.v1.cmd.main.submit"}, "acme") == "oms.v1.cmd.main.submit"
    with pytest.raises(BadReplySubject, match=r"only acme\.reply\.> can be asked for"):
        reply_subject({"Oms-Reply": "acme.cmd.main.submit"}, "acme")


@given(st.text(max_size=12) | st.text(st.sampled_from("ab.*> \t\r\n$_"), max_size=12))
def test_what_is_let_through_is_one_subject_on_the_wire(subject: str) -> None:
    try:
        found = reply_subject({"Oms-Reply": subject})
    except BadReplySubject:
        return
    if found is not None:
        assert not set(found) & set(" \t\r\n\x0b\x0c*>\0")
        assert all(found.split("."))
        assert found.isascii()


@pytest.mark.trio
async def test_outcomes_arrive_in_their_order_with_their_headers(tmp_path: Path) -> None:
    heard: list[Message] = []
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("desk.outcomes", heard.extend):
            for _ in range(2_000):
                bridge.publish([("elsewhere", b"x")] * 100)  # market data wait
            for number in range(100):
                assert publish_reply(bridge, "desk.outcomes", b"%d" % number, {"X": str(number)})
            await until(lambda: len(heard) == 100)
            assert bridge.backlog > 0  # and were overtaken
    assert heard == [Message("desk.outcomes", b"%d" % n, {"X": str(n)}) for n in range(100)]


@pytest.mark.trio
async def test_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            assert not publish_reply(bridge, "a", bytes(1_048_577), {})
            assert publish_reply(bridge, "a", bytes(1_000_000), {})
            await trio.sleep(0.05)
            assert bridge.connections == 1
        server.stop()
        async with bridged(NatsOptions(urls=(server.url,)), limits=QUICK) as bridge:
            assert not publish_reply(bridge, "a", b"", {})
