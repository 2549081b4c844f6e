"""The generated parts of docs/protocol.md, from the declarations.

A part stands between a marker that names it and `<!-- end -->`; everything else in the file is prose and
is left alone.  Parts: `table: NAME` (a Layout of protocol.records), `enum: Name` (a class of
protocol.enums), `commands`, `states`.  The third column of an enum's table is prose too: it is kept, by name.

A part that is declared but not in the document, a marker that names nothing and a § that leads nowhere are
problems that only an editor can mend.
"""

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import groupby
from typing import Any, Final, get_args, get_origin, get_type_hints

from protocol import enums
from protocol.account_body import AccountBody
from protocol.bodies import Batches, Body, Counted, Empty, One, Stream, SymbolIds, TwoLists
from protocol.commands import COMMANDS, Command, State
from protocol.composed import (
    Books,
    BootstrapAnswerBody,
    CompressedSymbols,
    LoginAnswerBody,
    OtpSetupBody,
    RealOpenings,
    SpreadGroups,
    Transactions,
)
from protocol.layout import Field, Layout
from protocol.records import access, account, market, onboarding, symbols, trade
from protocol.session import MOVES, Role
from tests.docs_fields import comments_of

_BLOCK: Final = re.compile(r"^<!-- (?!end )(.+?) -->\n((?:(?!<!-- ).*\n)*)<!-- end -->$", re.MULTILINE)
_MARKER: Final = re.compile(r"^<!-- (.+?) -->$", re.MULTILINE)
_HEADING: Final = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
_REFERENCE: Final = re.compile(r"§(\d+(?:\.\d+)?)")

LAYOUTS: Final[dict[str, Layout[Any]]] = {
    name: value
    for module in (access, account, market, onboarding, symbols, trade)
    for name, value in vars(module).items()
    if isinstance(value, Layout)
}
ENUMS: Final[dict[str, type[Enum]]] = {
    name: value
    for name, value in vars(enums).items()
    if isinstance(value, type) and issubclass(value, Enum) and value.__module__ == enums.__name__
}

# Bodies of a shape of their own, in a few words; a layout in braces brings its size.
COMPOSED: Final[dict[type, str]] = {
    AccountBody: "account body, §4.2",
    Books: "books, §5.5",
    BootstrapAnswerBody: "{BOOTSTRAP_ANSWER}, session key, §2.2",
    CompressedSymbols: "u32, compressed answer of 6, §4.4",
    LoginAnswerBody: "{LOGIN_ANSWER}, u64 session, §4.1",
    OtpSetupBody: "{OTP_SETUP}, ticket 160 if there is one, §4.10",
    RealOpenings: "{OPENING}, {REAL_EXT}, documents, §4.12",
    SpreadGroups: "spread groups, §4.8",
    Transactions: "transactions, §5.3",
}


def sections(text: str) -> set[str]:
    """The numbers of the document's headings: 4, 4.2 ..."""
    return set(_HEADING.findall(text))


def render(text: str) -> str:
    """The document with its generated parts as the declarations want them."""

    def written(block: re.Match[str]) -> str:
        part = _part(block[1], block[2])
        return block[0] if part is None else f"<!-- {block[1]} -->\n\n{part}\n\n<!-- end -->"

    return _BLOCK.sub(written, text)


def problems(text: str) -> list[str]:
    """What is wrong with the document and cannot be mended by writing its parts anew."""
    wanted = {"commands", "states", *(f"table: {n}" for n in LAYOUTS), *(f"enum: {n}" for n in ENUMS)}
    blocks = [block[1] for block in _BLOCK.finditer(text)]
    markers = [marker for marker in _MARKER.findall(text) if marker != "end"]
    known = sections(text)
    return [
        *(f"no part <!-- {name} -->" for name in sorted(wanted - set(blocks))),
        *(f"<!-- {name} --> names nothing" for name in markers if name not in wanted),
        *(f"<!-- {name} --> has no <!-- end -->" for name in markers if name not in blocks),
        *(f"<!-- {name} --> is there twice" for name in sorted(wanted) if blocks.count(name) > 1),
        *(f"§{number} leads nowhere" for number in sorted(set(_REFERENCE.findall(text)) - known)),
    ]


def _part(name: str, old: str) -> str | None:
    what, _, which = name.partition(": ")
    if what == "table" and which in LAYOUTS:
        return record_table(LAYOUTS[which])
    if what == "enum" and which in ENUMS:
        return enum_table(ENUMS[which], old)
    if name == "commands":
        return commands_table()
    return states_table() if name == "states" else None


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|" for cells in lines)


