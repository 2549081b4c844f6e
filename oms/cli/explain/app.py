"""`oms explain COMMAND|ORDER|DEAL|POSITION`."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.nats_options import NOTHING, Said, reaching_nats
from oms.cli.options import Account, Config, Data


@reaching_nats
def explain(
    asked: Annotated[
        str, typer.Argument(metavar="NAME", help="A command's id or a ticket; order:1023 where both are.")
    ],
    data: Data = None,
    config: Config = None,
    account: Account = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="NAME", help="Whose command, where several have that id."),
    ] = None,
    until: Annotated[
        int | None, typer.Option("--until", min=0, metavar="SEQ", help="As it was then; with --account.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="As one HTML page, written there.")
    ] = None,
    said: Said = NOTHING,
    stream: Annotated[
        bool, typer.Option("--stream", help="Held against its copy in the stream, over NATS.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON, on one line.")] = False,
) -> None:
    """Why an order did what it did: from its message to fills and ledger lines.

    Read from the journals of a data folder, with or without a daemon.  Exit code 1: a journal cannot be read,
    2: no such thing, or several, 3: no such account, 4: --stream, and NATS is not there.
    """
    from oms.cli.ending import ended
    from oms.cli.explain.show import Asked, show
    from oms.cli.log.places import place_of

    question = Asked(asked, account, client, until, html, json, config, said, stream)
    raise typer.Exit(ended("explain", lambda: show(place_of(data, config), question)))
