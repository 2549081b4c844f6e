"""A way to a server on which little gets through at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio


class Trickle:
    """A TCP proxy; `bytes_a_step` pass in each direction of a connection, then `step_s` nothing does."""

    def __init__(self, port: int, bytes_a_step: int, step_s: float) -> None:
        self._port, self._bytes, self._step_s = port, bytes_a_step, step_s
        self.passed = 0  # towards the server

    async def serve(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled; tells its port."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        task_status.started(listener.socket.getsockname()[1])
        await trio.serve_listeners(self._connection, [listener])

    async def _connection(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(partial(self._pass, client, server, nursery, counts=True))
            nursery.start_soon(partial(self._pass, server, client, nursery, counts=False))

    async def _pass(
        self, source: trio.SocketStream, sink: trio.SocketStream, nursery: trio.Nursery, *, counts: bool
    ) -> None:
        try:
            while data := await source.receive_some(self._bytes):
                await sink.send_all(data)
                self.passed += len(data) * counts
                await trio.sleep(self._step_s)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other side went away, as it may
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def trickling(port: int, bytes_a_step: int, step_s: float) -> AsyncIterator[tuple[str, Trickle]]:
    """The URL of such a way to a server of this machine."""
    trickle = Trickle(port, bytes_a_step, step_s)
    async with trio.open_nursery() as nursery:
        here: Any = await nursery.start(trickle.serve)
        yield f"nats://127.0.0.1:{here}", trickle
        nursery.cancel_scope.cancel()
