"""Faults by script: what happens to a message instead of its simple delivery (docs/rehearse.md).

A fault waits for messages that fit it, lets the first `after` of them pass, then acts `times` times (0 = for
ever), each time with `chance` drawn from one seeded source: the same seed and the same messages give the
same faults.  Deciding is here; doing what was decided is the server's part and the connection's.
"""

from collections.abc import Iterable
from enum import Enum
from random import Random
from typing import Annotated, Any, Final, Literal

import msgspec

Natural = Annotated[int, msgspec.Meta(ge=0)]
Word = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Bytes = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
Value = int | float | str | list[int | float]  # of a field of a symbol


class Kind(Enum):
    """What a message is."""

    REQUEST = "request"
    ANSWER = "answer"
    PUSH = "push"


Act = Literal[
    # to the connection
    "abort",  # reset the connection, the message is lost
    "abort_after",  # let `bytes` more bytes out, then reset the connection
    "close",  # close the WebSocket with code 1000, the message is lost
    "half_open",  # from now on nothing is sent or read, the connection stays
    # to the message
    "lose",  # it is lost; a request is not executed, an answer's request was
    "delay",  # by `seconds`; messages behind it overtake it, a request is executed later
    "duplicate",  # twice, the second time after `seconds`
    "swap",  # behind the next message of the connection
    "truncate",  # its body is cut to `bytes`
    "garbage",  # `bytes` random bytes as a message of their own before it
    "astray",  # it goes to another session of the account after `seconds`, or is lost where there is none
    "refuse",  # with `code` in the code byte; a request is not executed, a push keeps its body
    "retcode",  # `retcode` in answer 12 or push 19
    "action_id",  # push 19 carries `action_id`
    "cut_comment",  # to `bytes` code units: in request 12 for good, in pushes 10 and answers 4, 5 on the way
    # to what a request does
    "slow_dealer",  # request 12 waits `seconds` for the dealer
    "push_first",  # the pushes of request 12 come before its answer
    "refuse_ticket",  # a login by ticket is refused with code 3
    "key_length",  # the session key of bootstrap 0 and all later ones has `length` bytes
    # to the venue, by any request that fits
    "link",  # push 15 with `state`; while it is not 0 trades are answered 10031; back after `seconds`, if any
    "zone_jump",  # server time moves by `hours`
    "spec",  # `changes` to the specification of `symbol`, push 13
]

_ALL: Final = frozenset(Kind)
_REQUEST: Final = frozenset({Kind.REQUEST})
_SENT: Final = frozenset({Kind.ANSWER, Kind.PUSH})

# What an act can happen to; those that are not here can happen to everything.
KINDS: Final[dict[str, frozenset[Kind]]] = {
    **dict.fromkeys(("duplicate", "swap", "truncate", "garbage", "astray", "retcode"), _SENT),
    "action_id": frozenset({Kind.PUSH}),
    **dict.fromkeys(("slow_dealer", "push_first", "refuse_ticket", "key_length"), _REQUEST),
    **dict.fromkeys(("link", "zone_jump", "spec"), _REQUEST),
}
# The commands of those that only some messages can suffer.
COMMANDS: Final[dict[str, dict[Kind, frozenset[int]]]] = {
    "retcode": {Kind.ANSWER: frozenset({12}), Kind.PUSH: frozenset({19})},
    "action_id": {Kind.PUSH: frozenset({19})},
    "cut_comment": {
        Kind.REQUEST: frozenset({12}),
        Kind.ANSWER: frozenset({4, 5}),
        Kind.PUSH: frozenset({10}),
    },
    "slow_dealer": {Kind.REQUEST: frozenset({12})},
    "push_first": {Kind.REQUEST: frozenset({12})},
    "refuse_ticket": {Kind.REQUEST: frozenset({28})},
    "key_length": {Kind.REQUEST: frozenset({0})},
}


def possible(do: str, kind: Kind, command: int) -> bool:
    """Whether an act can happen to such a message."""
    if kind not in KINDS.get(do, _ALL):
        return False
    return do not in COMMANDS or command in COMMANDS[do][kind]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a script."""

    do: Act
    on: Literal["request", "answer", "push"] | None = None  # None = any that it can happen to
    command: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    login: Natural | None = None
    after: Natural = 0
    times: Natural = 1
    chance: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    bytes: Bytes = 0
    code: Annotated[int, msgspec.Meta(ge=1, le=255)] = 1
    retcode: Word = 10011
    action_id: Word = 0
    length: Literal[16, 24, 32] = 16
    state: Word = 1
    hours: Annotated[int, msgspec.Meta(ge=-24, le=24)] = 1
    symbol: str = ""
    changes: dict[str, Value] = {}

    def __post_init__(self) -> None:
        """Refuse a fault that can never happen."""
        kinds = _ALL if self.on is None else frozenset({Kind(self.on)})
        if not kinds & KINDS.get(self.do, _ALL):
            raise ValueError(f"on: {self.do} does not happen to a {self.on}")
        command = self.command
        if command is not None and not any(possible(self.do, kind, command) for kind in kinds):
            raise ValueError(f"command: {self.do} does not happen to {command}")

    def fits(self, kind: Kind, command: int, login: int | None) -> bool:
        """Whether it waits for such a message."""
        return (
            self.on in (None, kind.value)
            and self.command in (None, command)
            and self.login in (None, login)
            and possible(self.do, kind, command)
        )


class Armed:
    """A fault and how often it has been met."""

    __slots__ = ("acted", "fault", "met", "number")

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.met = 0
        self.acted = 0

    @property
    def spent(self) -> bool:
        """Whether it will never act again."""
        return self.fault.times > 0 and self.acted >= self.fault.times


class Faults:
    """The script of a venue, in order; a message meets the first fault that acts on it."""

    LIMIT: Final = 1000

    def __init__(self, script: Iterable[Fault] = (), seed: int | str = 0) -> None:
        self._random = Random(f"faults {seed}")  # noqa: S311 - faults, not secrets
        self._armed: list[Armed] = []
        self._next = 1
        for fault in script:
            self.arm(fault)

    def arm(self, fault: Fault) -> int:
        """Add a fault behind the others; its number, by which it can be taken back."""
        if len(self._armed) >= self.LIMIT:
            raise ValueError(f"{self.LIMIT} are armed already")
        self._armed.append(Armed(self._next, fault))
        self._next += 1
        return self._next - 1

    def clear(self, number: int | None = None) -> int:
        """Take one fault back, or all; how many that were."""
        kept = [armed for armed in self._armed if number is not None and armed.number != number]
        removed = len(self._armed) - len(kept)
        self._armed = kept
        return removed

    def listing(self) -> list[dict[str, Any]]:
        """The armed faults, for the control port."""
        return [
            {
                "number": armed.number,
                "met": armed.met,
                "acted": armed.acted,
                **msgspec.structs.asdict(armed.fault),
            }
            for armed in self._armed
        ]

    def meet(self, kind: Kind, command: int, login: int | None) -> Fault | None:
        """The fault that acts on this message, if any."""
        for armed in self._armed:
            if not armed.fault.fits(kind, command, login):
                continue
            armed.met += 1
            if armed.met <= armed.fault.after or self._random.random() >= armed.fault.chance:
                continue
            armed.acted += 1
            if armed.spent:
                self._armed.remove(armed)
            return armed.fault
        return None

    def noise(self, size: int) -> bytes:
        """Random bytes."""
        return self._random.randbytes(size)
