"""`oms keys init | show`."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.options import OneJson

app = typer.Typer(no_args_is_help=True, help="The Ed25519 key that signs the heads of journals.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the secret key.")]


@app.command()
def init(file: File = Path("heads.key"), json: OneJson = False) -> None:
    """Make a key: its secret half in FILE, which must not be there, its public half on stdout."""
    from oms.cli.ending import ended
    from oms.cli.keys.keeping import init as made

    raise typer.Exit(ended("keys init", lambda: made(file, json=json)))


@app.command()
def show(file: File = Path("heads.key"), json: OneJson = False) -> None:
    """The public half of the key in FILE."""
    from oms.cli.ending import ended
    from oms.cli.keys.keeping import show as shown

    raise typer.Exit(ended("keys show", lambda: shown(file, json=json)))
