"""Whatever is published, reading goes on, and nobody's message comes as somebody else's."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from oms.bus.service import Endpoint
from oms.bus.steady_client import read_headers
from tests.bus.scene import linked, until
from tests.bus.test_service import Answer, serving
from tests.nats import Server, nats_server

S = b"oms.v1.cmd.main.submit"


def headed(headers: bytes, subject: bytes = S) -> bytes:
    return b"HPUB %s r.x %d %d\r\n%s{}\r\n" % (subject, len(headers), len(headers) + 2, headers)


def publish_raw(server: Server, published: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as wire, wire.makefile("rb") as answers:
        answers.readline()
        wire.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n' + published + b"PING\r\n")
        assert answers.readline() == b"PONG\r\n"


@pytest.mark.trio
@pytest.mark.parametrize(
    ("published", "what", "headers"),
    [
        (headed(b"NATS/1.0\r\nA: b\r\n\r\n"), "submit", {"A": "b"}),
        (headed(b"N"), "submit", {}),
        (headed(b"NATS/1.0"), "submit", {}),
        (headed(b"NATS/1.0 \xff\xff\xff\r\n\r\n"), "submit", {}),
        (headed(b"NATS/1.0 503\r\n\r\n"), "submit", {"Status": "503"}),
        (headed(b"\xff\r\n\xfe: y\r\nA\r\nB: \xff\r\n\r\n"), "submit", {"B": "\ufffd"}),
        (b"PUB oms.v1.cmd.main.\xff\xfe r.x 2\r\n{}\r\n", "\\xff\\xfe", {}),
        (b"PUB oms.v1.cmd.main.submit r.\xff 2\r\n{}\r\n", "submit", {}),
        (b"PUB oms.v1.cmd.main.a\x0bb r.x 2\r\n{}\r\n", "a\x0bb", {}),
        (b"PUB oms.v1.cmd.main.a\x0c r.x 2\r\n{}\r\n", "a\x0c", {}),
        (b"PUB oms.v1.cmd.main.\xc2\x85 r.x 2\r\n{}\r\n", "\x85", {}),
        (b"PUB oms.v1.cmd.main.submit r.\x0b 2\r\n{}\r\n", "submit", {}),
        (b"PUB oms.v1.cmd.main.submit > 2\r\n{}\r\n", "submit", {}),
    ],
)
async def test_reading_goes_on(tmp_path: Path, published: bytes, what: str, headers: dict[str, str]) -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def note(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
        seen.append((what, dict(headers), payload))
        return Answer(b"done")

    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [Endpoint("cmd", "main", note)])
            publish_raw(server, published)
            await until(lambda: seen)
            assert (await bridge.request("oms.v1.cmd.main.next")).payload == b"done"
            assert bridge.connections == 1
            nursery.cancel_scope.cancel()
    assert seen == [(what, headers, b"{}"), ("next", {}, b"")]


@pytest.mark.trio
async def test_a_vertical_tab_leads_into_no_other_subscription(tmp_path: Path) -> None:
    """`...main.halt`, subscription 1, 2 ...: as nats-py would read what follows the tab."""
    seen: list[tuple[str, str]] = []

    def note(kind: str) -> Endpoint:
        async def handle(what: str, headers: Mapping[str, str], payload: bytes) -> Answer:
            seen.append((kind, what))
            return Answer(b"")

        return Endpoint(kind, "main", handle)

    numbers = range(1, 25)
    with nats_server(tmp_path) as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            await serving(nursery, bridge, [note("cmd"), note("ctl")])
            publish_raw(server, b"".join(b"PUB oms.v1.cmd.main.x\x0b%d 0\r\n\r\n" % one for one in numbers))
            await until(lambda: len(seen) == len(numbers))
            nursery.cancel_scope.cancel()
    assert sorted(seen) == sorted(("cmd", f"x\x0b{one}") for one in numbers)


@given(
    st.binary()
    | st.lists(st.sampled_from([b"NATS/1.0", b" ", b"503", b"\r\n", b":", b"A", b"\xff"])).map(b"".join)
)
def test_any_bytes_are_headers_or_none(block: bytes) -> None:
    for name, value in read_headers(block).items():
        assert re.fullmatch(r"[\x00-\x7f]*", name)
        assert "\r\n" not in value


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9-]*", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"])),
    )
)
def test_headers_come_as_they_were_sent(headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    assert read_headers(f"NATS/1.0\r\n{lines}\r\n".encode()) == headers


def test_what_the_server_says_in_place_of_a_message_is_read() -> None:
    assert read_headers(b"NATS/1.0 503\r\n\r\n") == {"Status": "503"}
    told = {"Status": "409", "Description": "Consumer Deleted", "Nats-Pending-Messages": "1"}
    assert read_headers(b"NATS/1.0 409 Consumer Deleted\r\nNats-Pending-Messages: 1\r\n\r\n") == told
