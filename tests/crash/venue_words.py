"""The venue's own rows, in the words of the daemon's replies (docs/protocol.md 4, 6)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

Row = Mapping[str, Any]
LOTS: Final = 10**8
PRICE_DIGITS: Final = 10  # of an average, which is exact in the books and a double at the venue
TYPES: Final = (
    *("buy", "sell", "buy_limit", "sell_limit", "buy_stop", "sell_stop", "buy_stop_limit", "sell_stop_limit"),
    "close_by",
)
FILLINGS: Final = ("fok", "ioc", "return", "boc")
LIFETIMES: Final = ("gtc", "day", "specified", "specified_day")
OF_ITSELF: Final = (3, 4, 5)  # reasons of orders that the venue makes: stops, take profits, stop-outs
CLOSE_BY: Final = TYPES.index("close_by")


def price(value: float) -> Decimal | None:
    """0 is none."""
    return Decimal(repr(value)) if value else None


def decimal(value: str | None) -> Decimal | None:
    """The daemon's text."""
    return None if value is None else Decimal(value)


def lots(volume: int) -> Decimal:
    """In lots."""
    return Decimal(volume) / LOTS


def mine(truth: Mapping[str, Any], login: int) -> dict[str, list[Row]]:
    """The rows of one account."""
    return {name: [row for row in rows if row.get("login") == login] for name, rows in truth.items()}


def order_at_venue(row: Row) -> tuple[Any, ...]:
    """An open order of the venue."""
    return (
        *(row["trade_symbol"], TYPES[row["order_type"]]),
        *(lots(row[name]) for name in ("volume_initial", "volume_current")),
        *(price(row[name]) for name in ("price_order", "price_trigger", "price_sl", "price_tp")),
        *(FILLINGS[row["type_filling"]], LIFETIMES[row["type_time"]]),
    )


def order_in_books(row: Row) -> tuple[Any, ...]:
    """The same, as the daemon tells it."""
    return (
        *(row["symbol"], row["type"], Decimal(row["volume"]), Decimal(row["remaining"])),
        *(decimal(row[name]) for name in ("price", "limit_price", "sl", "tp")),
        *(row["filling"], row["time_in_force"]),
    )


def position_at_venue(row: Row) -> tuple[Any, ...]:
    """A position of the venue."""
    return (
        *(row["trade_symbol"], "sell" if row["trade_action"] else "buy", lots(row["trade_volume"])),
        round(Decimal(repr(row["price_open"])), PRICE_DIGITS),
        *(price(row[name]) for name in ("sl", "tp")),
    )


def position_in_books(row: Row) -> tuple[Any, ...]:
    """The same, as the daemon tells it."""
    return (
        *(row["symbol"], row["side"], Decimal(row["volume"])),
        round(Decimal(row["price"]), PRICE_DIGITS),
        *(decimal(row[name]) for name in ("sl", "tp")),
    )


def picture_at_venue(truth: Mapping[str, Any], login: int) -> dict[str, Any]:
    """Everything that is compared, by its key."""
    rows = mine(truth, login)
    (money,) = rows["accounts"]
    return {
        **{f"{name}": Decimal(money[name]) for name in ("balance", "credit")},
        **{f"order {row['trade_order']}": order_at_venue(row) for row in rows["orders"] if row["open"]},
        **{f"position {row['position_id']}": position_at_venue(row) for row in rows["positions"]},
        **{f"deal {row['deal']}": True for row in rows["deals"]},
    }


def picture_in_books(books: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as the daemon tells it."""
    return {
        **{f"{name}": Decimal(books["account"][name]) for name in ("balance", "credit")},
        **{f"order {row['order']}": order_in_books(row) for row in books["orders"]},
        **{f"position {row['position']}": position_in_books(row) for row in books["positions"]},
        **{f"deal {row['deal']}": True for row in books["deals"]},
    }


def fills(deals: Sequence[Row]) -> dict[str, tuple[Decimal, frozenset[str]]]:
    """Of each order of the venue: how much was dealt, and in which deals."""
    found: dict[str, tuple[Decimal, frozenset[str]]] = {}
    for deal in deals:
        order = str(deal["trade_order"])
        volume, tickets = found.get(order, (Decimal(0), frozenset()))
        found[order] = (volume + lots(deal["trade_volume"]), tickets | {str(deal["deal"])})
    return found
