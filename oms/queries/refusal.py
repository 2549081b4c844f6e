"""Why a query is not answered: a code, a message for people, and the field that it is about."""

from typing import Final

from oms.domain.categories import Category, Retry, category_of, retry_of

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
BEHIND: Final = 409
UNREADABLE: Final = 500
UNAVAILABLE: Final = 503

VENUE_UNAVAILABLE: Final = "venue_unavailable"
BREAKER_OPEN: Final = "breaker_open"
BUSY: Final = "busy"
TIMEOUT: Final = "timeout"
BAD_ANSWER: Final = "bad_answer"

CODES: Final[dict[str, str]] = {
    "bad_request": "the request cannot be meant; `field` says where",
    "unknown_query": "there is no such query",
    "unknown_symbol": "the venue has no such symbol, or had none then",
    "behind": "`min_seq` was not reached in time",
    "unreadable": "the journal cannot be read",
    "too_large": "request or reply would be larger than it may be: ask for less",
    VENUE_UNAVAILABLE: "there is no session with the venue now, or it refused",
    BREAKER_OPEN: "the venue did not answer such requests again and again: none is sent for a while",
    BUSY: "more is asked of the daemon, or of the venue, than gets through in time",
    TIMEOUT: "the venue did not answer in time",
    BAD_ANSWER: "what the venue answered cannot be read",
}


class Refused(Exception):
    """An answer, not a fault: the asker gets it as `error`."""

    def __init__(self, code: str, message: str, field: str | None = None, number: int = BAD_REQUEST) -> None:
        self.code, self.message, self.field, self.number = code, message, field, number
        super().__init__(f"{field}: {message}" if field else message)

    @property
    def category(self) -> Category:
        """What kind of failure it is."""
        return category_of(self.code)

    @property
    def retry(self) -> Retry:
        """Whether asking again may help."""
        return retry_of(self.code)


def bad(field: str | None, message: str) -> Refused:
    """A request that cannot be meant."""
    return Refused("bad_request", message, field)


def not_found(code: str, field: str | None, message: str) -> Refused:
    """What is asked for is not there."""
    return Refused(code, message, field, NOT_FOUND)
