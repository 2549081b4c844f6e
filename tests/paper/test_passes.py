"""Tickets that stand for passwords."""

from random import Random

from oms.paper.passes import REMEMBERED, Pass, Passes

ONE = Pass(1001, False, "p")


def test_the_oldest_tickets_are_forgotten_by_everybody() -> None:
    """A venue without a state file never asks for the fresh ones: they must not gather for ever."""
    passes = Passes(Random(1))
    given = [passes.give(ONE) for _ in range(REMEMBERED + 5)]
    assert [ticket for ticket, _ in passes.all()] == given[5:]
    assert [ticket for ticket, _ in passes.fresh()] == given[5:]
    assert passes.fresh() == []
    assert (passes.holder(given[4]), passes.holder(given[5])) == (None, ONE)
