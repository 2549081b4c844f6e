"""The fields of every stored type as they are declared now: what its version stands for.

    python -m tests.golden.shapes     writes those of the current versions into shapes.json

A version that was released is never written anew: a change of fields is another version, with an upcaster
(oms/domain/events/versions.py).  Until the first release `python -m tests.golden.making` makes all anew.
"""

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from oms.domain.events import CLASSES, version_of

FILE: Final = Path(__file__).parent / "shapes.json"


def shapes() -> dict[str, Any]:
    """By type and version, the current one of each."""
    return {f"{kind} {version_of(kind)}": shape(CLASSES[kind]) for kind in sorted(CLASSES)}


def shape(hint: Any) -> Any:
    """A type as plain values: structs by their fields, whatever their class is called."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint, include_extras=True)
        return {
            field.name: [shape(hints[field.name]), "required" if field.required else "has a default"]
            for field in msgspec.structs.fields(hint)
        }
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return sorted((shape(one) for one in get_args(hint)), key=repr)
    if get_args(hint):
        return [str(get_origin(hint)), *(shape(one) for one in get_args(hint))]
    if hint in (NoneType, Ellipsis):
        return repr(hint)
    return hint.__name__ if isinstance(hint, type) else str(hint)


def frozen() -> dict[str, Any]:
    """As they are kept."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


if __name__ == "__main__":
    kept = frozen() if FILE.exists() else {}
    FILE.write_text(json.dumps(kept | shapes(), indent=0, sort_keys=True) + "\n")
