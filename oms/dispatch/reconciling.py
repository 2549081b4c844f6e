"""An operator has books and venue compared, and may accept that they differ (docs/commands.md)."""

from typing import Final

from msgspec.structs import replace

from oms.commands import codes as reading
from oms.commands.operating import Operated, Reconciliation
from oms.domain.correction import Acceptance
from oms.domain.decide.codes import VENUE_UNAVAILABLE
from oms.domain.events.command import Reason
from oms.ingest.account import Account, NotConnected
from oms.ingest.asked import Round

from . import codes
from .telling import operated

RECONCILE: Final = "reconcile"
ROWS: Final = 100  # of differences in a reply; the report in the log has more


async def reconcile(account: Account, said: Reconciliation, wait_s: float) -> Operated:
    """Have a round now, and answer what it found; `wait_s` where the operator does not say how long."""
    accept = None if said.accept is None else Acceptance(said.accept, said.by)
    try:
        found = await account.compare(accept, wait_s if said.wait is None else said.wait)
    except NotConnected as why:
        return _told(account, "denied", Reason(VENUE_UNAVAILABLE, _unconnected(account, str(why))))
    if found is None:
        return _told(account, "denied", Reason(codes.NOT_COMPARED, codes.CODES[codes.NOT_COMPARED].meaning))
    if found.refusal:
        return _told(
            account, "denied", Reason(found.refusal, codes.CODES[found.refusal].meaning), found=found
        )
    if found.accepted or found.equal:
        return _told(account, "done", found=found)
    count = len(found.differences)
    message = f"books and venue differ in {count} {'thing' if count == 1 else 'things'}"
    return _told(account, "rejected", Reason(codes.DIFFERS, message), found=found)


def only_one(name: str, account: str) -> Operated:
    """The reply where a difference would be accepted of every account: somebody has to look at each."""
    message = "accept: names one account, never all"
    reason = Reason(reading.CONFLICTING_FIELDS, message, "accept")
    return Operated(status="denied", final=True, account=account, verb=name, seq=0, reasons=(reason,))


def _unconnected(account: Account, why: str) -> str:
    last = f" ({account.last_error})" if account.last_error else ""
    return f"{why}: {account.standing.link}{last}"


def _told(account: Account, status: str, *reasons: Reason, found: Round | None = None) -> Operated:
    rows = found.differences if found is not None else ()
    return replace(
        operated(account, RECONCILE, status),
        reasons=reasons,
        equal=None if found is None else found.equal or found.accepted,
        differences=rows[:ROWS],
        omitted=max(0, len(rows) - ROWS),
    )
