"""`oms replay [orders|positions|account|pnl|quotes|all | decisions | nats]`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from oms.cli.nats_options import NOTHING, Said, reaching_nats
from oms.cli.options import Account, Config, Data, Json

What = Literal["orders", "positions", "account", "pnl", "quotes", "all", "decisions", "nats"]


@reaching_nats
def replay(
    what: Annotated[
        What, typer.Argument(help="What of then; decisions made again; or all of it to NATS.")
    ] = "all",
    data: Data = None,
    config: Config = None,
    account: Account = None,
    until: Annotated[
        int | None, typer.Option("--until", min=0, metavar="SEQ", help="Up to this event; with --account.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Up to a time, or 10m, 2h30m ago.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help="decisions: what other limits would do.")
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", metavar="SPEED", help="nats: real, x10, or full.")
    ] = "full",
    name: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="nats: subjects begin with oms.v1.replay.ID.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="nats: only what came then or later.")
    ] = None,
    quotes: Annotated[bool, typer.Option(help="nats: market data, too.")] = True,
    said: Said = NOTHING,
    json: Json = False,
) -> None:
    """The past, out of the log: state as it was, decisions made again, or its messages for subscribers.

    Reads a data folder, with or without a daemon.  Exit code 1: a file cannot be read, or a decision came out
    otherwise, 2: what is asked makes no sense, 3: no such account, 4: NATS is not there.
    """
    from oms.cli.ending import WRONG, Failure, ended
    from oms.cli.log.places import place_of
    from oms.cli.replay.moments import Until

    then = Until(account, until, as_of)

    def run() -> int:
        for option, given, whose in (
            ("--with", limits, "decisions"), ("--id", name, "nats"), ("--since", since, "nats"),
        ):  # fmt: skip
            if given is not None and what != whose:
                raise Failure(WRONG, f"{option} is of {whose} alone")
        place = place_of(data, config)
        if what == "nats":
            from oms.cli.replay.publishing import Published, publish

            return publish(place, then, Published(config, said, name, speed, since, quotes, json))
        if what == "decisions":
            from oms.cli.replay.deciding import decisions

            return decisions(place, then, limits, json=json)
        from oms.cli.replay.state import state

        return state(place, then, what, json=json)

    raise typer.Exit(ended("replay", run))
