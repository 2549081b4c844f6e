"""Asking for comparisons of books and venue, and what they found."""

from pathlib import Path
from typing import Final, NamedTuple

import trio
import typer

from oms.cli.asking import where
from oms.cli.confirming import confirm
from oms.cli.doing import MOST_WAIT_S, Answer, Desk, Request, at_desk, patience_s
from oms.cli.ending import WRONG, Failure, heard
from oms.cli.nats_options import Said
from oms.cli.operate.operating import DAEMON, SEVERITY, Operation, judged, login
from oms.cli.operate.show import show
from oms.cli.payload import payload_of
from oms.cli.printing import plain, put_bytes

VERB: Final = "reconcile"


class Wanted(NamedTuple):
    """Of which accounts, by whom, whether what differs is accepted, and how it is told."""

    accounts: tuple[str, ...]
    accept: str | None = None  # why
    by: str | None = None
    wait: str | None = None  # seconds
    yes: bool = False
    json: bool = False


class Told(NamedTuple):
    """Of one account: what came back, or why nothing did."""

    account: str
    found: Answer | Failure


def reconcile(config: Path | None, said: Said, wanted: Wanted) -> int:
    """Have them compared; the exit code.  Raises Failure, in groups."""
    if DAEMON in wanted.accounts:
        raise Failure(WRONG, f"{DAEMON} is no account")
    place, payload = where(config, said), _payload(wanted)
    if wanted.accept is not None:
        whom = ", ".join(map(plain, wanted.accounts))
        confirm(f"reconcile: the books of {whom} take over what the venue says?", yes=wanted.yes)
    told = at_desk(place, lambda desk: _asked(desk, wanted, payload))
    answers = [one.found for one in told if isinstance(one.found, Answer)]
    if wanted.json:
        heard(lambda: put_bytes(*(one.line for one in answers)))
    else:
        heard(lambda: show([one.said for one in answers if one.said is not None]))
    ends = [_ended(one) for one in told]
    for _, words in ends:
        if words:
            typer.echo(f"oms {VERB}: {words}", err=True)
    return max((code for code, _ in ends), key=SEVERITY.index)


async def _asked(desk: Desk, wanted: Wanted, payload: bytes) -> list[Told]:
    """All of them side by side, told in the order in which they were named."""
    found: dict[str, Told] = {}

    async def ask(account: str) -> None:
        try:
            found[account] = Told(account, await desk.ask(_request(account, wanted, payload)))
        except Failure as why:
            found[account] = Told(account, why)

    async with trio.open_nursery() as nursery:
        for account in wanted.accounts:
            nursery.start_soon(ask, account)
    return [found[account] for account in wanted.accounts]


def _ended(told: Told) -> tuple[int, str]:
    """The exit code of an account, and what the tables do not say."""
    if isinstance(told.found, Failure):
        return told.found.code, str(told.found)
    return judged(Operation(VERB, told.account), told.found)


def _request(account: str, wanted: Wanted, payload: bytes) -> Request:
    afterwards = f"What an account may do is shown by `oms state sessions --account {plain(account)}`"
    return Request("ctl", account, VERB, payload, patience_s(wanted.wait, MOST_WAIT_S), afterwards)


def _payload(wanted: Wanted) -> bytes:
    wait = wanted.wait or f"{MOST_WAIT_S:g}"
    return payload_of(VERB, {"by": wanted.by or login(), "accept": wanted.accept, "wait": wait})
