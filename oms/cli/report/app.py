"""`oms report day | period`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from oms.cli.options import Account, Config, Data, Out

app = typer.Typer(
    no_args_is_help=True, help="Statements out of a data folder, whether the daemon runs or not."
)
Form = Annotated[Literal["html", "csv"], typer.Option("--format", help="A page, or a table.")]
Until = Annotated[
    int | None, typer.Option("--until", min=0, metavar="SEQ", help="As the books stood behind this event.")
]


@app.command()
def day(
    date: Annotated[
        str | None, typer.Argument(metavar="[DAY]", help="YYYY-MM-DD; else the last that the log knows.")
    ] = None,
    data: Data = None,
    config: Config = None,
    account: Account = None,
    form: Form = "html",
    out: Out = None,
    until: Until = None,
) -> None:
    """One day of the server: what was booked, what the account was worth."""
    _run(data, config, account, (date, date), form, out, until)


@app.command()
def period(
    first: Annotated[str, typer.Argument(metavar="FROM", help="The first day, YYYY-MM-DD.")],
    last: Annotated[str | None, typer.Argument(metavar="[TO]", help="The last day; else as for day.")] = None,
    data: Data = None,
    config: Config = None,
    account: Account = None,
    form: Form = "html",
    out: Out = None,
    until: Until = None,
) -> None:
    """Several days, the last among them."""
    _run(data, config, account, (first, last), form, out, until)


def _run(
    data: Path | None,
    config: Path | None,
    account: str | None,
    days: tuple[str | None, str | None],
    form: str,
    out: Path | None,
    until: int | None,
) -> None:
    from oms.cli.ending import ended
    from oms.cli.log.places import place_of
    from oms.cli.report.show import Asked, show

    asked = Asked(account, days, form, out, until)
    raise typer.Exit(ended("report", lambda: show(place_of(data, config), asked)))
