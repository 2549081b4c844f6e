"""An event in a sentence, and the stage of an order's way that it belongs to."""

from collections.abc import Iterable
from typing import NamedTuple

from oms.domain.events import (
    AccountState,
    AnomalySeen,
    BreakerChanged,
    CommandAnswered,
    CommandConflict,
    CommandDenied,
    CommandEvidence,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandScanned,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    CommandUnsettled,
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    LedgerDifference,
    OrderEnded,
    OrderPlaced,
    OrderRemoved,
    OrderUpdated,
    PositionAdjusted,
    PositionAdopted,
    PositionRenamed,
    ReconcileReport,
    SessionEnded,
    SessionLink,
    SessionReady,
    type_of,
)
from oms.domain.events.command import Reason
from oms.domain.intent import REQUEST_PRICES
from oms.domain.records import DealRecord, OrderRecord

RECEIVED, DECIDED, SENT = "received", "decided", "sent"
ANSWERED, RESULT, ORDER, DEAL = "answered", "result", "order", "deal"
LEDGER, POSITION, OUTCOME, DOUBT = "ledger", "position", "outcome", "doubt"
EVIDENCE, AROUND = "evidence", "around"


class Words(NamedTuple):
    """What an event says."""

    stage: str
    says: str


def words(event: Event) -> Words:
    """Every event has some; what nobody wrote a sentence for is called by its type."""
    for say in (_of_command, _of_doubt, _of_venue, _of_account):
        found = say(event)
        if found is not None:
            return found
    return Words(AROUND, type_of(event))


def _of_command(event: Event) -> Words | None:
    match event:
        case CommandReceived(verb=verb, client=client, command=command, channel=channel):
            by = {"request": "by request", "queue": "from the durable queue", "parent": "from its sweep"}
            whose = f"{verb} {command} of {client}"
            return Words(RECEIVED, f"{whose} came {by.get(channel, f'by {channel}')}; its identity is taken")
        case CommandConflict(command=command):
            return Words(RECEIVED, f"{command} came again with another content: nothing was done")
        case CommandDenied(reasons=reasons):
            return Words(DECIDED, f"denied, nothing was sent: {_told(reasons)}")
        case CommandSending(action=action, action_id=number) if action == REQUEST_PRICES:
            return Words(SENT, f"approved; prices are asked for first (action {number})")
        case CommandSending(action_id=number):
            return Words(SENT, f"approved, written down to be sent: {_request(event)} (action {number})")
        case CommandAnswered(meaning=meaning):
            return Words(
                ANSWERED, f"the venue answered the request: {meaning}{_code(event.retcode, event.name)}"
            )
        case CommandResult(meaning=meaning):
            priced = f", at {event.price:f}" if event.price else ""
            told = f"{meaning}{_code(event.retcode, event.name)}{priced}"
            return Words(RESULT, f"the venue told the result: {told}")
        case CommandOutcome(status=status, final=final):
            why = f": {_told(event.reasons)}" if event.reasons else ""
            return Words(OUTCOME, f"{status}{_filled(event)}{'' if final else ', not final'}{why}")
    return None


def _of_doubt(event: Event) -> Words | None:
    match event:
        case CommandUnknown(reason=reason):
            return Words(DOUBT, f"unknown: {reason}{_code(event.retcode, '')}; it is not sent again")
        case CommandScanned(scan=scan, good=good):
            told = (event.verdict or "nothing") if good else f"no good: {event.detail}"
            which = f" ({', '.join(event.candidates)})" if event.candidates else ""
            return Words(EVIDENCE, f"look {scan} at the venue's lists: {told}{which}")
        case CommandEvidence(kind=kind):
            told = kind.replace("_", " ")
            return Words(EVIDENCE, f"{told}{_code(event.retcode, '')}: kept, moves nothing")
        case CommandUnsettled(age=age, scans=scans):
            return Words(DOUBT, f"still unknown after {age} s and {scans} good looks")
        case CommandSettled(verdict=verdict):
            by = f" by {event.by}" if event.by else ""
            order = f", order {event.order}" if event.order else ""
            return Words(EVIDENCE, f"settled{by}: {verdict}, by {event.evidence or 'nothing'}{order}")
    return None


