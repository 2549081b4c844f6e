"""A signing key in a file that only its owner reads."""

import os
from pathlib import Path
from typing import Final

import typer

from oms.cli.ending import WRONG, Failure
from oms.cli.printing import print_json
from oms.eventlog.durable import sync_folder
from oms.heads.keys import BadKey, SigningKey

MOST_BYTES: Final = 4096  # of a file that is read
PRIVATE: Final = 0o600


def init(file: Path, *, json: bool) -> None:
    """Make one, and tell its public half; raises as `made`."""
    _tell(file, made(file), json=json)


def show(file: Path, *, json: bool) -> None:
    """Tell the public half; raises as `read`."""
    _tell(file, read(file), json=json)


def made(file: Path) -> SigningKey:
    """A new one, on disk; Failure where the file is there already: who signed with it needs it on."""
    key = SigningKey.generate()
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        raise Failure(WRONG, f"{file} is there already: a key is never written over") from None
    try:
        with os.fdopen(number, "w") as opened:
            opened.write(f"{key.text}\n")
            opened.flush()
            os.fsync(number)
    except OSError:
        file.unlink()  # half a key is none, and would stand in the way of the next
        raise
    sync_folder(file.parent)
    return key


def read(file: Path) -> SigningKey:
    """The one in a file; Failure where it holds none, OSError where it cannot be read."""
    with file.open(encoding="ascii", errors="replace") as opened:
        text = opened.read(MOST_BYTES)
    try:
        return SigningKey.of_text(text.removesuffix("\n"))
    except BadKey as why:
        raise Failure(WRONG, f"{file}: {why}") from None


def _tell(file: Path, key: SigningKey, *, json: bool) -> None:
    """The public half, in words for the settings."""
    if json:
        print_json({"file": str(file), "public_key": key.public})
        return
    typer.echo(f'[heads]\nkey = {{ file = "{file.absolute()}" }}\npublic_key = "{key.public}"')
