"""The port, and the end."""

import re
import socket
import subprocess
import sys
from contextlib import ExitStack, closing

import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oms.web.server import STUCK_MS, CannotListen, serve


async def empty(_: Request) -> Response:
    return Response()


async def never(_: Request) -> Response:
    await trio.sleep_forever()
    raise AssertionError


async def huge(_: Request) -> Response:
    return Response(bytes(50_000_000))


APP = Starlette(routes=[Route("/", empty), Route("/never", never), Route("/huge", huge)])


def connected(port: int) -> closing[socket.socket]:
    return closing(socket.create_connection(("127.0.0.1", port), timeout=5))


def asking(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.mark.trio
async def test_any_port_is_told() -> None:
    async with trio.open_nursery() as nursery:
        one = await nursery.start(serve, APP, "127.0.0.1", 0)
        other = await nursery.start(serve, APP, "127.0.0.1", 0)
        assert 0 < one != other > 0
        for port in (one, other):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(b"GET / HTTP/1.0\r\n\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
            await stream.aclose()
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_port_that_is_taken_is_told_with_its_address() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^127.0.0.1:{port}: cannot listen: Address already in use$"):
            await serve(APP, "127.0.0.1", port)


@pytest.mark.trio
async def test_a_port_that_was_ours_a_moment_ago_can_be_had_again() -> None:
    port = 0
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(serve, APP, "127.0.0.1", port)
            with connected(port) as client:
                client.sendall(asking("/"))
                await trio.sleep(0.05)
            nursery.cancel_scope.cancel()


@pytest.mark.trio
@pytest.mark.parametrize("host", ["no such host", "host." + "x" * 70, "192.0.2.1"])
async def test_an_address_that_is_not_here_is_told(host: str) -> None:
    with pytest.raises(CannotListen, match=f"^{re.escape(host)}:0: cannot listen: ."):
        await serve(APP, host, 0)


async def seconds_to_end(*requests: bytes) -> float:
    """How long an end takes while clients that sent these hold their connections."""
    with ExitStack() as clients:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(serve, APP, "127.0.0.1", 0)
            for request in requests:
                clients.enter_context(connected(port)).sendall(request)
            await trio.sleep(0.3)
            began = trio.current_time()
            nursery.cancel_scope.cancel()
        with pytest.raises(ConnectionRefusedError):
            connected(port)
        return trio.current_time() - began


@pytest.mark.trio
async def test_an_end_does_not_wait_for_clients() -> None:
    """One is idle, one is half through its request, one waits for an answer that never comes."""
    assert await seconds_to_end(b"", b"GET / HT", asking("/never")) < 1


@pytest.mark.trio
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="a matter of Linux")
async def test_a_client_that_takes_nothing_of_its_answer_cannot_hold_the_end() -> None:
    assert await seconds_to_end(asking("/huge")) < STUCK_MS / 1000 + 3


def test_nothing_is_printed() -> None:
    """Without any set-up of logging, hypercorn included."""
    code = (
        "import trio\n"
        "from oms.web.server import serve\n"
        "from tests.web.test_server import APP\n"
        "async def main():\n"
        "    async with trio.open_nursery() as nursery:\n"
        "        port = await nursery.start(serve, APP, '127.0.0.1', 0)\n"
        "        stream = await trio.open_tcp_stream('127.0.0.1', port)\n"
        "        await stream.send_all(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
        "        assert (await stream.receive_some()).startswith(b'HTTP/1.1 200')\n"
        "        await stream.aclose()\n"
        "        nursery.cancel_scope.cancel()\n"
        "trio.run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
