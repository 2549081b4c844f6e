"""Signals before the daemon minds them: remembered, and heeded between two steps of the start.

An exception, as Ctrl-C usually is one, would be lost in the middle of starting a process, or leave one that
nobody knows of.
"""

import signal
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Early:
    """SIGINT and SIGTERM, from its making until somebody else takes them."""

    def __init__(self) -> None:
        self.asked = False
        for number in SIGNALS:
            signal.signal(number, self._note)

    def heed(self) -> None:
        """KeyboardInterrupt where one came."""
        if self.asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
