"""Commands that go on until somebody ends them: Ctrl-C and SIGTERM are their proper end."""

import signal
from collections.abc import Awaitable, Callable

import trio


def until_ended(run: Callable[[], Awaitable[None]]) -> None:
    """Run until it returns or a signal comes; raises what it raises, in groups."""
    trio.run(_until_ended, run)


async def _until_ended(run: Callable[[], Awaitable[None]]) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_run, run, nursery.cancel_scope)
            await anext(signals)
            nursery.cancel_scope.cancel()


async def _run(run: Callable[[], Awaitable[None]], around: trio.CancelScope) -> None:
    await run()
    around.cancel()
