"""Options that several commands have, each declared once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder; or -c, which names it.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The daemon's settings."),
]
Account = Annotated[str | None, typer.Option("--account", metavar="NAME", help="One account; else all.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="deal.booked, 'order.*'; may be repeated.")
]
Symbol = Annotated[str | None, typer.Option("--symbol", metavar="NAME", help="Events about this symbol.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="2026-11-21T01:04:05Z, or 10m, 2h30m ago.")
]
Before = Annotated[str | None, typer.Option("--before", metavar="TIME", help="As --since; this is left out.")]
Until = Annotated[int | None, typer.Option("--until", min=0, metavar="SEQ", help="The last one.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=0, max=sys.maxsize, metavar="N", help="Not more than these.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Written there; else on stdout.")
]

Json = Annotated[bool, typer.Option("--json", help="JSON lines, for programs.")]
OneJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]
StoredJson = Annotated[bool, typer.Option("--json", help="The stored bytes, one event a line.")]
WhereJson = Annotated[bool, typer.Option("--json", help="Say where everything is as one JSON line.")]
