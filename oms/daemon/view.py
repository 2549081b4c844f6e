"""An account as queries see it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from oms.domain.events import AccountState
from oms.domain.records import SymbolRecord
from oms.domain.words import word
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.ingest.breakers import BreakerOpen
from oms.ingest.quotes import QuoteBoard
from oms.ingest.quotes import Shown as Merged
from oms.projections import Books
from oms.projections.margin_inputs import MarginInputs
from oms.projections.rates import Forex
from oms.queries.refusal import BAD_ANSWER, BREAKER_OPEN, BUSY, TIMEOUT
from oms.queries.view import Breaker, Health, Listed, Moment, Shown, UnknownSymbol, VenueUnavailable
from oms.sessions.bucket import Bucket
from oms.sessions.outage import AnswerUnreadable, Outage, TimedOut
from protocol.enums import CalcMode, Timeframe
from protocol.errors import LocalProtocolError
from protocol.messages import Refused, Request
from protocol.records.market import Rate, RatesRequest

RATES: Final = 11


class QuotesView:
    """The quote board, as queries want quotes."""

    def __init__(self, board: QuoteBoard, now: Callable[[], Moment]) -> None:
        self._board, self._now = board, now

    def get(self, symbol: str) -> Shown | None:
        """A symbol's quote."""
        found = self._board.get(symbol)
        return None if found is None else self._shown(found, self._now())

    def all(self) -> Iterator[Shown]:
        """All of them."""
        now = self._now()
        return (self._shown(found, now) for found in self._board)

    def _shown(self, found: Merged, now: Moment) -> Shown:
        age = now.utc - found.received_at / 1e9
        return Shown(
            found.symbol,
            found.time,
            found.bid or 0.0,
            found.ask or 0.0,
            found.last or 0.0,
            found.volume,
            found.delayed,
            now.monotonic - age,
        )


class AccountView:
    """One account."""

    def __init__(self, account: Account, bucket: Bucket, wait_s: float, clock: Callable[[], int]) -> None:
        """The bucket is of requests for data; `wait_s` is how long one waits for its turn at most."""
        self._account, self._bucket, self._wait_s, self._clock = account, bucket, wait_s, clock
        self.quotes = QuotesView(account.feed.board, self.moment)

    @property
    def account(self) -> str:
        """Its label."""
        return self._account.name

    @property
    def books(self) -> Books:
        """As the journal has them, between turns."""
        return self._account.recorder.books

    @property
    def seq(self) -> int:
        """The last event recorded."""
        return self._account.recorder.seq

    @property
    def head(self) -> str:
        """The chain's hash there, in hex."""
        return self._account.recorder.head

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._account.recorder.path

    @property
    def aliases(self) -> Mapping[str, str]:
        """Symbols that are called otherwise at the broker."""
        return self._account.options.aliases

    @property
    def standing(self) -> AccountState:
        """Link and permission of this moment."""
        standing = self._account.standing
        return AccountState(standing.link, standing.permission, standing.reason)

    @property
    def health(self) -> Health:
        """How the connection is."""
        account, talk, connection = self._account, self._account.conversation, self._account.connection
        return Health(
            url=account.options.url,
            connected=account.connected,
            authenticated=account.connected and talk is not None and talk.authenticated,
            feed_live=account.connected
            and talk is not None
            and talk.watching.subscribed > 0
            and account.health.feed.live,
            degraded=account.connected and account.health.latency.degraded,
            breakers={name: Breaker(*one) for name, one in account.breakers.shown.items()},
            since=_rfc3339(account.standing.since_ns),
            round_trip=connection.round_trip_s if connection and account.connected else None,
            reconnects=max(0, account.connections - 1),
            drift={str(command): count for command, count in account.drift.by_command.items()},
            last_error=account.last_error,
            subscribed=talk.watching.subscribed if talk and account.connected else 0,
        )

    @property
    def offset(self) -> int:
        """Seconds that the server's clock is ahead of UTC, what was learned from ticks in it."""
        return self._account.offset(self.books)

    @property
    def forex(self) -> Forex:
        """What converts currencies."""
        return self._account.forex

    @property
    def margins(self) -> MarginInputs:
        """Leverage rules, margin rates, the day's money: the venue's latest word."""
        return self._account.margins.inputs

    def moment(self) -> Moment:
        """Now."""
        return Moment(self._clock() / 1e9, time.monotonic())

    def listed(self) -> Iterable[Listed]:
        """The venue's symbol list; empty before it was asked for."""
        talk = self._account.conversation
        if talk is None or talk.watching.catalogue is None:
            return
        for symbol in talk.watching.catalogue.symbols.values():
            yield Listed(
                symbol.trade_symbol,
                symbol.symbol_path,
                symbol.symbol_description,
                symbol.digits,
                word(CalcMode, symbol.trade_calc_mode),
            )

    async def settled(self, min_seq: int) -> None:
        """Return when `min_seq` is recorded and nothing is between commit and fold."""
        await self._account.recorder.settled(min_seq)

    async def full_symbol(self, name: str) -> SymbolRecord:
        """A specification, asked of the venue; raises UnknownSymbol, VenueUnavailable."""
        await self._may_ask(name)
        try:
            await self._account.specification(name)
        except (Outage, LocalProtocolError) as why:
            raise unavailable(why) from None
        except FileError as why:
            raise VenueUnavailable(f"the journal cannot be written: {why}") from None
        found = self.books.symbol(name)
        if found is None:
            raise UnknownSymbol(name)
        return found

    async def rates(self, symbol: str, timeframe: Timeframe, start: int, end: int) -> Sequence[Rate]:
        """Bars that open from `start` to before `end`, seconds of server time, by time.

        Raises UnknownSymbol, VenueUnavailable.
        """
        await self._may_ask(symbol)
        try:
            reply = await self._account.ask(Request(RATES, RatesRequest(symbol, timeframe, start, end)))
        except (Outage, LocalProtocolError) as why:
            raise unavailable(why) from None
        if isinstance(reply, Refused):
            raise VenueUnavailable(f"the venue refused it with code {reply.code}")
        if reply.drift.unread:  # half of an answer is none: bars may be missing
            raise VenueUnavailable(f"{reply.drift.unread} bytes of the answer cannot be read", BAD_ANSWER)
        bars = {bar.time: bar for bar in reply.value if start <= bar.time < end}
        return [bars[at] for at in sorted(bars)]

    async def _may_ask(self, symbol: str) -> None:
        """UnknownSymbol where the venue lists no such name; else takes of the data's share of requests.

        Commands have a share of their own, and no queue before the wire: so data never delay a trade.
        """
        talk = self._account.conversation
        if not self._account.connected or talk is None or talk.watching.catalogue is None:
            raise VenueUnavailable("there is no session with the venue at present")
        if symbol not in talk.watching.catalogue.symbols:
            raise UnknownSymbol(symbol)
        if not await self._bucket.take_within(self._wait_s):
            message = f"more is asked of the venue than may be: no turn within {self._wait_s:g} s"
            raise VenueUnavailable(message, BUSY)


def unavailable(why: Outage | LocalProtocolError) -> VenueUnavailable:
    """The same for who asked, by a code that says what may help."""
    match why:
        case BreakerOpen():
            return VenueUnavailable(str(why), BREAKER_OPEN)
        case TimedOut():
            return VenueUnavailable(str(why), TIMEOUT)
        case AnswerUnreadable():
            return VenueUnavailable(str(why), BAD_ANSWER)
    return VenueUnavailable(str(why))


def _rfc3339(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
