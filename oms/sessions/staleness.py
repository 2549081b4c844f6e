"""Whether quotes come while they should, told the time: a silence counts only while a market is open.

The feed of an account is stale when trading sessions of watched symbols are open, and for so long not one of
these symbols ticked.  One silent symbol among others that tick is no stale feed: many trade seldom, and who
trades one of them is guarded by the age of its quote.
"""

from typing import Final, Literal

AGAIN_S: Final = 60.0  # from one time that it is told to be stale to the next, at least

Told = Literal["stale", "live"]


class Staleness:
    """That of one account's feed; every `now` is of the same steady clock, in seconds."""

    def __init__(self, limit_s: float) -> None:
        self.stale = False
        self.heard = False  # in this session
        self.open = 0  # symbols whose trading session was open when it was looked last
        self.silence_s = 0.0  # how long nothing came, or had not come when it was heard again
        self._limit_s = limit_s
        self._since: float | None = None
        self._count: int | None = None
        self._told = False
        self._quiet_until = -float("inf")

    @property
    def live(self) -> bool:
        """Whether quotes come, or none are to be expected."""
        return not self.stale and (self.heard or not self.open)

    def begin(self) -> None:
        """A new session: nothing was missed in it."""
        self.stale = self.heard = self._told = False
        self._since = self._count = None

    def look(self, now: float, open_symbols: int, count: int) -> Told | None:
        """What there is to tell; `count` is any figure that is another with each tick of an open symbol."""
        if self._since is None:
            self._since, self._count = now, count
        self.silence_s, self.open = now - self._since, open_symbols
        if count != self._count or not open_symbols:
            self.heard = self.heard or count != self._count
            self._since, self._count = now, count
            self.stale = False
        else:
            self.stale = self.silence_s >= self._limit_s
        if self.stale and not self._told and now >= self._quiet_until:
            self._told, self._quiet_until = True, now + AGAIN_S
            return "stale"
        if self._told and not self.stale:
            self._told = False
            return "live"
        return None
