"""One trade command: sent, answered, shown; its exit code says whether it worked."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import typer

from oms.cli.asking import LABEL, where
from oms.cli.confirming import confirm
from oms.cli.doing import Answer, Desk, Request, at_desk, patience_s
from oms.cli.ending import WRONG, Failure, heard
from oms.cli.nats_options import Said
from oms.cli.payload import payload_of
from oms.cli.printing import plain, put_bytes
from oms.cli.trade.show import show
from oms.cli.trade.verbs import VERBS
from oms.cli.trade.verdict import verdict

WAIT_S: Final = 5.0  # that the daemon lets a request wait where it says nothing

Given = Mapping[str, str | bool | None]


class Trade(NamedTuple):
    """What is wanted, of whom, and how it is told."""

    verb: str
    account: str
    fields: Given
    client: str | None = None
    id: str | None = None  # None: one is made, so that it can be asked about
    deadline: str | None = None
    wait: str | None = None
    receipt: bool = False
    yes: bool = False
    verbose: bool = False
    json: bool = False


def trade(config: Path | None, said: Said, wanted: Trade) -> int:
    """Have it done; the exit code.  Raises Failure, in groups."""
    place = where(config, said)
    request = _request(wanted)
    if sweeps := VERBS[wanted.verb].sweeps:
        of = f" of {plain(symbol)}" if (symbol := wanted.fields.get("symbol")) else ""
        confirm(f"{wanted.verb}: every {sweeps}{of} in the account {plain(wanted.account)}?", yes=wanted.yes)

    async def talk(desk: Desk) -> Answer:
        return await desk.ask(request)

    answer = at_desk(place, talk)
    found = verdict(answer, receipt=wanted.receipt, afterwards=request.afterwards)
    if wanted.json:
        heard(lambda: put_bytes(answer.line))
    elif answer.said is not None and answer.error is None:
        reply = answer.said
        heard(lambda: show(reply, verbose=wanted.verbose))
    if found.words:
        typer.echo(
            f"oms trade {wanted.verb.replace('_', '-')}: {plain(wanted.account)}: {found.words}", err=True
        )
    return found.code


def _request(wanted: Trade) -> Request:
    if wanted.client is not None and not LABEL.fullmatch(wanted.client):
        raise Failure(WRONG, "--client: 1 to 32 letters, digits, _ or -")
    name = wanted.id if wanted.id is not None else secrets.token_hex(8)
    envelope: Given = {
        "id": name,
        "deadline": wanted.deadline,
        "wait": wanted.wait,
        "reply": "receipt" if wanted.receipt else None,
    }
    what = wanted.verb if wanted.client is None else f"{wanted.verb}.{wanted.client}"
    payload = payload_of(wanted.verb, {**wanted.fields, **envelope})
    return Request(
        "cmd", wanted.account, what, payload, patience_s(wanted.wait, WAIT_S), _afterwards(wanted, name)
    )


def _afterwards(wanted: Trade, name: str) -> str:
    if wanted.verb == "check":
        return "A check sends nothing: ask again."
    whose = f"--account {plain(wanted.account)}"
    whose += f" --client {wanted.client}" if wanted.client is not None else ""
    shown = plain(name)
    return (
        f"Its id is {shown}: look with `oms state commands {whose} --command {shown}`. "
        f"Sent again with --id {shown} it is never done twice; with another id it may be"
    )
