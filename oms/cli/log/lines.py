"""An event as one line for people."""

import json
from typing import Any, Final

import typer

from oms.cli.printing import plain
from oms.eventlog.envelope import Recorded

SEQ, TYPE, SYMBOL = 9, 24, 12  # letters; more are not cut
TIME: Final = len("2026-11-21T01:04:05.123456789Z")
# Of the type's first word: what somebody looks for is seen among the rest.
COLOURS: Final = {
    "deal": "green", "position": "green", "order": "cyan", "balance": "green", "command": "magenta",
    "risk": "yellow", "reconcile": "yellow", "session": "blue", "drift": "red", "anomaly": "red",
}  # fmt: skip


class Lines:
    """Lines of events, all alike; the account only where there may be several."""

    def __init__(self, accounts: list[str], *, coloured: bool, width: int | None) -> None:
        """`width` is where lines are cut, None nowhere."""
        self._account = max(map(len, accounts)) if len(accounts) > 1 else 0
        self._coloured, self._width = coloured, width

    def head(self) -> str:
        """The titles of the columns."""
        told = self._line("account", "seq", "recorded (UTC)", "type", "symbol", "data")
        return typer.style(told, bold=True) if self._coloured else told

    def line(self, event: Recorded) -> str:
        """One event; its data as words, None and empty values left out."""
        envelope = event.envelope()
        data = dict(envelope.data)
        symbol = plain(data.pop("symbol", ""))
        told = self._line(
            envelope.account, str(event.seq), envelope.recorded_at, event.type, symbol, _words(data)
        )
        if not self._coloured:
            return told
        return typer.style(told, fg=COLOURS.get(event.type.partition(".")[0]))

    def _line(self, account: str, seq: str, time: str, tag: str, symbol: str, words: str) -> str:
        told = f"{seq:>{SEQ}}  {time:<{TIME}}  {tag:<{TYPE}}  {symbol:<{SYMBOL}}  {words}".rstrip()
        if self._account:
            told = f"{account:<{self._account}}  {told}"
        if self._width is not None and len(told) > self._width:
            told = told[: self._width - 1] + "…"
        return told


def _words(data: dict[str, Any]) -> str:
    return " ".join(
        f"{name}={_word(value)}" for name, value in data.items() if value not in (None, "", [], {})
    )


def _word(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and not {" ", '"'} & set(value):
        return value
    return plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
