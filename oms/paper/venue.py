"""The venue: requests, ticks, the clock and the dealer's hand go in, pushes come out.

Pure of I/O: it reads no clock and draws chance from one seeded source, so the same calls give the same
effects.  Whatever it is asked, it answers with a code; it raises nothing but `LedgerBroken`, which means that
its books contradict themselves, and for the dealer's own calls KeyError or ValueError for what cannot be.

A request is answered by 12 at once.  With a dealer delay its rules are tried at once and again when the
dealer comes to it: the world may have moved, and then the refusal comes by push 19.

Not here: sessions, passwords, subscriptions, account bodies.  A push 14 carries None: who sends it makes the
account body from the account as it then is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from protocol.enums import DealType, Reason, Retcode
from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import OpenTrades, TradeRequest

from . import backoffice, report
from .agenda import Agenda
from .answers import Asked, tell
from .audit import Audit, LedgerBroken, verify_margin
from .behaviour import Behaviour
from .catalog import Instrument
from .feed import Tick
from .figures import figures, standing
from .floor import Floor
from .intake import Channel, Intake, tidy
from .ledger import money_deal
from .model import Account, Effect, Moment, Outcome, Price
from .performing import Performer
from .rules import refusal
from .seasons import Seasons
from .ticker import Ticker
from .totals import Totals
from .zone import Zone

__all__ = ["LedgerBroken", "Venue"]


class Venue:
    """Accounts, prices and symbols of one trade server."""

    def __init__(
        self,
        accounts: Iterable[Account],
        instruments: Iterable[Instrument],
        zone: Zone,
        settings: Behaviour,
        *,
        opened: Moment | None = None,
        overrides: Mapping[int, Sequence[TradeSettings]] | None = None,
        known: Iterable[Account] = (),
        marks: Mapping[str, int] | None = None,
        seed: int | str = 1,
    ) -> None:
        """Money that accounts begin with and no deal explains becomes a deal of type 2 or 3, at `opened`.

        `overrides` are the terms that accounts have of their own, by login (docs/protocol.md 7.6).  `known`
        are accounts of an earlier run, and `marks` its own: LedgerBroken where they do not add up.  Chance
        is drawn by `seed`: with the same one every run decides alike.
        """
        fresh, known = list(accounts), list(known)
        self._floor = Floor([*known, *fresh], instruments, zone, settings, overrides or {}, seed)
        self._agenda = Agenda(self._floor)
        self._intake = Intake(self._floor)
        self._performer = Performer(self._floor)
        self._ticker = Ticker(self._floor)
        self._seasons = Seasons(self._floor)
        self._audits: defaultdict[int, Audit] = defaultdict(Audit)
        self._unaudited: set[int] = set()
        if opened is not None:
            self._floor.now = opened
            self._seasons.begin()
        if marks:
            self.resume(marks)
        self._floor.touched.update(account.login for account in known)
        for account in fresh:
            self._open(account)
        self._floor.effects()  # nobody is connected yet
        self._settle()
        self.check()

    # What others may look at.

    @property
    def accounts(self) -> dict[int, Account]:
        """By login."""
        return self._floor.accounts

    @property
    def prices(self) -> dict[str, Price]:
        """The last quote of each symbol that has one."""
        return self._floor.prices

    @property
    def specs(self) -> dict[str, FullSymbol]:
        """By symbol."""
        return self._floor.specs

    @property
    def behaviour(self) -> Behaviour:
        """Its switches, as they are now."""
        return self._floor.behaviour

    def open_trades(self, login: int) -> OpenTrades:
        """Answer 4: positions at the present prices, and orders."""
        return report.open_trades(self._floor, self.accounts[login])

    def totals(self, login: int) -> Totals | None:
        """Equity, margin, level now; None while a quote or rate is missing."""
        return figures(self._floor, self.accounts[login])

    def standing(self, login: int) -> int:
        """0, 1 margin call, 2 stop-out."""
        return standing(self._floor, self.accounts[login])

    def truth(self) -> dict[str, Any]:
        """Everything that the venue knows of trading, for comparison; fit for JSON."""
        return report.truth(self._floor)

    def marks(self) -> dict[str, int]:
        """What accounts alone do not tell and a restarted venue must know; for `resume`."""
        tickets = self._floor.tickets
        return {"order": tickets.next_order, "deal": tickets.next_deal, "day": self._agenda.day}

    def resume(self, marks: Mapping[str, int]) -> None:
        """Go on where a venue with these marks stopped: no ticket twice, no day rolled over twice."""
        tickets = self._floor.tickets
        tickets.next_order = max(tickets.next_order, marks["order"])
        tickets.next_deal = max(tickets.next_deal, marks["deal"])
        self._agenda.resume(marks["day"])

    # What happens to it.

    def trade(
        self,
        moment: Moment,
        login: int,
        session: int,
        request: TradeRequest,
        *,
        rights: int = 0,
        delay_ms: int | None = None,
    ) -> Outcome:
        """A request of a session: the code of answer 12, and what is pushed behind it.

        `rights` are the session's own beside its account's (an investor's login); `delay_ms` is the dealer's
        delay for this request alone.
        """
        self._arrive(moment)
        account = self.accounts.get(login)
        if account is None:
            return Outcome(Retcode.INVALID, self._settle())
        asked = Asked(login, session, account.rights | rights, tidy(request), request)
        code, channel = self._judge(account, asked)
        if code is not None and channel == "answer":
            return Outcome(code, self._settle())
        delay = self._intake.delay() if delay_ms is None else delay_ms
        if delay and code is None:
            self._intake.park(asked, moment.utc_ms + delay)
        elif code is not None:
            tell(self._floor, asked, code)
        else:
            self._performer.perform(account, asked)
        return Outcome(Retcode.OK, self._settle())

    def tick(self, moment: Moment, ticks: Sequence[Tick]) -> list[Effect]:
        """New quotes, in order: each meets stops, pending orders, and the accounts' levels by itself."""
        floor, intake, specs, quote = self._floor, self._intake, self._floor.specs, self._ticker.quote
        now: Moment | None = None
        for tick in ticks:
            if tick.symbol not in specs:
                continue
            if now is None or now.utc_ms != tick.utc_ms:  # what is due is due with the first tick of a moment
                now = floor.zone.moment(tick.utc_ms)
                if self._agenda.due(now) or intake.due(now.utc_ms):
                    self._know(ticks)
                    self._arrive(now)
            quote(tick, now)
            if floor.touched:
                self._follow()
        self._arrive(moment)
        return self._settle()

    def clock(self, moment: Moment) -> list[Effect]:
        """Time passed: requests that the dealer comes to, margin levels, expirations, the end of the day."""
        self._arrive(moment)
        return self._settle()

    def next_clock_ms(self) -> int | None:
        """When `clock` is next needed, UTC; None before the first moment was told."""
        parts = (self._intake, self._agenda, self._ticker, self._seasons)
        waits = [part.next_ms() for part in parts]
        return min((wait for wait in waits if wait is not None), default=None)

    # What its dealers do.

    def deposit(
        self,
        moment: Moment,
        login: int,
        amount: Decimal,
        deal_type: int = DealType.BALANCE,
        comment: str = "",
    ) -> list[Effect]:
        """Any deal that moves money alone (type >= 2); negative amounts take money."""
        self._arrive(moment)
        backoffice.deposit(self._floor, self.accounts[login], amount, deal_type, comment)
        return self._settle()

    def amend_deal(self, moment: Moment, login: int, deal: int, /, **changes: Any) -> list[Effect]:
        """Change fields of a deal: 10 {2,1}; balance and position follow."""
        self._arrive(moment)
        backoffice.amend(self._floor, self.accounts[login], deal, changes)
        self._audits[login].restart()
        return self._settle()

    def remove_deal(self, moment: Moment, login: int, deal: int) -> list[Effect]:
        """Remove a deal: 10 {2,2}; balance and position follow."""
        self._arrive(moment)
        backoffice.remove(self._floor, self.accounts[login], deal)
        self._audits[login].restart()
        return self._settle()

    def open_account(self, moment: Moment, account: Account) -> list[Effect]:
        """Let a new account in; the money that it begins with becomes a deal.

        ValueError for a login that is taken.
        """
        if account.login in self.accounts:
            raise ValueError(f"account {account.login} is there already")
        self._arrive(moment)
        self.accounts[account.login] = account
        self._open(account)
        return self._settle()

    def set_rights(self, login: int, rights: int) -> list[Effect]:
        """Change what an account may not do: push 14."""
        backoffice.set_rights(self._floor, self.accounts[login], rights)
        return self._settle()

    def set_spec(self, spec: FullSymbol) -> list[Effect]:
        """Change a symbol: push 13 to every account."""
        backoffice.set_spec(self._floor, spec)
        return self._settle()

    def reject_next(self, code: int, channel: Channel | None = None) -> None:
        """Refuse the next request with any code, in answer 12 or by 19; None = where refusals go."""
        self._intake.reject_next(code, channel)

    def set_dealer_delay(self, delay_ms: int) -> None:
        """Let every request from now on wait so long for the dealer, beside the jitter."""
        self._floor.behaviour = replace(self._floor.behaviour, dealer_delay_ms=delay_ms)

    def slow_next(self, delay_ms: int, count: int = 1) -> None:
        """Give the next requests this delay."""
        self._intake.slow_next(delay_ms, count)

    def requote_next(self, count: int = 1) -> None:
        """Requote the next instant deals whose price is good."""
        self._performer.dealer.requotes_due += count

    # The books.

    def check(self) -> None:
        """Raise LedgerBroken unless balance + credit, positions, tickets and margins are what they must be.

        Everything from the start; after each operation the accounts that it touched were checked already.
        """
        for account in self.accounts.values():
            Audit().verify(account)
            verify_margin(self._floor.margin(account), account, self._floor.terms(account.login))
            known = [order.trade_order for order in account.history] + list(account.orders)
            if len(known) != len(set(known)) or max(known, default=0) >= self._floor.tickets.next_order:
                raise LedgerBroken(f"account {account.login}: order tickets are not unique")

    # Inside.

    def _open(self, account: Account) -> None:
        """Book what an account begins with beyond its deals, so that deals explain all of it."""
        begins = (account.balance, account.credit)
        account.balance, account.credit = Audit().sums(account)
        for value, had, kind in zip(
            begins, (account.balance, account.credit), (DealType.BALANCE, DealType.CREDIT), strict=True
        ):
            if value != had:
                money_deal(self._floor, account, kind, value - had, "", Reason.DEALER)
        self._floor.touched.add(account.login)

    def _judge(self, account: Account, asked: Asked) -> tuple[int | None, Channel]:
        forced = self._intake.forced()
        if forced is not None:
            return forced
        return refusal(self._floor, account, asked.request, asked.rights), self._floor.behaviour.refuse_in

    def _arrive(self, moment: Moment) -> None:
        """It is this moment now: what was to happen until then happens first."""
        self._floor.now = moment
        self._seasons.arrive()
        self._agenda.arrive()
        for asked in self._intake.ready(moment.utc_ms):
            self._reconsider(asked)
        self._ticker.look(moment.utc_ms)
        self._follow()

    def _know(self, ticks: Iterable[Tick]) -> None:
        """Symbols without a quote take their first: a venue that was down ends the days it missed by it."""
        for tick in ticks:
            if tick.symbol in self.specs and tick.symbol not in self.prices:
                at = self._floor.zone.moment(tick.utc_ms)
                self.prices[tick.symbol] = Price(tick.bid, tick.ask, tick.last, at.server_ms)

    def _reconsider(self, asked: Asked) -> None:
        """A request that waited for the dealer meets the rules again."""
        account = self.accounts[asked.login]
        rights = asked.rights | account.rights
        code = refusal(self._floor, account, asked.request, rights)
        if code is not None:
            tell(self._floor, asked, code)
        else:
            self._performer.perform(account, asked)

    def _follow(self) -> None:
        """Learn what touched accounts now have open, and when it ends."""
        for login in self._floor.touched:
            self._ticker.follow(self.accounts[login])
            self._agenda.note(self.accounts[login])
        self._unaudited |= self._floor.touched
        self._floor.touched.clear()

    def _settle(self) -> list[Effect]:
        """The end of an operation: the accounts it touched are checked, its pushes handed out."""
        self._follow()
        for login in sorted(self._unaudited):
            account = self.accounts[login]
            self._audits[login].verify(account)
            verify_margin(self._floor.margin(account), account, self._floor.terms(account.login))
        self._unaudited.clear()
        return self._floor.effects()
