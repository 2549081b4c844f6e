"""docs/events.md, written from the declarations of events and records.

The meaning of a field is the comment behind its declaration, that of an event its docstring.
"""

from itertools import groupby
from typing import Final, get_type_hints

import msgspec

from oms.domain import records
from oms.domain.events import CLASSES, version_of
from oms.domain.events.command import JudgedMargin, JudgedQuote, JudgedRisk, Reason
from oms.domain.events.market import BookLevel
from oms.domain.events.reconcile import Difference
from tests.docs_fields import comments_of, says, type_name

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
PARTS: Final[tuple[type[msgspec.Struct], ...]] = (
    *(Reason, JudgedQuote, JudgedMargin, JudgedRisk, Difference, BookLevel),
)


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
    lines = [f"### {kind}", "", f"Version {version_of(kind)}. {says(event)}", ""]
    if base is not None:
        more = ", and these:" if own else "."
        lines += [f"The fields of [{base.__name__}](#{base.__name__.lower()}){more}", ""]
    return "\n".join(lines + (_table(event, own) if own else []))


def _record(record: type[msgspec.Struct]) -> str:
    fields = list(record.__struct_fields__)
    return "\n".join([f"### {record.__name__}", "", says(record), "", *_table(record, fields)])


def _table(kind: type[msgspec.Struct], names: list[str]) -> list[str]:
    hints, comments = get_type_hints(kind, include_extras=True), comments_of(kind)
    defaults = {field.name: _default(field) for field in msgspec.structs.fields(kind)}
    rows = [f"| {n} | {type_name(hints[n])} | {defaults[n]} | {comments.get(n, '')} |" for n in names]
    return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return f"`{msgspec.json.encode(field.default_factory()).decode()}`"
    return f"`{msgspec.json.encode(field.default).decode()}`"
