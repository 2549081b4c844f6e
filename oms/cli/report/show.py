"""`oms report`: made, and written where it is wanted."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import trio
import typer

from oms.cli.ending import FAILED, OK, WRONG, Failure
from oms.cli.log.places import DAEMON, Place, reading
from oms.cli.printing import put_line
from oms.past import NotRecorded
from oms.report import gathered, page, sheet, unfinished
from oms.rewind import Moment, NotAnswered, PastAccount, account_at

LATEST: Final = "2037-12-31"  # that the protocol can write


class Asked(NamedTuple):
    """Of what, and how."""

    account: str | None
    days: tuple[str | None, str | None]  # None: the last day that the log knows
    form: str  # html, csv
    out: Path | None
    until: int | None


def show(place: Place, asked: Asked) -> int:
    """Write it; FAILED where its figures contradict each other.  Failure."""
    accounts = [name for name in place.chosen(asked.account) if name != DAEMON]
    if len(accounts) != 1:
        raise Failure(
            WRONG, f"a statement is of one account: say --account {' or '.join(accounts) or 'NAME'}"
        )
    with reading():
        account = _account(place, accounts[0], asked.until)
        first, last = _days(account, asked.days)
        try:
            report = trio.run(gathered, account.view, first, last)
        except NotAnswered as why:
            raise Failure(FAILED, str(why)) from None
    told = page(report) if asked.form == "html" else sheet(report)
    if asked.out is None:
        put_line(told.rstrip("\n"))
    else:
        asked.out.write_text(told, "utf-8")
    if not report.whole:
        typer.echo(f"oms report: {unfinished(report)}", err=True)
    if not report.agrees:
        typer.echo("oms report: the bookings do not come to the closing balance", err=True)
    return OK if report.agrees else FAILED


def _account(place: Place, name: str, until: int | None) -> PastAccount:
    try:
        return account_at(place.data, name, Moment(seq=until), quotes=False)
    except NotRecorded as why:
        raise Failure(WRONG, f"--until: {name}: {why}") from None


def _days(account: PastAccount, days: tuple[str | None, str | None]) -> tuple[str, str]:
    """Both ends; of the last event's day, by the server's clock, where they are not said."""
    known = datetime.fromtimestamp(account.at_ns // 10**9, UTC) + timedelta(seconds=account.view.offset)
    first, last = (_day(one) if one is not None else f"{known:%Y-%m-%d}" for one in days)
    if last < first:
        raise Failure(WRONG, f"{last} is before {first}")
    return first, last


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text and "1970-01-01" <= text <= LATEST:
            return text
    except ValueError:
        pass
    raise Failure(WRONG, f"{text!r} is no day such as 2026-11-21")
