"""Whether what happened was told: each event of a story held against its copy in the stream."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol


class Stored(Protocol):
    """A copy in the stream (oms/bus/copies.py)."""

    @property
    def body(self) -> bytes:
        """Its payload."""
        ...

    @property
    def stored_at(self) -> str:
        """When the server stored it."""
        ...


def held_against(
    told: Mapping[str, Any], bodies: Mapping[int, bytes], copies: Mapping[int, Stored]
) -> dict[str, Any]:
    """The explanation, with a `copy` for each step, and how many events have which.

    `same`: the stream holds the same bytes under the same sequence; `other`: it holds others, which no daemon
    of ours publishes; `missing`: nothing, for they are not published yet, or the stream was lost.
    """
    steps = [one | {"copy": _copy(one["seq"], bodies, copies)} for one in told["timeline"]]
    by_seq = {one["seq"]: one["copy"]["state"] for one in steps}
    counts = Counter(by_seq.values())
    return {
        **told,
        "timeline": steps,
        "publication": {name: counts[name] for name in ("same", "other", "missing")},
    }


def _copy(seq: int, bodies: Mapping[int, bytes], copies: Mapping[int, Stored]) -> dict[str, Any]:
    found = copies.get(seq)
    if found is None:
        return {"state": "missing", "stored_at": None}
    return {"state": "same" if found.body == bodies.get(seq) else "other", "stored_at": found.stored_at}
