"""A command and the facts it is decided on: EURUSD at 1.08001 / 1.08003, a hedging account that may trade.

Friday 2026-11-20 10:00 server time, two hours ahead of UTC; the symbol is open 24 hours, every day.
"""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from oms.domain.commands import Close, Expiry, Modify, Submit, Verb
from oms.domain.decide import Approved, Decision, Denied, Facts, decide
from oms.domain.events.command import JudgedMargin, JudgedQuote, Reason
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import AccountRecord, OrderRecord, PositionRecord, SymbolRecord
from oms.domain.values import lots

REQUEST, INSTANT, MARKET, EXCHANGE = "request", "instant", "market", "exchange"
MODES = (REQUEST, INSTANT, MARKET, EXCHANGE)
BID, ASK = Decimal("1.08001"), Decimal("1.08003")
NOW, OFFSET = "2026-11-20T10:00:00.000+02:00", 7200
ALWAYS = (((0, 1440),),) * 7
ENOUGH = JudgedMargin(
    margin=Decimal("108.00"), free=Decimal("9892.00"), level=Decimal("9259.26"), added=Decimal("108.00")
)


def d(text: str) -> Decimal:
    return Decimal(text)


def symbol(**changes: Any) -> SymbolRecord:
    values: dict[str, Any] = {
        "symbol": "EURUSD",
        "path": "Forex\\EURUSD",
        "digits": 5,
        "point": d("0.00001"),
        "tick_size": d("0.00001"),
        "contract_size": d("100000"),
        "calc_mode": "forex",
        "trade_mode": "full",
        "execution": MARKET,
        "filling_flags": 3,
        "time_flags": 15,
        "order_flags": 127,
        "gtc_mode": "gtc",
        "volume_min": d("0.01"),
        "volume_max": d("500.00"),
        "volume_step": d("0.01"),
        "volume_limit": d("0.00"),
        "trade_sessions": ALWAYS,
    }
    return SymbolRecord(**(values | changes))


def account(**changes: Any) -> AccountRecord:
    values: dict[str, Any] = {"currency": "USD", "leverage": 100, "margin_mode": "retail_hedging"}
    return AccountRecord(**(values | changes))


NETTING = account(margin_mode="retail_netting")


def quote(bid: Decimal | None = BID, ask: Decimal | None = ASK, **changes: Any) -> JudgedQuote:
    return JudgedQuote(**({"bid": bid, "ask": ask, "time": NOW, "age": 0.2} | changes))


def facts(**changes: Any) -> Facts:
    """An account that is ready, with enough money; `execution` and the like are the symbol's."""
    own = {name: changes.pop(name) for name in [*changes] if name not in Facts.__struct_fields__}
    values: dict[str, Any] = {
        "server_now": NOW,
        "offset": OFFSET,
        "account": account(),
        "symbol": symbol(**own),
        "quote": quote(),
        "margin": ENOUGH,
    }
    return Facts(**(values | changes))


def position(number: str = "1001", side: str = "buy", volume: str = "0.10", **changes: Any) -> PositionRecord:
    values: dict[str, Any] = {"ticket": number, "symbol": "EURUSD", "price": d("1.08000"), "digits": 5}
    return PositionRecord(position=number, side=side, volume=d(volume), **(values | changes))


def order(kind: str = "buy_limit", price: str | None = "1.07000", **changes: Any) -> Order:
    """A working order of 0.10."""
    state: dict[str, Any] = {"state": "working"}
    state |= {name: changes.pop(name) for name in ("state", "ended") if name in changes}
    values: dict[str, Any] = {
        "order": "2001",
        "symbol": "EURUSD",
        "type": kind,
        "volume": d("0.10"),
        "remaining": d("0.10"),
        "price": None if price is None else d(price),
        "filling": "return",
        "time_in_force": "gtc",
        "digits": 5,
        "comment": "desk~ABCDEFGHIJ",
    }
    record = OrderRecord(**({"state": "placed"} | values | changes))
    left = record.remaining if record.remaining is not None else d("0.00")
    return Order(order=record.order, record=record, remaining=left, **state)


def submit(side: str = "buy", volume: str = "0.10", **fields: Any) -> Submit:
    figures = {"price", "limit_price", "sl", "tp"}
    fields = {
        name: d(one) if name in figures and isinstance(one, str) else one for name, one in fields.items()
    }
    values: dict[str, Any] = {"symbol": "EURUSD", "side": side, "volume": d(volume)}
    return Submit(**(values | fields))


# A valid price of each pending order, and the limit of a stop limit.
PENDING_PRICES = {
    "buy_limit": ("1.07000", None),
    "sell_limit": ("1.09000", None),
    "buy_stop": ("1.09000", None),
    "sell_stop": ("1.07000", None),
    "buy_stop_limit": ("1.09000", "1.08500"),
    "sell_stop_limit": ("1.07000", "1.07500"),
}


def pending(kind: str = "buy_limit", **fields: Any) -> Submit:
    price, limit = PENDING_PRICES[kind]
    side, _, name = kind.partition("_")
    usual: dict[str, Any] = {"type": name, "price": price} | ({"limit_price": limit} if limit else {})
    return submit(side, **(usual | fields))


def modify(**fields: Any) -> Modify:
    return Modify(**{name: _figure(name, one) for name, one in fields.items()})


def _figure(name: str, value: Any) -> Any:
    return d(value) if isinstance(value, str) and name in ("price", "limit_price", "sl", "tp") else value


def close(volume: str | None = None, **fields: Any) -> Close:
    named = {} if "symbol" in fields else {"position": "1001"}
    return Close(volume=None if volume is None else d(volume), **(named | fields))


def at_server(text: str) -> Expiry:
    return Expiry(server=text)


def flying(**changes: Any) -> Intent:
    """A buy of 0.10 at market that was sent."""
    volume = changes.pop("volume", "0.10")
    values: dict[str, Any] = {"action": "deal_market", "symbol": "EURUSD", "type": "buy", "flags": 2}
    return Intent(volume=lots(d(volume)), **(values | changes))


def intent_of(verb: Verb, given: Facts) -> Intent:
    decision = decide(verb, given)
    assert isinstance(decision, Approved), decision
    return decision.intent


def denied(decision: Decision) -> Denied:
    assert isinstance(decision, Denied), decision
    return decision


def reasons_of(verb: Verb, given: Facts) -> tuple[Reason, ...]:
    """Why it is denied; none where it is not."""
    decision = decide(verb, given)
    return decision.reasons if isinstance(decision, Denied) else ()


def codes_of(verb: Verb, given: Facts) -> list[str]:
    return [one.code for one in reasons_of(verb, given)]


def having(given: Facts, **changes: Any) -> Facts:
    return replace(given, **changes)
