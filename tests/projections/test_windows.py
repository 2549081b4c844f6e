"""Pushes late, twice, out of order, or none at all and a snapshot: the books are the same (semantics 1, 7).

The venue's own pushes, translated.  What the books must come to is the venue's truth.
"""

import random
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.observations import Observation
from oms.paper.manners import Manners
from oms.paper.model import LOT, Account, Effect
from oms.paper.wire import Face, account_body
from oms.projections import Books
from oms.sessions import translate
from oms.sessions.translate import Terms
from protocol.messages import Push
from protocol.records.trade import History, OpenTrades
from tests.paper.venue_scene import BUY, HEDGE, NET, SELL, Scene, account, instrument
from tests.projections.journal import D, Journal

BUY_LIMIT, SELL_LIMIT, BUY_STOP, STOP_LIMIT = 2, 3, 4, 6
TERMS = Terms(3 * 3600, 2)
LOGINS = (HEDGE, NET)

Step = Callable[["World", int, int], None]


class World:
    """A venue with two accounts, and what it pushed to each."""

    def __init__(self) -> None:
        costly = {"commission_per_lot": Decimal("3.50")}
        self.scene = Scene(
            [instrument("EURUSD", depth=(0.3, 0.5), swap_mode=1, swap_long=-7.0)],
            [account(login, **costly) for login in LOGINS],
        )
        self.pushed: dict[int, list[Effect]] = {login: [] for login in LOGINS}
        self.points = 0
        self._original = self.scene.venue._floor.push
        self.scene.venue._floor.push = self._push  # type: ignore[method-assign]
        self.tick(0)

    def _push(self, login: int, command: int, value: Any, session: int | None = None) -> None:
        self.pushed[login].append(Effect(login, command, value, session))
        self._original(login, command, value, session)

    def tick(self, points: int) -> None:
        self.points += points
        bid = round(1.1 + self.points * 1e-5, 5)
        self.scene.quote(bid, round(bid + 1e-4, 5))

    def go(self, step: Step, login: int, drawn: int) -> None:
        """One step, at a time of its own."""
        self.scene.utc_ms += 7
        step(self, login, drawn)

    def held(self, login: int) -> Account:
        return self.scene.account(login)

    def window(self, login: int) -> list[list[Observation]]:
        """The pushes of an account since the last call, each as what is seen in it."""
        found, self.pushed[login] = self.pushed[login], []
        return [
            translate.push(Push(effect.command, effect.value), TERMS)
            for effect in found
            if effect.command == 10
        ]

    def snapshot(self, login: int) -> list[Observation]:
        """Everything as answers 3, 5 and 4 hold it."""
        held = self.held(login)
        scene = self.scene
        body = account_body(held, scene.moment, scene.zone, Face(Manners()), symbols_count=1)
        history = History(list(held.deals), list(held.history))
        open_now = OpenTrades(list(held.positions.values()), list(held.orders.values()))
        terms, _ = translate.account(body)  # its money is the ledger's to say
        return [terms, *translate.history(history, TERMS), *translate.open_trades(open_now, TERMS)]


# What may happen; the numbers are drawn.


def market(world: World, login: int, drawn: int) -> None:
    world.scene.deal(login, SELL if drawn % 2 else BUY, str(Decimal(10 + drawn % 60) / 100))


