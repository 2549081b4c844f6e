"""The front desk: every request of docs/protocol.md 3 that is not a trade, answered from the venue's state.

Pure of I/O and told the time.  A `Visitor` is what the desk knows of one connection.  The source of keys,
tokens and tickets is seeded, so that two runs of one seed say the same; this is a rehearsal, not a vault.
"""

import hmac
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from random import Random
from typing import Any, Final, Literal, NamedTuple

import msgspec

from protocol.account_body import Account as AccountBody
from protocol.bodies import COUNT, Counted
from protocol.composed import RealOpening
from protocol.enums import Code, PasswordKind, Retcode, Rights
from protocol.messages import Answer, Refused, Request
from protocol.records.access import (
    BootstrapAnswer,
    BootstrapRequest,
    ChangePassword,
    Login,
    LoginAnswer,
    OtpSetup,
    PasswordChanged,
)
from protocol.records.market import Rate, RatesRequest
from protocol.records.onboarding import (
    Link,
    Opening,
    OpenResult,
    TraderParameters,
    Verification,
    VerificationNeeded,
)
from protocol.records.symbols import SYMBOL, FullSymbol, SpreadGroup, Symbol, SymbolGroup
from protocol.records.trade import History, HistoryRequest, OpenTrades, TradeAnswer, TradeRequest

from .model import Account, Effect, Moment
from .onboarding import Onboarding
from .otp import code_fits
from .passes import Pass, Passes
from .venue import Venue
from .wire import Face, account_body
from .zone import Zone

LOGOUT, TRADE, CHANGE_PASSWORD, LOGIN, SYMBOLS_COMPRESSED, TWO_FACTOR = 2, 12, 24, 28, 34, 43
ACCOUNT_CHANGED: Final = 14
TOKEN_SIZE: Final = 64
USED_ACTIONS: Final = 100_000  # action_ids remembered, where they may be used once only
SHORTEST_PASSWORD: Final = 8  # of a new one (docs/protocol.md 4.2, auth_password_min)
WRONG_PASSWORD: Final = 3
TOO_SHORT: Final = 4


@dataclass(slots=True)
class Visitor:
    """One connection."""

    number: int
    login: int | None = None
    investor: bool = False
    ticks: frozenset[int] = frozenset()
    books: frozenset[int] = frozenset()
    fresh_ticks: frozenset[int] = frozenset()  # those that the last command 7 added
    fresh_books: set[int] = field(default_factory=set)  # subscribed, no snapshot sent yet


class Reply(NamedTuple):
    """What a request comes to: its answer, what is pushed behind it, whether the connection then ends."""

    answer: Answer | Refused
    effects: Sequence[Effect] = ()
    ends: bool = False
    body: bytes | None = None  # in place of the answer's own


