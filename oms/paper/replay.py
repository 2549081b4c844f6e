"""Files of ticks replayed: a feed (feed.py) at their own pace, faster, or as fast as possible."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, TextIO

from protocol.records.symbols import FullSymbol

from .feed import BATCH, Tick
from .fitness import HIGHEST
from .model import LOT


class CsvError(ValueError):
    """A tick file that cannot be used: which, where, and why."""

    def __init__(self, path: Path, line: int, field: str, message: str) -> None:
        self.path, self.line, self.field, self.message = path, line, field, message
        super().__init__(f"{path}:{line}: {field}: {message}" if field else f"{path}:{line}: {message}")


COLUMNS: Final = ("time", "bid", "ask", "last", "volume")
NEVER: Final = -(2**63)  # before every row


class _Row(NamedTuple):
    at_ms: int  # the file's own time
    bid: float
    ask: float
    last: float
    volume: int


class CsvFeed:
    """Tick files replayed: `time,bid,ask[,last,volume]` a line, .csv or .csv.gz, with or without that header.

    A time is ISO 8601 (UTC where it names no zone) or a unix time in seconds or milliseconds, told by its
    size; times never go back within a file.  Volume is in lots.  An empty last or volume means none.

    The earliest row of all files falls on the start, the others as far behind it as in the files, divided by
    `speed`.  Speed 0 is as fast as possible: everything is due at once and stamped with the time at which it
    is taken.  Sessions are not applied: who brings ticks decides when they come.

    Raises CsvError for a file without rows, and for the first bad row, at construction, where the files are
    read once in full; `verify` False leaves that until the row's turn comes.  With `specs` prices must be on
    the digits of the symbol.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        start_utc_ms: int,
        speed: float = 1.0,
        *,
        specs: Mapping[str, FullSymbol] | None = None,
        verify: bool = True,
    ) -> None:
        if not (isfinite(speed) and speed >= 0):
            raise ValueError(f"speed: {speed} is neither 0 nor above it")
        self._start = start_utc_ms
        self._speed = speed
        self._heap: list[tuple[int, int]] = []  # time, index; the row itself waits beside it
        self._symbols = list(paths)
        digits = [specs[name].digits if specs and name in specs else None for name in self._symbols]
        if verify:
            for path, places in zip(paths.values(), digits, strict=True):
                for _ in _rows(path, places):
                    pass
        self._files = [_rows(path, places) for path, places in zip(paths.values(), digits, strict=True)]
        self._waiting: dict[int, _Row] = {}
        for index in range(len(self._files)):
            self._read(index)
        self._first = self._heap[0][0] if self._heap else 0

    def opening(self) -> list[Tick]:
        """Nothing: what stood before the first row is in no file."""
        return []

    def next_utc_ms(self) -> int | None:
        """When the next row is due; at speed 0 the start; None when the files are at their end."""
        if not self._heap:
            return None
        return self._due(self._heap[0][0]) if self._speed else self._start

    def take(self, until_utc_ms: int) -> list[Tick]:
        """The rows due until then, at most BATCH."""
        out: list[Tick] = []
        while self._heap and len(out) < BATCH:
            at_ms, index = self._heap[0]
            due = self._due(at_ms) if self._speed else until_utc_ms
            if due > until_utc_ms or until_utc_ms < self._start:
                break
            row = self._waiting[index]
            out.append(Tick(self._symbols[index], due, row.bid, row.ask, row.last, row.volume))
            heappop(self._heap)
            self._read(index)
        return out

    def _due(self, at_ms: int) -> int:
        return self._start + int((at_ms - self._first) / self._speed)

    def _read(self, index: int) -> None:
        row = next(self._files[index], None)
        if row is not None:
            self._waiting[index] = row
            heappush(self._heap, (row.at_ms, index))


def _rows(path: Path, digits: int | None) -> Iterator[_Row]:
    """The rows of a file; the last price goes on until another one comes."""
    line = 0
    try:
        with _open(path) as file:
            before, last = NEVER, 0.0
            for line, text in enumerate(file, 1):
                cells = text.strip().split(",")
                if cells == [""] or (line == 1 and _is_header(cells, path)):
                    continue
                row = _row(cells, path, line, digits, last)
                if row.at_ms < before:
                    raise CsvError(path, line, "time", f"{cells[0]} is before the row above")
                before, last = row.at_ms, row.last
                yield row
            if before == NEVER:
                raise CsvError(path, line + 1, "", "there is no tick in it")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as why:
        raise CsvError(path, line + 1, "", f"cannot be read: {why}") from None


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _is_header(cells: list[str], path: Path) -> bool:
    names = tuple(cell.strip().lower() for cell in cells)
    if names[0] != "time":
        return False
    if names not in (COLUMNS[:3], COLUMNS[:4], COLUMNS):
        raise CsvError(path, 1, "", f"header {','.join(cells)}: must be time,bid,ask[,last[,volume]]")
    return True


def _row(cells: list[str], path: Path, line: int, digits: int | None, last: float) -> _Row:
    """One row; raises CsvError with the field that is wrong."""

    def wrong(field: str, message: str) -> NoReturn:
        raise CsvError(path, line, field, message)

    def price(index: int) -> float:
        value = _number(cells[index])
        if value is None or not 0 < value <= HIGHEST:
            wrong(COLUMNS[index], f"{cells[index]!r} is not a price above 0 and up to {HIGHEST:g}")
        if digits is not None and round(value, digits) != value:
            wrong(COLUMNS[index], f"{cells[index]} has more than the symbol's {digits} digits")
        return value

    if not 3 <= len(cells) <= 5:
        wrong(COLUMNS[min(len(cells), 4)], f"{len(cells)} fields: must be time,bid,ask[,last[,volume]]")
    at_ms = _time_ms(cells[0])
    if at_ms is None:
        wrong("time", f"{cells[0]!r} is neither ISO 8601 nor a unix time")
    bid, ask = price(1), price(2)
    if ask < bid:
        wrong("ask", f"{cells[2]} is below the bid {cells[1]}")
    if len(cells) > 3 and cells[3].strip() not in ("", "0"):
        last = price(3)
    volume = _number(cells[4]) if len(cells) > 4 and cells[4].strip() else 0.0
    if volume is None or not 0 <= volume < 1e9:
        wrong("volume", f"{cells[4]!r} is not a number of lots")
    return _Row(at_ms, bid, ask, last, round(volume * LOT))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in text else None


def _time_ms(text: str) -> int | None:
    value = _number(text)
    if value is not None:
        # 10^11 seconds is the year 5138, 10^11 milliseconds 1973.
        return round(value if value >= 1e11 else value * 1000) if 0 <= value < 1e14 else None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
