"""`oms demo`: a NATS server, a paper venue and the daemon, started together and ended together."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.options import WhereJson


def demo(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Keep all data there; without it they go at the end."),
    ] = None,
    nats_port: Annotated[
        int, typer.Option("--nats-port", min=0, max=65535, help="Of the NATS server; 0 = any free one.")
    ] = 0,
    http_port: Annotated[
        int, typer.Option("--http-port", min=0, max=65535, help="Of health and metrics; 0 = any free one.")
    ] = 0,
    venue_port: Annotated[
        int, typer.Option("--venue-port", min=0, max=65535, help="Of the venue; 0 = any free one.")
    ] = 0,
    control_port: Annotated[
        int,
        typer.Option("--control-port", min=0, max=65535, help="Of its control; 0 = any free one."),
    ] = 0,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the venue's prices and chance.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Let the daemon's log be seen, on stderr.")
    ] = False,
    json: WhereJson = False,
) -> None:
    """Start a NATS server, a paper venue and the daemon; say where they are; Ctrl-C or SIGTERM ends all."""
    from oms.cli.demo.early import Early

    early = Early()
    # Imported here: no other command should wait for the whole daemon.
    from oms.cli.demo.start import Demo, start
    from oms.cli.ending import ended

    wanted = Demo(data, nats_port, http_port, venue_port, control_port, seed, verbose=verbose, json=json)
    raise typer.Exit(ended("demo", lambda: start(wanted, early), interrupted=0))