class Desk:
    """Answers visitors."""

    def __init__(
        self,
        venue: Venue,
        zone: Zone,
        rates: Callable[[str, int, int, int], list[Rate]],
        face: Face,
        passes: Passes,
        onboarding: Onboarding,
        *,
        random: Random,
        sessions: int = 0,
    ) -> None:
        self.venue = venue
        self.zone = zone
        self.face = face
        self.passes = passes
        self.sessions = sessions  # logins so far: the number of the last one
        self.link = 0  # state of the trade server's link; 0 = connected
        self.refused_tickets = False  # a fault: no ticket is accepted
        self._onboarding = onboarding
        self._rates = rates
        self._random = random
        self._actions: dict[tuple[int, int], None] = {}  # (session or account, action_id) used, oldest first
        self._handlers: dict[int, Callable[[Moment, Visitor, Any], Any]] = {
            0: self._bootstrap,
            2: self._nothing,
            3: self._account,
            4: self._open_trades,
            5: self._history,
            6: self._symbols,
            7: self._subscribe_ticks,
            9: self._groups,
            11: self._bars,
            18: self._full_symbols,
            20: self._spreads,
            22: self._subscribe_books,
            24: self._change_password,
            27: self._verification,
            29: self._nothing,
            30: self._open_demo,
            34: self._symbols,
            39: self._open_real,
            40: self._codes,
            41: self._parameters,
            42: self._nothing,
            44: self._links,
            51: self._nothing,
        }

    def set_key_length(self, length: Literal[16, 24, 32]) -> None:
        """Of the session keys from now on."""
        manners = msgspec.structs.replace(self.face.manners, key_length=length)
        self.face = self.face._replace(manners=manners)

    def reply(self, moment: Moment, visitor: Visitor, request: Request, *, tickets: bool = True) -> Reply:
        """The answer to a request that `protocol.Session` let through; `tickets` False accepts none."""
        command = request.command
        if command == LOGIN:
            return Reply(self._login(moment, visitor, request.value, tickets=tickets))
        if command == TWO_FACTOR:
            return Reply(self._two_factor(moment, request.value))
        value = self._handlers[command](moment, visitor, request.value)
        effects: Sequence[Effect] = ()
        if command == CHANGE_PASSWORD and visitor.login is not None and not value.result:
            effects = [Effect(visitor.login, ACCOUNT_CHANGED, None)]
        body = None
        if command == SYMBOLS_COMPRESSED and self.face.manners.compressed == "zlib":
            body = _as_zlib(value)
        return Reply(Answer(command, value), effects, ends=command == LOGOUT, body=body)

    def trade(
        self, moment: Moment, visitor: Visitor, request: TradeRequest, delay_ms: int | None = None
    ) -> Reply:
        """The answer to a trade request, and what it sets off."""
        account = self._of(visitor)
        if self.link:
            return Reply(Answer(TRADE, TradeAnswer(Retcode.CONNECTION)))
        if self._used(visitor, request.action_id):
            return Reply(Answer(TRADE, TradeAnswer(Retcode.INVALID)))
        rights = int(Rights.INVESTOR) if visitor.investor else 0
        outcome = self.venue.trade(
            moment, account.login, visitor.number, request, rights=rights, delay_ms=delay_ms
        )
        return Reply(Answer(TRADE, TradeAnswer(outcome.retcode)), outcome.effects)

    def _used(self, visitor: Visitor, action_id: int) -> bool:
        """Whether an action_id came before, where that matters."""
        if self.face.manners.action_ids == "any":
            return False
        whose = visitor.number if self.face.manners.action_ids == "session" else visitor.login or 0
        if (whose, action_id) in self._actions:
            return True
        self._actions[whose, action_id] = None
        if len(self._actions) > USED_ACTIONS:
            del self._actions[next(iter(self._actions))]
        return False

    # Getting in.

    def _bootstrap(self, _moment: Moment, _visitor: Visitor, _request: BootstrapRequest) -> BootstrapAnswer:
        draw, manners = self._random.randbytes, self.face.manners
        return BootstrapAnswer(manners.server_word, draw(TOKEN_SIZE), draw(manners.key_length))

    def _login(self, moment: Moment, visitor: Visitor, login: Login, *, tickets: bool) -> Answer | Refused:
        account = self.venue.accounts.get(login.login)
        if account is None or (admitted := self._admitted(account, login, tickets=tickets)) is None:
            return Refused(LOGIN, Code.INVALID_ACCOUNT_OR_PASSWORD)
        if account.otp_secret and not login.password_ticket.strip(b"\0"):
            if not login.otp:
                return Refused(LOGIN, Code.ONE_TIME_CODE_REQUIRED)
            if not code_fits(account.otp_secret, login.otp, moment.utc_ms):
                return Refused(LOGIN, Code.INVALID_ONE_TIME_CODE)
        visitor.login, visitor.investor = account.login, admitted.investor
        self.sessions += 1
        number = self.sessions if self.face.manners.session_number else None
        return Answer(LOGIN, LoginAnswer(self.passes.give(admitted), number))

    def _admitted(self, account: Account, login: Login, *, tickets: bool = True) -> Pass | None:
        """By ticket where there is one, else by either password; a ticket dies with its password."""
        if login.password_ticket.strip(b"\0"):
            known = self.passes.holder(login.password_ticket)
            if not tickets or self.refused_tickets or known is None or known.login != account.login:
                return None
            return known if known.password == self._password(account, investor=known.investor) else None
        for investor in (False, True):
            password = self._password(account, investor=investor)
            if hmac.compare_digest(_raw(password), _raw(login.password)):
                return Pass(account.login, investor, password)
        return None

    @staticmethod
    def _password(account: Account, *, investor: bool) -> str:
        return account.investor_password if investor else account.password

    def _two_factor(self, moment: Moment, setup: OtpSetup) -> Answer | Refused:
        account = self.venue.accounts.get(setup.login)
        login = Login(
            login=setup.login, password=setup.password, password_ticket=setup.password_ticket or b""
        )
        if account is None or (admitted := self._admitted(account, login)) is None or admitted.investor:
            return Refused(TWO_FACTOR, Code.INVALID_ACCOUNT_OR_PASSWORD)
        if setup.otp_secret:
            if not code_fits(setup.otp_secret, setup.otp_secret_check, moment.utc_ms):
                return Refused(TWO_FACTOR, Code.INVALID_ONE_TIME_CODE)
            account.otp_secret = setup.otp_secret
        else:
            if account.otp_secret and not code_fits(account.otp_secret, setup.otp, moment.utc_ms):
                return Refused(TWO_FACTOR, Code.INVALID_ONE_TIME_CODE)
            account.otp_secret = ""
        return Answer(TWO_FACTOR)

    def _change_password(self, _moment: Moment, visitor: Visitor, change: ChangePassword) -> PasswordChanged:
        account = self._of(visitor)
        if visitor.investor or not hmac.compare_digest(_raw(account.password), _raw(change.old_password)):
            return PasswordChanged(WRONG_PASSWORD)
        if len(change.new_password) < SHORTEST_PASSWORD:
            return PasswordChanged(TOO_SHORT)
        if change.is_investor == PasswordKind.INVESTOR:
            account.investor_password = change.new_password
        else:
            account.password = change.new_password
            account.rights &= ~Rights.PASSWORD_CHANGE  # what it asked for is done
        return PasswordChanged(0)

    # The account.

    def _of(self, visitor: Visitor) -> Account:
        if visitor.login is None:
            raise LookupError("the visitor has no account")
        return self.venue.accounts[visitor.login]

    def account_body(self, account: Account, moment: Moment, *, investor: bool) -> AccountBody:
        """The body of answer 3 and push 14 as this visitor sees it."""
        body = account_body(account, moment, self.zone, self.face, symbols_count=len(self.venue.specs))
        if not investor:
            return body
        main = msgspec.structs.replace(body.main, rights=body.main.rights | Rights.INVESTOR)
        return msgspec.structs.replace(body, main=main)

    def _account(self, moment: Moment, visitor: Visitor, _request: None) -> AccountBody:
        return self.account_body(self._of(visitor), moment, investor=visitor.investor)

    def _open_trades(self, _moment: Moment, visitor: Visitor, _request: None) -> OpenTrades:
        return self.venue.open_trades(self._of(visitor).login)

    def _history(self, moment: Moment, visitor: Visitor, request: HistoryRequest) -> History:
        """By the switches the end of the window counts or not, and no end is none or the present."""
        account, manners = self._of(visitor), self.face.manners
        end = self._history_end(moment, request)
        deal_time = attrgetter(f"time_{manners.history_deals_by}")
        order_time = attrgetter(f"time_{manners.history_orders_by}")

        def inside(seconds: int) -> bool:
            return request.from_ <= seconds and (end is None or seconds <= end)

        return History(
            [deal for deal in account.deals if inside(deal_time(deal))],
            [order for order in account.history if inside(order_time(order))],
        )

    def _history_end(self, moment: Moment, request: HistoryRequest) -> int | None:
        """The last second of the window; None where it has no end."""
        if request.to:
            return request.to if self.face.manners.history_to == "inclusive" else request.to - 1
        if request.from_ and self.face.manners.history_to_zero == "now":
            return moment.seconds
        return None

    # Symbols.

    def _symbols(self, _moment: Moment, _visitor: Visitor, _request: None) -> list[Symbol]:
        return [_line(spec) for spec in self.venue.specs.values()]

    def _groups(self, _moment: Moment, _visitor: Visitor, _request: None) -> list[SymbolGroup]:
        names = dict.fromkeys(
            spec.trade.symbol_path.rpartition("\\")[0] for spec in self.venue.specs.values()
        )
        return [SymbolGroup(name) for name in names if name]

    def _full_symbols(self, _moment: Moment, _visitor: Visitor, ids: list[int]) -> list[FullSymbol]:
        return [spec for spec in map(self._by_id, ids) if spec is not None]

    def _by_id(self, symbol_id: int) -> FullSymbol | None:
        return next((spec for spec in self.venue.specs.values() if spec.symbol_id == symbol_id), None)

    def _wanted(self, ids: Iterable[int]) -> frozenset[int]:
        known = {spec.symbol_id for spec in self.venue.specs.values()}
        wanted = [symbol_id for symbol_id in dict.fromkeys(ids) if symbol_id in known]
        return frozenset(wanted[: self.face.manners.max_subscriptions or None])

    def _subscribe_ticks(self, _moment: Moment, visitor: Visitor, ids: list[int]) -> None:
        wanted = self._wanted(ids)
        visitor.fresh_ticks, visitor.ticks = wanted - visitor.ticks, wanted

    def _subscribe_books(self, _moment: Moment, visitor: Visitor, ids: list[int]) -> None:
        visitor.books = self._wanted(ids)
        visitor.fresh_books = set(visitor.books)

    def _spreads(self, _moment: Moment, _visitor: Visitor, ids: list[int]) -> list[SpreadGroup]:
        """The groups of these symbols: named by the group's own word, or by one of its legs."""
        names = {spec.trade_symbol for spec in map(self._by_id, ids) if spec is not None}
        return [group for group in self.face.spreads if group.ignored in ids or names & _legs(group)]

    def _bars(self, _moment: Moment, _visitor: Visitor, request: RatesRequest) -> list[Rate]:
        if request.trade_symbol not in self.venue.specs:
            return []
        bars = self._rates(request.trade_symbol, request.period, request.from_, request.to)
        return bars[-self.face.manners.max_bars :] if self.face.manners.max_bars else bars

    # Onboarding.

    def _open_demo(self, moment: Moment, _visitor: Visitor, opening: Opening) -> OpenResult:
        return self._onboarding.open(moment, opening)

    def _open_real(self, moment: Moment, _visitor: Visitor, request: RealOpening) -> OpenResult:
        return self._onboarding.open(moment, request.opening)

    def _verification(self, _moment: Moment, _visitor: Visitor, _request: Verification) -> VerificationNeeded:
        return VerificationNeeded(0, 0)

    def _codes(self, _moment: Moment, _visitor: Visitor, _request: Opening) -> VerificationNeeded:
        return VerificationNeeded(1, 1)

    def _parameters(self, _moment: Moment, _visitor: Visitor, _request: None) -> TraderParameters:
        return TraderParameters("US", "USD")

    def _links(self, _moment: Moment, _visitor: Visitor, _request: None) -> list[Link]:
        return list(self.face.links)

    def _nothing(self, _moment: Moment, _visitor: Visitor, _request: Any) -> None:
        return None


def _raw(password: str) -> bytes:
    """A password's bytes; a lone surrogate is kept."""
    return password.encode(errors="surrogatepass")


def _legs(group: SpreadGroup) -> set[str]:
    return {leg.trade_symbol for spread in group.spreads for leg in (*spread.legs_a, *spread.legs_b)}


def _as_zlib(symbols: list[Symbol]) -> bytes:
    """Answer 34 as a zlib stream; protocol.composed makes gzip."""
    plain = Counted(SYMBOL).encode(symbols)
    return COUNT.pack(len(plain)) + zlib.compress(plain)


def _line(spec: FullSymbol) -> Symbol:
    """The line of a symbol list."""
    return Symbol(
        trade_symbol=spec.trade_symbol,
        symbol_description=spec.symbol_description,
        digits=spec.digits,
        symbol_id=spec.symbol_id,
        symbol_path=spec.trade.symbol_path,
        trade_calc_mode=spec.trade_calc_mode,
        basis=spec.basis,
        sector=spec.sector,
    )
