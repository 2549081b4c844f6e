"""Events larger than one body may be: stored as several, each a part of `parts`.

Only rows can be divided: the data must hold exactly one list among its fields.  Every part carries all
other fields and a piece of that list, in order; they are stored one behind the other in one commit.
Joining them is taking the first and appending the lists of the others.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from .canonical import LARGEST, canonical
from .envelope import EVENT_BYTES, Envelope, Prepared, sealed
from .errors import LocalError

MOST: Final = 2000  # parts of an event: what one commit holds
AROUND: Final = 2048  # bytes, more than any envelope takes beside its data
LONGEST_ACCOUNT: Final = "a" * 32
SOME_TIME: Final = "2026-11-21T10:00:00.123456789Z"


def divided(row: Prepared, limit: int = EVENT_BYTES) -> list[Prepared]:
    """The row itself where it fits, else its parts; LocalError where it cannot be divided."""
    if len(row.data) + AROUND <= limit or len(row.data) + _around(row) <= limit:
        return [row]
    data = msgspec.json.decode(row.data)
    name = _only_list(data, limit)
    pieces = _pieces(data[name], limit - _around(row) - len(canonical(data | {name: []})), name)
    if len(pieces) > MOST:
        raise LocalError("data", f"would need {len(pieces)} parts, at most {MOST} are stored")
    return [
        row._replace(data=canonical(data | {name: piece}), part=number, parts=len(pieces))
        for number, piece in enumerate(pieces, 1)
    ]


def joined(parts: Sequence[Envelope]) -> Envelope:
    """The event that was divided, in the envelope of its first part; LocalError where a part is not there."""
    first = parts[0]
    if [part.part for part in parts] != list(range(1, (first.parts or 0) + 1)):
        raise LocalError("part", f"are {[part.part for part in parts]}, of {first.parts}")
    name = _only_list(first.data, EVENT_BYTES)
    rows = [row for part in parts for row in part.data[name]]
    return replace(first, data=first.data | {name: rows}, part=None, parts=None)


def _around(row: Prepared) -> int:
    """The most bytes that the envelope takes beside the data."""
    widest = row._replace(data=b"", part=MOST, parts=MOST)
    return len(sealed(widest, LONGEST_ACCOUNT, LARGEST, SOME_TIME))


def _only_list(data: dict[str, Any], limit: int) -> str:
    names = [name for name, value in data.items() if isinstance(value, list)]
    if len(names) != 1:
        found = " and ".join(sorted(names)) or "none"
        raise LocalError("data", f"is larger than {limit} bytes, and only one list can be divided: {found}")
    return names[0]


def _pieces(rows: list[Any], room: int, name: str) -> list[list[Any]]:
    pieces: list[list[Any]] = [[]]
    left = room
    for place, row in enumerate(rows):
        size = len(canonical(row)) + 1  # its comma
        if size > room:
            raise LocalError(f"data.{name}[{place}]", "is by itself larger than an event may be")
        if size > left:
            pieces.append([])
            left = room
        pieces[-1].append(row)
        left -= size
    return pieces
