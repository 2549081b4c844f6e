"""The scalar topics of `oms wire check`: mathematics on JSON fields (docs/protocol.md 12).

Each topic takes the `fields` object of a line and gives its `parsed` object.  Whatever the fields hold, the
only exception is WireError: `missing` for a needed field, `bad_value`, `out_of_range`, with the field's path.
"""

from collections.abc import Callable
from typing import Any

from oms.cli.wire.values import (
    WireError,
    print_float,
    read_float,
    read_int,
    read_list,
    read_object,
    read_text,
)
from protocol.enums import CalcMode, OrderType
from protocol.maths.conversion import equal_currencies
from protocol.maths.families import STOP_LIMIT_TYPES
from protocol.maths.margin import account_margin
from protocol.maths.margin_input import (
    LeverageRule,
    LeverageTier,
    MarginAccount,
    MarginOrder,
    MarginPosition,
    MarginSymbol,
)
from protocol.maths.masks import matches
from protocol.maths.profit import Holding, ProfitRates, ProfitSymbol, profit
from protocol.maths.rounding import normalize, scale_price, volume_from_wire, volume_to_wire
from protocol.maths.totals import EXCLUDE_BUY_PROFIT, TotalsAccount, TotalsPosition, totals

_I32 = (-(2**31), 2**31 - 1)
_U32 = (0, 2**32 - 1)
_I64 = (-(2**63), 2**63 - 1)
_U64 = (0, 2**64 - 1)
_SYMBOL = "symbol"  # the one symbol of a margin line; its name never shows
_ORDER_TYPES = 8  # margin rates are kept for types 0..7

_NEEDED: Any = object()


class _Fields:
    """One JSON object with readers that know its path."""

    def __init__(self, value: Any, path: str = "") -> None:
        self._values = read_object(value, path or "fields")
        self._path = path

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str, default: Any) -> Any:
        value = self._values.get(name, default)
        if value is _NEEDED:
            raise WireError("missing", f"{self.path(name)}: missing", self.path(name))
        return value

    def number(self, name: str, default: float = _NEEDED) -> float:
        return read_float(self._get(name, default), self.path(name))

    def integer(self, name: str, span: tuple[int, int] = _U32, default: int = _NEEDED) -> int:
        return read_int(self._get(name, default), self.path(name), *span)

    def text(self, name: str, default: str = _NEEDED) -> str:
        return read_text(self._get(name, default), self.path(name))

    def flag(self, name: str, default: bool = _NEEDED) -> bool:
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise WireError("bad_value", f"{self.path(name)}: neither true nor false", self.path(name))
        return value

    def inner(self, name: str) -> "_Fields":
        return _Fields(self._get(name, _NEEDED), self.path(name))

    def items(self, name: str) -> list["_Fields"]:
        path = self.path(name)
        values = read_list(self._get(name, []), path)
        return [_Fields(value, f"{path}[{index}]") for index, value in enumerate(values)]

    def rates(self, name: str) -> tuple[float, ...]:
        path = self.path(name)
        values = read_list(self._get(name, _NEEDED), path)
        if len(values) != _ORDER_TYPES:
            raise WireError("bad_value", f"{path}: not {_ORDER_TYPES} rates", path)
        return tuple(read_float(value, f"{path}[{index}]") for index, value in enumerate(values))


def _normalize(fields: _Fields) -> dict[str, Any]:
    value = normalize(fields.number("value"), fields.integer("digits", _I64))
    return {"value": print_float(value)}


def _price(fields: _Fields) -> dict[str, Any]:
    return {"price": print_float(scale_price(fields.number("wire"), fields.integer("digits")))}


def _volume(fields: _Fields) -> dict[str, Any]:
    try:
        wire = volume_to_wire(fields.number("lots"))
    except ValueError as why:
        raise WireError("out_of_range", str(why), "lots") from None
    return {"wire": str(wire), "back": print_float(volume_from_wire(wire))}


def _mask(fields: _Fields) -> dict[str, Any]:
    return {"match": matches(fields.text("mask"), fields.text("path"))}


def _profit(fields: _Fields) -> dict[str, Any]:
    symbol = ProfitSymbol(
        trade_calc_mode=fields.integer("trade_calc_mode"),
        trade_contract_size=fields.number("contract_size"),
        trade_tick_value=fields.number("tick_value"),
        trade_tick_size=fields.number("tick_size"),
        trade_face_value=fields.number("face_value"),
        currency_profit_digits=fields.integer("currency_profit_digits"),
        currency_base_digits=fields.integer("currency_base_digits"),
        trade_flags=fields.integer("trade_flags"),
    )
    holding = Holding(
        fields.flag("is_buy"),
        fields.number("volume"),
        fields.number("price_open"),
        fields.number("price_close"),
    )
    rates = ProfitRates(fields.number("rate_buy"), fields.number("rate_sell"), fields.number("rate_margin"))
    result = profit(
        symbol,
        holding,
        rates,
        margin_mode=fields.integer("margin_mode"),
        account_digits=fields.integer("currency_digits"),
    )
    return {"profit": print_float(result.profit), "rate_profit": print_float(result.rate_profit)}


def _margin(fields: _Fields) -> dict[str, Any]:
    account = _margin_account(fields)
    symbol = _margin_symbol(fields.inner("symbol"))
    rules = [_rule(rule) for rule in fields.items("rules")]
    held = [(_position(item), item) for item in fields.items("positions")]
    result = account_margin(
        account,
        {_SYMBOL: symbol},
        [position for position, _ in held],
        [_order(item) for item in fields.items("orders")],
        rules=rules,
        rate_buy=_rate_between,
    )
    if result.total is None:
        field = "margin_mode" if result.gaps[0].code == "margin_mode" else "symbol.trade_calc_mode"
        raise WireError("bad_value", f"{field}: no margin formula is known for it", field)
    money = [_money(symbol, position, item) for position, item in held]
    return _print_totals(totals(_totals_account(fields, account), money, result.total))


