"""What is asked about, found in the books: a command, an order, a deal, a position, and what goes with it."""

from typing import Final, Literal, NamedTuple, get_args

import msgspec

from oms.projections import Books
from oms.projections.commands import Command, Key

What = Literal["command", "order", "deal", "position"]
WHAT: Final[tuple[What, ...]] = get_args(What)


class NotThere(LookupError):
    """Nothing of that name is in the journal."""


class Ambiguous(LookupError):
    """Several are; the text says how to name one of them."""


class Subject(NamedTuple):
    """What is explained."""

    what: What
    name: str
    also: tuple[str, ...] = ()  # what else has that name: order:1023, ...


class Related(msgspec.Struct):
    """All that belongs to it; events are looked for by these."""

    commands: set[Key]
    orders: set[str]
    deals: set[str]
    positions: set[str]  # whose own events are told; deals name their positions anyway


def found(books: Books, asked: str, client: str | None = None) -> tuple[Subject, Related]:
    """What `asked` names: `7f3c`, `order:1023`; a command is taken before an order, a deal, a position.

    Raises NotThere, Ambiguous.
    """
    wanted, _, name = asked.rpartition(":")
    if wanted not in WHAT:
        wanted, name = "", asked
    there = {what: one for what in WHAT if (one := _related(books, what, name, client)) is not None}
    for what in WHAT:
        if what in there and wanted in ("", what):
            also = tuple(f"{other}:{name}" for other in there if other != what)
            return Subject(what, name, also), there[what]
    kind = wanted or "command, order, deal or position"
    raise NotThere(f"no {kind} {name!r} is in the journal" + (f" of {client}" if client else ""))


def _related(books: Books, what: What, name: str, client: str | None) -> Related | None:
    match what:
        case "command":
            return _of_command(books, name, client)
        case "order":
            return _of_order(books, name) if books.orders.get(name) is not None else None
        case "deal":
            return _of_deal(books, name)
    return _of_position(books, name)


def _of_command(books: Books, name: str, client: str | None) -> Related | None:
    commands = [one for one in books.commands if one.command == name and client in (None, one.client)]
    if not commands:
        return None
    if len(commands) > 1:
        clients = " or ".join(one.client for one in commands)
        raise Ambiguous(f"{len(commands)} commands are called {name}: say --client {clients}")
    found = Related(set(), set(), set(), set())
    _add_command(books, commands[0], found)
    for child in books.commands.course(commands[0].key).children:
        known = books.commands.get(commands[0].client, child)
        if known is not None:
            _add_command(books, known, found)
    return found


def _add_command(books: Books, command: Command, found: Related) -> None:
    found.commands.add(command.key)
    found.deals.update(command.deals)
    if command.order is not None:
        _add_order(books, command.order, found)
    elif command.position is not None:
        found.positions.add(command.position)  # of stops that it moved


def _of_order(books: Books, name: str) -> Related:
    found = Related(set(), set(), set(), set())
    _add_order(books, name, found)
    for one in books.commands:
        if one.order == name:
            found.commands.add(one.key)
    return found


def _add_order(books: Books, order: str, found: Related) -> None:
    """With its deals, and the command that made it."""
    found.orders.add(order)
    found.deals.update(deal.deal for deal in books.fills(order))
    owner = books.commands.owner(order)
    if owner is not None:
        found.commands.add(owner.key)


def _of_deal(books: Books, name: str) -> Related | None:
    deal = books.deal(name)
    if deal is None and not books.deal_removed(name):
        return None
    found = Related(set(), set(), {name}, set())
    if deal is not None and deal.order is not None:
        _add_order(books, deal.order, found)
    return found


def _of_position(books: Books, name: str) -> Related | None:
    """Every deal of it, their orders, and what was to change it."""
    deals = [deal for deal in books.deals if deal.position == name]
    if not deals and books.positions.get(name) is None:
        return None
    found = Related(set(), set(), {deal.deal for deal in deals}, {name})
    for order in dict.fromkeys(deal.order for deal in deals if deal.order is not None):
        _add_order(books, order, found)
    found.commands.update(one.key for one in books.commands if one.position == name)
    return found
