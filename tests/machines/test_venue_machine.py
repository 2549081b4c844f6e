"""The paper venue under anything: its books stay what its deals and its pushes say.

Two venues with one seed are told the same; one of them looks at every order and position with every tick
instead of only past the borders of its symbol.  They say the same, byte for byte.  The books are reckoned
again here, from the recorded deals alone and, as a client does it, from the pushes alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import inf, nan
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from oms.paper.behaviour import Behaviour
from oms.paper.borders import ALWAYS, Borders
from oms.paper.catalog import Instrument
from oms.paper.feed import Tick
from oms.paper.model import LOT, Account, Effect, Outcome
from oms.paper.venue import Venue
from oms.paper.zone import Zone
from protocol.commands import COMMANDS
from protocol.enums import DealType, OrderType, Side
from protocol.records.trade import Deal, TradeRequest
from tests.paper.terminal_books import TerminalBooks
from tests.paper.venue_scene import EURO, HEDGE, NET, START, YEN, account, instrument

CENT = LOT // 100
TRANSACTIONS, ACCOUNT_CHANGED = 10, 14
MIDDLE = {
    "EURUSD": 1.1,
    "EURUSD.req": 1.1,
    "EURUSD.ins": 1.1,
    "EURUSD.exc": 1.1,
    "USDJPY": 150.0,
    "XAUUSD": 2350.0,
}
DIGITS = {"USDJPY": 3, "XAUUSD": 2}
ACTIONS = {"EURUSD": 3, "EURUSD.req": 1, "EURUSD.ins": 2, "EURUSD.exc": 4, "USDJPY": 3, "XAUUSD": 3}
BEHAVIOUR = Behaviour(slippage_points=3, requote_chance=0.2, dealer_jitter_ms=0, max_orders=12)

SYMBOLS = st.sampled_from([*MIDDLE])
LOGINS = st.sampled_from([HEDGE, NET, EURO, YEN])
POINTS = st.integers(-2000, 2000)
CENTS = st.integers(1, 60)
COINS = st.integers(-400_000, 400_000).filter(bool)
NUMBERS = st.integers(0, 40)
ODD = st.sampled_from([0.0, nan, inf, -1.0, 1e300, 1.123456789, 5e-324])
BOOLS = st.booleans()
SIDES = st.integers(0, 1)


def instruments() -> list[Instrument]:
    """Thin books, so that orders fill in parts; swaps of the three kinds; a stop level, a volume limit."""
    return [
        instrument("EURUSD", depth=(0.5, 0.5, 1), swap_mode=1),
        instrument("EURUSD.req", swap_mode=8),
        instrument("EURUSD.ins", volume_limit=4 * LOT),
        instrument("EURUSD.exc", depth=(0.3, 0.2)),
        instrument("USDJPY", depth=(2,), swap_mode=5, swap_long=-3.0),
        instrument("XAUUSD", depth=(1,), trade_stops_level=20, trade_freeze_level=10),
    ]


def accounts() -> list[Account]:
    costly = {"commission_per_lot": Decimal("3.50")}
    by_money = {"margin_so_mode": 1, "margin_so_call": 300_000.0, "margin_so_so": 100_000.0}
    return [
        account(HEDGE, balance=Decimal(4000), **costly),
        account(NET, balance=Decimal(4000), **costly),
        account(EURO, balance=Decimal(9000), leverage=500, margin_free_mode=2),
        account(YEN, balance=Decimal(600_000), leverage=200, **by_money),
    ]


class Loud(dict[str, Borders]):
    """Borders that nothing stays between."""

    def get(self, _symbol: str, _default: Any = None) -> Borders:
        return ALWAYS


def encoded(effects: Iterable[Effect]) -> list[tuple[Any, ...]]:
    """Pushes as their bytes; a push 14 is made elsewhere."""
    found: list[tuple[Any, ...]] = []
    for effect in effects:
        body = COMMANDS[effect.command].push
        assert body is not None
        value = b"" if effect.command == ACCOUNT_CHANGED else body.encode(effect.value)
        found.append((effect.login, effect.session, effect.command, value))
    return found


def folded(deals: list[Deal]) -> tuple[int, Fraction]:
    """Signed volume and average price that a position's deals net to."""
    volume, price = 0, Fraction(0)
    for deal in deals:
        more = deal.trade_volume if deal.trade_action == DealType.BUY else -deal.trade_volume
        at = Fraction(repr(deal.price_open))
        if volume * more >= 0 and volume + more:
            price = (abs(volume) * price + abs(more) * at) / (abs(volume) + abs(more))
        elif abs(more) > abs(volume):
            price = at
        volume += more
    return volume, price


