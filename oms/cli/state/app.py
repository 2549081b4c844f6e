"""`oms state`: the words and options of the queries that people ask."""

from typing import Annotated, Any, Literal

import typer

from oms.cli.nats_options import NOTHING, Config, Said, reaching_nats
from oms.cli.options import Account

What = Literal[
    "orders",
    "positions",
    "account",
    "pnl",
    "statement",
    "quotes",
    "sessions",
    "symbols",
    "commands",
    "risk",
]


@reaching_nats
def state(
    what: Annotated[What, typer.Argument(help="What is asked.")],
    account: Account = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", metavar="NAME", help="Of this symbol; quotes, symbols: may be repeated."),
    ] = None,
    mask: Annotated[
        str | None, typer.Option("--mask", metavar="PATH", help="symbols: those that fit, 'Forex\\*'.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="orders: those that ended too.")] = False,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="commands: of this one.")
    ] = None,
    command: Annotated[
        str | None, typer.Option("--command", metavar="ID", help="commands: this one.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="commands: those that are not final.")] = False,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="statement: its first day, by the server.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="statement: its last day; absent: today.")
    ] = None,
    min_seq: Annotated[
        int | None, typer.Option("--min-seq", min=0, metavar="SEQ", help="Answered when that is recorded.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="X", help="As it was then: a seq, a time, 10m (ago).")
    ] = None,
    config: Config = None,
    said: Said = NOTHING,
    json: Annotated[bool, typer.Option("--json", help="The replies as JSON, one line per account.")] = False,
) -> None:
    """What a running daemon knows of its accounts, asked over NATS.

    Exit code 2: refused, 3: no such account, 4: NATS or the daemon is not there.
    """
    from oms.cli.ending import ended
    from oms.cli.state.show import Question, as_of_given, show

    request: dict[str, Any] = _symbols(what, symbol or [])
    request |= {"mask": mask} if mask is not None else {}
    request |= {"all": True} if every else {}
    request |= {"client": client} if client is not None else {}
    request |= {"command": command} if command is not None else {}
    request |= {"final": False} if open_ else {}
    request |= {"from": first} if first is not None else {}
    request |= {"to": last} if last is not None else {}
    request |= {"min_seq": min_seq} if min_seq is not None else {}
    request |= {"as_of": as_of_given(as_of)} if as_of is not None else {}
    question = Question(what, account, request, json)
    raise typer.Exit(ended("state", lambda: show(config, said, question)))


def _symbols(what: What, names: list[str]) -> dict[str, Any]:
    if what in ("quotes", "symbols"):
        return {"symbols": names} if names else {}
    if len(names) > 1:
        raise typer.BadParameter(f"--symbol: {what} are asked for one symbol, or for all")
    return {"symbol": names[0]} if names else {}
