"""One connection of nats-py: made once, never mended.

nats-py could reconnect by itself.  It would then send what it had kept meanwhile, ticks of yesterday among
it, and it gives up for good at the first error that the server says aloud.  A new client for each connection
has neither trouble, and one way for everything to begin and to end.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import nats.errors
from nats.aio.client import Client, RawCredentials

from .errors import BadOptions
from .options import NatsOptions, place
from .steady_client import SteadyClient

LOST_PINGS: Final = 2
REFUSED: Final = ("authorization", "authentication")
# Why a connection cannot be made, or does not go on.  TimeoutError and ssl's errors are OSErrors; a name of a
# host that is none is a ValueError.
TROUBLES: Final = (nats.errors.Error, OSError, BadOptions, ValueError)

Hear = Callable[[Exception], Awaitable[None]]


class NotEncrypted(nats.errors.Error):
    """The server offers no TLS, and we insist on it."""

    def __str__(self) -> str:
        return "the server offers no TLS, and TLS is asked for"


async def dial(
    options: NatsOptions, url: str, ping_s: int, *, hear: Hear, closed: Callable[[], Awaitable[None]]
) -> Client:
    """A connected client, whose end calls `closed`; what goes wrong meanwhile goes to `hear`.

    Raises what TROUBLES lists.
    """
    client = SteadyClient()
    given: dict[str, Any] = {}
    if options.user is not None:
        given = {"user": options.user, "password": _only_encrypted(client, options, options.password)}
    elif options.token is not None:
        given = {"token": _only_encrypted(client, options, options.token)}
    elif options.nkey_seed is not None:
        given = {"nkeys_seed_str": options.nkey_seed}
    elif options.creds is not None:
        given = {"user_credentials": RawCredentials(options.credentials())}
    try:
        await client.connect(
            url,
            name=options.name,
            error_cb=hear,
            closed_cb=closed,
            tls=options.ssl_context(),
            allow_reconnect=False,
            max_reconnect_attempts=1,  # no second try here: 0 would mean for ever
            reconnect_time_wait=0,
            ping_interval=ping_s,
            max_outstanding_pings=LOST_PINGS,
            skip_subject_validation=True,  # subjects are ours, and made of checked tokens
            **given,
        )
        _insist(client, options)
    except BaseException:
        abort(client)
        raise
    return client


def abort(client: Client) -> None:
    """Let its socket go at once, whatever is still to be written.

    nats-py can only close by writing first, which never ends where the other side does not read.
    """
    stream = stream_of(client)
    if stream is not None:
        stream.transport.abort()


def stream_of(client: Client) -> Any:
    """asyncio's StreamWriter under it, which nats-py does not show; None where there is none."""
    return getattr(client._transport, "_io_writer", None)


def explained(options: NatsOptions, url: str, why: BaseException) -> str:
    """Why a connection could not be made, for an operator."""
    where, text = place(url), _text(why)
    if any(word in text.lower() for word in REFUSED):
        shown = options.identity
        return f"{where}: NATS refuses us ({text}); we showed {shown}"
    return f"{where}: {text}"


def _text(why: BaseException) -> str:
    if isinstance(why, TimeoutError):
        return "no answer in time"
    if isinstance(why, nats.errors.StaleConnectionError | nats.errors.ConnectionClosedError):
        return "the connection ended"
    if isinstance(why, OSError):
        return (why.strerror if isinstance(why.strerror, str) else None) or str(why) or type(why).__name__
    if isinstance(why, nats.errors.Error | BadOptions):
        return str(why).removeprefix("nats: ").strip("'") or type(why).__name__
    return "the name of the host is none"  # a ValueError's own text may quote what it was given


def _only_encrypted(client: Client, options: NatsOptions, secret: str | None) -> Callable[[], str]:
    """The secret, to be asked for when it is about to be sent."""

    def tell() -> str:
        _insist(client, options)
        return secret or ""

    return tell


def _insist(client: Client, options: NatsOptions) -> None:
    """Raise NotEncrypted where we ask for TLS and the server did not offer it: nats-py just goes on then."""
    if options.tls and not client._server_info.get("tls_required"):
        raise NotEncrypted
