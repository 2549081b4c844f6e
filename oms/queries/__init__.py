"""What is asked under `query.<account>.<what>`: typed requests, typed replies, errors that name the field.

answer(view, what, headers, payload)    the reply, whatever was asked
View                                    what it needs of an account
"""

from .answering import QUERIES, answer
from .reply import Reply
from .view import Health, Listed, Moment, Quotes, Shown, UnknownSymbol, VenueUnavailable, View

__all__ = [
    "QUERIES",
    "Health",
    "Listed",
    "Moment",
    "Quotes",
    "Reply",
    "Shown",
    "UnknownSymbol",
    "VenueUnavailable",
    "View",
    "answer",
]
