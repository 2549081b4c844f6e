"""Events on stdout: their stored bytes, or lines for people."""

import sys
from collections.abc import Iterable

from oms.cli.log.lines import Lines
from oms.cli.printing import put_line
from oms.eventlog.envelope import Recorded


class Writer:
    """Writes events of these accounts; what is written is held back until `flush`."""

    def __init__(self, accounts: list[str], *, json: bool) -> None:
        self._json, self._headed = json, False
        self._lines = Lines(max(map(len, accounts)) if len(accounts) > 1 else 0)

    def write(self, events: Iterable[Recorded]) -> int:
        """One line each; how many."""
        count = 0
        for count, event in enumerate(events, 1):  # noqa: B007 - it is what is returned
            if self._json:
                sys.stdout.buffer.write(event.body + b"\n")
                continue
            if not self._headed:
                self._headed = True
                put_line(self._lines.head("recorded (UTC)"))
            put_line(self._line(event))
        return count

    def flush(self) -> None:
        """Show what was written."""
        sys.stdout.flush()

    def _line(self, event: Recorded) -> str:
        envelope = event.envelope()
        return self._lines.line(envelope.account, event.seq, envelope.recorded_at, event.type, envelope.data)
