"""`oms reconcile`."""

from inspect import Parameter
from typing import Annotated, Any, Final

import typer

from oms.cli.made import Option, command, flag, text

TOLD: Final = """\
Compare books and venue now; with --accept the books take over what differs.

Exit code 0: they agree, or it was accepted, for all; 1: they differ, or it was refused, 2: the words make no
sense, 3: no such account, 4: NATS or the daemon is not there, 5: the outcome is not known."""
ACCOUNTS: Final = Option(
    "account", Annotated[list[str], typer.Argument(metavar="ACCOUNT...", help="Whose.")], Parameter.empty
)
OPTIONS: Final = (
    text("accept", "REASON", "Accept what differs, and why: where the permission is difference."),
    text("by", "NAME", "Who does it; else the login name."),
    text("wait", "S", "Seconds to wait for a comparison, at most 60; else 60."),
    flag("yes", "Do not ask."),
)


def _run(accounts: list[str], given: dict[str, Any]) -> int:
    from oms.cli.ending import ended
    from oms.cli.reconcile.reconciling import Wanted, reconcile

    config, said = given.pop("config"), given.pop("said")
    wanted = Wanted(tuple(dict.fromkeys(accounts)), **given)
    return ended("reconcile", lambda: reconcile(config, said, wanted))


reconcile = command(TOLD, ACCOUNTS, OPTIONS, _run)
