"""Limits of a file, for decisions to be made again with them."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms.domain.limits import AccountLimits, Limits, LimitsT, Unreadable, forms_of, read_limits
from oms.projections.restraint import Read

MOST_BYTES = 1024 * 1024


class BadLimits(ValueError):
    """The file holds no limits; the text says what and where."""


def limits_in(path: Path, account: str) -> Read:
    """The limits of a TOML file for an account.

    Keys are those of `[accounts.LABEL.risk]`, clients are in `[clients.NAME]`.  A file of settings will do:
    then those of `[accounts.LABEL.risk]` count, and none where there are none.
    Raises BadLimits, OSError.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadLimits(f"{path}: is larger than {MOST_BYTES} bytes")
    try:
        document = tomllib.loads(content.decode(), parse_float=Decimal)
    except ValueError as why:
        raise BadLimits(f"{path}: {why}") from None
    settings = "accounts" in document
    table = _table(document, path, "accounts", account, "risk") if settings else document
    clients = _table(table, path, "clients")
    own = {name: value for name, value in table.items() if name != "clients"}
    if settings:  # what else stands there is no limit
        own = {name: value for name, value in own.items() if name in forms_of(AccountLimits)}
    return Read(
        _read(path, account, AccountLimits, own),
        {name: _read(path, name, Limits, _table(clients, path, name)) for name in clients},
    )


def _table(document: Mapping[str, Any], path: Path, *names: str) -> Mapping[str, Any]:
    found: Any = document
    for place, name in enumerate(names, 1):
        found = found.get(name, {})
        if not isinstance(found, Mapping):
            raise BadLimits(f"{path}: {'.'.join(names[:place])} is no table")
    table: Mapping[str, Any] = found
    return table


def _read(path: Path, whose: str, kind: type[LimitsT], given: Mapping[str, Any]) -> LimitsT:
    try:
        return read_limits(kind, given)
    except Unreadable as why:
        raise BadLimits(f"{path}: {whose}: {why}") from None
