"""`oms watch [--account NAME]`."""

from typing import Annotated

import typer

from oms.cli.nats_options import Ca, Cert, Config, Creds, Key, Nats, Nkey, Prefix, User


def watch(
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="One account; else all.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, metavar="N", help="End after so many refreshes.")
    ] = None,
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=3600, metavar="S", help="Seconds between them.")
    ] = 1.0,
    config: Config = None,
    nats: Nats = None,
    user: User = None,
    creds: Creds = None,
    nkey: Nkey = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    prefix: Prefix = None,
    json: Annotated[
        bool, typer.Option("--json", help="A JSON line per refresh; so too without a terminal.")
    ] = False,
) -> None:
    """Sessions, profit, positions, orders, quotes, refreshed every second until Ctrl-C.

    Exit code 3: no such account, 4: NATS or the daemon is not there at the start.
    """
    from oms.cli.asking import Said, where
    from oms.cli.ending import OK, ended
    from oms.cli.lasting import until_ended
    from oms.cli.watch.refreshing import Watching, watching

    said = Said(nats, user, creds, nkey, ca, cert, key, prefix)
    wanted = Watching(account, count, every, json)

    def run() -> None:
        place = where(config, said)
        until_ended(lambda: watching(place, wanted))

    raise typer.Exit(ended("watch", run, interrupted=OK))
