"""`oms replay orders | positions | account | pnl | quotes | all`: what `oms state` would have shown then."""

from typing import Any, Final

import trio

from oms.cli.ending import FAILED, OK, WRONG, Failure
from oms.cli.log.places import Place, reading
from oms.cli.printing import console, print_json, put_table
from oms.cli.replay.moments import Until
from oms.cli.state.query import LISTS
from oms.cli.state.tables import tables
from oms.eventlog.envelope import rfc3339
from oms.past import NotRecorded
from oms.rewind import Moment, NotAnswered, PastAccount, account_at, reply

PARTS: Final = ("account", "positions", "orders", "pnl", "quotes")

Reply = dict[str, Any]


def state(place: Place, until: Until, what: str, *, json: bool) -> int:
    """Show it; Failure."""
    moment = Moment(until.seq, until.time_ns)
    accounts = [_account(place, name, moment) for name in until.accounts(place)]
    parts = PARTS if what == "all" else (what,)
    found = {part: [trio.run(_reply, one, part) for one in accounts] for part in parts}
    if json:
        for number, one in enumerate(accounts):
            print_json(_head(one) | {"state": {part: found[part][number] for part in parts}})
        return OK
    _print(accounts, found)
    return OK


def _account(place: Place, name: str, moment: Moment) -> PastAccount:
    try:
        with reading():
            return account_at(place.data, name, moment)
    except NotRecorded as why:
        raise Failure(WRONG, f"--until: {name}: {why}") from None


async def _reply(account: PastAccount, what: str) -> Reply:
    try:
        return await reply(account.view, what, rows=LISTS.get(what, ""))
    except NotAnswered as why:
        raise Failure(FAILED, str(why)) from None


def _head(account: PastAccount) -> Reply:
    return {
        "account": account.view.account,
        "seq": account.seq,
        "time": rfc3339(account.at_ns),
        "head": account.view.head,
        "state_hash": account.books.state_hash(),
        "snapshot": account.since or None,
    }


def _print(accounts: list[PastAccount], found: dict[str, list[Reply]]) -> None:
    out = console()
    for one in accounts:
        begun = f", from the snapshot of seq {one.since} on" if one.since else ""
        out.print(f"{one.view.account}: seq {one.seq}, {rfc3339(one.at_ns)}{begun}")
    for part, replies in found.items():
        out.print()
        if len(found) > 1:
            out.print(part, style="bold")
        for made in tables(part, replies):
            put_table(out, made)