def grow(seen: set[int], tickets: Iterable[int]) -> None:
    """Tickets heard of for the first time are larger than all before them."""
    for ticket in tickets:
        assert ticket in seen or ticket > max(seen, default=0)
        seen.add(ticket)


class Venues(RuleBasedStateMachine):
    """Two venues, one world."""

    def __init__(self) -> None:
        super().__init__()
        self.zone = Zone(7200, "eu")
        self.now_ms = START
        opened = self.zone.moment(START)
        self.venue, self.twin = (
            Venue(accounts(), instruments(), self.zone, BEHAVIOUR, opened=opened, seed=7) for _ in range(2)
        )
        self.twin._ticker._borders = Loud()
        self.asked = 1000
        self.orders_seen: set[int] = set()
        self.deals_seen: set[int] = set()
        self.corrected: set[int] = set()  # orders whose deals a dealer touched
        self.clients = {login: TerminalBooks() for login in self.venue.accounts}
        for login, held in self.venue.accounts.items():
            client = self.clients[login]
            client.balance, client.deals = held.balance, {deal.deal: deal for deal in held.deals}
            grow(self.deals_seen, client.deals)
        self.points = dict.fromkeys(MIDDLE, 0)
        for symbol in MIDDLE:
            self.tick(symbol, 0, 10, 0)

    @initialize(login=LOGINS, kinds=st.lists(SIDES, max_size=4), orders=st.lists(CENTS, max_size=6))
    def begin(self, login: int, kinds: list[int], orders: list[int]) -> None:
        """Something to work on."""
        for kind in kinds:
            self.deal(login, "EURUSD", kind, 30, stops=True, resting=False)
        for number, cents in enumerate(orders):
            self.pending(login, "EURUSD", 2 + number, cents, 200, filling=2, lifetime=number % 4, stops=False)

    def both(self, what: str, *args: Any, **more: Any) -> None:
        """The same call to both: they say the same, and clients hear it."""
        one, other = (getattr(venue, what)(*args, **more) for venue in (self.venue, self.twin))
        if isinstance(one, Outcome):
            assert one.retcode == other.retcode
            one, other = one.effects, other.effects
        assert encoded(one) == encoded(other)
        for effect in one:
            self.hear(effect)

    def hear(self, effect: Effect) -> None:
        client, held = self.clients[effect.login], self.venue.accounts[effect.login]
        if effect.command == ACCOUNT_CHANGED:
            client.balance, client.credit = held.balance, held.credit
        elif effect.command == TRANSACTIONS:
            client.hear(effect.value)
            grow(self.deals_seen, client.deals)
            grow(self.orders_seen, [*client.history, *client.orders])

    def price(self, symbol: str, points: int) -> float:
        digits = DIGITS.get(symbol, 5)
        return round(MIDDLE[symbol] + (self.points[symbol] + points) * 10.0**-digits, digits)

    # The world.

    @rule(symbol=SYMBOLS, move=st.integers(-600, 600), spread=st.integers(0, 30), late=st.integers(0, 3000))
    def tick(self, symbol: str, move: int, spread: int, late: int) -> None:
        self.now_ms += late
        self.points[symbol] += move
        tick = Tick(symbol, self.now_ms, self.price(symbol, 0), self.price(symbol, spread), 0.0, 0)
        self.both("tick", self.zone.moment(self.now_ms), [tick])

    @rule(symbol=SYMBOLS, moves=st.lists(st.integers(-1500, 1500), min_size=2, max_size=12))
    def burst(self, symbol: str, moves: list[int]) -> None:
        """Many ticks in one call."""
        ticks = []
        for move in moves:
            self.now_ms += 40
            self.points[symbol] += move
            bid, ask = self.price(symbol, 0), self.price(symbol, 8)
            ticks.append(Tick(symbol, self.now_ms, bid, ask, 0.0, 0))
        self.both("tick", self.zone.moment(self.now_ms), ticks)

    @rule(late=st.sampled_from([1, 1000, 3_600_000, 20_000_000, 86_400_000, 260_000_000]))
    def wait(self, late: int) -> None:
        self.now_ms += late
        self.both("clock", self.zone.moment(self.now_ms))

    # Requests.

    def request(self, login: int, **fields: Any) -> None:
        self.asked += 1
        request = TradeRequest(action_id=self.asked, **fields)
        self.both("trade", self.zone.moment(self.now_ms), login, self.asked % 3, request)

    @rule(login=LOGINS, symbol=SYMBOLS, kind=SIDES, cents=CENTS, stops=BOOLS, resting=BOOLS)
    def deal(self, login: int, symbol: str, kind: int, cents: int, stops: bool, resting: bool) -> None:
        sign = 1 if kind == 0 else -1
        action = ACTIONS[symbol]
        filling = {3: 1, 4: 2 if resting else 1}.get(action, 0)
        market = self.venue.prices[symbol].ask if kind == 0 else self.venue.prices[symbol].bid
        if action == 1:
            self.request(
                login, trade_action=0, trade_symbol=symbol, trade_volume=cents * CENT, trade_type=kind
            )
            self.asked -= 1  # the same session asks again
        self.request(
            login,
            trade_action=action,
            trade_symbol=symbol,
            trade_volume=cents * CENT,
            trade_type=kind,
            type_filling=filling,
            price_order=market if action < 3 else 0.0,
            price_sl=self.price(symbol, -600 * sign) if stops else 0.0,
            price_tp=self.price(symbol, 600 * sign) if stops else 0.0,
            comment="c",
        )

    @rule(
        login=LOGINS,
        symbol=SYMBOLS,
        kind=st.integers(2, 7),
        cents=CENTS,
        away=st.integers(5, 900),
        filling=st.integers(0, 3),
        lifetime=st.integers(0, 3),
        stops=BOOLS,
    )
    def pending(
        self,
        login: int,
        symbol: str,
        kind: int,
        cents: int,
        away: int,
        filling: int,
        lifetime: int,
        stops: bool,
    ) -> None:
        buys, limit = kind % 2 == 0, kind < 4
        sign = (1 if buys else -1) * (-1 if limit else 1)
        entry = away * sign + (40 if sign > 0 else 0)
        trigger = entry - sign * 60
        base = trigger if kind > 5 else entry
        up = 1 if buys else -1
        self.request(
            login,
            trade_action=5,
            trade_symbol=symbol,
            trade_volume=cents * CENT,
            trade_type=kind,
            type_filling=filling if symbol in ("EURUSD", "EURUSD.exc") else 2,
            type_time=lifetime,
            time_expiration=self.zone.moment(self.now_ms).seconds + 5000,
            price_order=self.price(symbol, entry),
            price_trigger=self.price(symbol, trigger),
            price_sl=self.price(symbol, base - 300 * up) if stops else 0.0,
            price_tp=self.price(symbol, base + 300 * up) if stops else 0.0,
        )

    @rule(login=LOGINS, number=NUMBERS, part=st.integers(1, 4))
    def close(self, login: int, number: int, part: int) -> None:
        held = list(self.venue.accounts[login].positions.values())
        if not held:
            return
        position = held[number % len(held)]
        symbol, kind = position.trade_symbol, 1 - position.trade_action
        market = self.venue.prices[symbol].ask if kind == 0 else self.venue.prices[symbol].bid
        self.request(
            login,
            trade_action=ACTIONS[symbol],
            trade_symbol=symbol,
            trade_volume=max(position.trade_volume // part // CENT * CENT, CENT),
            trade_type=kind,
            type_filling={3: 1, 4: 2}.get(ACTIONS[symbol], 0),
            price_order=market if ACTIONS[symbol] < 3 else 0.0,
            trade_position=position.position_id,
            type_flags=3,
        )

    @rule(login=st.sampled_from([HEDGE, EURO]), one=NUMBERS, other=NUMBERS)
    def close_by(self, login: int, one: int, other: int) -> None:
        held = list(self.venue.accounts[login].positions.values())
        longs = [position for position in held if position.trade_action == Side.BUY]
        shorts = [position for position in held if position.trade_action == Side.SELL]
        if longs and shorts:
            first, second = longs[one % len(longs)], shorts[other % len(shorts)]
            numbers = {"trade_position": first.position_id, "position_by": second.position_id}
            self.request(login, trade_action=10, trade_symbol=first.trade_symbol, **numbers)

    @rule(login=LOGINS, action=st.sampled_from([7, 8]), number=NUMBERS, move=st.integers(-900, 900))
    def change_order(self, login: int, action: int, number: int, move: int) -> None:
        orders = list(self.venue.accounts[login].orders.values())
        if orders:
            order = orders[number % len(orders)]
            self.request(
                login,
                trade_action=action,
                trade_order=order.trade_order,
                trade_symbol=order.trade_symbol,
                trade_type=order.order_type,
                trade_volume=order.volume_initial,
                price_order=self.price(order.trade_symbol, move),
                price_trigger=order.price_trigger,
                type_time=order.type_time,
                time_expiration=order.time_expiration,
            )

    @rule(login=LOGINS, number=NUMBERS, sl=POINTS, tp=POINTS)
    def change_stops(self, login: int, number: int, sl: int, tp: int) -> None:
        held = list(self.venue.accounts[login].positions.values())
        if held:
            position = held[number % len(held)]
            symbol = position.trade_symbol
            self.request(
                login,
                trade_action=6,
                trade_symbol=symbol,
                trade_position=position.position_id,
                trade_type=position.trade_action,
                trade_volume=position.trade_volume,
                price_sl=self.price(symbol, sl) if sl % 3 else 0.0,
                price_tp=self.price(symbol, tp) if tp % 3 else 0.0,
            )

    @rule(
        login=LOGINS,
        fields=st.fixed_dictionaries(
            {
                "trade_action": st.integers(0, 12),
                "trade_symbol": st.sampled_from([*MIDDLE, "NONE", ""]),
                "trade_volume": st.integers(0, 3 * LOT) | st.just(2**64 - 1),
                "trade_type": st.integers(0, 9),
                "type_filling": st.integers(0, 4),
                "type_time": st.integers(0, 4),
                "time_expiration": st.integers(0, 2**32 - 1),
                "trade_order": st.integers(0, 40),
                "trade_position": st.integers(0, 40),
                "position_by": st.integers(0, 40),
                "price_order": ODD,
                "price_trigger": ODD,
                "price_sl": ODD,
                "price_tp": ODD,
                "price_deviation": st.integers(0, 2**32 - 1),
            }
        ),
    )
    def nonsense(self, login: int, fields: dict[str, Any]) -> None:
        self.request(login, **fields)

    # Dealers.

    @rule(login=LOGINS, amount=COINS, kind=st.sampled_from([2, 3, 4, 5, 6, 12, 17]))
    def deposit(self, login: int, amount: int, kind: int) -> None:
        """So many of the smallest coins."""
        value = Decimal(amount).scaleb(-self.venue.accounts[login].digits)
        self.both("deposit", self.zone.moment(self.now_ms), login, value, kind)

    @rule(login=LOGINS)
    def ruin(self, login: int) -> None:
        """Take nearly all money that positions do not need; the next move may stop the account out."""
        totals = self.venue.totals(login)
        if totals is not None and totals.equity > totals.margin > 0:
            amount = round(totals.margin * Decimal("0.55") - totals.equity, 0)
            if amount:
                self.both("deposit", self.zone.moment(self.now_ms), login, amount)

    @rule(
        login=LOGINS,
        number=NUMBERS,
        changes=st.sampled_from(
            [{"profit": 12.345}, {"price_open": 1.2}, {"trade_volume": 7 * CENT}, {"trade_action": 13}, {}]
        ),
    )
    def correct(self, login: int, number: int, changes: dict[str, Any]) -> None:
        """Amend a recent deal, or remove it; the opening deposit stays."""
        deals = self.venue.accounts[login].deals[1:][-6:]
        if not deals:
            return
        deal = deals[number % len(deals)]
        self.corrected.add(deal.trade_order)
        what = partial(self.both, "amend_deal") if changes else partial(self.both, "remove_deal")
        try:
            what(self.zone.moment(self.now_ms), login, deal.deal, **changes)
        except ValueError:
            # No deposit becomes a trade, and no symbol has two positions in netting.
            assert not deal.trade_symbol or not self.venue.accounts[login].hedging

    @rule(what=st.sampled_from([("reject_next", 10006), ("slow_next", 700), ("requote_next", 1)]))
    def dealer(self, what: tuple[str, int]) -> None:
        for venue in (self.venue, self.twin):
            getattr(venue, what[0])(what[1])

    # What is promised.

    @invariant()
    def the_ledger_is_the_sum_of_its_deals(self) -> None:
        for held in self.venue.accounts.values():
            sums = {True: Fraction(0), False: Fraction(0)}
            for deal in held.deals:
                parts = (deal.profit, deal.commission, deal.storage, deal.commission_fee)
                sums[deal.trade_action in (3, 6)] += sum(Fraction(repr(part)) for part in parts)
            assert (sums[False], sums[True]) == (Fraction(held.balance), Fraction(held.credit))

    @invariant()
    def positions_are_what_their_deals_net_to(self) -> None:
        for held in self.venue.accounts.values():
            by_position: dict[int, list[Deal]] = defaultdict(list)
            for deal in held.deals:
                if deal.trade_action in (DealType.BUY, DealType.SELL):
                    by_position[deal.position_id].append(deal)
            netted = {number: folded(deals) for number, deals in by_position.items()}
            assert {number for number, (volume, _) in netted.items() if volume} == set(held.positions)
            for number, position in held.positions.items():
                volume, price = netted[number]
                sign = 1 if position.trade_action == Side.BUY else -1
                assert position.trade_volume * sign == volume
                assert abs(Fraction(position.price_open) - price) < Fraction(1, 10**9)
            if not held.hedging:
                symbols = [position.trade_symbol for position in held.positions.values()]
                assert len(symbols) == len(set(symbols))

    @invariant()
    def margin_is_not_below_zero(self) -> None:
        for login in self.venue.accounts:
            totals = self.venue.totals(login)
            assert totals is None or totals.margin >= 0

    @invariant()
    def a_client_that_heard_every_push_knows_the_same(self) -> None:
        for login, held in self.venue.accounts.items():
            client = self.clients[login]
            assert client.orders == held.orders
            assert list(client.history.values()) == held.history
            assert list(client.deals.values()) == held.deals
            assert client.positions == held.positions
            assert (client.balance, client.credit) == (held.balance, held.credit)

    @invariant()
    def what_an_order_lacks_is_what_its_deals_sum_to(self) -> None:
        for held in self.venue.accounts.values():
            done: dict[int, int] = defaultdict(int)
            for deal in held.deals:
                done[deal.trade_order] += deal.trade_volume
            for order in (*held.orders.values(), *held.history):
                if order.trade_order not in self.corrected and order.order_type != OrderType.CLOSE_BY:
                    assert done[order.trade_order] == order.volume_initial - order.volume_current

    def teardown(self) -> None:
        self.venue.check()
        assert self.venue.truth() == self.twin.truth()


@pytest.mark.slow
def test_the_books_hold_and_one_seed_says_one_thing() -> None:
    run_state_machine_as_test(
        Venues, settings=settings(max_examples=60, stateful_step_count=50, deadline=None)
    )
