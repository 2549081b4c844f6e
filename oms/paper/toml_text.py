"""Strict TOML: a file becomes a struct, or an error that names file, line and field.

Strict means that unknown keys are refused, wire records inside included, and so are nan and inf.  Numbers
with a fraction are read as they are written: a Decimal field gets every digit.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from oms.toml_lines import Key as Key
from oms.toml_text import Document as Toml
from oms.toml_text import TomlError, dotted, text_of

T = TypeVar("T")


# Names of fields whose values are in no repr.
SECRETS: Final = frozenset({"password", "investor_password", "otp_secret"})
HIDDEN: Final = "***"

LARGEST: Final = Decimal(10**12)  # of money and lots


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a file; its repr hides what is secret."""

    def __post_init__(self) -> None:
        """Decimals, money and lots, are not negative; msgspec has no bounds for them."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not (value.is_finite() and 0 <= value <= LARGEST):
                raise ValueError(f"{name}: {value} is no number, below 0 or above {LARGEST}")

    def __repr__(self) -> str:
        """Name and fields, secrets hidden."""
        shown = (f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for rich."""
        values = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, HIDDEN if value and name in SECRETS else value) for name, value in values]


class SettingsError(ValueError):
    """A settings file that cannot be used: which, where, and why; line 0 where it has none."""

    def __init__(self, path: Path, line: int, field: str, message: str) -> None:
        self.path, self.line, self.field, self.message = path, line, field, message
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {field}: {message}" if field else f"{where}: {message}")


class Document(Toml):
    """A TOML file with the lines of its keys."""

    def __init__(self, path: Path, text: str) -> None:
        """Parse; raises TomlError for what is no TOML."""
        super().__init__(text)
        self.path = path

    def wrong(self, key: Key, message: str) -> SettingsError:
        """The error to raise about a key."""
        return SettingsError(self.path, self.line(key), dotted(key), message)

    def convert(self, into: type[T]) -> T:
        """The whole file as a struct; raises SettingsError for the first thing that does not fit."""
        for key, value in _leaves(self.data):
            if isinstance(value, Decimal) and not value.is_finite():
                raise self.wrong(key, "is not a finite number")
        try:
            made = msgspec.convert(self.data, into)
        except msgspec.ValidationError as why:
            raise self.wrong(*explained(str(why))) from None
        for key in _unread(self.data, msgspec.to_builtins(made)):
            raise self.wrong(key, "unknown key")
        return made


def read(path: Path) -> Document:
    """A file; raises SettingsError where it cannot be read or is no TOML."""
    try:
        return Document(path, text_of(path))
    except TomlError as why:
        raise SettingsError(path, why.line, "", str(why)) from None


# msgspec says "Expected `int`, got `str` - at `$.accounts[0].login`"; our own checks raise
# ValueError("login: must be ..."), to which it adds the place of the struct.
_PLACE: Final = re.compile(r"^(.*?)(?: - at `(?:key in )?\$?(.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_NAMED: Final = re.compile(r"^Object (?:contains unknown|missing required) field `(.*)`$", re.DOTALL)
_OURS: Final = re.compile(r"^([a-z_]+(?:\.[a-z_0-9]+)*): (.*)$", re.DOTALL)


def explained(text: str) -> tuple[Key, str]:
    """The key that a validation error, of msgspec or our own, speaks of, and what it says about it."""
    found = _PLACE.match(text)
    message, place = (found[1], found[2] or "") if found else (text, "")
    # What is behind "[...]", a key of a mapping, is not told.
    steps = _STEP.findall(place.partition("[...]")[0])
    key: Key = tuple(int(index) if index else name for name, index in steps)
    if named := _NAMED.match(message):
        return (*key, named[1]), "unknown key" if "unknown" in message else "must be given"
    if ours := _OURS.match(message):
        return key + tuple(int(step) if step.isdigit() else step for step in ours[1].split(".")), ours[2]
    return key, message


def _leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*key, index))
    else:
        yield key, value


def _unread(data: Any, made: Any, key: Key = ()) -> Iterator[Key]:
    """Keys of the file that the struct made from it does not show."""
    if isinstance(data, dict) and isinstance(made, dict):
        for name, inner in data.items():
            if name in made:
                yield from _unread(inner, made[name], (*key, name))
            else:
                yield (*key, name)
    elif isinstance(data, list) and isinstance(made, (list, tuple)):
        for index, (inner, one) in enumerate(zip(data, made, strict=False)):
            yield from _unread(inner, one, (*key, index))
