"""A close or cancel of a symbol, or of all, calls off what the same client orders there and is not sent yet.

Otherwise what was to be closed would be opened right after it.
"""

from collections.abc import Iterable

from oms.domain.commands import CancelAll, Close, CloseAll, Submit
from oms.ingest.account import Account
from oms.projections import Books

from .gathering import renamed
from .pending import Pending


def overtake(new: Pending, others: Iterable[Pending], account: Account) -> None:
    """Call off those of the others that a new command overtakes."""
    match renamed(new.request.verb, account):
        case Close(symbol=str() as symbol) | CloseAll(symbol=symbol) | CancelAll(symbol=symbol):
            waiting = [one for one in others if not one.decided and _before(one, new)]
        case _:
            return
    for one in waiting:
        verb = renamed(one.request.verb, account)
        same_client = one.request.client == new.request.client
        if same_client and isinstance(verb, Submit) and symbol in (None, verb.symbol):
            one.overtaken_by = new.command


def overtaken(pending: Pending, account: Account, books: Books) -> str:
    """What called it off: also what was put into the durable queue behind it, and taken before it."""
    verb = renamed(pending.request.verb, account)
    if pending.overtaken_by or pending.queued_at is None or not isinstance(verb, Submit):
        return pending.overtaken_by
    return books.commands.overtaken(pending.request.client, verb.symbol, pending.queued_at)


def _before(one: Pending, new: Pending) -> bool:
    """Whether a command came before another: of two that were queued, whichever was queued first."""
    return one.queued_at is None or new.queued_at is None or one.queued_at < new.queued_at
