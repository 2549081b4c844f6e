"""`oms log`: the commands that show events, and those of other modules."""

from typing import TYPE_CHECKING, Annotated

import typer

from oms.cli.ending import OK
from oms.cli.log.keep_app import backup, prune, restore, seal
from oms.cli.log.look_app import diff, export, stats
from oms.cli.log.ran import end, moments
from oms.cli.nats_options import NOTHING, Said, reaching_nats
from oms.cli.options import (
    Account,
    Before,
    Config,
    Data,
    Json,
    Limit,
    OneJson,
    Since,
    StoredJson,
    Symbol,
    Types,
    Until,
)

if TYPE_CHECKING:
    from oms.eventlog.reader import Wanted

app = typer.Typer(no_args_is_help=True, help="What was logged, whether the daemon runs or not.")


@app.command()
def info(data: Data = None, config: Config = None, account: Account = None, json: Json = False) -> None:
    """Which journals and market files are there, how long, how they end.  Exit code 1: a file is damaged."""
    from oms.cli.log.info import info as shown

    end(data, config, lambda place: shown(place, account, json=json))


@app.command()
def show(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    after: Annotated[int, typer.Option("--after", min=0, metavar="SEQ", help="Those behind it.")] = 0,
    until: Until = None,
    types: Types = None,
    symbol: Symbol = None,
    since: Since = None,
    before: Before = None,
    limit: Limit = None,
    json: StoredJson = False,
) -> None:
    """Events, oldest first."""
    from oms.cli.log.show import Range
    from oms.cli.log.show import show as shown

    wanted = _wanted(types, symbol, since, before)
    end(
        data, config, lambda place: shown(place, account, Range(after, until), wanted, limit=limit, json=json)
    )


@app.command()
def tail(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="Of those before now.")
    ] = 10,
    types: Types = None,
    symbol: Symbol = None,
    json: StoredJson = False,
) -> None:
    """The last events, then those that come, until Ctrl-C."""
    from oms.cli.lasting import until_ended
    from oms.cli.log.tail import tail as shown

    wanted = _wanted(types, symbol, None, None)
    end(
        data,
        config,
        lambda place: until_ended(lambda: shown(place, account, wanted, lines, json=json)),
        interrupted=OK,
    )


@app.command()
def market(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="ticks, statistics, books; --raw: symbols.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="NAME", help="Of this symbol; not with --raw.")
    ] = None,
    since: Since = None,
    before: Before = None,
    limit: Limit = None,
    raw: Annotated[bool, typer.Option("--raw", help="Pushes as they were received, not merged.")] = False,
    json: Json = False,
) -> None:
    """Market data, merged: a line per tick, book or change of statistics."""
    from oms.cli.log.market import Wanted, events, pushes

    if raw and symbol is not None:
        raise typer.BadParameter("--symbol: rows as they were received know no names; leave --raw out")
    wanted = Wanted(account, kind, symbol, *moments(since, before))
    shown = pushes if raw else events
    end(data, config, lambda place: shown(place, wanted, limit=limit, json=json))


@app.command()
@reaching_nats
def verify(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    heads: Annotated[
        str | None,
        typer.Option(
            "--heads", metavar="FILE|nats", help="Signed heads: they show that no tail was cut off."
        ),
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key", metavar="KEY", help="Whose heads are believed; else as the settings say."
        ),
    ] = None,
    chain: Annotated[
        bool, typer.Option("--chain", help="Hashes and heads alone, not what the events come to.")
    ] = False,
    said: Said = NOTHING,
    js_prefix: Annotated[
        str, typer.Option("--js-prefix", metavar="WORDS", help="Of JetStream's API, where it is lent to us.")
    ] = "",
    json: OneJson = False,
) -> None:
    """Whether the files are what was logged.  Exit code 0: they are, 1: not, 2: it could not be checked."""
    from oms.cli.log.verifying import Asked, verifying

    asked = Asked(account, heads, public_key or [], said, js_prefix, deep=not chain, json=json)
    end(data, config, lambda place: verifying(place, config, asked))


def _wanted(types: list[str] | None, symbol: str | None, since: str | None, before: str | None) -> "Wanted":
    from oms.eventlog.reader import Wanted

    return Wanted(tuple(types) if types else None, symbol, *moments(since, before))


for command in (diff, export, stats, backup, restore, seal, prune):
    app.command()(command)
