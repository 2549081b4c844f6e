"""The limits of risk: every one with its type, its bounds and its meaning, declared once.

A setting of the file, a field of `ctl limits`, a key of the event risk.limits: all three are read by what
stands beside a limit here.  None is "no such limit"; 0 is a limit that nothing passes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Annotated, Any, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from .values import tidy

MOST_LISTED: Final = 100
MASK_LETTERS: Final = 256
MOST_REMEMBERED: Final = 10_000  # orders of the last minute that are remembered, to be counted
WINDOW_S: Final = 60  # and how long

DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HOURS: Final = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? (?P<h>\d{2}):(?P<m>\d{2})-(?P<hh>\d{2}):(?P<mm>\d{2})",
    re.ASCII,
)
_FIGURE: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,10})?", re.ASCII)


class Figure(NamedTuple):
    """A number that a limit may be, both ends included."""

    least: int
    most: int
    decimals: int

    @property
    def says(self) -> str:
        """What it must be."""
        kind = f"a number with at most {self.decimals} decimals" if self.decimals else "a whole number"
        return f"{kind}, from {self.least} to {self.most}"

    def read(self, value: Any) -> Decimal:
        """The number; ValueError for what is none, a boolean, a double, a negative zero, or out of bounds."""
        text = f"{value:f}" if isinstance(value, Decimal) else value
        if type(text) is int:
            text = str(text)
        if not isinstance(text, str) or not _FIGURE.fullmatch(text):
            raise ValueError(self.says)
        try:
            found = tidy(Decimal(text))
        except InvalidOperation:
            raise ValueError(self.says) from None
        if not self.least <= found <= self.most or -int(found.as_tuple().exponent) > self.decimals:
            raise ValueError(self.says)
        return found


class Listed(NamedTuple):
    """A list of texts that a limit may be; an empty one lets nothing pass."""

    what: str
    fits: Callable[[str], bool]

    @property
    def says(self) -> str:
        """What it must be."""
        return f"a list of {self.what}, at most {MOST_LISTED}"

    def read(self, value: Any) -> tuple[str, ...]:
        """The texts; ValueError."""
        if not isinstance(value, list | tuple) or len(value) > MOST_LISTED:
            raise ValueError(self.says)
        for one in value:
            if not isinstance(one, str) or not self.fits(one):
                raise ValueError(self.says)
        return tuple(value)


class Session(NamedTuple):
    """Hours of some days of the week, counted from Sunday; minutes of the day, the end not in it."""

    days: frozenset[int]
    begin: int
    end: int


@lru_cache(maxsize=256)
def session_of(text: str) -> Session | None:
    """What "mon-fri 08:00-17:30" says; None where it says nothing."""
    found = _HOURS.fullmatch(text)
    if found is None or found["first"] not in DAYS or (found["last"] or "sun") not in DAYS:
        return None
    first = DAYS.index(found["first"])
    last = DAYS.index(found["last"]) if found["last"] else first
    begin, end = int(found["h"]) * 60 + int(found["m"]), int(found["hh"]) * 60 + int(found["mm"])
    if int(found["m"]) > 59 or int(found["mm"]) > 59 or not begin < end <= 24 * 60:
        return None
    days = range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))
    return Session(frozenset(days), begin, end)


def _mask(text: str) -> bool:
    return 1 <= len(text) <= MASK_LETTERS and text.isprintable() and "," not in text


SIDES: Final = ("buy", "sell")
ACTIONS: Final = ("market", "limit", "stop", "stop_limit", "modify")

Lots = Annotated[Decimal, Figure(0, 10**9, 8)]
Money = Annotated[Decimal, Figure(0, 10**15, 8)]
Count = Annotated[Decimal, Figure(0, 10**6, 0)]
Rate = Annotated[Decimal, Figure(0, MOST_REMEMBERED, 0)]
Span = Annotated[Decimal, Figure(0, WINDOW_S, 3)]
Age = Annotated[Decimal, Figure(0, 3600, 3)]
Alive = Annotated[Decimal, Figure(0, 86_400, 3)]
Points = Annotated[Decimal, Figure(0, 10**9, 0)]
Percent = Annotated[Decimal, Figure(0, 100, 4)]
Masks = Annotated[tuple[str, ...], Listed("names and path masks, without commas", _mask)]
Sides = Annotated[tuple[str, ...], Listed(", ".join(SIDES), SIDES.__contains__)]
Actions = Annotated[tuple[str, ...], Listed(", ".join(ACTIONS), ACTIONS.__contains__)]
Hours = Annotated[
    tuple[str, ...],
    Listed('hours such as "mon-fri 08:00-17:30"', lambda text: session_of(text) is not None),
]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done by whoever the limits are for: a client, or all of an account together.

    Volumes are lots, counted with what waits and what is on its way or unknown, the worse way.
    """

    max_volume_per_order: Lots | None = None  # lots of one order
    max_volume_per_symbol: Lots | None = None  # lots to one side of a symbol
    max_volume_per_account: Lots | None = None  # lots to the larger side of each symbol, summed
    max_gross_exposure: Lots | None = None  # lots bought and lots sold, of all symbols, together
    max_net_exposure: Lots | None = None  # lots of one side less those of the other, of each symbol, summed
    max_notional: Money | None = None  # of the gross exposure: lots x contract x price, account currency
    max_orders: Count | None = None  # pending orders
    max_positions: Count | None = None  # positions that are open, or that orders may open
    max_orders_per_second: Rate | None = None  # orders and changes of orders sent
    max_orders_per_minute: Rate | None = None  # likewise
    price_collar_points: Points | None = None  # from the market to the price of a pending order
    price_collar_percent: Percent | None = None  # likewise, of the market's price
    quote_age: Age | None = None  # seconds: older quotes are too old for market orders; the least counts
    duplicate_window: Span | None = None  # seconds in which a client does not send the same order again
    symbols: Masks | None = None  # orders in these alone; `!` before a mask takes out
    sides: Sides | None = None  # orders to these alone
    actions: Actions | None = None  # these alone: types of orders, and changes of pending ones
    trading_hours: Hours | None = None  # server time: orders only then


