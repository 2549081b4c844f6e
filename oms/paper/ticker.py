"""Ticks: a new quote meets the stops, pending orders and levels of the accounts that it concerns.

A tick is cheap while it stays between the borders of its symbol (borders.py); only past them orders and
positions are looked at one by one.  Margin levels move with every tick; they are looked at when prices first
move, and then every 200 ms as long as they do, which is how often a client reckons (docs/protocol.md 7.2).
"""

from .borders import Borders, borders
from .closing import stopped
from .feed import Tick
from .floor import Floor
from .model import Account, Moment, Price
from .pendings import triggered
from .stopout import enforce

LEVELS_EVERY_MS = 200
_new = tuple.__new__  # a NamedTuple's own call costs twice as much


class Ticker:
    """What ticks set off, and where."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._concerned: dict[str, set[int]] = {}  # symbol -> accounts with orders or positions in it
        self._symbols: dict[int, set[str]] = {}  # the same by account
        self._borders: dict[str, Borders] = {}  # of symbols with somebody concerned; absent = to be drawn
        self._moved: set[str] = set()  # symbols whose ticks no level has seen yet
        self._levels_from_ms = 0

    def follow(self, account: Account) -> None:
        """An account's orders or positions changed."""
        before = self._symbols.get(account.login, set())
        now = {one.trade_symbol for one in account.positions.values()}
        now |= {one.trade_symbol for one in account.orders.values()}
        self._symbols[account.login] = now
        for symbol in before | now:
            concerned = self._concerned.setdefault(symbol, set())
            (concerned.add if symbol in now else concerned.discard)(account.login)
            self._borders.pop(symbol, None)

    def quote(self, tick: Tick, moment: Moment) -> None:
        """Take a quote, and do what waited for it."""
        floor = self._floor
        symbol, _, bid, ask, last, _ = tick
        floor.prices[symbol] = _new(Price, (bid, ask, last, moment[1]))
        if floor.taken:
            floor.forget_taken(symbol)
        if not self._concerned.get(symbol):
            return
        self._moved.add(symbol)
        inside = (self._borders.get(symbol) or self._drawn(symbol)).hold(bid, ask)
        if inside and moment.utc_ms < self._levels_from_ms:
            return
        floor.now = moment
        if not inside and self._lively(symbol):
            for account in self._accounts(symbol):
                stopped(floor, account, symbol)
                triggered(floor, account, symbol)
        self.look(moment.utc_ms)

    def look(self, utc_ms: int) -> None:
        """Close what must be closed of accounts whose prices moved, when it is time to look again."""
        if not self.due(utc_ms):
            return
        moved = sorted(symbol for symbol in self._moved if self._lively(symbol))
        self._moved.clear()
        self._levels_from_ms = utc_ms + LEVELS_EVERY_MS
        logins = {account.login for symbol in moved for account in self._accounts(symbol)}
        for login in sorted(logins):
            account = self._floor.accounts[login]
            if account.positions:
                enforce(self._floor, account)

    def due(self, utc_ms: int) -> bool:
        """Whether levels are to be looked at by then."""
        return bool(self._moved) and utc_ms >= self._levels_from_ms

    def next_ms(self) -> int | None:
        """When levels are next looked at, UTC."""
        return self._levels_from_ms if self._moved else None

    def _drawn(self, symbol: str) -> Borders:
        accounts = self._accounts(symbol)
        drawn = self._borders[symbol] = borders(
            [one for held in accounts for one in held.positions.values() if one.trade_symbol == symbol],
            [one for held in accounts for one in held.orders.values() if one.trade_symbol == symbol],
        )
        return drawn

    def _accounts(self, symbol: str) -> list[Account]:
        return [self._floor.accounts[login] for login in sorted(self._concerned[symbol])]

    def _lively(self, symbol: str) -> bool:
        """Whether the symbol has a quote and an open market to act on."""
        return self._floor.trades(symbol) and self._floor.quoted(symbol)
