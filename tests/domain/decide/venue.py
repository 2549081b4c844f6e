"""The same order put to the venue itself: what it says to the request that a command comes to."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from oms.domain.commands import Verb
from oms.domain.decide import Approved, Decision, Denied, Facts, Policy, decide, on_prices
from oms.domain.decide.case import case_of
from oms.domain.events.command import JudgedQuote
from oms.domain.lifecycle import Order, judge
from oms.domain.observations import How, OpenOrderSeen, PositionSeen
from oms.domain.records import AccountRecord, PositionRecord
from oms.sessions.translate import Terms, symbol, trade_request
from oms.sessions.translate import trade as translate
from protocol.enums import MarginMode, Rights
from protocol.records.trade import Order as WireOrder
from protocol.records.trade import Position
from tests.paper.venue_scene import BUY, HEDGE, NET, SELL, Scene, account, instrument

BUY_LIMIT, SELL_STOP, BUY_STOP_LIMIT = 2, 5, 6
MARKET = (1.10000, 1.10010)
OFFSET = 10_800  # of the scene: summer, two hours and one
TERMS = Terms(OFFSET, 2)


class Told(NamedTuple):
    """What we decide, and what the venue answers to the same request; None where there is none to send."""

    decision: Decision
    code: int | None


def scene_of(mode: int, *, hedging: bool) -> Scene:
    """A rich account, EURUSD in an execution mode, quoted."""
    login = HEDGE if hedging else NET
    balance = Decimal(10_000_000)
    scene = Scene(
        [instrument("EURUSD", trade_exemode=mode, trade_fill_flags=3)],
        [account(login, balance=balance)],
        check_market_stops=False,
    )
    scene.quote(*MARKET)
    return scene


def open_some(scene: Scene, mode: int, *, hedging: bool) -> None:
    """Long 0.10, in hedging short 0.30 too; three orders wait."""
    login = HEDGE if hedging else NET
    for kind, lots in ((BUY, "0.10"), *(((SELL, "0.30"),) if hedging else ())):
        if mode == 0:
            scene.ask(login, scene.request(0, kind, lots))
        price = {} if mode > 1 else {"price_order": MARKET[1] if kind == BUY else MARKET[0]}
        assert (
            scene.code(login, scene.request(mode + 1, kind, lots, type_filling=mode // 2, **price)) == 10009
        )
    for kind, at in ((BUY_LIMIT, 1.09), (SELL_STOP, 1.09)):
        scene.pending(login, kind, "0.10", at)
    scene.pending(login, BUY_STOP_LIMIT, "0.10", 1.12, price_trigger=1.11)


def change(scene: Scene, changes: dict[str, Any]) -> None:
    """The symbol is another from now on."""
    scene.venue.set_spec(instrument("EURUSD", **changes).spec)


def facts_of(scene: Scene, verb: Verb) -> Facts:
    """What the daemon would know of the venue's one account; money is left to the venue."""
    (own,) = scene.venue.accounts.values()
    quoted = scene.venue.prices.get("EURUSD")
    quote = None
    if quoted is not None:
        quote = JudgedQuote(bid=Decimal(repr(quoted.bid)), ask=Decimal(repr(quoted.ask)), age=0.0)
    positions = {one.position: one for one in map(_position, own.positions.values())}
    orders = {one.order: one for one in map(_order, own.orders.values())}
    now = datetime.fromtimestamp(scene.moment.server_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23]
    held = {str(deal.position_id) for deal in own.deals}
    netted = next(iter(positions.values()), None) if not own.hedging else None
    named = getattr(verb, "position", None)
    by = getattr(verb, "position_by", None)
    ticket = getattr(verb, "order", None)
    return Facts(
        server_now=f"{now}+03:00",
        offset=OFFSET,
        account=_account(own.margin_mode, own.rights),
        symbol=symbol(scene.venue.specs["EURUSD"], TERMS).record,
        quote=quote,
        position=netted or positions.get(named or ""),
        position_by=positions.get(by or ""),
        never_held=frozenset({named or "", by or ""} - held - {""}),
        order=orders.get(ticket or ""),
        positions=tuple(positions.values()),
        orders=tuple(orders.values()),
        policy=Policy(margin_check="server"),
    )


def _account(mode: MarginMode, rights: int) -> AccountRecord:
    barred = rights & (Rights.TRADE_DISABLED | Rights.INVESTOR | Rights.READ_ONLY)
    return AccountRecord(margin_mode=MarginMode(mode).name.lower(), rights=rights, trade_allowed=not barred)


def _position(one: Position) -> PositionRecord:
    (seen,) = translate.position(one, TERMS, How.LISTED)
    assert isinstance(seen, PositionSeen)
    return seen.record


def _order(one: WireOrder) -> Order:
    (seen,) = translate.open_order(one, TERMS, How.LISTED)
    assert isinstance(seen, OpenOrderSeen)
    return judge(seen.record.order, seen.record, ended=False, deals=())


def put(scene: Scene, verb: Verb) -> Told:
    """Decide, then ask the venue: the request as it would be sent, whatever was decided."""
    (login,) = scene.venue.accounts
    facts = facts_of(scene, verb)
    decision = decide(verb, facts)
    intent = case_of(verb, facts).intent
    if intent is None or (isinstance(decision, Denied) and decision.reasons[0].retcode is None):
        return Told(decision, None)
    if isinstance(decision, Approved) and decision.intent.action == "request_prices":
        return _with_prices(scene, login, verb, decision)
    return Told(decision, scene.code(login, trade_request(intent, 5000)))


def _with_prices(scene: Scene, login: int, verb: Verb, question: Approved) -> Told:
    """The dealer's prices, then the order at them."""
    outcome = scene.ask(login, trade_request(question.intent, 5000))
    (effect,) = [one for one in outcome.effects if one.command == 19]
    said = effect.value.result
    if said.retcode != 10005:
        return Told(question, said.retcode)
    bid, ask = Decimal(repr(said.bid)), Decimal(repr(said.ask))
    decision = on_prices(question, verb, facts_of(scene, verb), bid, ask)
    assert isinstance(decision, Approved)
    return Told(decision, scene.code(login, trade_request(decision.intent, 5001)))
