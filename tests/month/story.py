"""A simulated month: four accounts trade twenty symbols on a paper venue whose clock is told.

Each hour of a trading day the clock and the prices move, and each account gives its commands to its desk:
orders, closes, pendings, changes.  Beside them a phone trades on the same accounts, money comes and goes by
deals of every type, and now and then an account is driven into its stop-out.  All chance is seeded.
"""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any, Final

import trio

from oms.paper.catalog import default_instruments, tradable
from oms.paper.feed import Tick
from oms.paper.listing import SymbolSettings
from oms.paper.settings import AccountSettings, Settings
from protocol.enums import Reason
from protocol.records.trade import TradeRequest
from tests.dispatch.desked import Desked, desked, quicker
from tests.paper.running import EURO, HEDGE, NET, YEN, Quotes, Running, ToldClock, running

D = Decimal
LOT: Final = 100_000_000
ROOMY: Final = D(1_000_000)
SYMBOLS: Final = (
    *("EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD", "USDCAD", "NZDUSD", "EURGBP", "EURJPY", "GBPJPY"),
    *("EURCHF", "AUDJPY", "CHFJPY", "CADJPY", "EURAUD", "AUDNZD", "USDSEK", "XAUUSD", "US500", "DE40"),
)
KNOWN: Final = {one.spec.trade_symbol: one for one in default_instruments()}
ACCOUNTS: Final = (
    AccountSettings(login=HEDGE, balance=ROOMY, commission_per_lot=D("3.50")),
    AccountSettings(login=NET, margin_mode="netting", balance=ROOMY, commission_per_lot=D("3.50")),
    AccountSettings(login=EURO, currency="EUR", balance=ROOMY, commission_per_lot=D("3.15")),
    AccountSettings(login=YEN, currency="JPY", margin_mode="netting", balance=100 * ROOMY),
)
BOOKED_BY_DEALERS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 18)  # docs/protocol.md 6.7
MOST_POSITIONS: Final = 12


class Size:
    """How much of it is played."""

    def __init__(self, first: str, days: int, hours: range, commands: int) -> None:
        self.first, self.days, self.hours, self.commands = (
            datetime.fromisoformat(first),
            days,
            hours,
            commands,
        )


# Summer time begins on Sunday 2026-03-29 at 01:00 UTC.
WHOLE: Final = Size("2026-03-09T00:00:00+00:00", 30, range(1, 19), 8)
SLICE: Final = Size("2026-03-26T00:00:00+00:00", 5, range(2, 22, 5), 5)


