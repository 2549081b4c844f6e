"""An account at a moment of the past: what it had, what that was worth, and its events once more.

account_at(data, account, moment)     the account, as queries see it
messages(data, accounts, root, span)  what was published then, under a root of its own
republish(messages, send, pace)       the same, sent at the pace of then or faster
"""

from .messages import Message, Span, messages
from .republish import Pace, Sent, pace_of, republish
from .view import Moment, PastAccount, account_at

__all__ = [
    "Message",
    "Moment",
    "Pace",
    "PastAccount",
    "Sent",
    "Span",
    "account_at",
    "messages",
    "pace_of",
    "republish",
]
