"""`oms paper [--config FILE] ...` starts the venue; `oms paper ctl` talks to one that runs."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.options import WhereJson
from oms.cli.paper.ctl import WORDS, call

app = typer.Typer(add_completion=False, help="A venue to rehearse with: a gateway, its market, its dealers.")


@app.callback(invoke_without_command=True)
def paper(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings; without it the usual ones.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Of the terminal's WebSocket; 0 = any.")
    ] = None,
    control_port: Annotated[
        int | None, typer.Option("--control-port", min=0, max=65535, help="Of the control port; 0 = any.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of prices, chance, keys.")] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="Where accounts and trades are kept.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Conversations, for oms wire decode --pcap-lines."),
    ] = None,
    json: WhereJson = False,
) -> None:
    """Start the venue and say where it is; Ctrl-C ends it."""
    if context.invoked_subcommand is not None:
        return
    # Imported here: no other command should wait for Trio and the whole venue.
    from oms.cli.paper.options import Options
    from oms.cli.paper.run import start

    raise typer.Exit(start(Options(config, port, control_port, seed, state, record), json=json))


@app.command(epilog=WORDS)
def ctl(
    word: Annotated[str, typer.Argument(help="What to do; see below.")],
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FIELD=VALUE]...", help="fault.do=lose sets a field inside."),
    ] = None,
    control: Annotated[
        str, typer.Option("--control", envvar="OMS_PAPER_CONTROL", metavar="HOST:PORT", help="Of the venue.")
    ] = "",
) -> None:
    """Ask a running venue for its truth, be its dealer, break things.

    Prints the answer as JSON.  Exit code 1: the venue refused; 2: the words make no sense; 3: no venue there.
    """
    raise typer.Exit(call(control, word, fields or []))
