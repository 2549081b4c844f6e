"""What is written down of a command before anything is sent: events, made of values."""

from msgspec.structs import asdict, replace

from oms.domain.commands import CommandRequest, Verb
from oms.domain.decide.decision import Denied, Swept, Unchanged
from oms.domain.events import CommandDenied, CommandOutcome, CommandReceived, CommandSending
from oms.domain.events.command import Reason
from oms.domain.evidence import order_values, stops
from oms.domain.intent import Intent, Replaced
from oms.domain.marker import marked, marker_of
from oms.domain.refusals import NO_CHANGES
from oms.eventlog.envelope import rfc3339
from oms.projections import Books
from oms.projections.facts import symbol_of
from oms.recorder import Turn
from protocol.enums import Retcode

from .pending import Pending

MARKED = frozenset({"submit", "close"})  # verbs whose order carries a marker


def write_receipt(pending: Pending, turn: Turn) -> None:
    """Unless it is written down already."""
    if turn.books.commands.get(*pending.key) is None:
        turn.add(receipt(pending, turn.books))


def receipt(pending: Pending, books: Books) -> CommandReceived:
    """It came in, and its identity is taken."""
    request = pending.request
    return CommandReceived(
        pending.command,
        request.client,
        request.verb.verb,
        payload=request.payload,
        payload_hash=request.payload_hash,
        symbol=symbol_of(pending.verb, books) or "",
        received_at=rfc3339(pending.received_ns),
        deadline=request.deadline,
        channel=pending.channel,
        parent=pending.parent,
        queued_at=pending.queued_at,
    )


def denial(pending: Pending, denied: Denied, books: Books) -> CommandDenied:
    """It may not be carried out, for all of these reasons."""
    return CommandDenied(
        pending.command,
        pending.request.client,
        denied.reasons,
        symbol=symbol_of(pending.verb, books) or "",
        quote=denied.quote,
        margin=denied.margin,
        risk=denied.risk,
    )


def unchanged(pending: Pending, found: Unchanged, books: Books) -> CommandOutcome:
    """Done without anything being sent."""
    return CommandOutcome(
        pending.command,
        pending.request.client,
        "done",
        True,
        symbol=symbol_of(pending.verb, books) or "",
        order=getattr(pending.verb, "order", None),
        position=getattr(pending.verb, "position", None),
        retcode=Retcode.NO_CHANGES,
        reasons=(Reason(NO_CHANGES, found.message, retcode=Retcode.NO_CHANGES),),
    )


def children_of(pending: Pending, swept: Swept, now_ns: int) -> list[Pending]:
    """A sweep's children: commands of their own, without a deadline (docs/semantics.md 2)."""
    return [
        Pending(
            *(_asked_by(pending, verb), f"{pending.command}/{number}", "parent", now_ns, None),
            parent=pending.command,
        )
        for number, verb in enumerate(swept.children, 1)
    ]


def _asked_by(parent: Pending, verb: Verb) -> CommandRequest:
    fields = {name: getattr(verb, name) for name in verb.__struct_fields__}
    return CommandRequest(
        verb=verb,
        client=parent.request.client,
        trace=parent.request.trace,
        payload={name: str(value) for name, value in fields.items() if value},
    )


def commented(intent: Intent, account: str, pending: Pending, *, marking: bool) -> tuple[Intent, str]:
    """The intent with its comment as it is sent, and its marker; only what makes an order is marked."""
    if pending.verb.verb not in MARKED:
        return intent, ""
    marker = marker_of(account, pending.request.client, pending.command) if marking else ""
    return replace(intent, comment=marked(intent.comment, marker)), marker


def sending(intent: Intent, pending: Pending, action_id: int, marker: str, books: Books) -> CommandSending:
    """The intent, without what it was judged by."""
    return CommandSending(
        **asdict(intent),
        command=pending.command,
        client=pending.request.client,
        action_id=action_id,
        marker=marker,
        replaces=_replaced(intent, books) if pending.verb.verb == "modify" else None,
    )


def _replaced(intent: Intent, books: Books) -> Replaced | None:
    """What stands there now; None where the books do not have it."""
    if intent.order is not None:
        order = books.order(intent.order)
        return order_values(order.record) if order is not None and order.record is not None else None
    position = books.positions.get(intent.position or "")
    return stops(position) if position is not None else None


def rejected(command: str, client: str, why: Reason) -> CommandOutcome:
    """Nothing was done at the venue, for sure."""
    return CommandOutcome(command, client, "rejected", True, reasons=(why,))