def close(world: World, login: int, drawn: int) -> None:
    positions = list(world.held(login).positions.values())
    if positions:
        position = positions[drawn % len(positions)]
        part = max(1, position.trade_volume * (1 + drawn % 3) // 3 // 1_000_000) * 1_000_000
        world.scene.close(login, position.position_id, str(Decimal(part) / LOT))


def close_by(world: World, login: int, drawn: int) -> None:
    positions = list(world.held(login).positions.values())
    pairs = [(a, b) for a in positions for b in positions if a.trade_action < b.trade_action]
    if pairs and login == HEDGE:
        one, other = pairs[drawn % len(pairs)]
        request = world.scene.request(
            10, SELL, "1", trade_position=one.position_id, position_by=other.position_id, type_flags=3
        )
        world.scene.ask(login, request)


def pending(world: World, login: int, drawn: int) -> None:
    kind = (BUY_LIMIT, SELL_LIMIT, BUY_STOP)[drawn % 3]
    away = (20 + drawn % 50) * 1e-5 * (-1 if kind == BUY_LIMIT else 1)
    world.scene.pending(login, kind, "0.40", round(1.1 + world.points * 1e-5 + away, 5))


def cancel(world: World, login: int, drawn: int) -> None:
    orders = list(world.held(login).orders.values())
    if orders:
        order = orders[drawn % len(orders)]
        request = world.scene.request(8, order.order_type, "0.40", trade_order=order.trade_order)
        world.scene.ask(login, request)


def modify(world: World, login: int, drawn: int) -> None:
    orders = list(world.held(login).orders.values())
    if orders:
        order = orders[drawn % len(orders)]
        price = round(order.price_order + (drawn % 7 - 3) * 1e-4, 5)
        request = world.scene.request(
            7, order.order_type, "0.40", trade_order=order.trade_order, price_order=price
        )
        world.scene.ask(login, request)


def stops(world: World, login: int, drawn: int) -> None:
    positions = list(world.held(login).positions.values())
    if positions:
        position = positions[drawn % len(positions)]
        away = (300 + drawn % 100) * 1e-5 * (-1 if position.trade_action == 0 else 1)
        request = world.scene.request(
            6,
            position.trade_action,
            str(Decimal(position.trade_volume) / LOT),
            trade_position=position.position_id,
            price_sl=round(1.1 + world.points * 1e-5 + away, 5),
            type_flags=0,
        )
        world.scene.ask(login, request)


def move(world: World, _: int, drawn: int) -> None:
    world.tick(drawn % 200 - 100)


def sleep(world: World, _: int, drawn: int) -> None:
    world.scene.wait(6 * 3_600_000)
    world.tick(drawn % 9)


def deposit(world: World, login: int, drawn: int) -> None:
    kind = (2, 3, 5, 6, 15)[drawn % 5]
    world.scene.venue.deposit(world.scene.moment, login, Decimal(drawn + 1), kind)


def amend(world: World, login: int, drawn: int) -> None:
    trades = [deal for deal in world.held(login).deals if deal.trade_symbol]
    if trades:
        deal = trades[drawn % len(trades)]
        price, profit = round(deal.price_open + 1e-4, 5), deal.profit + 1
        venue, moment = world.scene.venue, world.scene.moment
        venue.amend_deal(moment, login, deal.deal, price_open=price, profit=profit)


def remove(world: World, login: int, drawn: int) -> None:
    money = [deal for deal in world.held(login).deals if not deal.trade_symbol][1:]
    if money:
        deal = money[drawn % len(money)].deal
        world.scene.venue.remove_deal(world.scene.moment, login, deal)


# Pushes alone give no order to changes of a pending order, nor to a night's swap: no time goes with them.
TRADING: list[Step] = [market, market, close, close_by, pending, cancel, stops, move, deposit, remove, amend]
EVERYTHING = [*TRADING, modify, sleep]


def scripts(steps: list[Step]) -> st.SearchStrategy[list[tuple[Step, int, int]]]:
    return st.lists(
        st.tuples(st.sampled_from(steps), st.sampled_from(LOGINS), st.integers(0, 10_000)), max_size=16
    )


def started(world: World, login: int) -> Journal:
    """Books that agree with the venue as it stands."""
    journal = Journal()
    journal.see(*world.snapshot(login))
    world.window(login)
    return journal


def shuffled(window: list[list[Observation]], seed: int) -> list[list[Observation]]:
    """Every push once or more often, in any order."""
    chance = random.Random(seed)
    copies = [push for push in window for _ in range(chance.choice((1, 1, 2, 3)))]
    chance.shuffle(copies)
    return copies


def flat(pushes: Iterable[list[Observation]]) -> list[Observation]:
    return [seen for push in pushes for seen in push]


def assert_true_to_the_venue(books: Books, held: Account) -> None:
    """Positions, orders and money are the venue's."""
    assert {one.position: (one.symbol, one.side, one.volume, one.ticket) for one in books.positions} == {
        str(one.position_id): (
            one.trade_symbol,
            "sell" if one.trade_action else "buy",
            Decimal(one.trade_volume) / LOT,
            str(one.trade_order),
        )
        for one in held.positions.values()
    }
    for one in books.positions:
        theirs = held.positions[int(one.position)]
        assert one.price is not None
        assert abs(one.price - Decimal(repr(theirs.price_open))) < D("1e-12")
        assert (one.sl, one.swap) == (
            Decimal(repr(theirs.sl)) or None,
            Decimal(repr(theirs.storage)),
        )
    assert {one.order for one in books.orders.open()} == {str(ticket) for ticket in held.orders}
    assert (books.ledger.balance, books.ledger.credit) == (held.balance, held.credit)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(before=scripts(EVERYTHING), during=scripts(EVERYTHING), seed=st.integers(0, 2**32))
def test_every_way_to_hear_of_a_window_leaves_the_same_books(
    before: list[tuple[Step, int, int]], during: list[tuple[Step, int, int]], seed: int
) -> None:
    world = World()
    for step, login, drawn in before:
        world.go(step, login, drawn)
    journals = {login: started(world, login) for login in LOGINS}
    for step, login, drawn in during:
        world.go(step, login, drawn)
    for login, journal in journals.items():
        window = world.window(login)
        journal.see(*flat(window))
        assert_true_to_the_venue(journal.books, world.held(login))

        after = world.snapshot(login)
        assert [kind for kind in journal.see(*after) if kind != "balance.reported"] == []  # nothing new
        once = journal.books.state_hash()
        fresh = Journal()
        fresh.see(*after)
        assert fresh.books.state_hash() == once
        assert journal.rebuilt().state_hash() == once


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(before=scripts(TRADING), during=scripts(TRADING), seed=st.integers(0, 2**32))
def test_pushes_in_any_order_and_number_leave_the_same_books(
    before: list[tuple[Step, int, int]], during: list[tuple[Step, int, int]], seed: int
) -> None:
    world = World()
    for step, login, drawn in before:
        world.go(step, login, drawn)
    pairs = {login: (started(world, login), started(world, login)) for login in LOGINS}
    for step, login, drawn in during:
        world.go(step, login, drawn)
    for login, (straight, mixed) in pairs.items():
        window = world.window(login)
        straight.see(*flat(window))
        mixed.see(*flat(shuffled(window, seed)))
        assert mixed.books.state() == straight.books.state()
        assert mixed.books.state_hash() == straight.books.state_hash()
        assert mixed.rebuilt().state_hash() == straight.books.state_hash()


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(before=scripts(EVERYTHING), during=scripts(EVERYTHING), seed=st.integers(0, 2**32))
def test_pushes_in_any_order_then_answers_leave_the_same_books(
    before: list[tuple[Step, int, int]], during: list[tuple[Step, int, int]], seed: int
) -> None:
    world = World()
    for step, login, drawn in before:
        world.go(step, login, drawn)
    journals = {login: started(world, login) for login in LOGINS}
    for step, login, drawn in during:
        world.go(step, login, drawn)
    for login, journal in journals.items():
        after = world.snapshot(login)
        journal.see(*flat(shuffled(world.window(login), seed)), *after)
        fresh = Journal()
        fresh.see(*after)
        assert journal.books.state() == fresh.books.state()
        assert_true_to_the_venue(journal.books, world.held(login))
