"""Taking over what the venue says, because a person accepts that the books differ (docs/semantics.md 7)."""

from collections.abc import Sequence

from oms.domain.correction import Behind, Unacceptable, correction
from oms.domain.events.reconcile import Difference
from oms.domain.reconcile import Picture, compare
from oms.recorder import Turn

from .asked import CHANGED, NO_DIFFERENCE, UNCONFIRMED, Asked
from .comparing import picture_of_books
from .standing import DIFFERENCE, restrictions_of


def refusal(found: Sequence[Difference], turn: Turn, *, known: bool) -> str:
    """Why what a quiet round found cannot be accepted, as a code; "" where it can.

    Only what a person can have looked at: a difference by the rule, and the same (`known`) as in the round
    before.  Anything else may be a trade whose deal is on its way.
    """
    if not found:
        return NO_DIFFERENCE
    if DIFFERENCE not in restrictions_of(turn.books.terms.standing):
        return UNCONFIRMED
    return "" if known else CHANGED


def take_over(
    asked: Asked, found: Sequence[Difference], venue: Picture, now: str, turn: Turn, seq: int
) -> None:
    """Put into the turn what makes the books agree; `seq` is the journal's last event before the turn.

    Raises Unacceptable where they would not agree even then, and the turn is not to count.
    """
    if asked.accept is None:
        raise Unacceptable("nobody accepted it")
    opened = turn.books.terms.opened
    behind = Behind(opened.epoch if opened else "", seq + len(turn.events), now)
    asked.booking = True
    for event in correction(found, picture_of_books(turn.books), venue, asked.accept, behind):
        turn.add(event)
    left = compare(picture_of_books(turn.books), venue, now)
    if left:
        raise Unacceptable(f"{len(left)} differences would be left, of {left[0].subject} {left[0].key}")
