"""`oms unknown list`, `oms unknown settle`."""

from typing import Any, Final

import typer

from oms.cli.made import command, text
from oms.cli.operate.app import ENDS

LIST: Final = """What is unknown, with what the last look for its traces said.

Exit code 0: that is all, 2: refused, 3: no such account, 4: NATS or the daemon is not there."""
SETTLE: Final = f"""Say what became of an unknown command, where only a person can tell.

{ENDS}"""
SETTLEMENT: Final = ("command", "client", "verdict", "order")
SETTLED: Final = (
    text("command", "ID", "Its id."),
    text("client", "NAME", "Whose it is; else `default`."),
    text("verdict", "WORD", "found, or not_found: it was not executed."),
    text("order", "TICKET", "found: the order that it made, where more than one may be it."),
    text("by", "NAME", "Who says so; else the login name."),
    text("comment", "TEXT", "Why."),
)


def _list(account: str | None, given: dict[str, Any]) -> int:
    from oms.cli.ending import ended
    from oms.cli.state.show import Question, show

    question = Question("commands", account, {"status": "unknown"}, given["json"], table="unknown")
    return ended("unknown list", lambda: show(given["config"], given["said"], question))


def _settle(account: str | None, given: dict[str, Any]) -> int:
    from oms.cli.ending import ended
    from oms.cli.operate.operating import Operation, operate

    config, said = given.pop("config"), given.pop("said")
    more = {name: given.pop(name) for name in SETTLEMENT}
    wanted = Operation("settle", account, **given, more=more)
    return ended("unknown settle", lambda: operate(config, said, wanted))


app = typer.Typer(no_args_is_help=True, help="Commands of which nobody knows what became of them.")
app.command("list")(command(LIST, text("account", "NAME", "Of one account; else of all."), (), _list))
app.command("settle")(command(SETTLE, text("account", "NAME", "Whose it is."), SETTLED, _settle))
