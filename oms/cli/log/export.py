"""`oms log export`: a table on stdout or in a file, which is there when it is whole."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

import typer

from oms.cli.ending import WRONG, Failure
from oms.cli.log.places import DAEMON, Place, reading
from oms.eventlog.durable import sync_folder
from oms.export import Chosen, Format, NoParquet, Table, deals_of, events_of, orders_of, ticks_of, write
from oms.past import NotRecorded


class Asked(NamedTuple):
    """Of what, and how."""

    account: str | None
    what: str  # events, deals, orders, ticks
    form: Format
    out: Path | None


def export(place: Place, asked: Asked, chosen: Chosen) -> None:
    """Write it; Failure."""
    _judge(asked, chosen)
    table = _table(place, asked, chosen)
    try:
        with reading():
            _write(table, asked)
    except NoParquet as why:
        raise Failure(WRONG, str(why)) from None
    except NotRecorded as why:
        raise Failure(WRONG, f"--until: {why}") from None


def _judge(asked: Asked, chosen: Chosen) -> None:
    if asked.what != "events" and (chosen.types or chosen.after):
        raise Failure(WRONG, f"--type and --after are about events, not about {asked.what}")
    if asked.what == "ticks" and chosen.until is not None:
        raise Failure(WRONG, "--until counts events; ticks have times: say --before")
    if asked.form == "parquet" and asked.out is None:
        raise Failure(WRONG, "parquet goes into a file: say --out FILE")


def _table(place: Place, asked: Asked, chosen: Chosen) -> Table:
    if asked.what == "ticks":
        return ticks_of(place.market, asked.account, chosen)
    accounts = place.chosen(asked.account)
    if asked.what != "events" and asked.account is None:
        accounts = [name for name in accounts if name != DAEMON]
    if len(accounts) != 1 and (chosen.until is not None or chosen.after):
        told = " or ".join(accounts)
        raise Failure(WRONG, f"--after and --until count the events of one account: say --account {told}")
    if not accounts:
        raise Failure(WRONG, f"{place.journals}: there are no journals")
    make = {"events": events_of, "deals": deals_of, "orders": orders_of}[asked.what]
    return make(place.journals, accounts, chosen)


def _write(table: Table, asked: Asked) -> None:
    if asked.out is None:
        write(table, asked.form, sys.stdout.buffer)
        return
    out = asked.out.resolve()  # a link stays one
    count = (
        _into_file(table, asked.form, out)
        if out.is_file() or not out.exists()
        else _into(table, asked.form, out)
    )
    typer.echo(f"{asked.out}: {count} rows", err=True)


def _into(table: Table, form: Format, out: Path) -> int:
    """What is no file, such as a pipe or a device, stays what it is."""
    with out.open("wb") as file:
        return write(table, form, file)


def _into_file(table: Table, form: Format, out: Path) -> int:
    """On disk before it has its name; what a killed export left has another one."""
    partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        try:
            count = write(table, form, file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            partial.unlink()
            raise
    partial.replace(out)
    sync_folder(out.parent)
    return count
