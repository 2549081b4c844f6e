"""docs/events.md: every event, written from its declaration, or compared with it.

    python -m tests.docs_events            writes the document
    python -m tests.docs_events --check    changes nothing; exit code 1 and a diff when it differs

The whole file is generated: the meaning of a field is the comment behind its declaration, that of an event
its docstring.
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from oms.domain import records
from oms.domain.events import CLASSES, VERSION
from oms.domain.events.command import JudgedQuote, Reason
from oms.domain.events.market import BookLevel
from oms.domain.events.reconcile import Difference
from oms.domain.values import Ticket
from tests.docs_tables import _comments

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "events.md"
REMEDY: Final = "python -m tests.docs_events"
DIFF_LIMIT: Final = 60  # lines: the rest says nothing new

HEAD: Final = """\
# Events

Everything that can happen, by the type under which it is stored and published. Written from the declarations
in `oms/domain/events` and `oms/domain/records.py`; do not edit.

What stands here is `data` of an event's envelope. Field types: *decimal* is a string such as `"0.10"`, exact,
without an exponent; *ticket* a string of digits; times are text, RFC 3339, of the server's clock with the
offset then in force. `?` = may be null: there is none, or it is not known. A field that is not marked
`required` has the default that is shown. Words for numbers of the protocol are MQL5 names in lower case; a
number without a name is its digits. Fields may be added, never renamed or removed; a change of meaning makes
another version.
"""

RECORDS: Final[tuple[type[msgspec.Struct], ...]] = (
    records.OrderRecord,
    records.DealRecord,
    records.PositionRecord,
    records.AccountRecord,
    records.SymbolRecord,
)
PARTS: Final[tuple[type[msgspec.Struct], ...]] = (Reason, JudgedQuote, Difference, BookLevel)
NAMES: Final[dict[Any, str]] = {
    str: "text",
    Ticket: "ticket",
    int: "integer",
    float: "number",
    bool: "boolean",
    Decimal: "decimal",
}


def render() -> str:
    """The document."""
    parts = [HEAD]
    for subject, kinds in groupby(sorted(CLASSES), key=lambda kind: kind.partition(".")[0]):
        parts.append(f"## {subject}\n")
        parts += [_event(kind) for kind in kinds]
    parts.append("## Records\n\nShared by several events.\n")
    parts += [_record(record) for record in (*RECORDS, *PARTS)]
    return "\n".join(parts)


def _event(kind: str) -> str:
    event = CLASSES[kind]
    base = next((record for record in RECORDS if issubclass(event, record)), None)
    own = [name for name in event.__struct_fields__ if base is None or name not in base.__struct_fields__]
    lines = [f"### {kind}", "", f"Version {VERSION}. {_says(event)}", ""]
    if base is not None:
        more = ", and these:" if own else "."
        lines += [f"The fields of [{base.__name__}](#{base.__name__.lower()}){more}", ""]
    return "\n".join(lines + (_table(event, own) if own else []))


def _record(record: type[msgspec.Struct]) -> str:
    fields = list(record.__struct_fields__)
    return "\n".join([f"### {record.__name__}", "", _says(record), "", *_table(record, fields)])


def _says(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def _table(kind: type[msgspec.Struct], names: list[str]) -> list[str]:
    hints, comments = get_type_hints(kind, include_extras=True), comments_of(kind)
    defaults = {field.name: _default(field) for field in msgspec.structs.fields(kind)}
    rows = [f"| {n} | {_type(hints[n])} | {defaults[n]} | {comments.get(n, '')} |" for n in names]
    return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]


def comments_of(kind: type) -> dict[str, str]:
    """The comments behind the fields of a class and of those it inherits from, nearest last."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if owner.__module__.startswith("oms.domain."):
            found |= _comments(owner.__module__).get(owner.__name__, {})
    return found


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return f"`{msgspec.json.encode(field.default_factory()).decode()}`"
    return f"`{msgspec.json.encode(field.default).decode()}`"


def _type(hint: Any) -> str:
    if hint in NAMES:
        return NAMES[hint]
    if isinstance(hint, UnionType) or get_origin(hint) is Union:  # of annotated types it is the latter
        options = [_type(option) for option in get_args(hint) if option is not NoneType]
        return " or ".join(options) + ("?" if NoneType in get_args(hint) else "")
    if get_origin(hint) is tuple:
        inner = [option for option in get_args(hint) if option is not Ellipsis]
        listed = len(inner) < len(get_args(hint))
        return f"list of {_type(inner[0])}" if listed else f"({', '.join(map(_type, inner))})"
    if get_origin(hint) is dict:
        return f"object of {_type(get_args(hint)[1])}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return "any"


def differences(text: str, path: Path) -> Iterator[str]:
    """The diff between the document and what the declarations want, cut short."""
    wanted = render().splitlines()
    lines = list(difflib.unified_diff(text.splitlines(), wanted, f"{path}", "as declared", n=0, lineterm=""))
    yield from lines[:DIFF_LIMIT]
    if len(lines) > DIFF_LIMIT:
        yield f"... {len(lines) - DIFF_LIMIT} more lines"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = sys.stdout.write) -> int:
    """Write or check the document; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.docs_events", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 and a diff")
    parser.add_argument("path", nargs="?", type=Path, default=DOCUMENT, help="another copy of the document")
    options = parser.parse_args(arguments)
    path: Path = options.path
    if not options.check:
        path.write_text(render(), "utf-8")
        return 0
    diff = list(differences(path.read_text("utf-8") if path.exists() else "", path))
    if diff:
        say("\n".join([*diff, f"{path} differs from the declarations; `{REMEDY}` mends it", ""]))
    return int(bool(diff))


if __name__ == "__main__":
    sys.exit(main())
