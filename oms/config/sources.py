"""Where secrets come from: the file itself, a variable, a file of its own, the system's keyring.

Errors name the source and never repeat what it gave.
"""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from .kinds import Hidden, Unfit, printable
from .secret import Secret

MOST_BYTES: Final = 65_536  # of a file with a secret
SHAPES: Final = 'must be text, { env = "NAME" }, { file = "PATH" } or { keyring = "SERVICE/USER" }'
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)


class Found(NamedTuple):
    """A secret, and what is unwise about its source."""

    secret: Secret
    exposed: str = ""


def variable_of(given: Any) -> str:
    """The variable that a secret names as its source; "" for other sources."""
    match given:
        case {"env": str(name)} if _VARIABLE.fullmatch(name):
            return name
    return ""


def found(given: Any, kind: Hidden, here: str, folder: Path, environ: Mapping[str, str]) -> Found:
    """The secret that a setting gives or names; `here` is the place of the setting.  Raises Unfit."""
    if isinstance(given, str):
        _judge(given, kind, "")
        return Found(Secret(given, here))
    match given:
        case {"env": str(name), **rest} if not rest:
            answer = Found(_in_variable(name, environ))
        case {"file": str(name), **rest} if not rest:
            answer = _in_file(folder / _checked(name, "file"))
        case {"keyring": str(entry), **rest} if not rest:
            answer = Found(_in_keyring(_checked(entry, "keyring")))
        case _:  # keys are not named: there may be a secret where a key should be
            raise Unfit(SHAPES)
    _judge(answer.secret.reveal(), kind, f"{answer.secret.source} ")
    return answer


def _judge(said: str, kind: Hidden, whose: str) -> None:
    if not said:
        raise Unfit(f"{whose}is empty")
    try:
        said.encode()
    except UnicodeEncodeError:
        raise Unfit(f"{whose}is not UTF-8") from None
    if any(ord(character) < 32 for character in said):
        raise Unfit(f"{whose}has a control character, or more than one line")
    if not kind.fits(said):
        raise Unfit(f"{whose}is not {kind.says}")


def _checked(name: str, what: str) -> str:
    try:
        return printable(name, 4096)
    except Unfit:
        raise Unfit(f"{what} must be printable text") from None


def _in_variable(name: str, environ: Mapping[str, str]) -> Secret:
    if not _VARIABLE.fullmatch(name):
        raise Unfit("env must be the name of a variable")
    if name not in environ:
        raise Unfit(f"the variable {name} is not set")
    return Secret(environ[name], f"variable {name}")


def _in_file(path: Path) -> Found:
    """The file's text without the end of its last line."""
    raw = read(path, MOST_BYTES)
    try:
        said = raw.decode()
    except UnicodeDecodeError:
        raise Unfit(f"file {path} is not UTF-8") from None
    secret = Secret(said.removesuffix("\n").removesuffix("\r"), f"file {path}")
    return Found(secret, exposure(path))


def read(path: Path, most: int) -> bytes:
    """What a file holds, up to so many bytes; raises Unfit where it is none, or larger."""
    try:
        if not path.is_file():  # a pipe might keep us waiting for ever
            raise Unfit(f"there is no file {path}")
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as why:
        raise Unfit(f"file {path} cannot be read: {why.strerror or type(why).__name__}") from None
    if len(raw) > most:
        raise Unfit(f"file {path} is larger than {most} bytes")
    return raw


def exposure(path: Path) -> str:
    """What is wrong with the mode of a file with a secret in it; empty when nothing is."""
    try:
        exposed = path.stat().st_mode & stat.S_IROTH
    except OSError:  # it was read a moment ago: whoever took it away took the exposure, too
        return ""
    return f"everybody on this machine may read {path} (chmod o-r)" if exposed else ""


def _in_keyring(entry: str) -> Secret:
    service, _, user = entry.rpartition("/")
    if not service or not user:
        raise Unfit('keyring must be "SERVICE/USER"')
    # Imported here: it takes longer than all the rest, and most configurations do without.
    import keyring
    import keyring.errors

    source = f"keyring entry {entry}"
    try:
        said = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError:
        raise Unfit(f"{source}: this machine has no keyring (python -m keyring diagnose)") from None
    except Exception as why:  # noqa: BLE001 - backends raise whatever their system raises
        # Its text is not repeated: nobody knows what a backend says.
        raise Unfit(f"{source} cannot be read: {type(why).__name__}") from None
    if said is None:
        raise Unfit(f"{source} is not there")
    return Secret(said, source)
