"""docs/commands.md, written from the types of the commands, of their outcomes, and from the tables of codes.

The meaning of a field is the comment behind its declaration; each example is read by the code in the tests.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, get_type_hints

import msgspec

from oms.commands import CODES, DealShown, Outcome, encoded
from oms.commands.envelope import Envelope
from oms.commands.fields import Field, fields_of
from oms.commands.kinds import KINDS
from oms.commands.operating import (
    AliveWord,
    Operated,
    Operation,
    Reconciliation,
    Reset,
    Restriction,
    Settlement,
)
from oms.dispatch.codes import BUSY, NOT_RECORDED, STOPPING
from oms.dispatch.codes import CODES as DISPATCH_CODES
from oms.dispatch.options import Options
from oms.domain.categories import CATEGORIES, category_of
from oms.domain.codes import Code
from oms.domain.commands import REDUCING_VERBS, VERBS
from oms.domain.decide.codes import CODES as DECIDE_CODES
from oms.domain.decide.codes import PASSING as DECIDE_PASSING
from oms.domain.events.command import JudgedMargin, JudgedQuote, Reason
from oms.domain.events.reconcile import Difference
from oms.domain.refusals import CODES as REFUSAL_CODES
from oms.domain.retcodes import name_of
from oms.payload import JSON
from tests.docs_fields import comments_of, laid_out, says, type_name

HEAD: Final = """\
# Commands

How to trade over NATS: what to send, what comes back. Prefix `oms.v1` (`[nats] prefix`); `<account>` is the
account's label. Written from the types in `oms/domain/commands.py`, `oms/commands` and the tables of reason
codes; do not edit.

{subjects}

```
$ nats req oms.v1.cmd.hedge.submit '{"symbol": "EURUSD", "side": "buy", "volume": "0.10"}'
{"status":"filled","final":true,...,"order":"5000002",...,"filled":"0.10","price":"1.08003",...}
```

What becomes of a command is in the account's events too (`oms.v1.evt.<account>.command.*`,
[events.md](events.md)), and `oms.v1.query.<account>.commands` tells it later ([queries.md](queries.md)).

## Format

One object of JSON in UTF-8, or MessagePack of the same fields where the message has the header
`Content-Type: application/msgpack`; an empty payload is `{}`; at most 64 kB. A reply comes in the format of
its request.

**Numbers are exact.** Prices and volumes are text, or numbers of JSON, which are read as they were written:
`0.1` is 0.1, `1e3` is 1000. In replies they are text without an exponent, and tickets are text.

**Strict.** A field that the verb does not have, a key that is there twice, NaN, a double of MessagePack
where an exact figure belongs, text that is no Unicode: refused, and the reason names the field. All that is
wrong is told at once.

| type | what is read |
| --- | --- |
{kinds}

