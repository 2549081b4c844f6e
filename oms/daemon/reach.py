"""Whether NATS takes what an account has to tell: it is connected, and the stream is not at a standstill."""

from oms.bus.bridge import Bridge

from .assembly import Outlet


class Reach:
    """Of one account."""

    def __init__(self, bridge: Bridge, outlet: Outlet) -> None:
        self._bridge, self.outlet = bridge, outlet

    @property
    def away(self) -> bool:
        """Also where there is a connection, and the stream takes nothing."""
        return not self._bridge.connected or self.outlet.stalled

    async def back(self) -> None:
        """Return when it is not away."""
        while self.away:
            await self.outlet.moved()
