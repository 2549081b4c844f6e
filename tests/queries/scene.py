"""An account to be asked: a real journal on disk, real books, quotes made by hand, a venue of a few bars."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import trio

from oms.domain.events import (
    AccountChanged,
    AccountOpened,
    AccountState,
    DealBooked,
    Event,
    LedgerOpened,
    OrderEnded,
    OrderPlaced,
    PositionAdjusted,
    SymbolChanged,
    data_of,
    type_of,
)
from oms.domain.records import SymbolRecord
from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from oms.projections import Books
from oms.projections.margin_inputs import MarginInputs
from oms.projections.rates import Forex
from oms.projections.specification import calc_mode
from oms.queries import Health, Listed, Moment, Reply, Shown, UnknownSymbol, VenueUnavailable, answer
from oms.queries.view import Breaker
from protocol.enums import Timeframe
from protocol.records.market import Rate

D = Decimal
OFFSET = 7200
NOON = 1_795_255_200  # 2026-11-21T10:00:00Z by `date -u -d @1795255200`; noon by the server
SERVER_NOON_MS = (NOON + OFFSET) * 1000
EPOCH = "00" * 15 + "07"


def at(second: int) -> str:
    """A server time in the minute after noon."""
    return f"2026-11-21T12:00:{second:02}.000+02:00"


def specification(symbol: str, base: str, profit: str, **more: Any) -> SymbolRecord:
    usual: dict[str, Any] = {
        "path": f"Forex\\{symbol}",
        "description": f"{base} in {profit}",
        "currency_base": base,
        "currency_profit": profit,
        "currency_margin": base,
        "base_digits": 2,
        "profit_digits": 2,
        "margin_digits": 2,
        "digits": 5,
        "point": D("0.00001"),
        "tick_size": D("0.00001"),
        "contract_size": D("100000"),
        "calc_mode": "forex",
        "trade_mode": "full",
        "execution": "market",
        "volume_min": D("0.01"),
        "volume_max": D("100.00"),
        "volume_step": D("0.01"),
        "tick_value": D("1"),
        "face_value": D("0"),
        "accrued_interest": D("0"),
        "price_settle": D("0"),
        "price_limit_min": D("0"),
        "price_limit_max": D("0"),
        "margin_initial": D("0"),
        "margin_maintenance": D("0"),
        "margin_hedged": D("100000"),
        "margin_rate_currency": D("0"),
        "margin_rates_initial": (D("1"), D("1"), *(D("0"),) * 6),
        "margin_rates_maintenance": (D("0"),) * 8,
        "trade_sessions": ((), ((0, 1440),), ((0, 1440),), ((0, 1440),), ((0, 1440),), ((0, 1440),), ()),
    }
    return SymbolRecord(symbol, **(usual | more))


def changed(record: SymbolRecord) -> SymbolChanged:
    return SymbolChanged(*msgspec.structs.astuple(record))


EURUSD = specification("EURUSD", "EUR", "USD")
USDJPY = specification("USDJPY", "USD", "JPY", digits=3, profit_digits=0)
EURJPY = specification("EURJPY", "EUR", "JPY", digits=3, profit_digits=0)


def bought(ticket: int, symbol: str, volume: str, price: str, second: int, **more: Any) -> DealBooked:
    usual: dict[str, Any] = {
        "order": str(1000 + ticket),
        "position": str(1000 + ticket),
        "symbol": symbol,
        "type": "buy",
        "entry": "in",
        "volume": D(volume),
        "price": D(price),
        "profit": D("0.00"),
        "commission": D("-0.35"),
        "swap": D("0.00"),
        "fee": D("0.00"),
        "digits": 5,
        "time": at(second),
    }
    return DealBooked(str(ticket), **(usual | more))


# Seqs: account.opened is 1.
STORY: tuple[Event, ...] = (
    AccountChanged(  # 2
        type="demo",
        name="Demo",
        server="Paper-1",
        company="Paper",
        currency="USD",
        leverage=100,
        margin_mode="retail_hedging",
        margin_free_mode="all",
        stop_out_mode="percent",
        stop_out_call=D("100"),
        stop_out_level=D("50"),
        utc_offset=OFFSET,
    ),
    changed(EURUSD),  # 3
    changed(USDJPY),  # 4
    LedgerOpened(D("0.00"), D("0.00")),  # 5
    DealBooked("1", type="balance", profit=D("10000.00"), time=at(0)),  # 6
    OrderEnded(  # 7
        "1002",
        symbol="EURUSD",
        type="buy",
        state="filled",
        volume=D("0.10"),
        remaining=D("0.00"),
        price=D("1.08"),
        filling="fok",
        time_in_force="gtc",
        position="1002",
        reason="client",
        digits=5,
        setup_at=at(1),
        done_at=at(1),
    ),
    bought(2, "EURUSD", "0.10", "1.08", 1),  # 8
    bought(3, "USDJPY", "0.20", "150.00", 2, digits=3),  # 9
    PositionAdjusted(  # 10
        "1003",
        ticket="1003",
        symbol="USDJPY",
        side="buy",
        volume=D("0.20"),
        price=D("150.00"),
        sl=D("149"),
        swap=D("-0.18"),
        commission=D("0.00"),
        digits=3,
        opened_at=at(2),
        updated_at=at(3),
    ),
    OrderPlaced(  # 11
        "1010",
        symbol="EURUSD",
        type="buy_limit",
        state="placed",
        volume=D("1.00"),
        remaining=D("1.00"),
        price=D("1.07"),
        filling="return",
        time_in_force="gtc",
        reason="client",
        comment="resting",
        digits=5,
        setup_at=at(4),
    ),
    AccountState("ready", "active", "equal"),  # 12
)


@dataclass
class Board:
    """Quotes by hand."""

    quotes: dict[str, Shown] = field(default_factory=dict)

    def put(self, symbol: str, bid: float, ask: float, *, last: float = 0.0, **more: Any) -> None:
        usual: dict[str, Any] = {"time": SERVER_NOON_MS, "volume": 0.0, "delayed": False, "received": 100.0}
        self.quotes[symbol] = Shown(symbol=symbol, bid=bid, ask=ask, last=last, **(usual | more))

    def get(self, symbol: str) -> Shown | None:
        return self.quotes.get(symbol)

    def all(self) -> Iterable[Shown]:
        return self.quotes.values()


class Venue:
    """What a venue would answer."""

    def __init__(self) -> None:
        self.specifications = {"EURJPY": EURJPY}
        self.bars: list[Rate] = []
        self.asked: list[tuple[str, str, int, int]] = []
        self.away = ""  # why it cannot be asked

    def _check(self, known: bool) -> None:
        if self.away:
            raise VenueUnavailable(self.away)
        if not known:
            raise UnknownSymbol

    async def full_symbol(self, name: str) -> SymbolRecord:
        await trio.lowlevel.checkpoint()
        self._check(name in self.specifications)
        return self.specifications[name]

    async def rates(self, symbol: str, timeframe: Timeframe, start: int, end: int) -> Sequence[Rate]:
        await trio.lowlevel.checkpoint()
        self.asked.append((symbol, timeframe.name, start, end))
        self._check(symbol == "EURUSD")
        return [bar for bar in self.bars if start <= bar.time < end]


class Account:
    """A view."""

    def __init__(self, folder: Path, story: Iterable[Event] = STORY) -> None:
        self.account = "main"
        self.journal = Journal.open(
            folder,
            "main",
            clock=self._clock,
            random=lambda _: bytes.fromhex(EPOCH),
            opened={"login": "1001", "server": "Paper-1"},
            kind="inline",
            checkpoints_apart=False,
            ballast_bytes=0,
        )
        self.moved = trio.Event()
        self.books = Books()
        self.quotes = Board()
        self.aliases: dict[str, str] = {}
        self.venue = Venue()
        self.standing = AccountState("ready", "active", "equal")
        self.health = Health(
            url="wss://127.0.0.1/terminal",
            connected=True,
            round_trip=0.0125,
            subscribed=3,
            breakers={"opening": Breaker("open", 5, "2026-11-21T10:00:10.000000000Z")},
        )
        self.offset = OFFSET
        self.now = Moment(NOON + 1.5, 101.0)
        self.margins = MarginInputs(rules=(), positions={"1002": 1.08, "1003": 1.0})
        self.symbols = [Listed("EURUSD", "Forex\\EURUSD"), Listed("GBPUSD", "Forex\\GBPUSD")]
        self.full_symbol, self.rates = self.venue.full_symbol, self.venue.rates
        self.books.fold(AccountOpened(EPOCH, "1", "1001", "Paper-1"))
        self.record(*story)

    def _clock(self) -> int:
        """Each event one second after the one before, from noon on."""
        written = self.journal.seq if hasattr(self, "journal") else 0
        return (NOON + written) * 1_000_000_000

    def record(self, *events: Event) -> None:
        for event in events:
            self.journal.write([Draft(type_of(event), 1, data_of(event))])
            self.books.fold(event)
        self.moved.set()
        self.moved = trio.Event()

    @property
    def seq(self) -> int:
        return self.journal.seq

    @property
    def head(self) -> str:
        return self.journal.head.hex()

    @property
    def path(self) -> Path:
        return self.journal.path

    @property
    def forex(self) -> Forex:
        return Forex((one.symbol, calc_mode(one)) for one in self.books.symbols)

    def moment(self) -> Moment:
        return self.now

    def listed(self) -> Iterable[Listed]:
        return self.symbols

    async def settled(self, min_seq: int) -> None:
        while self.seq < min_seq:
            await self.moved.wait()
        await trio.lowlevel.checkpoint()

    async def asked(self, what: str, request: Mapping[str, Any] | bytes = b"", **headers: str) -> Reply:
        payload = request if isinstance(request, bytes) else json.dumps(request).encode()
        return await answer(self, what, headers, payload)

    async def ask(self, what: str, request: Mapping[str, Any] | bytes = b"") -> dict[str, Any]:
        """The reply of a query that is answered."""
        reply = await self.asked(what, request)
        assert reply.error is None, reply
        found: dict[str, Any] = json.loads(reply.payload)
        return found

    async def refused(
        self, what: str, request: Mapping[str, Any] | bytes = b""
    ) -> tuple[int, str, str | None]:
        """Number, code and field of the refusal."""
        reply = await self.asked(what, request)
        assert reply.error is not None, reply
        error = json.loads(reply.payload)["error"]
        assert error["message"]
        assert reply.error[1] == error["code"]
        return reply.error[0], error["code"], error["field"]
