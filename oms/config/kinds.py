"""What a key may hold: how it is read from TOML, from a variable, and what it is called in documents.

A kind stands beside the type in the declaration of a setting.  No message repeats the value: it may be a
secret that got under the wrong key.
"""

import re
from base64 import b32decode
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

from oms.domain.limits import Form, form_of
from oms.heads.keys import is_public, is_secret

from .secret import Secret

MOST_TEXT: Final = 255
MOST_PATTERNS: Final = 10_000
MOST_KEYS: Final = 100
PATTERN_UNITS: Final = 1024  # of a list of masks
SYMBOL_UNITS: Final = 32
PASSWORD_UNITS: Final = 32  # what a login has room for (docs/protocol.md 4.1)

_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)


class Unfit(Exception):
    """A value that is none of its kind; the message, if any, goes instead of "must be ..."."""


class Kind(NamedTuple):
    """How one key is read."""

    says: str  # what it must be
    read: Callable[[Any, Path], Any]  # of TOML's value; paths are relative to the folder.  Raises Unfit
    of_text: Callable[[str], Any] | None = None  # TOML's value by a variable's text; None = only in a file

    def in_toml(self, text: str) -> Any:
        """What a variable's text would be in a file; raises Unfit."""
        if self.of_text is None:
            raise Unfit("can be set in the file only")
        return self.of_text(text)


class Hidden(NamedTuple):
    """How a secret is judged once its source has given it."""

    says: str
    fits: Callable[[str], bool]


def kind_of(hint: Any) -> Kind | Hidden:
    """The kind of a field by its type hint."""
    found = [kind for kind in getattr(hint, "__metadata__", ()) if isinstance(kind, (Kind, Hidden))]
    if found:
        return found[0]
    if get_origin(hint) is Literal:
        return _choice(get_args(hint))
    if hint is bool:
        return FLAG
    with suppress(TypeError):
        return _of_form(form_of(hint))
    raise TypeError(f"{hint} says not how it is read")


def _of_form(form: Form) -> Kind:
    """A limit of risk, read as everywhere."""

    def read(value: Any, _: Path) -> Any:
        try:
            return form.read(value)
        except ValueError:
            raise Unfit from None

    return Kind(form.says, read)


# Kinds of one value.


def whole(least: int, most: int) -> Kind:
    """Whole numbers, both ends included."""

    def read(value: Any, _: Path) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Unfit
        return value

    return Kind(f"a whole number from {least} to {most}", read, lambda text: _or_text(_WHOLE, int, text))


def number(least: float, most: float) -> Kind:
    """Numbers, both ends included."""

    def read(value: Any, _: Path) -> float:
        # Of a nan no comparison is true; an int may be too large for a float, a Decimal is not.
        if type(value) not in (int, Decimal) or not least <= (found := float(Decimal(value))) <= most:
            raise Unfit
        return found

    return Kind(f"a number from {least:g} to {most:g}", read, lambda text: _or_text(_NUMBER, Decimal, text))


def _or_text(pattern: re.Pattern[str], make: Callable[[str], Any], text: str) -> Any:
    """The number that a text is; what is none stays text, which no number's kind reads."""
    return make(text) if pattern.fullmatch(text) else text


def _flag(value: Any, _: Path) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


FLAG: Final = Kind("true or false", _flag, lambda text: {"true": True, "false": False}.get(text, text))


def _choice(words: tuple[str, ...]) -> Kind:
    def read(value: Any, _: Path) -> str:
        if not isinstance(value, str) or value not in words:
            raise Unfit
        return value

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read, str)


def text(pattern: str = "", most: int = MOST_TEXT, says: str = "") -> Kind:
    """Printable text, not empty; with a pattern, text that is like it."""
    wanted = re.compile(pattern, re.ASCII)

    def read(value: Any, _: Path) -> str:
        checked = printable(value, most)
        if pattern and not wanted.fullmatch(checked):
            raise Unfit
        return checked

    return Kind(says or f"text of 1 to {most} characters", read, str)


def printable(value: Any, most: int) -> str:
    """A text that is one, within 1 to `most` UTF-16 units and without control characters; raises Unfit."""
    if not isinstance(value, str) or not value.isprintable() or not 1 <= units(value) <= most:
        raise Unfit
    return value


def units(text: str) -> int:
    """Its length on the wire, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _path(value: Any, folder: Path) -> Path:
    checked = printable(value, 4096)
    if checked.startswith("~"):
        raise Unfit("begins with ~, which nobody expands: it must be written in full")
    return folder / checked


PATH: Final = Kind("a path", _path, str)


def _client_id(value: Any, _: Path) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]{32}", value):
        raise Unfit
    return bytes.fromhex(value)


CLIENT_ID: Final = Kind("32 hexadecimal digits", _client_id, str)


# Kinds of several.


def _patterns(value: Any, _: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_PATTERNS:
        raise Unfit
    return tuple(printable(one, PATTERN_UNITS) for one in value)


PATTERNS: Final = Kind("a list of names and path masks", _patterns)


def _some_patterns(value: Any, folder: Path) -> tuple[str, ...]:
    if value == []:
        raise Unfit("names nothing; leave the key out for all")
    return _patterns(value, folder)


SOME_PATTERNS: Final = PATTERNS._replace(read=_some_patterns)


def _aliases(value: Any, _: Path) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_PATTERNS:
        raise Unfit
    read = {printable(ours, SYMBOL_UNITS): printable(theirs, SYMBOL_UNITS) for ours, theirs in value.items()}
    if len(set(read.values())) < len(read):
        raise Unfit("has two names for one symbol")
    return read


ALIASES: Final = Kind("a table of our name = the broker's name", _aliases)


def _public_keys(value: Any, _: Path) -> tuple[str, ...]:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        raise Unfit
    if not all(isinstance(one, str) and is_public(one) for one in keys):
        raise Unfit
    return tuple(keys)


PUBLIC_KEYS: Final = Kind("a public key that begins with ed25519:, or a list of such keys", _public_keys, str)


# Secrets.


def _base32(text: str) -> bool:
    letters = text.replace(" ", "").rstrip("=").upper()
    try:
        return bool(b32decode(letters + "=" * (-len(letters) % 8)))
    except ValueError:
        return False


SECRET: Final = Hidden("a secret of at most 4096 characters", lambda text: units(text) <= 4096)
PASSWORD: Final = Hidden(
    f"a secret of at most {PASSWORD_UNITS} characters", lambda text: units(text) <= PASSWORD_UNITS
)
OTP_SECRET: Final = Hidden("a secret in base 32", _base32)
NKEY: Final = Hidden("a secret that begins with S: an nkey's seed", lambda text: text.startswith("S"))
SIGNING_KEY: Final = Hidden("a key that begins with ed25519-secret:, as `oms keys init` makes it", is_secret)

OptionalSecret = Annotated[Secret | None, SECRET]
OptionalPath = Annotated[Path | None, PATH]
