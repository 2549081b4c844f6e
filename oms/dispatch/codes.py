"""Why a command is not carried out, beside what is wrong with its words or its order."""

from typing import Final

from oms.domain.codes import Code
from oms.domain.events.command import Reason
from oms.ingest.asked import CHANGED, NO_DIFFERENCE, UNACCEPTABLE, UNCONFIRMED

CONFLICT: Final = "conflict"
BUSY: Final = "busy"
STOPPING: Final = "stopping"
PAST_DEADLINE: Final = "past_deadline"
OVERTAKEN: Final = "overtaken"
RESTARTED: Final = "restarted"
NOT_SENT: Final = "not_sent"
NOT_PUBLISHED: Final = "not_published"
NO_PRICES: Final = "no_prices"
NOT_RECORDED: Final = "not_recorded"
UNKNOWN_COMMAND: Final = "unknown_command"
FENCED: Final = "fenced"
HALT_FILE: Final = "halt_file"
LEFT_OPEN: Final = "left_open"
NOT_EXECUTED: Final = "not_executed"
NOT_UNKNOWN: Final = "not_unknown"
ORDER_NEEDED: Final = "order_needed"
UNKNOWN_ORDER: Final = "unknown_order"
BAD_LIMITS: Final = "bad_limits"
WITHIN_NEEDED: Final = "within_needed"
DIFFERS: Final = "differs"
NOT_COMPARED: Final = "not_compared"

CODES: Final[dict[str, Code]] = {
    CONFLICT: Code("the id was used before, for another command: nothing was done"),
    BUSY: Code("as many commands wait as may wait; the id is not used up"),
    STOPPING: Code("the daemon is being stopped; the id is not used up"),
    PAST_DEADLINE: Code("it could not be sent by its deadline"),
    OVERTAKEN: Code("a later close or cancel of the same client called it off while it waited"),
    RESTARTED: Code("it waited when the daemon ended; nothing was sent"),
    NOT_SENT: Code("the session ended before a byte of it was sent"),
    NOT_PUBLISHED: Code("the stream did not have it in time (publish_before_send); nothing was sent"),
    NO_PRICES: Code("the venue gave no prices, in request execution; nothing was ordered"),
    NOT_RECORDED: Code("the journal cannot be written; nothing was sent, the id is not used up"),
    UNKNOWN_COMMAND: Code("the client has no such command, or it made no order"),
    LEFT_OPEN: Code("of a panic: this command did not do all it was for"),
    NOT_EXECUTED: Code(
        "nobody knew what became of it; the venue's lists, or an operator, say that nothing did"
    ),
    NOT_UNKNOWN: Code("of a settle: what became of the command is known"),
    ORDER_NEEDED: Code("of a settle: which order the command made has to be said"),
    UNKNOWN_ORDER: Code("of a settle: the order is not known here, or is another command's"),
    BAD_LIMITS: Code("of limits: what is asked for, with what is in force, is none of this build's"),
    WITHIN_NEEDED: Code("of alive: nobody said yet within how long the next word has to come"),
    DIFFERS: Code("of a reconcile: books and venue differ; `differences` say in what"),
    NOT_COMPARED: Code(
        "of a reconcile: no comparison came to its end in time, because the venue did not answer, something "
        "moved in each, or the session ended; nothing was accepted"
    ),
    NO_DIFFERENCE: Code("books and venue agree: there is nothing to accept"),
    UNCONFIRMED: Code(
        "books and venue differ, which may pass: it can be accepted as soon as the permission is `difference`"
    ),
    CHANGED: Code("something else differs than in the comparison before: look at it, then accept it again"),
    UNACCEPTABLE: Code("books and venue would differ even then; nothing was changed"),
    FENCED: Code("stream and journal contradict each other, which no operator can lift"),
    HALT_FILE: Code("of a resume: the file that halts every account has to be taken away first"),
}


def reason(code: str, message: str, field: str | None = None, given: str | None = None) -> Reason:
    """One of these, with what there is to say of it."""
    return Reason(code, message, field, given, retcode=CODES[code].retcode)
