"""The commands that trade, and their options, which are named like the fields of docs/commands.md."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Field(NamedTuple):
    """How a field is typed."""

    metavar: str  # "" for one that is there or not
    help: str


class Verb(NamedTuple):
    """A command: what it does, what it takes, what is asked before it is done."""

    help: str
    fields: tuple[str, ...]
    sweeps: str = ""  # what it does away with; asked about


FIELDS: Final[Mapping[str, Field]] = {
    "symbol": Field("NAME", "As the venue names it, or an alias."),
    "side": Field("SIDE", "buy or sell."),
    "volume": Field("LOTS", "How much; close: all of it where absent."),
    "type": Field("TYPE", "market (where absent), limit, stop or stop_limit."),
    "order": Field("TICKET", "A pending order."),
    "command": Field("ID", "The pending order that this submit made."),
    "position": Field("TICKET", "An open position."),
    "position_by": Field("TICKET", "The opposite one."),
    "price": Field("PRICE", "Of a pending order: its limit, or what activates it."),
    "limit_price": Field("PRICE", "Of a stop_limit: its limit once it is activated."),
    "sl": Field("PRICE", "Stop loss."),
    "tp": Field("PRICE", "Take profit."),
    "filling": Field("HOW", "fok, ioc, return or boc; else what the symbol takes."),
    "time_in_force": Field("HOW", "gtc, day, specified or specified_day."),
    "expires_at": Field("TIME", "RFC 3339, or 'server YYYY-MM-DD HH:MM:SS'."),
    "deviation": Field("POINTS", "How far the price may be off."),
    "deviation_advisory": Field("", "Go on where nothing would hold a deviation."),
    "comment": Field("TEXT", "Kept with the order; it may be cut."),
}
REMOVABLE: Final = frozenset({"sl", "tp", "expires_at"})  # by modify
_DEAL: Final = ("filling", "deviation", "deviation_advisory", "comment")
_PENDING: Final = ("price", "limit_price", "sl", "tp", "time_in_force", "expires_at")
_SUBMIT: Final = ("symbol", "side", "volume", "type", *_PENDING, *_DEAL)
VERBS: Final[Mapping[str, Verb]] = {
    "submit": Verb("Buy or sell, at once or when a price is reached.", _SUBMIT),
    "check": Verb("What a submit would come to; nothing is sent.", _SUBMIT),
    "modify": Verb("Change a pending order, or the stops of a position.", ("order", "position", *_PENDING)),
    "cancel": Verb("Remove a pending order.", ("order", "command")),
    "close": Verb("Close a position, or a part of it.", ("position", "symbol", "volume", *_DEAL)),
    "close_by": Verb("Close two opposite positions by each other.", ("position", "position_by")),
    "close_all": Verb(
        "Close every position, or every one of a symbol.", ("symbol", "comment"), sweeps="position"
    ),
    "cancel_all": Verb(
        "Remove every pending order, or every one of a symbol.", ("symbol",), sweeps="pending order"
    ),
}
