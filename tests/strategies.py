"""Typed values of every record and body, made from their annotations alone.

Values are such as decoding gives: strings without a zero unit, `bytes` fields at full width, counts that fit
their lists.  Floats leave nan out, which equals nothing.
"""

from functools import cache
from struct import Struct
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from protocol.account_body import Account
from protocol.bodies import Body
from protocol.commands import COMMANDS
from protocol.layout import EPOCH_MS, FILETIME, Kind, Layout, Record, kind_of
from protocol.records import access, account, market, onboarding, symbols, trade
from protocol.records.access import BootstrapAnswer, LoginAnswer
from protocol.records.account import LeverageRule
from protocol.records.market import Book
from protocol.records.onboarding import Document
from protocol.records.symbols import Sessions, Spread
from protocol.records.trade import DealTransaction, OrderTransaction

Strategy = st.SearchStrategy[Any]

LAYOUTS: dict[str, Layout[Record]] = {
    name: value
    for module in (access, account, market, onboarding, symbols, trade)
    for name, value in vars(module).items()
    if isinstance(value, Layout)
}

BODIES: dict[str, Body[Any]] = {
    f"{part}-{number}-{command.name}": body
    for number, command in COMMANDS.items()
    for part, body in (("request", command.request), ("answer", command.answer), ("push", command.push))
    if body is not None
}

DEAL_CLASS = 2
TRANSACTION = OrderTransaction | DealTransaction


def of_body(body: Body[Any]) -> Strategy:
    """Values of a body."""
    return of(body.value_type)


def of(hint: Any) -> Strategy:
    """Values of an annotation."""
    kind = kind_of(hint)
    plain = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if plain is None:
        return st.none()
    if isinstance(plain, UnionType):
        (inner,) = (option for option in get_args(plain) if option is not NoneType)
        return st.none() | _plain(inner, kind)
    return _plain(plain, kind)


