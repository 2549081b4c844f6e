"""What is asked about, found in the books: a command, an order, a deal, a position, and what goes with it."""

from typing import Final, Literal, NamedTuple, get_args

import msgspec

from oms.domain import words
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
    by_server: str = ""  # sl, tp, so: what made the order, where no command did


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
    wanted, _, name = asked.partition(":")
    if wanted not in WHAT or not name:
        wanted, name = "", asked
    there = [what for what in WHAT if _known(books, what, name, client)]
    for what in there:
        if wanted in ("", what):
            also = tuple(f"{other}:{name}" for other in there if other != what)
            return Subject(what, name, also, _by_server(books, what, name)), _related(
                books, what, name, client
            )
    kind = wanted or "command, order, deal or position"
    raise NotThere(f"no {kind} {name!r} is in the journal" + (f" of {client}" if client else ""))


def _known(books: Books, what: What, name: str, client: str | None) -> bool:
    match what:
        case "command":
            return bool(_commands(books, name, client))
        case "order":
            return books.orders.get(name) is not None
        case "deal":
            return books.deal(name) is not None or books.deal_removed(name)
    return books.positions.get(name) is not None or any(deal.position == name for deal in books.deals)


def _by_server(books: Books, what: What, name: str) -> str:
    deal = books.deal(name) if what == "deal" else None
    order = name if what == "order" else deal.order if deal is not None else None
    return "" if order is None else _stopped(books, order)[0]


def _related(books: Books, what: What, name: str, client: str | None) -> Related:
    match what:
        case "command":
            return _of_command(books, name, client)
        case "order":
            return _of_order(books, name)
        case "deal":
            return _of_deal(books, name)
    return _of_position(books, name)


def _commands(books: Books, name: str, client: str | None) -> list[Command]:
    return [one for one in books.commands if one.command == name and client in (None, one.client)]


def _of_command(books: Books, name: str, client: str | None) -> Related:
    commands = _commands(books, name, client)
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
    """What stops made is told by the position that they closed, and who set them."""
    reason, position = _stopped(books, name)
    found = _of_position(books, position) if reason and position else Related(set(), set(), set(), set())
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


def _stopped(books: Books, order: str) -> tuple[str, str | None]:
    """By which stop of which position an order was made; "" for one that a command or somebody else made.

    It is nobody else's (docs/semantics.md 3, TC-O7).
    """
    found = books.orders.get(order)
    if found is None or books.commands.owner(order) is not None:
        return "", None
    for one in (found.record, *books.fills(order)):
        if one is not None and one.reason in words.BY_SERVER:
            return one.reason, one.position
    return "", None


def _of_deal(books: Books, name: str) -> Related:
    deal = books.deal(name)
    if deal is None or deal.order is None:
        return Related(set(), set(), {name}, set())
    return _of_order(books, deal.order)


def _of_position(books: Books, name: str) -> Related:
    """Every deal of it, their orders, and what was to change it."""
    deals = [deal for deal in books.deals if deal.position == name]
    found = Related(set(), set(), {deal.deal for deal in deals}, {name})
    for order in dict.fromkeys(deal.order for deal in deals if deal.order is not None):
        _add_order(books, order, found)
    found.commands.update(one.key for one in books.commands if one.position == name)
    return found
