"""What is decided on a command, by all that is known of its account at this moment.  Nothing is written."""

from collections.abc import Callable, Sequence
from typing import Final

import trio
from msgspec.structs import replace

from oms.commands.reply import Outcome
from oms.domain.commands import Cancel, Verb
from oms.domain.decide import decide, on_prices
from oms.domain.decide.case import Need
from oms.domain.decide.decision import Approved, Decision, Denied
from oms.domain.decide.facts import Facts, Policy
from oms.domain.decide.permission import ACTIVE, client_restricted, restricted
from oms.domain.events import ClientState
from oms.domain.events.command import Reason
from oms.eventlog.envelope import rfc3339
from oms.ingest.account import Account
from oms.ingest.standing import reducing_only
from oms.projections import Books
from oms.projections.facts import resolved
from oms.sessions.translate import Result

from . import codes
from .codes import reason
from .flight import Flight
from .gathering import facts_of, renamed
from .overtaking import overtaken
from .pending import Pending
from .telling import checked

PRICES_S: Final = 7.0  # that prices can be used which were asked for, where the symbol does not say


class Judge:
    """Decides for one account."""

    def __init__(
        self,
        account: Account,
        policy: Policy,
        clock: Callable[[], int],
        *,
        margined: Callable[[Verb, Facts, Books], Facts],
        nats_away: Callable[[], bool],
    ) -> None:
        """`clock` gives nanoseconds of UTC, `margined` adds the margin after an order to what is known."""
        self.panics = 0  # that go on: what halts the account must not keep it from being closed
        self.stopping = False  # nothing more is to be sent
        self._account, self._policy, self._clock = account, policy, clock
        self._margined, self._nats_away = margined, nats_away

    def decision(self, pending: Pending, books: Books) -> Decision:
        """What is to be done; `pending.verb` has the broker's names then, and tickets for other ids."""
        if self.stopping:
            return Denied((reason(codes.STOPPING, "the daemon is being stopped"),), passing=True)
        overtaken_by = overtaken(pending, self._account, books)
        if overtaken_by:
            message = f"{overtaken_by} called it off while it waited"
            return Denied((reason(codes.OVERTAKEN, message),))
        now = self._clock()
        late = _too_late(pending, now)
        if late is not None:
            return late
        client = pending.request.client
        verb = pending.verb = resolved(renamed(pending.request.verb, self._account), books, client)
        if isinstance(verb, Cancel) and verb.order is None:
            message = f"{client} has no command {verb.command!r} that made an order"
            return Denied((reason(codes.UNKNOWN_COMMAND, message, "command", verb.command),))
        return decide(verb, self._facts(verb, client, books, now))

    def on_prices(
        self, pending: Pending, flight: Flight, prices: Result, books: Books
    ) -> Approved | Denied | None:
        """What is to be ordered at the prices that were asked for; None: they are too old, or of no use."""
        now = self._clock()
        late = _too_late(pending, now)
        if late is not None:
            return late
        symbol = books.symbol(flight.approved.intent.symbol)
        usable_s = (symbol.request_timeout if symbol else 0) or PRICES_S
        if flight.connection is not self._account.connection or flight.age_s > usable_s:
            return None
        if prices.bid is None or prices.ask is None:
            return None
        facts = self._facts(pending.verb, pending.request.client, books, now)
        return on_prices(flight.approved, pending.verb, facts, prices.bid, prices.ask)

    def objections(self, pending: Pending, need: Need, books: Books) -> Sequence[Reason]:
        """What came up since it was approved - a halt, its deadline - and stands against sending it."""
        restrictions = self._account.standing.restrictions
        if self.panics:
            restrictions = dict(reducing_only(restrictions))
        client = pending.request.client
        alone = books.risk.clients.get(client, ClientState(client, ACTIVE, ""))
        late = _too_late(pending, self._clock())
        return [
            *restricted(restrictions, need),
            *client_restricted(client, alone.permission, alone.reason, need),
            *(late.reasons if late else ()),
        ]

    def check(self, pending: Pending, books: Books, seq: int) -> Outcome:
        """What a command would come to, on books as of an event."""
        facts = self._facts(pending.verb, pending.request.client, books, self._clock())
        return checked(self._account.name, seq, pending, decide(pending.verb, facts), facts)

    def _facts(self, verb: Verb, client: str, books: Books, now: int) -> Facts:
        away = self._nats_away()
        facts = facts_of(self._account, books, verb, self._policy, now, client=client, nats_away=away)
        if self.panics:
            facts = replace(facts, restrictions=reducing_only(facts.restrictions), refusing={})
        return self._margined(verb, facts, books)


def _too_late(pending: Pending, now: int) -> Denied | None:
    in_time = trio.current_time() <= pending.expires_at  # also where the wall clock was set back
    if pending.deadline_ns is None or (in_time and now <= pending.deadline_ns):
        return None
    given = pending.request.deadline
    message = f"it was not sent by {given or rfc3339(pending.deadline_ns)}"
    return Denied((reason(codes.PAST_DEADLINE, message, "deadline", given),))
