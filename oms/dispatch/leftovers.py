"""Commands that the end of the daemon caught on their way (docs/design.md 2)."""

from oms.domain.events import CommandDenied, CommandUnknown
from oms.failpoints import reach
from oms.projections.commands import RECEIVED, UNKNOWN
from oms.projections.outcomes import proved
from oms.recorder import Turn

from . import codes
from .codes import reason
from .writing import rejected


def bring_to_an_end(turn: Turn) -> None:
    """What was sent is unknown unless the books prove an outcome; what was not sent never will be."""
    commands = turn.books.commands
    for one in commands.open():
        course = commands.course(one.key)
        if one.status == UNKNOWN or course.children:
            continue
        if one.status == RECEIVED:
            why = reason(codes.RESTARTED, "it waited when the daemon ended; nothing was sent")
            turn.add(CommandDenied(one.command, one.client, (why,), symbol=one.symbol))
        elif not course.ordered:
            why = reason(codes.NO_PRICES, "the daemon ended while prices were asked for")
            turn.add(rejected(one.command, one.client, why))
        elif (found := proved(turn.books, one)) is not None:
            turn.add(found)
        else:
            accepted = course.answer in ("accepted", "awaited")
            turn.add(CommandUnknown(one.command, one.client, "restarted", one.symbol, one.retcode, accepted))
    reach("leftovers.proposed")
