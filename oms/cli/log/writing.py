"""Events on stdout: their stored bytes, or lines for people."""

import sys
from collections.abc import Iterable

from oms.cli.log.lines import Lines
from oms.cli.printing import console
from oms.eventlog.envelope import Recorded


class Writer:
    """Writes events of these accounts; what is written is held back until `flush`."""

    def __init__(self, accounts: list[str], *, json: bool) -> None:
        terminal = console()
        self._json, self._headed = json, False
        self._lines = Lines(
            accounts,
            coloured=terminal.is_terminal and not terminal.no_color,
            width=terminal.width if terminal.is_terminal else None,
        )

    def write(self, events: Iterable[Recorded]) -> int:
        """One line each; how many."""
        count = 0
        for count, event in enumerate(events, 1):  # noqa: B007 - it is what is returned
            if self._json:
                sys.stdout.buffer.write(event.body + b"\n")
                continue
            if not self._headed:
                self._headed = True
                self._put(self._lines.head())
            self._put(self._lines.line(event))
        return count

    def flush(self) -> None:
        """Show what was written."""
        sys.stdout.flush()

    @staticmethod
    def _put(line: str) -> None:
        # As bytes: a terminal that cannot show a letter must not end the command.
        sys.stdout.buffer.write(line.encode(sys.stdout.encoding, "backslashreplace") + b"\n")
