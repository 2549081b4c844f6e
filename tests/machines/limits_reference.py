"""Limits once more, counted from a log alone: plain sums of what its events say, nothing of the code in test.

Of an order that was sent, and of which the log shows neither an outcome nor a record, all of it may be there.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms.domain.events import (
    CommandDenied,
    CommandOutcome,
    CommandSending,
    CommandSettled,
    DealBooked,
    Event,
    OrderEnded,
    OrderPlaced,
    OrderUpdated,
    RiskLimits,
)

D = Decimal
CONTRACT, MARKET = D(100_000), D("1.08003")  # of every symbol here; the account has the profit currency
CLOSES, MARKER = 1, 11  # a bit of the flags; letters at the end of a comment


class Passed(AssertionError):
    """An order was sent that a limit should have held back."""


class Reference:
    """What a log says by now."""

    def __init__(self, *, hedging: bool) -> None:
        self.hedging = hedging
        self.limits: dict[str, D] = {}
        self.own_limits: dict[str, dict[str, D]] = {}
        self.flying: dict[tuple[str, str], CommandSending] = {}
        self.sender: dict[str, str] = {}  # marker -> client
        self.seen: set[str] = set()  # markers that the venue's records show
        self.waiting: dict[str, Any] = {}  # orders
        self.over: set[str] = set()
        self.claims: dict[str, OrderEnded] = {}  # what records of ended orders call filled
        self.filled: dict[str, D] = defaultdict(D)  # by order
        self.held: dict[str, tuple[str, str, D]] = {}  # position -> symbol, client, lots: long counted up
        self.sent: list[tuple[float, CommandSending]] = []

    def saw(self, event: Event) -> None:
        """One event more; raises Passed."""
        match event:
            case RiskLimits():
                self.limits = _figures(event.limits)
                self.own_limits = {name: _figures(one) for name, one in event.clients.items()}
            case CommandSending():
                self._check(event)
                self.flying[event.client, event.command] = event
                self.sender[event.marker] = event.client
            case CommandOutcome(final=True) | CommandDenied() | CommandSettled(verdict="not_found"):
                self.flying.pop((event.client, event.command), None)
            case OrderEnded():
                self.over.add(event.order)
                self.claims[event.order] = event
                self.waiting.pop(event.order, None)
                self.seen.add(event.comment[-MARKER:])
            case OrderPlaced() | OrderUpdated():
                self.seen.add(event.comment[-MARKER:])
                if event.order not in self.over:
                    self.waiting[event.order] = event
            case DealBooked():
                self._book(event)

    def _book(self, deal: DealBooked) -> None:
        assert deal.volume is not None
        self.seen.add(deal.comment[-MARKER:])
        self.filled[deal.order or ""] += deal.volume
        key = (deal.position or "") if self.hedging else deal.symbol
        symbol, client, lots = self.held.get(
            key, (deal.symbol, self.sender.get(deal.comment[-MARKER:], ""), D(0))
        )
        self.held[key] = (symbol, client, lots + (deal.volume if deal.type == "buy" else -deal.volume))

    # What there may be.

    def _parts(self, client: str | None, more: CommandSending) -> Iterator[tuple[str, str, str, str, D, D]]:
        """How, what, symbol, side, lots, price of all that a client, or anybody, has or may have.

        What it is: in hedging a position has the ticket of the order that opens it.
        """
        for what, (symbol, owner, lots) in self.held.items():
            if lots and (not self.hedging or client in (None, owner)):
                yield "held", what, symbol, "buy" if lots > 0 else "sell", abs(lots), MARKET
        for one in self.waiting.values():
            if client in (None, self.sender.get(one.comment[-MARKER:])):
                left = one.volume - self.filled[one.order]
                price = max(one.price or MARKET, MARKET)
                yield "waits", one.order, one.symbol, one.type.partition("_")[0], left, price
        for one in self.claims.values():
            assert one.volume is not None
            gap = one.volume - (one.remaining or 0) - self.filled[one.order]
            if gap > 0 and client in (None, self.sender.get(one.comment[-MARKER:])):
                yield "moves", one.order, one.symbol, one.type.partition("_")[0], gap, MARKET
        for sent in (*self.flying.values(), more):
            opens = sent.action in ("pending", "deal_market") and not (self.hedging and sent.flags & CLOSES)
            if opens and client in (None, sent.client) and sent.marker not in self.seen:
                how = "waits" if sent.action == "pending" else "moves"
                price = max(sent.price or MARKET, MARKET) if how == "waits" else MARKET
                yield how, sent.marker, sent.symbol, sent.type.partition("_")[0], sent.volume, price

    def _sides(self, client: str | None, more: CommandSending) -> dict[str, list[D]]:
        """By symbol the lots that may come to be bought, and sold."""
        found: dict[str, list[D]] = {}
        for symbol in {part[2] for part in self._parts(client, more)}:
            sums: dict[tuple[str, str], D] = defaultdict(D)
            for how, _, name, side, lots, _ in self._parts(client, more):
                sums[how, side] += lots if name == symbol else 0
            found[symbol] = []
            for side, other in (("buy", "sell"), ("sell", "buy")):
                room = D(0) if self.hedging else sums["held", other]
                now = max(D(0), sums["held", side] - room + sums["moves", side])
                found[symbol].append(now + sums["waits", side])
        return found

    def figures(self, client: str | None, more: CommandSending) -> dict[str, D]:
        """What the limits of a client, or of the account, are about, with one order more."""
        sides, parts = self._sides(client, more), list(self._parts(client, more))
        gross = {symbol: sum(both) if self.hedging else max(both) for symbol, both in sides.items()}
        places = {what if self.hedging else symbol for _, what, symbol, *_ in parts}
        pendings = sum(how == "waits" for how, *_ in parts)
        mine = [(at, one) for at, one in self.sent if client in (None, one.client)]
        now = _second(more)
        figures = {
            "max_volume_per_order": more.volume,
            "max_volume_per_symbol": sides[more.symbol][more.type.startswith("sell")],
            "max_volume_per_account": sum(map(max, sides.values())),
            "max_gross_exposure": sum(gross.values()),
            "max_positions": D(len(places)),
            "max_orders_per_second": D(1 + sum(now - at < 1 for at, _ in mine)),
            "max_orders_per_minute": D(1 + sum(now - at < 60 for at, _ in mine)),
        }
        if more.action == "pending":
            figures["max_orders"] = D(pendings)
        if self.hedging:
            figures["max_notional"] = sum(lots * price * CONTRACT for *_, lots, price in parts)
        return {name: D(value) for name, value in figures.items()}

    def _check(self, sending: CommandSending) -> None:
        opens = sending.action in ("pending", "deal_market") and not sending.flags & CLOSES
        if opens and not self._only_reduces(sending):
            for client, limits in (
                (None, self.limits),
                (sending.client, self.own_limits.get(sending.client, {})),
            ):
                figures = self.figures(client, sending)
                for name in limits.keys() & figures.keys():
                    if figures[name] > limits[name]:
                        raise Passed(
                            f"{sending.command}: {name} of {client}: {figures[name]}, {limits[name]}"
                        )
            window = self.limits.get("duplicate_window", D(0))
            for at, one in self.sent:
                if _same(one, sending) and _second(sending) - at < window:
                    raise Passed(f"{sending.command} is {one.command} again")
        if opens or sending.action == "modify":
            self.sent.append((_second(sending), sending))

    def _only_reduces(self, sending: CommandSending) -> bool:
        if self.hedging or sending.action == "pending":
            return False
        held = self.held.get(sending.symbol, ("", "", D(0)))[2] * (-1 if sending.type == "buy" else 1)
        moving = sum(
            one.volume
            for one in self.flying.values()
            if one.symbol == sending.symbol and one.type == sending.type and one.action == "deal_market"
        )
        return sending.volume + moving <= held


def _figures(told: Any) -> dict[str, D]:
    return {name: D(value) for name, value in told.items()}


def _second(sending: CommandSending) -> float:
    assert sending.risk is not None
    return datetime.fromisoformat(sending.risk.at).timestamp()


def _same(one: CommandSending, other: CommandSending) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("client", "symbol", "type", "volume")
    ) and (one.action == other.action != "modify" and (one.action != "pending" or one.price == other.price))
