"""An ASGI application on hypercorn's Trio worker, on a port that is ours before anything else happens."""

import logging
import socket
from typing import Final, cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as run_hypercorn
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp

IDLE_S: Final = 60  # a connection without a byte; longer than scrapers wait between two scrapes
STUCK_MS: Final = 2_000  # a client that takes nothing of its answer
BACKLOG: Final = 100


class CannotListen(Exception):
    """The address cannot be had: taken, not this machine's, or not allowed."""


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled, which ends open connections at once.

    Started with the port that is listened on, the system's choice where `port` is 0.  CannotListen comes
    before that and names host and port.  What goes wrong in the application is logged by `hypercorn.error`.
    """
    listener = await _listening(host, port)
    bound: int = listener.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # hypercorn's from here on
    config.errorlog = logging.getLogger("hypercorn.error")  # an object, so that no handler is added
    config.accesslog = None
    config.include_server_header = False
    config.keep_alive_timeout = config.read_timeout = IDLE_S
    async with trio.open_nursery() as nursery:
        await nursery.start(run_hypercorn, cast("ASGIFramework", app), config)
        task_status.started(bound)


async def _listening(host: str, port: int) -> socket.socket:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as why:
        raise CannotListen(f"{where}: cannot listen: {why}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # hypercorn shields its sending from cancellation; the system ends what a client never reads.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MS)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as why:
        listener.close()
        raise CannotListen(f"{where}: cannot listen: {why.strerror or why}") from None
    return listener
