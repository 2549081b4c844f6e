"""The limits in force: those of the configuration until an operator changes them, whole in every event.

An operator's limits outlive a restart.  Those of the configuration hold again as soon as they are others than
they were at the last start: whoever edits the file means what it says.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from oms.commands.operating import Limiting
from oms.domain.events import RiskLimits
from oms.domain.events.command import Reason
from oms.domain.limits import AccountLimits, Limits, Told, Unreadable, read_limits, told_limits
from oms.projections.risk import CONFIG
from oms.recorder import Turn

from . import codes

OPERATOR: Final = "operator"


def of_config(account: Limits, clients: Mapping[str, Limits]) -> RiskLimits:
    """The configuration's limits as an event."""
    told = {name: told_limits(limits, Limits) for name, limits in clients.items()}
    return RiskLimits(told_limits(account, AccountLimits), CONFIG, {n: one for n, one in told.items() if one})


def adopt(wanted: RiskLimits, turn: Turn) -> None:
    """At the start: the configuration's limits, if they are others than at the last start."""
    known = turn.books.risk.configured
    before = (known.limits, known.clients) if known is not None else ({}, {})
    if before != (wanted.limits, wanted.clients):
        turn.add(wanted)


def change(said: Limiting, turn: Turn) -> tuple[Reason, ...]:
    """An operator's change, if he says any; reasons where it cannot be, and then nothing changes."""
    if not said.limits:
        return ()
    known = turn.books.risk.limits or RiskLimits()
    clients = dict(known.clients)
    before = known.limits if said.client is None else clients.get(said.client, {})
    now = {name: one for name, one in (dict(before) | said.limits).items() if one is not None}
    try:
        kind = AccountLimits if said.client is None else Limits
        limits = read_limits(kind, now)
    except Unreadable as why:
        return (Reason(codes.BAD_LIMITS, str(why)),)
    told = told_limits(limits, kind)
    if said.client is None:
        found = replace(known, limits=told)
    else:
        clients.pop(said.client, None)
        found = replace(known, clients=clients | ({said.client: told} if told else {}))
    turn.add(replace(found, by=person(said.by), comment=said.comment))
    return ()


def person(by: str) -> str:
    """Who it was, never the file, for whom somebody of that name would be taken."""
    return by if by not in ("", CONFIG) else OPERATOR


def in_force(event: RiskLimits | None, client: str | None) -> Mapping[str, Any]:
    """Those of the account, or of a client, as they are told."""
    known = event or RiskLimits()
    nothing: Told = {}
    return known.limits if client is None else known.clients.get(client, nothing)
