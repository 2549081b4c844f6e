"""One record on its way from the wire: each field as an exact value, each oddity told once.

A `Reading` never raises on what a record holds.  The anomalies it gathers carry the record's bytes, so that
what was really there can be looked at later.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple

from oms.domain.events import AnomalySeen
from oms.domain.values import EXACT, MAX_DIGITS, ZERO, lots, on_grid, tidy
from oms.domain.words import named, word

LARGEST_TICKET: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1)
DAY: Final = 24 * 3600


class Terms(NamedTuple):
    """What a record is read by: the server's clock and the account's currency."""

    offset: int = 0  # seconds east of UTC
    digits: int = 2  # of money

    @property
    def writable(self) -> bool:
        """Whether RFC 3339 can write the offset: whole minutes, less than a day."""
        return self.offset % 60 == 0 and abs(self.offset) < DAY

    @property
    def zone(self) -> str:
        """The offset as RFC 3339 writes it; one that cannot be written so counts as none."""
        return _zone(self.offset if self.writable else 0)


@lru_cache(maxsize=64)
def _zone(offset: int) -> str:
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def storable(text: str) -> str:
    """The text as UTF-8 can hold it; a lone surrogate becomes the text \\udXXX."""
    return text.encode("utf-8", "backslashreplace").decode()


class Reading:
    """The fields of one record."""

    def __init__(self, terms: Terms, subject: str, raw: Callable[[], bytes]) -> None:
        self._terms = terms
        self._subject = subject
        self._raw = raw
        self._found: list[tuple[str, str, str]] = []  # kind, field, value

    def anomalies(self, symbol: str = "") -> tuple[AnomalySeen, ...]:
        """What could not be taken as it came."""
        if not self._found:
            return ()
        raw = b64encode(self._raw()).decode()
        return tuple(
            AnomalySeen(kind, self._subject, symbol, field, value, raw) for kind, field, value in self._found
        )

    def odd(self, kind: str, field: str, value: object) -> None:
        """Note something."""
        self._found.append((kind, field, str(value)))

    def text(self, field: str, value: str) -> str:
        """A string that UTF-8 can hold; a lone surrogate becomes the text \\udXXX."""
        try:
            value.encode()
        except UnicodeEncodeError:
            stored = storable(value)
            self.odd("lone_surrogate", field, stored)
            return stored
        return value

    def word(self, field: str, names: type[IntEnum], number: int) -> str:
        """The number's name; its digits where it has none."""
        found = word(names, number)
        if not named(found):
            self.odd("unlisted_value", field, number)
        return found

    def ticket(self, field: str, number: int) -> str | None:
        """A ticket; 0 is none."""
        if 0 < number <= LARGEST_TICKET:
            return str(number)
        if number:
            self.odd("bad_ticket", field, number)
        return None

    def lots(self, volume: int) -> Decimal:
        """A volume of the wire, lots × 10^8 (docs/protocol.md 6.9)."""
        return lots(Decimal(volume).scaleb(-8, EXACT))

    def number(self, field: str, double: float) -> Decimal | None:
        """The decimal that a double is written as; None for what is not finite."""
        if not double:
            return ZERO
        if not isfinite(double):
            self.odd("not_finite", field, double)
            return None
        return tidy(Decimal(repr(double)))

    def numbers(self, field: str, doubles: Iterable[float]) -> tuple[Decimal | None, ...]:
        """A row of them."""
        return tuple(self.number(field, double) for double in doubles)

    def level(self, field: str, double: float) -> Decimal | None:
        """A stop loss, a take profit, a limit: 0 is none."""
        return self.number(field, double) or None

    def money(self, field: str, double: float) -> Decimal | None:
        """An amount of the account's currency, on its grid where it is near it (docs/semantics.md 5)."""
        exact = self.number(field, double)
        if exact is None:
            return None
        amount, near = on_grid(exact, self._terms.digits)
        if not near:
            self.odd("off_grid", field, exact)
        return amount

    def digits(self, field: str, number: int) -> int:
        """Decimal places; more than 8 act as 8 (docs/protocol.md 7.1)."""
        if number > MAX_DIGITS:
            self.odd("unlisted_value", field, number)
        return min(number, MAX_DIGITS)

    def time(self, seconds: int, ms: int = 0) -> str | None:
        """A server time with the offset now in force; 0 is none."""
        if not seconds and not ms:
            return None
        at = _EPOCH + timedelta(seconds=seconds, milliseconds=ms)
        return at.isoformat(timespec="milliseconds") + self._terms.zone
