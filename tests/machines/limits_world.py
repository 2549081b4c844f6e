"""A desk that decides, a log, and a venue behind a wire that loses and delays: values alone, no I/O.

The desk is the daemon's own: facts from its books, `decide`, intents into the log, outcomes that follow.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from msgspec.structs import replace

from oms.commands.identity import digest
from oms.dispatch import writing
from oms.dispatch.leftovers import bring_to_an_end
from oms.dispatch.pending import Pending
from oms.domain.commands import Cancel, Close, CommandRequest, Modify, Submit, Verb
from oms.domain.decide import Approved, decide
from oms.domain.events import (
    AccountChanged,
    CommandAnswered,
    CommandResult,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    DealBooked,
    Event,
    OrderEnded,
    OrderPlaced,
    OrderUpdated,
    RiskLimits,
    data_of,
    event_of,
    type_of,
)
from oms.domain.intent import Intent
from oms.projections import Books
from oms.projections.facts import at_stake, in_flight
from oms.projections.restraint import restraint_of
from oms.projections.worth import LotValues
from oms.recorder import Turn
from tests.domain.decide.scene import ASK, d, facts
from tests.domain.decide.scene import symbol as specified

D = Decimal
BEGAN_S = 1_795_255_200  # a Saturday: symbols here are open all week
TOLD_BY_SESSION = (CommandAnswered, CommandResult)


def lot_values(symbols: Iterable[str]) -> LotValues:
    """Lots are worth what the reference says."""
    return LotValues(dict.fromkeys(symbols, d("100000")), dict.fromkeys(symbols, ASK))


class Venue:
    """What really is: lots by position (netting: by symbol), orders that wait."""

    def __init__(self, *, hedging: bool) -> None:
        self.hedging = hedging
        self.held: dict[str, tuple[str, Decimal]] = {}  # identifier -> symbol, lots: long counted up
        self.waiting: dict[str, OrderPlaced] = {}
        self._ticket = 1000

    def ticket(self) -> str:
        self._ticket += 1
        return str(self._ticket)

    def carry_out(self, sent: Intent, part: Decimal, at: str) -> list[Event] | None:
        """What the venue has to tell of it; None: it refuses."""
        if sent.action == "pending":
            number = self.ticket()
            self.waiting[number] = OrderPlaced(
                number,
                symbol=sent.symbol,
                type=sent.type,
                state="placed",
                volume=sent.volume,
                remaining=sent.volume,
                price=sent.price,
                comment=sent.comment,
                digits=5,
            )
            return [self.waiting[number]]
        if sent.action in ("modify", "remove"):
            known = self.waiting.get(sent.order or "")
            if known is None:
                return None
            if sent.action == "remove":
                return [self._end(known, "canceled")]
            self.waiting[known.order] = replace(known, price=sent.price)
            return [cast(Event, OrderUpdated(**_fields(self.waiting[known.order])))]
        if self.hedging and sent.position is not None and sent.position not in self.held:
            return None
        lots = (sent.volume * part).quantize(D("0.01"))
        return [self._deal(sent, self.ticket(), sent.position, lots, at)] if lots else []

    def fill(self, number: str, part: Decimal, at: str) -> list[Event]:
        """The market came to an order that waits."""
        known = self.waiting[number]
        lots = (known.remaining * part).quantize(D("0.01")) if known.remaining else D(0)
        if not lots:
            return []
        left = replace(known, remaining=(known.remaining or D(0)) - lots, state="partial")
        told = [self._deal(known, number, None, lots, at)]
        if left.remaining:
            self.waiting[number] = left
            return [*told, cast(Event, OrderUpdated(**_fields(left)))]
        return [*told, self._end(left, "filled")]

    def _end(self, known: OrderPlaced, state: str) -> Event:
        del self.waiting[known.order]
        return cast(Event, OrderEnded(**(_fields(known) | {"state": state})))

    def _deal(self, of: Any, order: str, position: str | None, lots: Decimal, at: str) -> Event:
        side = of.type.partition("_")[0]
        signed = lots if side == "buy" else -lots
        key = (
            (position or order)
            if self.hedging
            else next((key for key, (symbol, _) in self.held.items() if symbol == of.symbol), order)
        )
        before = self.held.get(key, (of.symbol, D(0)))[1]
        entry = "in" if before * signed >= 0 else "out" if abs(signed) <= abs(before) else "inout"
        self.held[key] = (of.symbol, before + signed)
        if not self.held[key][1]:
            del self.held[key]
        return DealBooked(
            *(self.ticket(), order, key, of.symbol, side, entry, lots, d("1.08")),
            comment=of.comment,
            digits=5,
            time=at,
        )


class World:
    """All of it together."""

    def __init__(self, *, hedging: bool) -> None:
        self.venue = Venue(hedging=hedging)
        self.log: list[Event] = []
        self.books = Books()
        self.ms = 0
        self.news: list[list[Event]] = []  # that did not arrive yet
        self.told: list[str] = []
        mode = "retail_hedging" if hedging else "retail_netting"
        self.record(AccountChanged(currency="USD", digits=2, margin_mode=mode))

    @property
    def now(self) -> str:
        """The server's clock."""
        self.ms += 1
        at = datetime.fromtimestamp(BEGAN_S + self.ms / 1000, UTC).replace(tzinfo=None)
        return at.isoformat(timespec="milliseconds") + "+00:00"

    def write(self, work: Callable[[Turn], None]) -> None:
        turn = Turn(self.books)
        work(turn)
        turn.conclude()
        self.log += turn.events

    def record(self, *events: Event) -> None:
        for event in events:
            self.write(lambda turn, event=event: turn.add(event))  # type: ignore[misc]

    def restart(self) -> None:
        """Books from the log; what a session was about to tell is lost, what the venue lists is not."""
        self.books = Books()
        self.books.fold_all(event_of(type_of(one), 1, data_of(one)) for one in self.log)
        self.write(bring_to_an_end)
        self.news = [[one for one in some if not isinstance(one, TOLD_BY_SESSION)] for some in self.news]

    def limit(self, account: dict[str, str], client: dict[str, str]) -> None:
        self.record(RiskLimits(dict(account), "ann", {"desk": dict(client)} if client else {}))

    def ask(self, verb: Verb, client: str, fate: str, part: Decimal) -> None:
        """A command, and what becomes of it."""
        self.ms += 300
        decision = decide(verb, self._facts(verb, client))
        if not isinstance(decision, Approved):
            self.told += [one.code for one in getattr(decision, "reasons", ())]
            return
        number = len(self.log) + 2**20
        request = CommandRequest(verb=verb, client=client, payload_hash=digest(verb))
        pending = Pending(request, str(number), "request", self.ms * 10**6, None)
        intent, marker = writing.commented(decision.intent, "main", pending, marking=True)
        sending = replace(writing.sending(intent, pending, number, marker, self.books), risk=decision.risk)
        self.record(writing.receipt(pending, self.books), sending)
        self.told.append(fate)
        self._become(sending, fate, part)

    def _become(self, sent: CommandSending, fate: str, part: Decimal) -> None:
        name = (sent.command, sent.client)
        unknown = CommandUnknown(*name, "answer_timeout", sent.symbol)
        told = None
        if fate not in ("lost", "refused"):
            told = self.venue.carry_out(sent, part if fate == "partial" else D(1), self.now)
        if fate == "lost":
            self.record(unknown)
            self.news.append([CommandSettled(*name, "not_found")])
        elif fate == "late" and told is not None:
            self.record(unknown)
            self.news.append(told)
        else:
            order = next((one.order for one in told or () if hasattr(one, "order")), None)
            code, meaning = (10006, "refused") if told is None else (10009, "done")
            if fate == "partial" and told is not None and sent.action == "deal_market":
                code, meaning = 10010, "partial"
            heard: list[Event] = [
                CommandAnswered(*name, sent.action_id, "accepted", 0),
                CommandResult(*name, sent.action_id, code, meaning, order=order),
                *(told or ()),
            ]
            if fate == "slow":
                self.news.append(heard)
            else:
                self._arrive(heard)

    def hear(self, which: int) -> None:
        """News that were on their way arrive."""
        if self.news:
            self._arrive(self.news.pop(which % len(self.news)))

    def _arrive(self, told: list[Event]) -> None:
        """In netting behind the symbol's earlier deals: what closes something nobody saw says nothing."""
        symbols = {one.symbol for one in told if isinstance(one, DealBooked)} - {None}
        before, self.news = (self.news, []) if not self.venue.hedging else ([], self.news)
        for some in before:
            if any(isinstance(one, DealBooked) and one.symbol in symbols for one in some):
                self.record(*some)
            else:
                self.news.append(some)
        self.record(*told)

    def fill(self, which: int, part: Decimal, *, heard: bool) -> None:
        if self.venue.waiting:
            told = self.venue.fill(list(self.venue.waiting)[which % len(self.venue.waiting)], part, self.now)
            self.news.append(told)
            if heard:
                self._arrive(self.news.pop())

    def _facts(self, verb: Verb, client: str) -> Any:
        books, now = self.books, self.now
        order = books.orders.get(getattr(verb, "order", None) or "")
        position = books.positions.get(verb.position or "") if isinstance(verb, Close) else None
        name = getattr(verb, "symbol", None) or (position.symbol if position else "")
        if not name and order is not None and order.record is not None:
            name = order.record.symbol
        terms = books.account()
        assert terms is not None
        if isinstance(verb, Submit) and not terms.hedging:
            position = next(iter(books.positions.of_symbol(name)), None)
        return facts(
            server_now=now,
            offset=0,
            account=terms,
            symbol=specified(symbol=name or "EURUSD", path=f"Forex\\{name}"),
            position=position,
            order=order,
            positions=tuple(books.positions),
            orders=at_stake(books),
            in_flight=in_flight(books),
            client=client,
            risk=restraint_of(*(books, name, client, now), lot_values=lot_values, equity=lambda: None),
        )


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


__all__ = ["Cancel", "Close", "Modify", "Submit", "World"]
