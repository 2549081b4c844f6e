"""What a field may hold: how the type of its declaration is read from a payload's value.

A value is what `oms.payload` makes of it: text, Number (of JSON, as written), Pairs, None, True, False, a
list; of MessagePack also int, float, bytes.  Exact figures are read from text, from numbers as they were
written and from integers, never from doubles.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

from oms.domain import times
from oms.domain.commands import ClientId, CommandId, Comment, Expiry, KnownId, Lots, Points, Symbol
from oms.domain.limits import Form, Listed, form_of
from oms.domain.values import ZERO, Ticket, lots, tidy
from oms.payload import Number, Pairs, brief, shown, storable

from .codes import BAD_VALUE, DUPLICATE_FIELD, MISSING_FIELD, OUT_OF_RANGE, UNKNOWN_FIELD

WHOLE_DIGITS: Final = 15
DECIMALS: Final = 10
LONGEST_NUMBER: Final = 64  # letters: no exact figure needs more
VOLUME_DECIMALS: Final = 8
MOST_LOTS: Final = Decimal(2**64 - 1).scaleb(-VOLUME_DECIMALS)  # docs/protocol.md 4.7: u64 of 10^-8 lots
MOST_TICKET: Final = 2**63 - 1
MOST_POINTS: Final = 2**31 - 1
MOST_WAIT_S: Final = 60
SYMBOL_UNITS: Final = 32  # UTF-16
COMMENT_LETTERS: Final = 256
LAST_NS: Final = 2**63 - 1  # a moment of the year 2262
_NS: Final = 1_000_000_000

_AMOUNT: Final = re.compile(rf"-?[0-9]{{1,{WHOLE_DIGITS}}}(?:\.[0-9]{{1,{DECIMALS}}})?")
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_TICKET: Final = re.compile(r"[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_COMMAND: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KNOWN: Final = re.compile(rf"{_COMMAND.pattern}(/[1-9][0-9]{{0,8}})?")
_CLIENT: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
# https://www.w3.org/TR/trace-context/: version, trace, parent, flags; neither id is all zeros.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Unfit(Exception):
    """A value that a field cannot hold; without a message: it must be what the field's kind says."""

    def __init__(self, code: str = BAD_VALUE, message: str = "", inner: str = "") -> None:
        self.code, self.message, self.inner = code, message, inner
        super().__init__(code, message)


class Kind(NamedTuple):
    """How one field is read."""

    name: str  # in the documents
    says: str  # what it must be
    read: Callable[[Any], Any]  # raises Unfit


class Deadline(NamedTuple):
    """A moment, and how it was written."""

    text: str
    ns: int  # of UTC since 1970


def kind_of(hint: Any) -> Kind:
    """The kind of a field by its type; TypeError for a type that is not read."""
    if get_origin(hint) is Literal:
        return _choice(get_args(hint))
    return KINDS[hint] if hint in KINDS else _of_form(form_of(hint))


def _of_form(form: Form) -> Kind:
    """A limit of risk, read as everywhere; numbers as they were written."""

    def read(value: Any) -> Any:
        plain = [_plain(one) for one in value] if isinstance(value, list) else _plain(value)
        try:
            return form.read(plain)
        except ValueError:
            raise Unfit from None

    return Kind("list" if isinstance(form, Listed) else "number", form.says, read)


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, Number) else value


def is_client(text: str) -> bool:
    """Whether a token can be a client's name."""
    return _CLIENT.fullmatch(text) is not None


def is_traceparent(text: str) -> bool:
    """Whether a text is a traceparent of W3C Trace Context."""
    return _TRACEPARENT.fullmatch(text) is not None


# Figures.


def _exact(value: Any) -> Decimal:
    """The number as it was written, if it has at most 15 digits before the point and 10 behind it."""
    if isinstance(value, float):
        raise Unfit(message="a double of MessagePack is not exact: send text")
    if isinstance(value, str):
        if not _AMOUNT.fullmatch(value):
            raise Unfit(OUT_OF_RANGE if _DECIMAL.fullmatch(value) else BAD_VALUE)
        return _no_negative_zero(Decimal(value))
    if isinstance(value, Number):
        return _bounded(value.text)
    if type(value) is int:
        return _bounded(str(value))
    raise Unfit


def _bounded(text: str) -> Decimal:
    """A number that may have an exponent, judged by its value."""
    try:
        found = Decimal(text)
    except InvalidOperation:  # an exponent of 20 digits
        raise Unfit(OUT_OF_RANGE) from None
    if not found.is_finite():
        raise Unfit
    if not found:
        _no_negative_zero(found)
        return ZERO
    if len(text) > LONGEST_NUMBER or not -DECIMALS <= found.adjusted() < WHOLE_DIGITS:
        raise Unfit(OUT_OF_RANGE)
    if _decimals(tidy(found)) > DECIMALS:
        raise Unfit(OUT_OF_RANGE)
    return found


def _no_negative_zero(value: Decimal) -> Decimal:
    """The number; who writes a zero with a sign has computed something that went wrong."""
    if not value and value.is_signed():
        raise Unfit(OUT_OF_RANGE, "is a negative zero")
    return value


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def _price(value: Any) -> Decimal:
    return tidy(_exact(value))


def _lots(value: Any) -> Decimal:
    found = lots(_exact(value))
    if _decimals(found) > VOLUME_DECIMALS or abs(found) > MOST_LOTS:
        raise Unfit(OUT_OF_RANGE)
    return found


def _whole(value: Any) -> str:
    text = value.text if isinstance(value, Number) else str(value) if type(value) is int else ""
    if not _WHOLE.fullmatch(text):
        raise Unfit
    return text


