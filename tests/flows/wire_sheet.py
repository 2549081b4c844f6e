"""What the official client sends for each wish in each execution mode, written out from docs/protocol.md.

4.7 is the layout, 6.1 to 6.4 are the numbers, 6.5 says which of them goes where.  Nothing of the daemon's
is used.  `action_id` and `comment` are looked at apart.
"""

import re
from struct import Struct
from typing import Any, Final

Sheet = dict[str, Any]

# 4.7, field by field.
FIELDS: Final = (
    *("action_id", "trade_action", "trade_symbol", "trade_volume", "digits", "trade_order", "trade_type"),
    *("type_filling", "type_time", "type_flags", "type_reason"),
    *("price_order", "price_trigger", "price_sl", "price_tp", "price_deviation", "price_top", "price_bottom"),
    *("comment", "trade_position", "position_by", "time_expiration"),
)
LAYOUT: Final = Struct("<II64sQIQIIIIIddddIdd64sQQI")
TEXTS: Final = ("trade_symbol", "comment")
APART: Final = ("action_id", "comment")
MARKED: Final = re.compile(r"(.*)~[A-Z2-7]{10}")  # docs/semantics.md 8

# 6.1, 6.2.
TYPES: Final = {
    name: number
    for number, name in enumerate(
        (
            *("buy", "sell", "buy_limit", "sell_limit", "buy_stop", "sell_stop"),
            *("buy_stop_limit", "sell_stop_limit"),
        )
    )
}
OPPOSITE: Final = {"buy": "sell", "sell": "buy"}
FOK, IOC, RETURN, BOC = range(4)
GTC, DAY, SPECIFIED, SPECIFIED_DAY = range(4)

REQUEST, INSTANT, MARKET, EXCHANGE = "EURUSD.req", "EURUSD.ins", "EURUSD", "EURUSD.exc"
SYMBOLS: Final = (MARKET, REQUEST, INSTANT, EXCHANGE)
# 6.3, 6.5: by the symbol's mode.
DEAL: Final = {REQUEST: 1, INSTANT: 2, MARKET: 3, EXCHANGE: 4}
FILLING: Final = {REQUEST: FOK, INSTANT: FOK, MARKET: IOC, EXCHANGE: RETURN}
NAMES_PRICE_TO_OPEN: Final = (REQUEST, INSTANT)
NAMES_PRICE_TO_CLOSE: Final = (REQUEST, INSTANT, MARKET)


def read(body: str) -> Sheet:
    """A request's bytes, as hex, by 4.7."""
    raw = bytes.fromhex(body)
    assert len(raw) == LAYOUT.size == 248
    found = dict(zip(FIELDS, LAYOUT.unpack(raw), strict=True))
    for name in TEXTS:
        text = found[name].decode("utf-16-le", "surrogatepass")
        found[name] = text.partition("\0")[0]
    return found


def written(sheet: Sheet) -> str:
    """The bytes of a request, as hex: what is not text is zero-padded."""
    raw = {name: sheet[name].encode("utf-16-le", "surrogatepass") for name in TEXTS}
    return LAYOUT.pack(*({**sheet, **raw}[name] for name in FIELDS)).hex()


def lots(volume: str) -> int:
    """6.9: an integer of 10^-8 lots."""
    whole, _, part = volume.partition(".")
    return int(whole + part.ljust(8, "0"))


def sheet(symbol: str, **fields: Any) -> Sheet:
    """A request; what is not said is 0."""
    zeros: Sheet = {name: 0 for name in FIELDS if name not in (*APART, *TEXTS)}
    zeros |= {name: 0.0 for name in FIELDS if name.startswith("price_") and name != "price_deviation"}
    return {**zeros, "trade_symbol": symbol, "digits": 5, **fields}


def opening(
    symbol: str, side: str, volume: str, bid: float, ask: float, *, filling: int | None = None, **stops: Any
) -> list[Sheet]:
    """Buy or sell at once; in request execution prices are asked for before."""
    shown = ask if side == "buy" else bid
    deal = sheet(
        symbol,
        trade_action=DEAL[symbol],
        trade_volume=lots(volume),
        trade_type=TYPES[side],
        type_filling=FILLING[symbol] if filling is None else filling,
        type_flags=2,
        price_order=shown if symbol in NAMES_PRICE_TO_OPEN else 0.0,
        **stops,
    )
    return [*asking(deal), deal]


def closing(
    symbol: str, held: str, volume: str, position: str, bid: float, ask: float, **more: Any
) -> list[Sheet]:
    """Close a position of side `held`, or a part of it."""
    current = bid if held == "buy" else ask
    deal = sheet(
        symbol,
        trade_action=DEAL[symbol],
        trade_volume=lots(volume),
        trade_type=TYPES[OPPOSITE[held]],
        type_filling=FILLING[symbol],
        type_flags=3,
        price_order=current if symbol in NAMES_PRICE_TO_CLOSE else 0.0,
        price_deviation=int(symbol == INSTANT),
        trade_position=int(position),
    )
    return [*asking(deal), {**deal, **more}]


def asking(deal: Sheet) -> list[Sheet]:
    """The question for prices before a deal of action 1: action 0, no price, no stops."""
    if deal["trade_action"] != DEAL[REQUEST]:
        return []
    return [{**deal, "trade_action": 0, "price_order": 0.0, "price_sl": 0.0, "price_tp": 0.0}]


def placing(symbol: str, kind: str, volume: str, price: float, **more: Any) -> Sheet:
    """A pending order; `more` are fields of 4.7."""
    return sheet(
        symbol,
        **{
            "trade_action": 5,
            "trade_volume": lots(volume),
            "trade_type": TYPES[kind],
            "type_filling": RETURN,
            "type_flags": 2,
            "price_order": price,
            **more,
        },
    )


def stopping(
    symbol: str, held: str, volume: str, position: str, current: float, sl: float, tp: float
) -> Sheet:
    """Stops of a position."""
    return sheet(
        symbol,
        trade_action=6,
        trade_volume=lots(volume),
        trade_type=TYPES[held],
        price_order=current,
        price_sl=sl,
        price_tp=tp,
        trade_position=int(position),
    )


def changing(placed: Sheet, order: str, **more: Any) -> Sheet:
    """A pending order with other terms; all of it goes along."""
    return {
        **placed,
        "trade_action": 7,
        "type_filling": 0,
        "type_flags": 0,
        "trade_order": int(order),
        **more,
    }


def removing(placed: Sheet, order: str) -> Sheet:
    """A pending order away; it is described as it is."""
    return {**placed, "trade_action": 8, "type_filling": 0, "type_flags": 0, "trade_order": int(order)}


def closing_by(symbol: str, held: str, volume: str, position: str, by: str, current: float) -> Sheet:
    """Two positions by each other; `held`, `volume`, `current` are of the first."""
    return sheet(
        symbol,
        trade_action=10,
        trade_volume=lots(volume),
        trade_type=TYPES[OPPOSITE[held]],
        type_flags=3,
        price_order=current,
        trade_position=int(position),
        position_by=int(by),
    )
