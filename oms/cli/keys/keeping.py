"""A signing key in a file that only its owner reads."""

import os
from pathlib import Path
from typing import Final

import typer

from oms.cli.ending import WRONG, Failure
from oms.cli.printing import print_json
from oms.heads.keys import BadKey, SigningKey

MOST_BYTES: Final = 4096  # of a file that is read
PRIVATE: Final = 0o600


def init(file: Path, *, json: bool) -> None:
    """Make one; Failure where the file is there already, for a key that is lost signs nothing any more."""
    key = SigningKey.generate()
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        raise Failure(WRONG, f"{file} is there already: a key is never written over") from None
    with os.fdopen(made, "w") as opened:
        opened.write(f"{key.text}\n")
        opened.flush()
        os.fsync(made)
    _tell(file, key, json=json)


def show(file: Path, *, json: bool) -> None:
    """Tell the public half; Failure where the file holds no key."""
    with file.open(encoding="ascii", errors="replace") as opened:
        text = opened.read(MOST_BYTES)
    try:
        key = SigningKey.of_text(text.removesuffix("\n"))
    except BadKey as why:
        raise Failure(WRONG, f"{file}: {why}") from None
    _tell(file, key, json=json)


def _tell(file: Path, key: SigningKey, *, json: bool) -> None:
    """The public half, in words for the settings."""
    if json:
        print_json({"file": str(file), "public_key": key.public})
        return
    typer.echo(f'[heads]\nkey = {{ file = "{file.absolute()}" }}\npublic_key = "{key.public}"')
