"""The end of a doubt, as events: what nobody knew is settled, and has its outcome in the same turn."""

from typing import Final, NamedTuple

from oms.domain.events import CommandOutcome, CommandSettled
from oms.domain.events.command import Reason
from oms.domain.evidence import FOUND
from oms.projections.commands import NOT_FOUND, UNKNOWN, Command
from oms.projections.outcomes import DONE, MAKING, proved
from oms.recorder import Turn

from . import codes
from .codes import reason
from .writing import rejected

OPERATOR: Final = "operator"


class Word(NamedTuple):
    """What an operator says became of an unknown command."""

    client: str
    command: str
    verdict: str  # found, not_found
    order: str | None = None  # found: the order that it made
    by: str = ""
    comment: str = ""


def not_executed(
    command: Command, evidence: str, message: str, by: str = "", comment: str = ""
) -> tuple[CommandSettled, CommandOutcome]:
    """It was not, and will not be: rejected."""
    name, client = command.command, command.client
    settled = CommandSettled(
        name, client, NOT_FOUND, symbol=command.symbol, evidence=evidence, by=by, comment=comment
    )
    return settled, rejected(name, client, reason(codes.NOT_EXECUTED, message))


def found(
    command: Command, evidence: str, order: str | None = None, by: str = "", comment: str = ""
) -> CommandSettled:
    """It was; the outcome says how it stands."""
    return CommandSettled(
        *(command.command, command.client, FOUND),
        symbol=command.symbol,
        order=order,
        evidence=evidence,
        by=by,
        comment=comment,
    )


def done(command: Command) -> CommandOutcome:
    """What it asked for is so."""
    return CommandOutcome(
        *(command.command, command.client, DONE, True),
        symbol=command.symbol,
        order=command.order,
        position=command.position,
    )


def by_operator(word: Word, turn: Turn) -> tuple[Reason, ...]:
    """Settle a command as an operator says; why that cannot be, and then nothing is done."""
    command = turn.books.commands.get(word.client, word.command)
    if command is None:
        return (reason(codes.UNKNOWN_COMMAND, f"{word.client} has no command {word.command!r}", "command"),)
    if command.status != UNKNOWN:
        message = f"{word.client}/{word.command} is {command.status}: there is nothing to settle"
        return (reason(codes.NOT_UNKNOWN, message, "command", command.status),)
    if word.verdict == NOT_FOUND:
        message = f"an operator says that it was not executed: {word.comment}".rstrip(": ")
        for event in not_executed(command, OPERATOR, message, word.by, word.comment):
            turn.add(event)
        return ()
    if command.verb not in MAKING:
        turn.add(found(command, OPERATOR, None, word.by, word.comment))
        turn.add(proved(turn.books, command) or done(command))
        return ()
    return _made(word, command, turn)


def _made(word: Word, command: Command, turn: Turn) -> tuple[Reason, ...]:
    """The order that it made: one that is known, and nobody else's."""
    candidates = command.candidates
    order = word.order or command.order or (candidates[0] if len(candidates) == 1 else None)
    if order is None:
        message = (
            f"it may be any of {', '.join(candidates)}" if candidates else "nothing was found that may be it"
        )
        return (reason(codes.ORDER_NEEDED, message, "order"),)
    owner = turn.books.commands.owner(order)
    if turn.books.order(order) is None or (owner is not None and owner.key != command.key):
        whose = f"belongs to {owner.client}/{owner.command}" if owner else "is not known"
        return (reason(codes.UNKNOWN_ORDER, f"order {order} {whose}", "order", order),)
    turn.add(found(command, OPERATOR, order, word.by, word.comment))
    known = turn.books.commands.get(*command.key)
    outcome = proved(turn.books, known) if known is not None else None
    if outcome is not None:
        turn.add(outcome)
    return ()
