"""`oms watch [--account NAME]`."""

from typing import Annotated

import typer

from oms.cli.nats_options import NOTHING, Config, Said, reaching_nats
from oms.cli.options import Account


@reaching_nats
def watch(
    account: Account = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, metavar="N", help="End after so many refreshes.")
    ] = None,
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=3600, metavar="S", help="Seconds between them.")
    ] = 1.0,
    config: Config = None,
    said: Said = NOTHING,
    json: Annotated[
        bool, typer.Option("--json", help="A JSON line per refresh; so too without a terminal.")
    ] = False,
) -> None:
    """Sessions, profit, positions, orders, quotes, refreshed every second until Ctrl-C.

    Exit code 3: no such account, 4: NATS or the daemon is not there at the start.
    """
    from oms.cli.asking import where
    from oms.cli.ending import OK, ended
    from oms.cli.lasting import until_ended
    from oms.cli.watch.refreshing import Watching, watching

    wanted = Watching(account, count, every, json)

    def run() -> None:
        place = where(config, said)
        until_ended(lambda: watching(place, wanted))

    raise typer.Exit(ended("watch", run, interrupted=OK))
