"""From the wire to the domain, and the only place that knows both.

Every value that comes out can be stored as canonical JSON: a lone surrogate becomes the text \\udXXX, a
number that is not finite None, a number without a name its digits, each told as an anomaly that keeps the
record's bytes.  Nothing is dropped, nothing guessed, nothing raised.
"""

from .account import account, terms_of
from .margin import (
    DayMoney,
    MarginRates,
    changed_money,
    changed_rates,
    day_money,
    leverage_rules,
    open_rates,
)
from .market import book, quote, statistics
from .messages import drift, history, open_trades, push
from .reading import Terms
from .request import Result, base64, echo_differs, is_of, result, trade_request
from .symbol import symbol, symbols, week

__all__ = [
    "DayMoney",
    "MarginRates",
    "Result",
    "Terms",
    "account",
    "base64",
    "book",
    "changed_money",
    "changed_rates",
    "day_money",
    "drift",
    "echo_differs",
    "history",
    "is_of",
    "leverage_rules",
    "open_rates",
    "open_trades",
    "push",
    "quote",
    "result",
    "statistics",
    "symbol",
    "symbols",
    "terms_of",
    "trade_request",
    "week",
]