# Records.


def record_table(layout: Layout[Any]) -> str:
    """Offset, name, type and meaning of each field, then what follows the fixed bytes."""
    comments = comments_of(layout.record)
    rows = [
        [str(f.offset), f.name, _type_name(layout, f), comments.get(f.attribute, "")] for f in layout.fields
    ]
    rows.append([str(layout.size), "(end)", "", ""])
    fixed = {field.attribute for field in layout.fields}
    for attribute, hint in get_type_hints(layout.record).items():
        if attribute not in fixed:
            rows.append(["…", attribute, _tail_name(hint), comments.get(attribute, "")])
    return _table(("off", "field", "type", "meaning"), rows)


def _type_name(layout: Layout[Any], field: Field) -> str:
    kind = field.kind
    if kind.nested is not None:
        return f"{_name_of(kind.nested)} {kind.size}"
    hint = get_type_hints(layout.record)[field.attribute]
    return f"{kind.size // 8} × f64" if hint == tuple[float, ...] else kind.name


def _tail_name(hint: Any) -> str:
    if get_origin(hint) is list:
        (item,) = get_args(hint)
        (name,) = (name for name, layout in LAYOUTS.items() if layout.record is item)
        return f"n × {name}"
    return "bytes" if bytes in (hint, *get_args(hint)) else "number"


def _name_of(layout: Layout[Any]) -> str:
    return next(name for name, known in LAYOUTS.items() if known is layout)


# Enumerations.


def enum_table(enum: type[Enum], old: str = "") -> str:
    """Value and name; the third column, where the old table has one, is kept by name."""
    meanings = _meanings(old)
    rows = [[str(member.value), member.name, meanings.get(member.name, "")] for member in enum]
    if any(meaning for _, _, meaning in rows):
        return _table(("value", "name", "meaning"), rows)
    return _table(("value", "name"), (row[:2] for row in rows))


def _meanings(old: str) -> dict[str, str]:
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in old.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3}


# Commands and states.


def commands_table() -> str:
    """One row for each command."""
    head = ("cmd", "name", "sent by", "request", "answer", "push", "asked while")
    return _table(head, map(_command_row, COMMANDS.values()))


def _command_row(command: Command) -> list[str]:
    asked = ", ".join(state.name for state in State if state in command.states)
    if command.becomes:
        asked += f"; then {command.becomes.name}"
    senders = ["terminal"] * bool(command.request) + ["gateway"] * bool(command.push)
    bodies = [_body(body) for body in (command.request, command.answer, command.push)]
    return [str(command.number), command.name, " and ".join(senders), *bodies, asked]


def _body(body: Body[Any] | None) -> str:
    match body:
        case None:
            return ""
        case Empty():
            return "–"
        case SymbolIds():
            return "u32 n, n × u32 symbol_id"
        case One(layout=layout):
            return _sized(layout)
        case Counted(layout=layout):
            return f"u32 n, n × {_sized(layout)}"
        case Stream(layout=layout) | Batches(layout=layout):
            return f"{_sized(layout)} × k, no count"
        case TwoLists(parts=((_, first), (_, second))):
            return f"u32 n, n × {_sized(first)}, u32 m, m × {_sized(second)}"
    return COMPOSED[type(body)].format_map({name: _sized(layout) for name, layout in LAYOUTS.items()})


def _sized(layout: Layout[Any]) -> str:
    return f"{_name_of(layout)} {layout.size}"


def states_table() -> str:
    """MOVES: a row for commands that are judged alike, a column for each state."""
    numbers = sorted({number for _, _, number in MOVES})
    alike: dict[tuple[str, ...], list[int]] = {}
    for number in numbers:
        alike.setdefault(tuple(_cell(state, number) for state in State), []).append(number)
    rows = [[_ranges(same), *cells] for cells, same in alike.items()]
    return _table(("command", *(state.name for state in State)), rows)


def _cell(state: State, number: int) -> str:
    said = []
    for role, letter in ((Role.TERMINAL, "T"), (Role.GATEWAY, "G")):
        if (state, role, number) in MOVES:
            becomes = COMMANDS[number].becomes if role is Role.TERMINAL else None
            said.append(f"{letter} → {becomes.name}" if becomes else letter)
    return " ".join(said)


def _ranges(numbers: Iterable[int]) -> str:
    """3, 4, 5, 6, 9 as 3-6, 9."""
    runs = (list(run) for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]))
    ends = ((run[0][1], run[-1][1]) for run in runs)
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)
