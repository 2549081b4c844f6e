"""The words of the control port, each with its fields (docs/rehearse.md).

`oms paper ctl` reads the same classes: what it lets through the port understands.
"""

import json
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, Literal

import msgspec

from .faults import Fault
from .fitness import BIGGEST, HIGHEST
from .toml_text import explained

Natural = Annotated[int, msgspec.Meta(ge=0)]
Word = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Price = Annotated[float, msgspec.Meta(gt=0, le=HIGHEST)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag=str.lower):
    """One line."""


class Truth(Call, frozen=True, tag="truth"):
    """Everything: accounts, orders, deals, positions, requests received."""


class Connections(Call, frozen=True, tag="connections"):
    """Who is connected."""


class Clock(Call, frozen=True, tag="clock"):
    """The venue's time, in UTC and in server time."""


class Deposit(Call, frozen=True, tag="deposit"):
    """Money in, or out where it is negative, by a deal of its own, on the digits of the account."""

    login: int
    amount: Annotated[Decimal, msgspec.Meta()]
    deal_type: Annotated[int, msgspec.Meta(ge=2, le=18)] = 2
    comment: Annotated[str, msgspec.Meta(max_length=32)] = ""

    def __post_init__(self) -> None:
        """Money is finite, and not more than there is; a comment fits the wire."""
        if not self.amount.is_finite() or abs(self.amount) >= Decimal(10) ** 12:
            raise ValueError("amount: is not a finite amount below 10^12")
        if len(self.comment.encode("utf-16-le", "surrogatepass")) > 64:
            raise ValueError("comment: is longer than 32 code units")


class AmendDeal(Call, frozen=True, tag="amend_deal"):
    """Change fields of a deal; balance and position follow."""

    login: int
    deal: int
    changes: dict[str, Any]


class RemoveDeal(Call, frozen=True, tag="remove_deal"):
    """Remove a deal; balance and position follow."""

    login: int
    deal: int


class SetRights(Call, frozen=True, tag="rights"):
    """What an account may not do (docs/protocol.md 4.2)."""

    login: int
    rights: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class RejectNext(Call, frozen=True, tag="reject_next"):
    """Refuse the next trade request, in answer 12 or in push 19."""

    retcode: Word
    channel: Literal["answer", "result"] | None = None


class SlowNext(Call, frozen=True, tag="slow_next"):
    """Let the next trade requests wait for the dealer."""

    ms: Milliseconds
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class RequoteNext(Call, frozen=True, tag="requote_next"):
    """Requote the next instant deals."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class DealerDelay(Call, frozen=True, tag="dealer_delay"):
    """Let all trade requests from now on wait for the dealer."""

    ms: Milliseconds


class SetSpec(Call, frozen=True, tag="spec"):
    """Change fields of a symbol's specification or trade settings: push 13."""

    symbol: str
    changes: dict[str, Any]


class TickCall(Call, frozen=True, tag="tick"):
    """A quote, as if the feed had made it."""

    symbol: str
    bid: Price
    ask: Price
    last: Annotated[float, msgspec.Meta(ge=0, le=HIGHEST)] = 0.0
    volume: Annotated[int, msgspec.Meta(ge=0, le=BIGGEST)] = 0  # lots × 10^8


class FeedSwitch(Call, frozen=True, tag="feed"):
    """The feed's own ticks, on or off."""

    on: bool


class Link(Call, frozen=True, tag="link"):
    """The trade server goes away, or comes back with state 0: push 15."""

    state: Word
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0  # until it is back; 0 = it stays away


class ZoneJump(Call, frozen=True, tag="zone_jump"):
    """Server time moves by whole hours."""

    hours: Annotated[int, msgspec.Meta(ge=-24, le=24)]


class KeyLength(Call, frozen=True, tag="key_length"):
    """Of session keys from now on."""

    length: Literal[16, 24, 32]


class RefuseTickets(Call, frozen=True, tag="refuse_tickets"):
    """Let nobody in by ticket."""

    on: bool = True


class InjectFault(Call, frozen=True, tag="fault"):
    """Arm a fault; its number."""

    fault: Fault


class Faults(Call, frozen=True, tag="faults"):
    """The faults that are armed."""


class ClearFaults(Call, frozen=True, tag="clear_faults"):
    """Take back one fault, or all; how many."""

    number: int | None = None


class Abort(Call, frozen=True, tag="abort"):
    """Reset connections, now or after so many more bytes; how many connections."""

    login: int | None = None
    session: int | None = None
    bytes: Natural | None = None


class Close(Call, frozen=True, tag="close"):
    """Close WebSockets with code 1000; how many."""

    login: int | None = None
    session: int | None = None


class HalfOpen(Call, frozen=True, tag="half_open"):
    """Leave connections open and silent; how many."""

    login: int | None = None
    session: int | None = None


CALLS: Final[dict[str, type[Call]]] = {str(one.__struct_config__.tag): one for one in Call.__subclasses__()}
_ANY: Final[Any] = reduce(or_, CALLS.values())


class Refusal(Exception):
    """A call that cannot be carried out: which field, and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def parsed(line: bytes) -> Any:
    """The call of a line; raises Refusal."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise Refusal("line", "not JSON") from None
    return call_of(value)


def call_of(value: Any, *, strict: bool = True) -> Any:
    """The call that an object is; not strict, numbers may be text.  Raises Refusal."""
    if not isinstance(value, dict):
        raise Refusal("line", "not an object")
    if not isinstance(word := value.get("do"), str) or word not in CALLS:
        raise Refusal("do", f"not one of {', '.join(sorted(CALLS))}")
    try:
        return msgspec.convert(value, _ANY, strict=strict)
    except msgspec.ValidationError as why:
        key, message = explained(str(why))
        raise Refusal(".".join(map(str, key)) or word, message) from None
