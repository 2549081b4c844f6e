"""No sequence of commands, fills and restarts gets an order past a limit, by what its log says.

Drawn is what two clients want in two symbols, and what becomes of each request: done, done and not told yet,
done while nobody knows, lost, refused, done in part.  After each step the log so far is counted again by a
reference that knows nothing of the code; and what the venue has is within the widest limits that there were.
"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.commands import Cancel, Close, Modify, Submit

from .limits_reference import Reference
from .limits_world import World

D = Decimal
PRICES = {"buy_limit": "1.07", "sell_limit": "1.09", "buy_stop": "1.09", "sell_stop": "1.07"}
FATES = st.sampled_from(("done", "done", "slow", "late", "lost", "refused", "partial"))
PARTS = st.sampled_from((D("0.3"), D("0.5"), D(1)))
WHICH = st.integers(0, 5)
CLIENTS = st.sampled_from(("desk", "desk", "other"))
LOTS = st.integers(1, 6).map(lambda tenths: D(tenths) / 10)
SYMBOLS, SIDES = st.sampled_from(("EURUSD", "EURUSD", "GBPUSD")), st.sampled_from(("buy", "sell"))
KINDS = st.sampled_from(sorted(PRICES))
MARKET = st.tuples(st.just("market"), CLIENTS, SYMBOLS, SIDES, LOTS, FATES, PARTS)
STEPS = st.one_of(
    MARKET,
    MARKET,
    st.tuples(st.just("pending"), CLIENTS, SYMBOLS, KINDS, LOTS, FATES, PARTS),
    st.tuples(st.just("close"), CLIENTS, WHICH, FATES, PARTS),
    st.tuples(st.just("cancel"), CLIENTS, WHICH, FATES, PARTS),
    st.tuples(st.just("move"), CLIENTS, WHICH, st.sampled_from(("1.05", "1.95")), FATES, PARTS),
    st.tuples(st.just("fill"), WHICH, PARTS, st.booleans()),
    st.tuples(st.just("hear"), WHICH),
    st.tuples(st.just("wait"), st.sampled_from((1, 900, 5_000, 61_000))),
    st.tuples(st.just("limit"), st.integers(0, 9)),
    st.tuples(st.just("restart")),
)
ACCOUNT = st.fixed_dictionaries(
    {},
    optional={
        "max_volume_per_order": st.sampled_from(("0.3", "0.5")),
        "max_volume_per_symbol": st.sampled_from(("0.6", "0.9")),
        "max_volume_per_account": st.sampled_from(("1.0", "1.4")),
        "max_gross_exposure": st.sampled_from(("0.8", "1.2")),
        "max_notional": st.sampled_from(("90000", "140000")),
        "max_orders": st.sampled_from(("1", "3")),
        "max_positions": st.sampled_from(("3", "5")),
        "max_orders_per_second": st.just("3"),
        "max_orders_per_minute": st.sampled_from(("6", "12")),
        "duplicate_window": st.just("5"),
    },
)
CLIENT = st.fixed_dictionaries(
    {},
    optional={
        "max_volume_per_symbol": st.just("0.5"),
        "max_gross_exposure": st.just("0.7"),
        "max_positions": st.just("2"),
        "max_orders_per_minute": st.just("4"),
    },
)


def go(world: World, step: tuple[Any, ...], limits: list[tuple[dict[str, str], dict[str, str]]]) -> None:
    books = world.books
    match step:
        case ("market", client, symbol, side, volume, fate, part):
            world.ask(Submit(symbol=symbol, side=side, volume=volume), client, fate, part)
        case ("pending", client, symbol, kind, volume, fate, part):
            side, _, name = kind.partition("_")
            order = Submit(symbol=symbol, side=side, volume=volume, type=name, price=D(PRICES[kind]))
            world.ask(order, client, fate, part)
        case ("close", client, which, fate, part) if held := [one.position for one in books.positions]:
            world.ask(Close(position=held[which % len(held)]), client, fate, part)
        case ("cancel", client, which, fate, part) if waiting := [one.order for one in books.orders.open()]:
            world.ask(Cancel(order=waiting[which % len(waiting)]), client, fate, part)
        case ("move", client, which, price, fate, part) if waiting := [
            one.order for one in books.orders.open()
        ]:
            world.ask(Modify(order=waiting[which % len(waiting)], price=D(price)), client, fate, part)
        case ("fill", which, part, heard):
            world.fill(which, part, heard=heard)
        case ("hear", which):
            world.hear(which)
        case ("wait", ms):
            world.ms += ms
        case ("limit", which):
            world.limit(*limits[which % len(limits)])
        case ("restart",):
            world.restart()


def really(world: World, *, hedging: bool) -> dict[str, Decimal]:
    """What the venue has, whatever anybody knows of it."""
    sides: dict[tuple[str, str], Decimal] = {}
    for symbol, lots in world.venue.held.values():
        key = (symbol, "buy" if lots > 0 else "sell")
        sides[key] = sides.get(key, D(0)) + abs(lots)
    for one in world.venue.waiting.values():
        key = (one.symbol, one.type.partition("_")[0])
        sides[key] = sides.get(key, D(0)) + (one.remaining or 0)
    # A position has its order's ticket, so an order that is filled in part is one with it.
    places = {key: symbol for key, (symbol, _) in world.venue.held.items()}
    places |= {one.order: one.symbol for one in world.venue.waiting.values()}
    found = {
        "max_volume_per_symbol": max(sides.values(), default=D(0)),
        "max_orders": D(len(world.venue.waiting)),
        "max_positions": D(len(places if hedging else set(places.values()))),
    }
    return found | ({"max_gross_exposure": sum(sides.values(), D(0))} if hedging else {})


@pytest.mark.parametrize("hedging", [True, False], ids=["hedging", "netting"])
def test_no_sequence_gets_an_order_past_a_limit(hedging: bool) -> None:
    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(st.tuples(ACCOUNT, CLIENT), min_size=1, max_size=2),
        st.lists(STEPS, min_size=25, max_size=40),
    )
    def holds(limits: list[tuple[dict[str, str], dict[str, str]]], steps: list[tuple[Any, ...]]) -> None:
        world, reference, counted = World(hedging=hedging), Reference(hedging=hedging), 0
        world.limit(*limits[0])
        for step in steps:
            go(world, step, limits)
            for event in world.log[counted:]:
                reference.saw(event)
            counted = len(world.log)
            for name, figure in really(world, hedging=hedging).items():
                if all(name in account for account, _ in limits):
                    assert figure <= max(D(account[name]) for account, _ in limits), name

    holds()
