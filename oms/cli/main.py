"""The `oms` command: its sub-commands put together."""

import os
import sys
from pathlib import Path

import typer

from oms.cli.config.app import app as config
from oms.cli.demo.app import demo
from oms.cli.doctor.app import doctor
from oms.cli.explain.app import explain
from oms.cli.keys.app import app as keys
from oms.cli.log.app import app as log
from oms.cli.operate.app import alive, halt, limits, panic, reduce, reset, resume
from oms.cli.paper.app import app as paper
from oms.cli.reconcile.app import reconcile
from oms.cli.replay.app import replay
from oms.cli.report.app import app as report
from oms.cli.run.app import run
from oms.cli.state.app import state
from oms.cli.trade.app import app as trade
from oms.cli.unknown.app import app as unknown
from oms.cli.watch.app import watch
from oms.cli.wire.app import app as wire

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(demo)
app.command()(run)
app.add_typer(trade, name="trade")
app.command("halt")(halt)
app.command("reduce")(reduce)
app.command("resume")(resume)
app.command("panic")(panic)
app.command("limits")(limits)
app.command("alive")(alive)
app.command("reset")(reset)
app.add_typer(unknown, name="unknown")
app.command("reconcile")(reconcile)
app.command()(watch)
app.command()(state)
app.add_typer(log, name="log")
app.command()(replay)
app.command()(explain)
app.add_typer(keys, name="keys")
app.add_typer(report, name="report")
app.command()(doctor)
app.add_typer(config, name="config")
app.add_typer(paper, name="paper")
app.add_typer(wire, name="wire")


@app.callback()
def oms() -> None:
    """Order-management daemon for MetaTrader 5: event-sourced, headless, honest about what it knows."""


def main() -> None:
    """Run the command line, also where whoever runs it closed its output (`>&-`): Python has none then."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the end
    app()


if __name__ == "__main__":
    main()
