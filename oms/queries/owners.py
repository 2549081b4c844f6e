"""Whose positions and deals are, by the commands that made their orders.

A position is a client's whose command made the order that opened it, or that reversed it: that is its ticket
(docs/semantics.md 4).  A netting position may be traded by several: each has a share, the lots that its own
deals left.
"""

from decimal import Decimal

import msgspec

from oms.domain import words
from oms.domain.records import DealRecord, PositionRecord
from oms.domain.values import EXACT, ZERO, lots
from oms.projections import Books
from oms.projections.commands import Command


class Share(msgspec.Struct, frozen=True):
    """What a client's deals left of a position since it was opened; all shares together are the position."""

    client: str | None  # null: deals that no command made
    net: Decimal  # lots, long counted up; below 0: it sold more of it than it bought


def opener(books: Books, position: PositionRecord) -> Command | None:
    """The command whose order opened a position; None for one that is not ours."""
    return books.commands.owner(position.ticket or position.position)


def dealer(books: Books, deal: DealRecord) -> str | None:
    """The client whose command made a deal's order; what stops closed is whose position it was."""
    owner = books.commands.owner(deal.order) if deal.order else None
    if owner is None and deal.reason in words.BY_SERVER and deal.position:
        owner = books.commands.owner(deal.position)
    return owner.client if owner else None


def shares(books: Books, position: PositionRecord) -> list[Share]:
    """By client, those of nobody first; what was there before any deal that is known is nobody's."""
    found: dict[str | None, Decimal] = {None: ZERO}
    signed = position.signed
    for deal, moved in books.positions.made_of(position.position):
        client = dealer(books, deal)
        found[client] = EXACT.add(found.get(client, ZERO), moved)
        signed = EXACT.subtract(signed, moved)
    found[None] = EXACT.add(found[None], signed)
    return [
        Share(name, lots(net)) for name, net in sorted(found.items(), key=lambda one: one[0] or "") if net
    ]
