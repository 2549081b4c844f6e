"""A command, or an account, as it stands, in the shape of its reply (docs/commands.md)."""

from oms.commands.operating import Operated
from oms.commands.reply import DealShown, Outcome
from oms.domain.decide.decision import Approved, Decision, Denied
from oms.domain.decide.facts import Facts
from oms.domain.events.command import JudgedQuote, Reason
from oms.ingest.account import Account
from oms.projections import Books
from oms.projections.commands import UNKNOWN, Command

from .codes import CONFLICT
from .pending import Pending


def outcome_of(account: str, books: Books, command: Command) -> Outcome:
    """What the journal says of a command, its children with it; the same as long as nothing happens to it."""
    stamp = books.commands.stamp_of(command.key)
    deals = [deal for ticket in command.deals if (deal := books.deal(ticket)) is not None]
    names = books.commands.course(command.key).children
    doubted = command.status == UNKNOWN
    children = [found for name in names if (found := books.commands.get(command.client, name)) is not None]
    return Outcome(
        status=command.status,
        final=command.final,
        command=command.command,
        client=command.client,
        account=account,
        verb=command.verb,
        seq=stamp.seq,
        symbol=command.symbol or None,
        order=command.order,
        position=command.position,
        volume=command.volume,
        filled=command.filled,
        price=command.price,
        deals=tuple(
            DealShown(deal.deal, deal.volume, deal.price)
            for deal in deals
            if deal.volume is not None and deal.price is not None
        ),
        retcode=command.retcode,
        reasons=command.reasons,
        anomaly=command.anomaly or None,
        times=stamp.times,
        verdict=(command.verdict or None) if doubted else None,
        candidates=command.candidates if doubted else (),
        children=tuple(outcome_of(account, books, child) for child in children),
        quote=JudgedQuote(bid=command.bid, ask=command.ask) if command.bid or command.ask else None,
    )


def refusal_of(account: str, pending: Pending, seq: int) -> Outcome:
    """A command that is not carried out, and whose id is free, or was another command's."""
    status = "conflict" if any(one.code == CONFLICT for one in pending.refusal) else "denied"
    return Outcome(
        status=status,
        final=True,
        command=pending.command,
        client=pending.request.client,
        account=account,
        verb=pending.request.verb.verb,
        seq=seq,
        reasons=pending.refusal,
    )


def checked(account: str, seq: int, pending: Pending, found: Decision, facts: Facts) -> Outcome:
    """What a decision would be; `done` where it would be sent."""
    denied = found if isinstance(found, Denied) else None
    reasons = denied.reasons if denied else ()
    return Outcome(
        status="denied" if denied else "done",
        final=True,
        command=pending.command or None,
        client=pending.request.client,
        account=account,
        verb=pending.request.verb.verb,
        seq=seq,
        symbol=facts.symbol.symbol if facts.symbol else None,
        volume=found.intent.volume if isinstance(found, Approved) else None,
        price=found.intent.price if isinstance(found, Approved) else None,
        reasons=reasons,
        quote=facts.quote,
        margin=facts.margin,
    )


def operated(account: Account, verb: str, status: str) -> Operated:
    """What an account may do now, as an operator is told."""
    standing = account.standing
    return Operated(
        status=status,
        final=True,
        account=account.name,
        verb=verb,
        seq=account.recorder.seq,
        link=standing.link,
        permission=standing.permission,
        reason=standing.reason or None,
    )


def unread_of(
    account: str,
    seq: int,
    reasons: tuple[Reason, ...],
    command: str | None,
    client: str | None,
    verb: str | None,
) -> Outcome:
    """Something that is no command."""
    return Outcome(
        status="denied",
        final=True,
        command=command,
        client=client,
        account=account,
        verb=verb,
        seq=seq,
        reasons=reasons,
    )
