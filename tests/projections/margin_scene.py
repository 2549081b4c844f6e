"""An account's books in few words, to ask their margin: every figure of a symbol is there."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import asdict

from oms.domain.decide.facts import Exposure
from oms.domain.events import (
    AccountChanged,
    DealBooked,
    Event,
    LedgerOpened,
    OrderPlaced,
    PositionAdjusted,
    SymbolChanged,
)
from oms.domain.records import SymbolRecord
from oms.projections import Books
from oms.projections.margin import MarginView
from oms.projections.margin_inputs import MarginInputs
from oms.projections.rates import Forex, Price
from oms.projections.specification import calc_mode

D = Decimal
HEDGING, NETTING = "retail_hedging", "retail_netting"
ONES = (D(1),) * 8
ZEROS = (D(0),) * 8
NUMBERS = (
    *("tick_size", "tick_value", "face_value", "accrued_interest", "price_settle", "price_limit_min"),
    *("price_limit_max", "margin_initial", "margin_maintenance", "margin_rate_currency"),
)


def symbol(name: str = "EURUSD", **changes: Any) -> SymbolRecord:
    """A forex symbol of 100 000 whose margin and profit are in its own two currencies."""
    usual: dict[str, Any] = {
        "path": f"Forex\\{name}",
        "currency_base": name[:3],
        "currency_profit": name[3:6],
        "currency_margin": name[:3],
        "base_digits": 2,
        "profit_digits": 2,
        "digits": 5,
        "contract_size": D(100_000),
        "calc_mode": "forex",
        "margin_hedged": D(100_000),
        "margin_rates_initial": ONES,
        "margin_rates_maintenance": ZEROS,
    }
    return SymbolRecord(name, **(dict.fromkeys(NUMBERS, D(0)) | usual | changes))


def dollars(name: str = "EURUSD", **changes: Any) -> SymbolRecord:
    """The same with its margin in dollars: 1 lot is 1000.00 at 1:100."""
    return symbol(name, **({"currency_margin": "USD"} | changes))


def held(ticket: int, side: str, volume: str, price: str, name: str = "EURUSD", **more: Any) -> list[Event]:
    """A position, as its deal and the venue's word make it; its identifier is the ticket."""
    key = str(ticket)
    what: dict[str, Any] = {"symbol": name, "volume": D(volume), "price": D(price)}
    deal = DealBooked(
        key,
        order=key,
        position=key,
        type=side,
        entry="in",
        time=f"2026-11-21T10:00:{ticket % 60:02}.000+02:00",
        **what,
    )
    return [deal, PositionAdjusted(key, side=side, **(what | more))]


def resting(ticket: int, kind: str, volume: str, price: str, name: str = "EURUSD", **more: Any) -> Event:
    """An open order."""
    lots = D(volume)
    usual: dict[str, Any] = {"state": "placed", "volume": lots, "remaining": lots}
    return OrderPlaced(str(ticket), symbol=name, type=kind, price=D(price), **(usual | more))


def exposure(kind: str, volume: str, price: str | None, name: str = "EURUSD", **more: Any) -> Exposure:
    return Exposure(name, kind, D(volume), None if price is None else D(price), **more)


def view(
    events: Iterable[Event | list[Event]] = (),
    symbols: Iterable[SymbolRecord] = (),
    prices: Mapping[str, Price] | None = None,
    inputs: MarginInputs | None = None,
    *,
    mode: str = HEDGING,
    balance: str = "10000.00",
    **account: Any,
) -> MarginView:
    """An account in dollars at 1:100 that holds what the events say."""
    usual: dict[str, Any] = {"currency": "USD", "digits": 2, "leverage": 100, "margin_free_mode": "all"}
    books = Books()
    books.fold(AccountChanged(margin_mode=mode, **(usual | account)))
    books.fold(LedgerOpened(D(balance), D("0.00")))
    known = [one for one in symbols] or [dollars()]  # noqa: C416 - iterated twice
    for one in known:
        books.fold(SymbolChanged(**asdict(one)))
    for told in events:
        books.fold_all(told if isinstance(told, list) else [told])
    forex = Forex((one.symbol, calc_mode(one)) for one in known)
    quotes = {"EURUSD": Price(1.1, 1.1001)} if prices is None else prices
    return MarginView(books, quotes.get, forex, inputs or MarginInputs(rules=()))
