"""What others ask for: the commands, read and typed, not yet judged (docs/commands.md).

Volumes are lots, prices are as given, both exact; tickets are text.  A field that is absent is None, but in
`Modify`, where None takes something away, and UNSET leaves it as it is.
"""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from .values import Ticket

Side = Literal["buy", "sell"]
Kind = Literal["market", "limit", "stop", "stop_limit"]
Filling = Literal["fok", "ioc", "return", "boc"]
TimeInForce = Literal["gtc", "day", "specified", "specified_day"]

# The type of a field says how it is read (oms/commands/kinds.py); a bare Decimal is a price.
Lots = Annotated[Decimal, msgspec.Meta(title="lots")]
Points = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]  # UTF-16 units (docs/protocol.md 4.7)
Comment = Annotated[str, msgspec.Meta(max_length=256)]
CommandId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
# Of a command that is known: its id, or that of a sweep's child.
KnownId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}(/[1-9][0-9]{0,8})?\Z")]
ClientId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]

DEFAULT_CLIENT: Final = "default"


class Expiry(msgspec.Struct, frozen=True):
    """When a pending order ends: exactly one of the two."""

    utc_ns: int | None = None  # given as RFC 3339; becomes server time with the offset in force
    server: str | None = None  # given as the server's wall clock, "YYYY-MM-DD HH:MM:SS"


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """A command's content; who asks, and how it is answered, is the request's."""

    verb: ClassVar[str]


class Submit(Verb, frozen=True, kw_only=True):
    """Buy or sell, at once or when a price is reached."""

    verb: ClassVar[str] = "submit"
    symbol: Symbol  # the venue's name of it, or an alias of the configuration
    side: Side
    volume: Lots
    type: Kind = "market"
    price: Decimal | None = None  # the limit, or what activates a stop; a market order has none
    limit_price: Decimal | None = None  # of a stop_limit: the limit after its activation
    sl: Decimal | None = None  # stop loss
    tp: Decimal | None = None  # take profit
    filling: Filling | None = None  # absent: what the symbol takes
    time_in_force: TimeInForce | None = None  # of a pending order; absent: gtc, specified with expires_at
    expires_at: Expiry | None = None  # of a pending order that is specified or specified_day
    deviation: Points | None = None  # that a deal's price may be off
    deviation_advisory: bool = False  # go on where nothing on the wire holds a deviation
    comment: Comment = ""  # the venue gets the first 20 UTF-16 units of it


class Check(Submit, frozen=True, kw_only=True):
    """What a submit would come to; nothing is sent, nothing is remembered."""

    verb: ClassVar[str] = "check"


class Modify(Verb, frozen=True, kw_only=True):
    """Other prices, stops, lifetime of a pending order; other stops of a position.  One of the two."""

    verb: ClassVar[str] = "modify"
    order: Ticket | None = None
    position: Ticket | None = None
    price: Decimal | msgspec.UnsetType = msgspec.UNSET  # of an order
    limit_price: Decimal | msgspec.UnsetType = msgspec.UNSET  # of an order
    sl: Decimal | msgspec.UnsetType | None = msgspec.UNSET  # null: none any more
    tp: Decimal | msgspec.UnsetType | None = msgspec.UNSET  # null: none any more
    time_in_force: TimeInForce | msgspec.UnsetType = msgspec.UNSET  # of an order
    expires_at: Expiry | msgspec.UnsetType | None = msgspec.UNSET  # of an order; null: it does not expire


class Cancel(Verb, frozen=True, kw_only=True):
    """Remove a pending order, named by its ticket or by the id of its client's submit.  One of the two."""

    verb: ClassVar[str] = "cancel"
    order: Ticket | None = None
    command: CommandId | None = None


class Close(Verb, frozen=True, kw_only=True):
    """Close a position, or a part of it.  In a netting account the symbol may name it.  One of the two."""

    verb: ClassVar[str] = "close"
    position: Ticket | None = None
    symbol: Symbol | None = None
    volume: Lots | None = None  # absent: all of it
    filling: Filling | None = None  # absent: what the symbol takes
    deviation: Points | None = None  # that the price may be off
    deviation_advisory: bool = False  # go on where nothing on the wire holds a deviation
    comment: Comment = ""  # the venue gets the first 20 UTF-16 units of it


class CloseBy(Verb, frozen=True, kw_only=True):
    """Close two opposite positions of a symbol by each other."""

    verb: ClassVar[str] = "close_by"
    position: Ticket
    position_by: Ticket


class CloseAll(Verb, frozen=True, kw_only=True):
    """Close every position, or every one of a symbol: a child command for each."""

    verb: ClassVar[str] = "close_all"
    symbol: Symbol | None = None
    comment: Comment = ""  # of each close


class CancelAll(Verb, frozen=True, kw_only=True):
    """Remove every pending order, or every one of a symbol: a child command for each."""

    verb: ClassVar[str] = "cancel_all"
    symbol: Symbol | None = None


VERBS: Final[dict[str, type[Verb]]] = {
    kind.verb: kind for kind in (Submit, Modify, Cancel, Close, CloseBy, CloseAll, CancelAll, Check)
}
# They take risk away, need only the session, and overtake the others.
REDUCING_VERBS: Final = frozenset({"cancel", "cancel_all", "close", "close_by", "close_all"})


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it came in: what is asked for, by whom, under which identity, answered how."""

    verb: Verb
    client: str = DEFAULT_CLIENT
    id: str | None = None  # None: one is made
    deadline: str | None = None  # RFC 3339 as given; None: so many seconds from the receipt
    deadline_ns: int | None = None  # nanoseconds of UTC
    wait: float | None = None  # seconds that a request waits for the outcome; None: the default
    receipt: bool = False  # "reply": "receipt": answered at once
    trace: str | None = None
    payload: dict[str, Any] = {}  # as given, numbers as they were written, without what makes no difference
    payload_hash: str = ""  # SHA-256 in hex of the verb and what it says, in canonical form
