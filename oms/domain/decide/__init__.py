"""Whether a command may be sent, and as what: pure functions from a command and the facts to a decision.

    judging    one command; build, resolve: the request that it comes to (docs/protocol.md 6.5)
    rules      the table of what can stand against it, a module for each kind of thing
    sweeping   close_all, cancel_all
    codes      every code of a denial

Not here: who asked, whether it was asked before, what comes of it.
"""

from ..commands import CancelAll, CloseAll, Verb
from .codes import CODES
from .decision import Approved, Decision, Denied, Swept, Unchanged
from .facts import Exposure, Facts, Policy
from .judging import judge, on_prices
from .margin import exposure
from .sweeping import sweep

__all__ = [
    "CODES",
    "Approved",
    "Decision",
    "Denied",
    "Exposure",
    "Facts",
    "Policy",
    "Swept",
    "Unchanged",
    "decide",
    "exposure",
    "on_prices",
]


def decide(verb: Verb, facts: Facts) -> Decision:
    """Judge any command; a check is judged as the submit that it would be.

    Never raises on what a command or the facts say; reads no clock.
    """
    if isinstance(verb, CloseAll | CancelAll):
        return sweep(verb, facts)
    return judge(verb, facts)
