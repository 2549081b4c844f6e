"""What a client asks for next, drawn by chance from what it knows."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

Row = dict[str, Any]
Wish = tuple[str, Row]  # a verb and its fields

SYMBOLS: Final = ("EURUSD", "EURUSD", "EURUSD", "EURUSD.exc", "EURUSD.ins", "EURUSD.req")
MANY: Final = 12  # positions, or orders: then fewer are made than ended
DIGITS: Final = 5


@dataclass
class View:
    """What a client knows of an account; it may be old."""

    hedging: bool
    positions: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    quotes: dict[str, Row] = field(default_factory=dict)


def wish(chance: Random, view: View, known: list[str]) -> Wish:
    """The next command; `known` are ids of submits of this client."""
    ways = [_market] * 8 + [_pending] * 5
    if view.orders:
        ways += [_modify_order] * 3 + [_cancel] * (12 if len(view.orders) > MANY else 3)
    if view.positions:
        ways += [_stops] * 2 + [_close] * (12 if len(view.positions) > MANY else 4)
        ways += [_close_by] * 3 + [_close_all]
    if known:
        ways += [_cancel_by_command]
    if len(view.orders) > MANY:
        ways += [_cancel_all]
    found = chance.choice(ways)
    return found(chance, view, known)


def _volume(chance: Random) -> str:
    return f"0.{chance.randint(1, 9):02}"


def _market(chance: Random, view: View, known: list[str]) -> Wish:
    del view, known
    fields: Row = {"symbol": chance.choice(SYMBOLS), "side": chance.choice(("buy", "sell"))}
    if chance.random() < 0.2:
        fields["comment"] = chance.choice(("x", "a longer comment than", "ü~€"))
    return "submit", {**fields, "volume": _volume(chance)}


def _pending(chance: Random, view: View, known: list[str]) -> Wish:
    symbol, side = chance.choice(SYMBOLS), chance.choice(("buy", "sell"))
    quote = view.quotes.get(symbol)
    if quote is None:
        return _market(chance, view, known)
    kind = chance.choice(("limit", "limit", "stop"))
    away = chance.choice((0.0004, 0.02, 0.05)) * (1 if (kind == "stop") == (side == "buy") else -1)
    price = f"{quote['ask' if side == 'buy' else 'bid'] + away:.{DIGITS}f}"
    return "submit", {"symbol": symbol, "side": side, "volume": _volume(chance), "type": kind, "price": price}


def _modify_order(chance: Random, view: View, known: list[str]) -> Wish:
    del known
    order = chance.choice(view.orders)
    price = f"{float(order['price']) + chance.choice((-0.001, 0.001)):.{DIGITS}f}"
    return "modify", {"order": order["order"], "price": price}


def _stops(chance: Random, view: View, known: list[str]) -> Wish:
    del known
    position = chance.choice(view.positions)
    way = 1 if position["side"] == "buy" else -1
    price = float(position["price"])
    return "modify", {
        "position": position["position"],
        "sl": f"{price - way * chance.choice((0.002, 0.03)):.{DIGITS}f}",
        "tp": chance.choice((None, f"{price + way * 0.04:.{DIGITS}f}")),
    }


def _cancel(chance: Random, view: View, known: list[str]) -> Wish:
    del known
    return "cancel", {"order": chance.choice(view.orders)["order"]}


def _cancel_by_command(chance: Random, view: View, known: list[str]) -> Wish:
    del view
    return "cancel", {"command": chance.choice(known[-20:])}


def _close(chance: Random, view: View, known: list[str]) -> Wish:
    del known
    position = chance.choice(view.positions)
    if not view.hedging and chance.random() < 0.3:
        return "close", {"symbol": position["symbol"]}
    part = {"volume": "0.01"} if chance.random() < 0.3 else {}
    return "close", {"position": position["position"], **part}


def _close_by(chance: Random, view: View, known: list[str]) -> Wish:
    one = chance.choice(view.positions)
    others = [
        other
        for other in view.positions
        if view.hedging and other["symbol"] == one["symbol"] and other["side"] != one["side"]
    ]
    if not others:
        return _close(chance, view, known)
    return "close_by", {"position": one["position"], "position_by": chance.choice(others)["position"]}


def _close_all(chance: Random, view: View, known: list[str]) -> Wish:
    del known
    return "close_all", {"symbol": chance.choice(view.positions)["symbol"]}


def _cancel_all(chance: Random, view: View, known: list[str]) -> Wish:
    del chance, view, known
    return "cancel_all", {}
