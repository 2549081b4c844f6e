"""`oms log export | stats | diff`: what is recorded, for other programs, in numbers, and what changed."""

from typing import Annotated, Literal

import typer

from oms.cli.log.ran import end, moments
from oms.cli.options import Account, Before, Config, Data, Json, Out, Since, Types, Until


def export(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    what: Annotated[
        Literal["events", "deals", "orders", "ticks"], typer.Option("--what", help="Which table.")
    ] = "events",
    form: Annotated[
        Literal["csv", "jsonl", "parquet"],
        typer.Option("--format", help="parquet needs pyarrow, which is not installed with oms."),
    ] = "csv",
    out: Out = None,
    after: Annotated[int, typer.Option("--after", min=0, metavar="SEQ", help="Events behind it.")] = 0,
    until: Until = None,
    types: Types = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="NAME", help="Of this symbol.")] = None,
    since: Since = None,
    before: Before = None,
) -> None:
    """A table for other programs: events as stored, deals, orders, or ticks."""
    from oms.cli.log.export import Asked
    from oms.cli.log.export import export as written
    from oms.export import Chosen

    chosen = Chosen(after, until, tuple(types) if types else None, symbol, *moments(since, before))
    end(data, config, lambda place: written(place, Asked(account, what, form, out), chosen))


def stats(
    data: Data = None,
    config: Config = None,
    account: Account = None,
    since: Since = None,
    before: Before = None,
    json: Json = False,
) -> None:
    """How many events of which type, their bytes, and how many there were over time."""
    from oms.cli.log.stats import stats as shown

    span = moments(since, before)
    end(data, config, lambda place: shown(place, account, span, json=json))


def diff(
    first: Annotated[int, typer.Argument(metavar="SEQ1", min=0, help="The state behind this event,")],
    second: Annotated[int, typer.Argument(metavar="SEQ2", min=0, help="and behind this one.")],
    data: Data = None,
    config: Config = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """What changed in orders, positions and account between two events of one account."""
    from oms.cli.log.diff import diff as shown

    end(data, config, lambda place: shown(place, account, (first, second), json=json))
