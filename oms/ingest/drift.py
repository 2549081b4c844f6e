"""What the wire held and the documents do not: told the first time, then at most once a minute, counted."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from oms.domain.events import DriftSeen

AGAIN_S: Final = 60.0
MOST: Final = 1000  # kinds remembered; what is new beyond them is told each time

Kind = tuple[int, str]  # command, field


class DriftTally:
    """The drift of one account, across its sessions."""

    def __init__(self) -> None:
        self.seen = 0
        self.by_command: dict[int, int] = {}
        self._told: dict[Kind, float] = {}  # when
        self._untold: dict[Kind, int] = {}

    def tell(self, found: Iterable[DriftSeen], now_s: float) -> list[DriftSeen]:
        """Those that are to be recorded now, with how many of their kind came since the last."""
        told = []
        for one in found:
            self.seen += one.count
            self.by_command[one.command] = self.by_command.get(one.command, 0) + one.count
            kind = (one.command, one.field)
            count = self._untold.pop(kind, 0) + one.count
            if now_s < self._told.get(kind, now_s - AGAIN_S) + AGAIN_S:
                self._untold[kind] = count
                continue
            if kind in self._told or len(self._told) < MOST:
                self._told[kind] = now_s
            told.append(replace(one, count=count))
        return told
