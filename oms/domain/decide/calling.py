"""Which class of calls a request belongs to, and whether that is let through (docs/design.md 8).

Asking for prices is a class of its own.  It can hold up what adds risk or changes something; a close asks
whatever became of other questions, for its own failures are the only ones that may keep it here.
"""

from collections.abc import Iterator
from typing import Final

from ..calls import CHANGING, CLOSING, OPENING, PRICES, CallClass
from ..events.command import Reason
from ..intent import REQUEST_PRICES, Intent
from .case import Case, Need
from .codes import BREAKER_OPEN
from .reasons import reason
from .resolve import DEAL_REQUEST

CLASSES: Final[dict[Need, CallClass]] = {"risk": OPENING, "change": CHANGING, "reduce": CLOSING}


def class_of(need: Need, intent: Intent) -> CallClass:
    """The class of a request, by what its command needs of the account."""
    return PRICES if intent.action == REQUEST_PRICES else CLASSES[need]


def calls_are_let_through(case: Case) -> Iterator[Reason]:
    """No breaker stands against it."""
    classes = [CLASSES[case.need]]
    if case.need != "reduce" and case.intent is not None and case.intent.action == DEAL_REQUEST:
        classes.append(PRICES)
    for name in classes:
        if name in case.facts.refusing:
            until = case.facts.refusing[name]
            then = f"one is tried at {until}" if until else "one is being tried"
            yield reason(
                BREAKER_OPEN, f"requests of the class {name} were not answered again and again; {then}"
            )
