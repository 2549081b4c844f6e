"""A venue with few symbols and a told clock, and its pushes as lines of text that a test can compare.

Tickets of orders and deals both begin at 1; volumes are written in lots.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from oms.paper.behaviour import Behaviour
from oms.paper.catalog import Instrument, default_instruments
from oms.paper.feed import Tick
from oms.paper.model import LOT, Account, Effect, Moment, Outcome
from oms.paper.venue import Venue
from oms.paper.zone import Zone
from protocol.enums import (
    DealEntry,
    DealType,
    MarginMode,
    OrderState,
    OrderType,
    Reason,
    Side,
    TradeAction,
)
from protocol.records.account import TradeSettings
from protocol.records.trade import Deal, DealTransaction, OrderTransaction, Position, TradeRequest

HEDGE, NET, EURO, YEN = 1001, 1002, 1003, 1004
SESSION = 7
BUY, SELL = OrderType.BUY, OrderType.SELL
# Wednesday 2024-05-15 10:00:00 server time, which is UTC + 3 in summer.
START = 1_715_756_400_000
KNOWN = {item.spec.trade_symbol: item for item in default_instruments()}
DEAL_ACTIONS = (
    TradeAction.DEAL_REQUEST,
    TradeAction.DEAL_INSTANT,
    TradeAction.DEAL_MARKET,
    TradeAction.DEAL_EXCHANGE,
)


def wire(lots: float | str) -> int:
    """Lots as the wire has them."""
    return int(Decimal(str(lots)) * LOT)


def instrument(name: str, depth: tuple[float, ...] = (100,), **changes: Any) -> Instrument:
    """A default symbol with other fields in its specification or its trade settings, and its own book."""
    known = KNOWN[name]
    trade = {key: value for key, value in changes.items() if key in known.spec.trade.__struct_fields__}
    spec = {key: value for key, value in changes.items() if key not in trade}
    made = replace(known.spec, **spec, trade=replace(known.spec.trade, **trade))
    return replace(known, spec=made, depth_lots=tuple(wire(level) for level in depth))


def account(login: int, **terms: Any) -> Account:
    """An account of the issue's defaults, with 10 000 of its money."""
    currency, digits, mode = {
        HEDGE: ("USD", 2, MarginMode.RETAIL_HEDGING),
        NET: ("USD", 2, MarginMode.RETAIL_NETTING),
        EURO: ("EUR", 2, MarginMode.RETAIL_HEDGING),
        YEN: ("JPY", 0, MarginMode.RETAIL_NETTING),
    }[login]
    usual: dict[str, Any] = {"leverage": 100, "balance": Decimal(10_000)}
    secrets = {"password": "p", "investor_password": "i"}
    return Account(login, "test", currency, digits, mode, **(usual | secrets | terms))


