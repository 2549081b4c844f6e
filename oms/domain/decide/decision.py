"""What a decision can be.  Only what is approved holds something that can be sent."""

import msgspec

from ..commands import CancelAll, CloseAll, Verb
from ..events.command import JudgedMargin, JudgedQuote, JudgedRisk, Reason
from ..intent import Intent
from .case import Need


class Approved(msgspec.Struct, frozen=True):
    """It may be sent.  An intent that asks for prices (action request_prices) orders nothing yet."""

    intent: Intent
    quote: JudgedQuote | None = None  # that it was judged against
    margin: JudgedMargin | None = None
    risk: JudgedRisk | None = None
    need: Need = "risk"  # what it needed of the account


class Denied(msgspec.Struct, frozen=True):
    """It may not, for all of these reasons; `passing`: the same command may be tried again."""

    reasons: tuple[Reason, ...]
    quote: JudgedQuote | None = None
    margin: JudgedMargin | None = None
    risk: JudgedRisk | None = None
    passing: bool = False


class Unchanged(msgspec.Struct, frozen=True):
    """A modify that changes nothing: done without being sent, retcode 10025."""

    message: str


class Swept(msgspec.Struct, frozen=True):
    """A sweep may begin: these are its children, one for each position or order."""

    sweep: CloseAll | CancelAll
    children: tuple[Verb, ...]


Decision = Approved | Denied | Unchanged | Swept