def _rate_between(source: str, target: str) -> float:
    """A line brings no quotes, so only equal currencies convert."""
    return 1.0 if equal_currencies(source, target) else 0.0


def _margin_account(fields: _Fields) -> MarginAccount:
    return MarginAccount(
        margin_mode=fields.integer("margin_mode"),
        margin_leverage=fields.integer("leverage"),
        currency_digits=fields.integer("currency_digits", default=2),
        account_currency=fields.text("account_currency", "USD"),
    )


def _totals_account(fields: _Fields, account: MarginAccount) -> TotalsAccount:
    return TotalsAccount(
        balance=fields.number("balance"),
        credit=fields.number("credit"),
        currency_digits=account.currency_digits,
        margin_mode=account.margin_mode,
        margin_free_mode=fields.integer("margin_free_mode"),
        margin_free_profit_mode=fields.integer("margin_free_profit_mode", default=0),
        margin_so_mode=fields.integer("margin_so_mode"),
        margin_so_call=fields.number("margin_so_call"),
        margin_so_so=fields.number("margin_so_so"),
        trade_flags=fields.integer("trade_flags", _I32, 0),
        acc_profit=fields.number("acc_profit", 0.0),
        commission_daily=fields.number("commission_daily", 0.0),
        commission_monthly=fields.number("commission_monthly", 0.0),
        assets=fields.number("assets", 0.0),
        liabilities=fields.number("liabilities", 0.0),
    )


def _margin_symbol(fields: _Fields) -> MarginSymbol:
    margin_currency = fields.text("currency_margin", "")
    base_currency = fields.text("currency_base", margin_currency)
    return MarginSymbol(
        name=_SYMBOL,
        path=fields.text("path", "Forex\\EURUSD"),
        trade_calc_mode=fields.integer("trade_calc_mode"),
        trade_contract_size=fields.number("contract_size"),
        trade_tick_value=fields.number("tick_value"),
        trade_tick_size=fields.number("tick_size"),
        trade_face_value=fields.number("face_value"),
        trade_accrued_interest=fields.number("accrued_interest", 0.0),
        trade_price_settle=fields.number("price_settle", 0.0),
        trade_price_limit_min=fields.number("price_limit_min", 0.0),
        trade_price_limit_max=fields.number("price_limit_max", 0.0),
        currency_base=base_currency,
        currency_profit=fields.text("currency_profit", base_currency),
        currency_margin=margin_currency or base_currency,
        currency_base_digits=fields.integer("currency_base_digits", default=2),
        currency_profit_digits=fields.integer("currency_profit_digits", default=2),
        margin_flags=fields.integer("margin_flags"),
        margin_initial=fields.number("margin_initial"),
        margin_maintenance=fields.number("margin_maintenance"),
        margin_hedged=fields.number("margin_hedged"),
        margin_rate_currency=fields.number("margin_rate_currency", 0.0),
        margin_rates_initial=fields.rates("margin_rates_initial"),
        margin_rates_maintenance=fields.rates("margin_rates_maintenance"),
    )


def _rule(fields: _Fields) -> LeverageRule:
    return LeverageRule(
        path=fields.text("path"),
        range_mode=fields.integer("range_mode"),
        range_currency=fields.text("range_currency"),
        range_currency_digits=fields.integer("range_currency_digits"),
        tiers=tuple(
            LeverageTier(
                tier.number("range_from"),
                tier.number("range_to"),
                tier.number("margin_rate_initial"),
                tier.number("margin_rate_maintenance"),
            )
            for tier in fields.items("tiers")
        ),
    )


def _position(fields: _Fields) -> MarginPosition:
    return MarginPosition(
        symbol=_SYMBOL,
        is_buy=not fields.flag("sell", False),
        volume=fields.number("volume"),
        price_open=fields.number("open"),
        margin_rate=fields.number("rate", 1.0),
    )


def _order(fields: _Fields) -> MarginOrder:
    kind = fields.integer("type", (OrderType.BUY, OrderType.CLOSE_BY))
    trigger: float = _NEEDED if kind in STOP_LIMIT_TYPES else 0.0
    return MarginOrder(
        symbol=_SYMBOL,
        order_type=kind,
        volume=fields.number("volume"),
        price_order=fields.number("price"),
        price_trigger=fields.number("price_trigger", trigger),
        price_current=fields.number("price_current", 0.0),
        margin_rate=fields.number("rate"),
        position_id=fields.integer("position_id", _U64, 0),
    )


def _money(symbol: MarginSymbol, position: MarginPosition, fields: _Fields) -> TotalsPosition:
    return TotalsPosition(
        profit=fields.number("profit", 0.0),
        swap=fields.number("swap", 0.0),
        is_buy=position.is_buy,
        excluded=bool(symbol.margin_flags & EXCLUDE_BUY_PROFIT),
        collateral=symbol.trade_calc_mode == CalcMode.COLLATERAL,
    )


_PRINTED = ("margin", "margin_free", "margin_level", "equity", "floating", "profit", "storage")


def _print_totals(result: Any) -> dict[str, Any]:
    printed = {name: print_float(getattr(result, name)) for name in _PRINTED}
    return {**printed, "so_activation": result.so_activation}


def _topic(parse: Callable[[_Fields], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: parse(_Fields(fields))


TOPICS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "normalize": _topic(_normalize),
    "price": _topic(_price),
    "volume": _topic(_volume),
    "mask": _topic(_mask),
    "profit": _topic(_profit),
    "margin": _topic(_margin),
}
