"""Daylight saving begins and ends: every account is told of its zone by push 14 (docs/protocol.md 4.2)."""

from .floor import ACCOUNT_CHANGED, Floor


class Seasons:
    """The next change of the server's clock."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._begun = False
        self._change_ms: int | None = None  # None = never

    def begin(self) -> None:
        """From the present moment on."""
        self._begun = True
        self._change_ms = self._floor.zone.next_change_ms(self._floor.now.utc_ms)

    def next_ms(self) -> int | None:
        """When the clock next changes, UTC."""
        return self._change_ms

    def arrive(self) -> None:
        """Tell what changed until now: push 14."""
        if not self._begun:
            self.begin()
        if self._change_ms is None or self._floor.now.utc_ms < self._change_ms:
            return
        self.begin()
        for login in self._floor.accounts:
            self._floor.push(login, ACCOUNT_CHANGED, None)
