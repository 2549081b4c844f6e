"""What numbers of the wire are called: the MQL5 names in lower case.

A number without a name keeps its digits as its word, so that nothing is lost and nothing is guessed.
"""

from enum import IntEnum
from functools import lru_cache
from typing import Final

from protocol.enums import (
    DealEntry,
    DealType,
    MarginMode,
    OrderState,
    OrderTime,
    OrderType,
    Reason,
    Side,
    TradeAction,
)

UNNAMED: Final = "0123456789"
NO_NUMBER: Final = -1


@lru_cache(maxsize=1024)
def word(names: type[IntEnum], number: int) -> str:
    """The word of a number; its digits where `names` has none for it."""
    try:
        return names(number).name.lower()
    except ValueError:
        return str(number)


@lru_cache(maxsize=1024)
def number_of(names: type[IntEnum], text: str) -> int:
    """The number that a word stands for, NO_NUMBER for none; the inverse of `word`."""
    try:
        return names[text.upper()].value
    except KeyError:
        return int(text) if text.isdecimal() and text.isascii() else NO_NUMBER


def named(text: str) -> bool:
    """Whether a word is a name and not the digits of a number without one."""
    return text[-1:] not in UNNAMED or not text.lstrip("-").isdigit()


BUY: Final = word(Side, Side.BUY)
SELL: Final = word(Side, Side.SELL)
OPPOSITE: Final = {BUY: SELL, SELL: BUY}

# Deals.
TRADES: Final = frozenset({word(DealType, DealType.BUY), word(DealType, DealType.SELL)})
CANCELED_TRADES: Final = frozenset(
    {word(DealType, DealType.BUY_CANCELED), word(DealType, DealType.SELL_CANCELED)}
)
CREDITS: Final = frozenset({word(DealType, DealType.CREDIT), word(DealType, DealType.BONUS)})
IN: Final = word(DealEntry, DealEntry.IN)
OUT: Final = word(DealEntry, DealEntry.OUT)
INOUT: Final = word(DealEntry, DealEntry.INOUT)
OUT_BY: Final = word(DealEntry, DealEntry.OUT_BY)
CLOSING: Final = frozenset({OUT, OUT_BY})
OPENING: Final = frozenset({IN, INOUT})  # INOUT closes all, and opens the rest
BY_SERVER: Final = frozenset({word(Reason, one) for one in (Reason.SL, Reason.TP, Reason.SO)})

# Orders.
PENDING: Final = word(TradeAction, TradeAction.PENDING)
DATED: Final = frozenset({word(OrderTime, one) for one in (OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY)})
AT_MARKET: Final = frozenset({word(OrderType, OrderType.BUY), word(OrderType, OrderType.SELL)})
CLOSE_BY: Final = word(OrderType, OrderType.CLOSE_BY)
STARTED: Final = word(OrderState, OrderState.STARTED)
PARTIAL: Final = word(OrderState, OrderState.PARTIAL)
FILLED: Final = word(OrderState, OrderState.FILLED)
CANCELED: Final = word(OrderState, OrderState.CANCELED)
REJECTED: Final = word(OrderState, OrderState.REJECTED)
EXPIRED: Final = word(OrderState, OrderState.EXPIRED)
REQUEST_ADD: Final = word(OrderState, OrderState.REQUEST_ADD)
REQUEST_MODIFY: Final = word(OrderState, OrderState.REQUEST_MODIFY)
REQUEST_CANCEL: Final = word(OrderState, OrderState.REQUEST_CANCEL)
ENDED: Final = frozenset({FILLED, CANCELED, REJECTED, EXPIRED})

HEDGING: Final = word(MarginMode, MarginMode.RETAIL_HEDGING)
