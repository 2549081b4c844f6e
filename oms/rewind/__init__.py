"""An account at a moment of the past: what it had, what that was worth, and its events once more.

account_at(data, account, moment)     the account, as queries see it
reply(view, what)                     what a query says about it, all pages
difference(before, after)             what changed from one moment to another
messages(data, accounts, root, span)  what was published then, under a root of its own
republish(messages, send, pace)       the same, sent at the pace of then or faster
"""

from .difference import Change, difference
from .messages import Message, Span, messages
from .replies import NotAnswered, reply
from .republish import Pace, Send, Sent, pace_of, republish
from .view import Moment, PastAccount, account_at

__all__ = [
    "Change",
    "Message",
    "Moment",
    "NotAnswered",
    "Pace",
    "PastAccount",
    "Send",
    "Sent",
    "Span",
    "account_at",
    "difference",
    "messages",
    "pace_of",
    "reply",
    "republish",
]
