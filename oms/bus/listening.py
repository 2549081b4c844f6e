"""A subscription that outlives connections."""

from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from .burst import Burst
from .told import Message


class Listening:
    """Messages of a subject, handed to Trio in bursts; what is published between connections is missed."""

    def __init__(
        self,
        subject: str,
        hear: Callable[[list[Message]], None],
        tell: Callable[[Callable[[], None]], None],
        most: int,
    ) -> None:
        """`hear` is called in Trio; `most` may wait for it, more are dropped and counted."""
        self.dropped = 0
        self._subject, self._hear, self._most = subject, hear, most
        self._came: Burst[Message] = Burst(lambda: tell(self._deliver))
        self._subscription: Subscription | None = None

    async def begin(self, client: Client) -> None:
        """Listen; the server knows it when this returns."""
        self._subscription = await client.subscribe(self._subject, cb=self._take)
        await client.flush()

    async def end(self, client: Client) -> None:
        """Listen no more."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()

    async def _take(self, message: Msg) -> None:
        if len(self._came) >= self._most:
            self.dropped += 1
        else:
            self._came.put(Message(message.subject, message.data, message.headers or {}))

    def _deliver(self) -> None:
        self._hear(list(self._came.take()))
