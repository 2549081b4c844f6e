"""An operator's word on one account or on all, and what became of it."""

import getpass
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import trio
import typer

from oms.cli.asking import accounts, where
from oms.cli.confirming import confirm
from oms.cli.doing import MOST_WAIT_S, Answer, Desk, Request, at_desk, patience_s
from oms.cli.ending import FAILED, NO_ACCOUNT, NOBODY, OK, UNKNOWN, WRONG, Failure, heard
from oms.cli.nats_options import Said
from oms.cli.operate.show import show
from oms.cli.payload import payload_of
from oms.cli.printing import plain, put_bytes
from oms.cli.state.tables import records
from oms.commands.kinds import is_client

DAEMON: Final = "_daemon"  # all accounts of one
PANIC: Final = "panic"
ALIVE: Final = "alive"
RESERVED: Final = frozenset({"by", "comment", "wait", "client"})  # fields of every operation
ANSWER_S: Final = 15.0
SEVERITY: Final = (OK, FAILED, WRONG, NO_ACCOUNT, NOBODY, UNKNOWN)


class Operation(NamedTuple):
    """What is wanted, of whom, by whom, and how it is told."""

    verb: str
    account: str | None
    all: bool = False
    by: str | None = None
    comment: str | None = None
    wait: str | None = None  # seconds; of a panic
    yes: bool = False
    json: bool = False
    more: Mapping[str, str | None] = {}  # fields of the verb's own


class Result(msgspec.Struct, frozen=True):
    """What of a reply decides; `accounts` are of all."""

    status: str
    final: bool = True
    accounts: tuple["Result", ...] | None = None


class Told(NamedTuple):
    """What came back, whom nothing came back from, and what else there is to say."""

    answers: list[Answer]
    failures: list[Failure]
    notes: list[str]


def with_limits(wanted: Operation, said: Sequence[str]) -> Operation:
    """With what was said as NAME=VALUE among its fields; raises Failure for what is none."""
    found = dict(wanted.more)
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise Failure(WRONG, "--set: must be NAME=VALUE")
        if name in RESERVED or name in found:
            raise Failure(WRONG, f"--set: {plain(name)} is no limit, or is there twice")
        found[name] = value
    return wanted._replace(more=found)


def operate(config: Path | None, said: Said, wanted: Operation) -> int:
    """Have it done; the exit code.  Raises Failure, in groups."""
    if (wanted.account is not None) == wanted.all or wanted.account == DAEMON:
        raise Failure(WRONG, "either --account NAME or --all")
    place, payload = where(config, said), _payload(wanted)
    if wanted.all or wanted.verb == PANIC:
        confirm(_question(wanted), yes=wanted.yes)

    async def talk(desk: Desk) -> Told:
        if wanted.account is None:
            return await _everywhere(desk, wanted, payload)
        return Told([await desk.ask(_request(wanted, wanted.account, payload))], [], [])

    told = at_desk(place, talk)
    if wanted.json:
        heard(lambda: put_bytes(*(one.line for one in told.answers)))
    else:
        heard(lambda: show([one.said for one in told.answers if one.said is not None]))
    ends = [judged(wanted, one) for one in told.answers]
    for words in (*told.notes, *map(str, told.failures), *(words for _, words in ends if words)):
        typer.echo(f"oms {wanted.verb}: {words}", err=True)
    codes = [code for code, _ in ends] + [why.code for why in told.failures]
    return max(codes, key=SEVERITY.index)


async def _everywhere(desk: Desk, wanted: Operation, payload: bytes) -> Told:
    """All accounts of the daemon that hears it, then, each by itself, those that other daemons hold."""
    first = await desk.ask(_request(wanted, DAEMON, payload))
    told = Told([first], [], [])
    if first.said is None or first.error is not None:
        return told
    named = {row.get("account") for row in records(first.said.get("accounts"))}
    try:
        there = await accounts(desk.bridge, desk.prefix)
    except Failure as why:
        told.notes.append(f"which other daemons there are is not known: {why}")
        return told

    async def ask(account: str) -> None:
        try:
            told.answers.append(await desk.ask(_request(wanted, account, payload)))
        except Failure as why:
            told.failures.append(why)

    async with trio.open_nursery() as nursery:
        for account in there:
            if account not in named:
                nursery.start_soon(ask, account)
    return told


def judged(wanted: Operation, answer: Answer) -> tuple[int, str]:
    """The exit code of an answer, and what the table does not say."""
    whom = plain(wanted.account or (answer.said or {}).get("account") or "all")
    if answer.error is not None:
        if answer.not_taken:
            return FAILED, f"{whom}: {answer.error_words}"
        return UNKNOWN, f"{whom}: the outcome is not known: {answer.error_words}. {_afterwards(wanted)}"
    try:
        result = msgspec.convert(answer.said, Result)
    except msgspec.ValidationError:
        told = "the outcome is not known: what answered is no daemon of ours"
        return UNKNOWN, f"{whom}: {told}. {_afterwards(wanted)}"
    code = max((_code(one) for one in (result, *(result.accounts or ()))), key=SEVERITY.index)
    if code != UNKNOWN:
        return code, ""
    return code, f"{whom}: the outcome is not known, or not yet. {_afterwards(wanted)}"


def _code(result: Result) -> int:
    if not result.final or result.status == "unknown":
        return UNKNOWN
    return OK if result.status == "done" else FAILED


def _question(wanted: Operation) -> str:
    whom = "every account" if wanted.account is None else f"the account {plain(wanted.account)}"
    if wanted.verb == PANIC:
        return f"panic: cancel every order, close every position, then halt, in {whom}?"
    return f"{wanted.verb}: {whom}?"


def _request(wanted: Operation, account: str, payload: bytes) -> Request:
    within_s = patience_s(wanted.wait, MOST_WAIT_S) if wanted.verb == PANIC else ANSWER_S
    client = wanted.more.get("client") if wanted.verb == ALIVE else None
    verb = f"{ALIVE}.{client}" if client and is_client(client) else wanted.verb  # what it may say for itself
    return Request("ctl", account, verb, payload, within_s, _afterwards(wanted))


def _afterwards(wanted: Operation) -> str:
    account = f" --account {plain(wanted.account)}" if wanted.account is not None else ""
    return f"What an account may do is shown by `oms state sessions{account}`"


def _payload(wanted: Operation) -> bytes:
    wait = (wanted.wait or f"{MOST_WAIT_S:g}") if wanted.verb == PANIC else None
    # What is empty is not said: nobody should have to type a reason first.
    return payload_of(
        wanted.verb,
        {**wanted.more, "by": wanted.by or login(), "comment": wanted.comment or None, "wait": wait},
    )


def login() -> str:
    """The login name; the number of the user where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