class Month:
    """The venue and the desks, at the hour that it is."""

    def __init__(self, venue: Running, desks: dict[int, Desked], seed: int) -> None:
        self.venue, self.desks = venue, desks
        self.chance = random.Random(seed)
        self.prices = {name: KNOWN[name].start for name in SYMBOLS}
        self.orders = self.phoned = 0  # commands that the venue carried out; trades of the phone

    @property
    def utc(self) -> datetime:
        """Now."""
        return datetime.fromtimestamp(self.venue.clock.now / 1000, UTC)

    async def until(self, moment: datetime) -> None:
        """Hour by hour, so that each midnight of the server is met by prices."""
        while self.utc < moment:
            step = min(moment - self.utc, timedelta(hours=1))
            await self.venue.advance(int(step.total_seconds() * 1000))

    async def quote(self, spread: float = 0.002) -> None:
        """All prices move by up to so much, each a little; every desk has them."""
        ticks = []
        for name in SYMBOLS:
            self.prices[name] *= 1 + self.chance.uniform(-spread, spread)
            ticks.append(self._tick(name))
        await self._told(ticks)

    async def shock(self, share: float) -> None:
        """All prices fall by so much."""
        for name in SYMBOLS:
            self.prices[name] *= 1 - share
        await self._told([self._tick(name) for name in SYMBOLS])

    def _tick(self, name: str) -> Tick:
        spec = KNOWN[name].spec
        step = spec.trade_tick_size
        bid = round(round(self.prices[name] / step) * step, spec.digits)
        ask = round(bid + max(1, KNOWN[name].spread_points) * 10**-spec.digits, spec.digits)
        ask = round(round(ask / step) * step, spec.digits)
        return Tick(name, self.venue.clock.now, bid, max(ask, bid), 0.0, 0)

    async def _told(self, ticks: list[Tick]) -> None:
        self.venue.server.tick(ticks)
        last = {tick.symbol: (tick.bid, tick.ask) for tick in ticks}
        for desk in self.desks.values():
            board = desk.held.account.feed.board
            await desk.held.until(
                lambda board=board: all(  # type: ignore[misc]
                    (found := board.get(name)) is not None and (found.bid, found.ask) == last[name]
                    for name in SYMBOLS
                )
            )

    # What the accounts do.

    async def hour(self, commands: int) -> None:
        """So many commands of each account, side by side; a phone meanwhile."""
        seeds = {login: self.chance.getrandbits(32) for login in self.desks}
        async with trio.open_nursery() as nursery:
            for login, desk in self.desks.items():
                nursery.start_soon(self._trade, login, desk, random.Random(seeds[login]), commands)

    async def _trade(self, login: int, desk: Desked, chance: random.Random, commands: int) -> None:
        for _ in range(commands):
            if chance.random() < 0.05:
                self.phone(login, chance)
            verb, fields = self._command(desk, chance)
            reply = await desk.ask(verb, client=chance.choice(("desk", "grid")), **fields)
            assert reply["final"], reply
            assert reply["status"] != "unknown", reply
            if reply["status"] != "denied":
                self.orders += 1

    def _command(self, desk: Desked, chance: random.Random) -> tuple[str, dict[str, Any]]:
        """One of what is possible now."""
        positions = list(desk.held.books.positions)
        waiting = [one for one in desk.held.books.orders.open() if one.record and "_" in one.record.type]
        drawn = chance.random() + (0.35 if len(positions) > MOST_POSITIONS else 0.0)
        if drawn < 0.45 or not positions:
            return self._submit(chance, chance.choice(self._open()))
        if drawn < 0.58:
            return self._pending(chance, chance.choice(self._open()))
        if drawn < 0.66 and waiting:
            return "cancel", {"order": chance.choice(waiting).order}
        position = chance.choice(positions)
        if drawn < 0.74:
            away = 0.05 if position.side == "buy" else -0.05
            price = self.prices[position.symbol] * (1 - away)
            return "modify", {"position": position.position, "sl": self._price(position.symbol, price)}
        against = [one for one in positions if one.symbol == position.symbol and one.side != position.side]
        if drawn < 0.8 and against:
            by = chance.choice(against).position
            return "close_by", {"position": position.position, "position_by": by}
        part = position.volume > D("0.10") and chance.random() < 0.4
        return "close", {"position": position.position, **({"volume": "0.05"} if part else {})}

    def _open(self) -> list[str]:
        """Symbols whose market is open."""
        seconds = self.venue.server.moment.seconds
        return [name for name in SYMBOLS if tradable(KNOWN[name].spec, seconds)]

    def _submit(self, chance: random.Random, symbol: str) -> tuple[str, dict[str, Any]]:
        side, volume = chance.choice(("buy", "sell")), str(D(chance.randint(1, 60)) / 100)
        fields: dict[str, Any] = {"symbol": symbol, "side": side, "volume": volume}
        if chance.random() < 0.5:  # near enough that some are met
            away = chance.uniform(0.002, 0.01) * (1 if side == "buy" else -1)
            fields |= {
                "sl": self._price(symbol, self.prices[symbol] * (1 - away)),
                "tp": self._price(symbol, self.prices[symbol] * (1 + away)),
            }
        return "submit", fields

    def _pending(self, chance: random.Random, symbol: str) -> tuple[str, dict[str, Any]]:
        side, kind = chance.choice(("buy", "sell")), chance.choice(("limit", "stop"))
        below = (side == "buy") == (kind == "limit")
        price = self.prices[symbol] * (1 + chance.uniform(0.003, 0.01) * (-1 if below else 1))
        fields = {"symbol": symbol, "side": side, "volume": "0.20", "type": kind}
        tif = {"time_in_force": "day"} if chance.random() < 0.5 else {}
        return "submit", fields | tif | {"price": self._price(symbol, price)}

    def _price(self, symbol: str, price: float) -> str:
        spec = KNOWN[symbol].spec
        return f"{round(price / spec.trade_tick_size) * spec.trade_tick_size:.{spec.digits}f}"

    # What others do.

    def phone(self, login: int, chance: random.Random) -> None:
        """A market order from elsewhere."""
        symbol = chance.choice(self._open())
        spec = KNOWN[symbol].spec
        request = TradeRequest(
            action_id=chance.randint(1, 1000),
            trade_action=3,
            trade_symbol=symbol,
            trade_type=chance.randint(0, 1),
            trade_volume=chance.randint(1, 20) * LOT // 100,
            digits=spec.digits,
            type_flags=2,
            type_filling=1,
        )
        server = self.venue.server
        outcome = server.venue.trade(server.moment, login, 0, request)
        server.apply(list(outcome.effects))
        self.phoned += 1

    def book(self, login: int, kind: int, amount: Decimal) -> None:
        """Money by a deal of some type."""
        self.venue.control("deposit", login=login, amount=str(amount), deal_type=kind)

    async def ruin(self, login: int) -> None:
        """Most of what is free is paid out, prices fall, the venue stops it out; then it is paid in again."""
        digits = self.venue.venue.accounts[login].digits
        for symbol in ("EURUSD", "AUDUSD"):  # more than all that would gain meanwhile
            reply = await self.desks[login].ask("submit", symbol=symbol, side="buy", volume="20.00")
            assert reply["status"] == "filled", reply
        totals = self.venue.venue.totals(login)
        assert totals is not None
        out = (totals.margin_free * D("0.95")).quantize(D(1).scaleb(-digits), ROUND_DOWN)
        self.book(login, 2, -out)
        await self.shock(0.05)
        await self.venue.advance(1000)  # levels are looked at now and then
        self.book(login, 2, out)

    def stopped_out(self, login: int) -> int:
        """Deals of its stop-outs, by the venue's own truth."""
        return sum(deal.trade_reason == Reason.SO for deal in self.venue.venue.accounts[login].deals)


def settings() -> Settings:
    """Twenty symbols, four accounts, three currencies."""
    return Settings(
        accounts=ACCOUNTS,
        default_symbols=False,
        symbols=tuple(SymbolSettings(name=name) for name in SYMBOLS),
    )


@asynccontextmanager
async def month(folder: Path, size: Size, seed: int = 8) -> AsyncIterator[Month]:
    """The venue at its first midnight, every desk ready."""
    clock = ToldClock(int(size.first.timestamp() * 1000))
    quotes = {name: (KNOWN[name].start, KNOWN[name].start) for name in SYMBOLS}
    async with AsyncExitStack() as stack:
        feed = Quotes(quotes, clock.now)
        venue = await stack.enter_async_context(running(settings(), clock=clock, feed=feed))
        desks = {}
        for one in ACCOUNTS:
            (folder / str(one.login)).mkdir()
            options = quicker(wait_s=30, answer_s=30, outcome_s=30)
            desks[one.login] = await stack.enter_async_context(
                desked(venue, folder / str(one.login), login=one.login, options=options)
            )
        made = Month(venue, desks, seed)
        await made.quote()
        yield made
