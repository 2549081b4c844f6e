"""What was read but not understood: never an error, always told (docs/protocol.md 12)."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from .layout import Layout, R


class Unlisted(msgspec.Struct, frozen=True):
    """A value that the tables do not list, kept as it came; `field` is its path, as orders[2].order_state."""

    field: str
    value: int


class Skipped(msgspec.Struct, frozen=True):
    """Non-zero bytes in a field that the official client skips."""

    field: str
    value: int | bytes


class Drift(msgspec.Struct, frozen=True):
    """Unread bytes, unlisted values, skipped fields of one body.  False when all is known."""

    unread: int = 0
    unknown: tuple[Unlisted, ...] = ()
    ignored: tuple[Skipped, ...] = ()

    def __bool__(self) -> bool:
        return self != NO_DRIFT

    def merged(self, other: "Drift") -> "Drift":
        """Both together."""
        if not other:
            return self
        return Drift(self.unread + other.unread, self.unknown + other.unknown, self.ignored + other.ignored)


NO_DRIFT = Drift()

Told = tuple[str, Any, bool]  # path, value, whether it is a skipped field


def drift_of(told: Iterable[Told], unread: int = 0) -> Drift:
    """The drift that these make; the one `NO_DRIFT` where there is none."""
    unknown: list[Unlisted] = []
    ignored: list[Skipped] = []
    for path, value, skipped in told:
        if skipped:
            ignored.append(Skipped(path, value))
        else:
            unknown.append(Unlisted(path, value))
    if not (unread or unknown or ignored):
        return NO_DRIFT
    return Drift(unread, tuple(unknown), tuple(ignored))


def under(prefix: str, told: Iterable[Told]) -> Iterator[Told]:
    """The same under a path: `[3]` and `order.digits` make `[3].order.digits`."""
    return ((f"{prefix}.{path}", value, skipped) for path, value, skipped in told)


def in_list(name: str, layout: Layout[R], records: Iterable[R]) -> Iterator[Told]:
    """What the records of a list hold, under name[0], name[1] ..."""
    if layout.judged:
        plain = layout.plain
        for number, record in enumerate(records):
            if not plain(record):
                yield from under(f"{name}[{number}]", layout.drift(record))
