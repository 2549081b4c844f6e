"""A terminal's session at the replaying gateway: requests are answered by the paper venue's front desk.

There is no market behind it and no deal is ever made: what an account is, it stays.  Accounts are empty, but
for the first one where it is given a past; of that the venue remembers the last days.
"""

import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Final, NamedTuple

from oms.paper.assembly import assemble
from oms.paper.desk import Desk, Visitor
from oms.paper.listing import SymbolSettings
from oms.paper.settings import AccountSettings, Settings
from protocol.enums import Code
from protocol.messages import Answer, Refused, Request
from protocol.records.access import BootstrapAnswer
from protocol.records.trade import TradeAnswer
from protocol.session import Role, Session
from tests.bench.past import EVERY_S, trips
from tests.bench.peer import Peer, framed

FIRST_LOGIN: Final = 1001
PASSWORD: Final = "bench"  # noqa: S105 - known to everybody
TRADE: Final = 12
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


class FrontDesk:
    """The answers that all sessions share; `heard` has monotonic ns and action_id of each trade request."""

    def __init__(self, accounts: int, symbols: int, past: Past = NO_PAST) -> None:
        self._server = assemble(settings(accounts, symbols), Wall()).server
        self.heard: list[tuple[int, int]] = []
        account = self._server.desk.venue.accounts[FIRST_LOGIN]
        for trip in trips(past.trips, past.until_s, first=max(0, past.trips - REMEMBERED)):
            account.deals.extend(trip.deals)
            account.history.extend(trip.orders)

    @property
    def server_ms(self) -> int:
        """The server's time."""
        return self._server.moment.server_ms

    def answer(self, visitor: Visitor, request: Request) -> Answer | Refused:
        """Trade requests are accepted, and nothing comes of them."""
        if request.command == TRADE:
            self.heard.append((time.monotonic_ns(), request.value.action_id))
            return Answer(TRADE, TradeAnswer(0))
        desk: Desk = self._server.desk
        return desk.reply(self._server.moment, visitor, request).answer


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
                    answer = self._desk.answer(self.visitor, request)
                    if isinstance(answer, Answer) and isinstance(answer.value, BootstrapAnswer):
                        self.key = answer.value.key
                else:
                    answer = Refused(request.command, Code.INTERNAL_ERROR)
                self._waiting.append(memoryview(framed(self._session.send(answer) or b"")))

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
    terminal = Terminal(Peer.accept(sock), number, desk)
    sock.setblocking(False)
    return terminal


def settings(accounts: int, symbols: int) -> Settings:
    """A venue of empty accounts from FIRST_LOGIN on; its usual symbols first, then more like EURUSD."""
    names = [one.spec.trade_symbol for one in Settings().instruments()][:symbols]
    more = [f"BENCH{number}" for number in range(symbols - len(names))]
    return Settings(
        default_symbols=False,
        symbols=(
            *(SymbolSettings(name=name) for name in names),
            *(SymbolSettings(name=name, like="EURUSD") for name in more),
        ),
        accounts=tuple(
            AccountSettings(login=FIRST_LOGIN + number, password=PASSWORD, balance=Decimal(0))
            for number in range(accounts)
        ),
    )
