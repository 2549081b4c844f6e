"""A terminal's session at the replaying gateway: requests are answered by the paper venue's front desk.

The market behind it stands still: EURUSD has one price, and nothing has any other.  Accounts are empty, but
for the first one where it is given a past; of that the venue remembers the last days.  Where accounts are to
trade they have money instead, and the venue deals with them as it always does: at once.
"""

import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, NamedTuple

from oms.paper.assembly import assemble
from oms.paper.desk import Desk, Visitor
from oms.paper.feed import Tick
from oms.paper.listing import SymbolSettings
from oms.paper.model import Effect
from oms.paper.settings import AccountSettings, Settings
from oms.paper.telling import arranged, gathered
from protocol.enums import Code
from protocol.messages import Answer, Push, Refused, Request
from protocol.records.access import BootstrapAnswer
from protocol.session import Role, Session
from tests.bench.past import EVERY_S, trips
from tests.bench.peer import Peer, framed

FIRST_LOGIN: Final = 1001
PASSWORD: Final = "bench"  # noqa: S105 - known to everybody
TRADE, ACCOUNT_CHANGED = 12, 14
SYMBOL: Final = "EURUSD"
BID, ASK = 1.08000, 1.08003
MONEY: Final = Decimal(1_000_000)  # of an account that is to trade
REMEMBERED: Final = 7 * 24 * 3600 // EVERY_S  # trips: those of a week


class Past(NamedTuple):
    """So many round trips of the first account, the last one closed at `until_s`, server time."""

    trips: int = 0
    until_s: int = 0


NO_PAST: Final = Past()


class Wall:
    """The venue's clock."""

    def utc_ms(self) -> int:
        """Now."""
        return time.time_ns() // 1_000_000

    async def sleep_until(self, utc_ms: float) -> None:
        """Nothing waits here."""
        raise NotImplementedError


class Heard(NamedTuple):
    """A trade request, and when the system had it (monotonic ns)."""

    at_ns: int
    login: int
    action_id: int
    comment: str


class FrontDesk:
    """What all sessions are told; `heard` has each trade request."""

    def __init__(self, accounts: int, symbols: int, past: Past = NO_PAST, *, trading: bool = False) -> None:
        self._server = assemble(settings(accounts, symbols, trading=trading), Wall()).server
        self.heard: list[Heard] = []
        self._server.tick([Tick(SYMBOL, Wall().utc_ms(), BID, ASK, 0.0, 0)])
        account = self._server.desk.venue.accounts[FIRST_LOGIN]
        for trip in trips(past.trips, past.until_s, first=max(0, past.trips - REMEMBERED)):
            account.deals.extend(trip.deals)
            account.history.extend(trip.orders)

    @property
    def server_ms(self) -> int:
        """The server's time."""
        return self._server.moment.server_ms

    def told(self, visitor: Visitor, request: Request, got_ns: int) -> Iterator[Answer | Refused | Push]:
        """The answer to a request that was had then, and what is pushed with it."""
        desk: Desk = self._server.desk
        if request.command != TRADE:
            yield desk.reply(self._server.moment, visitor, request).answer
            return
        trade = request.value
        self.heard.append(Heard(got_ns, visitor.login or 0, trade.action_id, trade.comment))
        reply = desk.trade(self._server.moment, visitor, trade)
        manners = self._server.manners
        for one in arranged(manners.told, reply.answer, gathered(manners.transactions, reply.effects)):
            yield Push(one.command, self._pushed(one)) if isinstance(one, Effect) else one

    def _pushed(self, effect: Effect) -> Any:
        if effect.command != ACCOUNT_CHANGED:
            return effect.value
        account = self._server.venue.accounts[effect.login]
        return self._server.desk.account_body(account, self._server.moment, investor=False)


class Terminal:
    """One connection, its socket never waited for: what does not fit stays in `waiting`."""

    def __init__(self, peer: Peer, number: int, desk: FrontDesk) -> None:
        self.peer = peer
        self.key = b""
        self.visitor = Visitor(number)
        self._session = Session(Role.GATEWAY)
        self._desk = desk
        self._waiting: deque[memoryview] = deque()
        self._flood: Iterator[bytes] | None = None

    @property
    def subscribed(self) -> bool:
        """Whether it wants ticks."""
        return bool(self.visitor.ticks)

    def converse(self) -> None:
        """Answer what has arrived; ConnectionError where the terminal has gone."""
        for message in self.peer.receive_many():
            for request in self._session.receive(message):
                if isinstance(request, Request):
                    for told in self._desk.told(self.visitor, request, self.peer.got_ns):
                        self._say(told)
                else:
                    self._say(Refused(request.command, Code.INTERNAL_ERROR))

    def _say(self, told: Answer | Refused | Push) -> None:
        if isinstance(told, Answer) and isinstance(told.value, BootstrapAnswer):
            self.key = told.value.key
        self._waiting.append(memoryview(framed(self._session.send(told) or b"")))

    def flood(self, writes: Iterator[bytes]) -> None:
        """Send all this, a write whenever the socket takes more."""
        self._flood = writes

    def send(self, data: bytes) -> None:
        """Send behind what waits."""
        self._waiting.append(memoryview(data))

    def push(self) -> bool:
        """Write what the socket takes, one write of a flood at most; whether there is more."""
        if not self._waiting and self._flood is not None:
            if (data := next(self._flood, None)) is None:
                self._flood = None
            else:
                self._waiting.append(memoryview(data))
        with suppress(BlockingIOError):
            while self._waiting:
                first = self._waiting[0]
                sent = self.peer.sock.send(first)
                if sent < len(first):
                    self._waiting[0] = first[sent:]
                else:
                    self._waiting.popleft()
        return bool(self._waiting) or self._flood is not None


def welcomed(sock: socket.socket, number: int, desk: FrontDesk) -> Terminal:
    """A connection behind its handshake, which is waited for: it comes at once."""
    sock.settimeout(5)
    peer = Peer.accept(sock)
    peer.stamp()
    terminal = Terminal(peer, number, desk)
    sock.setblocking(False)
    return terminal


def settings(accounts: int, symbols: int, *, trading: bool = False) -> Settings:
    """A venue of accounts from FIRST_LOGIN on; its usual symbols first, then more like EURUSD.

    Accounts are empty and hedging, or have money and net what they trade.
    """
    names = [one.spec.trade_symbol for one in Settings().instruments()][:symbols]
    more = [f"BENCH{number}" for number in range(symbols - len(names))]
    return Settings(
        default_symbols=False,
        symbols=(
            *(SymbolSettings(name=name) for name in names),
            *(SymbolSettings(name=name, like="EURUSD") for name in more),
        ),
        accounts=tuple(
            AccountSettings(
                login=FIRST_LOGIN + number,
                password=PASSWORD,
                balance=MONEY if trading else Decimal(0),
                margin_mode="netting" if trading else "hedging",
            )
            for number in range(accounts)
        ),
    )
