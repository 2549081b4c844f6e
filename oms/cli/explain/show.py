"""`oms explain`: looks where the name is known, and shows what became of it."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import trio
from rich.text import Text

from oms.bus.copies import copies
from oms.bus.errors import BusError
from oms.bus.options import NatsOptions
from oms.bus.subjects import PREFIX
from oms.cli.asking import asking, where_else
from oms.cli.ending import FAILED, NOBODY, WRONG, Failure
from oms.cli.log.places import DAEMON, Place, reader, reading
from oms.cli.nats_options import NOTHING, Said
from oms.cli.printing import BAD, GOOD, Column, console, plain, print_json, put_line, put_table, table
from oms.cli.settings import prefix_of
from oms.explain import Ambiguous, NotThere, explained, held_against, page
from oms.explain.page import duration, headline, published

Told = Mapping[str, Any]
STAGES: Final = (Column("command"), Column("stage"), Column("took", number=True))
STEPS: Final = (
    Column("seq", number=True), Column("recorded (UTC)"), Column("after", number=True), Column("stage"),
    Column("cause"), Column("what", cut=True),
)  # fmt: skip
COLOURS: Final = {
    "deal": "green", "ledger": "green", "order": "cyan", "position": "cyan", "outcome": "magenta",
    "doubt": "red", "evidence": "red", "around": "dim",
}  # fmt: skip


class Asked(NamedTuple):
    """What is to be explained, and how it is shown."""

    name: str
    account: str | None
    client: str | None
    until: int | None
    html: Path | None
    json: bool
    config: Path | None = None  # the settings, where they are given
    said: Said = NOTHING  # of NATS
    stream: bool = False  # whether the copies there are to be compared


def show(place: Place, asked: Asked) -> None:
    """Show it, or write the page; Failure where there is nothing of that name."""
    told = _found(place, asked)
    if asked.stream:
        told = trio.run(_with_copies, place, where_else(asked.config, asked.said).options, told)
    if asked.html is not None:
        asked.html.write_text(page(told), "utf-8")
        if not asked.json:
            put_line(f"{asked.html}: {headline(told)}")
    if asked.json:
        print_json(told)
    elif asked.html is None:
        _print(told)


def _found(place: Place, asked: Asked) -> Told:
    """In the only account that knows it."""
    if asked.until is not None and asked.account is None:
        raise Failure(WRONG, "--until counts the events of one account: say --account NAME")
    accounts = [name for name in place.chosen(asked.account) if name != DAEMON or asked.account == DAEMON]
    found, missing = [], []
    for account in accounts:
        try:
            with reading():
                found.append(_explained(place, account, asked))
        except NotThere as why:
            missing.append(f"{account}: {why}")
        except Ambiguous as why:
            raise Failure(WRONG, f"{account}: {why}") from None
    if not found:
        raise Failure(WRONG, "\n".join(missing) or f"{place.journals}: there are no journals")
    if len(found) > 1:
        names = " or ".join(one["account"] for one in found)
        raise Failure(WRONG, f"{asked.name} is known to several accounts: say --account {names}")
    return found[0]


async def _with_copies(place: Place, nats: NatsOptions, told: Told) -> Told:
    """With what the stream holds of each event; Failure, in groups."""
    account, seqs = told["account"], sorted({one["seq"] for one in told["timeline"]})
    with closing(reader(place, account)) as journal, reading():
        bodies = {seq: row.body for seq in seqs if (row := journal.get(seq)) is not None}
    troubles: list[str] = []
    async with asking(nats, troubles.append) as bridge:
        try:
            found = await copies(await bridge.connection(), account, seqs)
        except BusError as why:
            raise Failure(NOBODY, "; ".join([f"the stream cannot be had: {why}", *troubles[:1]])) from None
    return held_against(told, bodies, found)


def _explained(place: Place, account: str, asked: Asked) -> Told:
    try:
        return explained(
            *(place.journals, account, asked.name),
            client=asked.client,
            until=asked.until,
            prefix=_prefix(asked),
        )
    except ValueError as why:  # stored data that no build of ours wrote
        raise Failure(FAILED, f"{account}: {why}") from None


def _prefix(asked: Asked) -> str:
    """What the subjects began with under which it was published."""
    if asked.said.prefix is not None:
        return asked.said.prefix
    return PREFIX if asked.config is None else prefix_of(asked.config)


def _print(told: Told) -> None:
    out = console()
    subject = told["subject"]
    out.print(Text(f"{subject['what']} {plain(subject['name'])} of {told['account']}", style="bold"))
    out.print(plain(headline(told)))
    if subject["also"]:
        out.print(f"(others of that name: {', '.join(subject['also'])})")
    out.print()
    put_table(out, table(STEPS, map(_step, told["timeline"])))
    if told["stages"]:
        out.print()
        rows = ([one["command"], one["stage"], duration(one["seconds"])] for one in told["stages"])
        put_table(out, table(STAGES, rows))
    for one in told["decisions"]:
        out.print()
        _print_decision(one)
    if "publication" in told:
        out.print()
        out.print(published(told))
    if not told["complete"]:
        out.print("the story is longer; its beginning is told")


def _step(one: Told) -> list[object]:
    cause = "" if one["cause"] is None else one["cause"]
    colour = COLOURS.get(one["stage"], "")
    return [
        one["seq"], one["recorded_at"][11:26], duration(one["since_first"]),
        Text(one["stage"], style=colour), cause, one["says"],
    ]  # fmt: skip


def _print_decision(one: Told) -> None:
    out = console()
    again = one["again"]
    at = ", at the prices asked for" if one["at_prices"] else ""
    out.print(
        Text(f"{one['verb']} {plain(one['command'])}: {one['verdict']}{at} (seq {one['seq']})", style="bold")
    )
    for why in one["reasons"]:
        out.print(f"  {why['code']}: {plain(why['message'])}")
    for name, value in one["inputs"].items():
        if value not in (None, [], {}, ""):
            out.print(f"  {name:<18} {_words(value)}")
    if again["same"]:
        out.print(Text("  decided again on the same: the same", style=GOOD))
    elif again["same"] is None:
        out.print(f"  not decided again: {plain(again['kept'])}")
    else:
        out.print(Text(f"  decided again on the same: otherwise: {plain(again['differences'])}", style=BAD))


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_words(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return f"[{', '.join(map(_words, value))}]"
    return plain(value)
