"""Books against a ledger of its own (`reference`): positions, money, what trading brought, deal by deal."""

import random
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.observations import DealSeen, How
from oms.domain.records import DealRecord
from oms.projections import Books

from .deal_streams import CENTS, amended, streams
from .journal import HEDGING, NETTING, Journal
from .reference import Reference, reference_of

MODES = pytest.mark.parametrize("mode", [NETTING, HEDGING])
CLOSE = Decimal("1e-12")  # of average prices, which need not end


def assert_equal_books(books: Books, expected: Reference) -> None:
    assert (books.ledger.balance, books.ledger.credit) == (expected.balance, expected.credit)
    found = books.ledger.realised()
    assert (found.trades, found.profit, found.commission, found.swap, found.fee) == (
        *(expected.trades, expected.profit, expected.commission, expected.swap, expected.fee),
    )
    assert found.net == expected.profit + expected.commission + expected.swap + expected.fee
    assert {(one.position, one.ticket, one.symbol, one.side, one.volume) for one in books.positions} == {
        (one.identifier, one.ticket, one.symbol, one.side, one.volume) for one in expected.positions.values()
    }
    prices = {one.identifier: one.price for one in expected.positions.values()}
    for one in books.positions:
        assert one.price is not None
        assert abs(one.price - prices[one.position]) < CLOSE
    assert books.days.moved_since("") == (expected.balance, expected.credit)


def see(journal: Journal, deals: list[DealRecord], how: How = How.ADDED) -> None:
    journal.see(*(DealSeen(deal, how) for deal in deals))


@pytest.mark.slow
@MODES
@settings(deadline=None, max_examples=1000)
@given(data=st.data())
def test_after_every_deal_the_books_are_those_of_the_reference(mode: str, data: Any) -> None:
    hedging = mode == HEDGING
    deals = data.draw(streams(hedging=hedging))
    journal, expected = Journal(mode), Reference(hedging)
    for deal in deals:
        see(journal, [deal])
        expected.book(deal)
        assert (journal.books.ledger.balance, journal.books.ledger.credit) == (
            *(expected.balance, expected.credit),
        )
    assert_equal_books(journal.books, expected)
    assert journal.rebuilt().state_hash() == journal.books.state_hash()


@pytest.mark.slow
@MODES
@settings(deadline=None, max_examples=300)
@given(data=st.data(), seed=st.integers(0, 2**32), cents=CENTS)
def test_in_any_order_with_amended_and_removed_deals_they_are_too(
    mode: str, data: Any, seed: int, cents: Decimal
) -> None:
    """What the dealer changed or took back is heard of at any time, each message once or more often."""
    hedging, chance = mode == HEDGING, random.Random(seed)
    deals = data.draw(streams(hedging=hedging))
    changed = amended(chance.choice(deals), cents)
    money = [deal for deal in deals if not deal.trades and deal.deal != changed.deal]
    gone = chance.sample(money, min(len(money), 1))
    pushes = [DealSeen(deal, How.ADDED) for deal in deals for _ in range(chance.choice((1, 1, 2)))]
    pushes += [DealSeen(changed, How.UPDATED), *(DealSeen(deal, How.REMOVED) for deal in gone)]
    chance.shuffle(pushes)
    journal = Journal(mode)
    journal.see(*pushes)
    left = [changed if deal.deal == changed.deal else deal for deal in deals if deal not in gone]
    assert_equal_books(journal.books, reference_of(left, hedging=hedging))


@pytest.mark.slow
@MODES
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_permutation_of_a_window_with_every_push_twice_leaves_the_same_books(
    mode: str, data: Any
) -> None:
    """The last four messages of a stream, the last of them a dealer's change of the one before."""
    hedging = mode == HEDGING
    deals = data.draw(streams(hedging=hedging))
    changed = amended(deals[-1], (deals[-1].profit or Decimal(0)) + 1)
    window = [*(DealSeen(deal, How.ADDED) for deal in deals[-3:]), DealSeen(changed, How.UPDATED)]
    hashes = set()
    for order in permutations(window):
        journal = Journal(mode)
        see(journal, deals[:-3])
        journal.see(*(push for one in order for push in (one, one)), *order)
        assert_equal_books(journal.books, reference_of([*deals[:-1], changed], hedging=hedging))
        hashes.add(journal.books.state_hash())
    assert len(hashes) == 1


def test_the_reference_knows_the_cases_of_the_document() -> None:
    """TC-N1, N2: its own arithmetic is held to the worked numbers as well."""
    money = (("0", "-0.35"), ("0", "-1.05"), ("45.00", "-0.53"), ("-25.00", "-1.40"))
    traded = (
        *(("buy", "0.10", "1.10000"), ("buy", "0.30", "1.10400")),
        *(("sell", "0.15", "1.10600"), ("sell", "0.40", "1.10200")),
    )
    made = Reference(hedging=False, balance=Decimal(10_000))
    seen = []
    for number, ((side, lots, price), (profit, commission)) in enumerate(zip(traded, money, strict=True)):
        made.book(
            DealRecord(
                *(str(number + 1), str(number + 11)), symbol="EURUSD", type=side, volume=Decimal(lots),
                price=Decimal(price), profit=Decimal(profit), commission=Decimal(commission),
            )
        )  # fmt: skip
        held = made.positions["EURUSD"]
        seen.append((held.side, str(held.volume), held.price.normalize()))
    assert seen[1:] == [
        ("buy", "0.40", Decimal("1.103")),
        ("buy", "0.25", Decimal("1.103")),
        ("sell", "0.15", Decimal("1.102")),
    ]
    assert (made.balance, made.profit, made.profit + made.commission) == (
        *(Decimal("10016.67"), Decimal("20.00"), Decimal("16.67")),
    )
