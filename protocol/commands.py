"""The command table: who may say what, with which body, in which state (docs/protocol.md 3)."""

from enum import Enum, auto
from typing import Any, Final, NamedTuple

from .account_body import AccountBody
from .bodies import Batches, Body, Counted, Empty, One, Stream, SymbolIds, TwoLists
from .composed import (
    Books,
    BootstrapAnswerBody,
    CompressedSymbols,
    LoginAnswerBody,
    OtpSetupBody,
    RealOpenings,
    SpreadGroups,
    Transactions,
)
from .records import access, market, onboarding, symbols, trade


class State(Enum):
    """How far a conversation has come."""

    FRESH = auto()  # connected
    BOOTSTRAPPED = auto()  # the session key is known
    INITIALISED = auto()  # without an account (onboarding)
    LOGGED_IN = auto()
    CLOSED = auto()


class Command(NamedTuple):
    """One line of the table.  The terminal sends `request`, the gateway `answer` and `push`."""

    number: int
    name: str
    request: Body[Any] | None = None
    answer: Body[Any] | None = None
    push: Body[Any] | None = None
    states: frozenset[State] = frozenset()  # those in which the terminal may ask
    becomes: State | None = None  # what an accepted answer makes of the conversation


NEW: Final = frozenset({State.FRESH})
KEYED: Final = frozenset({State.BOOTSTRAPPED})
VISITOR: Final = frozenset({State.INITIALISED})
TRADER: Final = frozenset({State.LOGGED_IN})
ANY: Final = KEYED | VISITOR | TRADER  # harmless, so not worth breaking off for
# Where a push may come.  Not only LOGGED_IN: which of a login answer and a first push arrives first is
# not known of the real server.
PUSHED: Final = ANY

EMPTY: Final = Empty()
IDS: Final = SymbolIds()
ACCOUNT: Final = AccountBody()
SPREADS: Final = SpreadGroups()
BOOTSTRAP: Final = One(access.BOOTSTRAP_REQUEST)
PERIOD: Final = One(trade.HISTORY_REQUEST)
OPEN: Final = TwoLists(trade.OpenTrades, trade.POSITION, trade.ORDER)
HISTORY: Final = TwoLists(trade.History, trade.DEAL, trade.ORDER)
OPENING: Final = One(onboarding.OPENING)
OPENED: Final = One(onboarding.OPEN_RESULT)
CODES: Final = One(onboarding.VERIFICATION_NEEDED)

# fmt: off
_TABLE: Final = (
    # number, name, request, answer, push, states in which it may be asked, what an accepted answer makes
    Command(0, "bootstrap", BOOTSTRAP, BootstrapAnswerBody(), None, NEW, State.BOOTSTRAPPED),
    Command(2, "logout", EMPTY, EMPTY, None, ANY, State.CLOSED),
    Command(3, "account", EMPTY, ACCOUNT, None, TRADER),
    Command(4, "positions", EMPTY, OPEN, None, TRADER),
    Command(5, "history", PERIOD, HISTORY, None, TRADER),
    Command(6, "symbols", EMPTY, Counted(symbols.SYMBOL), None, TRADER),
    Command(7, "subscribe_ticks", IDS, EMPTY, None, TRADER),
    Command(8, "ticks", None, None, Batches(market.TICK)),
    Command(9, "symbol_groups", EMPTY, Counted(symbols.SYMBOL_GROUP), None, TRADER),
    Command(10, "transactions", None, None, Transactions()),
    Command(11, "rates", One(market.RATES_REQUEST), Stream(market.RATE), None, TRADER),
    Command(12, "trade", One(trade.TRADE_REQUEST), One(trade.TRADE_ANSWER), None, TRADER),
    Command(13, "symbols_changed", None, None, Stream(symbols.FULL_SYMBOL)),
    Command(14, "account_changed", None, None, ACCOUNT),
    Command(15, "server_link", None, None, One(trade.SERVER_LINK)),
    Command(17, "statistics", None, None, Batches(market.STATISTICS)),
    Command(18, "full_symbols", IDS, Counted(symbols.FULL_SYMBOL), None, TRADER),
    Command(19, "trade_outcome", None, None, One(trade.TRADE_OUTCOME)),
    Command(20, "spreads", IDS, SPREADS, SPREADS, TRADER),
    Command(22, "subscribe_book", IDS, EMPTY, None, TRADER),
    Command(23, "books", None, None, Books()),
    Command(24, "change_password", One(access.CHANGE_PASSWORD), One(access.PASSWORD_CHANGED), None, TRADER),
    Command(27, "request_verification", One(onboarding.VERIFICATION), CODES, None, VISITOR),
    Command(28, "login", One(access.LOGIN), LoginAnswerBody(), None, KEYED, State.LOGGED_IN),
    Command(29, "init", One(access.INIT), EMPTY, None, KEYED, State.INITIALISED),
    Command(30, "open_demo", OPENING, OPENED, None, VISITOR),
    Command(34, "symbols_compressed", EMPTY, CompressedSymbols(), None, TRADER),
    Command(39, "open_real", RealOpenings(), OPENED, None, VISITOR),
    Command(40, "submit_codes", OPENING, CODES, None, VISITOR),
    Command(41, "trader_parameters", EMPTY, One(onboarding.TRADER_PARAMETERS), None, VISITOR),
    Command(42, "notify", One(access.NOTIFY), EMPTY, None, TRADER),
    Command(43, "two_factor", OtpSetupBody(), EMPTY, None, KEYED | TRADER),
    Command(44, "links", EMPTY, Counted(onboarding.LINK), None, VISITOR | TRADER),
    Command(51, "ping", EMPTY, EMPTY, None, ANY),
)
# fmt: on

COMMANDS: Final = {command.number: command for command in _TABLE}
