"""Versions of the stored events, and how what an older one holds is read.

A journal is for ever: whatever was stored in some version of its type is read by every later build.  So a
type gets another version with each change of its fields, also where one is only added (an older build
refuses a field that it does not know, and has to be able to say why), and with it a function here, which
makes of the data of one version those of the next.  None of them is ever taken away.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

# By type: from version 1 to 2, from 2 to 3, and so on.  `unchanged` where fields were added with a default.
UPCASTERS: Final[Mapping[str, tuple[Upcaster, ...]]] = {}


def unchanged(data: dict[str, Any]) -> dict[str, Any]:
    """An upcaster: what is new has a default."""
    return data


def version_of(kind: str) -> int:
    """The version of a type that is written now: 1, and one more with each upcaster."""
    return 1 + len(UPCASTERS.get(kind, ()))


def upcast(kind: str, version: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Data of a version from 1 on as those of the version that is written now."""
    found = dict(data)
    for step in UPCASTERS.get(kind, ())[version - 1 :]:
        found = step(found)
    return found
