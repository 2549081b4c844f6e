"""What a query asks of an account: its books, its journal's file, and what is known of the moment.

Everything but `settled`, `full_symbol` and `rates` is read at once, without waiting.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from oms.domain.events import AccountState
from oms.domain.records import SymbolRecord
from oms.projections import Books
from oms.projections.margin_inputs import MarginInputs
from oms.projections.rates import Forex
from protocol.enums import Timeframe
from protocol.records.market import Rate

from .refusal import VENUE_UNAVAILABLE


class VenueUnavailable(Exception):
    """The venue cannot be asked now, or did not answer; text and code say why, without secrets."""

    def __init__(self, message: str, code: str = VENUE_UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code


class UnknownSymbol(Exception):
    """The venue has no such symbol."""


class Moment(NamedTuple):
    """Now, by both clocks."""

    utc: float  # seconds since 1970
    monotonic: float  # seconds, of any start


class Shown(NamedTuple):
    """A symbol's merged quote; a price of 0 was never set.  Live and delayed ones never mix."""

    symbol: str
    time: int  # ms of server time
    bid: float
    ask: float
    last: float
    volume: float  # lots of the last trade
    delayed: bool
    received: float  # when its last tick came, by the monotonic clock


class Listed(msgspec.Struct, frozen=True):
    """A line of the venue's symbol list."""

    symbol: str
    path: str = ""  # categories, then the symbol, by \
    description: str = ""
    digits: int = 0
    calc_mode: str = ""  # forex, cfd, futures, ...


class Breaker(msgspec.Struct, frozen=True):
    """Whether requests of a class are sent."""

    state: str  # closed: they are; open: they are not; half_open: one is tried
    failures: int = 0  # in a row
    until: str | None = None  # of open: when one is tried again, RFC 3339, UTC


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the connection to the venue is."""

    url: str = ""
    connected: bool = False
    authenticated: bool = False
    feed_live: bool = False
    degraded: bool = False  # round trips have been too long for some time
    breakers: Mapping[str, Breaker] = {}  # by class of requests
    since: str | None = None  # when the link became what it is, RFC 3339, UTC
    round_trip: float | None = None  # seconds of the last ping
    reconnects: int = 0  # since the daemon started
    drift: Mapping[str, int] = {}  # what the documents do not know, by kind
    last_error: str = ""
    subscribed: int = 0  # symbols whose quotes are asked for


class Quotes(Protocol):
    """The quotes of an account's symbols: of each the live one, else the delayed one."""

    def get(self, symbol: str) -> Shown | None:
        """A symbol's quote."""
        ...

    def all(self) -> Iterable[Shown]:
        """All of them."""
        ...


class View(Protocol):
    """One account as queries see it."""

    @property
    def account(self) -> str:
        """Its label."""
        ...

    @property
    def books(self) -> Books:
        """As the journal has them, between turns."""
        ...

    @property
    def seq(self) -> int:
        """The last event recorded."""
        ...

    @property
    def head(self) -> str:
        """The chain's hash there, in hex."""
        ...

    @property
    def path(self) -> Path:
        """The journal's file."""
        ...

    @property
    def aliases(self) -> Mapping[str, str]:
        """Symbols that are called otherwise at the broker: the name in a request -> the broker's."""
        ...

    @property
    def quotes(self) -> Quotes:
        """The quotes of this session."""
        ...

    @property
    def standing(self) -> AccountState:
        """Link and permission of this moment."""
        ...

    @property
    def health(self) -> Health:
        """How the connection is."""
        ...

    @property
    def offset(self) -> int:
        """Seconds that the server's clock is ahead of UTC, summer time and drift in it."""
        ...

    @property
    def forex(self) -> Forex:
        """What converts currencies: of all that the venue lists, else of all that the books know."""
        ...

    @property
    def margins(self) -> MarginInputs:
        """Leverage rules, margin rates, the day's money: the venue's latest word."""
        ...

    def moment(self) -> Moment:
        """Now."""
        ...

    def listed(self) -> Iterable[Listed]:
        """The venue's symbol list; empty before it was asked for."""
        ...

    async def settled(self, min_seq: int) -> None:
        """Return when `min_seq` is recorded and nothing is between commit and fold."""

    async def full_symbol(self, name: str) -> SymbolRecord:
        """A specification, asked of the venue; raises UnknownSymbol, VenueUnavailable."""
        ...

    async def rates(self, symbol: str, timeframe: Timeframe, start: int, end: int) -> Sequence[Rate]:
        """Bars that open from `start` to before `end`, seconds of server time, by time.

        Raises UnknownSymbol, VenueUnavailable.
        """
        ...
