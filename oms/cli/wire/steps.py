"""`oms wire check`: one line at a time, and the topics whose state goes on from step to step."""

from collections.abc import Callable
from typing import Any, Final

from oms.cli.wire.check import TOPICS
from oms.cli.wire.values import (
    Line,
    WireError,
    needed,
    read_bytes,
    read_float,
    read_int,
    read_list,
    read_object,
)
from oms.cli.wire.view import from_json, to_json
from protocol.book import OrderBook
from protocol.commands import COMMANDS
from protocol.quotes import NEVER, Quote, Quotes, SymbolQuotes
from protocol.records.market import BookLevel

TICKS: Final = 8
STATISTICS: Final = 17
I32: Final = (-(2**31), 2**31 - 1)
U32: Final = (0, 2**32 - 1)

QUOTE_FIELDS: Final = [
    "bid",
    "ask",
    "bid_last",
    "ask_last",
    "bid_src",
    "ask_src",
    "last_last",
    "bid_high",
    "bid_low",
    "ask_high",
    "ask_low",
    "price_open",
    "price_close",
    "price_change",
    "tick_time",
    "tick_time_ms",
    "lasttime_bidask",
    "lasttime_last",
    "fields",
]
LAST_TIMES: Final = ("lasttime_bidask", "lasttime_last")


class QuoteCheck:
    """Topic quote: one symbol, whatever id its records carry first."""

    name = "quote"

    def __init__(self, fields: Line) -> None:
        self._symbol = SymbolQuotes(
            read_int(needed(fields, "digits"), "digits", *U32),
            read_float(needed(fields, "point"), "point"),
            read_int(fields.get("spread_diff", 0), "spread_diff", *I32),
            read_int(fields.get("spread_diff_balance", 0), "spread_diff_balance", *I32),
        )
        self._quotes = Quotes()
        self._known = False

    def step(self, step: Line, path: str) -> None:
        """Merge one push of ticks or statistics."""
        command = read_int(needed(step, "command", f"{path}.command"), f"{path}.command", *U32)
        body = COMMANDS[command].push if command in (TICKS, STATISTICS) else None
        if body is None:
            raise WireError("unknown_command", f"{path}.command: not 8 or 17", f"{path}.command")
        records, _ = body.decode(read_bytes(needed(step, "hex", f"{path}.hex"), f"{path}.hex"))
        if records and not self._known:
            self._known = True
            self._quotes.add(records[0].symbol_id, self._symbol)
        if command == TICKS:
            self._quotes.apply_ticks(records.rows())
        else:
            self._quotes.apply_statistics(records)

    def state(self) -> Line:
        """The live state."""
        quote: Quote = self._symbol.live
        shown = {name: getattr(quote, name) for name in QUOTE_FIELDS}
        shown |= {name: None if shown[name] == NEVER else shown[name] for name in LAST_TIMES}
        return {**{name: to_json(value) for name, value in shown.items()}, "vol_last": str(quote.vol_last)}


class BookCheck:
    """Topic book: one symbol."""

    name = "book"

    def __init__(self, fields: Line) -> None:
        self._book = OrderBook(
            read_int(needed(fields, "digits"), "digits", *U32),
            read_float(needed(fields, "contract_size"), "contract_size"),
        )

    def step(self, step: Line, path: str) -> None:
        """Merge one book."""
        flags = read_int(step.get("books_flags", 0), f"{path}.books_flags", *U32)
        self._book.apply(flags, from_json(list[BookLevel], step.get("levels", []), f"{path}.levels"))

    def state(self) -> Line:
        """Both sides."""
        return {"sell": to_json(self._book.sell), "buy": to_json(self._book.buy)}


STEP_TOPICS: Final[dict[str, Callable[[Line], QuoteCheck | BookCheck]]] = {
    check.name: check for check in (QuoteCheck, BookCheck)
}


def check_line(topic: str, line: Line) -> Line:
    """The answer to one line: `{"parsed"}`, and `steps` where there were some."""
    fields = read_object(needed(line, "fields"), "fields")
    if topic in TOPICS:
        return {"parsed": TOPICS[topic](fields)}
    check = STEP_TOPICS[topic](fields)
    states: list[Any] = []
    for number, step in enumerate(read_list(line.get("steps", []), "steps")):
        path = f"steps[{number}]"
        check.step(read_object(step, path), path)
        states.append({check.name: check.state()})
    answer: Line = {"parsed": check.state()}
    return answer | {"steps": states} if states else answer
