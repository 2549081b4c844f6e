"""Every row of docs/protocol.md 7.7, and what else a server refuses: as a command, and as bytes.

A row says what is asked of the daemon, which reason it must give with which retcode, and the same wish as a
request, sent raw.  `$name` stands for a ticket of the scene.  A row without bytes says why it has none.
"""

from typing import Any, Final, NamedTuple

from tests.flows import wire_sheet as wire
from tests.flows.system import HEDGE, NET
from tests.flows.wire_sheet import Sheet

# The symbols of the scene: each is EURUSD with something of its own.
SYMBOLS: Final = {
    "off": 'trade_mode = "disabled"',
    "long": 'trade_mode = "long_only"',
    "short": 'trade_mode = "short_only"',
    "closing": 'trade_mode = "close_only"',
    "coarse": "volume_min = 0.2\nvolume_step = 0.1\nvolume_max = 5",
    "limited": "volume_limit = 0.2",
    "frozen": "freeze_level = 100",
    "levels": "stops_level = 100",
    "levels.ins": 'execution = "instant"\nstops_level = 100',
    "levels.req": 'execution = "request"\nstops_level = 100',
    "levels.exc": 'execution = "exchange"\nstops_level = 100',
    "ticks": "tick_size = 0.00005",
    "limits": "price_limit_min = 1.0\nprice_limit_max = 1.2",
    "pending": 'orders = ["limit"]',
    "market": 'orders = ["market"]',
    "fok": 'fills = ["fok"]',
    "ioc": 'fills = ["ioc"]',
    "exc": 'execution = "exchange"\nfills = ["fok"]',
    "gtc": 'times = ["gtc"]',
    "day": 'times = ["day"]',
    "shut": "trade_sessions = {}",
    "past": "expiration = 2020-01-01T00:00:00",
    "silent": 'quote_sessions = {}\nstart = 1.1',
}
NEVER: Final = 999_999  # a ticket that nothing has
NO_TICKET: Final = str(NEVER)


def settings() -> str:
    """What the venue's settings say of the symbols."""
    tables = (f'[[symbols]]\nname = "{name}"\nlike = "EURUSD"\n{more}\n' for name, more in SYMBOLS.items())
    return "\n".join(tables)


class Refused(NamedTuple):
    """A row."""

    what: str
    verb: str
    fields: dict[str, Any]
    code: str
    retcode: int
    sheet: Sheet | str  # a request that says the same, or why there is none
    account: str = HEDGE


def deal(what: str, code: str, retcode: int, symbol: str, side: str = "buy", volume: str = "0.10", account: str = HEDGE, raw: dict[str, Any] | None = None, **fields: Any) -> Refused:
    """An order at once; `raw` are fields of its request."""
    sheet = wire.sheet(
        symbol,
        trade_action=3,
        trade_volume=wire.lots(volume),
        trade_type=wire.TYPES[side],
        type_filling=wire.IOC,
        type_flags=2,
    )
    words = {"symbol": symbol, "side": side, "volume": volume, **fields}
    return Refused(what, "submit", words, code, retcode, {**sheet, **(raw or {})}, account)


def pending(what: str, code: str, retcode: int, symbol: str, kind: str, price: str, limit: str | None = None, volume: str = "0.10", raw: dict[str, Any] | None = None, **fields: Any) -> Refused:
    """A pending order; `raw` are fields of its request."""
    side, _, sort = kind.partition("_")
    words = {"symbol": symbol, "side": side, "volume": volume, "type": sort, "price": price, **fields}
    if limit is not None:
        words["limit_price"] = limit
    more = {f"price_{name}": float(fields[name]) for name in ("sl", "tp") if name in fields}
    sheet = wire.placing(symbol, kind, volume, float(price), price_trigger=float(limit or 0))
    return Refused(what, "submit", words, code, retcode, {**sheet, **more, **(raw or {})})


def closing(what: str, code: str, retcode: int, position: str, volume: str | None = None, symbol: str = "EURUSD", account: str = HEDGE, raw: dict[str, Any] | None = None) -> Refused:
    """A close of a long position."""
    words = {"position": position} | ({"volume": volume} if volume else {})
    sheet = wire.sheet(
        symbol,
        trade_action=3,
        trade_volume=wire.lots(volume or "0.10"),
        trade_type=1,
        type_filling=wire.IOC,
        type_flags=3,
        price_order=1.1,
        trade_position=position,
    )
    return Refused(what, "close", words, code, retcode, {**sheet, **(raw or {})}, account)


def by(what: str, code: str, retcode: int, one: str, other: str, symbol: str = "EURUSD", account: str = HEDGE) -> Refused:
    """Two positions by each other."""
    sheet = wire.sheet(
        symbol,
        trade_action=10,
        trade_volume=wire.lots("0.10"),
        trade_type=1,
        type_flags=3,
        price_order=1.1,
        trade_position=one,
        position_by=other,
    )
    return Refused(what, "close_by", {"position": one, "position_by": other}, code, retcode, sheet, account)


def stops(what: str, code: str, retcode: int, position: str, symbol: str, held: str, account: str = HEDGE, **levels: str) -> Refused:
    """Stops of a position of 0.10."""
    sheet = wire.sheet(
        symbol,
        trade_action=6,
        trade_volume=wire.lots("0.10"),
        trade_type=wire.TYPES[held],
        price_order=1.1 if held == "buy" else 1.1001,
        trade_position=position,
        **{f"price_{name}": float(level) for name, level in levels.items()},
    )
    return Refused(what, "modify", {"position": position, **levels}, code, retcode, sheet, account)


def changed(what: str, code: str, retcode: int, order: str, symbol: str, raw: dict[str, Any], **fields: Any) -> Refused:
    """A buy limit of 0.10 at 1.05, changed."""
    sheet = wire.sheet(
        symbol,
        **{
            "trade_action": 7,
            "trade_volume": wire.lots("0.10"),
            "trade_type": 2,
            "price_order": 1.05,
            "trade_order": order,
            **raw,
        },
    )
    return Refused(what, "modify", {"order": order, **fields}, code, retcode, sheet)


def removed(what: str, code: str, retcode: int, order: str, symbol: str, price: float = 1.05) -> Refused:
    """A buy limit of 0.10, removed."""
    sheet = wire.sheet(
        symbol,
        trade_action=8,
        trade_volume=wire.lots("0.10"),
        trade_type=2,
        price_order=price,
        trade_order=order,
    )
    return Refused(what, "cancel", {"order": order}, code, retcode, sheet)
