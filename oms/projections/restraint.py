"""What risk is limited to, for one command: of the books, and of whoever knows prices."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from oms.domain.decide.facts import Restraint
from oms.domain.decide.in_flight import CLOSING
from oms.domain.events import RiskLimits
from oms.domain.intent import Intent
from oms.domain.limits import AccountLimits, Limits, Unreadable, narrowest, read_limits

from .books import Books
from .worth import LotValues

LOSSES: Final = ("max_daily_loss", "max_drawdown", "max_drawdown_percent")
_OVER_TIME: Final = ("max_orders_per_second", "max_orders_per_minute", "duplicate_window")
DATE: Final = 10  # letters of a time's date


class Read(msgspec.Struct, frozen=True):
    """Limits, read from their event."""

    account: AccountLimits | None = None
    clients: dict[str, Limits] = {}
    unreadable: str = ""


def limits_in_force(books: Books) -> Read:
    """Those of the latest event; where they cannot be read, why."""
    event = books.risk.limits
    return Read() if event is None else _read(_Same(event))


class _Same:
    """An event by its identity: one is read once."""

    def __init__(self, event: RiskLimits) -> None:
        self.event = event

    def __hash__(self) -> int:
        return id(self.event)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.event is other.event


@lru_cache(maxsize=256)
def _read(same: _Same) -> Read:
    event = same.event
    try:
        account = read_limits(AccountLimits, event.limits)
        clients = {name: read_limits(Limits, told) for name, told in event.clients.items()}
    except Unreadable as why:
        return Read(unreadable=str(why))
    return Read(account, clients)


def quote_age(read: Read, client: str, otherwise: float) -> float:
    """Seconds that a quote may be old: the least of the setting's, the account's and the client's."""
    own = read.clients.get(client)
    least = narrowest([one.quote_age for one in (read.account, own) if one is not None])
    return otherwise if least is None else min(otherwise, float(least))


def restraint_of(
    books: Books,
    symbol: str | None,
    client: str,
    server_now: str,
    *,
    limits: Read | None = None,
    lot_values: Callable[[list[str]], LotValues],
    equity: Callable[[], Decimal | None],
) -> Restraint:
    """All that limits look at; what none of them asks for is left out, because it costs time.

    `limits`: others than those in force.  `lot_values` (of symbols) and `equity` are asked only where a limit
    needs them.
    """
    read, risk = limits or limits_in_force(books), books.risk
    own = read.clients.get(client)
    state = risk.clients.get(client)
    both = [one for one in (read.account, own) if one is not None]
    found = Restraint(
        version=risk.version,
        account=read.account,
        client=own,
        unreadable=read.unreadable,
        client_permission=state.permission if state is not None else "active",
        client_reason=state.reason if state is not None else "",
    )
    if own is not None:
        found = msgspec.structs.replace(
            found, own=_own(books, client), own_in_flight=_in_flight_of(books, client)
        )
    if _any(both, *_OVER_TIME):
        found = msgspec.structs.replace(found, sent=tuple(risk.sent))
    if _any(both, "max_notional"):
        values = lot_values(_symbols(books, symbol))
        found = msgspec.structs.replace(found, lot_values=values.values, prices=values.prices)
    if _any(both, *LOSSES):
        now = equity()
        peak = max((one for one in (risk.peak, now) if one is not None), default=None)
        found = msgspec.structs.replace(
            found,
            equity=now,
            day_start=risk.day_start(server_now[:DATE]),
            peak=peak if risk.peak is not None else None,
        )
    return found


def _any(limits: list[Limits], *names: str) -> bool:
    return any(getattr(one, name, None) is not None for one in limits for name in names)


def _own(books: Books, client: str) -> frozenset[str]:
    """Orders of the client's commands, and positions that such orders opened."""
    tickets = [one.order for one in books.orders.at_stake()] + [one.position for one in books.positions]
    owners = ((ticket, books.commands.owner(ticket)) for ticket in tickets)
    return frozenset(ticket for ticket, owner in owners if owner is not None and owner.client == client)


def _in_flight_of(books: Books, client: str) -> tuple[Intent, ...]:
    courses = (books.commands.course(one.key) for one in books.commands.open() if one.client == client)
    return tuple(one.intent for one in courses if one.intent is not None and one.ordered)


def _symbols(books: Books, symbol: str | None) -> list[str]:
    """All in which something is at stake."""
    held = [one.symbol for one in books.positions]
    waiting = [one.record.symbol for one in books.orders.at_stake() if one.record is not None]
    moving = [
        one.intent.symbol
        for one in map(books.commands.course, (command.key for command in books.commands.open()))
        if one.intent is not None and not one.intent.flags & CLOSING
    ]
    return [*held, *waiting, *moving, *([symbol] if symbol else [])]
