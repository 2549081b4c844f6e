"""What was typed, as the payload of a command (docs/commands.md).

Values go as they were typed, for the daemon judges them, all at once and by name.  Only what is empty goes
nowhere: a variable of a shell that is not set would make `--symbol` every symbol.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from oms.cli.ending import WRONG, Failure
from oms.cli.trade.verbs import REMOVABLE
from oms.domain.limits import AccountLimits, Listed, forms_of

NONE: Final = "none"  # typed where `modify` or `limits` takes something away
COUNTS: Final = frozenset({"deviation", "wait"})  # numbers of JSON, where they are numbers
NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
LIMITS: Final = "limits"
LIMIT_FORMS: Final = forms_of(AccountLimits)
SERVER: Final = "server "  # in front of a time of the server's clock


def payload_of(verb: str, given: Mapping[str, str | bool | None]) -> bytes:
    """The JSON of the fields that were given, in their order; raises Failure."""
    fields = {
        name: _value(verb, name, value)
        for name, value in given.items()
        if value is not None and value is not False
    }
    return msgspec.json.encode(fields)


def _value(verb: str, name: str, value: str | bool) -> Any:
    if isinstance(value, bool):
        return value
    option = f"--{name.replace('_', '-')}"
    if not value.strip():
        raise Failure(WRONG, f"{option}: is empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Failure(WRONG, f"{option}: is no UTF-8") from None
    if verb == "modify" and name in REMOVABLE and value == NONE:
        return None
    if verb == LIMITS and name in LIMIT_FORMS:
        if value == NONE:
            return None
        return value.split(",") if isinstance(LIMIT_FORMS[name], Listed) else value
    if name == "expires_at" and value.startswith(SERVER):
        return {"server": value.removeprefix(SERVER)}
    if name in COUNTS and NUMBER.fullmatch(value):
        return msgspec.Raw(value.encode())
    return value
