"""`oms trade submit | check | modify | cancel | close | close-by | close-all | cancel-all`."""

from inspect import Parameter
from typing import Annotated, Any, Final

import typer

from oms.cli.made import Option, command, flag, text
from oms.cli.trade.verbs import FIELDS, REMOVABLE, VERBS, Verb

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Trade: commands to a running daemon, over NATS."
)

ENDS: Final = (
    "Exit code 0: it worked, 1: it did not, 2: the words make no sense, 3: no such account, "
    "4: NATS or the daemon is not there, 5: the outcome is not known, or not yet."
)
ACCOUNT: Final = Option(
    "account", Annotated[str, typer.Option("--account", metavar="NAME", help="Whose.")], Parameter.empty
)
ENVELOPE: Final = (
    text("id", "ID", "Of the command; else one is made."),
    text("client", "NAME", "Who asks."),
    text("deadline", "TIME", "RFC 3339: denied when it is not sent by then."),
    text("wait", "S", "Seconds to wait for the outcome, at most 60; else 5."),
    flag("receipt", "Do not wait for the outcome: that the daemon has it is enough."),
    flag("verbose", "Deals, and when it was what."),
)
YES: Final = flag("yes", "Do not ask.")


def add(name: str, verb: Verb) -> None:
    """The command of a verb."""

    def run(account: str, given: dict[str, Any]) -> int:
        from oms.cli.ending import ended
        from oms.cli.trade.trading import Trade, trade

        config, said = given.pop("config"), given.pop("said")
        fields = {field: given.pop(field) for field in verb.fields}
        wanted = Trade(name, account, fields, **given)
        return ended(f"trade {name.replace('_', '-')}", lambda: trade(config, said, wanted))

    options = [_option(name, field) for field in verb.fields]
    options += [YES, *ENVELOPE] if verb.sweeps else ENVELOPE
    app.command(name.replace("_", "-"))(command(f"{verb.help}\n\n{ENDS}", ACCOUNT, options, run))


def _option(verb: str, field: str) -> Option:
    metavar, told = FIELDS[field]
    if verb == "modify" and field in REMOVABLE:
        told = f"{told.rstrip('.')}; none takes it away."
    return text(field, metavar, told) if metavar else flag(field, told)


for _name, _verb in VERBS.items():
    add(_name, _verb)
