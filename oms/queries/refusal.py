"""Why a query is not answered: a code, a message for people, and the field that it is about."""

from typing import Final

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
BEHIND: Final = 409
UNREADABLE: Final = 500
UNAVAILABLE: Final = 503


class Refused(Exception):
    """An answer, not a fault: the asker gets it as `error`."""

    def __init__(self, code: str, message: str, field: str | None = None, number: int = BAD_REQUEST) -> None:
        self.code, self.message, self.field, self.number = code, message, field, number
        super().__init__(f"{field}: {message}" if field else message)


def bad(field: str | None, message: str) -> Refused:
    """A request that cannot be meant."""
    return Refused("bad_request", message, field)


def not_found(code: str, field: str | None, message: str) -> Refused:
    """What is asked for is not there."""
    return Refused(code, message, field, NOT_FOUND)
