"""The `oms` command: its sub-commands put together."""

import typer

from oms.cli.paper.app import app as paper
from oms.cli.wire.app import app as wire

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(paper, name="paper")
app.add_typer(wire, name="wire")


@app.callback()
def oms() -> None:
    """Order-management daemon for MetaTrader 5: event-sourced, headless, honest about what it knows."""


def main() -> None:
    """Run the command line."""
    app()
