"""Tickets that stand for passwords: whom each one lets in (docs/protocol.md 4.1)."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from random import Random
from typing import Final, NamedTuple

TICKET_SIZE: Final = 160
REMEMBERED: Final = 10_000  # the oldest is forgotten first


class Pass(NamedTuple):
    """Whom a ticket lets in, and the password that it stands for: it dies with it."""

    login: int
    investor: bool
    password: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Pass(login={self.login}, investor={self.investor})"


class Passes:
    """The tickets given out."""

    def __init__(self, random: Random, known: Iterable[tuple[bytes, Pass]] = ()) -> None:
        self._random = random
        self._known = OrderedDict(known)
        self._fresh: deque[tuple[bytes, Pass]] = deque(maxlen=REMEMBERED)  # nobody may ever ask for them

    def give(self, admitted: Pass) -> bytes:
        """A new ticket."""
        ticket = self._random.randbytes(TICKET_SIZE)
        self._known[ticket] = admitted
        self._fresh.append((ticket, admitted))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return ticket

    def holder(self, ticket: bytes) -> Pass | None:
        """Whom it lets in; None for one that was never given, or long ago."""
        return self._known.get(ticket)

    def all(self) -> list[tuple[bytes, Pass]]:
        """Every ticket that is remembered."""
        return list(self._known.items())

    def fresh(self) -> list[tuple[bytes, Pass]]:
        """Those given since the last call."""
        fresh = list(self._fresh)
        self._fresh.clear()
        return fresh