null is the same as absent, except in [modify](#modify), where it takes something away; what always has a
value cannot be null.

## Fields of every command

{envelope}
**Identity.** A command is (account, client, id), remembered for ever. The same id with the same content is
the same command: its outcome as it stands is the reply, and nothing is sent twice, whenever and however
often it comes. With another content it is a `conflict`. Content is the verb and its fields, read: how numbers
were written, the order of fields, the format make no difference, and neither do `deadline`, `wait`, `reply`,
`trace`. Two clients may use the same id. Without an id one is made, and is in the reply; who may have to ask
again gives one. A command that could not be read has not used its id up, nor has one that was denied with
{passing}.

**Client.** In the payload, or the last token of the subject; both only if they are equal; neither is
`default`. Where `[nats] require_client_subject` is set only the token counts and it has to be there, so that
NATS permissions say who may speak for whom.

**Deadline.** What was not sent by then is denied (`past_deadline`); the daemon's clock decides, and leaves a
given deadline {skew} s for clocks that differ. What is on its way is not called off by it.

**Wait.** A request is answered when its command is final, at the latest after `wait` seconds, then with its
status as it stands and `"final": false`. With `"reply": "receipt"` it is answered as soon as it is written
down, which uses the id up, whatever is decided then.

**The durable queue** needs `id` and `deadline`. There {overtaking}
overtake the others. Everywhere a close by symbol, a close_all and a cancel_all call off the same client's
orders of that symbol, or all of them, that still wait to be sent (`overtaken`).
"""

SUBJECTS: Final = {
    "`oms.v1.cmd.<account>.<verb>[.<client>]`": (
        "a command",
        "request-reply: the reply is its outcome. Nobody holds the account: *no responders*, at once",
    ),
    "`oms.v1.queue.<account>.<verb>[.<client>]`": (
        "the same, durable",
        "published to JetStream: it waits, a day at most, until the account can trade or its deadline has "
        "passed; the outcome goes to the subject in the header `Oms-Reply`, and is in the events",
    ),
    "`oms.v1.ctl.<account>.<verb>`": (
        "what an [operator](#operators) does",
        "request-reply; `_daemon` instead of an account is all of them",
    ),
}
STATUSES: Final[dict[str, tuple[str, str]]] = {
    "received": ("no", "written down, not decided yet"),
    "denied": ("yes", "refused by the daemon: nothing was sent; `reasons` say why"),
    "conflict": ("yes", "the id was another command's: nothing was done"),
    "sending": ("no", "written down to be sent, and on its way; there is no answer yet"),
    "accepted": ("no", "the venue works on it, or has done it and the proof is not here yet"),
    "unknown": (
        "no",
        "it may have been carried out or not: the answer did not come, or leaves it open. Nothing is sent "
        "again; it is looked for at the venue, and what only a person can tell waits for `settle`",
    ),
    "rejected": ("yes", "refused by the venue, for sure: nothing was done"),
    "working": ("yes", "a pending order is placed; what becomes of it is told by events of the order"),
    "partially_filled": ("if the rest works on", "some is filled: `filled`, `deals`"),
    "filled": ("yes", "all of it is filled, which the deals prove"),
    "canceled": ("yes", "the rest is canceled; `filled` says how much was filled before, or 0"),
    "expired": ("yes", "the order's time was over; likewise"),
    "done": ("yes", "worked, and is no order: of a sweep when each child has its outcome, see there"),
}
WORKED: Final[dict[str, tuple[str, str]]] = {
    "submit of a market order, close": ("filled", "deals; `canceled` with `filled` above 0: a part"),
    "submit of a pending order": ("working", "the order's record; `filled` where that happened at once"),
    "modify": ("done", "order or position shows the new values; nothing to change: retcode 10025, not sent"),
    "cancel": ("done", "the order's record says canceled"),
    "close_by": ("done", "its two deals"),
    "close_all, cancel_all": ("done", "every one of `children` has its outcome, which may be a refusal"),
    "check": ("done", "it would be sent; `quote` and `margin` are what it was judged on"),
}


# As somebody would send it: the subject behind the account, the payload.
EXAMPLES: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "submit": (
        (
            "submit",
            {
                "id": "7f3c",
                "client": "desk",
                "symbol": "EURUSD",
                "side": "buy",
                "volume": "0.10",
                "sl": "1.075",
            },
        ),
        (
            "submit.desk",
            {
                "id": "7f3d",
                "symbol": "EURUSD",
                "side": "sell",
                "volume": 0.5,
                "type": "stop_limit",
                "price": "1.0700",
                "limit_price": "1.0705",
                "expires_at": {"server": "2026-11-27 22:00:00"},
                "comment": "breakout",
            },
        ),
    ),
    "modify": (
        ("modify", {"id": "7f3e", "client": "desk", "order": "1024", "price": "1.0700"}),
        ("modify", {"id": "7f3f", "client": "desk", "position": "1023", "sl": "1.0750", "tp": None}),
    ),
    "cancel": (
        ("cancel", {"id": "7f40", "client": "desk", "order": "1024"}),
        ("cancel.desk", {"command": "7f3d"}),
    ),
    "close": (
        ("close", {"id": "7f41", "client": "desk", "position": "1023", "volume": "0.05"}),
        ("close", {"symbol": "EURUSD"}),
    ),
    "close_by": (("close_by", {"id": "7f42", "position": "1023", "position_by": "1031"}),),
    "close_all": (("close_all", {"symbol": "EURUSD", "wait": 30}),),
    "cancel_all": (("cancel_all", {}),),
    "check": (
        (
            "check",
            {
                "symbol": "EURUSD",
                "side": "buy",
                "volume": 0.1,
                "type": "limit",
                "price": 1.07,
                "expires_at": "2026-11-27T20:00:00Z",
            },
        ),
    ),
}

_BOUGHT: Final = Outcome(
    status="filled",
    final=True,
    command="7f3c",
    client="desk",
    account="main",
    verb="submit",
    seq=118,
    symbol="EURUSD",
    order="1023",
    position="1023",
    volume=Decimal("0.10"),
    filled=Decimal("0.10"),
    price=Decimal("1.08002"),
    deals=(DealShown("2045", Decimal("0.10"), Decimal("1.08002")),),
    retcode=10009,
    times={
        "received": "2026-11-21T10:00:00.000150000Z",
        "sending": "2026-11-21T10:00:00.001270000Z",
        "answered": "2026-11-21T10:00:00.042110000Z",
        "result": "2026-11-21T10:00:00.043980000Z",
        "outcome": "2026-11-21T10:00:00.043980000Z",
    },
)
_DENIED: Final = Outcome(
    status="denied",
    final=True,
    command="7f43",
    client="desk",
    account="main",
    verb="submit",
    seq=121,
    symbol="EURUSD",
    reasons=(
        Reason(
            *("volume_off_step", "0.015 is not a multiple of 0.01", "volume", "0.015", "0.01"),
            retcode=DECIDE_CODES["volume_off_step"].retcode,
        ),
    ),
    times={"received": "2026-11-21T10:00:05.000120000Z", "denied": "2026-11-21T10:00:05.001020000Z"},
)

PASSING: Final = {BUSY, STOPPING, NOT_RECORDED} | DECIDE_PASSING  # denials that leave the id free
OPERATING: Final = {
    "halt": "nothing is sent any more until somebody resumes; what is on its way goes on",
    "reduce": "only what takes risk away is sent",
    "resume": "lifts halt and reduce; no difference between books and venue, and no contradicted stream",
    "panic": "reduce; cancel_all, close_all, again while orders on their way fill; then halt, come what may",
    "limits": "other limits of risk from now on, until the file's are changed: "
    "those that are given, null for none",
    "alive": "somebody is there: who does not say so again in time was silent",
    "reset": "what a breaker holds back (`breaker_open`) is sent again: of `call_class`, or all",
    "settle": "says what became of an unknown command, where only a person can",
    "reconcile": "compares books and venue now, answers what differs; with `accept` the books take it over",
}
REASONS_HEAD: Final = """\
## Reasons

Why a command is denied or rejected; all that is known at once, the venue's own first. *Retcode* is what the
venue says to the same request; of a field that could not be read it depends on the field (10014 of a volume,
10015 of a price, 10016 of a stop, 10022 of an expiry).

In a reply each reason has, beside the fields of [Reason](#reason), the `category` of its code, and `retry`:
whether the same, asked again, may be carried out: yes, no, or unknown. A command whose *status* is `unknown`
is another matter: it may have been carried out, and is not to be sent again under another id.

{categories}
"""
REASONS: Final[dict[str, Mapping[str, Code]]] = {
    "It could not be read": CODES,
    "It was not carried out": DISPATCH_CODES,
    "It is not allowed": DECIDE_CODES,
    "It did nothing at the venue": REFUSAL_CODES,
}


def render() -> str:
    """The document."""
    parts = [
        HEAD.replace("{subjects}", _three("subject | what | how", SUBJECTS))
        .replace("{kinds}", _kinds())
        .replace("{envelope}", _fields(Envelope))
        .replace("{skew}", f"{Options().skew_s:g}")
        .replace("{passing}", _listed(sorted(PASSING)))
        .replace("{overtaking}", _listed(sorted(REDUCING_VERBS), "and"))
    ]
    parts += [_verb(name) for name in VERBS]
    parts += [_outcome(), _reasons(), _operators()]
    return "\n".join(parts)


def _kinds() -> str:
    named = {kind.name: kind.says for kind in KINDS.values()}
    return "\n".join(f"| {name} | {meaning} |" for name, meaning in named.items())


def _three(head: str, rows: Mapping[str, tuple[str, str]]) -> str:
    """A table of three columns."""
    lines = [f"| {one} | {other} | {more} |" for one, (other, more) in rows.items()]
    return "\n".join([f"| {head} |", "| --- | --- | --- |", *lines])


def _listed(words: Sequence[str], link: str = "or") -> str:
    *some, last = [f"`{word}`" for word in words]
    return f"{', '.join(some)} {link} {last}"


def _verb(name: str) -> str:
    kind = VERBS[name]
    examples = "\n".join(
        f"```\noms.v1.cmd.main.{what}\n{laid_out(payload)}\n```\n" for what, payload in EXAMPLES[name]
    )
    return f"## {name}\n\n{says(kind)}\n\n{_fields(kind)}\n{examples}"


def _fields(kind: type[msgspec.Struct], without: type[msgspec.Struct] | None = None) -> str:
    comments = comments_of(kind)
    left_out = without.__struct_fields__ if without else ()
    rows = [
        f"| {field.name} | {_type(field)} | {_default(field)} | {comments.get(field.name, '')} |"
        for field in fields_of(kind).values()
        if field.name not in left_out
    ]
    head = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def _type(field: Field) -> str:
    words = field.kind.name.split(", ")
    named = field.kind.name if field.kind in KINDS.values() else ", ".join(f"`{word}`" for word in words)
    return f"{named} or null" if field.nullable and field.default is msgspec.UNSET else named


def _default(field: Field) -> str:
    if field.required:
        return "required"
    return "" if field.default in (None, msgspec.UNSET) else f"`{json.dumps(field.default)}`"


def _outcome() -> str:
    shown = "\n\n".join(f"```json\n{laid_out(_told(one))}\n```" for one in (_BOUGHT, _DENIED))
    types = "\n".join(
        f"### {kind.__name__}\n\n{says(kind)}\n\n{_table(kind)}"
        for kind in (DealShown, Reason, JudgedQuote, JudgedMargin)
    )
    return f"""\
## Status

*Final* speaks of the command: no later status of it is expected. The sender does not wait for what an order
does that is working. Only a deal makes a fill; a retcode never does.

{_three("status | final | meaning", STATUSES)}

{_three("when it worked | status | proof", WORKED)}

A sweep (`close_all`, `cancel_all`) is one command for each position or order: its `children`, with its id
and `/1`, `/2`, ... They go ahead of everything else, and have no deadline: that of the sweep says whether it
begins.

## Outcome

{says(Outcome)} Every reply has this shape, also the receipt, and a refusal. Fields may be added, never
renamed; those that mean nothing are null or empty.

{_table(Outcome)}
{shown}

{types}"""


def _table(kind: type[msgspec.Struct]) -> str:
    hints, comments = get_type_hints(kind, include_extras=True), comments_of(kind)
    rows = [
        f"| {name} | {type_name(hints[name])} | {comments.get(name, '')} |" for name in kind.__struct_fields__
    ]
    return "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows, ""])


def _told(outcome: Outcome) -> dict[str, Any]:
    """What means nothing left out."""
    said = json.loads(encoded(outcome, JSON))
    return {name: one for name, one in said.items() if one not in (None, [])}


def _reasons() -> str:
    kinds: dict[str, tuple[str, str]] = {
        str(name): (kind.retry, kind.meaning) for name, kind in CATEGORIES.items()
    }
    parts = [REASONS_HEAD.replace("{categories}", _three("category | retry | meaning", kinds))]
    for title, table in REASONS.items():
        rows = [
            f"| `{code}` | {one.meaning} | {category_of(code)} | {_retcode(one)} |"
            for code, one in table.items()
        ]
        head = ["| code | meaning | category | retcode |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([f"**{title}.**\n", *head, *rows, ""]))
    return "\n".join(parts)


def _retcode(code: Code) -> str:
    return "" if code.retcode is None else f"{int(code.retcode)} {name_of(code.retcode)}"


def _operators() -> str:
    rows = [f"| {verb} | {meaning} |" for verb, meaning in OPERATING.items()]
    return f"""\
## Operators

`oms.v1.ctl.<account>.<verb>`, for the account or, with `_daemon` in its place, for all. Each is an event of
the account and survives a restart. The payload may be empty.

| verb | meaning |
| --- | --- |
{chr(10).join(rows)}

{_fields(Operation)}
Of `reset` also:

{_fields(Reset, without=Operation)}
Of `settle` also:

{_fields(Settlement, without=Operation)}
Of `halt`, `reduce`, `resume` also:

{_fields(Restriction, without=Operation)}
Of `limits` also every limit of [configuration.md](configuration.md) by its name, and:

{_fields(Restriction, without=Operation)}
Of `alive` also:

{_fields(AliveWord, without=Operation)}
Where something is about one client, the subject may end with it (`oms.v1.ctl.main.alive.desk`), which
permissions of NATS can hold ([operations.md](operations.md)); a payload that names another is refused.

Where a client was silent for so long its pending orders are canceled, where no operator was heard the
account only reduces or is closed in panic (`[accounts.LABEL.risk] alive_missed`). Who was silent is watched
again from the next word on.

Of `reconcile` also:

{_fields(Reconciliation, without=Operation)}
```
oms.v1.ctl.main.halt        {{"by": "ann", "comment": "news"}}
oms.v1.ctl.main.halt        {{"client": "desk"}}
oms.v1.ctl.main.limits      {{"by": "ann", "max_daily_loss": "500", "sides": ["buy"], "max_orders": null}}
oms.v1.ctl.main.alive       {{"client": "desk", "within": "30"}}
oms.v1.ctl.main.alive.desk  {{}}
oms.v1.ctl.main.reset       {{"by": "ann", "call_class": "opening"}}
oms.v1.ctl.main.settle      {{"client": "desk", "command": "7f3c", "verdict": "not_found"}}
oms.v1.ctl.main.reconcile   {{"by": "ann", "accept": "the broker booked it by hand", "wait": 30}}
```

Accepting a difference is a word on one account, while its permission is `difference`, about what the
comparison before has found too. The books take over the venue's money, positions and orders by a
`ledger.corrected` and the events behind it, no deal is invented, and the account opens.

### Operated

{says(Operated)} The reply of every operation.

{_table(Operated)}
### Difference

{says(Difference)}

{_table(Difference)}"""
