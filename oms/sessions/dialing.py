"""The byte stream to a venue: TCP, with TLS where the address wants it.

Not WebSockets: those are on top.  Whatever opens a stream like this may stand in for it, as memory does in
a simulation.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from .address import Address

KEEPALIVE_IDLE_S: Final = 10
KEEPALIVE_EVERY_S: Final = 5
KEEPALIVE_PROBES: Final = 3

Opener = Callable[[Address], Awaitable[trio.abc.Stream]]


def dialer(tls: ssl.SSLContext | None = None) -> Opener:
    """Opens real connections, with `tls` instead of the system's trust; the opener raises OSError."""

    async def opened(address: Address) -> trio.abc.Stream:
        tcp = await trio.open_tcp_stream(address.host, address.port)
        _keep_alive(tcp)
        if not address.tls:
            return tcp
        context = tls or ssl.create_default_context()
        stream = trio.SSLStream(tcp, context, server_hostname=address.host, https_compatible=True)
        try:
            await stream.do_handshake()
        except trio.BrokenResourceError as why:
            await trio.aclose_forcefully(tcp)
            raise OSError(f"TLS: {why.__cause__ or why}") from None
        except BaseException:
            await trio.aclose_forcefully(tcp)
            raise
        return stream

    return opened


def _keep_alive(tcp: trio.SocketStream) -> None:
    """So that the system, too, finds out that nobody is there, even while this process is stopped."""
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY_S)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