def _ticket(value: Any) -> str:
    if isinstance(value, str):
        if not _TICKET.fullmatch(value):
            raise Unfit(OUT_OF_RANGE if _WHOLE.fullmatch(value) else BAD_VALUE)
        text = value
    else:
        text = _whole(value)
    if not _TICKET.fullmatch(text) or int(text) > MOST_TICKET:
        raise Unfit(OUT_OF_RANGE)
    return text


def _points(value: Any) -> int:
    text = _whole(value)
    if len(text) > len(str(MOST_POINTS)) or not 0 <= int(text) <= MOST_POINTS:
        raise Unfit(OUT_OF_RANGE)
    return int(text)


def _seconds(value: Any) -> float:
    """Not an exact figure: a double of MessagePack will do."""
    if not isinstance(value, Number) and type(value) not in (int, float):
        raise Unfit
    found = float(value.text if isinstance(value, Number) else value)
    if not isfinite(found):
        raise Unfit
    if not 0 <= found <= MOST_WAIT_S:
        raise Unfit(OUT_OF_RANGE)
    return found


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


# Text.


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not storable(value):
        raise Unfit(message="has a lone surrogate")
    if _CONTROL.search(value):
        raise Unfit(message="has a control character")
    return value


def _symbol(value: Any) -> str:
    text = _text(value)
    if not text:
        raise Unfit
    if len(text.encode("utf-16-le")) // 2 > SYMBOL_UNITS:
        raise Unfit(OUT_OF_RANGE)
    return text


def _comment(value: Any) -> str:
    text = _text(value)
    if len(text) > COMMENT_LETTERS:
        raise Unfit(OUT_OF_RANGE)
    return text


def _like(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Unfit
        return value

    return read


def _choice(words: tuple[str, ...]) -> Kind:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Unfit
        return value

    named = ", ".join(words)
    return Kind(named, f"one of {named}" if len(words) > 1 else named, read)


# Times.


def _utc_ns(value: Any, last_ns: int) -> int:
    if not isinstance(value, str):
        raise Unfit
    try:
        found = times.utc_ns(value)
    except ValueError as why:
        raise Unfit(message=f"{shown(value)} {why}") from None
    if not 0 <= found <= last_ns:
        raise Unfit(OUT_OF_RANGE, f"{shown(value)} is before 1970 or too far ahead")
    return found


def _deadline(value: Any) -> Deadline:
    return Deadline(value, _utc_ns(value, LAST_NS))


def _expiry(value: Any) -> Expiry:
    if isinstance(value, Pairs):
        return Expiry(server=_server(value))
    return Expiry(utc_ns=_utc_ns(value, times.LATEST * _NS))


def _server(value: Pairs) -> str:
    """What {"server": ...} holds, a wall clock that the wire can write (docs/protocol.md 7.7: 0 is none)."""
    found: list[Any] = []
    for name, inner in value.items:
        if name != "server":
            raise Unfit(UNKNOWN_FIELD, f"has only server, not {shown(name)}", brief(name))
        found.append(inner)
    if len(found) != 1:
        raise Unfit(DUPLICATE_FIELD if found else MISSING_FIELD, "must be there once", "server")
    (text,) = found
    try:
        seconds = times.server_s(text) if isinstance(text, str) else None
    except ValueError as why:
        raise Unfit(message=f"{shown(text)} {why}", inner="server") from None
    if seconds is None:
        raise Unfit(message='must be "YYYY-MM-DD HH:MM:SS"', inner="server")
    if not 0 < seconds <= times.LATEST:
        raise Unfit(OUT_OF_RANGE, f"{shown(text)} is not between 1970 and 2038", "server")
    return str(text)


Seconds = Annotated[float, "seconds"]
Traceparent = Annotated[str, "traceparent"]

_FIGURE: Final = f"with at most {WHOLE_DIGITS} digits before the point and {{}} behind it"
# By the type that a field is declared with.
KINDS: Final[dict[Any, Kind]] = {
    Decimal: Kind("price", f"text or a number {_FIGURE.format(DECIMALS)}", _price),
    Lots: Kind("lots", f"text or a number {_FIGURE.format(VOLUME_DECIMALS)}, at most {MOST_LOTS:.0f}", _lots),
    Ticket: Kind("ticket", "a whole number from 1 to 2^63 - 1, as text or as a number", _ticket),
    Points: Kind("points", f"a whole number from 0 to {MOST_POINTS}", _points),
    Symbol: Kind("symbol", f"text of 1 to {SYMBOL_UNITS} UTF-16 units without control characters", _symbol),
    Comment: Kind("text", f"text of at most {COMMENT_LETTERS} letters without control characters", _comment),
    CommandId: Kind("id", "1 to 64 of the letters A-Z a-z 0-9 . _ : -", _like(_COMMAND)),
    KnownId: Kind("id", "a command's id, or that of a child of it: the id, / and its number", _like(_KNOWN)),
    ClientId: Kind("client", "1 to 32 of the letters A-Z a-z 0-9 _ -", _like(_CLIENT)),
    Expiry: Kind("expiry", 'an RFC 3339 time, or {"server": "YYYY-MM-DD HH:MM:SS"}', _expiry),
    Deadline: Kind("time", "an RFC 3339 time such as 2026-11-21T10:00:00Z", _deadline),
    Seconds: Kind("seconds", f"a number from 0 to {MOST_WAIT_S}", _seconds),
    Traceparent: Kind("traceparent", "a traceparent of W3C Trace Context", _like(_TRACEPARENT)),
    bool: Kind("boolean", "true or false", _flag),
}
