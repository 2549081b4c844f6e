"""All findings: a table for people, one JSON object for programs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio
from rich.text import Text

from oms.cli.doctor.finding import Finding, ok, problem, warning
from oms.cli.doctor.folder import folder, journals
from oms.cli.doctor.machine import machine
from oms.cli.doctor.nats import nats
from oms.cli.doctor.network import port, venues
from oms.cli.ending import FAILED, OK, Failure
from oms.cli.printing import BAD, GOOD, POOR, Column, console, print_json, put_table, table
from oms.cli.settings import settings_of
from oms.config import Settings

COLUMNS: Final = (Column("looked at"), Column("state"), Column("found"), Column("what to do"))
COLOURS: Final = {"ok": GOOD, "warning": POOR, "problem": BAD}


def report(config: Path | None, *, json: bool) -> int:
    """Look at everything, show it; FAILED where there is a problem."""
    findings = list(machine())
    if config is None:
        findings.append(ok("settings", "none given", "-c FILE: looks at folder, NATS, venues, port too"))
    else:
        findings += _configured(config)
    print_json({"findings": [one._asdict() for one in findings]}) if json else _print(findings)
    return FAILED if any(one.state == "problem" for one in findings) else OK


def _configured(config: Path) -> list[Finding]:
    try:
        settings = settings_of(config)
    except Failure as why:
        _, *problems = str(why).splitlines()
        return [problem("settings", one, "docs/configuration.md has every key") for one in problems]
    found = [ok("settings", str(config))]
    found += [warning("settings", str(one), "see docs/configuration.md") for one in settings.warnings]
    found += folder(settings.data)
    found_there = journals(settings.data, list(settings.accounts))
    found += found_there.findings
    found += trio.run(_reached, settings)
    return [*found, port(settings.http, daemon_runs=found_there.written)]


async def _reached(settings: Settings) -> list[Finding]:
    return [await nats(settings.nats), *await venues(list(settings.accounts.items()))]


def _print(findings: Sequence[Finding]) -> None:
    rows = [(one.what, Text(one.state, COLOURS[one.state]), one.found, one.hint) for one in findings]
    out = console()
    put_table(out, table(COLUMNS, rows))
    counted = Counter(one.state for one in findings)
    out.print(f"\n{counted['problem']} problems, {counted['warning']} warnings")
