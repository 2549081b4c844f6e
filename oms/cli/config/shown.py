"""Settings as they may be shown: everything as it is, a secret as where it is from."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from oms.config import Secret, Settings

TOLD: Final = ("origins", "warnings")
NOTHING: Final = "-"


def shown(settings: Settings) -> dict[str, Any]:
    """The settings as JSON has them, where each that is no default is from, and the warnings."""
    return {
        "settings": _shown(_tables(settings)),
        "origins": dict(settings.origins),
        "warnings": [one.record() for one in settings.warnings],
    }


def rows(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Key, value, and where it is from, one for every key."""
    tables = _tables(settings)
    accounts = tables.pop("accounts")
    for key, value in [*_flat("", tables), *_flat("accounts.", accounts)]:
        yield key, _cell(value), settings.origins.get(key, "default")


def _tables(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__ if name not in TOLD}


def _flat(prefix: str, tables: Mapping[str, msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    for name, table in tables.items():
        for field in table.__struct_fields__:
            value = getattr(table, field)
            if isinstance(value, msgspec.Struct):
                yield from _flat(f"{prefix}{name}.", {field: value})
            elif field == "clients":
                yield from _flat(f"{prefix}{name}.{field}.", value)
            else:
                yield f"{prefix}{name}.{field}", value


def _shown(value: Any) -> Any:
    match value:
        case Secret():
            return {"from": value.source}
        case Path():
            return str(value)
        case bytes():
            return value.hex()
        case Decimal():
            return f"{value:f}"
        case msgspec.Struct():
            return {name: _shown(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {name: _shown(one) for name, one in value.items()}
        case tuple():
            return [_shown(one) for one in value]
    return value


def _cell(value: Any) -> str:
    if isinstance(value, Secret):
        return f"(secret) {value.source}"
    if isinstance(value, Mapping):
        return _cell([f"{ours}={theirs}" for ours, theirs in value.items()])
    if isinstance(value, (tuple, list)):
        return ", ".join(value) or NOTHING
    if value is None or value in ("", b""):
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return value.hex() if isinstance(value, bytes) else str(_shown(value))
