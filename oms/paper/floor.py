"""The trading floor: the state that every part of the venue works on, and how it tells what happened.

Parts change orders and positions only by the methods here, so that nothing changes without its push, and
every change marks its account for the audit.  Pushes gather in the order in which they are sent; each is one
message (docs/protocol.md 8).
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from protocol.enums import OrderState, OrderType, Side, TradeMode, TransactionClass, TransactionType
from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Deal, DealTransaction, Order, OrderTransaction, Position

from .behaviour import Behaviour
from .catalog import Instrument, tradable
from .contract import NEGATIVE_PRICES, closing_price
from .margin import required
from .model import Account, Effect, Moment, Price
from .money import Rates, exact, profit
from .terms import terms_of
from .tickets import Tickets
from .zone import Zone

TRANSACTIONS = 10  # the push of orders, deals, positions
SYMBOLS_CHANGED = 13
ACCOUNT_CHANGED = 14
TRADE_OUTCOME = 19

BUYS = frozenset({OrderType.BUY, OrderType.BUY_LIMIT, OrderType.BUY_STOP, OrderType.BUY_STOP_LIMIT})


def side_of(order_type: int) -> Side:
    """The side that an order of this type trades."""
    return Side.BUY if order_type in BUYS else Side.SELL


class Floor:
    """Accounts, symbols, prices, the present moment, and what is to be pushed."""

    def __init__(
        self,
        accounts: Iterable[Account],
        instruments: Iterable[Instrument],
        zone: Zone,
        behaviour: Behaviour,
        overrides: Mapping[int, Sequence[TradeSettings]],
        seed: int | str,
    ) -> None:
        self.accounts = {account.login: account for account in accounts}
        self.instruments = {item.spec.trade_symbol: item for item in instruments}
        self.specs: dict[str, FullSymbol] = {name: item.spec for name, item in self.instruments.items()}
        self._overrides = overrides
        self._terms: dict[int, Mapping[str, FullSymbol]] = {}
        self.prices: dict[str, Price] = {}
        self.zone = zone
        self.behaviour = behaviour
        self.random = random.Random(f"chance {seed}")  # noqa: S311 - a simulation, reproducible
        self.tickets = Tickets(self.accounts.values(), behaviour.first_order, behaviour.first_deal)
        self.rates = Rates(self.specs, self.prices)
        self.now = Moment(0, 0)
        self.closing: set[tuple[int, int]] = set()  # (login, position) whose close is with the dealer
        self.taken: dict[tuple[str, Side], int] = {}  # of the book, since the symbol's last tick
        self.touched: set[int] = set()  # accounts whose orders, positions or money changed
        self._effects: list[Effect] = []

    def effects(self) -> list[Effect]:
        """What is to be pushed since the last call."""
        gathered, self._effects = self._effects, []
        return gathered

    def push(self, login: int, command: int, value: Any, session: int | None = None) -> None:
        """One message."""
        self._effects.append(Effect(login, command, value, session))

    # Symbols.

    def terms(self, login: int) -> Mapping[str, FullSymbol]:
        """The symbols by the terms of an account."""
        if login not in self._terms:
            self._terms[login] = terms_of(self.specs, self._overrides.get(login, ()))
        return self._terms[login]

    def set_spec(self, spec: FullSymbol) -> None:
        """Change a symbol.  KeyError for one that is not there."""
        known = self.instruments[spec.trade_symbol]
        self.instruments[spec.trade_symbol] = replace(known, spec=spec)
        self.specs[spec.trade_symbol] = spec
        self._terms.clear()

    # Prices.

    def market(self, symbol: str, side: int) -> float:
        """The price at which a side trades now: buyers pay the ask."""
        price = self.prices[symbol]
        return price.ask if side == Side.BUY else price.bid

    def quoted(self, symbol: str) -> bool:
        """Whether there is a price to trade at."""
        price = self.prices.get(symbol)
        if price is None:
            return False
        return bool(self.specs[symbol].ticks_flags & NEGATIVE_PRICES) or min(price.bid, price.ask) > 0

    def trades(self, symbol: str) -> bool:
        """Whether the symbol's market is open now, so that what waits for it may trade."""
        spec = self.specs[symbol]
        return spec.trade.trade_mode != TradeMode.DISABLED and tradable(spec, self.now.seconds)

    def bookable(self, account: Account, spec: FullSymbol) -> bool:
        """Whether a deal of this symbol can be booked: there is a quote, and a rate for its profit."""
        if not self.quoted(spec.trade_symbol):
            return False
        at = self.market(spec.trade_symbol, Side.BUY)
        earned = profit(spec, Side.BUY, 1, at, at, account.currency, account.digits, self.rates)
        return earned is not None

    def forget_taken(self, symbol: str) -> None:
        """A new quote, a new book."""
        self.taken.pop((symbol, Side.BUY), None)
        self.taken.pop((symbol, Side.SELL), None)

    def margin(self, account: Account, adding: Order | None = None) -> Decimal | None:
        """The margin of an account, with an order added to it; None where it cannot be known."""
        rules = self.behaviour.leverage_rules
        return required(
            account, self.terms(account.login), self.prices, self.rates, rules=rules, adding=adding
        )

    # Positions.

    def position_for(self, account: Account, symbol: str, position_id: int) -> Position | None:
        """The position that a fill meets: the one named; in netting the one of the symbol (semantics 4)."""
        if account.hedging:
            return account.positions.get(position_id)
        held = (item for item in account.positions.values() if item.trade_symbol == symbol)
        return next(held, None)

    def marked(self, account: Account, position: Position) -> Position:
        """A position at the present price, with its floating profit; as it was without a price or a rate."""
        symbol = position.trade_symbol
        spec = self.terms(account.login)[symbol]
        if not self.quoted(symbol):
            return position
        side = Side(position.trade_action)
        at = closing_price(spec, side, self.prices[symbol])
        if at is None:
            return position
        earned = profit(
            spec, side, position.trade_volume, position.price_open, at, account.currency, account.digits,
            self.rates, rate_margin=position.rate_margin,
        )  # fmt: skip
        if earned is None:
            return position
        return replace(position, price_close=at, profit=float(earned[0]), rate_profit=float(earned[1]))

    # Orders: each change with its push.

    def order_opened(self, account: Account, order: Order) -> None:
        """10 {0,0}."""
        account.orders[order.trade_order] = order
        self._push_order(account, TransactionClass.ORDER, TransactionType.ADD, order)

    def order_changed(self, account: Account, order: Order) -> None:
        """10 {0,1}."""
        account.orders[order.trade_order] = order
        self._push_order(account, TransactionClass.ORDER, TransactionType.UPDATE, order)

    def order_ended(self, account: Account, order: Order, state: OrderState) -> Order:
        """10 {0,2} for an order that was open, then 10 {1,0}: it is history."""
        ended = replace(order, order_state=state, time_done=self.now.seconds, time_done_msc=self.now.msc)
        if account.orders.pop(order.trade_order, None) is not None:
            self._push_order(account, TransactionClass.ORDER, TransactionType.DELETE, ended)
        account.history.append(ended)
        self._push_order(account, TransactionClass.HISTORY_ORDER, TransactionType.ADD, ended)
        return ended

    # Deals and positions.

    def position_kept(self, account: Account, position: Position) -> Position:
        """Keep a position, or drop it with volume 0; returned as it is told."""
        self.touched.add(account.login)
        if position.trade_volume:
            position = self.marked(account, position)
            account.positions[position.position_id] = position
            return position
        account.positions.pop(position.position_id, None)
        return position

    def position_told(self, account: Account, position: Position) -> None:
        """10 {2,1} with an empty deal: stops or swap of a position changed (docs/protocol.md 5.3)."""
        kept = self.position_kept(account, position)
        self.push_deal(account, TransactionType.UPDATE, Deal(), kept)

    def push_deal(
        self,
        account: Account,
        kind: TransactionType,
        deal: Deal,
        position: Position,
        deals: Iterable[Deal] = (),
        positions: Iterable[Position] = (),
    ) -> None:
        """10 {2,kind} with the money as it is now."""
        self.touched.add(account.login)
        record = DealTransaction(
            flag_mask=TransactionClass.DEAL,
            transaction_id=self.tickets.transaction(),
            transaction_type=kind,
            deal=deal,
            position=position,
            balance=float(account.balance),
            credit=float(account.credit),
            commission_daily=float(account.commission_daily),
            deals=list(deals),
            positions=list(positions),
        )
        self.push(account.login, TRANSACTIONS, [record])

    def _push_order(
        self, account: Account, mask: TransactionClass, kind: TransactionType, order: Order
    ) -> None:
        self.touched.add(account.login)
        record = OrderTransaction(mask, self.tickets.transaction(), kind, order)
        self.push(account.login, TRANSACTIONS, [record])


def gone(position: Position) -> Position:
    """A position as it is told when nothing is left of it."""
    return replace(position, trade_volume=0, profit=0.0, storage=0.0)


def points(spec: FullSymbol, count: int) -> float:
    """So many points as a price difference, exactly."""
    return float(exact(spec.point) * count)
