"""What waited in the ear, as observations for the books and as findings for the log."""

from typing import Final

from oms.domain.events import CommandEvidence, DriftSeen, Event, SessionLink
from oms.domain.observations import Observation
from oms.sessions import translate
from oms.sessions.connection import Unread
from oms.sessions.translate import Terms
from protocol.messages import Answer, Late, Push, Refused, Unknown, Unsolicited
from protocol.records.trade import TRADE_OUTCOME
from protocol.session import UnreadableBody

from .ear import ACCOUNT_CHANGED, MOVES, TRANSACTIONS, Drifted, Waiting

SYMBOLS_CHANGED, SERVER_LINK, OUTCOME, TRADE = 13, 15, 19, 12
UNREADABLE: Final = -1  # the command of a frame of which not even that could be read

OBSERVED: Final = frozenset({TRANSACTIONS, ACCOUNT_CHANGED})


def observations(one: Waiting, terms: Terms) -> list[Observation]:
    """What a push of trades or money tells the books."""
    return translate.push(one, terms) if isinstance(one, Push) and one.command in OBSERVED else []


def link(one: Waiting) -> SessionLink | None:
    """The gateway's link to its trade server, where that is what was told."""
    if isinstance(one, Push) and one.command == SERVER_LINK:
        return SessionLink(one.value.state == 0, one.value.state)
    return None


def evidence(one: Waiting) -> Event | None:
    """A message about a trade request that nobody waits for."""
    match one:
        case Push(command=19, value=outcome):
            request, result = outcome.request, outcome.result
            raw = translate.base64(TRADE_OUTCOME.dump(outcome))
            return CommandEvidence(
                "foreign_result", action_id=request.action_id, retcode=result.retcode, raw=raw
            )
        case Late(command=12, body=body):
            return CommandEvidence("late_answer", raw=translate.base64(body))
        case Unsolicited(command=12, body=body):
            return CommandEvidence("unsolicited", raw=translate.base64(body))
    return None


def drift(one: Waiting) -> list[DriftSeen]:
    """What the documents do not explain."""
    match one:
        case Drifted(command=command, drift=found):
            return translate.drift(command, found)
        case Unread(why=UnreadableBody() as why):
            return [DriftSeen(why.command, "body", why.code, len(why.body))]
        case Unread(why=why, frame=frame):
            return [DriftSeen(UNREADABLE, "frame", why.code, len(frame))]
        case Unknown(command=command, body=body):
            return [DriftSeen(command, "command", unread=len(body), raw=translate.base64(body))]
        case (
            Late(command=command)
            | Unsolicited(command=command)
            | Answer(command=command)
            | Refused(command=command)
        ) if command != TRADE:
            return [DriftSeen(command, "answer", type(one).__name__.lower())]
    return []


def doubtful(one: Waiting) -> bool:
    """Whether a trade fact may have been lost with it."""
    match one:
        case Drifted(command=command):
            return command in MOVES
        case Unread(why=UnreadableBody() as why):
            return why.command in MOVES
    return isinstance(one, Unread)
