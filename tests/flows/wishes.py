"""A wish in both languages: as a command, and as the request that says the same (docs/protocol.md 6.5).

`$name` stands for a ticket of the scene.  Prices are those of a market of 1.10000 / 1.10010, volumes 0.10.
"""

from typing import Any, Final, NamedTuple

from tests.flows import wire_sheet as wire
from tests.flows.system import HEDGE
from tests.flows.wire_sheet import IOC, TYPES, Sheet, lots, sheet

BID, ASK, VOLUME = 1.1, 1.1001, "0.10"
CURRENT: Final = {"buy": BID, "sell": ASK}  # of a position of this side


class Wish(NamedTuple):
    """What somebody wants."""

    verb: str
    fields: dict[str, Any]
    sheet: Sheet
    account: str = HEDGE

    def sent(self, **fields: Any) -> "Wish":
        """With other fields of the request."""
        return self._replace(sheet={**self.sheet, **fields})

    def of(self, account: str) -> "Wish":
        """In another account."""
        return self._replace(account=account)


def deal(symbol: str, side: str = "buy", volume: str = VOLUME, **fields: Any) -> Wish:
    """Buy or sell at once, in market execution."""
    size = 0 if volume.startswith("-") else lots(volume)  # the wire has no sign for it
    levels = {f"price_{name}": float(fields[name]) for name in ("sl", "tp") if name in fields}
    made = sheet(
        symbol,
        trade_action=3,
        trade_volume=size,
        trade_type=TYPES[side],
        type_filling=IOC,
        type_flags=2,
        **levels,
    )
    return Wish("submit", {"symbol": symbol, "side": side, "volume": volume, **fields}, made)


def place(symbol: str, kind: str, price: str, limit: str | None = None, **fields: Any) -> Wish:
    """A pending order."""
    side, _, sort = kind.partition("_")
    words = {"symbol": symbol, "side": side, "volume": VOLUME, "type": sort, "price": price}
    words |= {"limit_price": limit} if limit is not None else {}
    levels = {f"price_{name}": float(fields[name]) for name in ("sl", "tp") if name in fields}
    made = wire.placing(symbol, kind, VOLUME, float(price), price_trigger=float(limit or 0), **levels)
    return Wish("submit", {**words, **fields}, made)


def close(position: str, symbol: str = "EURUSD", volume: str | None = None, held: str = "buy") -> Wish:
    """A position, or a part of it, in market execution."""
    words = {"position": position} | ({"volume": volume} if volume is not None else {})
    made = sheet(
        symbol,
        trade_action=3,
        trade_volume=lots(volume or VOLUME),
        trade_type=TYPES[wire.OPPOSITE[held]],
        type_filling=IOC,
        type_flags=3,
        price_order=CURRENT[held],
        trade_position=position,
    )
    return Wish("close", words, made)


def close_by(position: str, other: str, symbol: str = "EURUSD", held: str = "buy") -> Wish:
    """Two positions by each other; the first is of side `held`."""
    made = sheet(
        symbol,
        trade_action=10,
        trade_volume=lots(VOLUME),
        trade_type=TYPES[wire.OPPOSITE[held]],
        type_flags=3,
        price_order=CURRENT[held],
        trade_position=position,
        position_by=other,
    )
    return Wish("close_by", {"position": position, "position_by": other}, made)


def protect(position: str, symbol: str = "EURUSD", held: str = "buy", **levels: str) -> Wish:
    """A position, by stops."""
    made = sheet(
        symbol,
        trade_action=6,
        trade_volume=lots(VOLUME),
        trade_type=TYPES[held],
        price_order=CURRENT[held],
        trade_position=position,
        **{f"price_{name}": float(level) for name, level in levels.items()},
    )
    return Wish("modify", {"position": position, **levels}, made)


def change(order: str, symbol: str = "EURUSD", **fields: Any) -> Wish:
    """A buy limit; of a request `sent` says more."""
    made = sheet(
        symbol,
        trade_action=7,
        trade_volume=lots(VOLUME),
        trade_type=TYPES["buy_limit"],
        price_order=float(fields.get("price", 1.05)),
        trade_order=order,
        **{f"price_{name}": float(fields[name]) for name in ("sl", "tp") if name in fields},
    )
    return Wish("modify", {"order": order, **fields}, made)


def remove(order: str, symbol: str = "EURUSD", price: float = 1.05) -> Wish:
    """A buy limit."""
    made = sheet(
        symbol,
        trade_action=8,
        trade_volume=lots(VOLUME),
        trade_type=TYPES["buy_limit"],
        price_order=price,
        trade_order=order,
    )
    return Wish("cancel", {"order": order}, made)
