"""A venue that says something else than it does: answers changed on their way, its own ledger sound."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from protocol.account_body import Account
from protocol.records.trade import History, OpenTrades
from tests.paper.running import Running

ACCOUNT, OPEN, HISTORY = 3, 4, 5


def alter(venue: Running, command: int, change: Callable[[Any], Any]) -> None:
    """From now on answers to a command go through this as well."""
    handlers: Any = venue.server.desk._handlers
    before = handlers[command]
    handlers[command] = lambda moment, visitor, request: change(before(moment, visitor, request))


def restore(venue: Running) -> Callable[[], None]:
    """What makes the answers again what they are now."""
    handlers: Any = venue.server.desk._handlers
    kept = dict(handlers)
    return lambda: handlers.update(kept)


def money_is(venue: Running, more: float) -> None:
    """The balance is higher by so much."""

    def change(found: Account) -> Account:
        return replace(found, main=replace(found.main, balance=round(found.main.balance + more, 2)))

    alter(venue, ACCOUNT, change)


def positions_are(venue: Running, volumes: dict[int, int]) -> None:
    """These positions have other volumes (in 10^-8 lots; 0: they are not there)."""

    def change(found: OpenTrades) -> OpenTrades:
        told = [
            replace(one, trade_volume=volumes.get(one.position_id, one.trade_volume))
            for one in found.positions
        ]
        return OpenTrades([one for one in told if one.trade_volume], found.orders)

    alter(venue, OPEN, change)


def no_positions(venue: Running) -> None:
    """The list of positions is empty."""
    alter(venue, OPEN, lambda found: OpenTrades([], found.orders))


def no_orders(venue: Running) -> None:
    """The list of orders is empty."""
    alter(venue, OPEN, lambda found: OpenTrades(found.positions, []))


def reopened(venue: Running, login: int, ticket: int) -> None:
    """An order that has ended is open still, and the history does not have it."""
    (past,) = [one for one in venue.venue.accounts[login].history if one.trade_order == ticket]
    order = replace(past, order_state=1, time_done=0, volume_current=past.volume_initial)
    alter(venue, OPEN, lambda found: OpenTrades(found.positions, [*found.orders, order]))
    alter(
        venue,
        HISTORY,
        lambda found: History(found.deals, [one for one in found.orders if one.trade_order != ticket]),
    )


def without_deals(venue: Running, login: int, count: int) -> None:
    """The history lacks the latest deals and their orders."""
    hidden = {one.deal: one.trade_order for one in venue.venue.accounts[login].deals[-count:]}

    def change(found: History) -> History:
        deals = [one for one in found.deals if one.deal not in hidden]
        return History(deals, [one for one in found.orders if one.trade_order not in hidden.values()])

    alter(venue, HISTORY, change)
