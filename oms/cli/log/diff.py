"""`oms log diff`: two states of an account, and what is otherwise in the second."""

from typing import Any

import trio
from rich.text import Text

from oms.cli.ending import FAILED, WRONG, Failure
from oms.cli.log.places import DAEMON, Place, reading
from oms.cli.printing import BAD, GOOD, POOR, Column, console, plain, print_json, put_table, table
from oms.eventlog.envelope import rfc3339
from oms.past import NotRecorded
from oms.rewind import Change, Moment, NotAnswered, PastAccount, account_at, difference

COLUMNS = (Column("what"), Column("name"), Column("change"), Column("fields", cut=True))
COLOURS = {"added": GOOD, "removed": BAD, "changed": POOR}


def diff(place: Place, account: str | None, seqs: tuple[int, int], *, json: bool) -> None:
    """Show it; Failure."""
    accounts = [name for name in place.chosen(account) if name != DAEMON or account == DAEMON]
    if not accounts:
        raise Failure(WRONG, f"{place.journals}: there are no journals")
    if len(accounts) != 1:
        raise Failure(WRONG, f"they count the events of one account: say --account {' or '.join(accounts)}")
    before, after = (_account(place, accounts[0], seq) for seq in seqs)
    try:
        found = trio.run(difference, before.view, after.view)
    except NotAnswered as why:
        raise Failure(FAILED, str(why)) from None
    told = {"account": accounts[0], "from": _head(before), "to": _head(after)}
    if json:
        print_json(told | {"changes": [one._asdict() for one in found]})
    else:
        _print(told, found)


def _account(place: Place, name: str, seq: int) -> PastAccount:
    try:
        with reading():
            return account_at(place.data, name, Moment(seq=seq), quotes=False)
    except NotRecorded as why:
        raise Failure(WRONG, f"{name}: {why}") from None


def _head(account: PastAccount) -> dict[str, Any]:
    """Where books stand; within an event in parts that is before it."""
    return {"seq": account.seq, "time": rfc3339(account.at_ns), "state_hash": account.books.state_hash()}


def _print(told: dict[str, Any], found: list[Change]) -> None:
    out = console()
    first, last = told["from"], told["to"]
    out.print(
        f"{told['account']}: from seq {first['seq']}, {first['time']} to seq {last['seq']}, {last['time']}"
    )
    out.print()
    if not found:
        out.print("nothing changed in orders, positions, account")
        return
    rows = ([one.what, one.name, Text(one.change, style=COLOURS[one.change]), _words(one)] for one in found)
    put_table(out, table(COLUMNS, rows))


def _words(one: Change) -> str:
    if one.change == "changed":
        return " ".join(f"{name}={_word(was)}->{_word(now)}" for name, (was, now) in one.fields.items())
    side = 1 if one.change == "added" else 0
    return " ".join(f"{name}={_word(values[side])}" for name, values in one.fields.items())


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return ",".join(map(_word, value)) if isinstance(value, list | tuple) else plain(value)