class AccountLimits(Limits, frozen=True, kw_only=True):
    """Limits of an account as a whole."""

    max_daily_loss: Money | None = None  # equity lost since the server's day began; account currency
    max_drawdown: Money | None = None  # equity lost since its peak; account currency
    max_drawdown_percent: Percent | None = None  # likewise, of the peak


Form = Figure | Listed
LimitsT = TypeVar("LimitsT", bound=Limits)


@cache
def forms_of(kind: type[Limits]) -> Mapping[str, Form]:
    """How each limit is read."""
    return {name: form_of(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


def form_of(hint: Any) -> Form:
    """How a limit of this type is read; TypeError for another type."""
    for option in (hint, *get_args(hint)):
        if get_origin(option) is Annotated:
            for one in option.__metadata__:
                if isinstance(one, Figure | Listed):
                    return one
    raise TypeError(f"{hint} is no limit")


class Unreadable(ValueError):
    """What was to be limits is none."""


def read_limits(kind: type[LimitsT], given: Mapping[str, Any]) -> LimitsT:
    """The limits that an event tells, an instance of `kind`.  Raises Unreadable, with the key."""
    forms = forms_of(kind)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in forms:
            raise Unreadable(f"{name[:64]}: no limit of this build")
        if value is None:
            continue
        try:
            values[name] = forms[name].read(value)
        except ValueError as why:
            raise Unreadable(f"{name}: must be {why}") from None
    return kind(**values)


Told = dict[str, str | int | bool | tuple[str, ...] | None]


def told_limits(limits: Limits, kind: type[Limits]) -> Told:
    """Limits of a kind as an event tells them; those that there are not are left out."""
    found: Told = {}
    for name in forms_of(kind):
        value = getattr(limits, name)
        if value is not None:
            found[name] = f"{value:f}" if isinstance(value, Decimal) else value
    return found


def narrowest(figures: Iterable[Decimal | None]) -> Decimal | None:
    """The least of those that there are."""
    return min((one for one in figures if one is not None), default=None)
