"""Dead letters: what could not be read is kept, or whoever wrote the letter hears that it is not."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.js.api import StreamConfig

from oms.bus.bridge import bridged
from oms.bus.dead import dead_letter, letter_headers
from oms.bus.errors import Refused
from oms.bus.options import NatsOptions
from oms.bus.told import Message
from oms.domain.events.command import Reason
from tests.bus.scene import QUICK, SOON_S, linked, plainly, stored, until
from tests.nats import nats_server

SUBJECT = "oms.v1.queue.main.submit.desk"
REASON = Reason("malformed", "no JSON", field="payload", given="{", limit=None, retcode=10013)


@pytest.mark.trio
async def test_a_letter_holds_the_command_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    headers = {
        "Content-Type": "application/msgpack",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Oms-Reply": "desk.outcomes",
        "Nats-Msg-Id": "7f3c",
        "Nats-TTL": "1",
        "Nats-Expected-Last-Sequence": "7",
        "Oms-Account": "other",
        "X": "y",
    }
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            await dead_letter(bridge, "main", SUBJECT, b"\x81\xff", headers, [REASON, Reason("too_late")])
            await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON])
        first, second = await stored(server, "OMS_DEAD")
    assert (first.subject, first.data) == ("oms.v1.dead.main", b"\x81\xff")
    assert first.headers == {
        "Content-Type": "application/msgpack",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Oms-Reply": "desk.outcomes",
        "Oms-Account": "main",
        "Oms-Subject": SUBJECT,
        "Oms-Reason": '[{"code":"malformed","message":"no JSON","field":"payload","given":"{",'
        '"retcode":10013},{"code":"too_late"}]',
        "Nats-Expected-Stream": "OMS_DEAD",
    }
    assert (second.data, "Content-Type" in second.headers) == (b"", False)


@pytest.mark.parametrize(("size", "kept", "told"), [(65_536, 65_536, None), (200_000, 65_536, "200000")])
@pytest.mark.trio
async def test_of_a_large_command_64_kb_are_kept(
    tmp_path: Path, size: int, kept: int, told: str | None
) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            await dead_letter(bridge, "main", SUBJECT, b"x" * size, {}, [REASON])
        (letter,) = await stored(server, "OMS_DEAD")
    assert (letter.data, letter.headers.get("Oms-Size")) == (b"x" * kept, told)


@pytest.mark.trio
async def test_the_stream_is_that_of_the_contract_and_of_all_accounts(tmp_path: Path) -> None:
    async def look(client: Client) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((await client.request("$JS.API.STREAM.INFO.OMS_DEAD")).data)
        return config["config"]  # type: ignore[no-any-return]

    with nats_server(tmp_path) as server:
        async with linked(server) as one, linked(server) as two, trio.open_nursery() as nursery:
            for bridge, account in ((one, "main"), (two, "net")):  # both find it absent
                nursery.start_soon(dead_letter, bridge, account, SUBJECT, b"", {}, [REASON])
        config = await plainly(server, look)
        letters = await stored(server, "OMS_DEAD")
    wanted = {
        "subjects": ["oms.v1.dead.*"],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "max_age": 30 * 24 * 3600 * 10**9,
        "max_bytes": 1_000_000_000,
    }
    assert {name: config[name] for name in wanted} == wanted
    assert sorted(letter.subject for letter in letters) == ["oms.v1.dead.main", "oms.v1.dead.net"]


@pytest.mark.trio
async def test_of_two_letters_of_one_identity_one_is_kept(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            for identity in ("a", "a", "b", "", ""):
                await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON], identity=identity)
        assert len(await stored(server, "OMS_DEAD")) == 4


@pytest.mark.trio
async def test_without_nats_the_writer_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        server.stop()
        async with bridged(NatsOptions(urls=(server.url,)), limits=QUICK) as bridge:
            with pytest.raises(Refused, match=r"OMS_DEAD: 127\.0\.0\.1:\d+: Connect call failed"):
                await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON], within_s=0.2)


@pytest.mark.trio
async def test_without_jetstream_the_writer_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path, jetstream=False) as server:
        async with linked(server) as bridge:
            with pytest.raises(Refused, match="OMS_DEAD: JetStream does not answer"):
                await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON])


@pytest.mark.trio
async def test_a_server_that_stands_still_is_not_waited_for(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge:
            server.pause()
            with (
                trio.fail_after(SOON_S),
                pytest.raises(Refused, match=r"OMS_DEAD: no answer within 0\.2 s"),
            ):
                await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON], within_s=0.2)
            server.resume()


@pytest.mark.trio
async def test_whoever_listens_hears_a_letter_once(tmp_path: Path) -> None:
    heard: list[Message] = []
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, bridge.subscribed("oms.v1.dead.*", heard.extend):
            for payload in (b"1", b"2"):
                await dead_letter(bridge, "main", SUBJECT, payload, {}, [REASON])
            await until(lambda: len(heard) > 1)
    assert [one.payload for one in heard] == [b"1", b"2"]


@pytest.mark.trio
async def test_another_stream_does_not_get_it(tmp_path: Path) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="OTHER", subjects=["oms.v1.dead.*"]))

    with nats_server(tmp_path) as server:
        await plainly(server, make)
        async with linked(server) as bridge:
            with pytest.raises(Refused, match="OMS_DEAD: subjects overlap with an existing stream"):
                await dead_letter(bridge, "main", SUBJECT, b"", {}, [REASON])
        assert await stored(server, "OTHER") == []


ANYTHING = st.text(st.characters(), max_size=400)  # lone surrogates among it


@given(
    subject=ANYTHING,
    kept=st.dictionaries(st.sampled_from(["Content-Type", "traceparent", "Oms-Reply"]), ANYTHING),
    reasons=st.lists(
        st.builds(
            Reason, ANYTHING, ANYTHING, field=st.none() | ANYTHING, retcode=st.none() | st.integers(0, 99_999)
        ),
        max_size=30,
    ),
)
def test_headers_are_printable_ascii_whatever_it_came_with(
    subject: str, kept: dict[str, str], reasons: list[Reason]
) -> None:
    found = letter_headers("main", subject, 1, kept, reasons)
    for value in found.values():
        assert value.isascii()
        assert value.isprintable()
    told = json.loads(found["Oms-Reason"])
    assert [one.get("retcode") for one in told] == [one.retcode for one in reasons[:20]]
    assert [one.get("message", "") for one in told] == [one.message[:200] for one in reasons[:20]]
