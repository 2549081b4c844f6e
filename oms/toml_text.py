"""A TOML text, read, and the place of everything in it, for errors that name file, line and key."""

import re
import tomllib
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any, Final

from oms.toml_lines import Key, lines_of

MOST_BYTES: Final = 4 * 1024 * 1024  # of a file
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# Names that the parser's messages repeat.  A name may be a value that lost its place: a password, perhaps.
_REPEATED: Final = re.compile(r"""\(['"].*['"],?\)|(?<=key )['"].*['"]""", re.DOTALL)


class TomlError(ValueError):
    """A text that is no TOML, or cannot be read; `line` is 0 where there is none."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class Document:
    """What a TOML text says, numbers with a fraction as Decimal, and the lines of its keys."""

    def __init__(self, text: str) -> None:
        """Parse; raises TomlError."""
        try:
            self.data: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as why:
            raise TomlError(_line(text, str(why)), f"not TOML: {_REPEATED.sub('...', str(why))}") from None
        except (ValueError, DecimalException):
            raise TomlError(0, "not TOML: a number in it is too large") from None
        except RecursionError:
            raise TomlError(0, "not TOML: brackets are nested too deeply") from None
        self._lines = lines_of(text)

    def line(self, key: Key) -> int:
        """The line of a key, or of the nearest table around it; 0 where there is none."""
        while key and key not in self._lines:
            key = key[:-1]
        return self._lines.get(key, 0)


def text_of(path: Path) -> str:
    """The text of a file; raises TomlError where it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as why:
        raise TomlError(0, f"cannot be read: {why.strerror or type(why).__name__}") from None
    if len(raw) > MOST_BYTES:
        raise TomlError(0, f"cannot be read: is larger than {MOST_BYTES} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise TomlError(0, "cannot be read: is not UTF-8") from None


def dotted(key: Key) -> str:
    """A key as it would be written: accounts[0].login; names that need it in quotes."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in key)
    return text.removeprefix(".")


def _quoted(name: str) -> str:
    """As it is where TOML has it so; without a control character in any case."""
    if _BARE.fullmatch(name):
        return name
    return '"' + name.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


def _line(text: str, message: str) -> int:
    found = re.search(r"\(at line (\d+)", message)
    return int(found[1]) if found else text.rstrip().count("\n") + 1
