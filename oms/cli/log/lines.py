"""An event as one line for people."""

import json
from collections.abc import Mapping
from typing import Any, Final

import typer

from oms.cli.printing import console, plain

SEQ, TYPE, SYMBOL = 9, 24, 12  # letters; more are not cut
TIME: Final = len("2026-11-21T01:04:05.123456789Z")
# Of the type's first word: what somebody looks for is seen among the rest.
COLOURS: Final = {
    "deal": "green", "position": "green", "order": "cyan", "balance": "green", "command": "magenta",
    "risk": "yellow", "reconcile": "yellow", "session": "blue", "drift": "red", "anomaly": "red",
}  # fmt: skip


class Lines:
    """Lines of events, all alike; on a terminal coloured, and cut where it ends."""

    def __init__(self, account: int) -> None:
        """`account` is how wide the column with the account is, 0 without one."""
        terminal = console()
        self._account = account
        self._coloured = terminal.is_terminal and not terminal.no_color
        self._width = terminal.width if terminal.is_terminal else None

    def head(self, when: str) -> str:
        """The titles of the columns; `when` is what the time says."""
        told = self._line("account", "seq", when, "type", "symbol", "data")
        return typer.style(told, bold=True) if self._coloured else told

    def line(self, account: str, seq: int, at: str, tag: str, data: Mapping[str, Any]) -> str:
        """One event; its data as words, None and empty values left out."""
        others = dict(data)
        symbol = plain(others.pop("symbol", ""))
        told = self._line(plain(account), str(seq), plain(at), plain(tag), symbol, _words(others))
        return typer.style(told, fg=COLOURS.get(tag.partition(".")[0])) if self._coloured else told

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
