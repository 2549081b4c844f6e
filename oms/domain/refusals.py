"""Why a command that was sent, or needed no sending, did nothing."""

from typing import Final

from .codes import Code

VENUE_REFUSED: Final = "venue_refused"
ORDER_OVER: Final = "order_over"
NO_CHANGES: Final = "no_changes"

CODES: Final[dict[str, Code]] = {
    VENUE_REFUSED: Code("the venue refused it; its retcode says why, a requote's prices are in the message"),
    ORDER_OVER: Code("the order had ended before it could be canceled"),
    NO_CHANGES: Code("everything is already so: done, without anything being sent", 10025),
}
