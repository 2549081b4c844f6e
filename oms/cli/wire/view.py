"""Typed values of the protocol as JSON, both ways, by their annotations (docs/protocol.md 12)."""

from collections.abc import Sequence
from struct import Struct
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin

import msgspec

from oms.cli.wire.values import (
    WireError,
    print_float,
    print_int,
    read_bytes,
    read_float,
    read_int,
    read_list,
    read_object,
    read_text,
)
from protocol.layout import EPOCH_MS, FILETIME, Kind, hints_of, kind_of
from protocol.records.symbols import Sessions
from protocol.records.trade import DealTransaction, OrderTransaction

TRANSACTION: Final = OrderTransaction | DealTransaction
DEAL_CLASS: Final = 2
WIDEST: Final = (-(2**63), 2**64 - 1)


def to_json(value: Any) -> Any:
    """A typed value as JSON: records as objects by the wire's names, bytes as hex, exact integers."""
    if isinstance(value, bool | str | NoneType):
        return value
    if isinstance(value, int):
        return print_int(value)
    if isinstance(value, float):
        return print_float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    return _object(value)


def _object(record: msgspec.Struct) -> dict[str, Any]:
    hints = hints_of(type(record))
    shown: dict[str, Any] = {}
    for name, attribute in zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True):
        value = getattr(record, attribute)
        kind = kind_of(hints[attribute])
        if kind is not None and kind.inline:
            shown |= _object(value)
        else:
            shown[name] = to_json(value)
    return shown


def from_json(hint: Any, value: Any, path: str) -> Any:
    """JSON as a typed value; `WireError` names the field by its path.  A missing field is zero or empty."""
    kind = kind_of(hint)
    plain = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if isinstance(plain, UnionType):
        if value is None:
            return None
        (plain,) = (option for option in get_args(plain) if option is not NoneType)
    if get_origin(plain) is list:
        return _list(get_args(plain)[0], read_list(value, path), path)
    if plain == Sessions:
        return _sessions(value, path)
    if kind is not None and plain == tuple[float, ...]:
        return _doubles(kind, value, path)
    if plain is int:
        return read_int(value, path, *_range(kind))
    if plain is float:
        return read_float(value, path)
    if plain is str:
        return read_text(value, path)
    if plain is bytes:
        return _bytes(kind, value, path)
    return _record(plain, read_object(value, path), path)


def _record(record: Any, fields: dict[str, Any], path: str) -> Any:
    hints = hints_of(record)
    values = {}
    for name, attribute in zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True):
        kind = kind_of(hints[attribute])
        if kind is not None and kind.inline:
            values[attribute] = from_json(hints[attribute], fields, path)
        elif name in fields and not (kind is not None and kind.counted):
            values[attribute] = from_json(hints[attribute], fields[name], f"{path}.{name}" if path else name)
    return record(**values)


def _list(item: Any, values: list[Any], path: str) -> list[Any]:
    if item == TRANSACTION:
        return _transactions(values, path)
    return [from_json(item, value, f"{path}[{number}]") for number, value in enumerate(values)]


def _transactions(values: list[Any], path: str) -> list[Any]:
    """All of the class that the first flag_mask tells, as on the wire (docs/protocol.md 5.3)."""
    records = []
    record: type[msgspec.Struct] = OrderTransaction
    for number, value in enumerate(values):
        at = f"{path}[{number}]"
        fields = read_object(value, at)
        if (
            number == 0
            and read_int(fields.get("flag_mask", 0), f"{at}.flag_mask", 0, 2**32 - 1) == DEAL_CLASS
        ):
            record = DealTransaction
        own, foreign = ("deal", "order") if record is DealTransaction else ("order", "deal")
        if foreign in fields and own not in fields:
            message = f"{at}.{foreign}: the first flag_mask tells the other class"
            raise WireError("bad_value", message, f"{at}.{foreign}")
        records.append(_record(record, fields, at))
    return records


def _doubles(kind: Kind, value: Any, path: str) -> tuple[float, ...]:
    values = _exactly(kind.size // 8, value, path)
    return tuple(read_float(entry, f"{path}[{number}]") for number, entry in enumerate(values))


def _sessions(value: Any, path: str) -> Sessions:
    """7 days × 16 × [from, to]."""
    week = []
    for day, sessions in enumerate(_exactly(7, value, path)):
        at = f"{path}[{day}]"
        pairs = enumerate(_exactly(16, sessions, at))
        week.append(tuple(_session(pair, f"{at}[{number}]") for number, pair in pairs))
    return tuple(week)


def _session(value: Any, path: str) -> tuple[int, int]:
    start, end = _exactly(2, value, path)
    return read_int(start, f"{path}[0]", 0, 65535), read_int(end, f"{path}[1]", 0, 65535)


def _exactly(length: int, value: Any, path: str) -> list[Any]:
    values = read_list(value, path)
    if len(values) != length:
        raise WireError("bad_value", f"{path}: {len(values)} values, not {length}", path)
    return values


def _range(kind: Kind | None) -> tuple[int, int]:
    if kind is None:
        return WIDEST
    if kind == FILETIME:
        return -EPOCH_MS, (2**64 - 1) // 10_000 - EPOCH_MS
    bits = 8 * Struct("<" + kind.code).size
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind.code.islower() else (0, 2**bits - 1)


def _bytes(kind: Kind | None, value: Any, path: str) -> bytes:
    raw = read_bytes(value, path)
    if kind is not None and len(raw) > kind.size:
        raise WireError("out_of_range", f"{path}: {len(raw)} bytes, at most {kind.size}", path)
    return raw