class Scene:
    """The venue, the time, and how to ask for things."""

    def __init__(
        self,
        instruments: Iterable[Instrument] | None = None,
        accounts: Iterable[Account] | None = None,
        start_ms: int = START,
        overrides: Mapping[int, Sequence[TradeSettings]] | None = None,
        seed: int = 1,
        **behaviour: Any,
    ) -> None:
        names = ("EURUSD", "EURUSD.req", "EURUSD.ins", "EURUSD.exc")
        if instruments is None:
            instruments = [instrument(name) for name in names]
        if accounts is None:
            accounts = [account(HEDGE), account(NET)]
        self.zone = Zone(7200, "eu")
        self.utc_ms = start_ms
        settings = Behaviour(**({"first_order": 1, "first_deal": 1} | behaviour))
        self.venue = Venue(
            accounts, instruments, self.zone, settings, opened=self.moment, overrides=overrides, seed=seed
        )
        self.actions = 1000

    @property
    def moment(self) -> Moment:
        return self.zone.moment(self.utc_ms)

    def account(self, login: int) -> Account:
        return self.venue.accounts[login]

    def quote(self, bid: float, ask: float, symbol: str = "EURUSD", last: float = 0.0) -> list[str]:
        """A tick a second later, and what it caused."""
        self.utc_ms += 1000
        tick = Tick(symbol, self.utc_ms, bid, ask, last, 0)
        return lines(self.venue.tick(self.moment, [tick]))

    def wait(self, ms: int) -> list[str]:
        """Time passes, and the venue is woken as it asks for."""
        end, found = self.utc_ms + ms, []
        while (wake := self.venue.next_clock_ms()) is not None and wake <= end:
            self.utc_ms = max(self.utc_ms, wake)
            found += lines(self.venue.clock(self.moment))
        self.utc_ms = end
        return found + lines(self.venue.clock(self.moment))

    def ask(self, login: int, request: TradeRequest, **more: Any) -> Outcome:
        """A request as it is."""
        return self.venue.trade(self.moment, login, SESSION, request, **more)

    def request(self, action: int, kind: int = BUY, lots: float | str = "0.10", **more: Any) -> TradeRequest:
        self.actions += 1
        fields: dict[str, Any] = {
            "action_id": self.actions,
            "trade_action": action,
            "trade_symbol": "EURUSD",
            "trade_type": kind,
            "trade_volume": wire(lots),
            "digits": 5,
            "type_flags": 2,
        }
        return TradeRequest(**(fields | more))

    def deal(self, login: int, kind: int, lots: float | str, **more: Any) -> list[str]:
        """A market deal as the official client sends it; IOC in market execution."""
        filling = {"type_filling": 1} if more.get("trade_symbol", "EURUSD") == "EURUSD" else {}
        action = more.pop("action", TradeAction.DEAL_MARKET)
        return self.told(login, self.request(action, kind, lots, **(filling | more)))

    def pending(self, login: int, kind: int, lots: float | str, price: float, **more: Any) -> list[str]:
        usual = {"type_filling": 2, "price_order": price}
        return self.told(login, self.request(TradeAction.PENDING, kind, lots, **(usual | more)))

    def close(self, login: int, position_id: int, lots: float | str | None = None) -> list[str]:
        held = self.account(login).positions[position_id]
        kind = SELL if held.trade_action == Side.BUY else BUY
        volume = lots if lots is not None else Decimal(held.trade_volume) / LOT
        return self.deal(login, kind, str(volume), trade_position=position_id, type_flags=3)

    def told(self, login: int, request: TradeRequest, **more: Any) -> list[str]:
        """A request's answer 12 and pushes."""
        outcome = self.ask(login, request, **more)
        return [f"12 {int(outcome.retcode)}", *lines(outcome.effects)]

    def code(self, login: int, request: TradeRequest, **more: Any) -> int:
        """The code that settles a request, by 12 or by the last 19."""
        outcome = self.ask(login, request, **more)
        results = [effect.value.result.retcode for effect in outcome.effects if effect.command == 19]
        return int(outcome.retcode or results[-1])

    def books(self, login: int) -> list[str]:
        """Open positions."""
        return [held(position) for position in self.account(login).positions.values()]


def lines(effects: Iterable[Effect]) -> list[str]:
    return [line(effect) for effect in effects]


def line(effect: Effect) -> str:
    value = effect.value
    match effect.command:
        case 10:
            (record,) = value
            return f"10 {{{record.flag_mask},{record.transaction_type}}} {_record(record)}"
        case 19:
            result = value.result
            found = f"19 {result.retcode} deal {result.deal} order {result.trade_order}"
            return f"{found} {lots(result.volume)} @ {result.price:.10g}"
    return f"{effect.command}"


def _record(record: OrderTransaction | DealTransaction) -> str:
    if isinstance(record, OrderTransaction):
        order = record.order
        kind, state = OrderType(order.order_type).name.lower(), OrderState(order.order_state).name.lower()
        return (
            f"#{order.trade_order} {kind} {state} {lots(order.volume_current)}/{lots(order.volume_initial)}"
        )
    told = [_deal(record.deal), held(record.position), f"balance {record.balance:.2f}"]
    told += [*map(_deal, record.deals), *map(held, record.positions)]
    return "; ".join(told)


def _deal(deal: Deal) -> str:
    if deal == Deal():
        return "no deal"
    if deal.trade_action >= 2:
        return f"deal {deal.deal} {DealType(deal.trade_action).name.lower()} {deal.profit:.2f}"
    kind, entry = DealType(deal.trade_action).name.lower(), DealEntry(deal.entry).name.lower()
    reason = "" if deal.trade_reason == 0 else f" {Reason(deal.trade_reason).name}"
    traded = f"{lots(deal.trade_volume)} @ {deal.price_open:.10g} {deal.profit:.2f}"
    return f"deal {deal.deal} {kind} {entry} {traded}{reason}"


def held(position: Position) -> str:
    if position == Position():
        return "no position"
    side = Side(position.trade_action).name.lower()
    return (
        f"position {position.position_id} {side} {lots(position.trade_volume)} @ {position.price_open:.10g}"
    )


def lots(volume: int) -> str:
    return f"{Decimal(volume) / LOT:.2f}"
