"""Scalars between JSON and the wire's types, by the rules of docs/protocol.md 12."""

import re
from typing import Any

Line = dict[str, Any]


class WireError(Exception):
    """A line that cannot be served: `code` of docs/protocol.md 12, what, and the path of the field."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*").fullmatch
EXACT = 2**53 - 1  # the largest integer that every JSON reader keeps


def print_int(value: int) -> int | str:
    """An integer as JSON: a number, or a string of digits above 2^53 - 1 in magnitude."""
    return value if -EXACT <= value <= EXACT else str(value)


def print_float(value: float) -> float | str:
    """A double as JSON: a number, or "nan", "inf", "-inf"."""
    return value if value - value == 0 else str(value)


def read_int(value: Any, field: str, low: int, high: int) -> int:
    """An integer from JSON: a whole number or a string of digits; errors bad_value, out_of_range."""
    if isinstance(value, str) and value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
        value = int(value) if len(value) < 400 else 10**400
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireError("bad_value", f"{field}: not an integer", field)
    if not low <= value <= high:
        raise WireError("out_of_range", f"{field}: not within {low} and {high}", field)
    return value


def read_float(value: Any, field: str) -> float:
    """A double from JSON: a number, or "nan", "inf", "-inf"; errors bad_value, out_of_range."""
    if value in ("nan", "inf", "-inf") and isinstance(value, str):
        return float(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise WireError("bad_value", f"{field}: not a number", field)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise WireError("out_of_range", f"{field}: larger than any double", field)
    return number


def read_text(value: Any, field: str) -> str:
    """A string from JSON; error bad_value."""
    if not isinstance(value, str):
        raise WireError("bad_value", f"{field}: not a string", field)
    return value


def read_bytes(value: Any, field: str) -> bytes:
    """Bytes from hex digits; error bad_hex."""
    digits = read_text(value, field)
    if not _HEX(digits):  # bytes.fromhex would pass over spaces
        raise WireError("bad_hex", f"{field}: not hex digits in pairs", field)
    return bytes.fromhex(digits)


def read_object(value: Any, field: str) -> dict[str, Any]:
    """An object from JSON; error bad_value."""
    if not isinstance(value, dict):
        raise WireError("bad_value", f"{field or 'fields'}: not an object", field or "fields")
    return value


def read_list(value: Any, field: str) -> list[Any]:
    """A list from JSON; error bad_value."""
    if not isinstance(value, list):
        raise WireError("bad_value", f"{field or 'fields'}: not a list", field or "fields")
    return value


def needed(line: Line, field: str, path: str | None = None) -> Any:
    """What a line must give; error missing."""
    if field not in line:
        raise WireError("missing", f"{path or field}: missing", path or field)
    return line[field]
