"""A close that opened the other side, because somebody else was faster (docs/semantics.md 4).

In netting nothing on the wire stops it.  It is seen in the deals: what closes cannot open, so a deal of its
order that opened something tells it all.  The account may only reduce from then on, in the same commit as the
deal, and nothing is sent by itself: whoever asked for the close decides what to do about the rest.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from oms.domain import words
from oms.domain.events import AccountState, AnomalySeen

from .books import Books
from .commands import CLOSE_REVERSED, Command

ACTIVE: Final = "active"
REDUCING: Final = "reducing"
# Reasons to be reducing that end by themselves, and therefore give way to those that do not.
RACE: Final = "race"  # its pushes never paused for a comparison: it was let in reducing only
BREACH: Final = "risk: "  # what follows is the limit that was reached; it may last for the day


def ends_by_itself(reason: str) -> bool:
    """Whether a comparison, or another day, may lift a reason to be reducing."""
    return reason == RACE or reason.startswith(BREACH)


def reversal(books: Books, command: Command) -> Iterator[AnomalySeen | AccountState]:
    """What a command's deals say of it for the first time; nothing where its order opened nothing."""
    order = command.order
    if command.verb != "close" or order is None or books.commands.course(command.key).reversed:
        return
    opened = next((deal for deal in books.orders.fills(order) if deal.entry in words.OPENING), None)
    if opened is None:
        return
    left = [f"{one.side} {one.volume:f}" for one in books.positions.of_symbol(opened.symbol)]
    yield AnomalySeen(CLOSE_REVERSED, f"order {order}", opened.symbol, "position", ", ".join(left))
    known = books.terms.standing
    if known is not None and (reduced := reducing(known)) != known:
        yield reduced


def reducing(known: AccountState) -> AccountState:
    """The account may only reduce; what restricts it beside that stays, as does an earlier such reason.

    A reason that ends by itself gives way: another day must not lift this.
    """
    if known.permission == ACTIVE or (known.permission == REDUCING and ends_by_itself(known.reason)):
        return replace(known, permission=REDUCING, reason=CLOSE_REVERSED, by="", comment="")
    if known.permission == REDUCING or not ends_by_itself(known.also.get(REDUCING, RACE)):
        return known
    return replace(known, also=dict(known.also) | {REDUCING: CLOSE_REVERSED})
