"""Connecting, and what comes of not being able to; time told by Trio's clock where nobody else is asked."""

import socket
import ssl
import subprocess
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from oms.sessions.address import Address
from oms.sessions.connection import Heard
from oms.sessions.dialing import dialer
from oms.sessions.link import Limits, connected
from oms.sessions.outage import CannotConnect, Ended, Reason
from protocol.messages import Request
from protocol.records.access import BootstrapRequest
from protocol.session import Role, Session
from tests.paper.running import running

from .gateway import CLOSE, accept, close, unmasked

pytestmark = pytest.mark.trio
HERE = Address.of("ws://127.0.0.1:1/terminal")


async def outage(address: Address, *, limits: Limits | None = None, dial: object = None) -> CannotConnect:
    """Why no connection comes about."""

    async def connect() -> None:
        async with connected(
            address,
            Session(Role.TERMINAL),
            print,
            limits=limits,
            open_stream=dial,  # type: ignore[arg-type]
        ):
            pytest.fail("connected")

    with pytest.RaisesGroup(CannotConnect, flatten_subgroups=True) as caught:
        await connect()
    why: BaseException = caught.value
    while isinstance(why, BaseExceptionGroup):
        (why,) = why.exceptions
    assert isinstance(why, CannotConnect)
    return why


async def answered(answer: bytes, *, end: bool = True, limits: Limits | None = None) -> CannotConnect:
    """Why a gateway that answers a handshake like this is none."""

    async def serve(stream: trio.SocketStream) -> None:
        await accept(stream)
        await stream.send_all(answer)
        if not end:
            await trio.sleep_forever()
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        port = listeners[0].socket.getsockname()[1]
        why = await outage(Address.of(f"ws://127.0.0.1:{port}/"), limits=limits)
        nursery.cancel_scope.cancel()
    return why


async def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}/terminal?key=1"
        why = await outage(Address.of(url))
    assert "refused" in str(why)
    assert str(why).startswith(url.partition("?")[0])


async def test_a_name_that_is_none() -> None:
    assert "no-such-host.invalid" in str(await outage(Address.of("ws://no-such-host.invalid/")))


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!", 403, "refused with HTTP 403"),
        (b"HTTP/1.1 103 Early\r\n\r\n", 103, "refused with HTTP 103"),
        (
            b"HTTP/1.1 502 Bad\r\nConnection: close\r\n\r\n<html>",
            502,
            "ended during the handshake (HTTP 502)",
        ),
        (b"", None, "ended during the handshake (nothing said)"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", None, "the handshake's answer is none (LocalProtocolError)"),
        (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n", None, "the handshake's answer is none"),
        (b"HTTP/1.1 101 X\r\n" + b"a: b\r\n" * 20_000, None, "the handshake's answer is none"),
        (b"HTTP/1.1 101 X\r\nSec-WebSocket-Protocol: \xff\r\n\r\n", None, "the handshake's answer is none"),
    ],
)
async def test_a_gateway_that_is_none(answer: bytes, status: int | None, told: str) -> None:
    why = await answered(answer)
    assert told in str(why)
    assert why.status == status


async def test_a_gateway_that_never_answers() -> None:
    why = await answered(b"HTTP/1.1 101", end=False, limits=Limits(connect_s=0.2))
    assert "no WebSocket within 0.2 s" in str(why)


async def test_a_host_that_never_answers(autojump_clock: MockClock) -> None:
    async def dial(address: Address) -> trio.abc.Stream:
        await trio.sleep_forever()
        raise AssertionError

    assert "no connection in time" in str(await outage(HERE, dial=dial))
    assert trio.current_time() == Limits().connect_s


async def test_the_venue_wants_an_origin() -> None:
    origin = "https://web.metatrader.app"
    async with running(protocol={"origin": origin}) as venue:
        assert (await outage(Address.of(venue.url))).status == 403
        async with connected(Address.of(venue.url, origin), Session(Role.TERMINAL), print) as connection:
            await connection.ask(Request(0, BootstrapRequest()))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        f" -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {key} -out {cert}".split(),
        check=True,
        capture_output=True,
    )
    return cert, key


async def test_tls_is_checked_and_carries(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    trusting = dialer(ssl.create_default_context(cafile=str(cert)))
    async with running() as venue, trio.open_nursery() as nursery:
        port = await nursery.start(partial(venue.server.serve, "127.0.0.1", 0, tls=server))
        url = f"wss://localhost:{port}/terminal"
        assert "certificate" in str(await outage(Address.of(url)))
        wrong = Address.of(url)._replace(host="127.0.0.1")  # not the certificate's name
        assert "certificate" in str(await outage(wrong, dial=trusting))
        session = Session(Role.TERMINAL)
        async with connected(Address.of(url), session, print, open_stream=trusting) as connection:
            await connection.ask(Request(0, BootstrapRequest()))
            await connection.ask(Request(51))
        assert connection.over == Ended(Reason.LEFT)
        nursery.cancel_scope.cancel()


async def test_a_real_connection_is_kept_alive_by_the_system_too() -> None:
    async with running() as venue:
        stream = await dialer()(Address.of(venue.url))
        assert isinstance(stream, trio.SocketStream)
        assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        await stream.aclose()


async def test_the_watchdog_waits_for_fifteen_seconds_of_silence(autojump_clock: MockClock) -> None:
    """On streams in memory, so that Trio's clock can be jumped; nobody answers, and bytes still come."""
    client, gateway = memory_stream_pair()
    heard: list[list[Heard]] = []

    async def dial(address: Address) -> trio.abc.Stream:
        return client

    async def serve() -> None:
        await gateway.send_all(await accept(gateway))
        for _ in range(3):
            await trio.sleep(10)
            await gateway.send_all(b"\x8a\x00")  # an unasked pong: a byte is a byte

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        async with connected(HERE, Session(Role.TERMINAL), heard.append, open_stream=dial) as connection:
            end = await connection.ended()
    assert trio.current_time() == 3 * 10 + 15
    assert (end.reason, end.detail, heard) == (Reason.SILENT, "no byte for 15 s", [])


async def test_a_close_of_the_gateway_is_answered() -> None:
    client, gateway = memory_stream_pair()

    async def dial(address: Address) -> trio.abc.Stream:
        return client

    async def serve() -> bytes:
        await gateway.send_all(await accept(gateway) + close(4001, b"maintenance"))
        said = b""
        while data := await gateway.receive_some():
            said += data
        return said

    async with trio.open_nursery() as nursery:
        said: list[bytes] = []

        async def keep() -> None:
            said.append(await serve())

        nursery.start_soon(keep)
        async with connected(HERE, Session(Role.TERMINAL), print, open_stream=dial) as connection:
            end = await connection.ended()
    assert (end.reason, end.code, end.detail) == (Reason.CLOSED, 4001, "maintenance")
    assert unmasked(said[0]) == [(CLOSE, (4001).to_bytes(2, "big") + b"maintenance")]
