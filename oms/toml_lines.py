"""On which line of a TOML text each table and key stands.

The parser of the standard library does not tell.  The text is TOML already, so this needs to know only where
names begin and where values end.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Final

Key = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BRACKETS: Final = re.compile(r"\[*")
_NAME: Final = re.compile(r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*(\.?)""")
# What may hold a bracket or the end of a line without meaning it, brackets, and the end of a line.
_TOKEN: Final = re.compile(
    r'"""(?:\\.|(?!""")[^\\])*"{3,5}'
    r"|'''(?:(?!''').)*'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_DEEPER: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def lines_of(text: str) -> dict[Key, int]:
    """Every table and key with the line on which it is first named.

    Elements of an array of tables have their index in the key; what stands inside a value is not there.
    """
    found: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    for brackets, names, line in _statements(text):
        if brackets:
            table = _placed(names, counts, new=brackets == 2)
            found.setdefault(names, line)
            found.setdefault(table, line)
        else:
            for length in range(1, len(names) + 1):
                found.setdefault(table + names[:length], line)
    return found


def _statements(text: str) -> Iterator[tuple[int, Key, int]]:
    """Headers and assignments: the number of brackets in front, the names, the line."""
    at, line, counted = _matched(_BLANK, text, 0).end(), 1, 0
    while at < len(text):
        line, counted = line + text.count("\n", counted, at), at
        begin = _matched(_BRACKETS, text, at).end()
        names, end = _names(text, begin)
        yield begin - at, names, line
        at = _line_end(text, end) if begin > at else _value_end(text, end)
        at = _matched(_BLANK, text, at).end()


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:
        raise ValueError("not TOML")
    return found


def _names(text: str, at: int) -> tuple[Key, int]:
    """A dotted key, and where it ends."""
    names: list[str] = []
    while True:
        found = _matched(_NAME, text, at)
        names.append(_unquoted(found[1]))
        at = found.end()
        if not found[2]:
            return tuple(names), at


def _unquoted(name: str) -> str:
    if name[0] not in "\"'":
        return name
    text: str = tomllib.loads(f"name = {name}")["name"]
    return text


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _value_end(text: str, at: int) -> int:
    """The end of the first line that leaves no bracket open."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] == "\n" and not depth:
            return token.end()
        depth += _DEEPER.get(token[0], 0)
    return len(text)


def _placed(names: Key, counts: dict[Key, int], *, new: bool) -> Key:
    """A header's table, with the index of every array of tables on the way."""
    key: Key = ()
    for depth, name in enumerate(names, 1):
        key = (*key, name)
        if new and depth == len(names):
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = (*key, counts[key])
    return key
