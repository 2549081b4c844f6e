"""From the wire to the domain, and the only place that knows both.

Every value that comes out can be stored as canonical JSON: a lone surrogate becomes the text \\udXXX, a
number that is not finite None, a number without a name its digits, each told as an anomaly that keeps the
record's bytes.  Nothing is dropped, nothing guessed, nothing raised.
"""

from .account import account, terms_of
from .market import book, quote, statistics
from .messages import drift, history, open_trades, push
from .reading import Terms
from .symbol import symbol, symbols

__all__ = [
    "Terms",
    "account",
    "book",
    "drift",
    "history",
    "open_trades",
    "push",
    "quote",
    "statistics",
    "symbol",
    "symbols",
    "terms_of",
]