def _plain(plain: Any, kind: Kind | None) -> Strategy:
    if get_origin(plain) is list:
        (item,) = get_args(plain)
        return transactions() if item == TRANSACTION else st.lists(of(item), max_size=3)
    if plain == Sessions:
        return weeks()
    if plain == tuple[float, ...]:
        assert kind is not None
        return st.tuples(*[DOUBLES] * (kind.size // 8))
    if plain is int:
        return integers(kind)
    if plain is float:
        return DOUBLES
    if plain is str:
        assert kind is not None
        return texts(kind.size // 2)
    if plain is bytes:
        return st.binary(max_size=40) if kind is None else raw(kind.size)
    return records(plain)


DOUBLES = st.floats(allow_nan=False)


def integers(kind: Kind | None) -> Strategy:
    """Integers of a kind; without one, what any number of the wire can be."""
    if kind is None:
        return st.integers(0, 2**31 - 1)
    if kind == FILETIME:
        return st.integers(-EPOCH_MS, (2**64 - 1) // 10_000 - EPOCH_MS)
    bits = 8 * Struct("<" + kind.code).size
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind.code.islower() else (0, 2**bits - 1)
    return st.integers(low, high)


def units(text: str) -> bytes:
    """UTF-16LE, whatever the surrogates."""
    return text.encode("utf-16-le", "surrogatepass")


def of_units(numbers: list[int]) -> str:
    """The string of some UTF-16 code units; a lone surrogate stays one."""
    return b"".join(number.to_bytes(2, "little") for number in numbers).decode("utf-16-le", "surrogatepass")


@cache
def texts(width: int) -> Strategy:
    """Strings of at most `width` code units: mostly short, some full, surrogates in any order."""
    unit = st.integers(1, 0xFFFF) | st.integers(0xD800, 0xDFFF)
    short = st.lists(unit, max_size=min(width, 4)).map(of_units)
    full = st.lists(unit, min_size=1, max_size=3).map(lambda some: of_units((some * width)[:width]))
    return st.one_of(short, short, full)


@cache
def raw(size: int) -> Strategy:
    """Exactly so many bytes."""
    return st.binary(max_size=min(size, 8)).map(lambda some: some.ljust(size, b"\0"))


@cache
def weeks() -> Strategy:
    """7 days × 16 × (from, to), most of them unused."""
    used = st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(0, 15)),
        st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
        max_size=4,
    )
    return used.map(
        lambda some: tuple(tuple(some.get((day, n), (0, 0)) for n in range(16)) for day in range(7))
    )


@cache
def transactions() -> Strategy:
    """Transactions of one class: the first mask tells it, the others are free."""

    def of_deals(deals: list[DealTransaction]) -> list[Any]:
        return [msgspec.structs.replace(deal, flag_mask=DEAL_CLASS) for deal in deals[:1]] + deals[1:]

    def of_orders(orders: list[OrderTransaction]) -> list[Any]:
        first = [msgspec.structs.replace(order, flag_mask=order.flag_mask % 2) for order in orders[:1]]
        return first + orders[1:]

    return st.one_of(
        st.lists(records(DealTransaction), min_size=1, max_size=2).map(of_deals),
        st.lists(records(OrderTransaction), max_size=2).map(of_orders),
    )


@cache
def records(record: type[msgspec.Struct]) -> Strategy:
    """Values of a record class."""
    hints = get_type_hints(record, include_extras=True)
    special = SPECIAL.get(record, {})
    fields = {name: special[name] if name in special else of(hint) for name, hint in hints.items()}
    return st.builds(record, **fields).map(FITTED.get(record, lambda value: value))


@cache
def fixed(record: type[msgspec.Struct]) -> Strategy:
    """Values of a record class, but for what follows its fixed bytes."""
    hints = get_type_hints(record, include_extras=True)
    return st.builds(record, **{name: of(hint) for name, hint in hints.items() if kind_of(hint)})


def _account(value: Account) -> Account:
    """Nothing behind the first part that is missing; no flags of their own without overrides."""
    names = value.__struct_fields__[1:]
    if value.trade_settings == []:  # read again as trade_flags: docs/protocol.md 4.2
        value = msgspec.structs.replace(value, trade_flags=0)
    missing = next((n for n, name in enumerate(names) if getattr(value, name) is None), len(names))
    return msgspec.structs.replace(value, **dict.fromkeys(names[missing:]))


def _spread(value: Spread) -> Spread:
    return value if value.spread_id else msgspec.structs.replace(value, legs_a=[], legs_b=[])


def _document(value: Document) -> Document:
    return msgspec.structs.replace(value, front_size=len(value.front), back_size=len(value.back))


# What annotations do not say.
SPECIAL: dict[type[msgspec.Struct], dict[str, Strategy]] = {
    BootstrapAnswer: {
        "key": st.sampled_from((16, 24, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
    },
    LoginAnswer: {"session": st.none() | st.integers(0, 2**64 - 1)},
    access.OtpSetup: {"password_ticket": st.none() | raw(160)},
    Account: {
        "trade_flags": st.none() | st.integers(-(2**31), 2**31 - 1),
        "symbols_count": st.none() | st.integers(-(2**31), 2**31 - 1),
        "leverage_flags": st.none() | st.integers(0, 2**64 - 1),
    },
    Spread: {"spread_id": st.integers(0, 2) | st.integers(0, 2**32 - 1)},
}
FITTED: dict[type[msgspec.Struct], Any] = {
    Account: _account,
    Spread: _spread,
    Document: _document,
    Book: lambda value: msgspec.structs.replace(value, count=len(value.levels)),
    LeverageRule: lambda value: msgspec.structs.replace(value, tier_count=len(value.tiers)),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes near valid ones: cut, extended, some flipped."""
    body = bytearray(whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole)
    if body:
        for at, bits in draw(
            st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(1, 255)), max_size=6)
        ):
            body[at] ^= bits
        if draw(st.booleans()):  # counts and classes sit at the front
            at = draw(st.integers(0, min(len(body) - 1, 31)))
            body[at : at + 4] = draw(
                st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\2\0\0\0", b"\xff\xff\xff\x7f"])
            )
    return bytes(body) + draw(st.binary(max_size=20))
