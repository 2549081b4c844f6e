"""Connections that are no good terminals disturb nobody else (docs/protocol.md 1)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import ConnectionClosed

from oms.paper import connection as connection_module
from oms.paper import server as server_module
from protocol.messages import Unsolicited
from protocol.records.access import Init

from .running import HEDGE, Running, running
from .terminal import Terminal, connected

pytestmark = pytest.mark.trio


@asynccontextmanager
async def raw(venue: Running) -> AsyncIterator[trio.SocketStream]:
    stream = await trio.open_tcp_stream("127.0.0.1", venue.port)
    async with stream:
        yield stream


def upgrade(path: str = "/terminal", *headers: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def status(venue: Running, head: bytes) -> int:
    """What an HTTP request is answered."""
    async with raw(venue) as stream:
        await stream.send_all(head)
        with trio.fail_after(5):
            answer = bytes(await stream.receive_some(4096))
        return int(answer.split()[1])


async def trades(terminal: Terminal) -> None:
    assert await terminal.buy() == 0
    assert (await terminal.push(19)).result.retcode == 10009


async def test_path_and_origin() -> None:
    async with running() as venue:
        assert await status(venue, upgrade()) == 101
        assert await status(venue, upgrade("/terminal?utm_source=x")) == 101
        assert await status(venue, upgrade("/other")) == 404
        assert await status(venue, upgrade("/terminal", "Origin: https://any.example")) == 101
    async with running(protocol={"origin": "https://web.metatrader.app"}, server={"path": "/gate"}) as venue:
        assert await status(venue, upgrade("/gate", "Origin: https://web.metatrader.app")) == 101
        assert await status(venue, upgrade("/gate", "Origin: https://evil.example")) == 403
        assert await status(venue, upgrade("/gate")) == 403


async def test_too_many_sessions() -> None:
    async with running(server={"max_sessions": 1}) as venue, venue.terminal(HEDGE) as terminal:
        assert await status(venue, upgrade()) == 503
        await trades(terminal)


@pytest.mark.slow
async def test_a_silent_terminal_is_closed_after_the_idle_timeout() -> None:
    async with running(server={"idle_timeout_s": 0.6}) as venue, venue.terminal(HEDGE) as terminal:
        for _ in range(4):
            await trio.sleep(0.2)
            await terminal.ask(51)
        await venue.gone()


async def test_bare_connects_half_handshakes_and_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 0.3)
    random = Random(1)
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        async with raw(venue), raw(venue) as half, raw(venue) as noise, raw(venue) as gone:
            await half.send_all(upgrade()[:-20])
            await noise.send_all(random.randbytes(3000))
            await gone.aclose()
            await trades(terminal)
            with trio.fail_after(3):  # the half handshake is not waited for for ever
                assert await half.receive_some() == b""
        for size in (1, 7, 200, 5000):
            async with raw(venue) as stream:
                await stream.send_all(random.randbytes(size))
        for head in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"POST /terminal HTTP/1.0\r\n\r\n",
            b"\r\n" * 50,
            b"\x16\x03\x01\x02",
        ):
            async with raw(venue) as stream:
                await stream.send_all(head)
                await wait_all_tasks_blocked()
        await trades(terminal)
        assert len(venue.server.connections) == 1


async def test_nonsense_behind_the_handshake() -> None:
    """Bytes that are no WebSocket frames, unmasked frames, reserved bits, a close in the middle."""
    random = Random(2)
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        frames = [
            b"\x82\x7f" + b"\xff" * 8,
            b"\x82\x05hello",
            b"\xf2\x80\0\0\0\0",
            b"\x88\x80\0\0\0\0",
            b"\x83\x80abcd",
        ]
        for data in [*frames, *(random.randbytes(size) for size in (1, 2, 10, 1000, 70_000))]:
            async with raw(venue) as stream:
                await stream.send_all(upgrade())
                await stream.receive_some(4096)
                await stream.send_all(data)
                await wait_all_tasks_blocked()
        await trades(terminal)
        await venue.gone(1)


async def test_frames_that_are_none_are_dropped_and_the_conversation_goes_on() -> None:
    random = Random(3)
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        nonsense = [
            b"",
            b"abc",
            random.randbytes(8),
            random.randbytes(9),
            random.randbytes(24),
            random.randbytes(1000),
        ]
        for message in nonsense:
            await terminal.websocket.send_message(message)
        await terminal.websocket.send_message("text is never sent")
        await trades(terminal)
        # All but the eight bytes, which are the empty frame and mean nothing.
        assert venue.control("connections")[0]["dropped"] == len(nonsense)


async def test_a_message_beyond_the_limit_ends_its_conversation_alone() -> None:
    async with running(server={"max_message": 4096}) as venue, venue.terminal(HEDGE) as terminal:
        async with connected(venue.url) as other:
            await other.bootstrap()
            await other.websocket.send_message(bytes(5000))
            await venue.gone(1)
        await trades(terminal)


async def test_a_terminal_that_never_reads_is_cut_off_and_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 1 << 20
    monkeypatch.setattr(connection_module, "QUEUE_BYTES", limit)
    async with running() as venue, venue.terminal(HEDGE) as terminal, connected(venue.url, queue=1) as lazy:
        await lazy.bootstrap()
        await lazy.login(HEDGE)
        ids = [one.symbol_id for one in await lazy.ask(6)]
        largest = 3068 * len(ids) + 100  # an answer of command 18
        slow = venue.server.connections[2]
        waiting: list[int] = []

        async def ask_without_end() -> None:
            body = b"".join(one.to_bytes(4, "little") for one in (len(ids), *ids))
            with suppress(ConnectionClosed):
                while True:
                    await lazy.websocket.send_message(lazy.session.seal(18, None, body))
                    waiting.append(slow._waiting_bytes)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_without_end)
            with trio.fail_after(10):
                await slow.ended.wait()
            nursery.cancel_scope.cancel()
        assert limit - largest <= max(waiting) <= limit + largest
        await trades(terminal)
        await venue.gone(1)


async def test_ticks_are_left_out_for_a_slow_terminal_and_trades_are_not() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal, venue.terminal(HEDGE) as other:
        (euro,) = [one.symbol_id for one in await terminal.ask(6) if one.trade_symbol == "EURUSD"]
        await terminal.ask(7, [euro])
        await terminal.settled()
        connection = venue.server.connections[1]
        ticks = 0
        while not connection.behind:  # without a checkpoint nothing is written
            venue.quote(1.1, 1.1001)
            ticks += 1
        for _ in range(50):
            venue.quote(1.1, 1.1001)
        venue.control("deposit", login=HEDGE, amount="1")
        heard = [one.command for one in await terminal.settled()]
        assert heard == [8] * ticks + [10]
        assert [one.behind for one in venue.server.connections.values()] == [False, False]
        venue.quote(1.1, 1.1001)
        assert [one.command for one in await terminal.settled()] == [8]
        await trades(other)


async def test_a_thousand_requests_at_once_are_all_answered_in_order() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        frame = terminal.session.seal(51, None, b"")
        async with trio.open_nursery() as nursery:

            async def flood() -> None:
                for _ in range(1000):
                    await terminal.websocket.send_message(frame)

            nursery.start_soon(flood)
            for _ in range(1000):
                assert (await terminal.receive()).command == 51
        await trades(terminal)


SIZES = {5: 8, 7: 12, 11: 74, 12: 248, 18: 12, 20: 12, 22: 12, 24: 129, 27: 1682, 28: 912, 29: 744, 30: 1664}
SIZES |= {39: 1664 + 1284 + 1056, 40: 1664, 42: 4, 43: 636}


@pytest.mark.parametrize("state", ["visitor", "trader", "stranger"])
async def test_bodies_of_the_right_size_and_random_content(state: str) -> None:
    """Whatever the numbers and names inside are, the venue answers or drops them, and goes on."""
    random = Random(state)
    async with running() as venue, venue.terminal(HEDGE) as terminal, venue.terminal() as wild:
        if state == "visitor":
            await wild.ask(29, Init())
        if state == "trader":
            await wild.login(HEDGE)
        for _ in range(600):
            command = random.choice([*SIZES, *range(3, 53)])
            body = bytearray(random.randbytes(SIZES.get(command, random.randrange(50))))
            if command in (7, 18, 20, 22):
                body[:4] = b"\2\0\0\0"
            if command == 12:  # often a symbol and an action that are known, so that the rules are met
                body[4:8] = random.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]).to_bytes(4, "little")
                body[8:72] = "EURUSD".encode("utf-16-le").ljust(64, b"\0")
                body[92:96] = random.randrange(9).to_bytes(4, "little")
            await wild.websocket.send_message(wild.session.seal(command, None, bytes(body)))
        await wild.ask(51)  # behind all of them
        assert len(venue.server.keeping.requests) > 50
        await trades(terminal)
        venue.venue.check()


@pytest.mark.parametrize("command", [3, 4, 12, 44, 41, 28, 0])
async def test_what_is_not_for_now_is_answered_by_a_code(command: int) -> None:
    """Before the login, or again behind it: nobody waits for an answer that never comes."""
    async with running() as venue, venue.terminal(HEDGE if command in (0, 28, 41) else None) as terminal:
        await terminal.websocket.send_message(terminal.session.seal(command, None, b""))
        message = await terminal.receive()
        assert isinstance(message, Unsolicited)
        assert (message.command, message.code) == (command, 1)
        assert await terminal.ask(51) is None
