"""What carries a connection: the WebSocket, its sender, the keep-alive, the watchdog, and a clean close.

A connection that ends, for whatever reason, is told by `Connection.ended`; the code that uses it is not
interrupted, but what it asks fails.  When it leaves, or is cancelled, the gateway is told so: a WebSocket
close, for which it has a moment.

Only one task writes to the WebSocket.  So nobody who is cancelled while asking can leave half a frame behind.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, NamedTuple

import trio
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from protocol.commands import State
from protocol.messages import Request
from protocol.session import Poisoned, Session

from .address import Address
from .connection import ANSWER_S, PING, Connection, Hear
from .dialing import Opener, dialer
from .groups import first_error
from .outage import CannotConnect, ConnectionEnded, Reason, RequestFailed
from .tap import MAX_MESSAGE_BYTES, Gate, HandshakeCut, Tap

LOGOUT: Final = 2
NO_CODE, BROKEN_OFF = 1005, 1006  # what a library says without a close code, without a close (RFC 6455 7.1)
# Reasons after which the other end is still there to be told.
POLITE: Final = frozenset({Reason.LEFT, Reason.POISONED})


class Limits(NamedTuple):
    """How long things may take, in seconds, and how large a message may be."""

    connect_s: float = 15.0
    ping_s: float = 5.0  # from one ping to the next
    silence_s: float = 15.0  # without a byte, or without an answer to a ping
    farewell_s: float = 1.0  # for the gateway's part of a close
    answer_s: float = ANSWER_S  # where nobody says otherwise
    max_message_bytes: int = MAX_MESSAGE_BYTES


@asynccontextmanager
async def connected(
    address: Address,
    session: Session,
    hear: Hear,
    *,
    open_stream: Opener | None = None,
    limits: Limits | None = None,
    gate: Gate | None = None,
) -> AsyncIterator[Connection]:
    """A connection to a venue for this session, which must be fresh; `hear` gets what nobody asked for.

    `gate` is awaited before each read.

    Raises CannotConnect in an exception group.
    """
    carry = partial(_carry, address, session, hear, open_stream or dialer(), limits or Limits(), gate)
    async with trio.open_nursery() as nursery:
        connection: Connection = await nursery.start(carry)
        try:
            yield connection
        finally:
            connection.end()


async def _carry(
    address: Address,
    session: Session,
    hear: Hear,
    open_stream: Opener,
    limits: Limits,
    gate: Gate | None,
    *,
    task_status: trio.TaskStatus[Connection],
) -> None:
    """The connection from its first byte to its last."""
    deadline = trio.current_time() + limits.connect_s
    stream = await _dialed(address, open_stream, deadline)
    connection = Connection(
        session,
        stream,
        hear,
        max_message_size=limits.max_message_bytes,
        answer_s=limits.answer_s,
        gate=gate,
    )
    failed: CannotConnect | None = None
    started = False
    try:
        # Once connected, only the end of the connection ends this: who is cancelled still says goodbye.
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                with trio.fail_after(max(0.0, deadline - trio.current_time())):
                    websocket = await _shaken(nursery, address, connection.tap)
                scope.shield, started = True, True
                nursery.start_soon(_hear_close, connection, websocket)
                nursery.start_soon(_send, connection, websocket)
                nursery.start_soon(_keep_alive, connection, limits)
                nursery.start_soon(_watch, connection, limits)
                task_status.started(connection)
                ended = await connection.ended()
                await _part(websocket, ended.reason, limits)
                nursery.cancel_scope.cancel()
    # The library lets errors of h11's, wsproto's and of codecs out of a handshake that is none.
    except* Exception as group:
        if started:
            raise
        failed = _explained(address, first_error(group), limits)
    finally:
        connection.end(detail="stopped by an error")
        await trio.aclose_forcefully(stream)
    if failed is not None:
        raise failed


# Connecting.


async def _dialed(address: Address, open_stream: Opener, deadline: float) -> trio.abc.Stream:
    with trio.CancelScope(deadline=deadline):
        try:
            return await open_stream(address)
        except OSError as why:
            raise CannotConnect(f"{address}: {_told(why)}") from None
    raise CannotConnect(f"{address}: no connection in time")


def _told(why: BaseException) -> str:
    """What the system said; of each attempt, where the name has several addresses."""
    if isinstance(why.__cause__, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(map(_told, why.__cause__.exceptions)))
    return (why.strerror if isinstance(why, OSError) else None) or str(why)


async def _shaken(nursery: trio.Nursery, address: Address, tap: Tap) -> WebSocketConnection:
    headers = [(b"Origin", address.origin.encode())] if address.origin else []
    # Read by the tap, in its own sizes; any trio Stream will do, whatever the annotation says.
    return await wrap_client_stream(
        nursery,
        tap,  # type: ignore[arg-type]
        address.authority,
        address.resource,
        extra_headers=headers,
        receive_buffer_size=None,
    )


def _explained(address: Address, why: Exception, limits: Limits) -> CannotConnect:
    match why:
        case ConnectionRejected(status_code=status):
            return CannotConnect(f"{address}: refused with HTTP {status}", status=status)
        case HandshakeCut(status=status):
            told = f"HTTP {status}" if status else "nothing said"
            return CannotConnect(f"{address}: ended during the handshake ({told})", status=status)
        case trio.TooSlowError():
            return CannotConnect(f"{address}: no WebSocket within {limits.connect_s:g} s")
    return CannotConnect(f"{address}: the handshake's answer is none ({type(why).__name__})")


# While it lasts.


async def _hear_close(connection: Connection, websocket: WebSocketConnection) -> None:
    """Until the WebSocket has ended; text messages are dropped."""
    try:
        while True:
            await websocket.get_message()
            connection.counters.text += 1
    except ConnectionClosed as why:
        _end(connection, why.reason)


def _end(connection: Connection, told: CloseReason | None) -> None:
    tap = connection.tap
    code, detail = (told.code, told.reason or "") if told else (BROKEN_OFF, "")
    if tap.violation:
        connection.end(Reason.VIOLATION, code=tap.violation.code, detail=tap.violation.text)
    elif code == BROKEN_OFF:
        connection.end(Reason.LOST)
    elif code != (tap.close_code or NO_CODE):  # the library's own verdict: text or a close that is none
        connection.end(Reason.VIOLATION, code=code, detail=detail)
    else:
        connection.end(Reason.CLOSED, code=tap.close_code, detail=detail)


async def _send(connection: Connection, websocket: WebSocketConnection) -> None:
    with suppress(ConnectionClosed):  # told by whoever hears the close
        while True:
            await websocket.send_message(await connection.outgoing())


async def _keep_alive(connection: Connection, limits: Limits) -> None:
    """Pings, once there is a session key, as the official client sends them (docs/protocol.md 1)."""
    session = connection.session
    due = trio.current_time()
    while connection.over is None:
        due = max(due + limits.ping_s, trio.current_time())
        await trio.sleep_until(due)
        if session.state in (State.FRESH, State.CLOSED) or LOGOUT in session.in_flight:
            continue
        try:
            await connection.ask(Request(PING), limits.silence_s)
        except ConnectionEnded:
            return
        except (RequestFailed, Poisoned):
            connection.end(Reason.SILENT, detail=f"a ping had no answer for {limits.silence_s:g} s")


async def _watch(connection: Connection, limits: Limits) -> None:
    """The watchdog."""
    tap = connection.tap
    left = limits.silence_s
    while left > 0:
        await trio.sleep(left)
        left = tap.heard_at + limits.silence_s - trio.current_time()
    connection.end(Reason.SILENT, detail=f"no byte for {limits.silence_s:g} s")


async def _part(websocket: WebSocketConnection, reason: Reason, limits: Limits) -> None:
    if reason in POLITE:
        with trio.move_on_after(limits.farewell_s):
            await websocket.aclose()