def _of_venue(event: Event) -> Words | None:
    match event:
        case OrderPlaced():
            return Words(ORDER, f"order {event.order} is at the venue: {_order(event)}")
        case OrderUpdated():
            return Words(ORDER, f"order {event.order} changed: {_order(event)}")
        case OrderEnded():
            return Words(ORDER, f"order {event.order} ended: {event.state}, {_order(event)}")
        case OrderRemoved(order=order):
            return Words(ORDER, f"order {order} is in the venue's lists no longer")
        case DealBooked():
            return Words(DEAL, f"deal {event.deal}: {_deal(event)}")
        case DealAmended(before=before, after=after):
            return Words(DEAL, f"deal {after.deal} was amended: {_deal(before)} became {_deal(after)}")
        case DealRemoved(removed=removed):
            return Words(DEAL, f"deal {removed.deal} was taken back: {_deal(removed)}")
        case PositionAdjusted():
            stops = f"sl {_or_none(event.sl)}, tp {_or_none(event.tp)}, swap {_or_none(event.swap)}"
            return Words(POSITION, f"position {event.position}: {stops}")
        case PositionAdopted():
            return Words(POSITION, f"position {event.position} was adopted: {event.side} {event.volume:f}")
        case PositionRenamed():
            return Words(POSITION, f"position {event.position}: {event.before} is called {event.symbol}")
    return None


def _of_account(event: Event) -> Words | None:
    match event:
        case AnomalySeen(kind=kind, subject=subject):
            return Words(EVIDENCE, f"anomaly {kind} of {subject}")
        case LedgerDifference():
            return Words(
                LEDGER, f"the venue's balance is {event.balance:f} off the books after deal {event.deal}"
            )
        case ReconcileReport(cause=cause, equal=equal):
            agree = "equal" if equal else "different"
            return Words(EVIDENCE, f"books and venue compared ({cause}): {agree}; its deals were found by it")
        case SessionEnded(reason=reason, detail=detail):
            return Words(AROUND, f"the session ended: {reason}{f', {detail}' if detail else ''}")
        case SessionReady():
            return Words(AROUND, "a session is ready: books and venue agree")
        case SessionLink(connected=connected):
            return Words(AROUND, f"the venue has {'its' if connected else 'lost its'} trade server")
        case AccountState(link=link, permission=permission, reason=reason):
            return Words(AROUND, f"the account is {link}, {permission}{f': {reason}' if reason else ''}")
        case BreakerChanged(call_class=name, state=state):
            return Words(AROUND, f"the breaker of {name} is {state}")
    return None


def _request(event: CommandSending) -> str:
    price = f" at {event.price:f}" if event.price is not None else ""
    ticket = f", order {event.order}" if event.order else ""
    position = f", position {event.position}" if event.position else ""
    return f"{event.action} {event.type} {event.volume:f} {event.symbol}{price}{ticket}{position}"


def _order(record: OrderRecord) -> str:
    price = f" at {record.price:f}" if record.price else ""
    volume, left = _or_none(record.volume), _or_none(record.remaining)
    return f"{record.type} {volume} {record.symbol}{price}, {left} left ({record.state}; {record.reason})"


def _deal(deal: DealRecord) -> str:
    if not deal.trades:
        return f"{deal.type} {_or_none(deal.profit)}"
    price = f" at {deal.price:f}" if deal.price is not None else ""
    return f"{deal.type} {deal.entry} {_or_none(deal.volume)} {deal.symbol}{price}"


def _filled(event: CommandOutcome) -> str:
    if event.filled is None:
        return ""
    price = f" at {event.price:f}" if event.price is not None else ""
    asked = f" of {event.volume:f}" if event.volume is not None else ""
    return f", {event.filled:f}{asked} filled{price}"


def _told(reasons: Iterable[Reason]) -> str:
    return "; ".join(f"{one.code}: {one.message}" if one.message else one.code for one in reasons)


def _code(retcode: int | None, name: str) -> str:
    return "" if retcode is None else f" ({retcode}{f' {name}' if name else ''})"


def _or_none(value: object) -> str:
    return "none" if value is None else f"{value}"
