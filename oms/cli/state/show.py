"""`oms state`: asks, and shows what is answered."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import trio
import typer

from oms.bus.bridge import Bridge
from oms.cli.asking import LABEL, Where, asking, chosen, where
from oms.cli.ending import OK, WRONG, Failure
from oms.cli.log.moments import AGO, moment
from oms.cli.nats_options import Said
from oms.cli.printing import console, plain, print_json, put_table
from oms.cli.state.query import Refused, Reply, Unheard, ask
from oms.cli.state.tables import tables
from oms.eventlog.envelope import rfc3339


class Question(NamedTuple):
    """What is asked, of which account (None = of each), and how it is shown."""

    what: str
    account: str | None
    request: Mapping[str, Any]
    json: bool
    table: str = ""  # how it is shown, where that is not by what is asked


def show(config: Path | None, said: Said, question: Question) -> int:
    """Show the answers; the exit code, WRONG where one was refused.  Raises Failure, in groups."""
    replies, refusals = trio.run(_answers, where(config, said), question)
    if question.json:
        for reply in replies:
            print_json(reply)
    else:
        _print(question.table or question.what, replies)
    for why in refusals:
        typer.echo(f"oms state: {why}", err=True)
    return WRONG if refusals else OK


def as_of_given(text: str) -> int | str:
    """A seq, or a time: RFC 3339 as it is, a duration as so long ago.  What else is none, the daemon says."""
    if text.isascii() and text.isdigit():
        return int(text)
    return rfc3339(moment(text, time.time_ns())) if AGO.fullmatch(text) else text


async def _answers(place: Where, question: Question) -> tuple[list[Reply], list[Refused]]:
    async with asking(place.options) as bridge:
        if question.account is not None and LABEL.fullmatch(question.account):
            accounts = [question.account]
        else:
            accounts = await chosen(bridge, place.prefix, question.account)
            _check_seqs(question.request, accounts)
        found: dict[str, Reply] = {}
        refusals: dict[str, Refused] = {}

        async def look(account: str) -> None:
            try:
                found[account] = await _answer(bridge, place.prefix, account, question)
            except Refused as why:
                refusals[account] = why

        async with trio.open_nursery() as nursery:
            for account in accounts:
                nursery.start_soon(look, account)
    return [found[one] for one in accounts if one in found], [
        refusals[one] for one in accounts if one in refusals
    ]


async def _answer(bridge: Bridge, prefix: str, account: str, question: Question) -> Reply:
    answer = partial(ask, bridge, prefix, account, question.what, question.request)
    try:
        return await answer()
    except Unheard:
        await chosen(bridge, prefix, account)  # says which accounts there are, where this is none of them
        return await answer()  # it came this moment


def _check_seqs(request: Mapping[str, Any], accounts: list[str]) -> None:
    for name in ("min_seq", "as_of"):
        if isinstance(request.get(name), int) and len(accounts) > 1:
            option = f"--{name.replace('_', '-')}"
            told = f"{option} counts the events of one account: say --account {' or '.join(accounts)}"
            raise Failure(WRONG, told)


def _print(what: str, replies: list[Reply]) -> None:
    out = console()
    for number, one in enumerate(tables(what, replies) if replies else []):
        if number:
            out.print()
        put_table(out, one)
    for reply in replies:
        if reply.get("stale"):
            out.print(f"{reply['account']}: not connected with its venue, which may know more")
        if missing := reply.get("missing"):
            out.print(f"{reply['account']}: not quoted, or not subscribed: {plain(', '.join(missing))}")
