"""What of a running venue goes into its state file, and when."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from .desk import Desk
from .model import Effect
from .state import REQUESTS, State
from .venue import Venue


class Keeping:
    """The requests received, in memory, and everything else in the file, where there is one."""

    def __init__(self, venue: Venue, desk: Desk, state: State | None) -> None:
        self.requests: deque[dict[str, Any]] = deque(state.known.requests if state else (), maxlen=REQUESTS)
        self._venue = venue
        self._desk = desk
        self._state = state
        self._begin()

    def heard(self, request: dict[str, Any]) -> None:
        """A request was received."""
        self.requests.append(request)
        if self._state is not None:
            self._state.heard(request)

    def effects(self, effects: Iterable[Effect]) -> None:
        """An operation had these effects: the accounts that they tell of are kept."""
        if self._state is not None and (logins := {effect.login for effect in effects}):
            self._keep(sorted(logins))

    def everything(self) -> None:
        """Something changed that no effect tells of: passwords, tickets, new accounts."""
        if self._state is not None:
            self._keep(self._venue.accounts)

    def close(self) -> None:
        """The last words."""
        if self._state is not None:
            try:
                self.everything()
            finally:
                self._state.close()

    def _keep(self, logins: Iterable[int]) -> None:
        accounts, desk = [self._venue.accounts[login] for login in logins], self._desk
        if self._state is not None:
            self._state.keep(accounts, self._venue.marks(), desk.sessions, desk.passes.fresh())
            if self._state.grown:
                self._begin()

    def _begin(self) -> None:
        if self._state is not None:
            accounts, desk = self._venue.accounts.values(), self._desk
            self._state.begin(
                accounts, self._venue.marks(), desk.sessions, desk.passes.all(), list(self.requests)
            )
